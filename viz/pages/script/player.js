import { calm, settleCamera } from "./camera.js";
import { steps } from "./folds.js";
import { broken } from "./model.js";
import { pauseOf, stepAt } from "./moments.js";
import { state } from "./state.js";

// Time. It rests at whole numbers, the steps that are done; a covered step makes it wait until it is answered.

const SECONDS = { forward: 1.7, seed: 1.2, backward: 3.2, inside: 1.6 };
const END = 1e-9;

// The last moment there is: where the arithmetic breaks off, nothing that comes after it can be shown.
export function last() {
  if (!broken) return steps.length;
  return broken.operand === null ? 0 : steps.findIndex(step => step.kind === "seed");
}

// To a moment at once.
export function goTo(time) {
  state.time = Math.max(0, Math.min(last(), time));
  state.playing = false;
  state.until = null;
  wait();
  settleCamera();
}

// A step further, seen as it happens; once more, and it is done at once.
export function next() {
  const under = state.playing && state.until !== null ? state.until : null;
  const from = under ?? Math.floor(state.time + END);
  if (from >= last()) {
    goTo(last());
    return;
  }
  if (calm) {
    goTo(from + 1);
    return;
  }
  Object.assign(state, { time: from, playing: true, until: from + 1, looked: null });
}

export function back() {
  goTo(Math.ceil(state.time - END) - 1);
}

export function playOrPause() {
  if (!state.playing && state.time >= last() - END) state.time = 0;
  Object.assign(state, { playing: !state.playing, until: null, looked: null });
}

// A covered step is not passed by playing.
function wait() {
  const step = stepAt(state.time);
  if (!step) return;
  const limit = step.number - 1 + pauseOf(step);
  if (state.time <= limit + END || pauseOf(step) === 1) return;
  state.time = limit;
  state.resume = state.playing && state.until === null;
  state.playing = false;
}

export function advance(seconds) {
  if (!state.playing) return;
  const step = stepAt(state.time + 1e-6);
  state.time += (seconds * state.speed) / SECONDS[step?.kind ?? "seed"];
  wait();
  const end = state.until ?? last();
  if (state.playing && state.time >= end - END) Object.assign(state, { time: end, playing: false, until: null });
}

// The answer was given, or shown: the step goes on.
export function goOn() {
  const step = stepAt(state.time);
  state.solved.add(step.id);
  if (calm) {
    goTo(step.number);
    return;
  }
  Object.assign(state, { playing: true, until: state.resume ? null : step.number });
}
