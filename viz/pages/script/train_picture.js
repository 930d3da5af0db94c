// The network as a picture: a card for each neuron, with a small tile of what it answers over the plane, and the weights as
// lines: dashed where negative, wider where larger. The tiles are on a canvas beneath the drawing.

import { WORDS } from "./data.js";
import { show } from "./numbers.js";
import { byId, drawn, phrase, scaleOfType } from "./train_dom.js";
import { sizesOf } from "./train_network.js";
import { paint, rangeOf } from "./train_plane.js";

const NARROW = 172;  // pixels for a layer; with fewer there is no room for numbers beside the tiles

// Where everything stands, in pixels: cards[l][j] = {x, y, width, height, tile}, layer 0 being the inputs.
export function placesOf(layers, width, room) {
  const sizes = sizesOf(layers), most = Math.max(...sizes), scale = scaleOfType();
  const narrow = width < NARROW * scale * sizes.length;
  const height = (matchMedia("(pointer: coarse), (max-width: 56rem)").matches ? 44 : 38) * scale;
  const pitch = Math.max(height + 4 * scale, Math.min(104 * scale, room / most));
  const tile = Math.min(pitch - 8 * scale, 64 * scale), card = narrow ? tile + 6 * scale : tile + 78 * scale;
  const top = 26 * scale, whole = top + pitch * most;
  const cards = sizes.map((count, l) => Array.from({ length: count }, (_, j) => ({
    x: 2 + l * (width - card - 4) / (sizes.length - 1),
    y: top + (whole - top) / 2 + pitch * (j - count / 2) + (pitch - tile - 6 * scale) / 2,
    width: card, height: tile + 6 * scale, tile,
  })));
  return { cards, width, height: whole, narrow, scale };
}

// The cards and lines, made anew when the network's form or the room for it has changed.
export function buildPicture(layers, places, choose) {
  const svg = byId("net");
  svg.setAttribute("viewBox", `0 0 ${places.width} ${places.height}`);
  const sharp = window.devicePixelRatio || 1, canvas = byId("tiles");
  svg.style.aspectRatio = canvas.style.aspectRatio = `${places.width} / ${places.height}`;
  canvas.width = Math.round(places.width * sharp);
  canvas.height = Math.round(places.height * sharp);
  const parts = { lines: [], cards: [] };
  const under = drawn("g", { "aria-hidden": "true" }), over = drawn("g");
  layers.forEach((layer, l) => layer.weight.forEach((row, to) => row.forEach((_, from) => {
    const line = lineOf(places, l, to, from, row.length, layer.weight.length);
    line.hit.addEventListener("click", () => choose({ layer: l, to, from }));
    under.append(line.stroke, line.hit);
    if (line.label) over.append(line.label);
    parts.lines.push({ ...line, layer: l, to, from });
  })));
  places.cards.forEach((column, l) => column.forEach((place, j) => {
    const card = cardOf(layers, places, place, l, j);
    if (l) {
      card.group.addEventListener("click", () => choose({ layer: l - 1, to: j, from: null }));
      card.group.addEventListener("keydown", event => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose({ layer: l - 1, to: j, from: null }); }
      });
    }
    over.append(card.group);
    parts.cards.push({ ...card, layer: l, to: j, place });
  }));
  const flows = drawn("g", { id: "flows", "aria-hidden": "true" });
  svg.replaceChildren(under, flows, over, headings(layers, places));
  return parts;
}

function headings(layers, places) {
  const group = drawn("g", { class: "headings" });
  places.cards.forEach((column, l) => {
    const name = l === 0 ? WORDS.inputs : phrase(l === layers.length ? WORDS.outputLayer : WORDS.layer, { number: l });
    const end = l === 0 ? "start" : l === layers.length ? "end" : "middle", { x, width } = column[0];
    const at = l === 0 ? x : l === layers.length ? x + width : x + width / 2;
    const text = drawn("text", { x: at, y: 14 * places.scale, "text-anchor": end }, places.narrow ? String(l || "") : name);
    group.append(text);
  });
  return group;
}

function lineOf(places, l, to, from, sources, targets) {
  const a = places.cards[l][from], b = places.cards[l + 1][to];
  const x0 = a.x + a.width, y0 = a.y + a.height / 2, x1 = b.x, y1 = b.y + b.height / 2, bend = (x1 - x0) * 0.45;
  const d = `M${x0} ${y0}C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}`;
  const stroke = drawn("path", { d, class: "weight" }), hit = drawn("path", { d, class: "hit" });
  let label = null;
  const room = (x1 - x0) / places.scale, fits = targets === 1 ? room > 80 : sources <= 3 && targets <= 8 && room > 150;
  if (!places.narrow && fits) {
    const s = targets === 1 ? 0.2 : sources === 1 ? 0.5 : 0.4 + 0.36 * from / (sources - 1);
    const x = along(s, x0, x0 + bend, x1 - bend, x1), y = along(s, y0, y0, y1, y1);
    label = drawn("text", { x, y: y + 4 * places.scale, class: "weight-label", "text-anchor": "middle", "aria-hidden": "true" });
  }
  return { stroke, hit, label };
}

function along(s, a, b, c, d) {  // the point at s of a cubic curve, in one coordinate
  const t = 1 - s;
  return t * t * t * a + 3 * t * t * s * b + 3 * t * s * s * c + s * s * s * d;
}

function cardOf(layers, places, { x, y, width, height, tile }, l, j) {
  const { scale } = places;
  const title = l ? phrase(WORDS.neuron, { layer: l, number: j + 1 }) : `x${j + 1}`;
  const group = drawn("g", l ? { class: "card", tabindex: "0", role: "button", "aria-label": title } : { class: "card input" });
  group.append(drawn("rect", { x, y, width, height, rx: 7 * scale, class: "ground" }));
  const left = x + tile + 10 * scale, first = drawn("text", { x: left, class: "value" }), second = drawn("text", { x: left });
  if (!places.narrow) group.append(first, second);
  return { group, first, second };
}

// Widths, dashes and labels of the lines, and what is chosen.
export function updateLines(parts, layers, selected) {
  for (const line of parts.lines) {
    const w = layers[line.layer].weight[line.to][line.from], { stroke, label } = line;
    const chosen = selected && selected.layer === line.layer && selected.to === line.to;
    const classes = `weight${w < 0 ? " negative" : ""}${chosen ? selected.from === line.from ? " chosen" : " near" : ""}`;
    if (line.classes !== classes) stroke.setAttribute("class", line.classes = classes);
    const many = layers[line.layer].weight.length * layers[line.layer].bias.length > 100;
    const width = ((many ? 0.5 : 1) * Math.min(9, 0.6 + 2.2 * Math.abs(w))).toFixed(1);
    if (line.width !== width) stroke.setAttribute("stroke-width", line.width = width);
    if (label) label.textContent = short(w);
  }
  for (const card of parts.cards) {
    const chosen = selected && card.layer === selected.layer + 1 && card.to === selected.to;
    card.group.classList.toggle("chosen", Boolean(chosen));
  }
}

// Three digits, and fewer of a small number, so that it fits beside the tile.
function short(x) {
  return show(x, Math.abs(x) < 0.001 ? 1 : Math.abs(x) < 0.1 ? 2 : 3).replace("-", "−");
}

// The numbers of the cards: a and δ of the selected point, or the biases while none is selected.
export function updateNumbers(parts, layers, passed, delta) {
  for (const { layer, to, first, second, place } of parts.cards) {
    const upper = layer === 0 ? `x${to + 1}` : passed ? `a ${short(passed.a[layer][to])}` : "";
    const lower = layer === 0 ? (passed ? short(passed.a[0][to]) : "")
      : passed ? `δ ${short(delta[layer - 1][to])}` : `b ${short(layers[layer - 1].bias[to])}`;
    const kind = layer === 0 ? "value" : passed ? "gradient" : "weight-text";
    const middle = place.y + place.height / 2, apart = upper && lower ? 8.5 * scaleOfType() : 0;  // one alone is in the middle
    put(first, upper, middle - apart, "value");
    put(second, lower, middle + apart, kind);
  }
}

function put(text, words, y, kind) {
  text.textContent = words;
  text.setAttribute("y", y);
  text.setAttribute("dominant-baseline", "central");
  text.setAttribute("class", kind);
}

let brush = null;  // a small canvas on which a tile is painted before it is stretched to its place

// The tiles, from what all neurons answer on a grid of n × n points.
export function drawTiles(parts, places, layers, answers, n, palette) {
  const canvas = byId("tiles"), context = canvas.getContext("2d"), sharp = canvas.width / places.width;
  if (!brush || brush.width !== n) {
    brush = document.createElement("canvas");
    brush.width = brush.height = n;
  }
  const pen = brush.getContext("2d"), image = pen.createImageData(n, n);
  context.setTransform(sharp, 0, 0, sharp, 0, 0);
  context.clearRect(0, 0, places.width, places.height);
  for (const { layer, to, place } of parts.cards) {
    const numbers = answers[layer][to];
    paint(image, numbers, layer ? rangeOf(layers[layer - 1].activation, numbers) : ends(numbers), palette);
    pen.putImageData(image, 0, 0);
    context.drawImage(brush, place.x + 3 * places.scale, place.y + 3 * places.scale, place.tile, place.tile);
  }
}

function ends(numbers) {
  const first = numbers[0], last = numbers[numbers.length - 1];
  return first < last ? [first, last] : [last, first];
}
