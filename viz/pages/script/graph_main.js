import { GROUPS, NODES } from "./data.js";
import { given, readAddress, writeAddress } from "./address.js";
import { listenForHands, forPaper, measureAgain, moveCamera, seen, settleCamera, showEverything, zoomBy } from "./camera.js";
import { build, cull, paint } from "./drawing.js";
import { itemOf, items, steps, unfold } from "./folds.js";
import { broken, compute } from "./model.js";
import { stepAt } from "./moments.js";
import { buildTokens, paintMotion } from "./motion.js";
import { ALL, closedGroups, glide, toggleGroups } from "./opening.js";
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

const usual = GROUPS.filter(group => group.open)
  .map(group => group.id)
  .sort()
  .join(",");
const root = document.documentElement;
let told = "",
  before = 0,
  notice = "",
  culled = null,
  lost = null;

const act = {
  toggle: groups => {
    notice = toggleGroups(groups, rebuild);
    changed();
  },
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
  setText(byId("folds"), say(closedGroups().length ? "open all" : "fold all"));
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
  folds: () => act.toggle(closedGroups().length ? closedGroups() : ALL),
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
