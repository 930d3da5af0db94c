// The settings: what can be chosen, what is, and what a choice changes.

import { ACTIVATIONS, DATASETS, FUNCTIONS, GIVEN, MOST_POINTS, WORDS } from "./data.js";
import { arithmetic, show } from "./numbers.js";
import { crossEntropyFor } from "./train_costs.js";
import { byId, element, phrase } from "./train_dom.js";
import { sizesOf } from "./train_network.js";
import { measure } from "./train_run.js";
import { act, chosen, isGivenForm, restart, run, trouble } from "./train_state.js";

const FORMS = ["", "2", "3", "4", "8", "16", "4,4", "8,8", "16,16"];
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

// Put into every field what is chosen, and into every list what can be.
export function showSettings() {
  const sets = ["given", ...Object.keys(DATASETS), ...(chosen.data === "own" ? ["own"] : [])];
  list("data", sets.map(name => [name, WORDS.sets[name]]), chosen.data);
  const forms = [...new Set([String(sizesOf(GIVEN.layers).slice(1, -1)), String(chosen.hidden), ...FORMS])];
  list("hidden", forms.map(form => [form, ["2", ...form.split(",").filter(Boolean), "1"].join("–")]), String(chosen.hidden));
  const names = Object.keys(ACTIVATIONS).filter(name => name !== "softplus" || [chosen.activation, chosen.output].includes(name));
  list("activation", names.map(name => [name, name]), chosen.activation);
  list("output", names.map(name => [name, name]), chosen.output);
  const costs = ["quadratic", crossEntropyFor(chosen.output, run.low)].filter(Boolean);
  list("cost", costs.map(name => [name, WORDS.costs[name]]), run.cost);
  list("order", [["fixed", WORDS.fixed], ["shuffled", WORDS.shuffled]], run.shuffled ? "shuffled" : "fixed");
  const seeds = [...new Set([...SEEDS, run.seed])].map(seed => [String(seed), phrase(WORDS.seed, { seed })]);
  list("weights", [...(isGivenForm() ? [["given", WORDS.fromPython]] : []), ...seeds], chosen.given ? "given" : String(run.seed));
  for (const [id, text] of [["set-rate", show(run.rate, 12)], ["set-batch", String(chosen.size)]]) {
    byId(id).value = text;
    byId(id).setAttribute("aria-invalid", "false");
  }
  byId("shape").textContent = ["2", ...chosen.hidden.map(n => `${n} ${chosen.activation}`), `1 ${chosen.output}`].join(" → ");
  byId("kind0").setAttribute("aria-pressed", String(chosen.kind === 0));
  byId("kind1").setAttribute("aria-pressed", String(chosen.kind === 1));
  byId("target0").textContent = phrase(WORDS.target, { target: show(run.low) });
}

function list(id, entries, value) {
  const select = byId(`set-${id}`);
  select.replaceChildren(...entries.map(([name, text]) => element("option", { value: name }, text)));
  select.value = value;
}

// What each choice changes. Another network or other points begin anew; all else goes on from the present weights.
const CHOICES = {
  data: name => {
    Object.assign(chosen, { data: name, point: null });
    run.points = [...(name === "given" ? GIVEN.points : DATASETS[name])];
    restart();
  },
  hidden: text => {
    Object.assign(chosen, { hidden: text ? text.split(",").map(Number) : [], selected: null });
    restart();
  },
  activation: name => {
    chosen.activation = name;
    restart();
  },
  output: name => {  // a sigmoid's targets are 0 and 1, those of tanh -1 and 1
    chosen.output = name;
    run.low = { tanh: -1, sigmoid: 0 }[name] ?? run.low;
    if (run.cost !== "quadratic") run.cost = crossEntropyFor(name, run.low) || "quadratic";
    restart();
  },
  weights: name => {
    chosen.given = name === "given";
    if (!chosen.given) run.seed = Number(name);
    restart();
  },
  cost: name => {
    run.cost = name;
    run.curve = [];  // another cost is on another scale
    if (run.points.length) measure(run);
  },
  order: name => { run.shuffled = name === "shuffled"; },
  rate: text => typed("rate", text, value => value > 0, WORDS.rateAbove, value => { run.rate = value; }),
  batch: text => typed("batch", text, value => Number.isInteger(value) && value > 0, WORDS.batchWhole, value => {
    chosen.size = Math.min(value, MOST_POINTS);
  }),
};

// A typed number is taken, or visibly refused with the reason.
function typed(id, text, fits, otherwise, take) {
  const { value, error } = arithmetic(text, FUNCTIONS);
  const refused = error || (fits(value) ? "" : otherwise);
  byId(`set-${id}`).setAttribute("aria-invalid", String(Boolean(refused)));
  if (refused) trouble(refused);
  else take(value);
  return !refused;
}

export function listenToSettings(stop) {
  for (const [id, choice] of Object.entries(CHOICES)) {
    byId(`set-${id}`).addEventListener("change", event => {
      const { value } = event.target;  // stopping shows the settings as they are
      stop();
      act(() => choice(value));
    });
  }
  byId("settings").addEventListener("submit", event => event.preventDefault());
}
