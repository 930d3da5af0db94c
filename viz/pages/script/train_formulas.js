// Formulas of backpropagation as MathML. Blue is a value, vermilion a gradient, teal a weight.

import { show } from "./numbers.js";
import { maths } from "./train_dom.js";

export function equation(...parts) {
  return maths("math", { displaystyle: "true" }, maths("mrow", {}, ...parts));
}

export function sign(text) {  // plus and equals have room on both sides, also where a line begins with them
  return maths("mo", { form: (text === "+" || text === "=") && "infix" }, text);
}

export function letter(text, kind) {
  return maths("mi", { class: kind }, text);
}

// A letter with its layer above and its place below: the weight to neuron 2 from number 1 in layer 1.
export function indexed(text, layer, below, kind) {
  const above = inRow(sign("("), maths("mn", {}, String(layer)), sign(")"));
  return maths("msubsup", { class: kind }, maths("mi", {}, text), maths("mn", {}, below), above);
}

export function number(x, kind, digits = 5) {
  const [mantissa, power] = show(Math.abs(x), digits).split("e");
  const size = [maths("mn", {}, mantissa)];
  if (power !== undefined) {
    const exponent = maths("mn", {}, String(Number(power)).replace("-", "−"));
    size.push(sign("·"), maths("msup", {}, maths("mn", {}, "10"), exponent));
  }
  return maths("mrow", { class: kind }, ...(x < 0 ? [sign("−")] : []), ...size);
}

// A number as a factor or a later term: in parentheses if it is negative.
export function factor(x, kind, digits) {
  return x < 0 ? maths("mrow", {}, sign("("), number(x, kind, digits), sign(")")) : number(x, kind, digits);
}

export function inRow(...parts) {
  return maths("mrow", {}, ...parts);
}

export function inBrackets(...parts) {
  return maths("mrow", {}, sign("("), ...parts, sign(")"));
}

export function fraction(top, bottom) {
  return maths("mfrac", {}, top, bottom);
}

export function partialOf(thing) {
  return fraction(maths("mrow", { class: "gradient" }, letter("∂"), letter("C")), inRow(letter("∂"), thing));
}

// A sum in pieces that a line can be broken between, each a list of parts: "= (", the terms, and what comes after.
export function sumInPieces(begin, terms, end) {
  const last = terms.length - 1;
  return terms.map((term, i) => [...(i ? [sign("+")] : begin), term, ...(i === last ? end : [])]);
}

// The pieces side by side, each an equation of its own.
export function inPieces(pieces) {
  return pieces.flatMap(parts => [equation(...parts), " "]);
}

// Parts with a sign between each two.
export function joined(parts, text) {
  return parts.flatMap((part, i) => i ? [sign(text), part] : [part]);
}

export function weightName({ layer, to, from }, wide) {
  if (from === "b") return indexed("b", layer + 1, String(to + 1), "weight-text");
  return indexed("w", layer + 1, `${to + 1}${wide ? "," : ""}${from + 1}`, "weight-text");
}

// The activation of a neuron, or an input: layer 0.
export function activationName(layer, j) {
  return layer === 0 ? maths("msub", { class: "value" }, maths("mi", {}, "x"), maths("mn", {}, String(j + 1)))
    : indexed("a", layer, String(j + 1), "value");
}

export function deltaName(layer, j) {
  return indexed("δ", layer + 1, String(j + 1), "gradient");
}

// f'(z) with the activation's own letter where it has one.
export function slopeName(activation, layer, j) {
  const name = activation === "sigmoid" ? "σ" : activation;
  return inRow(letter(`${name}′`), inBrackets(indexed("z", layer + 1, String(j + 1), "value")));
}
