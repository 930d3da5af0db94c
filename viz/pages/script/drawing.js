import { buildArrows, paintArrows } from "./arrows.js";
import { buildCard, paintCard } from "./cards.js";
import { GROUPS, NODES } from "./data.js";
import { isFrame, items, links, steps } from "./folds.js";
import { version } from "./model.js";
import { ARRIVES, factors, involved, reached, READS, stepAt } from "./moments.js";
import { bounds, frames, narrow, ports, segments } from "./placing.js";
import { state } from "./state.js";
import { byId, element, nameText, pressable } from "./svg.js";
import { say } from "./words.js";

// The stage as a whole. `build` makes the elements of a folding; `paint` puts into them what is known at a moment, and touches
// only what has changed since the last one. `act` is what the page does when something is clicked; graph_main.js gives it.

const LAYERS = ["frames", "edges", "cards", "chips"];
const MANY = 400; // items and links, from which on those outside the window are not drawn
const LONG = 4000; // a frame this wide is not dashed: drawing 10,000 dashes takes a second
const FEW = 30; // steps between two moments, up to which only their own items are painted
const EVENTS = [READS, ...Object.values(ARRIVES)]; // between two of these shares of a step only moving numbers change: motion.js
let painted = null; // {mark, step, time} of the last moment

export function build(act) {
  for (const id of LAYERS) byId(id).replaceChildren();
  frames.forEach(frame => buildFrame(frame, act));
  lanes(act);
  ports.forEach(buildPort);
  items.forEach(item => buildCard(item, act));
  buildArrows();
  painted = null;
}

export function paint(time) {
  const step = stepAt(time),
    passed = EVENTS.filter(share => step && reached(step.number, time, share)).length;
  const mark = [version, state.cover, state.solved.size, state.selected].join(" "),
    moment = `${step?.id} ${passed}`;
  if (painted?.mark === mark && painted.moment === moment) return;
  const touched = painted?.mark === mark ? changedBetween(painted.step, step) : null,
    lit = new Set(involved(step)),
    read = factors(step);
  for (const item of touched?.items ?? items) {
    const reads = `${read.values.includes(item) ? "reads-value" : ""} ${read.gradients.includes(item) ? "reads-gradient" : ""}`;
    paintCard(item, time, step, lit.has(item), reads);
  }
  paintArrows(touched?.links ?? links, time, step);
  painted = { mark, moment, step };
}

const linksOf = step => (step.kind === "forward" ? step.item.ins : step.link ? [step.link, ...(step.link.under ?? [])] : []);

// The items and links of the steps from one to another; null if these are so many that all may as well be painted.
function changedBetween(one, other) {
  const [first, last] = [one?.number ?? 0, other?.number ?? 0].sort((a, b) => a - b);
  if (last - first > FEW) return null;
  const some = steps.slice(Math.max(0, first - 1), last);
  return {
    items: new Set(some.flatMap(step => [...involved(step), ...factors(step).values])),
    links: [...new Set(some.flatMap(step => linksOf(step)))],
  };
}

// In a large graph what is far from the window is taken out of the picture, or a browser would draw it anew in each frame.
export function cull([left, top, right, bottom]) {
  if (items.length + links.length < MANY) return;
  const far = (x0, y0, x1, y1) => x1 < left || x0 > right || y1 < top || y0 > bottom;
  const show = (holder, node, isFar) => {
    if (node && holder.isFar !== isFar) {
      holder.isFar = isFar;
      node.style.display = isFar ? "none" : "";
    }
  };
  for (const item of items) show(item, item.card, far(item.x - item.w, item.y - item.h, item.x + item.w, item.y + item.h));
  for (const link of links) if (link.chip) show(link, link.chip, far(...link.chipAt, ...link.chipAt));
  for (const segment of segments.values()) {
    segment.box ??= boxOfRoute(segment.route);
    if (!segment.bundle) show(segment, segment.path, far(...segment.box));
  }
}

function boxOfRoute(route) {
  const [xs, ys] = [0, 1].map(axis => route.map(point => point[axis]));
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function buildFrame(frame, act) {
  const group = element("g", { transform: `translate(${frame.x} ${frame.y})` }, byId("frames"));
  const look = frame.w > LONG ? "frame long" : "frame";
  element("rect", { class: look, x: -frame.w / 2, y: -frame.h / 2, width: frame.w, height: frame.h, rx: 18 }, group);
  const words = say("close group", { name: GROUPS[frame.group].name });
  tab(group, words, -frame.w / 2 + 22, -frame.h / 2, () => act.toggle([frame.group])).id = tabOf(frame.group);
}

function tab(parent, words, x, y, action) {
  const width = words.length * 8.6 + 30;
  const made = element(
    "g",
    { class: "tab", tabindex: 0, role: "button", transform: `translate(${x + width / 2} ${y})` },
    parent,
  );
  const height = narrow() ? 52 : 34; // a finger needs 44 pixels
  element("rect", { x: -width / 2, y: -height / 2, width, height, rx: 17 }, made);
  element("text", { y: 5 }, made).textContent = words;
  pressable(made, action);
  return made;
}

export const tabOf = group => `tab${group}`; // the id of what closes an open group

// A layer that is open has its name above its neurons; a click opens all of them, or closes the layer.
function lanes(act) {
  GROUPS.forEach((group, g) => {
    if (isFrame(g) || !state.open.has(g)) return;
    const inside = GROUPS.map((_, c) => c).filter(c => GROUPS[c].parent === g);
    const own = item => inside.includes(item.group) || (item.group === null && NODES[item.node].group === g);
    const boxes = [...items.filter(own), ...frames.filter(frame => inside.includes(frame.group))];
    if (!boxes.length) return;
    const [left, top, right] = bounds(boxes),
      closed = inside.filter(c => !state.open.has(c));
    const lane = element("g", { class: "lane" }, byId("frames"));
    const open = !inside.length ? group.name : say(closed.length ? "open all of" : "close all of", { name: group.name });
    const width = open.length * 8.6 + 30,
      x = (left + right) / 2;
    tab(lane, open, x - width / 2 - 24, top - 34, () => act.toggle(!inside.length ? [g] : closed.length ? closed : inside));
    tab(lane, "−", x + width / 2 - 16, top - 34, () => act.toggle([g]));
    lane.lastChild.id = tabOf(g);
    lane.lastChild.setAttribute("aria-label", say("close group", { name: group.name }));
  });
}

function buildPort(port) {
  const group = element("g", { class: "port", transform: `translate(${port.x} ${port.y})` }, byId("cards"));
  element("rect", { x: -port.w / 2, y: -port.h / 2, width: port.w, height: port.h, rx: 17 }, group);
  nameText(group, port.item.title, { y: 5 }, 8);
}
