// The page of a network that learns: what its buttons and keys do, and the play of updates.

import { MOST_POINTS, WORDS } from "./data.js";
import { show } from "./numbers.js";
import { changeTheme } from "./theme.js";
import { readAddress } from "./train_address.js";
import { readPoints } from "./train_csv.js";
import { byId, phrase } from "./train_dom.js";
import { listenToField } from "./train_field.js";
import { finishEpoch, measure, update } from "./train_run.js";
import { listenToSettings, showSettings } from "./train_settings.js";
import { fitStage, rebuild, recolour, removePoint, select, viewNow } from "./train_show.js";
import { showAll, showLatestMove, showMoving, showNumbers, showPoints, showUpdate } from "./train_show.js";
import { act, chosen, pointsChanged, remember, restart, run, setUp, trailOf, trouble, undo, whenChanged } from "./train_state.js";

const BUDGET = 2;  // milliseconds of a frame for updates, where they are made as fast as possible
const CALM = 250;  // milliseconds between two pictures, where the reader wants little motion

let playing = 0;  // the frame that is asked for, or 0

// --- learning ---

const STEPS = {
  "one-example": () => update(run, 1),
  "one-batch": () => update(run, chosen.size),
  "one-epoch": () => finishEpoch(run, chosen.size),
};

function learn(name) {
  stop();
  if (!hasPoints()) return;
  act(() => {
    const before = run.updates, went = STEPS[name]();
    if (!went) tooLarge();
    if (run.updates === before) return false;
    measure(run);
    chosen.open = { row: 0, trail: trailOf(chosen.selected) };
    return true;
  });
  if (name !== "one-epoch") showLatestMove();
}

function hasPoints() {
  if (!run.points.length) trouble(WORDS.noPoints);
  return run.points.length > 0;
}

function tooLarge() {
  trouble(phrase(WORDS.tooLarge, { update: run.updates + 1, rate: show(run.rate) }));
}

function play() {
  if (playing) { stop(); return; }
  if (!hasPoints()) return;
  trouble("");
  remember();
  byId("play").setAttribute("aria-pressed", "true");
  byId("status").setAttribute("aria-live", "off");
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let due = performance.now(), shown = 0, frames = 0;
  const frame = now => {
    const perSecond = Number(byId("speed").value), before = run.updates;
    let went = true;
    if (now - due > 1000) due = now;  // the page was out of sight
    if (!perSecond) went = updatesFor(BUDGET);
    else for (; due <= now && went; due += 1000 / perSecond) went = update(run, chosen.size);
    if (run.updates > before && (!calm || now - shown > CALM)) {
      shown = now;
      measure(run);
      showPlay(perSecond, frames++);
    }
    if (went) playing = requestAnimationFrame(frame);
    else { stop(); tooLarge(); }
  };
  playing = requestAnimationFrame(frame);
}

function showPlay(perSecond, frame) {  // where there is time to read, everything is shown
  if (!perSecond || perSecond > 2) { showMoving(frame); return; }
  showUpdate();
  showLatestMove();
}

// As many updates as fit into some milliseconds, at most a pass over the points.
function updatesFor(milliseconds) {
  const end = performance.now() + milliseconds, pass = run.epoch;
  while (run.epoch === pass && performance.now() < end) if (!update(run, chosen.size)) return false;
  return true;
}

function stop() {
  if (!playing) return;
  cancelAnimationFrame(playing);
  playing = 0;
  byId("play").setAttribute("aria-pressed", "false");
  measure(run);
  chosen.open = { row: 0, trail: trailOf(chosen.selected) };
  showAll();
}

// --- points ---

function hands() {  // what the plane tells of a reader's hands
  return {
    points: () => run.points, view: viewNow, selected: () => chosen.point,
    select: i => { stop(); select(i); },
    remove: i => { stop(); removePoint(i); },
    add: addPoint,
    grab: i => { stop(); remember(); chosen.point = i; },
    move: (i, x1, x2) => { run.points = run.points.with(i, [x1, x2, run.points[i][2]]); showPoints(); showNumbers(); },
    drop: () => { pointsChanged(run.points, false); showAll(); },
  };
}

function addPoint(x1, x2, other) {
  stop();
  if (run.points.length >= MOST_POINTS) {
    trouble(phrase(WORDS.csv.many, { count: run.points.length + 1, most: MOST_POINTS }));
    return;
  }
  act(() => pointsChanged([...run.points, [x1, x2, other ? 1 - chosen.kind : chosen.kind]], false));
}

function takePasted() {
  const { points, error } = readPoints(byId("csv").value, WORDS.csv, MOST_POINTS);
  byId("csv-trouble").textContent = error || "";
  if (error) return;
  byId("paste").close();
  act(() => {
    Object.assign(chosen, { data: "own", point: null });
    run.points = points;
    restart();
  });
}

function chooseKind(kind) {
  chosen.kind = kind;
  showSettings();
}

// --- how it looks ---

function changeType() {
  const large = document.documentElement.classList.toggle("projector");
  byId("projector").setAttribute("aria-pressed", String(large));
  rebuild();
}

// --- buttons and keys ---

const BUTTONS = {
  play, undo: () => { stop(); undo(); }, reset: () => { stop(); act(restart); }, theme: () => { stop(); changeTheme(); recolour(); },
  projector: () => { stop(); changeType(); }, kind0: () => chooseKind(0), kind1: () => chooseKind(1),
  "csv-open": () => { stop(); byId("paste").showModal(); }, "csv-take": takePasted, "csv-cancel": () => byId("paste").close(),
  ...Object.fromEntries(Object.keys(STEPS).map(name => [name, () => learn(name)])),
};
const KEYS = { " ": "play", e: "one-example", b: "one-batch", o: "one-epoch", u: "undo", r: "reset", t: "projector" };

function onKey(event) {
  const { target, key } = event, typing = /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || target.closest("dialog");
  const command = event.ctrlKey || event.metaKey;
  const pressed = key === " " && target.closest("button, summary, [role=button]");  // the button's own business
  if (typing || event.altKey || pressed) return;
  const name = command ? { z: "undo" }[key] : KEYS[key];
  if (!name) return;
  event.preventDefault();
  BUTTONS[name]();
}

function open() {
  stop();
  setUp();
  readAddress();
  rebuild();
}

if (matchMedia("(max-width: 56rem)").matches) byId("fold").open = false;  // on a phone the points come first
whenChanged(showAll, rebuild);
open();
for (const [id, press] of Object.entries(BUTTONS)) byId(id).addEventListener("click", press);
listenToSettings(stop);
listenToField(hands());
document.addEventListener("keydown", onKey);
window.addEventListener("hashchange", open);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (!playing) recolour(); });
new ResizeObserver(() => { if (!playing) fitStage(); }).observe(byId("stage"));
