import { GROUPS, NODES } from "./data.js";
import { given, readAddress, writeAddress } from "./address.js";
import {
  calm,
  listenForHands,
  forPaper,
  measureAgain,
  moveCamera,
  seen,
  settleCamera,
  showEverything,
  zoomBy,
} from "./camera.js";
import { build, cull, paint, tabOf } from "./drawing.js";
import { isFrame, itemOf, items, steps, unfold } from "./folds.js";
import { broken, compute } from "./model.js";
import { progressAt, stepAt } from "./moments.js";
import { buildTokens, paintMotion } from "./motion.js";
import { listenForNumbers, makeDraggable, select, tell } from "./panel.js";
import { place } from "./placing.js";
import { advance, back, goTo, last, next, playOrPause } from "./player.js";
import { ask, listenForAnswers } from "./predict.js";
import { listAll, listInputs, listIsStale, paintList, showInputs } from "./side.js";
import { state } from "./state.js";
import { byId, setText } from "./svg.js";
import { changeTheme } from "./theme.js";
import { trouble } from "./undefined.js";
import { say } from "./words.js";
import { stepWords } from "./wording.js";

// The page: what belongs to what, and one frame after the other.

const MOST_ITEMS = 1600; // cards that a browser moves without stuttering
const GLIDE = 0.45; // seconds in which cards go to their new places when a group opens
const ALL = GROUPS.map((_, g) => g);
const usual = GROUPS.filter(group => group.open)
  .map(group => group.id)
  .sort()
  .join(",");
const root = document.documentElement;
let gliding = null,
  told = "",
  before = 0,
  notice = "",
  culled = null,
  lost = null;

const act = {
  toggle,
  select: node => {
    select(node);
    changed();
  },
  draggable: makeDraggable,
  goTo: time => {
    goTo(time);
    changed();
  },
};

// --- folding ---

function rebuild() {
  unfold();
  for (const item of items) item.title = item.group === null ? NODES[item.node].name : GROUPS[item.group].name;
  place();
  build(act);
  culled = null;
  buildTokens();
  listAll(act);
  told = "";
  byId("scrub").max = steps.length;
  byId("scrub").style.setProperty("--half", `${((itemOf.at(-1).seeded - 1) / steps.length) * 100}%`);
  setText(byId("folds"), say(closed().length ? "open all" : "fold all"));
}

// The closed groups that are seen: opening them shows the next smaller parts.
const closed = () => ALL.filter(g => !state.open.has(g) && (GROUPS[g].parent === null || state.open.has(GROUPS[g].parent)));

// Open or close groups, in place: the moment stays what it was as far as it still exists, and cards glide to their new places.
function toggle(groups) {
  const step = stepAt(state.time),
    share = progressAt(state.time),
    opening = !state.open.has(groups[0]),
    kept = new Set(state.open);
  const places = new Map(
    items.flatMap(item => [
      [item.key, [item.x, item.y]],
      ...(item.group === null ? [] : item.members.map(i => [`n${i}`, [item.x, item.y]])),
    ]),
  );
  for (const g of groups)
    if (opening) state.open.add(g);
    else state.open.delete(g);
  unfold();
  if (items.length > MOST_ITEMS && opening) {
    state.open = kept;
    notice = say("too many", { count: items.length, most: MOST_ITEMS });
  } else if (groups.length === 1 && opening && isFrame(groups[0])) [state.looked] = groups;
  const focused = byId("world").contains(document.activeElement);
  rebuild();
  if (focused) byId(opening ? tabOf(groups[0]) : `g${groups[0]}`)?.focus();
  if (!calm) gliding = { since: performance.now(), places };
  if (step) goTo(momentOf(step, share));
  changed();
}

function momentOf(step, share) {
  const same = steps.find(other => other.id === step.id);
  if (same) return same.number - 1 + share;
  const inside = steps.findLast(
    other => other.kind === step.kind && other.item.members.some(i => step.item.members.includes(i)),
  );
  return inside?.number ?? itemOf.at(-1).seeded;
}

function glide() {
  if (!gliding) return;
  const done = Math.min(1, (performance.now() - gliding.since) / 1000 / GLIDE),
    s = done * done * (3 - 2 * done);
  for (const item of items) {
    const [x, y] = gliding.places.get(item.key) ?? gliding.places.get(`n${item.outs[0]}`) ?? [item.x, item.y];
    item.card.setAttribute("transform", `translate(${x + (item.x - x) * s} ${y + (item.y - y) * s})`);
  }
  for (const id of ["edges", "chips", "frames"]) byId(id).setAttribute("opacity", s);
  if (done === 1) gliding = null;
}

// --- a moment ---

function frame(now) {
  const seconds = Math.min(0.1, (now - before) / 1000 || 0);
  before = now;
  advance(seconds);
  paint(state.time);
  paintMotion(state.time);
  glide();
  tellMoment();
  moveCamera(seconds);
  cullNow();
  requestAnimationFrame(frame);
}

function cullNow() {
  const view = seen(),
    slack = (view[2] - view[0]) / 8;
  if (culled && culled.every((edge, n) => Math.abs(edge - view[n]) < slack)) return;
  culled = view;
  cull(view);
}

// The dock, the list and the address change when a step begins, ends, or waits: not in each frame.
function tellMoment() {
  const step = stepAt(state.time),
    resting = Number.isInteger(state.time) || !state.playing;
  if (document.activeElement !== byId("scrub")) byId("scrub").value = state.time;
  const mark = [step?.id, resting, state.cover, state.solved.size, state.playing, state.follow, Boolean(broken)].join(" ");
  if (mark === told) return;
  told = mark;
  const words = stepWords(step),
    way = !step ? "begin" : step.kind === "forward" ? "forward" : "backward";
  byId("phase").className = way;
  setText(byId("way"), say(way));
  setText(byId("count"), say("step of", { step: step?.number ?? 0, all: steps.length }));
  byId("formula").innerHTML = words.pieces.length ? lines(words.pieces) : "";
  setText(byId("now"), broken ? trouble() : words.text);
  setText(byId("notice"), notice);
  notice = "";
  setText(byId("sentence"), broken ? trouble() : words.sentence);
  byId("dock").classList.toggle("broken", Boolean(broken));
  ask();
  tell();
  paintList(state.time);
  setText(byId("play-word"), say(state.playing ? "pause" : "play"));
  byId("play").classList.toggle("playing", state.playing);
  byId("follow").setAttribute("aria-pressed", state.follow);
  if (resting) writeAddress(usual);
}

// The first piece stands with the second; each further one may begin a line of its own.
const lines = ([left, first = "", ...rest]) =>
  [left + first, ...rest].map(piece => `<math displaystyle="true"><mrow>${piece}</mrow></math>`).join("");

function changed() {
  told = "";
}

function recompute(except = null) {
  compute();
  for (const item of items) item.sweep = null;
  showInputs(except);
  listIsStale();
  if (broken) {
    lost ??= state.time;
    goTo(Math.min(state.time, last()));
  } else if (lost !== null) {
    goTo(lost); // where one was before a number for which there is no result
    lost = null;
  }
  tell();
  changed();
}

// --- what the reader does ---

const press = {
  play: playOrPause,
  next,
  back,
  first: () => goTo(0),
  last: () => goTo(last()),
  closer: () => zoomBy(1.25),
  farther: () => zoomBy(0.8),
  fit: showEverything,
  follow: () => {
    state.follow = !state.follow;
  },
  folds: () => toggle(closed().length ? closed() : ALL),
  list: () => {
    root.classList.toggle("listed");
    measureAgain();
  },
  projector: () => {
    state.projector = root.classList.toggle("projector");
    state.follow = true;
    measureAgain();
  },
  dark: changeTheme,
  screen: () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen?.()),
};
const KEYS = {
  " ": "play",
  ArrowRight: "next",
  ArrowLeft: "back",
  Home: "first",
  End: "last",
  "+": "closer",
  "-": "farther",
  0: "fit",
  f: "follow",
  o: "folds",
  l: "list",
  p: "projector",
  d: "dark",
};

function listen() {
  for (const [name, action] of Object.entries(press))
    byId(name).addEventListener("click", () => {
      action();
      changed();
    });
  byId("scrub").addEventListener("input", () => {
    goTo(Number(byId("scrub").value));
    changed();
  });
  byId("speed").addEventListener("change", () => {
    state.speed = Number(byId("speed").value);
  });
  byId("cover").addEventListener("change", () => {
    state.cover = byId("cover").value;
    state.solved.clear();
    goTo(state.time);
    listIsStale();
    changed();
  });
  document.addEventListener("keydown", event => {
    if (event.target.matches("input:not([type=range]), select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      select(null);
      return;
    }
    const name = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!name || (event.key === " " && event.target.matches("button, [role=button]"))) return;
    event.preventDefault();
    press[name]();
    changed();
  });
  listenForHands(byId("stage"), changed);
  listenForNumbers(recompute);
  listenForAnswers();
  addEventListener("resize", () => {
    measureAgain();
    rebuild();
    settleCamera();
  });
  addEventListener("hashchange", toTheAddress);
  addEventListener("beforeprint", () => {
    forPaper(true);
    paintList(state.time, true);
  });
  addEventListener("afterprint", () => {
    forPaper(false);
    listIsStale();
    changed();
  });
  new ResizeObserver(measureAgain).observe(byId("dock"));
}

// The moment, the numbers and the looks that the link asks for.
function toTheAddress() {
  readAddress();
  if (given.has("dark")) root.dataset.theme = "dark";
  for (const look of ["projector", "bare"]) root.classList.toggle(look, given.has(look));
  state.projector = given.has("projector");
  byId("cover").value = state.cover;
  state.solved.clear();
  compute();
  listInputs();
  rebuild();
  measureAgain();
  goTo(state.time);
  changed();
}

function start() {
  state.open = new Set(ALL.filter(g => GROUPS[g].open));
  byId("folds").hidden = !GROUPS.length;
  listen();
  toTheAddress();
  requestAnimationFrame(frame);
}
start();
