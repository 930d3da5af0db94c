import { FUNCTIONS, NODES } from "./data.js";
import { arrivedBy, localOf } from "./folds.js";
import { equationOf, mathName, mathPartial } from "./formulas.js";
import { judge } from "./hints.js";
import { gradients, LAST, operandsOf, values } from "./model.js";
import { isCovered, stepAt } from "./moments.js";
import { arithmetic } from "./numbers.js";
import { goOn } from "./player.js";
import { state } from "./state.js";
import { byId } from "./svg.js";
import { hidesGradient, slopeFormula, wordsInFull } from "./wording.js";
import { say } from "./words.js";

// Predict first: a covered step stops before its result and asks. A first wrong guess gets a hint, a second one the product
// with a hole; "show me" is always there.

let asked = null,
  tries = 0;

function questionOf(step) {
  const i = step.item.node;
  if (step.kind === "forward") {
    const formula = wordsInFull(step).pieces.at(-2).replace("<mo>=</mo>", "");
    return { kind: "value", truth: values[i], names: { to: NODES[i].name }, operands: operandsOf(i), formula };
  }
  const { link } = step,
    plain = step.item.group === null,
    slope = localOf(link);
  const arrived = arrivedBy(link.from, step.number - 1),
    before = arrived.reduce((a, b) => a + b, 0);
  const shared = {
    names: { output: NODES[LAST].name, to: NODES[i].name, from: NODES[link.sources[0]].name },
    result: values[i],
    slope,
    operands: plain ? operandsOf(i) : [],
    position: link.position ?? 0,
    arriving: gradients[i],
    before,
  };
  if (state.cover === "local") {
    const formula = plain ? slopeFormula(link) : "";
    return { ...shared, kind: "local", truth: slope, formula };
  }
  return { ...shared, kind: "gradient", truth: before + gradients[i] * slope };
}

function askedFor(step) {
  if (step.kind === "forward") return mathName(NODES[step.item.node].name);
  const [top, bottom] = [state.cover === "local" ? step.item.node : LAST, step.link.sources[0]];
  const asked = mathPartial(NODES[top].name, NODES[bottom].name);
  const running = state.cover === "gradient" && step.link.from.arrivals.length > 1; // other paths may bring more
  return running ? `${asked}<mtext>\u00a0${say("up to here")}</mtext>` : asked;
}

// Show the question of the present step, if it has one; forget the last one's tries.
export function ask() {
  const step = stepAt(state.time),
    open = step !== null && isCovered(step);
  byId("ask").hidden = !open;
  if (!open) {
    asked = null;
    return;
  }
  if (asked === step.id) return;
  [asked, tries] = [step.id, 0];
  byId("question").innerHTML = `<math><mrow>${askedFor(step)}<mo>=</mo></mrow></math>`;
  byId("guess").value = "";
  byId("hint").textContent = "";
}

function answer(event) {
  event.preventDefault();
  const step = stepAt(state.time),
    typed = byId("guess").value,
    read = arithmetic(typed, FUNCTIONS);
  if (read.error) {
    byId("hint").textContent = read.error;
    return;
  }
  const verdict = judge(questionOf(step), { text: typed, value: read.value }, tries++);
  if (verdict.right) {
    byId("hint").textContent = "";
    goOn();
    return;
  }
  byId("hint").textContent = verdict.hint;
  if (verdict.hole && !hidesGradient(step.item)) byId("hint").insertAdjacentHTML("beforeend", ` ${equationOf(verdict.hole)}`);
  byId("guess").select();
}

export function listenForAnswers() {
  byId("ask").addEventListener("submit", answer);
  byId("show").addEventListener("click", goOn);
}
