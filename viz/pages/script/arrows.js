import { flows, items, links, localOf } from "./folds.js";
import { ARRIVES, reached, slopeCovered, slopeKnown } from "./moments.js";
import { show } from "./numbers.js";
import { segments } from "./placing.js";
import { chipPlaces, curvePath, pointOn } from "./routes.js";
import { byId, drawn, element, setAttribute, setText, toggleShown } from "./svg.js";
import { say } from "./words.js";

// Arrows, and the chips on them with the local derivatives. Many long arrows of one item, which lie on one another most of their
// way, are drawn as one bundle; an arrow of a bundle is drawn by itself only while its step is shown.

const DENSE = 90; // arrows; beyond that the ones at rest are pale
const BUNDLE = 12; // arrows of one item

export function buildArrows() {
  byId("edges").setAttribute("class", links.length > DENSE ? "dense" : "");
  const bySource = new Map(items.map(item => [item, []]));
  for (const segment of segments.values()) bySource.get(segment.links[0].from).push(segment);
  for (const own of bySource.values()) {
    const bundled = own.length > BUNDLE && own.some(segment => segment.route.length > 4) ? buildBundle(own) : null;
    for (const segment of own) {
      segment.bundle = bundled;
      segment.path = null;
      if (!bundled) drawSegment(segment);
    }
  }
  buildChips();
}

function drawSegment(segment) {
  segment.path = element("path", { class: "edge", d: curvePath(segment.route) }, byId("edges"));
  if (segment.links.some(link => link.segments.at(-1) === segment)) segment.path.setAttribute("marker-end", "url(#arrow-head)");
}

// Each piece once, however many arrows run along it, and a head at each end.
function buildBundle(own) {
  const pieces = new Map();
  for (const { route } of own) {
    const [x, y] = route.at(-1),
      [px, py] = route.at(-2),
      across = py === y ? [0, 4] : [4, 0],
      back = py === y ? [-9, 0] : [0, -9];
    for (let k = 0; k + 3 < route.length; k += 2) {
      const piece = route.slice(k, k + 4);
      pieces.set(piece.join(), curvePath(piece));
    }
    if (own.length)
      pieces.set(
        `head ${x} ${y}`,
        `M${x + back[0] - across[0]} ${y + back[1] - across[1]}L${x} ${y}L${x + back[0] + across[0]} ${y + back[1] + across[1]}`,
      );
  }
  return element("path", { class: "edge", d: [...pieces.values()].join("") }, byId("edges"));
}

function buildChips() {
  const shown = links.filter(flows),
    ends = shown.map(link => link.segments.at(-1).route);
  const widths = shown.map(link => ({ w: chipWidth(link), h: 26 }));
  chipPlaces(ends, widths).forEach(({ s, free }, n) =>
    Object.assign(shown[n], { chipShare: s, chipFree: free, chipAt: pointOn(ends[n], s) }),
  );
  rememberNeighbours(shown, widths);
  for (const link of links) {
    link.chip = null;
    if (!flows(link)) continue;
    link.chip = element(
      "g",
      { class: "chip", transform: `translate(${link.chipAt[0]} ${link.chipAt[1]})`, display: "none" },
      byId("chips"),
    );
    link.chipBody = element("rect", { y: -13, height: 26, rx: 13 }, link.chip);
    link.chipText = element("text", { y: 5 }, link.chip);
  }
}

const chipWords = link => {
  const slope = localOf(link);
  return slope !== null
    ? `×${drawn(show(slope, 4))}`
    : say("matrix", { rows: link.to.outs.length, columns: link.sources.length });
};
const chipWidth = link => chipWords(link).length * 8.4 + 16;

// A chip that found no free place is seen while its step is shown; those that it then lies on step back.
function rememberNeighbours(shown, sizes) {
  for (const link of shown) link.under = [];
  shown.forEach((link, n) => {
    if (link.chipFree) return;
    const [x, y] = link.chipAt;
    link.under = shown.filter(
      (other, m) =>
        other !== link &&
        Math.abs(other.chipAt[0] - x) < (sizes[n].w + sizes[m].w) / 2 &&
        Math.abs(other.chipAt[1] - y) < sizes[n].h,
    );
  });
}

// The arrows of some links, as they look at a moment.
export function paintArrows(some, time, step) {
  const isCurrent = link => step !== null && (step.link === link || (step.kind === "forward" && step.item === link.to));
  for (const segment of new Set(some.flatMap(link => link.segments))) {
    const looks = segment.links.map(link => lookOf(link, time, step, isCurrent(link)));
    const look = ["backward", "forward", "passed", ""]
      .map(way => looks.find(found => found.split(" ")[0] === way))
      .find(found => found !== undefined);
    paintSegment(segment, look);
  }
  const hidden = step?.link?.under ?? [];
  for (const link of some)
    if (link.chip) paintChip(link, time, isCurrent(link) && step.kind === "backward", hidden.includes(link));
}

const isNegative = (link, time) => link.chip && slopeKnown(link, time) && !slopeCovered(link) && localOf(link) < 0;

function lookOf(link, time, step, current) {
  const way = current
    ? step.kind === "forward"
      ? "forward"
      : "backward"
    : reached(link.step, time, ARRIVES.backward)
      ? "passed"
      : "";
  return isNegative(link, time) ? `${way} negative` : way;
}

function paintSegment(segment, look) {
  const { bundle } = segment,
    current = /^(forward|backward)/.test(look);
  if (bundle && current && !segment.path) drawSegment(segment);
  if (segment.path) setAttribute(segment.path, "class", `edge ${look}`);
  if (bundle && segment.path) toggleShown(segment.path, current);
}

function paintChip(link, time, current, hidden) {
  const known = slopeKnown(link, time),
    words = known && !slopeCovered(link) ? chipWords(link) : "×?";
  const shown = current || (known && link.chipFree && !hidden);
  toggleShown(link.chip, shown);
  if (!shown) return;
  const width = words.length * 8.4 + 16;
  setText(link.chipText, words);
  setAttribute(link.chipBody, "x", -width / 2);
  setAttribute(link.chipBody, "width", width);
  setAttribute(link.chip, "class", `chip${current ? " lit" : ""}${isNegative(link, time) ? " negative" : ""}`);
}
