// The page of a network that learns: its state, and what every button does. Drawing and computing are in the other modules.

import { ACTIVATIONS, DATASETS, GIVEN, MOST_POINTS, WORDS } from "./data.js";
import { arithmetic, show } from "./numbers.js";
import { boardOf } from "./train_board.js";
import { crossEntropyFor, middleOf } from "./train_costs.js";
import { readPoints } from "./train_csv.js";
import { drawCurve } from "./train_curve.js";
import { byId, element, phrase } from "./train_dom.js";
import { drawField, drawPoints, labelField, listenToField } from "./train_field.js";
import { costOfLetter, linkOf, readLink, readLog, readPointsOf, withBits } from "./train_link.js";
import { backward, forward, outputOf, sizesOf } from "./train_network.js";
import { neuronPanel, pointPanel } from "./train_panels.js";
import { buildPicture, drawTiles, nameOfSelected, placesOf, updateLines, updateNumbers } from "./train_picture.js";
import { answersOver, paletteOf, rangeOf, viewOf } from "./train_plane.js";
import { freshLayers } from "./train_random.js";
import { begin, copyOf, exampleOf, examplesOf, finishEpoch, measure, nextBatch, replay, update } from "./train_run.js";

const FINE = 64, COARSE = 26;  // points of the plane in each direction: at rest, and while the network learns
const MOST_UNDO = 300;
const BUDGET = 3;  // milliseconds of a frame for updates, when they are made as fast as possible

const run = { points: [], low: 0, cost: "quadratic", rate: 0.1, shuffled: false, seed: 1 };
const chosen = {
  data: "given", hidden: [], activation: "tanh", output: "sigmoid", given: true, size: 32, point: null, selected: null, kind: 1,
};
let view, places, parts, palette, open = { row: 0, trail: [] }, earlier = [], playing = 0, held = null;

// --- the state, and changes to it ---

function setUp() {
  const hidden = GIVEN.layers.slice(0, -1);
  Object.assign(chosen, {
    data: "given", hidden: hidden.map(layer => layer.bias.length), given: true, size: GIVEN.size,
    activation: hidden.length ? hidden[0].activation : "tanh", output: GIVEN.layers[hidden.length].activation,
  });
  Object.assign(run, { points: [...GIVEN.points], low: GIVEN.low, cost: GIVEN.cost, rate: GIVEN.rate, shuffled: false, seed: 1 });
}

const isGivenForm = () => chosen.hidden.join() === sizesOf(GIVEN.layers).slice(1, -1).join() &&
  chosen.output === GIVEN.layers[GIVEN.layers.length - 1].activation && chosen.activation === (GIVEN.layers.length > 1 ? GIVEN.layers[0].activation : chosen.activation);

function initialLayers() {
  if (chosen.given && isGivenForm()) return GIVEN.layers;
  chosen.given = false;
  return freshLayers([2, ...chosen.hidden, 1], chosen.activation, chosen.output, run.seed);
}

// Every change goes through here: what was can be returned to, and the page shows what is.
function act(change) {
  const before = { run: copyOf(run), chosen: { ...chosen } };
  trouble("");
  if (change() === false) return;
  earlier.push(before);
  if (earlier.length > MOST_UNDO) earlier.shift();
  showAll();
}

function undo() {
  const before = earlier.pop();
  if (!before) return;
  stop();
  trouble("");
  Object.assign(run, before.run);
  Object.assign(chosen, before.chosen);
  rebuild();
}

function restart() {
  begin(run, initialLayers());
  rebuild();
}

// The points have changed: what was learned stays, but the log of updates can no longer be done again.
function pointsChanged(points, renumbered) {
  run.points = points;
  chosen.data = "own";
  if (run.updates) run.log = null;
  if (renumbered) run.last = null;
  if (run.position >= points.length) { run.position = 0; }
  if (points.length) measure(run);
}

function trouble(text) {
  byId("trouble").textContent = text;
  byId("trouble").hidden = !text;
}

// --- learning ---

const STEPS = {
  "one-example": () => update(run, 1),
  "one-batch": () => update(run, chosen.size),
  "one-epoch": () => finishEpoch(run, chosen.size),
};

function learn(name) {
  stop();
  if (!run.points.length) { trouble(WORDS.noPoints); return; }
  act(() => {
    const went = STEPS[name]();
    if (!went) tooLarge();
    measure(run);
    follow();
    return went || undefined;
  });
}

function tooLarge() {
  trouble(phrase(WORDS.tooLarge, { update: run.updates + 1, rate: show(run.rate) }));
}

function follow() {  // the board shows the latest update
  open = { row: 0, trail: chosen.selected && chosen.selected.from !== null ? [[chosen.selected.layer, chosen.selected.to]] : [] };
}

function stop() {
  if (!playing) return;
  cancelAnimationFrame(playing);
  playing = 0;
  byId("play").setAttribute("aria-pressed", "false");
  follow();
  showAll();
}

function play() {
  if (playing) { stop(); return; }
  if (!run.points.length) { trouble(WORDS.noPoints); return; }
  earlier.push({ run: copyOf(run), chosen: { ...chosen } });
  trouble("");
  byId("play").setAttribute("aria-pressed", "true");
  byId("status").setAttribute("aria-live", "off");
  byId("details").hidden = true;
  let due = performance.now(), frames = 0;
  const frame = now => {
    const perSecond = Number(byId("speed").value), started = performance.now();
    let went = true, made = 0;
    if (perSecond) {
      while (due <= now && went) { went = update(run, chosen.size); due += 1000 / perSecond; made++; }
      if (now - due > 1000) due = now;  // the page was out of sight
    } else {
      do { went = update(run, chosen.size); made++; } while (went && run.position && performance.now() - started < BUDGET);
    }
    if (made) { measure(run); showMoving(frames++); }
    if (!went) { stop(); tooLarge(); return; }
    playing = requestAnimationFrame(frame);
  };
  playing = requestAnimationFrame(frame);
}

// --- what is shown ---

function rebuild() {
  view = viewOf(run.points);
  palette = paletteOf();
  const box = byId("network").getBoundingClientRect(), width = byId("stage").clientWidth;
  places = placesOf(run.layers, width, Math.max(300, window.innerHeight - box.top - window.scrollY - 60));
  parts = buildPicture(run.layers, places, choose);
  showAll();
}

function showAll() {
  if (playing) return;
  byId("details").hidden = false;
  byId("status").setAttribute("aria-live", "polite");
  picture(FINE, 0);
  updateLines(parts, run.layers, chosen.selected);
  const example = chosen.point === null ? null : exampleOf(run, chosen.point);
  const passed = example && forward(run.layers, example.x);
  updateNumbers(parts, run.layers, passed, passed && backward(run.layers, run.cost, passed, example.target));
  showPoints();
  drawCurve(run.curve);
  status();
  fields();
  panels(passed);
  link();
}

function showMoving(frame) {  // the parts of the picture take turns, so that no frame is long
  picture(COARSE, frame % 2 ? 1 : 2);
  if (frame % 4 === 0) updateLines(parts, run.layers, chosen.selected);
  if (frame % 4 === 1) drawCurve(run.curve);
  if (frame % 4 === 2) showPoints();
  if (frame % 4 === 3) moveNumbers();
  status();
}

function moveNumbers() {
  const example = chosen.point === null ? null : exampleOf(run, chosen.point);
  const passed = example && forward(run.layers, example.x);
  updateNumbers(parts, run.layers, passed, passed && backward(run.layers, run.cost, passed, example.target));
}

// The plane and the tiles; which = 1 for the plane alone, 2 for the tiles alone, 0 for both.
function picture(n, which) {
  const answers = answersOver(run.layers, view, n), outputs = answers[answers.length - 1][0];
  const middle = middleOf(run.cost, run.low);
  const range = outputRange(outputs), quarter = (range[1] - range[0]) / 4;
  if (which !== 2) drawField(outputs, n, range, [middle, middle - quarter, middle + quarter], palette);
  if (which !== 1) drawTiles(parts, places, run.layers, answers, n, palette);
}

function outputRange(outputs) {
  const { least, greatest } = ACTIVATIONS[chosen.output];
  if (least !== null && greatest !== null) return rangeOf(chosen.output, outputs);
  return run.cost === "binary_cross_entropy_with_logits" ? [-3, 3] : [run.low, 1];  // a linear output: as far as the targets
}

function answersAtPoints() {
  const middle = middleOf(run.cost, run.low);
  return examplesOf(run).map(({ x }) => outputOf(forward(run.layers, x)) >= middle ? 1 : 0);
}

function showPoints() {
  const answers = answersAtPoints(), right = answers.filter((kind, i) => kind === run.points[i][2]).length;
  const batch = new Set(playing || !run.points.length ? [] : nextBatch(run, chosen.size));
  drawPoints(run.points, view, answers, chosen.point, batch);
  byId("right").textContent = phrase(WORDS.right, { right, count: run.points.length });
  if (!playing) labelField(run.points.length, right);
}

function status() {
  const cost = run.curve.length ? run.curve[run.curve.length - 1][1] : NaN;
  byId("epochs-done").textContent = String(run.epoch);
  byId("updates-done").textContent = String(run.updates);
  byId("cost-now").textContent = run.curve.length ? cost.toFixed(5) : "";
  byId("undo").disabled = !earlier.length;
}

function panels(passed) {
  const told = { select, change: (i, point) => act(() => pointsChanged(run.points.with(i, point), false)), remove: removePoint };
  byId("point-panel").replaceChildren(...pointPanel(run, chosen.point, passed, middleOf(run.cost, run.low), told));
  const weight = neuronPanel(run.layers, chosen.selected, passed, chosen.point, choose);
  if (chosen.selected && chosen.selected.from !== null && (run.last || run.points.length)) {
    const moment = run.last || coming();
    weight.push(boardOf(moment, chosen.selected, open, change => { open = change; panels(passed); }, select));
  }
  byId("weight-panel").replaceChildren(...weight);
}

function coming() {  // what the next update would be, while there was none
  const numbers = nextBatch(run, chosen.size);
  return {
    layers: run.layers, numbers, examples: numbers.map(i => exampleOf(run, i)), cost: run.cost, rate: run.rate,
    update: run.updates + 1, coming: true,
  };
}

// --- choosing ---

function select(i) {
  chosen.point = i;
  showAll();
}

function choose(selected) {
  chosen.selected = selected;
  open = { row: 0, trail: selected && selected.from !== null ? [[selected.layer, selected.to]] : [] };
  if (playing) { updateLines(parts, run.layers, selected); return; }
  showAll();
}

function removePoint(i) {
  act(() => {
    chosen.point = null;
    pointsChanged(run.points.filter((_, other) => other !== i), true);
  });
}

function listen() {
  listenToField({
    points: () => run.points, view: () => view, selected: () => chosen.point, select, remove: removePoint,
    add: (x1, x2, other) => {
      if (run.points.length >= MOST_POINTS) { trouble(phrase(WORDS.csv.many, { count: run.points.length + 1, most: MOST_POINTS })); return; }
      act(() => pointsChanged([...run.points, [x1, x2, other ? 1 - chosen.kind : chosen.kind]], false));
    },
    grab: i => { held = { run: copyOf(run), chosen: { ...chosen } }; chosen.point = i; },
    move: (i, x1, x2) => { run.points = run.points.with(i, [x1, x2, run.points[i][2]]); showPoints(); moveNumbers(); },
    drop: () => { earlier.push(held); pointsChanged(run.points, false); showAll(); },
  });
}

// --- settings ---

function options(select, list) {
  select.replaceChildren(...list.map(([value, text]) => element("option", { value }, text)));
}

function fields() {
  const sets = { given: WORDS.sets.given, ...Object.fromEntries(Object.keys(DATASETS).map(name => [name, WORDS.sets[name]])) };
  if (chosen.data === "own") sets.own = WORDS.sets.own;
  const known = [[], [2], [3], [4], [8], [16], [4, 4], [8, 8], [16, 16]].map(String);
  const forms = known.includes(String(chosen.hidden)) ? known : [String(chosen.hidden), ...known];
  const given = String(sizesOf(GIVEN.layers).slice(1, -1));
  if (!forms.includes(given)) forms.unshift(given);
  options(byId("set-data"), Object.entries(sets));
  options(byId("set-hidden"), forms.map(form => [form, ["2", ...form.split(",").filter(Boolean), "1"].join("–")]));
  const names = Object.keys(ACTIVATIONS).filter(name => name !== "softplus" || chosen.activation === name || chosen.output === name);
  options(byId("set-activation"), names.map(name => [name, name]));
  options(byId("set-output"), names.map(name => [name, name]));
  const cross = crossEntropyFor(chosen.output, run.low);
  options(byId("set-cost"), [["quadratic", WORDS.costs.quadratic], ...(cross ? [[cross, WORDS.costs[cross]]] : [])]);
  options(byId("set-order"), [["fixed", WORDS.fixed], ["shuffled", WORDS.shuffled]]);
  options(byId("set-weights"), [...(isGivenForm() ? [["given", WORDS.fromPython]] : []), ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map(n => [String(n), phrase(WORDS.seed, { seed: n })])]);
  Object.entries({
    data: chosen.data, hidden: String(chosen.hidden), activation: chosen.activation, output: chosen.output, cost: run.cost,
    rate: show(run.rate), batch: String(chosen.size), order: run.shuffled ? "shuffled" : "fixed", weights: chosen.given ? "given" : String(run.seed),
  }).forEach(([id, value]) => { byId(`set-${id}`).value = value; byId(`set-${id}`).setAttribute("aria-invalid", "false"); });
  byId("shape").textContent = phrase(WORDS.shape, { form: ["2", ...chosen.hidden.map(n => `${n} ${chosen.activation}`), `1 ${chosen.output}`].join(" → ") });
  byId("kind0").setAttribute("aria-pressed", String(chosen.kind === 0));
  byId("kind1").setAttribute("aria-pressed", String(chosen.kind === 1));
  byId("target0").textContent = phrase(WORDS.target, { target: show(run.low) });
}

const SETTINGS = {
  data: name => { chosen.point = null; chosen.data = name; run.points = [...(name === "given" ? GIVEN.points : DATASETS[name])]; restart(); },
  hidden: text => { chosen.selected = null; chosen.hidden = text ? text.split(",").map(Number) : []; chosen.given = isGivenForm() && chosen.given; restart(); },
  activation: name => { chosen.activation = name; restart(); },
  output: name => {
    chosen.output = name;
    run.low = { tanh: -1, sigmoid: 0 }[name] ?? run.low;
    if (run.cost !== "quadratic") run.cost = crossEntropyFor(name, run.low) || "quadratic";
    restart();
  },
  cost: name => { run.cost = name; measure(run); },
  order: name => { run.shuffled = name === "shuffled"; },
  weights: name => { chosen.given = name === "given"; if (name !== "given") run.seed = Number(name); restart(); },
  rate: text => refusable("set-rate", text, value => value > 0, WORDS.rateAbove, value => { run.rate = value; }),
  batch: text => refusable("set-batch", text, value => Number.isInteger(value) && value > 0, WORDS.batchWhole, value => { chosen.size = Math.min(value, MOST_POINTS); }),
};

// A typed number is taken, or visibly refused with the reason.
function refusable(id, text, fits, otherwise, take) {
  const { value, error } = arithmetic(text);
  if (error || !fits(value)) {
    byId(id).setAttribute("aria-invalid", "true");
    trouble(error || otherwise);
    return false;
  }
  take(value);
  return undefined;
}

function begunAnew() {
  act(() => { restart(); });
}

// --- pasted points, the link, keys ---

function paste() {
  const { points, error } = readPoints(byId("csv").value, WORDS.csv, MOST_POINTS);
  byId("csv-trouble").textContent = error || "";
  if (error) return;
  byId("paste").close();
  act(() => { chosen.point = null; chosen.data = "own"; run.points = points; restart(); });
}

let linked = 0;
function link() {  // a moment later, since a browser complains of many links in a row
  clearTimeout(linked);
  linked = setTimeout(() => {
    const { hash, missing } = linkOf(run, chosen);
    history.replaceState(null, "", hash);
    byId("left-out").textContent = missing ? WORDS.leftOut[missing] : "";
  }, 300);
}

function readState() {
  const fields = readLink(location.hash);
  if (fields.data in DATASETS) { chosen.data = fields.data; run.points = [...DATASETS[fields.data]]; }
  if (fields.points) { const points = readPointsOf(fields.points); if (points && points.length <= MOST_POINTS) { run.points = points; chosen.data = "own"; } }
  if (fields.hidden !== undefined) chosen.hidden = fields.hidden.split("-").map(Number).filter(n => Number.isInteger(n) && n > 0 && n <= 16).slice(0, 2);
  if (fields.f in ACTIVATIONS) chosen.activation = fields.f;
  if (fields.out in ACTIVATIONS) chosen.output = fields.out;
  if (fields.low === "0" || fields.low === "-1") run.low = Number(fields.low);
  const cost = costOfLetter(fields.cost);
  run.cost = [crossEntropyFor(chosen.output, run.low), "quadratic"].includes(cost) ? cost : run.cost;
  if (Number(fields.rate) > 0) run.rate = Number(fields.rate);
  if (Number(fields.batch) > 0) chosen.size = Math.min(MOST_POINTS, Math.round(Number(fields.batch)));
  if (fields.order) run.shuffled = fields.order === "shuffled";
  if (Number.isInteger(Number(fields.seed)) && fields.seed) run.seed = Number(fields.seed);
  if (fields.data) chosen.given = fields.weights === "given";
  begin(run, initialLayers());
  learned(fields);
  const point = Number(fields.point);
  if (fields.point && run.points[point]) chosen.point = point;
  if (fields.at) selectAt(fields.at);
}

function learned(fields) {  // what the network had learned: done again, or as it was written down
  const now = { rate: run.rate, cost: run.cost, shuffled: run.shuffled };
  if (fields.did) { replay(run, readLog(fields.did)); Object.assign(run, now); }
  const layers = fields.w ? withBits(run.layers, fields.w) : null;
  if (layers) {
    Object.assign(run, { layers, log: null, updates: Number(fields.updates) || 0, epoch: Number(fields.epoch) || 0, position: Number(fields.position) || 0 });
    run.curve = [];
  }
  if (run.points.length) measure(run);
}

function selectAt(text) {
  const [layer, to, from] = text.split(".").map((part, i) => i < 2 ? Number(part) - 1 : part);
  const row = run.layers[layer] && run.layers[layer].weight[to];
  if (!row) return;
  const place = from === "b" ? "b" : from === "n" ? null : Number(from) - 1;
  if (place === null || place === "b" || row[place] !== undefined) chosen.selected = { layer, to, from: place };
  follow();
}

function theme() {
  const dark = document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.documentElement.dataset.theme = dark === "dark" ? "light" : "dark";
  palette = paletteOf();
  showAll();
}

function projector() {
  const on = document.documentElement.classList.toggle("projector");
  byId("projector").setAttribute("aria-pressed", String(on));
  rebuild();
}

const KEYS = { " ": () => play(), e: () => learn("one-example"), b: () => learn("one-batch"), o: () => learn("one-epoch"), u: () => undo(), r: () => begunAnew(), t: () => projector() };

function start() {
  setUp();
  readState();
  listen();
  for (const name of Object.keys(STEPS)) byId(name).addEventListener("click", () => learn(name));
  const clicks = { play, undo, reset: () => { stop(); begunAnew(); }, theme, projector, "csv-open": () => byId("paste").showModal(), "csv-take": paste, "csv-cancel": () => byId("paste").close(), kind0: () => { chosen.kind = 0; fields(); }, kind1: () => { chosen.kind = 1; fields(); } };
  for (const [id, click] of Object.entries(clicks)) byId(id).addEventListener("click", click);
  for (const [id, set] of Object.entries(SETTINGS)) byId(`set-${id}`).addEventListener("change", event => { stop(); act(() => set(event.target.value)); });
  byId("settings").addEventListener("submit", event => event.preventDefault());
  document.addEventListener("keydown", event => {
    const typing = /^(INPUT|SELECT|TEXTAREA|BUTTON)$/.test(event.target.tagName) || event.target.closest("dialog");
    if (event.key === "z" && (event.ctrlKey || event.metaKey) && event.target.tagName !== "INPUT") { event.preventDefault(); undo(); return; }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
    if (event.key === " " && event.target.closest("[role=button]")) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  rebuild();
  new ResizeObserver(() => { if (Math.abs(byId("stage").clientWidth - places.width) > 1) rebuild(); else showPoints(); }).observe(byId("stage"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { palette = paletteOf(); showAll(); });
  window.addEventListener("hashchange", () => { stop(); earlier = []; chosen.point = chosen.selected = null; setUp(); readState(); rebuild(); });
}

start();
