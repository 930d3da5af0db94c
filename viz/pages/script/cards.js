import { GROUPS, NODES, ROWS } from "./data.js";
import { weightsOf } from "./folds.js";
import { values } from "./model.js";
import { ARRIVES, gradientAt, reached, stripAt, valueCovered, valueKnown } from "./moments.js";
import { show, signed } from "./numbers.js";
import { ABOVE, doorstep, narrow } from "./placing.js";
import { state } from "./state.js";
import { byId, drawn, element, nameText, pressable, setAttribute, setText } from "./svg.js";
import { say } from "./words.js";

// Cards: a value with its name and its gradient, the operation that it comes from in a circle before it; several values that
// leave a closed group as a strip of squares. `buildCard` makes one, `paintCard` puts in what is known at a moment.

const IN_A_ROW = 10; // values of a strip

const kindOf = item =>
  item.group !== null
    ? item.members.every(i => NODES[i].weight)
      ? "fold weight"
      : "fold"
    : item.isConstant
      ? "constant"
      : !item.isLeaf
        ? "result"
        : NODES[item.node].weight
          ? "weight"
          : "input";

export function buildCard(item, act) {
  const { w, h } = item,
    top = -h / 2,
    kind = kindOf(item),
    text = top + (narrow() && !item.isLeaf ? ABOVE : 0);
  const card = element(
    "g",
    { class: `card ${kind}`, id: item.key, transform: `translate(${item.x} ${item.y})` },
    byId("cards"),
  );
  item.card = card;
  item.look = `card ${kind}`;
  element("rect", { class: "halo", x: -w / 2 - 8, y: top - 8, width: w + 16, height: h + 16, rx: 20 }, card);
  if (item.group !== null)
    for (const away of [8, 4])
      element("rect", { class: "under", x: -w / 2 + away, y: top - away, width: w, height: h, rx: 13 }, card);
  element("rect", { class: "body", x: -w / 2, y: top, width: w, height: h, rx: 13 }, card);
  const middle = item.isLeaf || narrow() ? 0 : 7;
  if (!item.isConstant) nameText(card, item.title, { class: "name", x: middle, y: text + 23 }, 24, w - 24);
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
    const [x, y] = doorstep({ x: 0, y: 0, w, h }); // where the arrows enter
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
  const { w, h } = item,
    size = 15,
    rows = Math.ceil(item.outs.length / IN_A_ROW);
  item.cells = item.outs.map((_, n) => {
    const x = -w / 2 + 36 + (n % IN_A_ROW) * (size + 1),
      y = -h / 2 + 38 + Math.floor(n / IN_A_ROW) * (size + 3);
    const cell = name =>
      element(
        "rect",
        { class: `cell ${name}`, width: size, height: size, x, y: y + (name === "slope" ? rows * (size + 3) + 8 : 0) },
        card,
      );
    return { value: cell("number"), gradient: cell("slope") };
  });
}

// `lit`: the item takes part in the step; `read`: classes for its numbers that the step computes with.
export function paintCard(item, time, step, lit, read) {
  const way = lit ? (step.kind === "forward" ? "forward lit" : "backward lit") : "";
  setAttribute(
    item.card,
    "class",
    `${item.look} ${way} ${read} ${item.node !== null && item.node === state.selected ? "selected" : ""}`,
  );
  if (item.cells) {
    paintStrip(item, time);
    return;
  }
  const known = valueKnown(item, time);
  setText(item.value, !known ? "" : valueCovered(item) ? "?" : drawn(show(values[item.node], 5)));
  const slope = item.isConstant ? null : gradientAt(item, time);
  setText(item.gradient, slope ? `∂ ${slope.covered ? "?" : drawn(signed(slope.total, 4))}` : "");
  if (item.sum) setText(item.sum, slope && !slope.covered ? runningSum(item, slope) : "");
  if (item.weights)
    setText(
      item.weights,
      reached(item.weighed, time, ARRIVES.inside) ? say("weights have gradients", { count: weightsOf(item).length }) : "",
    );
  setAttribute(
    item.card,
    "aria-label",
    [item.title, item.value.textContent, item.gradient.textContent].filter(Boolean).join(", "),
  );
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
  const strip = stripAt(item, time),
    scale = name => Math.max(...strip.map(entry => Math.abs(entry[name] ?? 0))) || 1;
  const largest = { value: scale("value"), gradient: scale("gradient") };
  strip.forEach((entry, n) => {
    for (const name of ["value", "gradient"]) {
      const cell = item.cells[n][name],
        number = entry[name];
      setAttribute(cell, "fill-opacity", number === null ? 0 : (0.12 + (0.88 * Math.abs(number)) / largest[name]).toFixed(3));
      setAttribute(cell, "data-sign", number < 0 ? "negative" : "");
    }
  });
  const name = i => NODES[item.outs[i]].name;
  const words = strip
    .map(({ value }, i) => (value === null ? name(i) : `${name(i)} = ${show(value, 3)}`))
    .slice(0, 12)
    .join(", ");
  setAttribute(item.card, "aria-label", `${item.title}: ${words}`);
}
