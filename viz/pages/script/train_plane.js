// The plane: what every neuron answers at each point of a grid, as colours; and the output's contour lines.

import { ACTIVATIONS } from "./data.js";
import { colour } from "./train_dom.js";

// A square around the points, with a margin: {left, bottom, size}.
export function viewOf(points) {
  const xs = points.map(p => p[0]), ys = points.map(p => p[1]);
  if (!points.length) return { left: -1.5, bottom: -1.5, size: 3 };
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const size = 1.3 * (Math.max(right - left, top - bottom) || 1);
  return { left: (left + right - size) / 2, bottom: (bottom + top - size) / 2, size };
}

export function holds(view, points) {
  const inside = (x, from) => x >= from && x <= from + view.size;
  return points.every(([x1, x2]) => inside(x1, view.left) && inside(x2, view.bottom));
}

// What all neurons answer on a grid of n × n points, row by row from the top: answers[0] are the two inputs,
// answers[l + 1][j] is neuron j of layers[l]. A layer is computed for the whole grid before the next one begins.
export function answersOver(layers, view, n) {
  const inputs = [new Float64Array(n * n), new Float64Array(n * n)];
  for (let i = 0; i < n * n; i++) {
    inputs[0][i] = view.left + view.size * (i % n + 0.5) / n;
    inputs[1][i] = view.bottom + view.size * (n - Math.floor(i / n) - 0.5) / n;
  }
  const answers = [inputs];
  for (const layer of layers) {
    const below = answers[answers.length - 1], f = ACTIVATIONS[layer.activation].forward;
    answers.push(layer.weight.map((row, j) => {
      const sums = new Float64Array(n * n).fill(layer.bias[j]);
      row.forEach((w, k) => { const column = below[k]; for (let i = 0; i < sums.length; i++) sums[i] += w * column[i]; });
      for (let i = 0; i < sums.length; i++) sums[i] = f(sums[i]);
      return sums;
    }));
  }
  return answers;
}

// Which numbers are the palest and the strongest colour of a neuron: the activation's bounds, or what occurs.
export function rangeOf(activation, numbers) {
  const { least, greatest } = ACTIVATIONS[activation];
  if (least !== null && greatest !== null) return [least, greatest];
  let low = least === null ? Infinity : least, high = greatest === null ? -Infinity : greatest;
  for (const x of numbers) { if (x < low) low = x; if (x > high) high = x; }
  return high > low ? [low, high] : [low - 1, low + 1];
}

// 256 colours from the paper to the colour of values, the last not quite as strong as that of the points.
export function paletteOf() {
  const pale = colour("card"), strong = colour("value");
  return Array.from({ length: 256 }, (_, i) => pale.map((p, c) => Math.round(p + (strong[c] - p) * 0.72 * i / 255)));
}

// Numbers as the pixels of an image; below the range they are palest, above it strongest.
export function paint(image, numbers, [low, high], palette) {
  const scale = 255 / (high - low);
  for (let i = 0; i < numbers.length; i++) {
    const shade = palette[Math.max(0, Math.min(255, Math.round((numbers[i] - low) * scale))) || 0];
    image.data[4 * i] = shade[0];
    image.data[4 * i + 1] = shade[1];
    image.data[4 * i + 2] = shade[2];
    image.data[4 * i + 3] = 255;
  }
}

// Where the numbers of a grid cross a level, as the path of an SVG that is n wide: marching squares, each square of four
// neighbours giving a line between the two sides that the level crosses (four at a saddle).
export function contour(numbers, n, level) {
  let path = "";
  for (let row = 0; row + 1 < n; row++) {
    for (let column = 0; column + 1 < n; column++) {
      const ends = crossings(numbers, n, row, column, level);
      for (let e = 0; e + 1 < ends.length; e += 2) path += `M${ends[e]}L${ends[e + 1]}`;
    }
  }
  return path;
}

function crossings(numbers, n, row, column, level) {
  const at = row * n + column;
  const a = numbers[at] - level, b = numbers[at + 1] - level, d = numbers[at + n] - level, c = numbers[at + n + 1] - level;
  const above = (a > 0) + (b > 0) + (c > 0) + (d > 0);
  if (above === 0 || above === 4 || !Number.isFinite(a + b + c + d)) return [];
  const x = column + 0.5, y = row + 0.5, ends = [];
  if (a > 0 !== b > 0) ends.push(`${(x + a / (a - b)).toFixed(2)} ${y}`);
  if (b > 0 !== c > 0) ends.push(`${x + 1} ${(y + b / (b - c)).toFixed(2)}`);
  if (d > 0 !== c > 0) ends.push(`${(x + d / (d - c)).toFixed(2)} ${y + 1}`);
  if (a > 0 !== d > 0) ends.push(`${x} ${(y + a / (a - d)).toFixed(2)}`);
  return ends;
}

// Round numbers for the ticks of an axis, some five of them.
export function ticksOf(low, size) {
  const rough = size / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough);
  const ticks = [];
  for (let i = Math.ceil(low / step); i * step <= low + size; i++) ticks.push(Number((i * step).toPrecision(6)));
  return ticks;
}
