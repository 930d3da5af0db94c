// "How did this weight move?": the chain rule of one weight or bias with the numbers of an update, at the weights before it.
//
// All weights of an update move together, so everything here is computed with moment.layers, which no update has touched.

import { ACTIVATIONS, WORDS } from "./data.js";
import { show } from "./numbers.js";
import { COSTS } from "./train_costs.js";
import { element, phrase } from "./train_dom.js";
import { activationName, deltaName, partialOf, slopeName, weightName } from "./train_formulas.js";
import { equation, factor, fraction, inBrackets, indexed, inRow, letter, number, sign } from "./train_formulas.js";
import { inPieces, sumInPieces } from "./train_formulas.js";
import { arrivingFrom, backward, forward, outputOf, parameterName, parameterOf } from "./train_network.js";

// The contributions of a batch to ∂C/∂w of one parameter: for each example what it brings, δ and their product.
export function contributionsOf(moment, parameter) {
  return moment.examples.map((example, i) => {
    const passed = forward(moment.layers, example.x), delta = backward(moment.layers, moment.cost, passed, example.target);
    const a = parameter.from === "b" ? 1 : passed.a[parameter.layer][parameter.from];
    const d = delta[parameter.layer][parameter.to];
    return { point: moment.numbers[i], example, passed, delta, a, d, product: d * a };
  });
}

// moment = {layers, numbers, examples, cost, rate, update, coming}; open = {row, trail: [[layer, j], ...]}: which example's
// δ is derived, and how far. `change(open)` is called when the reader asks for more.
export function boardOf(moment, parameter, open, change, choosePoint) {
  const wide = moment.layers[parameter.layer].weight.length > 9 || moment.layers[parameter.layer].weight[0].length > 9;
  const name = () => weightName(parameter, wide), rows = contributionsOf(moment, parameter);
  const before = parameterOf(moment.layers, parameter);
  const mean = rows.reduce((total, row) => total + row.product, 0) / rows.length;
  const title = phrase(moment.coming ? WORDS.willMove : WORDS.hasMoved, {
    name: parameterName(moment.layers, parameter), update: moment.update,
  });
  const row = Math.min(open.row, rows.length - 1);
  const deriveFor = (i, point) => {
    change({ row: i, trail: [[parameter.layer, parameter.to]] });
    choosePoint(point);
  };
  const left = element("div", {}, ruleOf(parameter, name), contributionsTable(parameter, rows, row, mean, deriveFor));
  const deltas = deltasOf(moment, rows[row], open.trail, trail => change({ row, trail }));
  const right = element("div", {}, stepOf(name, before, moment.rate, mean), ...deltas);
  return element("div", { class: "board" }, element("h2", {}, title), element("div", { class: "sides" }, left, right));
}

function ruleOf(parameter, name) {
  const parts = [partialOf(name()), sign("="), deltaName(parameter.layer, parameter.to)];
  if (parameter.from !== "b") parts.push(sign("·"), activationName(parameter.layer, parameter.from));
  return element("p", { class: "rule" }, equation(...parts), element("span", { class: "soft" }, WORDS.forEach));
}

function contributionsTable(parameter, rows, chosen, mean, choose) {
  const bias = parameter.from === "b";
  const delta = () => deltaName(parameter.layer, parameter.to), a = () => activationName(parameter.layer, parameter.from);
  const heads = [WORDS.point, equation(delta()), ...(bias ? [] : [equation(a()), equation(delta(), sign("·"), a())])];
  const body = rows.map((row, i) => {
    const label = phrase(WORDS.deriveFor, { point: row.point + 1 });
    const said = { type: "button", "aria-pressed": String(i === chosen), "aria-label": label };
    const button = element("button", said, String(row.point + 1));
    button.addEventListener("click", () => choose(i, row.point));
    const products = bias ? [] : [cell(row.a, "value"), cell(row.product, "gradient")];
    const cells = [element("th", { scope: "row" }, button), cell(row.d, "gradient"), ...products];
    return element("tr", { class: i === chosen && "chosen" }, ...cells);
  });
  const meanOf = phrase(WORDS.meanOf, { count: rows.length });
  const foot = element("tr", {}, element("th", { scope: "row", colspan: bias ? 1 : 3 }, meanOf), cell(mean, "gradient"));
  const table = element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map(head => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...body), element("tfoot", {}, foot));
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": WORDS.contributions }, table);
}

function cell(x, kind) {
  return element("td", { class: kind }, minused(x));
}

function stepOf(name, before, rate, mean) {
  return element("p", { class: "step" }, ...inPieces([
    [name(), sign("←"), name(), sign("−"), letter("η"), sign("·"), partialOf(name())],
    [sign("="), number(before, "weight-text", 6), sign("−"), number(rate), sign("·"), factor(mean, "gradient")],
    [sign("="), number(before - rate * mean, "weight-text", 6)],
  ]));
}

// In a table a minus sign is as wide as a plus.
function minused(x) {
  return show(x, 5).replace("-", "−");
}

// δ of a neuron for one example; each δ above can be derived in turn.
function deltasOf(moment, row, trail, change) {
  return trail.map(([layer, j], depth) => deltaBlock(moment, row, layer, j, trail, depth, change));
}

function deltaBlock(moment, row, layer, j, trail, depth, change) {
  const { layers, cost } = moment, { passed, delta, example } = row, last = layer === layers.length - 1;
  const { activation } = layers[layer], slope = ACTIVATIONS[activation].slope(passed.a[layer + 1][j], passed.z[layer][j]);
  const title = phrase(last ? WORDS.deltaOutput : WORDS.deltaHidden, { layer: layer + 1, number: j + 1, point: row.point + 1 });
  const { named, terms } = last ? outputDelta(moment, row, layer) : hiddenDelta(layers, delta, layer, j);
  const arriving = last ? COSTS[cost].slope(outputOf(passed), example.target)
    : arrivingFrom(layers[layer + 1], delta[layer + 1], j);
  const bare = terms.length < 2, end = [...(bare ? [] : [sign(")")]), sign("·"), number(slope)];
  const lines = element("p", {}, ...inPieces([
    [deltaName(layer, j), sign("="), ...named, sign("·"), slopeName(activation, layer, j)],
    ...sumInPieces(bare ? [sign("=")] : [sign("="), sign("(")], terms, end),
    [sign("="), factor(arriving, "gradient"), sign("·"), number(slope)],
    [sign("="), number(delta[layer][j], "gradient")],
  ]));
  const above = last ? costSlope(moment, row, layer) : furtherButtons(layers, layer, trail, depth, change);
  return element("section", { class: "delta" }, element("h3", {}, title), lines, ...(above ? [above] : []));
}

// ∂C/∂a: a - y for the quadratic cost; for cross-entropy it has a line of its own.
function outputDelta({ cost }, { passed, example }, layer) {
  const a = outputOf(passed), y = example.target, name = () => activationName(layer + 1, 0);
  if (cost === "quadratic") {
    const difference = inBrackets(number(a, "value"), sign("−"), factor(y));
    return { named: [inBrackets(name(), sign("−"), letter("y"))], terms: [difference] };
  }
  return { named: [partialOf(name())], terms: [] };
}

// The derivative of cross-entropy in the output, from p or from the logit z, as nn.losses has it; null for the quadratic cost.
function costSlope({ cost }, { passed, example }, layer) {
  const a = outputOf(passed), y = example.target, name = () => activationName(layer + 1, 0);
  if (cost === "quadratic") return null;
  const result = number(COSTS[cost].slope(a, y), "gradient"), one = () => number(1);
  if (cost === "binary_cross_entropy_with_logits") {
    return element("p", {}, ...inPieces([
      [partialOf(name()), sign("="), letter("σ"), inBrackets(name()), sign("−"), letter("y")],
      [sign("="), letter("σ"), inBrackets(number(a, "value")), sign("−"), number(y)], [sign("="), result],
    ]));
  }
  const shares = (target, p) => [
    fraction(inRow(one(), sign("−"), target()), inRow(one(), sign("−"), p())), sign("−"), fraction(target(), p()),
  ];
  return element("p", {}, ...inPieces([
    [partialOf(name()), sign("="), ...shares(() => letter("y"), name)],
    [sign("="), ...shares(() => number(y), () => number(a, "value"))], [sign("="), result],
  ]));
}

// Σ w δ over the neurons above that read this one.
function hiddenDelta(layers, delta, layer, j) {
  const above = layers[layer + 1], wide = above.weight.length > 9 || above.weight[0].length > 9;
  const terms = above.weight.map((row, i) =>
    inRow(factor(row[j], "weight-text", 4), sign("·"), factor(delta[layer + 1][i], "gradient", 4)));
  if (terms.length === 1) {
    return { named: [weightName({ layer: layer + 1, to: 0, from: j }, wide), sign("·"), deltaName(layer + 1, 0)], terms };
  }
  const everyWeight = indexed("w", layer + 2, `i${wide ? "," : ""}${j + 1}`, "weight-text");
  return { named: [inBrackets(letter("Σ"), everyWeight, sign("·"), indexed("δ", layer + 2, "i", "gradient"))], terms };
}

function furtherButtons(layers, layer, trail, depth, change) {
  const next = trail[depth + 1];
  const buttons = layers[layer + 1].bias.map((_, i) => {
    const pressed = Boolean(next) && next[1] === i;
    const text = phrase(WORDS.derive, { layer: layer + 2, number: i + 1 });
    const button = element("button", { type: "button", "aria-pressed": String(pressed) }, text);
    button.addEventListener("click", () => change([...trail.slice(0, depth + 1), ...(pressed ? [] : [[layer + 1, i]])]));
    return button;
  });
  return element("p", { class: "further" }, ...buttons);
}
