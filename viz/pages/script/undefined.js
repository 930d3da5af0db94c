import { NODES } from "./data.js";
import { broken, operandsOf, rowOf, values } from "./model.js";
import { fillText } from "./formulas.js";
import { show } from "./numbers.js";
import { say } from "./words.js";

// What does not exist, in the engine's words: which operation, at which numbers, and what would work instead.

const nameOf = i => (NODES[i].constant && !NODES[i].label ? show(values[i]) : NODES[i].name);

function lies(x, { low, high, closed, hole }) {
  // whether x is in a domain; a bound may be null, for none
  return (
    (low === null || x > low || (closed && x === low)) &&
    (high === null || x < high || (closed && x === high)) &&
    !(hole && x === 0)
  );
}

const outsideOf = (domains, operands) => domains.findIndex((domain, k) => domain && !lies(operands[k], domain));

const formulaOf = (template, i) =>
  fillText(template, key => ({ text: key === "r" ? NODES[i].name : nameOf(NODES[i].operands[key]), negative: false }));

function works(domain, j) {
  return NODES[j].constant
    ? say("any works in place", { which: domain.words.replace("{}", say("number")), number: show(values[j]) })
    : say("any works", { which: domain.words.replace("{}", NODES[j].name) });
}

function labelledBelow(i) {
  // the nearest labelled values that a node comes from
  const found = [],
    seen = new Set(),
    stack = [...NODES[i].operands].reverse();
  while (stack.length && found.length < 4) {
    const j = stack.pop();
    if (seen.has(j)) continue;
    seen.add(j);
    if (NODES[j].label) found.push(j);
    else stack.push(...[...NODES[j].operands].reverse());
  }
  return found;
}

function numbersOf(i, origins) {
  return [...new Set(NODES[i].operands)]
    .filter(j => !NODES[j].constant)
    .map(j => {
      const from =
        origins && NODES[j].operands.length && !NODES[j].label
          ? labelledBelow(j).map(k => `${NODES[k].name} = ${show(values[k])}`)
          : [];
      const number = `${NODES[j].name} = ${show(values[j])}`;
      return from.length ? say("with origins", { number, origins: from.join(", ") }) : number;
    })
    .join(", ");
}

// The sentence for where the arithmetic broke off; "" if it did not.
export function trouble() {
  if (!broken) return "";
  return broken.operand === null ? valueSentence(broken.node) : slopeSentence(broken.node, broken.operand);
}

function valueSentence(i) {
  const node = NODES[i],
    row = rowOf(i),
    outside = outsideOf(row.domain, operandsOf(i));
  const said = {
    name: node.name,
    formula: formulaOf(row.formulas.text.value, i),
    fault: row.fault,
    numbers: numbersOf(i, false),
  };
  if (outside < 0) return say("overflows", said);
  const j = node.operands[outside],
    remedy = works(row.domain[outside], j);
  if (NODES[j].constant) return `${say("undefined", said)} ${remedy}`;
  const slope = formulaOf(row.formulas.text.slopes[outside], i);
  return `${say("undefined", said)} ${say("neither exists", { ...said, operand: NODES[j].name, slope })} ${remedy}`;
}

function slopeSentence(i, k) {
  const node = NODES[i],
    row = rowOf(i),
    outside = outsideOf(row.smooth, operandsOf(i));
  const said = {
    name: node.name,
    operand: NODES[node.operands[k]].name,
    formula: formulaOf(row.formulas.text.value, i),
    number: show(values[i]),
    slope: formulaOf(row.formulas.text.slopes[k], i),
    numbers: numbersOf(i, true),
  };
  if (outside < 0) return say("slope too large", said);
  return `${say("no slope", said)} ${works(row.smooth[outside], node.operands[outside])}`;
}
