// "How did this weight move?": the chain rule of one weight or bias with the numbers of an update, at the weights before it.
//
// All weights of an update move together, so everything here is computed with moment.layers, which no update has touched.

import { ACTIVATIONS, WORDS } from "./data.js";
import { show } from "./numbers.js";
import { COSTS } from "./train_costs.js";
import { element, phrase } from "./train_dom.js";
import {
  activationName, deltaName, equation, factor, inBrackets, indexed, inRow, joined, letter, number, partialOf, sign, slopeName, weightName,
} from "./train_formulas.js";
import { arrivingFrom, backward, forward, outputOf, parameterName, parameterOf } from "./train_network.js";

const MOST_ROWS = 200;

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
  return element("div", { class: "board" },
    element("h3", {}, title),
    ruleOf(parameter, name),
    contributionsTable(parameter, rows, row, mean, (i, point) => { change({ row: i, trail: [[parameter.layer, parameter.to]] }); choosePoint(point); }),
    stepOf(name, before, moment.rate, mean),
    deltasOf(moment, rows[row], open.trail, trail => change({ row, trail })),
  );
}

function ruleOf(parameter, name) {
  const parts = [partialOf(name()), sign("="), deltaName(parameter.layer, parameter.to)];
  if (parameter.from !== "b") parts.push(sign("·"), activationName(parameter.layer, parameter.from));
  return element("p", { class: "rule" }, equation(...parts), element("span", { class: "soft" }, WORDS.forEach));
}

function contributionsTable(parameter, rows, chosen, mean, choose) {
  const bias = parameter.from === "b";
  const heads = [WORDS.point, equation(deltaName(parameter.layer, parameter.to))];
  if (!bias) heads.push(equation(activationName(parameter.layer, parameter.from)), equation(deltaName(parameter.layer, parameter.to), sign("·"), activationName(parameter.layer, parameter.from)));
  const body = rows.slice(0, MOST_ROWS).map((row, i) => {
    const button = element("button", { type: "button", "aria-pressed": String(i === chosen), "aria-label": phrase(WORDS.deriveFor, { point: row.point + 1 }) }, String(row.point + 1));
    button.addEventListener("click", () => choose(i, row.point));
    const cells = [element("th", { scope: "row" }, button), cell(row.d, "gradient")];
    if (!bias) cells.push(cell(row.a, "value"), cell(row.product, "gradient"));
    return element("tr", i === chosen ? { class: "chosen" } : {}, ...cells);
  });
  const foot = element("tr", {}, element("th", { scope: "row", colspan: bias ? 1 : 3 }, phrase(WORDS.meanOf, { count: rows.length })), cell(mean, "gradient"));
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": WORDS.contributions }, element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map(head => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...body), element("tfoot", {}, foot)));
}

function cell(x, kind) {
  return element("td", { class: kind }, show(x, 5));
}

function stepOf(name, before, rate, mean) {
  const after = before - rate * mean;
  return element("p", { class: "step" },
    equation(name(), sign("←"), name(), sign("−"), letter("η"), sign("·"), partialOf(name())), " ",
    equation(sign("="), number(before, "weight-text", 6), sign("−"), number(rate), sign("·"), factor(mean, "gradient")), " ",
    equation(sign("="), number(after, "weight-text", 6)));
}

// δ of a neuron for one example; each δ above can be derived in turn.
function deltasOf(moment, row, trail, change) {
  const blocks = trail.map(([layer, j], depth) => deltaBlock(moment, row, layer, j, trail, depth, change));
  return element("div", { class: "deltas" }, ...blocks);
}

function deltaBlock(moment, row, layer, j, trail, depth, change) {
  const { layers, cost } = moment, { passed, delta, example } = row;
  const z = passed.z[layer][j], a = passed.a[layer + 1][j], f = ACTIVATIONS[layers[layer].activation];
  const slope = f.slope(a, z), last = layer === layers.length - 1;
  const title = phrase(last ? WORDS.deltaOutput : WORDS.deltaHidden, { layer: layer + 1, number: j + 1, point: row.point + 1 });
  const lines = last ? outputDelta(moment, row, layer) : hiddenDelta(layers, delta, layer, j);
  const arriving = last ? COSTS[cost].slope(outputOf(passed), example.target) : arrivingFrom(layers[layer + 1], delta[layer + 1], j);
  const block = element("section", { class: "delta" }, element("h4", {}, title),
    element("p", {},
      equation(deltaName(layer, j), sign("="), ...lines.named, sign("·"), slopeName(layers[layer].activation, layer, j)), " ",
      equation(sign("="), ...lines.numbers, sign("·"), number(slope)), " ",
      equation(sign("="), factor(arriving, "gradient"), sign("·"), number(slope)), " ",
      equation(sign("="), number(delta[layer][j], "gradient"))));
  if (!last) block.append(furtherButtons(layers, layer, trail, depth, change));
  return block;
}

function outputDelta({ cost }, { passed, example }, layer) {
  const a = outputOf(passed), y = example.target, name = () => activationName(layer + 1, 0);
  if (cost === "quadratic") {
    return { named: [inBrackets(name(), sign("−"), letter("y"))], numbers: [inBrackets(number(a, "value"), sign("−"), factor(y))] };
  }
  return { named: [partialOf(name())], numbers: [factor(COSTS[cost].slope(a, y), "gradient")] };
}

function hiddenDelta(layers, delta, layer, j) {
  const above = layers[layer + 1], wide = above.weight.length > 9 || above.weight[0].length > 9;
  const terms = above.weight.map((row, i) => [factor(row[j], "weight-text", 4), sign("·"), factor(delta[layer + 1][i], "gradient", 4)]);
  const several = terms.length > 1;
  const named = several
    ? [letter("Σ"), indexed("w", layer + 2, `i${wide ? "," : ""}${j + 1}`, "weight-text"), sign("·"), indexed("δ", layer + 2, "i", "gradient")]
    : [weightName({ layer: layer + 1, to: 0, from: j }, wide), sign("·"), deltaName(layer + 1, 0)];
  const numbers = joined(terms.map(term => inRow(...term)), "+");
  return { named, numbers: several ? [inBrackets(...numbers)] : numbers };
}

function furtherButtons(layers, layer, trail, depth, change) {
  const next = trail[depth + 1];
  const buttons = layers[layer + 1].bias.map((_, i) => {
    const pressed = Boolean(next) && next[1] === i;
    const button = element("button", { type: "button", "aria-pressed": String(pressed) }, phrase(WORDS.derive, { layer: layer + 2, number: i + 1 }));
    button.addEventListener("click", () => change([...trail.slice(0, depth + 1), ...(pressed ? [] : [[layer + 1, i]])]));
    return button;
  });
  return element("p", { class: "further" }, ...buttons);
}
