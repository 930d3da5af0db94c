import { GROUPS } from "./data.js";
import { calm } from "./camera.js";
import { tabOf } from "./drawing.js";
import { isFrame, itemOf, items, steps, unfold } from "./folds.js";
import { progressAt, stepAt } from "./moments.js";
import { goTo } from "./player.js";
import { state } from "./state.js";
import { byId } from "./svg.js";
import { say } from "./words.js";

// Groups open and close in place: the moment stays what it was as far as it still exists, and cards glide to their new places.

const MOST_ITEMS = 1600; // cards that a browser moves without stuttering
const GLIDE = 0.45; // seconds in which cards go to their new places
export const ALL = GROUPS.map((_, g) => g);
let gliding = null; // {since, places: where things were}

// The closed groups that are seen: opening them shows the next smaller parts.
export const closedGroups = () =>
  ALL.filter(g => !state.open.has(g) && (GROUPS[g].parent === null || state.open.has(GROUPS[g].parent)));

// Open or close groups; `rebuild` draws the page anew. What is returned is to be told: "" if it could be done.
export function toggleGroups(groups, rebuild) {
  const step = stepAt(state.time),
    share = progressAt(state.time),
    opening = !state.open.has(groups[0]),
    kept = new Set(state.open);
  let notice = "";
  const places = new Map(
    items.flatMap(item => [
      [item.key, [item.x, item.y]],
      ...(item.group === null ? [] : item.members.map(i => [`n${i}`, [item.x, item.y]])),
    ]),
  );
  for (const g of groups)
    if (opening) state.open.add(g);
    else state.open.delete(g);
  unfold();
  if (items.length > MOST_ITEMS && opening) {
    state.open = kept;
    notice = say("too many", { count: items.length, most: MOST_ITEMS });
  } else if (groups.length === 1 && opening && isFrame(groups[0])) [state.looked] = groups;
  const focused = byId("world").contains(document.activeElement);
  rebuild();
  if (focused) byId(opening ? tabOf(groups[0]) : `g${groups[0]}`)?.focus();
  if (!calm) gliding = { since: performance.now(), places };
  if (step) goTo(momentOf(step, share));
  return notice;
}

function momentOf(step, share) {
  const same = steps.find(other => other.id === step.id);
  if (same) return same.number - 1 + share;
  const inside = steps.findLast(
    other => other.kind === step.kind && other.item.members.some(i => step.item.members.includes(i)),
  );
  return inside?.number ?? itemOf.at(-1).seeded;
}

// One frame of the cards' way to their new places.
export function glide() {
  if (!gliding) return;
  const done = Math.min(1, (performance.now() - gliding.since) / 1000 / GLIDE),
    s = done * done * (3 - 2 * done);
  for (const item of items) {
    const [x, y] = gliding.places.get(item.key) ?? gliding.places.get(`n${item.outs[0]}`) ?? [item.x, item.y];
    item.card.setAttribute("transform", `translate(${x + (item.x - x) * s} ${y + (item.y - y) * s})`);
  }
  for (const id of ["edges", "chips", "frames"]) byId(id).setAttribute("opacity", s);
  if (done === 1) gliding = null;
}
