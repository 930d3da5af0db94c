import { NODES, ROWS } from "./data.js";

// The computation itself. NODES are in forward order, and a node's `operands` are positions in it. ROWS hold each operation's
// functions, written by the engine's table, so that what is computed here is what Python computes.

export const LAST = NODES.length - 1;
const natural = new Intl.Collator("en", { numeric: true }).compare;
export const INPUTS = NODES.map((node, i) => i)
  .filter(i => NODES[i].row === null && !NODES[i].constant)
  .sort((a, b) => natural(NODES[a].name, NODES[b].name)); // x2 before x10, in whatever order they were read
export const values = NODES.map(node => node.value);
export const slopes = NODES.map(() => []); // the local derivative with respect to each operand; null for a constant
export const gradients = NODES.map(() => null); // of the output with respect to the node; null for a constant

// Where the arithmetic breaks off: {node, operand: the place whose derivative does not exist, or null}; null if it does not.
export let broken = null;
export let version = 0; // counts computations: what was drawn before is out of date

export const rowOf = i => ROWS[NODES[i].row];
export const operandsOf = i => NODES[i].operands.map(j => values[j]);

export function compute() {
  version++;
  broken = null;
  if (forward()) backward();
}

function forward() {
  for (let i = 0; i <= LAST; i++) {
    if (NODES[i].row === null) {
      values[i] = NODES[i].value;
      continue;
    }
    const result = rowOf(i).forward(...operandsOf(i));
    if (!Number.isFinite(result)) {
      broken = { node: i, operand: null };
      return false;
    }
    values[i] = result;
  }
  return true;
}

function backward() {
  gradients.fill(null);
  gradients[LAST] = 1;
  for (let i = LAST; i >= 0; i--) {
    const { operands } = NODES[i],
      numbers = operandsOf(i);
    slopes[i] = operands.map(() => null);
    operands.forEach((j, k) => {
      if (NODES[j].constant || broken) return;
      const slope = rowOf(i).slopes[k](values[i], ...numbers),
        share = gradients[i] * slope;
      if (!Number.isFinite(share)) {
        broken = { node: i, operand: k };
        return;
      }
      slopes[i][k] = slope;
      gradients[j] = (gradients[j] ?? 0) + share;
    });
  }
}

// The output with one input elsewhere, everything else as it is; NaN where it does not exist. Nothing is changed.
export function outputAt(input, number) {
  const kept = values.slice();
  let result = number;
  kept[input] = number;
  for (let i = 0; i <= LAST; i++) {
    if (NODES[i].row === null) continue;
    kept[i] = result = rowOf(i).forward(...NODES[i].operands.map(j => kept[j]));
    if (!Number.isFinite(result)) return NaN;
  }
  return kept[LAST];
}

// ∂out/∂source for everything that a set of nodes reads, by one sweep through these nodes alone, from `out` backward.
export function sweepThrough(members, out) {
  const found = new Map([[out, 1]]);
  for (const i of [...members].sort((a, b) => b - a)) {
    const arrived = found.get(i);
    if (arrived === undefined) continue;
    NODES[i].operands.forEach((j, k) => {
      if (slopes[i][k] !== null) found.set(j, (found.get(j) ?? 0) + arrived * slopes[i][k]);
    });
  }
  return found;
}
