// A multilayer perceptron in plain numbers: forward, backward, and one update of plain gradient descent.
//
// layers[l].weight[j][k] goes to neuron j from neuron k of the layer below, and layers[l].bias[j] is neuron j's own, as in
// Python: z = W a + b, a = f(z). The functions f and f' are written by the engine's table; they are in ACTIVATIONS.

import { ACTIVATIONS } from "./data.js";
import { COSTS } from "./train_costs.js";

// What the network computes for one example: a[0] is x, and z[l], a[l + 1] belong to layers[l].
export function forward(layers, x) {
  const z = [], a = [x];
  for (const layer of layers) {
    const below = a[a.length - 1], f = ACTIVATIONS[layer.activation].forward;
    const sums = layer.weight.map((row, j) => weightedSum(row, below) + layer.bias[j]);
    z.push(sums);
    a.push(sums.map(sum => f(sum)));
  }
  return { z, a };
}

// From left to right, as Python adds.
function weightedSum(row, below) {
  let total = row[0] * below[0];
  for (let k = 1; k < row.length; k++) total += row[k] * below[k];
  return total;
}

export function outputOf(passed) {
  return passed.a[passed.a.length - 1][0];
}

// delta[l][j] = ∂C/∂z of one example: ∂C/∂a · f'(z) in the last layer, (Σ w δ of the layer above) · f'(z) below it.
export function backward(layers, cost, passed, target) {
  const delta = [], last = layers.length - 1;
  for (let l = last; l >= 0; l--) {
    const slope = ACTIVATIONS[layers[l].activation].slope;
    const arriving = l === last ? [COSTS[cost].slope(outputOf(passed), target)]
      : layers[l].bias.map((_, j) => arrivingFrom(layers[l + 1], delta[l + 1], j));
    delta[l] = arriving.map((sum, j) => sum * slope(passed.a[l + 1][j], passed.z[l][j]));
  }
  return delta;
}

// ∂C/∂a of neuron j: every neuron above that reads it sends its δ back along its weight.
export function arrivingFrom(above, deltaAbove, j) {
  let total = 0;
  for (let i = 0; i < deltaAbove.length; i++) total += above.weight[i][j] * deltaAbove[i];
  return total;
}

// The mean over a batch of ∂C/∂w = δ · a and ∂C/∂b = δ, in the shape of the layers.
export function meanGradient(layers, cost, batch) {
  const total = layers.map(layer => ({ weight: layer.weight.map(row => row.map(() => 0)), bias: layer.bias.map(() => 0) }));
  for (const { x, target } of batch) {
    const passed = forward(layers, x), delta = backward(layers, cost, passed, target);
    total.forEach((layer, l) => addProducts(layer, delta[l], passed.a[l]));
  }
  for (const layer of total) {
    layer.weight.forEach(row => row.forEach((g, k) => { row[k] = g / batch.length; }));
    layer.bias = layer.bias.map(g => g / batch.length);
  }
  return total;
}

function addProducts(layer, delta, below) {
  for (let j = 0; j < delta.length; j++) {
    const row = layer.weight[j];
    for (let k = 0; k < below.length; k++) row[k] += delta[j] * below[k];
    layer.bias[j] += delta[j];
  }
}

// w - η · gradient for every weight and bias, all at once: a new list of layers; the old one stays as it was.
export function descended(layers, gradient, rate) {
  return layers.map((layer, l) => ({
    activation: layer.activation,
    weight: layer.weight.map((row, j) => row.map((w, k) => w - rate * gradient[l].weight[j][k])),
    bias: layer.bias.map((b, j) => b - rate * gradient[l].bias[j]),
  }));
}

// The mean of the examples' costs.
export function meanCost(layers, cost, examples) {
  let total = 0;
  for (const { x, target } of examples) total += COSTS[cost].value(outputOf(forward(layers, x)), target);
  return total / examples.length;
}

export function allFinite(layers) {
  return layers.every(layer => layer.bias.every(Number.isFinite) && layer.weight.every(row => row.every(Number.isFinite)));
}

export function sizesOf(layers) {
  return [layers[0].weight[0].length, ...layers.map(layer => layer.bias.length)];
}

// A weight's name is Python's label: w1_23 goes to neuron 2 of layer 1 from number 3 below; from "b" means the bias.
export function parameterName(layers, { layer, to, from }) {
  if (from === "b") return `b${layer + 1}_${to + 1}`;
  const { weight } = layers[layer], comma = Math.max(weight.length, weight[0].length) > 9 ? "," : "";
  return `w${layer + 1}_${to + 1}${comma}${from + 1}`;
}

export function parameterOf(layers, { layer, to, from }) {
  return from === "b" ? layers[layer].bias[to] : layers[layer].weight[to][from];
}
