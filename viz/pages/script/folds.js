import { GROUPS, NODES } from "./data.js";
import { gradients, LAST, slopes, sweepThrough, values, version } from "./model.js";
import { state } from "./state.js";

// What of the graph is visible. A group (a neuron, a layer, a moment in time, a strip of inputs) that is closed is ONE item, an
// operation like any other: what enters it, what leaves it, and how each depends on each come from its members. An open group
// is a frame (a layer: a label) around the items inside. So steps, arrows and motion need to know of nodes and items only.
//
// An item: {key, group (closed) or null, node: its result, or null where several values leave it, outs: all that leave it,
//           members, frame: the open group around it, ins and uses: links}.
// A link:  {from, to: items, sources: the nodes that enter, position: which operand of a plain operation, else null}.

function outward(group) {
  // a group and the groups around it, from the inside outward
  const found = [];
  for (let g = group; g !== null; g = GROUPS[g].parent) found.push(g);
  return found;
}

// The open groups around an item that are drawn as frames, from the outside inward.
export const framesOf = item =>
  outward(item.frame)
    .filter(g => state.open.has(g) && isFrame(g))
    .reverse();

const READERS = NODES.map(() => []);
NODES.forEach((node, i) => {
  for (const j of node.operands) READERS[j].push(i);
});

export let items = [],
  links = [],
  steps = []; // of the present folding; steps: what happens, forward, then backward
export let itemOf = []; // the item in which a node is seen

export const isFrame = group => !["layer", "strip"].includes(GROUPS[group].kind);

function home(i) {
  // [the outermost closed group around a node, or null; the innermost open one inside of which it is seen]
  let closed = null,
    frame = null;
  for (const g of outward(NODES[i].group)) if (!state.open.has(g)) closed = g;
  for (const g of outward(closed === null ? NODES[i].group : GROUPS[closed].parent))
    if (frame === null && isFrame(g)) frame = g;
  return [closed, frame];
}

export function unfold() {
  const byKey = new Map();
  itemOf = NODES.map((node, i) => {
    const [group, frame] = home(i),
      key = group === null ? `n${i}` : `g${group}`;
    if (!byKey.has(key)) byKey.set(key, { key, group, frame, members: [], outs: [], ins: [], uses: [] });
    byKey.get(key).members.push(i);
    return byKey.get(key);
  });
  for (const item of byKey.values()) {
    item.outs =
      item.group === null
        ? item.members
        : item.members.filter(i => i === LAST || READERS[i].some(reader => itemOf[reader] !== item));
    item.node = item.outs.length === 1 ? item.outs[0] : null;
    item.isLeaf = item.members.every(i => NODES[i].row === null);
    item.isConstant = item.group === null && NODES[item.node].constant;
  }
  connect(byKey);
  items = afterTheirOperands([...byKey.values()]);
  items.forEach((item, place) => {
    item.place = place;
  });
  listSteps();
}

function connect(byKey) {
  links = [];
  for (const item of byKey.values()) {
    const merged = new Map(); // a fold reads each item once, however many of its members do
    for (const i of item.members)
      NODES[i].operands.forEach((j, k) => {
        const from = itemOf[j];
        if (from === item) return;
        if (item.group !== null && merged.has(from)) {
          const l = merged.get(from);
          if (!l.sources.includes(j)) l.sources.push(j);
          return;
        }
        const link = { id: links.length, from, to: item, sources: [j], position: item.group === null ? k : null };
        merged.set(from, link);
        links.push(link);
        item.ins.push(link);
        from.uses.push(link);
      });
  }
}

// Every item after those that it reads, and those of an open group together; otherwise in the order of the nodes.
function afterTheirOperands(all, depth = 0) {
  const unitOf = item => framesOf(item)[depth] ?? item.key,
    units = new Map(),
    inside = new Set(all);
  for (const item of all) units.set(unitOf(item), []);
  for (const item of all) units.get(unitOf(item)).push(item);
  const before = unit =>
    units
      .get(unit)
      .flatMap(item => item.ins)
      .map(link => link.from)
      .filter(from => inside.has(from))
      .map(unitOf);
  return topological([...units.keys()], before).flatMap(unit =>
    typeof unit === "number" ? afterTheirOperands(units.get(unit), depth + 1) : units.get(unit),
  );
}

// Things in their order, each after those that `before` names; `before` may name a thing itself.
function topological(things, before) {
  const done = new Set(),
    waiting = new Map();
  for (const first of things) {
    const stack = [first];
    while (stack.length) {
      const thing = stack.at(-1);
      if (!waiting.has(thing))
        waiting.set(
          thing,
          before(thing)
            .filter(other => other !== thing)
            .reverse(),
        );
      const next = waiting.get(thing).pop();
      if (next === undefined) {
        done.add(stack.pop());
        continue;
      }
      if (!done.has(next)) stack.push(next);
    }
  }
  return [...done];
}

export const flows = link => link.sources.some(i => !NODES[i].constant);

// The steps. kind: "forward" (an item's values), "seed", "backward" (what one link brings), "inside" (a fold's own weights).
// `id` stays the same as long as the step exists, whatever else is opened or closed.
function listSteps() {
  steps = [];
  const add = (kind, item, link, id) => steps.push({ kind, item, link, id, number: steps.length + 1 });
  for (const item of items) {
    item.known = null;
    item.weighed = null;
  }
  for (const item of items)
    if (!item.isLeaf) {
      add("forward", item, null, `f${item.key}`);
      item.known = steps.length;
    }
  add("seed", itemOf[LAST], null, "s");
  itemOf[LAST].seeded = steps.length;
  for (const item of [...items].reverse()) {
    for (const link of item.ins) {
      link.step = null;
      if (flows(link)) {
        add("backward", item, link, `b${link.from.key}>${item.key}.${link.position ?? ""}`);
        link.step = steps.length;
      }
    }
    if (weightsOf(item).length) {
      add("inside", item, null, `w${item.key}`);
      item.weighed = steps.length;
    }
  }
  for (const item of items) item.arrivals = item.uses.filter(link => link.step !== null).sort((a, b) => a.step - b.step);
}

export const weightsOf = item =>
  item.group === null || item.isLeaf ? [] : item.members.filter(i => NODES[i].row === null && !NODES[i].constant);

// The local derivative that stands on a link: one number where one value enters and one value leaves, else null.
export function localOf(link) {
  const { to, sources } = link;
  if (to.group === null) return slopes[to.node][link.position];
  if (to.node === null || sources.length > 1) return null;
  if (to.sweep?.version !== version) to.sweep = { version, found: sweepThrough(to.members, to.node) };
  return to.sweep.found.get(sources[0]) ?? 0;
}

// What comes back along a link to one of its sources: the sum, over the members that read it, of gradient times slope.
export function shareOf(link, source = link.sources[0]) {
  if (link.to.group === null) return gradients[link.to.node] * slopes[link.to.node][link.position];
  let total = 0;
  for (const i of link.to.members)
    NODES[i].operands.forEach((j, k) => {
      if (j === source && slopes[i][k] !== null) total += gradients[i] * slopes[i][k];
    });
  return total;
}

// What arrived at a single value up to a step, in the order of arrival.
export function arrivedBy(item, step) {
  return item.arrivals.filter(link => link.step <= step).map(link => shareOf(link, item.node));
}

// The gradient that the arrivals up to a step add up to; the sum of all is the gradient itself, added in Python's order.
export function totalBy(item, step) {
  const found = arrivedBy(item, step);
  return found.length === item.arrivals.length ? gradients[item.node] : found.reduce((a, b) => a + b, 0);
}
