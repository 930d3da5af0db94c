// After an update the gradient is seen to run back through the network: along each line from right to left, the last layer
// first, and wider where the weight moved further.

import { byId, drawn } from "./train_dom.js";

const TAKES = 450;  // milliseconds for each layer
const MOST_LINES = 150, LEAST_SHARE = 0.04;  // of the largest move; smaller ones would hardly be seen

export function showFlow(parts, before, after) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const moves = parts.lines.map(line => {
    const { layer, to, from } = line;
    return { line, size: Math.abs(after[layer].weight[to][from] - before[layer].weight[to][from]) };
  }).sort((a, b) => b.size - a.size).slice(0, MOST_LINES);
  const largest = moves[0].size;
  for (const { line, size } of moves) {
    if (size > LEAST_SHARE * largest) runBack(line, size / largest, after.length - 1 - line.layer);
  }
}

function runBack(line, share, turn) {
  const path = drawn("path", {
    d: line.stroke.getAttribute("d"), class: "flow", pathLength: "100", "stroke-width": (1.5 + 5 * share).toFixed(1),
  });
  byId("flows").append(path);
  const steps = [{ strokeDashoffset: -100 }, { strokeDashoffset: 30 }];  // a dash of 30, from the end to the start
  const timing = { duration: TAKES, delay: TAKES * turn, fill: "both", easing: "ease-in-out" };
  path.animate(steps, timing).onfinish = () => path.remove();
}
