import { GROUPS, NODES, ROWS } from "./data.js";
import { flows, isFrame, items, links, localOf, weightsOf } from "./folds.js";
import { chipPlaces, curvePath, pointOn } from "./routes.js";
import { values, version } from "./model.js";
import {
  ARRIVES, gradientAt, involved, reached, slopeCovered, slopeKnown, stepAt, stripAt, valueCovered, valueKnown,
} from "./moments.js";
import { show, signed } from "./numbers.js";
import { ABOVE, bounds, doorstep, frames, narrow, ports, segments } from "./placing.js";
import { state } from "./state.js";
import { byId, drawn, element, nameText, setAttribute, setText, toggleShown } from "./svg.js";
import { say } from "./words.js";

// The stage: cards for values, circles for operations, arrows with their local derivatives, frames around open groups.
// `build` makes the elements of a folding; `paint` puts into them what is known at a moment. `act` is what the page does when
// something is clicked; main.js gives it.

const LAYERS = ["frames", "edges", "cards", "chips"];
const DENSE = 90;                                    // arrows; beyond that the ones at rest are pale
const IN_A_ROW = 10;                                 // values of a strip
let painted = "";

export function build(act) {
  for (const id of LAYERS) byId(id).replaceChildren();
  frames.forEach(frame => buildFrame(frame, act));
  lanes(act);
  ports.forEach(buildPort);
  items.forEach(item => buildCard(item, act));
  byId("edges").setAttribute("class", links.length > DENSE ? "dense" : "");
  for (const segment of segments.values()) {
    segment.path = element("path", { class: "edge", d: curvePath(segment.route) }, byId("edges"));
    if (segment.links.some(link => link.segments.at(-1) === segment)) segment.path.setAttribute("marker-end", "url(#arrow-head)");
  }
  buildChips();
  painted = "";
}

function buildFrame(frame, act) {
  const group = element("g", { transform: `translate(${frame.x} ${frame.y})` }, byId("frames"));
  element("rect", { class: "frame", x: -frame.w / 2, y: -frame.h / 2, width: frame.w, height: frame.h, rx: 18 }, group);
  const words = say("close group", { name: GROUPS[frame.group].name });
  tab(group, words, -frame.w / 2 + 22, -frame.h / 2, () => act.toggle([frame.group]));
}

function tab(parent, words, x, y, action) {
  const width = words.length * 8.6 + 30;
  const made = element("g", { class: "tab", tabindex: 0, role: "button", transform: `translate(${x + width / 2} ${y})` }, parent);
  element("rect", { x: -width / 2, y: -17, width, height: 34, rx: 17 }, made);
  element("text", { y: 5 }, made).textContent = words;
  pressable(made, action);
}

export function pressable(node, action) {
  node.addEventListener("click", action);
  node.addEventListener("keydown", event => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); action(); }
  });
}

// A layer that is open has its name above its neurons; a click opens all of them, or closes the layer.
function lanes(act) {
  GROUPS.forEach((group, g) => {
    if (isFrame(g) || !state.open.has(g)) return;
    const inside = GROUPS.map((_, c) => c).filter(c => GROUPS[c].parent === g);
    const boxes = [...items.filter(item => inside.includes(item.group)), ...frames.filter(frame => inside.includes(frame.group))];
    if (!boxes.length) return;
    const [left, top, right] = bounds(boxes), closed = inside.filter(c => !state.open.has(c));
    const lane = element("g", { class: "lane" }, byId("frames"));
    const open = say(closed.length ? "open all of" : "close all of", { name: group.name });
    const width = open.length * 8.6 + 30, x = (left + right) / 2;
    tab(lane, open, x - width / 2 - 24, top - 34, () => act.toggle(closed.length ? closed : inside));
    tab(lane, "−", x + width / 2 - 16, top - 34, () => act.toggle([g]));
    lane.lastChild.setAttribute("aria-label", say("close group", { name: group.name }));
  });
}

function buildPort(port) {
  const group = element("g", { class: "port", transform: `translate(${port.x} ${port.y})` }, byId("cards"));
  element("rect", { x: -port.w / 2, y: -port.h / 2, width: port.w, height: port.h, rx: 17 }, group);
  nameText(group, port.item.title, { y: 5 }, 8);
}

const kindOf = item =>
  item.group !== null ? "fold" : item.isConstant ? "constant" : !item.isLeaf ? "result" : NODES[item.node].weight ? "weight" : "input";

function buildCard(item, act) {
  const { w, h } = item, top = -h / 2, kind = kindOf(item), text = top + (narrow() && !item.isLeaf ? ABOVE : 0);
  const card = element("g", { class: `card ${kind}`, id: item.key, transform: `translate(${item.x} ${item.y})` }, byId("cards"));
  item.card = card;
  item.look = `card ${kind}`;
  element("rect", { class: "halo", x: -w / 2 - 8, y: top - 8, width: w + 16, height: h + 16, rx: 20 }, card);
  if (item.group !== null) for (const away of [8, 4]) element("rect", { class: "under", x: -w / 2 + away, y: top - away, width: w, height: h, rx: 13 }, card);
  element("rect", { class: "body", x: -w / 2, y: top, width: w, height: h, rx: 13 }, card);
  const middle = item.isLeaf || narrow() ? 0 : 7;
  if (!item.isConstant) nameText(card, item.title, { class: "name", x: middle, y: text + 23 });
  if (item.outs.length > 1) buildStrip(item, card);
  else {
    item.value = element("text", { class: "value", x: middle, y: item.isConstant ? 7 : text + 50 }, card);
    item.gradient = element("text", { class: "gradient", x: middle, y: text + 76 }, card);
    if (h > 100) item.sum = element("text", { class: "sum", x: middle, y: text + 102 }, card);
  }
  if (weightsOf(item).length) item.weights = element("text", { class: "small", y: h / 2 + 18 }, card);
  if (!item.isLeaf) {
    const sign = item.group === null ? ROWS[NODES[item.node].row].sign : GROUPS[item.group].sign;
    const width = Math.max(34, 9.5 * sign.length + 14);
    const [x, y] = doorstep({ x: 0, y: 0, w, h });   // where the arrows enter
    element("rect", { class: "operation", x: x - width / 2, y: y - 17, width, height: 34, rx: 17 }, card);
    element("text", { class: "sign", x, y: y + 6 }, card).textContent = sign;
  }
  if (!item.isConstant) {
    card.setAttribute("tabindex", 0);
    card.setAttribute("role", "button");
    pressable(card, () => (item.group === null ? act.select(item.node) : act.toggle([item.group])));
    if (item.isLeaf) act.draggable(item);
  }
}

function buildStrip(item, card) {
  const { w, h } = item, size = 15, rows = Math.ceil(item.outs.length / IN_A_ROW);
  item.cells = item.outs.map((_, n) => {
    const x = -w / 2 + 36 + (n % IN_A_ROW) * (size + 1), y = -h / 2 + 38 + Math.floor(n / IN_A_ROW) * (size + 3);
    const cell = name => element("rect", { class: `cell ${name}`, width: size, height: size, x, y: y + (name === "slope" ? rows * (size + 3) + 8 : 0) }, card);
    return { value: cell("number"), gradient: cell("slope") };
  });
}

function buildChips() {
  const shown = links.filter(flows), ends = shown.map(link => link.segments.at(-1).route);
  const widths = shown.map(link => ({ w: chipWidth(link), h: 26 }));
  chipPlaces(ends, widths).forEach(({ s, free }, n) => Object.assign(shown[n], { chipShare: s, chipFree: free, chipAt: pointOn(ends[n], s) }));
  for (const link of links) {
    link.chip = null;
    if (!flows(link)) continue;
    link.chip = element("g", { class: "chip", transform: `translate(${link.chipAt[0]} ${link.chipAt[1]})`, display: "none" }, byId("chips"));
    link.chipBody = element("rect", { y: -13, height: 26, rx: 13 }, link.chip);
    link.chipText = element("text", { y: 5 }, link.chip);
  }
}

export const chipWords = link => {
  const slope = localOf(link);
  return slope !== null ? `×${drawn(show(slope, 4))}` : say("matrix", { rows: link.to.outs.length, columns: link.sources.length });
};
const chipWidth = link => chipWords(link).length * 8.4 + 16;

// --- a moment ---

export function paint(time) {
  const step = stepAt(time), lit = new Set(involved(step));
  const events = `${step?.id} ${[0.3, ...Object.values(ARRIVES)].filter(share => step && reached(step.number, time, share))}`;
  const mark = [events, version, state.cover, state.solved.size, state.selected].join(" ");
  if (mark === painted) return;                      // between two events only the numbers on their way move: motion.js
  painted = mark;
  for (const item of items) paintCard(item, time, step, lit.has(item));
  const under = new Map();                           // what the arrows show: the step's own above what was passed before
  for (const link of links) {
    const current = step && (step.link === link || (step.kind === "forward" && step.item === link.to));
    const look = current ? (step.kind === "forward" ? "forward" : "backward") : reached(link.step, time, ARRIVES.backward) ? "passed" : "";
    const negative = link.chip && slopeKnown(link, time) && !slopeCovered(link) && localOf(link) < 0 ? " negative" : "";
    for (const segment of link.segments) if (look || !under.get(segment)) under.set(segment, better(under.get(segment), look + negative));
    if (link.chip) paintChip(link, time, current && step.kind === "backward", negative);
  }
  for (const [segment, look] of under) setAttribute(segment.path, "class", `edge ${look}`);
}

const RANK = ["backward", "forward", "passed"];
const better = (a, b) => (!a || RANK.findIndex(look => b.startsWith(look)) <= RANK.findIndex(look => a.startsWith(look)) && b ? b : a);

function paintCard(item, time, step, lit) {
  const way = lit ? (step.kind === "forward" ? "forward lit" : "backward lit") : "";
  setAttribute(item.card, "class", `${item.look} ${way} ${item.node !== null && item.node === state.selected ? "selected" : ""}`);
  if (item.cells) { paintStrip(item, time); return; }
  const known = valueKnown(item, time);
  setText(item.value, !known ? "" : valueCovered(item) ? "?" : drawn(show(values[item.node], 5)));
  const slope = item.isConstant ? null : gradientAt(item, time);
  setText(item.gradient, slope ? `∂ ${slope.covered ? "?" : drawn(signed(slope.total, 4))}` : "");
  if (item.sum) setText(item.sum, slope && !slope.covered ? runningSum(item, slope) : "");
  if (item.weights) setText(item.weights, reached(item.weighed, time, ARRIVES.inside) ? say("weights have gradients", { count: weightsOf(item).length }) : "");
  setAttribute(item.card, "aria-label", [item.title, item.value.textContent, item.gradient.textContent].filter(Boolean).join(", "));
}

// "+12 -9": what the paths brought so far; for many paths only how many did.
function runningSum(item, { parts }) {
  const all = item.arrivals.length;
  if (all < 2) return "";
  if (all > 3) return say("paths so far", { arrived: parts.length, all });
  return parts.map(part => drawn(signed(part, 3))).join("  ") + (parts.length < all ? "  …" : "");
}

// Values as squares, the stronger the larger; a number below zero has a bar, so that colour alone says nothing.
function paintStrip(item, time) {
  const strip = stripAt(item, time), scale = name => Math.max(...strip.map(entry => Math.abs(entry[name] ?? 0))) || 1;
  const largest = { value: scale("value"), gradient: scale("gradient") };
  strip.forEach((entry, n) => {
    for (const name of ["value", "gradient"]) {
      const cell = item.cells[n][name], number = entry[name];
      setAttribute(cell, "fill-opacity", number === null ? 0 : (0.12 + 0.88 * Math.abs(number) / largest[name]).toFixed(3));
      setAttribute(cell, "data-sign", number < 0 ? "negative" : "");
    }
  });
  const name = i => NODES[item.outs[i]].name;
  const words = strip.map(({ value }, i) => (value === null ? name(i) : `${name(i)} = ${show(value, 3)}`)).slice(0, 12).join(", ");
  setAttribute(item.card, "aria-label", `${item.title}: ${words}`);
}

function paintChip(link, time, current, negative) {
  const known = slopeKnown(link, time), words = known && !slopeCovered(link) ? chipWords(link) : "×?";
  const shown = current || (known && link.chipFree);
  toggleShown(link.chip, shown);
  if (!shown) return;
  const width = words.length * 8.4 + 16;
  setText(link.chipText, words);
  setAttribute(link.chipBody, "x", -width / 2);
  setAttribute(link.chipBody, "width", width);
  setAttribute(link.chip, "class", `chip${current ? " lit" : ""}${negative}`);
}
