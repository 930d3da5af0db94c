// The page's state in its address: written a moment after each change, and read when the page opens.

import { DATASETS, MOST_POINTS, WORDS } from "./data.js";
import { crossEntropyFor } from "./train_costs.js";
import { byId } from "./train_dom.js";
import { costOfLetter, linkOf, pointsOfLink, readLink, readLog, withBits } from "./train_link.js";
import { begin, measure, replay } from "./train_run.js";
import { chosen, initialLayers, isActivation, run, trailOf } from "./train_state.js";

const WAIT = 300;  // milliseconds; browsers complain of many addresses in a row

let waiting = 0;

export function writeAddress() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const { hash, missing } = linkOf(run, chosen);
    history.replaceState(null, "", hash);
    byId("left-out").textContent = missing ? WORDS.leftOut[missing] : "";
  }, WAIT);
}

// What the address says, on top of the state as it is set up; a part that makes no sense says nothing.
export function readAddress() {
  const fields = readLink(location.hash);
  readData(fields);
  readForm(fields);
  const fitting = ["quadratic", crossEntropyFor(chosen.output, run.low)];
  const cost = [costOfLetter(fields.cost), run.cost].find(name => name && fitting.includes(name));
  run.cost = cost || "quadratic";
  if (Number(fields.rate) > 0 && Number(fields.rate) < Infinity) run.rate = Number(fields.rate);
  if (Number(fields.batch) >= 1) chosen.size = Math.min(MOST_POINTS, Math.round(Number(fields.batch)));
  if (fields.order) run.shuffled = fields.order === "shuffled";
  if (/^\d{1,9}$/.test(fields.seed)) run.seed = Number(fields.seed);
  if (fields.data) chosen.given = fields.weights === "given";
  begin(run, initialLayers());
  readLearned(fields);
  if (fields.point && run.points[Number(fields.point)]) chosen.point = Number(fields.point);
  if (fields.at) readSelected(fields.at);
}

function readData(fields) {
  if (Object.hasOwn(DATASETS, fields.data)) {
    chosen.data = fields.data;
    run.points = [...DATASETS[fields.data]];
  }
  const points = fields.points === undefined ? null : pointsOfLink(fields.points);
  if (points && points.length <= MOST_POINTS) {
    chosen.data = "own";
    run.points = points;
  }
}

function readForm(fields) {
  const sizes = (fields.hidden || "").split("-").filter(Boolean).map(Number);
  const fits = sizes.length <= 2 && sizes.every(size => Number.isInteger(size) && size >= 1 && size <= 16);
  if (fields.hidden !== undefined && fits) chosen.hidden = sizes;
  if (isActivation(fields.f)) chosen.activation = fields.f;
  if (isActivation(fields.out)) chosen.output = fields.out;
  if (fields.low === "0" || fields.low === "-1") run.low = Number(fields.low);
}

// What the network had learned: done again, or as it was written down.
function readLearned(fields) {
  const { rate, cost, shuffled } = run;
  if (fields.did && run.points.length) replay(run, readLog(fields.did));
  Object.assign(run, { rate, cost, shuffled });
  const layers = fields.w ? withBits(run.layers, fields.w) : null;
  if (layers) {
    const counted = text => Math.max(0, Math.round(Number(text) || 0));
    const updates = counted(fields.updates), epoch = counted(fields.epoch), position = counted(fields.position);
    Object.assign(run, { layers, updates, epoch, position: position < run.points.length ? position : 0, log: null, curve: [] });
  }
  if (run.points.length) measure(run);
}

function readSelected(text) {
  const [layer, to, part] = text.split(".");
  const row = run.layers[layer - 1] && run.layers[layer - 1].weight[to - 1];
  const from = part === "b" ? "b" : part === "n" ? null : Number(part) - 1;
  if (!row || (typeof from === "number" && row[from] === undefined)) return;
  chosen.selected = { layer: layer - 1, to: to - 1, from };
  chosen.open = { row: 0, trail: trailOf(chosen.selected) };
}
