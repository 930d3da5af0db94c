// The panels beside the drawing: the selected point with its numbers, and the weights of the selected neuron.

import { FUNCTIONS, WORDS } from "./data.js";
import { arithmetic, show } from "./numbers.js";
import { COSTS } from "./train_costs.js";
import { element, phrase } from "./train_dom.js";
import { activationName, factor, indexed, inBrackets, inPieces, inRow, joined } from "./train_formulas.js";
import { letter, number, sign, sumInPieces, weightName } from "./train_formulas.js";
import { outputOf, parameterName, parameterOf } from "./train_network.js";

// The selected point: its numbers, which can be typed; what the network answers; what this costs.
export function pointPanel(run, index, passed, middle, told) {
  if (index === null) return [element("p", { class: "soft" }, WORDS.noPoint)];
  const [x1, x2, kind] = run.points[index], target = kind ? 1 : run.low, a = outputOf(passed);
  const right = (a >= middle) === Boolean(kind);
  return [
    element("div", { class: "row" },
      button("‹", () => told.select((index + run.points.length - 1) % run.points.length), WORDS.previousPoint),
      element("strong", {}, phrase(WORDS.pointOf, { number: index + 1, count: run.points.length })),
      button("›", () => told.select((index + 1) % run.points.length), WORDS.nextPoint),
      button(phrase(WORDS.toClass, { kind: 1 - kind }), () => told.change(index, [x1, x2, 1 - kind])),
      button(WORDS.delete, () => told.remove(index)),
      button(WORDS.unselect, () => told.select(null))),
    element("div", { class: "row" },
      numberField("x1", x1, value => told.change(index, [value, x2, kind])),
      numberField("x2", x2, value => told.change(index, [x1, value, kind]))),
    element("p", {}, phrase(right ? WORDS.answersRight : WORDS.answersWrong, {
      a: show(a, 5), target: show(target), cost: show(COSTS[run.cost].value(a, target), 5),
    })),
  ];
}

function button(text, act, label) {
  const made = element("button", { type: "button", "aria-label": label }, text);
  made.addEventListener("click", act);
  return made;
}

// A field for a number; what cannot be read is refused with a sentence beneath it, and nothing changes.
function numberField(name, value, accept) {
  const field = element("input", { type: "text", inputmode: "decimal", autocomplete: "off", value: show(value, 12) });
  const trouble = element("span", { class: "trouble", role: "alert" });
  const read = () => {
    const { value: found, error } = arithmetic(field.value, FUNCTIONS);
    trouble.textContent = error || "";
    field.setAttribute("aria-invalid", String(Boolean(error)));
    if (!error && found !== value) accept(found);
  };
  field.addEventListener("change", read);
  return element("label", {}, `${name} = `, field, trouble);
}

// The weights of a neuron as buttons, and what it computes for the selected point.
export function neuronPanel(layers, selected, passed, point, choose) {
  if (!selected) return [element("p", { class: "soft" }, WORDS.noWeight)];
  const { layer, to } = selected, activation = layers[layer].activation;
  const places = [...layers[layer].weight[to].keys(), "b"].map(from => ({ layer, to, from }));
  const list = places.map(place => {
    const chosen = place.from === selected.from;
    const made = element("button", { type: "button", class: "parameter", "aria-pressed": String(chosen) },
      `${parameterName(layers, place)} = ${show(parameterOf(layers, place), 4).replace("-", "−")}`);
    made.addEventListener("click", () => choose(place));
    return made;
  });
  const parts = [
    element("h2", {}, phrase(WORDS.neuronOf, { layer: layer + 1, number: to + 1, activation })),
    element("div", { class: "parameters" }, ...list),
  ];
  if (passed) parts.push(...forwardOf(layers, layer, to, passed, point));
  return parts;
}

// z = Σ w a + b and a = f(z), with the numbers of one point.
function forwardOf(layers, layer, j, passed, point) {
  const { weight, bias, activation } = layers[layer], below = passed.a[layer], wide = weight.length > 9 || weight[0].length > 9;
  const z = passed.z[layer][j], place = from => ({ layer, to: j, from });
  const zName = () => indexed("z", layer + 1, String(j + 1), "value");
  const everyWeight = indexed("w", layer + 1, `${j + 1}${wide ? "," : ""}k`, "weight-text");
  const everyInput = layer === 0 ? letter("x", "value") : indexed("a", layer, "k", "value");
  const named = below.length > 3 ? [letter("Σ"), everyWeight, sign("·"), everyInput]
    : joined(below.map((_, k) => times(weightName(place(k), wide), activationName(layer, k))), "+");
  const terms = below.map((x, k) => times(factor(weight[j][k], "weight-text", 4), factor(x, "value", 4)));
  return [
    element("h3", {}, phrase(WORDS.forwardFor, { point: point + 1 })),
    element("p", {}, ...inPieces([
      [zName(), sign("="), ...named, sign("+"), weightName(place("b"), wide)],
      ...sumInPieces([sign("=")], [...terms, factor(bias[j], "weight-text", 4)], []), [sign("="), number(z, "value")],
    ])),
    element("p", {}, ...inPieces([
      [activationName(layer + 1, j), sign("="), ...functionOf(activation, zName())],
      [sign("="), ...functionOf(activation, number(z, "value"))], [sign("="), number(passed.a[layer + 1][j], "value")],
    ])),
  ];
}

// f(z); a linear neuron answers z itself.
function functionOf(activation, z) {
  return activation === "linear" ? [z] : [letter(activation === "sigmoid" ? "σ" : activation), inBrackets(z)];
}

function times(first, second) {
  return inRow(first, sign("·"), second);
}
