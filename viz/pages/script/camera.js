import { items } from "./folds.js";
import { involved, stepAt, target } from "./moments.js";
import { bounds, frames, narrow } from "./placing.js";
import { state } from "./state.js";
import { byId, setAttribute } from "./svg.js";

// The camera shows the first of these that fits with letters large enough: everything; the open group in which the step takes
// place; the step. If not even that fits, it rides along with the number that moves, and rests where the number arrives.
// What the reader does by hand wins, until the camera is asked back.

const SMALLEST_LETTER = 14; // of the drawing, in its own units
const LETTERS = { page: 12, projector: 24 }; // pixels on the screen, at least
const LARGEST_ZOOM = { page: 1.55, projector: 2.8 };
const EASING = 0.16; // seconds in which two thirds of the way are gone
const AIR = 14; // pixels between what is looked at and the panels
export const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

let goal = null,
  shown = null; // {zoom, x, y}: a point p of the drawing is seen at zoom·p + (x, y)
let room = null; // the part of the window that no panel covers; measured when one changes
let eye = [0, 0]; // where a number is just now; motion.js says so
export function lookAt(point) {
  eye = point;
}

const leastZoom = () => (state.projector ? LETTERS.projector : LETTERS.page) / SMALLEST_LETTER + 0.005;

export function measureAgain() {
  room = null;
}

function freeRoom() {
  if (room) return room;
  const box = id => byId(id).getBoundingClientRect();
  const head = box("head"),
    dock = box("dock"),
    side = box("side"),
    panel = box("panel");
  const top = (head.height ? head.bottom : 0) + AIR,
    bottom = (dock.height ? dock.top : innerHeight) - AIR;
  const right = (side.width && side.left > innerWidth / 2 ? side.left : innerWidth) - AIR;
  const left = AIR + (panel.height && panel.right < innerWidth / 2 ? panel.right : 0);
  room = { left, top, right, bottom: Math.max(top + 60, bottom) };
  return room;
}

const fit = ([left, top, right, bottom], r) =>
  Math.min((r.right - r.left) / (right - left), (r.bottom - r.top) / (bottom - top));
const wider = ([left, top, right, bottom]) => [left - 22, top - 14, right + 22, bottom + 24];

function centred([left, top, right, bottom], zoom) {
  const r = freeRoom();
  return {
    zoom,
    x: (r.left + r.right) / 2 - (zoom * (left + right)) / 2,
    y: (r.top + r.bottom) / 2 - (zoom * (top + bottom)) / 2,
  };
}

export const everything = () => wider(bounds([...items, ...frames]));

function aim() {
  const step = stepAt(state.time),
    r = freeRoom(),
    least = leastZoom();
  const most = state.projector ? LARGEST_ZOOM.projector : LARGEST_ZOOM.page;
  const tries = [everything()];
  const looked = !state.playing && frames.find(frame => frame.group === state.looked);
  if (looked && fit(tries[0], r) < least) return lookedAt(wider(bounds([looked])), least, most);
  if (step) {
    const frame = frames.find(found => found.group === step.item.frame);
    if (frame && involved(step).every(item => item.frame === frame.group)) tries.push(wider(bounds([frame])));
    tries.push(wider(bounds(involved(step))), state.playing ? null : wider(bounds([target(step)])));
  }
  for (const box of tries.filter(Boolean)) {
    const zoom = fit(box, r);
    if (zoom >= least) return centred(box, Math.min(zoom, box === tries[0] ? most : least * 1.25));
  }
  return step ? centred([...eye, ...eye], least) : fromTheBeginning(tries[0], least);
}

// Before the first step: the side on which the inputs are.
function fromTheBeginning([left, top, right, bottom], zoom) {
  const r = freeRoom(),
    whole = centred([left, top, right, bottom], zoom);
  return narrow() ? { ...whole, y: r.top - zoom * top } : { ...whole, x: r.left - zoom * left };
}

// A group that was just opened: the whole of it if letters allow, else its middle.
const lookedAt = (box, least, most) => centred(box, Math.max(least, Math.min(most, fit(box, freeRoom()))));

// On paper the whole graph is shown, however large; the sheet, not the window, is what it must fit.
let onPaper = false;
export function forPaper(yes) {
  onPaper = yes;
  const [left, top, right, bottom] = everything();
  if (yes) byId("stage").setAttribute("viewBox", [left, top, right - left, bottom - top].join(" "));
  else byId("stage").removeAttribute("viewBox");
  if (yes) setAttribute(byId("world"), "transform", "");
}

// One frame of the camera's way. A manual camera stays where the reader put it.
export function moveCamera(seconds) {
  if (onPaper) return;
  if (state.follow) goal = aim();
  goal ??= aim();
  shown ??= { ...goal };
  const share = calm ? 1 : 1 - Math.exp(-seconds / EASING),
    r = freeRoom();
  const middle = [(r.left + r.right) / 2, (r.top + r.bottom) / 2];
  const seen = camera => [(middle[0] - camera.x) / camera.zoom, (middle[1] - camera.y) / camera.zoom];
  const [from, to] = [seen(shown), seen(goal)],
    at = [0, 1].map(axis => from[axis] + (to[axis] - from[axis]) * share);
  shown.zoom *= (goal.zoom / shown.zoom) ** share;
  shown.x = middle[0] - shown.zoom * at[0];
  shown.y = middle[1] - shown.zoom * at[1];
  setAttribute(
    byId("world"),
    "transform",
    `translate(${shown.x.toFixed(2)} ${shown.y.toFixed(2)}) scale(${shown.zoom.toFixed(4)})`,
  );
}

// The part of the drawing that is seen, with as much again around it.
export function seen() {
  const [x, y] = [-shown.x / shown.zoom, -shown.y / shown.zoom],
    [w, h] = [innerWidth / shown.zoom, innerHeight / shown.zoom];
  return [x - w / 2, y - h / 2, x + 1.5 * w, y + 1.5 * h];
}

// At once where it would be in the end: after a jump, at the start, and for a test.
export function settleCamera() {
  if (state.follow) {
    goal = aim();
    shown = { ...goal };
  }
  moveCamera(0);
}

function byHand(change) {
  state.follow = false;
  state.looked = null;
  goal = { ...(goal ?? aim()) };
  change(goal);
}

export function zoomBy(factor, x = innerWidth / 2, y = innerHeight / 2) {
  byHand(camera => {
    const zoom = Math.max(0.05, Math.min(6, camera.zoom * factor)),
      real = zoom / camera.zoom;
    Object.assign(camera, { zoom, x: x - (x - camera.x) * real, y: y - (y - camera.y) * real });
  });
}

function panBy(dx, dy) {
  byHand(camera => {
    camera.x += dx;
    camera.y += dy;
  });
  shown = { ...goal };
}

export function showEverything() {
  byHand(camera => Object.assign(camera, centred(everything(), Math.min(fit(everything(), freeRoom()), 1.8))));
}

export const fingers = new Map(); // what touches the stage: two fingers zoom, wherever they began
let onCard = null; // one finger, or the mouse, that began on a card: the card's own

// Wheel, fingers and mouse on the stage. A click on a card is the card's.
export function listenForHands(stage, changed) {
  stage.addEventListener(
    "wheel",
    event => {
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY * 0.0015), event.clientX, event.clientY);
      changed();
    },
    { passive: false },
  );
  stage.addEventListener("pointerdown", event => {
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (!event.target.closest(".card, .tab")) stage.setPointerCapture(event.pointerId);
    else if (fingers.size === 1) onCard = event.pointerId;
  });
  stage.addEventListener("pointermove", event => {
    const before = fingers.get(event.pointerId),
      now = [event.clientX, event.clientY];
    if (!before) return;
    if (fingers.size === 2) {
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const spread = point => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
      zoomBy(spread(now) / spread(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else if (event.pointerId !== onCard) panBy(now[0] - before[0], now[1] - before[1]);
    fingers.set(event.pointerId, now);
    changed();
  });
  for (const end of ["pointerup", "pointercancel"])
    stage.addEventListener(end, event => {
      fingers.delete(event.pointerId);
      onCard = null;
    });
}
