import { GROUPS, NODES } from "./data.js";
import { arrivedBy, itemOf, localOf, shareOf, steps, totalBy, weightsOf } from "./folds.js";
import {
  fillMath,
  fillText,
  inParentheses,
  mathFactor,
  mathName,
  mathNumber,
  mathPartial,
  nameWords,
  numberWords,
  textFactor,
} from "./formulas.js";
import { gradients, LAST, operandsOf, rowOf, slopes, values } from "./model.js";
import { DONE, isCovered, reached, valueCovered } from "./moments.js";
import { show } from "./numbers.js";
import { state } from "./state.js";
import { say } from "./words.js";

// What a step says: as a formula, as a line of text (for the list and for a screen reader), and as a sentence. A number that
// is covered is a hole in all of them.

const SPACE = "\u00a0"; // an ordinary space at the edge of an element is dropped
const HOLE = '<mtext class="hole">?</mtext>';
const OUTPUT = NODES[LAST].name;
const partialText = i => `∂${OUTPUT}/∂${NODES[i].name}`;
const partialMath = i => mathPartial(OUTPUT, NODES[i].name);
const inSum = x => (x < 0 ? `(${show(x)})` : show(x));
const safe = (x, look) => (x < 0 ? inParentheses(mathNumber(x, look)) : mathNumber(x, look));

const hidesValue = i => !NODES[i].constant && itemOf[i].node === i && valueCovered(itemOf[i]);
export const hidesGradient = item => state.cover === "gradient" && item.arrivals.some(link => isCovered(steps[link.step - 1]));

// The operands of a node for a template: by name, or by number.
const operand = (i, key) => (key === "r" ? i : NODES[i].operands[key]);
const byName = i => key => {
  const j = operand(i, key);
  return NODES[j].constant && !NODES[j].label ? numberWords(values[j]) : nameWords(NODES[j].name);
};
const byNumber = i => key => {
  const j = operand(i, key);
  return hidesValue(j) ? { text: "?", math: HOLE, negative: false } : numberWords(values[j], "value");
};

// {pieces: MathML, each of which may begin a line; subject: what it is about; text: the whole line; sentence}. While a step
// waits for an answer, only what is asked for and the rule in letters are shown: a hint may put the numbers in.
export function stepWords(step) {
  const words = wordsInFull(step);
  return step && isCovered(step) ? { ...words, ...words.asked } : words;
}

export function wordsInFull(step) {
  if (!step) return { pieces: [], subject: "", text: say("given"), sentence: say("given hint") };
  if (step.kind === "seed") return seedWords();
  if (step.kind === "inside") return insideWords(step.item);
  if (step.kind === "forward") return step.item.group === null ? valueWords(step) : foldWords(step);
  return localOf(step.link) === null ? bundleWords(step) : productWords(step);
}

function seedWords() {
  return {
    pieces: [partialMath(LAST), `<mo>=</mo>${mathNumber(1, "gradient")}`],
    subject: partialText(LAST),
    text: `${partialText(LAST)} = 1`,
    sentence: say("seed", { name: OUTPUT }),
  };
}

function valueWords(step) {
  const i = step.item.node,
    { formulas } = rowOf(i),
    { name } = NODES[i];
  const filled = words => fillText(formulas.text.value, words);
  const rule = [mathName(name), `<mo>=</mo>${fillMath(formulas.value, byName(i))}`];
  return {
    pieces: [...rule, `<mo>=</mo>${fillMath(formulas.value, byNumber(i))}`, `<mo>=</mo>${mathNumber(values[i], "value")}`],
    subject: name,
    text: [name, filled(byName(i)), filled(byNumber(i)), show(values[i])].join(" = "),
    asked: { pieces: [...rule, `<mo>=</mo>${HOLE}`], text: `${name} = ${filled(byName(i))} = ?` },
    sentence: "",
  };
}

function foldWords({ item }) {
  const group = GROUPS[item.group],
    operations = item.members.filter(i => NODES[i].row !== null).length;
  const sentence = say("folded", { name: group.name, operations });
  if (item.node === null)
    return {
      pieces: [`<mtext>${say("several values", { name: group.name, count: item.outs.length })}</mtext>`],
      subject: group.name,
      text: say("several values", { name: group.name, count: item.outs.length }),
      sentence,
    };
  const result = mathNumber(values[item.node], "value");
  const formula = group.formula ? [`<mo>=</mo>${group.formula}`] : [];
  return {
    pieces: [mathName(NODES[item.node].name), ...formula, `<mo>=</mo>${result}`],
    subject: NODES[item.node].name,
    text: `${NODES[item.node].name} = ${show(values[item.node])}`,
    asked: { pieces: [mathName(NODES[item.node].name), `<mo>=</mo>${HOLE}`], text: `${NODES[item.node].name} = ?` },
    sentence,
  };
}

function insideWords(item) {
  const weights = weightsOf(item),
    shown = weights.slice(0, 8),
    more = weights.length - shown.length;
  const name = GROUPS[item.group].name;
  const list = shown.map(i => `${partialText(i)} = ${show(gradients[i] ?? 0)}`).join(", ");
  return {
    pieces: [
      `<mtext>${say("weights inside", { name })}:${SPACE}</mtext>`,
      ...shown.map(i => `${partialMath(i)}<mo>=</mo>${mathNumber(gradients[i] ?? 0, "gradient")}`),
      ...(more ? [`<mtext>${say("and more", { more })}</mtext>`] : []),
    ],
    subject: say("weights inside", { name }),
    text: say("weights of", { name, list: more ? `${list}, ${say("and more", { more })}` : list }),
    sentence: say("weights hint", { name }),
  };
}

// Where several values leave a fold, or enter it: what comes back to one value is a sum, what comes back to many a list of sums.
function bundleWords({ link, item }) {
  const said = { from: item.title, to: link.from.title, rows: item.outs.length, columns: link.sources.length };
  if (link.sources.length === 1) {
    const [j] = link.sources,
      share = shareOf(link),
      sum = say("sum inside", said);
    const pieces = [partialMath(j), `<mtext>${sum}</mtext><mo>=</mo>${mathNumber(share, "gradient")}`];
    return {
      pieces,
      subject: `${partialText(j)} ${sum}`,
      text: `${partialText(j)} ${sum} = ${show(share)}`,
      sentence: say("bundle hint", said),
    };
  }
  const words = say(item.outs.length === 1 ? "bundle of one" : "bundle", said);
  return { pieces: [`<mtext>${words}</mtext>`], subject: words, text: words, sentence: say("bundle hint", said) };
}

function productWords(step) {
  const { link, item } = step,
    i = item.node,
    j = link.sources[0],
    several = link.from.arrivals.length > 1;
  const slope = slopeWords(link),
    share = shareOf(link),
    covered = isCovered(step);
  const arriving = gradients[i],
    blind = hidesGradient(item);
  const way = say("by way of", { name: NODES[i].name });
  const named = `${partialText(i)} · ${slope.named}`,
    left = `${partialText(j)} ${several ? `${way} ` : "= "}`;
  const numbers = `${blind ? "?" : show(arriving)} · ${slope.numbered}`;
  const lead = several ? `<mtext>${SPACE}${way}${SPACE}</mtext>` : "<mo>=</mo>";
  const words = {
    pieces: [
      partialMath(j),
      `${lead}${partialMath(i)}<mo>·</mo>${slope.namedMath}`,
      `<mo>=</mo>${blind ? HOLE : safe(arriving, "gradient")}<mo>·</mo>${slope.numberedMath}`,
      `<mo>=</mo>${mathNumber(share, "gradient")}`,
    ],
    subject: several ? `${partialText(j)} ${way.replace(/:$/, "")}` : partialText(j),
    text: `${left}${named} = ${numbers} = ${show(share)}`,
    sentence: covered ? "" : meaning(i, j, localOf(link), share),
  };
  words.asked =
    state.cover === "local"
      ? slopeAsked(i, j)
      : { pieces: [...words.pieces.slice(0, 2), `<mo>=</mo>${HOLE}`], text: `${left}${named} = ?` };
  if (several && !covered) addUp(words, link, step.number);
  if (slope.remark && !covered) words.sentence = `${words.sentence}\n${slope.remark}`;
  return words;
}

const slopeAsked = (i, j) => ({
  pieces: [mathPartial(NODES[i].name, NODES[j].name), `<mo>=</mo>${HOLE}`],
  text: `∂${NODES[i].name}/∂${NODES[j].name} = ?`,
});

// The local derivative of a link: as a formula of names, and of numbers.
function slopeWords(link) {
  const i = link.to.node,
    j = link.sources[0];
  if (link.to.group !== null) {
    const number = localOf(link);
    return {
      named: `∂${NODES[i].name}/∂${NODES[j].name}`,
      namedMath: mathPartial(NODES[i].name, NODES[j].name),
      numbered: number < 0 ? `(${show(number)})` : show(number),
      numberedMath: safe(number),
    };
  }
  const k = link.position,
    { formulas, textbook } = rowOf(i),
    { text } = formulas,
    numbers = operandsOf(i);
  const rounded = x => Number(show(x)),
    read = textbook[k](rounded(values[i]), ...numbers.map(rounded)),
    slope = slopes[i][k];
  const differs = !(Math.abs(read - slope) <= 1e-3 * Math.max(Math.abs(read), Math.abs(slope)));
  return {
    named: fillText(textFactor(text.slopes[k], text.levels[k]), byName(i)),
    numbered: fillText(textFactor(text.slopes[k], text.levels[k]), byNumber(i)),
    namedMath: fillMath(mathFactor(formulas.slopes[k], formulas.levels[k]), byName(i)),
    numberedMath: fillMath(mathFactor(formulas.slopes[k], formulas.levels[k]), byNumber(i)),
    remark: differs ? say("computed as", { formula: fillText(text.computed[k], byName(i)), number: show(slope) }) : "",
  };
}

// The formula of a local derivative, with names.
export const slopeFormula = link => fillMath(rowOf(link.to.node).formulas.slopes[link.position], byName(link.to.node));

const MOST_PARTS = 8; // of a sum that is written out

function addUp(words, link, number) {
  const parts = arrivedBy(link.from, number),
    total = totalBy(link.from, number),
    all = link.from.arrivals.length;
  if (parts.length < 2) return;
  const told = parts.length > MOST_PARTS ? ["…", inSum(parts.at(-1))] : parts.map((x, n) => (n ? inSum(x) : show(x)));
  const sum = told.join(" + ");
  words.text += `\n${say("so far", { sum, total: show(total), arrived: parts.length, all })}`;
  const terms =
    parts.length > MOST_PARTS
      ? `<mo>…</mo><mo>+</mo>${safe(parts.at(-1), "gradient")}`
      : parts.map(x => safe(x, "gradient")).join("<mo>+</mo>");
  words.pieces.push(
    `<mtext>${say("added up", { arrived: parts.length, all })}${SPACE}</mtext>${terms}<mo>=</mo>${mathNumber(total, "gradient")}`,
  );
}

function change(i, times) {
  const { name } = NODES[i],
    way = times < 0 ? "falls" : "grows";
  if (times === 0) return say("does not change", { name });
  return Math.abs(times) === 1 ? say(`${way} as much`, { name }) : say(way, { name, times: show(Math.abs(times), 4) });
}

function meaning(i, j, slope, share) {
  const first = change(i, slope),
    x = NODES[j].name;
  if (i === LAST) return say(itemOf[j].arrivals.length > 1 ? "if grows, this way" : "if grows", { x, first });
  return say("if grows, and", { x, first, second: change(LAST, share) });
}

// What one value has to tell: where it comes from, who reads it, what each of them sends back; of steps to come, not the result.
const MOST_LINES = 20; // of a story

function shortened(things, line = thing => thing) {
  const more = things.length - MOST_LINES;
  return [...things.slice(0, MOST_LINES).map(line), ...(more > 0 ? [say("and more", { more })] : [])];
}

export function storyOf(i) {
  const node = NODES[i],
    item = itemOf[i];
  const told = step => (reached(step.number, state.time, DONE) ? stepWords(step).text : stepWords(step).subject);
  const lines = [
    node.row === null
      ? say(node.constant ? "a constant" : "an input", { name: node.name, number: show(values[i]) })
      : told(steps[item.known - 1]),
  ];
  const readers = [...new Set(item.uses.map(link => link.to.title))];
  if (readers.length) lines.push(say("used by", { names: shortened(readers).join(", ") }));
  lines.push(...shortened(item.arrivals, link => told(steps[link.step - 1])));
  return lines;
}
