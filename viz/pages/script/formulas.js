import { show } from "./numbers.js";

// Formulas, as text and as MathML: the templates of mathml.py filled, names and numbers set, equations that can wrap.
// A template has places \ue000 key \ue001, filled by words(key), which gives {text, math, negative, power}: nameWords and
// numberWords below make that. A place \ue000 (key) \ue001 has parentheses if what is put there needs them.

const PLACES = /\ue000(\(?)(\w+)\)?\ue001/g;
const SPELLED = "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi chi psi omega";
const GREEK_LETTERS = Object.fromEntries(SPELLED.split(" ").map((name, i) => [name, "αβγδεζηθκλμνξπρστφχψω"[i]]));
const TIMES = "<mo>⋅</mo>";
const TIGHT = 'form="prefix" lspace="0" rspace="0"';  // of a sign that belongs to what follows it

// --- filling ---

export function fillText(template, words) {
  const filled = template.replace(PLACES, (_, parenthesis, key) => {
    const { text, negative } = words(key);
    return parenthesis && negative ? `(${text})` : text;
  });
  // 2·x is written 2x, as the engine does
  return filled.replace(/(^|[(\s])(-?\d+)·(\p{L}+)(?![\p{L}\d_(^⁻⁰¹²³⁴⁵⁶⁷⁸⁹])/gu, "$1$2$3");
}

// The places of a template: which operands (0, 1, ...) it names, and r for the result.
export const placesOf = template => [...template.matchAll(PLACES)].map(match => match[2]);

export function fillMath(template, words) {
  const filled = template.replace(PLACES, (_, parenthesis, key) => {
    const { math, negative, power } = words(key);
    return parenthesis && (negative || power) ? inParentheses(math) : math;
  });
  return filled.replace(/(?<!<mo>⋅<\/mo>)(<mn[^>]*>\d+<\/mn>)<mo>⋅<\/mo>(<mi[^>]*>\p{L}+<\/mi>)/gu, "$1$2");
}

// A template as a factor of a product; `level` says how tightly it binds, as row_formulas gives it.
export function textFactor(template, level) {
  return level >= 2 ? template : markedPlace(template) || `(${template})`;
}

export function mathFactor(template, level) {
  return level >= 2 ? template : markedPlace(template) || inParentheses(template);
}

// A place alone, with parentheses only where they are needed; nothing for any other template.
function markedPlace(template) {
  const place = template.match(/^\ue000(\w+)\ue001$/);
  return place && `\ue000(${place[1]})\ue001`;
}

// --- what is put into places ---

export function nameWords(name, cssClass = "") {
  return { text: name, math: mathName(name, cssClass), negative: false, power: false };
}

export function numberWords(x, cssClass = "") {
  const text = show(x);
  return { text, math: mathNumber(x, cssClass), negative: text.startsWith("-"), power: text.includes("e") };
}

// A name: x, v1 as v with the subscript 1, out_h1, alpha as α, words upright; any other label as the text it is.
export function mathName(name, cssClass = "") {
  const attribute = classOf(cssClass), [stem, index] = nameParts(name);
  if (!/^\p{L}+$/u.test(stem)) return `<mtext${attribute}>${escapeMarkup(name).replace(/ /g, "\u00a0")}</mtext>`;
  if (!index) return letters(stem, attribute);
  return `<msub${attribute}>${letters(stem)}${/^[\d,]+$/.test(index) ? `<mn>${index}</mn>` : letters(index)}</msub>`;
}

// A name and its index: v and 1 of v1, out and h1 of out_h1, w and 3,11 of w3_11. Any other label has no index.
export function nameParts(name) {
  const parts = name.match(/^(\p{L}+)(?:_?(\d+(?:[_,]\d+)*)|_(\p{L}[\p{L}\d]*))?$/u);
  return parts ? [parts[1], (parts[2] ?? parts[3] ?? "").replaceAll("_", ",")] : [name, ""];
}

function letters(word, attribute = "") {
  return `<mi${attribute}>${Object.hasOwn(GREEK_LETTERS, word) ? GREEK_LETTERS[word] : word}</mi>`;
}

// A number, rounded as everywhere; 2.5e+20 is set as 2.5 times a power of ten.
export function mathNumber(x, cssClass = "") {
  const attribute = classOf(cssClass), text = show(x);
  const [, minus, mantissa, , exponent] = text.match(/^(-?)([^e]+)(e(.+))?$/);
  const sign = minus ? `<mo ${TIGHT}>−</mo>` : "";
  if (!exponent) return sign ? `<mrow${attribute}>${sign}<mn>${mantissa}</mn></mrow>` : `<mn${attribute}>${mantissa}</mn>`;
  const ten = `<msup><mn>10</mn>${mathNumber(Number(exponent))}</msup>`;
  return `<mrow${attribute}>${sign}${mantissa === "1" ? "" : `<mn>${mantissa}</mn>${TIMES}`}${ten}</mrow>`;
}

// --- what formulas are put together from ---

// ∂top/∂bottom as a fraction, of two names.
export function mathPartial(top, bottom, cssClass = "") {
  const changes = name => `<mrow><mo ${TIGHT}>∂</mo>${mathName(name)}</mrow>`;
  return `<mfrac${classOf(cssClass)}>${changes(top)}${changes(bottom)}</mfrac>`;
}

export function mathProduct(...factors) {
  return `<mrow>${factors.join(TIMES)}</mrow>`;
}

// A place that is still to be guessed.
export function mathHole(cssClass = "") {
  return `<mtext${classOf(cssClass)}>?</mtext>`;
}

export function inParentheses(math) {
  return `<mrow><mo>(</mo>${math}<mo>)</mo></mrow>`;
}

// The pieces with equals signs between them, each in a <math> of its own, so that a long equation can wrap before a sign.
export function equationOf(pieces) {
  return pieces.map((piece, i) => {
    const whole = i ? `<mrow><mo form="infix">=</mo>${piece}</mrow>` : piece;
    return `<math displaystyle="true">${whole}</math>`;  // fractions as large as the other letters
  }).join(" ");
}

// A text that is safe inside an element and inside an attribute.
function escapeMarkup(text) {
  return text.replace(/[&<>"']/g, sign => `&#${sign.codePointAt(0)};`);
}

function classOf(cssClass) {
  return cssClass ? ` class="${escapeMarkup(cssClass)}"` : "";
}
