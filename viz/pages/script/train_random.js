// Random numbers that are the same in every browser: initial weights and orders of examples from a seed.

import { ACTIVATIONS } from "./data.js";

// Numbers from 0 to 1, not including 1. The generator is mulberry32 by Tommy Ettinger (2017, public domain): a counter that
// walks through all 32-bit numbers, each of them scrambled.
export function randomFrom(seed) {
  let counter = seed >>> 0;
  return () => {
    counter = (counter + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(counter ^ (counter >>> 15), counter | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Normally distributed numbers, by Box and Muller (1958).
function normalFrom(random) {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

// A fresh network: He's deviation for relu and its relatives, Xavier's for all others, as nn.init has them; biases are 0.
export function freshLayers(sizes, hidden, output, seed) {
  const normal = normalFrom(randomFrom(seed));
  return sizes.slice(1).map((count, l) => {
    const activation = l === sizes.length - 2 ? output : hidden, n = sizes[l];
    const deviation = Math.sqrt(2 / (ACTIVATIONS[activation].init === "he" ? n : n + count));
    const weight = Array.from({ length: count }, () => Array.from({ length: n }, () => deviation * normal()));
    return { weight, bias: weight.map(() => 0), activation };
  });
}

// The order in which an epoch takes its examples: as they stand, or shuffled (Fisher and Yates), anew in every epoch.
export function orderOf(count, shuffled, seed, epoch) {
  const order = Array.from({ length: count }, (_, i) => i);
  if (!shuffled) return order;
  const random = randomFrom(1000003 * seed + epoch);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
