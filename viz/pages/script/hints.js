import { WORDS } from "./data.js";
import { mathHole, mathName, mathNumber, mathPartial, mathProduct, inParentheses } from "./formulas.js";

// Whether a guess is right; and if not, a hint, and after a second wrong guess the formula with a hole in it.
// A hint says what the number is that was guessed, if it is the result of a known slip; it never says what is right.

const AS_SHOWN = 1e-5;  // relative: two factors that are read off the page have six digits each

// judge(question, guess, tries) gives {right: true}, or {right: false, hint, hole}.
//   question   kind      "value" (of a result), "local" (derivative) or "gradient"
//              truth     the number that is asked for
//              names     {output, to, from}: in ∂output/∂from = ∂output/∂to · ∂to/∂from; for a value, `to` is the result
//              operands  the numbers that the operation was applied to, and `position`, which of them `from` is
//              result    the value of `to`
//              slope     ∂to/∂from;  arriving  ∂output/∂to;  before  what other paths have brought, 0 if none has
//              formula   as MathML: for a value, the operation with its numbers; for a local derivative, its formula
//   guess      {text, value}: what was typed, and the number it is
//   tries      how many guesses were wrong before this one
//   hole       null at the first wrong guess; then pieces for equationOf
export function judge(question, guess, tries) {
  const isNear = number => Number.isFinite(number) && agrees(guess, number, question);
  if (isNear(question.truth)) return { right: true };
  const slip = SLIPS[question.kind](question).find(([, number]) => isNear(number));
  const name = slip ? slip[0] : fallback(question);
  const hole = tries > 0 ? HOLES[question.kind](question, name) : null;
  return { right: false, hint: hintText(question, name), hole };
}

// A guess equals a number if it does so in the digits that were typed, rounded or cut off; there must be two of them.
// Whatever is not a plain decimal, such as 1/3, must be as near as what the page shows.
function agrees({ text, value }, number, { before = 0 }) {
  if (Math.abs(value - number) <= AS_SHOWN * Math.max(Math.abs(number), Math.abs(before))) return true;
  const plain = text.trim().match(/^[-+]?(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/);
  if (!plain) return false;
  const [, whole, decimals, exponent] = plain, digits = (whole + decimals).replace(/^0+/, "").length;
  const unit = 10 ** (Number(exponent || 0) - decimals.length), off = Math.abs(number) - Math.abs(value);
  const sameSign = Math.sign(value) === Math.sign(number), roundedUp = -unit / 2, cutOff = unit * (1 - 1e-9);
  return digits >= 2 && sameSign && off >= roundedUp * (1 + 1e-9) && off < cutOff;
}

// What else a guess may be: [name in words.json, number], the likeliest first.
const SLIPS = {
  value({ truth, operands }) {
    const found = [["sign", -truth], ...operands.map(x => ["operandAlone", x])];
    if (operands.length !== 2) return found;
    const [x, y] = operands;
    return [["added", x + y], ["multiplied", x * y], ["subtracted", x - y], ["subtracted", y - x],
      ["quotient", x / y], ["quotient", y / x], ["raised", x ** y], ...found];
  },
  local({ truth, operands, position, result, arriving }) {
    return [["sign", -truth], ["arrivesToo", arriving * truth], ["ownValue", operands[position]], ["resultValue", result],
      ["otherWay", 1 / truth], ["arrivesAlone", arriving]];
  },
  gradient({ truth, arriving, slope, before = 0 }) {
    const share = arriving * slope;
    const ofPaths = before === 0 ? [] : [["pathAlone", share], ["beforeAlone", before], ["pathSign", before - share],
      ["pathsMultiplied", before * share]];
    return [["sign", -truth], ["slopeAlone", slope], ["arrivingAlone", arriving], ...ofPaths, ["divided", arriving / slope],
      ["divided", slope / arriving], ["factorsAdded", arriving + slope]];
  },
};

// The hint for a number that no slip explains.
function fallback({ kind, before = 0 }) {
  if (kind === "gradient") return before === 0 ? "multiply" : "multiplyAndAdd";
  return kind === "local" ? "nudge" : "insert";
}

function hintText({ names }, name) {
  return WORDS.hints[name].replace(/\{(\w+)\}/g, (_, key) => names[key]);
}

// The formula with a hole: what is asked for, or the factor that was forgotten.
const HOLES = {
  value: ({ names, formula }) => [mathName(names.to), formula, mathHole()],
  local: ({ names, formula }) => [mathPartial(names.to, names.from), formula, mathHole()],
  gradient({ names, arriving, slope, before = 0 }, slip) {
    const isSum = before !== 0, hasSlope = slip === "slopeAlone";
    const whole = math => (isSum ? `<mrow>${mathNumber(before)}<mo>+</mo>${math}</mrow>` : math);
    const named = mathProduct(mathPartial(names.output, names.to), mathPartial(names.to, names.from));
    const first = hasSlope ? mathHole() : isSum ? factorOf(arriving) : mathNumber(arriving);
    const numbered = mathProduct(first, hasSlope ? factorOf(slope) : mathHole());
    return [mathPartial(names.output, names.from), whole(named), whole(numbered)];
  },
};

function factorOf(x) {  // a negative number in parentheses
  return x < 0 ? inParentheses(mathNumber(x)) : mathNumber(x);
}
