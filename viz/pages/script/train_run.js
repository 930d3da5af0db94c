// A run of training: which examples come next, an update at a time. Nothing here knows the page.
//
// A run is plain data, so that a copy of it is a moment to which one can return:
//   layers     the weights now
//   points     [x1, x2, class] each; class 0 has the target `low` (0 or -1), class 1 the target 1
//   low, cost, rate, shuffled, seed      what was chosen
//   epoch, position      whole passes over the points, and how many points of the present pass are done
//   updates    how many there were
//   last       the latest update: its layers before, its examples, their numbers, cost and rate; null before the first
//   log        what was done since the initial weights: [{size, count, rate, cost, shuffled}], or null if points changed since
//   curve      [epochs, cost over all points] each;  costNow: that cost at the present weights

import { allFinite, descended, meanCost, meanGradient } from "./train_network.js";
import { orderOf } from "./train_random.js";

const LONGEST_CURVE = 1200;

export function exampleOf(run, i) {
  const [x1, x2, kind] = run.points[i];
  return { x: [x1, x2], target: kind ? 1 : run.low };
}

export function examplesOf(run) {
  return run.points.map((_, i) => exampleOf(run, i));
}

// The numbers of the points that the next update takes: `size` of them, fewer at the end of a pass.
export function nextBatch(run, size) {
  const order = orderOf(run.points.length, run.shuffled, run.seed, run.epoch);
  return order.slice(run.position, run.position + size);
}

// One update with the next `size` points; false, and nothing has changed, if a number would become infinite.
export function update(run, size) {
  const numbers = nextBatch(run, size), examples = numbers.map(i => exampleOf(run, i));
  const gradient = meanGradient(run.layers, run.cost, examples), after = descended(run.layers, gradient, run.rate);
  if (!allFinite(after)) return false;
  const { cost, rate, layers } = run;
  run.last = { layers, numbers, examples, cost, rate, gradient, update: run.updates + 1 };
  run.layers = after;
  run.updates++;
  run.position += numbers.length;
  if (run.position >= run.points.length) { run.position = 0; run.epoch++; }
  note(run, size);
  return true;
}

// Updates with batches of this size up to the end of the present pass.
export function finishEpoch(run, size) {
  const { epoch } = run;
  while (run.epoch === epoch) if (!update(run, size)) return false;
  return true;
}

function note(run, size) {
  if (!run.log) return;
  const { rate, cost, shuffled } = run, latest = run.log[run.log.length - 1];
  const same = latest && latest.size === size && latest.rate === rate && latest.cost === cost && latest.shuffled === shuffled;
  if (same) latest.count++;
  else run.log.push({ size, count: 1, rate, cost, shuffled });
}

// What a log says, done again from the initial weights; false if it cannot be.
export function replay(run, log) {
  for (const { count, size, rate, cost, shuffled } of log) {
    Object.assign(run, { rate, cost, shuffled });
    for (let n = 0; n < count; n++) {
      if (!update(run, size)) return false;
      if (run.position === 0) measure(run);
    }
  }
  return true;
}

// The cost over all points, noted for the curve; every second entry is dropped when there are many.
export function measure(run) {
  const cost = meanCost(run.layers, run.cost, examplesOf(run));
  const at = run.epoch + run.position / run.points.length;
  const { curve } = run;
  if (curve.length && curve[curve.length - 1][0] === at) curve.pop();
  if (Number.isFinite(cost)) curve.push([at, cost]);
  run.costNow = cost;
  if (curve.length > LONGEST_CURVE) run.curve = curve.filter((_, i) => i % 2 === 0 || i === curve.length - 1);
  return cost;
}

// The run at its beginning, with these initial weights.
export function begin(run, layers) {
  Object.assign(run, { layers, epoch: 0, position: 0, updates: 0, last: null, log: [], curve: [] });
  if (run.points.length) measure(run);
}

// A copy to return to. Weights and points are never changed in place, so they need no copy of their own.
export function copyOf(run) {
  return { ...run, points: [...run.points], curve: [...run.curve], log: run.log && run.log.map(entry => ({ ...entry })) };
}
