import { FUNCTIONS, NODES } from "./data.js";
import { fingers, measureAgain } from "./camera.js";
import { gradients, INPUTS, LAST, outputAt, values } from "./model.js";
import { itemOf, steps } from "./folds.js";
import { isCovered } from "./moments.js";
import { arithmetic, show, signed } from "./numbers.js";
import { state } from "./state.js";
import { byId, setText } from "./svg.js";
import { say } from "./words.js";
import { storyOf } from "./wording.js";

// The panel of one value: its story; for an input its number, to be typed, slid or dragged, with what its derivative promises
// beside what really happens: the tangent and the curve.

const POINTS = 60;
const WIDTH = 260,
  HEIGHT = 130;
let onNumber = () => {}; // what the page does when a number has changed
let from = null; // where a nudge began: {input, x, f, slope}

export function listenForNumbers(onChange) {
  onNumber = onChange;
  byId("number").addEventListener("input", () => typed(state.selected, byId("number"), byId("refused")));
  byId("number-form").addEventListener("submit", event => event.preventDefault());
  byId("slide").addEventListener("input", () => {
    begin(state.selected);
    put(state.selected, Number(byId("slide").value));
  });
  byId("slide").addEventListener("change", forgetNudge);
  byId("close-panel").addEventListener("click", () => select(null));
}

export function select(node, focus = true) {
  if (state.selected !== node) forgetNudge();
  state.selected = node;
  byId("panel").hidden = node === null;
  if (node !== null) {
    const input = INPUTS.includes(node);
    byId("number-form").hidden = !input;
    if (input) fillNumber(node);
    setText(byId("panel-name"), NODES[node].name);
    tell();
    if (input && focus) byId("number").focus({ preventScroll: true });
  }
  measureAgain();
}

function fillNumber(node) {
  const x = NODES[node].value,
    reach = Math.max(1, Math.abs(x)) * 2;
  Object.assign(byId("slide"), { min: x - reach, max: x + reach, step: reach / 200, value: x });
  byId("number").value = NODES[node].typed ?? String(x);
  setText(byId("refused"), "");
  byId("number").removeAttribute("aria-invalid");
}

// The story of the selected value, and the picture of its nudge.
export function tell() {
  const node = state.selected;
  if (node === null) return;
  byId("story").replaceChildren(
    ...storyOf(node).map(line => {
      const p = document.createElement("p");
      p.textContent = line;
      return p;
    }),
  );
  byId("nudge").hidden = !INPUTS.includes(node);
  if (INPUTS.includes(node)) drawNudge(node);
}

// A field takes what the command takes; anything else it refuses, says why, and changes nothing.
export function typed(node, field, refused) {
  const read = arithmetic(field.value, FUNCTIONS);
  field.setAttribute("aria-invalid", String(Boolean(read.error)));
  setText(refused, read.error ?? (/^\s*[-+]?[\d.]+(e[-+]?\d+)?\s*$/i.test(field.value) ? "" : `= ${show(read.value, 12)}`));
  if (read.error) return;
  NODES[node].typed = field.value;
  begin(node);
  put(node, read.value, field);
}

function begin(node) {
  if (from?.input !== node) from = { input: node, x: NODES[node].value, f: values[LAST], slope: gradients[node] ?? 0 };
}

function forgetNudge() {
  from = null;
}

function put(node, number, field = null) {
  NODES[node].value = field ? number : Number(number.toPrecision(12)); // a place on the screen has no more digits
  if (!field) NODES[node].typed = undefined;
  if (state.selected === node && field !== byId("number")) byId("number").value = show(number, 12);
  if (state.selected === node) byId("slide").value = number;
  onNumber(field);
}

// Drag an input's card to the left and to the right; arrow keys up and down do the same. A click without a drag selects it.
export function makeDraggable(item) {
  const { card, node } = item;
  let start = null;
  const unit = () => 10 ** Math.floor(Math.log10(Math.abs(from.x) || 1)) / 40;
  card.addEventListener("pointerdown", event => {
    start = { at: event.clientX, moved: false };
    card.setPointerCapture(event.pointerId);
  });
  card.addEventListener("pointermove", event => {
    if (fingers.size > 1) start = null; // it has become a pinch
    if (!start || (!start.moved && Math.abs(event.clientX - start.at) < 4)) return;
    if (!start.moved) {
      forgetNudge();
      select(node, false);
      begin(node);
      start.moved = true;
    }
    put(node, Math.round((from.x + (event.clientX - start.at) * unit()) / unit()) * unit());
  });
  card.addEventListener("pointerup", event => {
    if (start?.moved) event.stopPropagation();
    start = null;
  });
  card.addEventListener("keydown", event => {
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    begin(node);
    put(node, Number((NODES[node].value + way * unit() * 2).toPrecision(12)));
  });
}

// The curve of the output over one input, its tangent where the nudge began, and both changes in numbers.
function drawNudge(node) {
  const now = { x: NODES[node].value, f: values[LAST] },
    start = from?.input === node ? from : { ...now, slope: gradients[node] ?? 0 };
  const h = now.x - start.x,
    reach = Math.max(Math.abs(h) * 1.3, Math.abs(start.x) * 0.6 || 1);
  const xs = Array.from({ length: POINTS + 1 }, (_, n) => start.x + ((2 * n) / POINTS - 1) * reach);
  const ys = xs.map(x => outputAt(node, x)),
    there = [...ys.filter(Number.isFinite), start.f];
  const [low, high] = [Math.min(...there), Math.max(...there)];
  const X = x => WIDTH / 2 + ((x - start.x) / reach) * (WIDTH / 2 - 8),
    Y = y => HEIGHT - 10 - ((y - low) / (high - low || 1)) * (HEIGHT - 20);
  const curve = xs
    .map((x, n) =>
      Number.isFinite(ys[n])
        ? `${ys[n - 1] === undefined || !Number.isFinite(ys[n - 1]) ? "M" : "L"}${X(x).toFixed(1)} ${Y(ys[n]).toFixed(1)}`
        : "",
    )
    .join("");
  const known = !itemOf[node].arrivals.some(link => state.cover === "gradient" && isCovered(steps[link.step - 1]));
  const rise = start.slope * reach;
  const tangent = `M${X(start.x - reach)} ${Y(start.f - rise)}L${X(start.x + reach)} ${Y(start.f + rise)}`;
  byId("curve").setAttribute("d", curve);
  byId("tangent").setAttribute("d", tangent);
  byId("tangent").setAttribute("class", start.slope < 0 ? "tangent negative" : "tangent");
  for (const [id, x, y] of [
    ["was", start.x, start.f],
    ["is", now.x, now.f],
  ]) {
    byId(id).setAttribute("cx", X(x));
    byId(id).setAttribute("cy", Y(y));
  }
  const said = {
    x: NODES[node].name,
    f: NODES[LAST].name,
    h: signed(h, 4),
    slope: signed(start.slope, 4),
    promised: signed(start.slope * h, 4),
    moved: signed(now.f - start.f, 4),
  };
  setText(byId("nudged"), h === 0 ? say("nudge", said) : say("nudged by", said));
  byId("tangent").style.display = known ? "" : "none";
  setText(byId("promised"), h === 0 || !known ? "" : say("promised", said));
  setText(byId("really"), h === 0 ? "" : say("really", said));
}
