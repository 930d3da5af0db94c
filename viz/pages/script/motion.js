import { items, localOf, shareOf } from "./folds.js";
import { lookAt } from "./camera.js";
import { gradients, values } from "./model.js";
import { ARRIVES, gradientAt, isCovered, progressAt, stepAt, valueCovered } from "./moments.js";
import { show, signed } from "./numbers.js";
import { doorstep } from "./placing.js";
import { pointOn } from "./routes.js";
import { byId, drawn, element, setAttribute, setText } from "./svg.js";

// The numbers on their way. Forward, values travel along their arrows into the operation, and the result comes out. Backward,
// the gradient leaves its card, travels AGAINST the arrow to the local derivative, is multiplied by it, and arrives where
// the arrow began. Each is a function of the share of the step that is done.

const MOST = 8; // numbers on their way at once
const FORWARD = { start: 0.06, meet: 0.62, out: 0.66 };
const BACKWARD = { start: 0.03, chip: 0.3, product: 0.42, leave: 0.52 };
let tokens = [];

export function buildTokens() {
  byId("tokens").replaceChildren();
  tokens = Array.from({ length: MOST }, () => {
    const group = element("g", { class: "token", visibility: "hidden" }, byId("tokens"));
    return { group, body: element("rect", { y: -16, height: 32, rx: 16 }, group), text: element("text", { y: 6 }, group) };
  });
}

const smooth = x => {
  const s = Math.max(0, Math.min(1, x));
  return s * s * (3 - 2 * s);
};
const between = (share, from, to) => smooth((share - from) / (to - from));
const mix = (a, b, s) => [a[0] + (b[0] - a[0]) * s, a[1] + (b[1] - a[1]) * s];

// The point at a share of a link's whole way, all its segments together.
function pointAlong(link, share) {
  const count = link.segments.length,
    place = Math.min(count - 1, Math.floor(share * count));
  return pointOn(link.segments[place].route, share * count - place);
}

// The share of the whole way at which the chip of a link stands: it is on the last segment.
const chipShareOf = link => (link.segments.length - 1 + link.chipShare) / link.segments.length;

export function paintMotion(time) {
  const step = stepAt(time),
    share = progressAt(time),
    moving = [];
  const put = (look, place, text) => {
    if (moving.length < MOST) moving.push({ look, place, text });
  };
  if (!step) lookAt([items[0].x, items[0].y]);
  else {
    const card = step.kind === "backward" ? step.link.from : step.item;
    lookAt([card.x, card.y]);
    if (step.kind === "forward") moveForward(step, share, put);
    if (step.kind === "backward") moveBackward(step, share, time, put);
  }
  if (moving.length) lookAt(moving[0].place);
  tokens.forEach((token, n) => {
    const it = moving[n];
    setAttribute(token.group, "visibility", it ? "visible" : "hidden");
    if (!it) return;
    const width = Math.max(40, it.text.length * 10.4 + 20);
    setAttribute(token.group, "class", `token ${it.look}`);
    setAttribute(token.group, "transform", `translate(${it.place[0].toFixed(1)} ${it.place[1].toFixed(1)})`);
    setText(token.text, drawn(it.text));
    setAttribute(token.body, "x", -width / 2);
    setAttribute(token.body, "width", width);
  });
}

function moveForward({ item, ...step }, share, put) {
  if (share < FORWARD.start || share >= ARRIVES.forward) return;
  if (share < FORWARD.meet) {
    for (const link of item.ins)
      if (link.sources.length === 1)
        put(
          "value",
          pointAlong(link, between(share, FORWARD.start, FORWARD.meet)),
          valueCovered(link.from) ? "?" : show(values[link.sources[0]], 4),
        );
    return;
  }
  if (item.node === null) return;
  const inside = mix(doorstep(item), [item.x, item.y], between(share, FORWARD.out, ARRIVES.forward));
  put("value", inside, isCovered({ item, ...step }) ? "?" : show(values[item.node], 4));
}

function moveBackward(step, share, time, put) {
  const { link, item } = step,
    slope = localOf(link);
  if (share < BACKWARD.start || share >= ARRIVES.backward) return;
  if (slope === null) {
    // several numbers at once: they go their way together
    put("gradient", pointAlong(link, 1 - between(share, BACKWARD.start, ARRIVES.backward)), `∂ ×${link.sources.length}`);
    return;
  }
  const chip = chipShareOf(link),
    hidden = isCovered(step),
    unknown = gradientAt(item, time)?.covered,
    above = ([x, y]) => [x, y - 34];
  const arriving = unknown ? "?" : signed(gradients[item.node], 4);
  if (share < BACKWARD.chip) {
    const s = between(share, BACKWARD.start, BACKWARD.chip),
      from = [item.x, item.y + 18];
    put(
      "gradient",
      s < 0.3 ? mix(from, doorstep(item), s / 0.3) : pointAlong(link, 1 - ((1 - chip) * (s - 0.3)) / 0.7),
      arriving,
    );
  } else if (share < BACKWARD.leave) {
    const product = `${arriving} × ${hidden ? "?" : slope < 0 ? `(${show(slope, 4)})` : show(slope, 4)}`;
    put("gradient", above(pointAlong(link, chip)), share < BACKWARD.product || hidden ? product : signed(shareOf(link), 4));
  } else {
    const s = between(share, BACKWARD.leave, ARRIVES.backward),
      { from } = link;
    const way =
      s < 0.8 ? pointAlong(link, chip * (1 - s / 0.8)) : mix(pointAlong(link, 0), [from.x, from.y + 18], (s - 0.8) / 0.2);
    put(
      "gradient",
      s < 0.15 ? mix(above(pointAlong(link, chip)), way, s / 0.15) : way,
      hidden ? "?" : signed(shareOf(link), 4),
    );
  }
}
