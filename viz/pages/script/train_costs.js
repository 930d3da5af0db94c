// The costs of one example with one output, as nn.losses writes them, and their derivative ∂C/∂a.

import { ACTIVATIONS } from "./data.js";

const SMALLEST = Math.exp(-100);  // a logarithm below -100 counts as -100, as in nn.losses

function logOf(p) {
  return Math.log(Math.max(p, SMALLEST));
}

function logSlope(p) {
  return p > SMALLEST ? 1 / p : p === SMALLEST ? 0.5 / p : 0;  // at the corner of the maximum, half of it
}

const sigmoid = z => ACTIVATIONS.sigmoid.forward(z), softplus = z => ACTIVATIONS.softplus.forward(z);

export const COSTS = {
  quadratic: {
    value: (a, y) => 0.5 * (a - y) ** 2,
    slope: (a, y) => a - y,
  },
  binary_cross_entropy: {
    value: (a, y) => -(y * logOf(a) + (1 - y) * logOf(1 - a)),
    slope: (a, y) => (1 - y) * logSlope(1 - a) - y * logSlope(a),
  },
  binary_cross_entropy_with_logits: {  // here a is z, and the probability is σ(z)
    value: (z, y) => y * softplus(-z) + (1 - y) * softplus(z),
    slope: (z, y) => (1 - y) * sigmoid(z) - y * sigmoid(-z),
  },
};

// Cross-entropy compares probabilities: those of a sigmoid, or the logits of a linear output. Undefined for any other.
export function crossEntropyFor(output, low) {
  return low === 0 ? { sigmoid: "binary_cross_entropy", linear: "binary_cross_entropy_with_logits" }[output] : undefined;
}

// Half way between "no" and "yes": where the decision boundary runs.
export function middleOf(cost, low) {
  return cost === "binary_cross_entropy_with_logits" ? 0 : (low + 1) / 2;
}
