import { NumberReader, RAISED, Refusal, said, unreadable } from "./typed.js";

// Numbers as they are written, and the value of a number that a reader has typed.

const NAMED_NUMBERS = { pi: Math.PI, "π": Math.PI, e: Math.E };
const OPERATIONS = {
  "+": "add", "-": "sub", "*": "mul", "/": "div", "**": "power", negative: "neg", "√": "sqrt", absolute: "abs", if: "where",
  ">": "greater", "<": "greater", ">=": "greater_equal", "<=": "greater_equal",
};

// A number to some significant digits, as Python's format "g" writes it; minus zero is 0.
export function show(x, digits = 6) {
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const [mantissa, power] = halfToEven(x, digits).split("e"), exponent = Number(power);
  if (exponent >= -4 && exponent < digits) return String(Number(`${mantissa}e${power}`));
  return `${Number(mantissa)}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

// The number in exponential form, rounded. Where it lies exactly between two, Python takes the even one, JavaScript the larger.
function halfToEven(x, digits) {
  const exact = x.toExponential(40), cut = exact.indexOf(".") + digits;
  const isHalf = digits > 1 && /^50*e/.test(exact.slice(cut)) && "02468".includes(exact[cut - 1]);
  return isHalf ? exact.slice(0, cut) + exact.slice(exact.indexOf("e")) : x.toExponential(digits - 1);
}

// The number with its sign, which a positive one has too.
export function signed(x, digits = 6) {
  const text = show(x, digits);
  return x > 0 ? "+" + text : text;
}

// What a reader has typed: {value} or {error}, a sentence. `functions` is the table that typed.py writes: by name, either
// another name or [function, how many operands (null for any number), more]; more may have parameter and default (of a last
// operand that may be left out), many (the name for more operands), written (how it is written), fault and domain.
export function arithmetic(text, functions) {
  try {
    return { value: runOn(new NumberReader(text).program(), text, functions) };
  } catch (refusal) {
    if (refusal instanceof Refusal) return { error: refusal.message };
    throw refusal;
  }
}

// The result of what was read; each operation is the table's function of that name.
function runOn(code, text, functions) {
  const stack = [];
  for (const step of code) {
    const operands = stack.splice(stack.length - step.takes);
    if (step.action === "number" && !Number.isFinite(step.number)) throw unreadable(text, step.start, said("large"));
    if (step.action === "number") stack.push(step.number);
    else if (step.action === "name") stack.push(named(step, text, functions));
    else stack.push(applied(step, operands, text, functions));
  }
  return stack.pop();
}

function named(step, text, functions) {
  if (Object.hasOwn(NAMED_NUMBERS, step.name)) return NAMED_NUMBERS[step.name];
  const short = step.name.length > 30 ? step.name.slice(0, 30) + "..." : step.name;
  throw unreadable(text, step.start, said(Object.hasOwn(functions, step.name) ? "function" : "noNumber", short));
}

function applied(step, given, text, functions) {
  let name = step.action === "call" ? step.name : OPERATIONS[step.action];
  if (!Object.hasOwn(functions, name)) throw unreadable(text, step.start, said("noFunction", name.slice(0, 30)));
  if (typeof functions[name] === "string") name = functions[name];
  if (given.length > functions[name][1] && functions[name][2].many) name = functions[name][2].many;
  const [compute, count, more] = functions[name], wrong = wrongCount(name, given.length, count, more.parameter);
  if (wrong) throw unreadable(text, step.start, wrong);
  const operands = inOrder(step.action, given);
  if (more.parameter && operands.length === count) operands.push(more.default);
  const result = compute(...operands);
  if (Number.isFinite(result)) return result;
  throw new Refusal(withoutResult(operands, more));
}

// What is said if a function has too few or too many operands; it takes `count` (null: any number), and perhaps a parameter.
function wrongCount(name, given, count, parameter) {
  const least = count === null ? 1 : count, most = count === null ? Infinity : parameter ? count + 1 : count;
  if (given >= least && given <= most) return "";
  const takes = count === null ? said("takesMany") : said(count > 1 ? "takesSeveral" : "takesOne", count);
  return said("takes", name, parameter ? takes + said("takesPerhaps", parameter) : takes, given);
}

function inOrder(action, operands) {  // x if c else y is computed as where(c, x, y), and x < y as y > x
  if (action === "if") return [operands[1], operands[0], operands[2]];
  return action.startsWith("<") ? [operands[1], operands[0]] : [...operands];
}

// Why an operation has no result, in the engine's words, and what would do instead.
function withoutResult(operands, more) {
  const written = more.written.replace(/\ue000(\(?)(\w+)\)?\ue001/g, (_, parenthesis, place) => {
    if (place === "p") return raised(show(operands.at(-1)));
    const number = place === "all" ? operands.map(x => show(x)).join(", ") : show(operands[place]);
    return parenthesis && number.startsWith("-") ? `(${number})` : number;
  });
  const domains = more.byExponent ? [more.byExponent[kindOfExponent(operands.at(-1))]] : more.domain;
  const outside = domains.findIndex((domain, i) => domain && !within(operands[i], domain));
  if (outside < 0) return said("overflows", written);
  return said("works", `${written} ${more.fault}`, domains[outside].words.replace("{}", said("number")), show(operands[outside]));
}

function raised(text) {  // an exponent: ⁻² if it is written as a whole number, **0.5 if not
  if (!/^-?\d+$/.test(text)) return `**${text}`;
  return [...text].map(sign => (sign === "-" ? "⁻" : RAISED[sign])).join("");
}

const kindOfExponent = p => (Number.isInteger(p) ? 0 : 2) + (p < 0 ? 1 : 0);

function within(x, { low, high, closed, hole }) {  // whether x is in a domain; a bound may be null, for none
  return (low === null || x > low || (closed && x === low)) && (high === null || x < high || (closed && x === high)) &&
    !(hole && x === 0);
}
