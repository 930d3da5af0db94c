import { NODES } from "./data.js";
import { arrivedBy, flows, itemOf, localOf, shareOf, steps } from "./folds.js";
import { placesOf } from "./formulas.js";
import { gradients, LAST, rowOf, values } from "./model.js";
import { state } from "./state.js";

// What is known at a moment. The time counts steps: at 3 three steps are done, at 3.4 the fourth is under way. Nothing here
// depends on how that moment was come by: playing, scrubbing, a link and a test see the same.

// At which share of a step its result is there, and at which share a local derivative is read.
export const ARRIVES = { forward: 0.84, seed: 0.4, backward: 0.8, inside: 0.5 };
export const READS = 0.3;
export const DONE = 0.98; // and from which on a step is told of as done

export const stepAt = time => steps[Math.max(0, Math.ceil(time - 1e-9)) - 1] ?? null;
export const progressAt = time => (stepAt(time) ? time - stepAt(time).number + 1 : 0);
export const reached = (number, time, share) => number !== null && number !== undefined && time >= number - 1 + share - 1e-9;

// What a step asks for, if that is covered.
const subject = step =>
  step.kind === "forward"
    ? step.item.node === null
      ? ""
      : "value"
    : step.kind === "backward" && step.link.sources.length === 1 && localOf(step.link) !== null
      ? state.cover === "local"
        ? "local"
        : "gradient"
      : "";
export const isCovered = step => state.cover !== "" && subject(step) === state.cover && !state.solved.has(step.id);

// Up to which share a covered step plays before it waits for an answer.
export const pauseOf = step => (!isCovered(step) ? 1 : state.cover === "local" ? READS : ARRIVES[step.kind] - 0.04);

export const valueKnown = (item, time) => item.isLeaf || reached(item.known, time, ARRIVES.forward);
export const valueCovered = item => !item.isLeaf && isCovered(steps[item.known - 1]);
export const slopeKnown = (link, time) => reached(link.step, time, READS);
// A local derivative is covered as such, or because it is made of a value that is.
export const slopeCovered = link => {
  if (link.step === null || !state.cover) return false;
  if (state.cover === "local") return isCovered(steps[link.step - 1]);
  return factors(steps[link.step - 1]).values.some(item => item.node !== null && valueCovered(item));
};

// The gradient of an item as far as it has arrived: {parts, total, all: whether nothing is missing, covered}, or null.
export function gradientAt(item, time) {
  if (item === itemOf[LAST])
    return reached(item.seeded, time, ARRIVES.seed) ? { parts: [1], total: 1, all: true, covered: false } : null;
  const done = item.arrivals.filter(link => reached(link.step, time, ARRIVES.backward));
  if (!done.length || item.node === null) return null;
  const parts = arrivedBy(item, done.at(-1).step),
    all = done.length === item.arrivals.length;
  const total = all ? gradients[item.node] : parts.reduce((a, b) => a + b, 0);
  return { parts, total, all, covered: done.some(link => state.cover === "gradient" && isCovered(steps[link.step - 1])) };
}

// For an item that several values leave: each one's value and, as far as it has arrived, its gradient.
export function stripAt(item, time) {
  const known = valueKnown(item, time),
    done = item.arrivals.filter(link => reached(link.step, time, ARRIVES.backward));
  const whole = done.length === item.arrivals.length;
  return item.outs.map(i => ({
    value: known ? values[i] : null,
    gradient: !done.length
      ? null
      : whole
        ? gradients[i]
        : done.filter(link => link.sources.includes(i)).reduce((sum, link) => sum + shareOf(link, i), 0),
  }));
}

// Whose numbers a step multiplies or adds: these items are lit, and the numbers in them underlined.
export function involved(step) {
  if (!step) return [];
  if (step.kind === "forward") return [step.item, ...step.item.ins.map(link => link.from)];
  return step.kind === "backward" && flows(step.link) ? [step.item, step.link.from] : [step.item];
}

// The numbers that a step computes with: the items whose values, and whose gradients, these are.
export function factors(step) {
  if (step?.kind === "forward") return { values: step.item.ins.map(link => link.from), gradients: [] };
  if (step?.kind !== "backward" || step.item.node === null) return { values: [], gradients: [] };
  const { item, link } = step,
    read = item.group === null ? placesOf(rowOf(item.node).formulas.text.slopes[link.position]) : [];
  return { values: read.map(key => itemOf[key === "r" ? item.node : NODES[item.node].operands[key]]), gradients: [item] };
}

// Where a step's new number appears.
export const target = step => (step.kind === "backward" ? step.link.from : step.item);
