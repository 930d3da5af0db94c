// What the page is at this moment, and how it changes: every change can be undone.

import { ACTIVATIONS, GIVEN } from "./data.js";
import { byId } from "./train_dom.js";
import { sizesOf } from "./train_network.js";
import { freshLayers } from "./train_random.js";
import { begin, copyOf, measure } from "./train_run.js";

const MOST_UNDO = 300;

// The run of training (see train_run.js), and what the reader has chosen:
//   data       the name of the set of points, or "own"
//   hidden, activation, output      the network's form; given: whether the initial weights are Python's
//   size       points in a batch;  kind: the class of a new point
//   point      the number of the selected point, or null
//   selected   {layer, to, from}: a weight; from is "b" for a bias, and null for the neuron as a whole; or null
//   open       {row, trail}: which δ the board derives
export const run = {};
export const chosen = {};

const earlier = [];  // copies of both, from before each change
const listeners = { changed: () => {}, rebuilt: () => {} };

// changed() shows what is; rebuilt() draws it anew, where the network's form or the view may be another.
export function whenChanged(changed, rebuilt) {
  Object.assign(listeners, { changed, rebuilt });
}

// As the page is when it opens without a link.
export function setUp() {
  const { layers } = GIVEN, last = layers.length - 1;
  Object.assign(chosen, {
    data: "given", hidden: sizesOf(layers).slice(1, -1),
    activation: last ? layers[0].activation : "tanh", output: layers[last].activation,
    given: true, size: GIVEN.size, kind: 1, point: null, selected: null, open: { row: 0, trail: [] },
  });
  const { points, low, cost, rate } = GIVEN;
  Object.assign(run, { points: [...points], low, cost, rate, shuffled: false, seed: 1 });
  earlier.length = 0;
}

// Whether the network's form is that of the network from Python, whose weights it can begin with.
export function isGivenForm() {
  const { layers } = GIVEN, last = layers.length - 1;
  const kinds = layers.map((layer, l) => layer.activation === (l === last ? chosen.output : chosen.activation));
  return String(chosen.hidden) === String(sizesOf(layers).slice(1, -1)) && kinds.every(Boolean);
}

export function initialLayers() {
  if (chosen.given && isGivenForm()) return GIVEN.layers;
  chosen.given = false;
  return freshLayers([2, ...chosen.hidden, 1], chosen.activation, chosen.output, run.seed);
}

export function remember() {
  earlier.push({ run: copyOf(run), chosen: { ...chosen } });
  if (earlier.length > MOST_UNDO) earlier.shift();
}

export function canUndo() {
  return earlier.length > 0;
}

// Make a change, which can be undone; a change that returns false was refused, and left everything as it was.
export function act(change) {
  trouble("");
  remember();
  if (change() === false) earlier.pop();
  else listeners.changed();
}

export function undo() {
  const before = earlier.pop();
  if (!before) return;
  trouble("");
  Object.assign(run, before.run);
  Object.assign(chosen, before.chosen);
  listeners.rebuilt();
}

// Back to the initial weights.
export function restart() {
  begin(run, initialLayers());
  chosen.open = { row: 0, trail: trailOf(chosen.selected) };
  listeners.rebuilt();
}

// Other points: what was learned stays, but the log of updates can no longer be done again.
export function pointsChanged(points, renumbered) {
  run.points = points;
  chosen.data = "own";
  if (run.updates) run.log = null;
  if (renumbered) run.last = null;
  if (run.position >= points.length) run.position = 0;
  if (points.length) measure(run);
}

// The δ that the board derives first: that of the neuron which the weight enters.
export function trailOf(selected) {
  return selected && selected.from !== null ? [[selected.layer, selected.to]] : [];
}

// A sentence above the drawing, for what was refused or went wrong; "" takes it away.
export function trouble(text) {
  byId("trouble").textContent = text;
  byId("trouble").hidden = !text;
}

export function isActivation(name) {
  return Object.hasOwn(ACTIVATIONS, name);
}
