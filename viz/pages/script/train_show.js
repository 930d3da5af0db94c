// What is shown of the state: all of it at rest, and turn by turn while the network learns.

import { ACTIVATIONS, WORDS } from "./data.js";
import { show } from "./numbers.js";
import { writeAddress } from "./train_address.js";
import { boardOf } from "./train_board.js";
import { middleOf } from "./train_costs.js";
import { drawCurve } from "./train_curve.js";
import { byId, phrase, refill } from "./train_dom.js";
import { drawField, drawPoints, labelField, markWrong } from "./train_field.js";
import { showFlow } from "./train_flow.js";
import { backward, forward, outputOf } from "./train_network.js";
import { neuronPanel, pointPanel } from "./train_panels.js";
import { buildPicture, drawTiles, placesOf, updateLines, updateNumbers } from "./train_picture.js";
import { answersOver, holds, paletteOf, rangeOf, viewOf } from "./train_plane.js";
import { showSettings } from "./train_settings.js";
import { act, canUndo, chosen, pointsChanged, run, trailOf } from "./train_state.js";
import { exampleOf, examplesOf, nextBatch } from "./train_run.js";

const FINE = 64, COARSE = 24;  // points of the plane in each direction: at rest, and while the network learns

let view, places, parts, palette;

export function viewNow() {
  return view;
}

// Everything anew: the form of the network, the room for it, the view or the colours may have changed.
export function rebuild() {
  view = viewOf(run.points);
  palette = paletteOf();
  const box = byId("stage").getBoundingClientRect();
  places = placesOf(run.layers, box.width, Math.max(300, window.innerHeight - box.top - window.scrollY - 50));
  parts = buildPicture(run.layers, places, choose);
  showAll();
}

export function fitStage() {
  if (Math.abs(byId("stage").clientWidth - places.width) > 1) rebuild();
  else showPoints();
}

export function recolour() {
  palette = paletteOf();
  showAll();
}

export function showAll() {
  byId("status").setAttribute("aria-live", "polite");
  if (!holds(view, run.points)) view = viewOf(run.points);
  showUpdate();
  showSettings();
  writeAddress();
}

// What an update changes, with all of its numbers; the settings may be typed in meanwhile.
export function showUpdate() {
  byId("details").hidden = false;
  drawAnswers(FINE, true, true);
  updateLines(parts, run.layers, chosen.selected);
  showNumbers();
  showPoints();
  drawCurve(run.curve);
  showStatus();
  showPanels();
}

// The latest update as motion: the gradient runs back along the lines.
export function showLatestMove() {
  if (run.last) showFlow(parts, run.last.layers, run.layers);
}

// One frame of learning: the parts of the picture take turns, so that no frame takes long.
export function showMoving(frame) {
  byId("details").hidden = true;
  byId("status").setAttribute("aria-live", "off");
  drawAnswers(COARSE, frame % 2 === 0, frame % 2 === 1);
  const turn = [
    () => updateLines(parts, run.layers, chosen.selected), () => drawCurve(run.curve), showWrong, showNumbers,
  ];
  turn[frame % turn.length]();
  showStatus();
}

// What the neurons answer over the plane: the field of the output, and the tiles of all neurons.
function drawAnswers(n, field, tiles) {
  const answers = answersOver(run.layers, view, n), outputs = answers[answers.length - 1][0];
  if (field) {
    const middle = middleOf(run.cost, run.low), range = outputRange(outputs), quarter = (range[1] - range[0]) / 4;
    drawField(outputs, n, range, [middle, middle - quarter, middle + quarter], palette);
  }
  if (tiles) drawTiles(parts, places, run.layers, answers, n, palette);
}

function outputRange(outputs) {
  const { least, greatest } = ACTIVATIONS[chosen.output];
  if (least !== null && greatest !== null) return rangeOf(chosen.output, outputs);
  return run.cost === "binary_cross_entropy_with_logits" ? [-3, 3] : [run.low, 1];  // no bounds: as far as the targets
}

function passedNow() {
  return chosen.point === null ? null : forward(run.layers, exampleOf(run, chosen.point).x);
}

export function showNumbers() {
  const passed = passedNow();
  const delta = passed && backward(run.layers, run.cost, passed, exampleOf(run, chosen.point).target);
  updateNumbers(parts, run.layers, passed, delta);
}

export function showPoints() {
  const answers = answersAtPoints();
  drawPoints(run.points, view, answers, chosen.point, new Set(run.last ? run.last.numbers : []));
  labelField(run.points.length, showRight(answers));
  tellPoint();
}

// The selected point in words, for who does not see it move.
function tellPoint() {
  const point = run.points[chosen.point];
  byId("told").textContent = point ? phrase(WORDS.told, {
    number: chosen.point + 1, count: run.points.length, x1: show(point[0]), x2: show(point[1]), kind: point[2],
  }) : "";
}

function answersAtPoints() {
  const middle = middleOf(run.cost, run.low);
  return examplesOf(run).map(({ x }) => outputOf(forward(run.layers, x)) >= middle ? 1 : 0);
}

function showRight(answers) {
  const right = answers.filter((kind, i) => kind === run.points[i][2]).length;
  byId("right").textContent = phrase(WORDS.right, { right, count: run.points.length });
  return right;
}

function showWrong() {
  const answers = answersAtPoints();
  markWrong(run.points, answers);
  showRight(answers);
}

function showStatus() {
  byId("epochs-done").textContent = String(run.epoch);
  byId("updates-done").textContent = String(run.updates);
  const { costNow } = run;
  byId("cost-now").textContent = !run.points.length ? "" : costNow < 1000 ? costNow.toFixed(5) : show(costNow, 4);
  byId("undo").disabled = !canUndo();
}

// --- the panels ---

function showPanels() {
  const passed = passedNow(), told = {
    select, remove: removePoint, change: (i, point) => act(() => pointsChanged(run.points.with(i, point), false)),
  };
  refill(byId("point-panel"), pointPanel(run, chosen.point, passed, middleOf(run.cost, run.low), told));
  const weight = neuronPanel(run.layers, chosen.selected, passed, chosen.point, choose);
  if (chosen.selected && chosen.selected.from !== null && (run.last || run.points.length)) {
    const change = open => { chosen.open = open; showPanels(); };
    weight.push(boardOf(run.last || comingUpdate(), chosen.selected, chosen.open, change, select));
  }
  refill(byId("weight-panel"), weight);
}

function comingUpdate() {  // before the first update there is only the one that comes
  const numbers = nextBatch(run, chosen.size), { layers, cost, rate } = run;
  return { layers, numbers, examples: numbers.map(i => exampleOf(run, i)), cost, rate, update: run.updates + 1, coming: true };
}

export function select(i) {
  chosen.point = i;
  showAll();
}

export function choose(selected) {
  chosen.selected = selected;
  chosen.open = { row: 0, trail: trailOf(selected) };
  if (byId("details").hidden) return;  // while the network learns, the next frame shows it
  showAll();
  byId("weight-panel").scrollIntoView({ block: "nearest" });
}

export function removePoint(i) {
  act(() => {
    chosen.point = null;
    pointsChanged(run.points.filter((_, other) => other !== i), true);
  });
}
