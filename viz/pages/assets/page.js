// NODES are in forward order; a node's `operands` are positions in it. ROWS hold each operation's functions, formulas and
// domain, written by the engine's table. Everything shown is computed here again, so that the inputs can be changed.
const MARK = /\ue000(\w+)\ue001/g;
const byId = id => document.getElementById(id);
const inputs = NODES.map((node, i) => i).filter(i => NODES[i].input);
const output = NODES.length - 1;
let values, gradients, steps, trouble, at = 0;
const uncovered = new Set();

function show(x) {
  if (x === 0) return "0";
  const text = Number(x.toPrecision(6)).toString();
  const size = Math.abs(x);
  return size < 1e-4 || size >= 1e6 ? Number(x.toPrecision(6)).toExponential().replace(/e([+-])(\d)$/, "e$10$2") : text;
}
const rounded = x => Number(show(x));
const inSum = x => (x < 0 ? `(${show(x)})` : show(x));
function fill(template, words) {
  // the parentheses of a place are for negative numbers, unless they are those of a call
  const filled = template.replace(/([\p{L}\d_])?\(\ue000(\w+)\ue001\)/gu, (all, before, key) =>
    before !== undefined ? all : words(key).startsWith("-") ? `(${words(key)})` : words(key)).replace(MARK, (_, key) => words(key));
  // 2·x is written 2x, as the engine does
  return filled.replace(/(^|[(\s])(-?\d+)·(\p{L}+)(?![\p{L}\d_(^⁻⁰¹²³⁴⁵⁶⁷⁸⁹])/gu, "$1$2$3");
}
const nameOf = i => NODES[i].constant && !NODES[i].label ? show(values[i]) : NODES[i].name;
const partial = i => `∂${NODES[output].name}/∂${NODES[i].name}`;

function evaluate() {
  values = []; trouble = "";
  for (const [i, node] of NODES.entries()) {
    if (node.row === null) { values.push(node.value); continue; }
    const operands = node.operands.map(j => values[j]);
    const result = ROWS[node.row].forward(...operands);
    if (!Number.isFinite(result)) { trouble = sentence(i, operands); return false; }
    values.push(result);
  }
  return true;
}

// What does not exist, in the engine's words.

function lies(x, {low, high, closed, hole}) {  // whether x is in a domain; a bound may be null, for none
  return (low === null || x > low || (closed && x === low)) && (high === null || x < high || (closed && x === high)) &&
    !(hole && x === 0);
}

function outsideOf(domains, operands) {
  return domains.findIndex((domain, k) => domain && !lies(operands[k], domain));
}

function works(domain, j) {
  return NODES[j].constant ? `Any ${domain.words.replace("{}", "number")} works in place of ${show(values[j])}.`
    : `Any ${domain.words.replace("{}", NODES[j].name)} works.`;
}

function labelledBelow(i) {  // the nearest labelled values that a node comes from
  const found = [], seen = new Set(), stack = [...NODES[i].operands].reverse();
  while (stack.length && found.length < 4) {
    const j = stack.pop();
    if (seen.has(j)) continue;
    seen.add(j);
    if (NODES[j].label) found.push(j); else stack.push(...[...NODES[j].operands].reverse());
  }
  return found;
}

function numbersOf(i, origins) {
  return [...new Set(NODES[i].operands)].filter(j => !NODES[j].constant).map(j => {
    const from = origins && NODES[j].operands.length && !NODES[j].label ? labelledBelow(j).map(k => `${NODES[k].name} = ${show(values[k])}`) : [];
    return `${NODES[j].name} = ${show(values[j])}` + (from.length ? ` (from ${from.join(", ")})` : "");
  }).join(", ");
}

function sentence(i, operands) {
  const node = NODES[i], row = ROWS[node.row];
  const formula = fill(row.formula, key => nameOf(node.operands[key]));
  const numbers = numbersOf(i, false), outside = outsideOf(row.domain, operands);
  if (outside < 0) return `${node.name} = ${formula} overflows: ${numbers}, and the result is larger than 1.8e+308, the largest float.`;
  const j = node.operands[outside];
  if (NODES[j].constant) return `${node.name} = ${formula} ${row.fault}: ${numbers}. ${works(row.domain[outside], j)}`;
  const slope = fill(row.slopeFormulas[outside].text, key => key === "r" ? node.name : nameOf(node.operands[key]));
  return `${node.name} = ${formula} ${row.fault}: ${numbers}. Neither ${node.name} nor ∂${node.name}/∂${NODES[j].name} = ${slope} exists there. ` +
    works(row.domain[outside], j);
}

function slopeSentence(i, k) {
  const node = NODES[i], row = ROWS[node.row], operand = NODES[node.operands[k]].name;
  const outside = outsideOf(row.smooth, node.operands.map(j => values[j]));
  const formula = fill(row.formula, key => nameOf(node.operands[key]));
  const slope = fill(row.slopeFormulas[k].text, key => key === "r" ? node.name : nameOf(node.operands[key]));
  return `The derivative of ${node.name} = ${formula} with respect to ${operand} ${outside < 0 ? "is too large for a float" : "does not exist"}: ` +
    `∂${node.name}/∂${operand} = ${slope} at ${numbersOf(i, true)}.` +
    (outside < 0 ? "" : ` The value itself does: ${node.name} = ${show(values[i])}. ${works(row.smooth[outside], node.operands[outside])}`);
}

function sweep() {
  steps = [{ text: "Begin: the inputs are given.", lit: inputs, known: -1 }];
  gradients = NODES.map(() => null);
  for (const [i, node] of NODES.entries()) {
    if (node.row === null) continue;
    const row = ROWS[node.row];
    const named = fill(row.formula, key => nameOf(node.operands[key]));
    const numbered = fill(row.formula, key => show(values[node.operands[key]]));
    steps.push({ text: `${node.name} = ${named} = ${numbered} = ${show(values[i])}`, node: i, lit: [i, ...node.operands], edges: node.operands.map((_, k) => [i, k]), phase: "Forward" });
  }
  gradients[output] = 1;
  steps.push({ text: `${partial(output)} = 1`, words: "The output changes exactly as much as itself.", node: output, gradient: 1, lit: [output], phase: "Backward" });
  const expected = NODES.map(() => 0), arrived = NODES.map(() => []);
  const edges = [];
  for (let i = output; i >= 0; i--)
    NODES[i].operands.forEach((j, k) => { if (!NODES[j].constant) { edges.push([i, j, k]); expected[j]++; } });
  for (const [i, j, k] of edges) {
    const row = ROWS[NODES[i].row], operands = NODES[i].operands.map(n => values[n]);
    const slope = row.slopes[k](values[i], ...operands), share = gradients[i] * slope;
    if (!Number.isFinite(share)) { trouble = slopeSentence(i, k); break; }
    const bracket = row.slopeFormulas[k].level < 2 ? text => `(${text})` : text => text;
    const named = fill(bracket(row.slopeFormulas[k].text), key => key === "r" ? NODES[i].name : nameOf(NODES[i].operands[key]));
    const numbered = fill(bracket(row.slopeFormulas[k].text), key => show(key === "r" ? values[i] : operands[key]));
    arrived[j].push(share);
    const total = arrived[j].reduce((a, b) => a + b);
    gradients[j] = total;
    const several = expected[j] > 1;
    const sum = arrived[j].map((x, n) => n ? inSum(x) : show(x)).join(" + ");
    let text = `${partial(j)} ${several ? `by way of ${NODES[i].name}: ` : "= "}${partial(i)} · ${named} = ${show(gradients[i])} · ${numbered} = ${show(share)}`;
    if (several && arrived[j].length > 1) text += `\nso far ${sum} = ${show(total)} (${arrived[j].length} of ${expected[j]} paths: add)`;
    const words = `If ${NODES[j].name} grows a little, ${NODES[i].name} changes ${show(slope)} times as much, and ${NODES[output].name} ${show(share)} times as much this way.`;
    const left = `${partial(j)} ${several ? `by way of ${NODES[i].name}: ` : "= "}${partial(i)} · ${named}`;
    const hidden = [`${left} = ?`, `${left} = ${show(gradients[i])} · ${numbered} = ?`];  // without the numbers, and with them
    const read = row.textbook[k](rounded(values[i]), ...operands.map(rounded));
    if (!(Math.abs(read - slope) <= 1e-3 * Math.max(Math.abs(read), Math.abs(slope))))
      text += `\ncomputed as ${fill(row.computed[k], key => key === "r" ? NODES[i].name : nameOf(NODES[i].operands[key]))} = ${show(slope)}, which keeps the digits`;
    steps.push({ text, hidden, share, words, node: j, via: i, position: k, gradient: total, lit: [i, j], edges: [[i, k]], phase: "Backward" });
  }
}

function recompute() {
  if (evaluate()) sweep();
  byId("trouble").hidden = !trouble;
  byId("trouble").textContent = trouble;
  const known = inputs.map(i => `${NODES[i].name} = ${show(NODES[i].value)}`).join(", ");
  byId("headline").textContent = (NODES[output].expression || NODES[output].name) + (known ? `   at   ${known}` : "");
  byId("slider").max = steps ? steps.length - 1 : 0;
  list();
  go(Math.min(at, steps ? steps.length - 1 : 0));
}

function list() {
  const items = (trouble && values.length < NODES.length ? [] : steps).map((step, n) => {
    const item = document.createElement("li");
    item.dataset.step = n;
    item.addEventListener("click", () => go(n));
    return item;
  });
  byId("steps").replaceChildren(...items);
}

const covered = step => byId("cover").checked && step.phase === "Backward" && step.via !== undefined && !uncovered.has(step.via + ":" + step.position);
// A covered step still shows the numbers that go in, unless the gradient that arrives is covered itself.
const arrives = step => steps.filter(other => other.node === step.via).every(other => !covered(other));
const visible = step => covered(step) ? step.hidden[Number(arrives(step))] : step.text;

function go(n) {
  at = Math.max(0, n);
  const undefinedPoint = values.length < NODES.length;  // the computation broke off
  const step = undefinedPoint ? null : steps[at];
  byId("slider").value = at;
  byId("now").textContent = step ? `${step.phase ? step.phase + ", step " : "Step "}${at} of ${steps.length - 1}\n${visible(step)}${step.words && !covered(step) ? "\n" + step.words : ""}` : trouble;
  byId("guess").hidden = !step || !covered(step);
  byId("verdict").textContent = "";
  [...byId("steps").children].forEach((item, k) => {
    item.textContent = visible(steps[k]).replace("\n", "; ");
    item.classList.toggle("later", k > at);
    if (k === at) { item.setAttribute("aria-current", "step"); if (item.offsetParent) item.parentElement.scrollTop = item.offsetTop - item.parentElement.offsetTop - 120; } else item.removeAttribute("aria-current");
  });
  paint(step);
  link();
}

function paint(step) {
  const seenValue = new Set(inputs), seenGradient = new Map();
  NODES.forEach((node, i) => { if (node.row === null || !step) seenValue.add(i); });
  if (step) steps.slice(0, at + 1).forEach(s => {
    if (s.phase === "Forward") seenValue.add(s.node);
    if (s.phase === "Backward") seenGradient.set(s.node, covered(s) ? "?" : show(s.gradient));
  });
  NODES.forEach((node, i) => {
    const box = byId(node.id);
    if (!box) return;
    const [value, gradient] = box.parts;
    if (value) value.textContent = seenValue.has(i) && values[i] !== undefined ? show(values[i]) : "…";
    if (gradient) gradient.textContent = seenGradient.has(i) ? "∂ " + seenGradient.get(i) : "";
    box.classList.toggle("lit", Boolean(step && step.lit.includes(i)));
  });
  document.querySelectorAll("#graph .edge").forEach(edge => edge.classList.remove("lit"));
  if (step) (step.edges || []).forEach(([i, k]) => { const edge = byId(`${NODES[i].id}e${k}`); if (edge) edge.classList.add("lit"); });
  document.querySelectorAll("#graph .edge text").forEach(text => text.textContent = "");
  if (step && step.phase === "Backward" && !covered(step) && step.via !== undefined) {
    const row = ROWS[NODES[step.via].row];
    const edge = byId(`${NODES[step.via].id}e${step.position}`), text = edge && edge.querySelector("text");
    if (text) text.textContent = show(row.slopes[step.position](values[step.via], ...NODES[step.via].operands.map(n => values[n])));
  }
}

function story(i) {
  const node = NODES[i], lines = [];
  if (values[i] === undefined) { byId("story").textContent = trouble; return; }
  lines.push(node.row === null ? `${node.name} = ${show(values[i])}, ${node.constant ? "a constant" : "given"}` : steps.find(s => s.phase === "Forward" && s.node === i).text);
  const used = NODES.filter(n => n.operands.includes(i)).map(n => n.name);
  if (used.length) lines.push(`used by ${used.join(", ")}`);
  steps.filter(s => s.phase === "Backward" && s.node === i).forEach(s => lines.push(visible(s)));
  byId("story").textContent = lines.join("\n");
}

let links = [], later;
function link() {  // at once, unless there were many in the last moments: browsers complain of that
  clearTimeout(later);
  links = links.filter(time => Date.now() - time < 5000);
  if (links.length > 60) { later = setTimeout(link, 500); return; }
  links.push(Date.now());
  const words = inputs.map(i => `${encodeURIComponent(NODES[i].name)}=${NODES[i].value}`);
  history.replaceState(null, "", "#" + [...words, `step=${at}`].join("&"));
}

function read() {
  for (const part of location.hash.slice(1).split("&")) {
    let name, text;
    try { [name, text] = part.split("=").map(decodeURIComponent); } catch { continue; }  // a damaged part says nothing
    if (name === "step") { const wanted = parseInt(text, 10); if (Number.isFinite(wanted)) at = wanted; continue; }
    const i = inputs.find(k => NODES[k].name === name), number = Number(text);
    if (i !== undefined && text && Number.isFinite(number)) { NODES[i].value = number; const field = byId("in" + i); if (field) field.value = text; }
  }
}

function build() {
  for (const i of inputs) {
    const label = document.createElement("label"), field = document.createElement("input");
    field.id = "in" + i; field.value = String(NODES[i].value); field.inputMode = "decimal"; field.autocomplete = "off";
    field.addEventListener("input", () => {
      const number = Number(field.value.trim() || NaN);  // a half-typed number changes nothing yet
      field.setAttribute("aria-invalid", String(!Number.isFinite(number)));
      if (Number.isFinite(number)) { NODES[i].value = number; uncovered.clear(); recompute(); }
    });
    label.append(NODES[i].name + " = ", field);
    byId("inputs").append(label);
  }
  byId("inputs").addEventListener("submit", event => event.preventDefault());
  NODES.forEach((node, i) => {
    const box = byId(node.id);
    if (!box) return;
    const texts = [...box.querySelectorAll("text")];
    box.parts = node.constant && !node.label ? [texts[0], null] : [texts[1], node.constant ? null : texts[2]];
    if (box.parts[1]) box.parts[1].classList.add("gradient");
    const shape = box.querySelector("path, polygon").getBBox();  // the words change: keep them in the middle of their box
    texts.forEach(text => { text.setAttribute("text-anchor", "middle"); text.setAttribute("x", shape.x + shape.width / 2); });
    box.classList.toggle("input", node.input);
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", node.name);
    for (const event of ["mouseenter", "focus", "click"]) box.addEventListener(event, () => story(i));
  });
  document.querySelectorAll("#graph title").forEach(title => title.remove());
  byId("slider").addEventListener("input", () => go(Number(byId("slider").value)));
  const move = { first: () => 0, back: () => at - 1, next: () => Math.min(at + 1, steps.length - 1), last: () => steps.length - 1 };
  for (const [id, where] of Object.entries(move)) byId(id).addEventListener("click", () => go(where()));
  const keys = { ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last" };
  document.addEventListener("keydown", event => {
    if (event.target.tagName === "INPUT" && event.target.type !== "checkbox" || !(event.key in keys)) return;
    event.preventDefault(); byId(keys[event.key]).click();
  });
  byId("cover").addEventListener("change", () => { uncovered.clear(); go(at); });
  const open = () => { const step = steps[at]; uncovered.add(step.via + ":" + step.position); };
  byId("uncover").addEventListener("click", () => { open(); go(at); });
  byId("guess").addEventListener("submit", event => {
    event.preventDefault();
    const guess = Number(byId("guessed").value.trim() || NaN), step = steps[at];
    const right = step.share;
    if (!Number.isFinite(guess)) { byId("verdict").textContent = "Write a number."; return; }
    open(); go(at);
    byId("guess").hidden = false;
    byId("verdict").textContent = Math.abs(guess - right) <= 1e-3 * Math.abs(right) ? "Yes." : `Not quite: it is ${show(right)}.`;
    byId("guessed").value = "";
  });
  window.addEventListener("hashchange", () => { read(); recompute(); });
  read();
  recompute();
}
build();
