import { GROUPS, NODES } from "./data.js";
import { framesOf, steps } from "./folds.js";
import { INPUTS } from "./model.js";
import { DONE, isCovered, reached } from "./moments.js";
import { typed } from "./panel.js";
import { state } from "./state.js";
import { byId, setText } from "./svg.js";
import { say } from "./words.js";
import { stepWords } from "./wording.js";

// The lists at the side: the inputs, each a field, and the steps, which fold as the graph does. A step that is still to come
// has its place in the list, but not its result.

const FIELDS = 40; // inputs with a field here; any other is clicked in the graph
let rows = [];

export function listInputs() {
  byId("inputs").replaceChildren(
    ...INPUTS.slice(0, FIELDS).map(node => {
      const label = document.createElement("label"),
        field = document.createElement("input"),
        refused = document.createElement("small");
      label.append(`${NODES[node].name} = `, field, refused);
      Object.assign(field, { autocomplete: "off", spellcheck: false, value: NODES[node].typed ?? String(NODES[node].value) });
      field.dataset.node = node;
      field.addEventListener("input", () => typed(node, field, refused));
      return label;
    }),
  );
}

// The numbers as they are now, but for the field that is being typed into.
export function showInputs(except = null) {
  for (const field of byId("inputs").querySelectorAll("input")) {
    const node = NODES[field.dataset.node];
    if (field !== except && document.activeElement !== field) field.value = node.typed ?? String(node.value);
  }
}

export function listAll(act) {
  const list = document.createDocumentFragment();
  rows = [];
  let before = [];
  steps.forEach((step, place) => {
    const around = framesOf(step.item);
    around.forEach((g, depth) => {
      if (before[depth] !== g) list.append(header(g, depth, place, act));
    });
    before = around;
    const row = document.createElement("li"),
      fold = step.kind === "forward" ? step.item.group : null;
    row.dataset.step = step.number;
    row.style.setProperty("--depth", around.length);
    row.className = step.kind;
    row.append(document.createElement("span"));
    if (fold !== null) row.append(button("+", say("open group", { name: GROUPS[fold].name }), () => act.toggle([fold])));
    row.addEventListener("click", () => act.goTo(step.number));
    rows.push(row);
    list.append(row);
  });
  byId("steps").replaceChildren(list);
  rows.forEach(row => {
    row.shown = null;
  });
}

function header(g, depth, place, act) {
  const row = document.createElement("li");
  let count = 0;
  while (place + count < steps.length && framesOf(steps[place + count].item)[depth] === g) count++;
  row.className = "group";
  row.style.setProperty("--depth", depth);
  row.append(
    say(count === 1 ? "group step" : "group steps", { name: GROUPS[g].name, count }),
    button("−", say("close group", { name: GROUPS[g].name }), () => act.toggle([g])),
  );
  return row;
}

function button(text, name, action) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", textContent: text, ariaLabel: name });
  made.addEventListener("click", event => {
    event.stopPropagation();
    action();
  });
  return made;
}

export function paintList(time, everything = false) {
  steps.forEach((step, n) => {
    const row = rows[n],
      done = reached(step.number, time, DONE) || everything,
      current = Math.ceil(time - 1e-9) === step.number;
    const look = `${done} ${current} ${isCovered(step)}`;
    if (row.shown === look && !row.stale) return;
    row.shown = look;
    row.stale = false;
    const { subject, text } = stepWords(step);
    setText(row.firstChild, done ? text.replace("\n", "; ") : subject);
    row.classList.toggle("later", !done);
    if (current) {
      row.setAttribute("aria-current", "step");
      intoView(row);
    } else row.removeAttribute("aria-current");
  });
}

// After a number has changed, every row that shows a result is written anew.
export function listIsStale() {
  for (const row of rows) row.stale = true;
}

function intoView(row) {
  const list = byId("steps"),
    top = row.offsetTop - list.offsetTop;
  if (list.offsetParent && (top < list.scrollTop || top > list.scrollTop + list.clientHeight - 60))
    list.scrollTop = top - list.clientHeight / 2;
}
