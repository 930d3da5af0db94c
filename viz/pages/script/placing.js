import { GROUPS } from "./data.js";
import { framesOf, items, links } from "./folds.js";
import { arrange } from "./layout.js";
import { INPUTS, values } from "./model.js";
import { show } from "./numbers.js";
import { state } from "./state.js";

// Where everything stands. The inside of an open group is laid out first, then placed as one box in the layout around it.
// What enters a frame does so by a port, a small copy of the name of where it comes from; what leaves it leaves at an exit.
// So an arrow between two items is a chain of segments, one for each layout that it passes; arrows that start together
// share their first segments.

export let frames = []; // the open groups: {group, x, y, w, h, boxes}
export let ports = []; // {item: whose value it repeats, frame, x, y, w, h}
export let segments = new Map(); // key -> {route: points, links that run along it}
export const narrow = () => innerWidth < 600; // a phone: columns are laid from top to bottom

const MARGIN = { side: 22, top: 46, bottom: 26 }; // between a frame and what is in it
const ROOT = "root";

export const ABOVE = 16; // what an operation takes of its card where arrows come from above

function sizeOf(item) {
  const slim = narrow();
  if (item.isConstant) return { w: Math.max(74, 12 * show(values[item.node], 5).length + 20), h: 44 };
  if (item.outs.length > 1) return { w: 212, h: 64 + 22 * 2 * Math.ceil(item.outs.length / 10) };
  return {
    w: Math.max(slim ? 128 : 156, Math.min(300, 11 * item.title.length + 40)),
    h: (item.arrivals.length > 1 ? 118 : 96) + (slim && !item.isLeaf ? ABOVE : 0),
  };
}

export function place() {
  frames = [];
  ports = [];
  segments = new Map();
  const layouts = new Map([[ROOT, layoutOf(null)]]);
  const at = group => {
    if (!layouts.has(group)) {
      layouts.set(group, layoutOf(group));
      frames.push(layouts.get(group));
    }
    return layouts.get(group);
  };
  for (const item of items) {
    Object.assign(item, sizeOf(item));
    const around = framesOf(item);
    around.forEach((group, depth) => {
      at(group).depth = depth;
      at(group).around = around[depth - 1] ?? ROOT;
    });
    at(item.frame ?? ROOT).boxes.push(item);
  }
  for (const link of links) thread(link, at);
  const inward = [...frames].sort((a, b) => b.depth - a.depth);
  for (const frame of inward) {
    settle(frame);
    at(frame.around).boxes.push(frame);
  }
  settle(at(ROOT));
  const fromOutside = [at(ROOT), ...inward.reverse()];
  fromOutside.forEach(carry);
  for (const layout of fromOutside) for (const arc of layout.arcs) stretch(arc, layout);
}

const layoutOf = group => ({ group, boxes: [], arcs: [], doors: new Map(), x: 0, y: 0 });

// The segments of a link: out of the frames around its tail, across, and into the frames around its head.
function thread(link, at) {
  const out = framesOf(link.from),
    into = framesOf(link.to);
  let shared = 0;
  while (shared < out.length && out[shared] === into[shared]) shared++;
  const stops = [{ box: link.from, where: link.from.frame ?? ROOT }];
  for (let i = out.length - 1; i >= shared; i--) stops.push({ exit: at(out[i]), where: out[i] });
  for (let i = shared; i < into.length; i++) stops.push({ port: at(into[i]), where: into[i] });
  link.segments = [];
  let here = link.from,
    key = link.from.key;
  for (const stop of stops.slice(1)) {
    const kind = stop.exit ? "exit" : "port",
      frame = stop.exit ?? stop.port,
      name = `${kind}${frame.group}:${link.from.key}`;
    if (!frame.doors.has(name)) frame.doors.set(name, door(kind, link.from, frame, here));
    const end = frame.doors.get(name);
    run(link, `${key}>${name}`, here, end, kind === "exit" ? frame : at(frame.around));
    [here, key] = [end, name];
  }
  run(link, `${key}>${link.id}`, here, link.to, at(link.to.frame ?? ROOT));
}

function door(kind, item, frame, after) {
  const found = { key: `${kind}${frame.group}:${item.key}`, kind, item, frame, after, w: 84, h: 34 };
  if (kind === "port") {
    ports.push(found);
    frame.boxes.push(found);
  }
  return found;
}

function run(link, key, from, to, layout) {
  if (!segments.has(key)) {
    segments.set(key, { key, links: [], route: [] });
    layout.arcs.push({ from, to, segment: segments.get(key), link });
  }
  segments.get(key).links.push(link);
  link.segments.push(segments.get(key));
}

// In the layout of one frame: which box stands for a stop, and how far from its middle the arrow leaves or enters.
const boxOf = (stop, layout) => (stop.kind && stop.frame !== layout ? stop.frame : stop);
const away = (stop, layout) => (stop.kind && stop.frame !== layout ? (narrow() ? stop.x : stop.y) : 0);

function enters(arc, layout) {
  const { to, link } = arc;
  if (to.kind) return away(to, layout);
  const count = to.ins.length,
    place = to.ins.indexOf(link);
  return count > 1 ? (place - (count - 1) / 2) * Math.min(13, 42 / count) : 0;
}

function settle(layout) {
  const rank = box => (box.kind === "port" ? -1 : (box.place ?? box.boxes.reduce((m, b) => Math.max(m, b.place ?? -1), -1)));
  layout.place = rank(layout);
  const boxes = [...layout.boxes].sort((a, b) => rank(a) - rank(b));
  const index = new Map(boxes.map((box, i) => [box, i]));
  const inner = layout.arcs.filter(arc => arc.to.kind !== "exit" || arc.to.frame !== layout);
  const arcs = inner.map(arc => ({
    from: index.get(boxOf(arc.from, layout)),
    to: index.get(boxOf(arc.to, layout)),
    leave: share(away(arc.from, layout), boxOf(arc.from, layout)),
    enter: share(enters(arc, layout), boxOf(arc.to, layout)),
  }));
  const across = layout.group === null && GROUPS.length ? 40 : 24;
  const found = arrange(boxes.map(outline), arcs, { across, along: narrow() ? 84 : 128, down: narrow() });
  boxes.forEach((box, i) => {
    box.x = found.places[i].x;
    box.y = found.places[i].y;
  });
  inner.forEach((arc, i) => {
    arc.segment.route = found.routes[i];
  });
  if (layout.group !== null) toTheEdge(layout);
}

// A card with its operation, which stands out half of its size before it; as much room is left behind it.
const SIGN = 17;
function outline(box) {
  const more = box.members && !box.isLeaf ? 2 * SIGN : 0;
  return {
    w: box.w + (narrow() ? 0 : more),
    h: box.h + (narrow() ? more : 0),
    since: sinceOf(box),
    pinned: box.kind === "port",
  };
}
// The reader's own order, which the layout keeps where nothing speaks against it: inputs by name, all else as it is computed.
function sinceOf(box) {
  const item = box.kind === "port" ? box.item : box;
  return item.isLeaf && !item.isConstant ? INPUTS.indexOf(item.node) : (box.place ?? INPUTS.length);
}
const share = (distance, box) => distance / (narrow() ? box.w : box.h);

// The frame is drawn around its boxes, and its doors are moved to its edges. From here on its places count from its middle.
function toTheEdge(layout) {
  const [left, top, right, bottom] = bounds(layout.boxes);
  layout.w = right - left + 2 * MARGIN.side;
  layout.h = bottom - top + MARGIN.top + MARGIN.bottom;
  layout.middle = [(left + right) / 2, (top - MARGIN.top + bottom + MARGIN.bottom) / 2];
  for (const arc of layout.arcs)
    if (arc.to.kind === "exit" && arc.to.frame === layout) leave(arc, layout, [left, top, right, bottom]);
  for (const box of layout.boxes) {
    box.x -= layout.middle[0];
    box.y -= layout.middle[1];
  }
}

// The way out of a frame: straight to its edge where nothing stands in the way, else along its lower (on a phone: right) edge.
function leave(arc, layout, [, , right, bottom]) {
  const down = narrow(),
    from = boxOf(arc.from, layout),
    shift = away(arc.from, layout),
    [mx, my] = layout.middle;
  const start = down ? [from.x + shift, from.y + from.h / 2] : [from.x + from.w / 2, from.y + shift];
  const edge = down ? bottom + MARGIN.bottom : right + MARGIN.side,
    [along, across] = down ? [1, 0] : [0, 1];
  const blocks = box =>
    down
      ? box.y - box.h / 2 > start[1] && Math.abs(box.x - start[0]) < box.w / 2 + 6
      : box.x - box.w / 2 > start[0] && Math.abs(box.y - start[1]) < box.h / 2 + 6;
  const at = (a, c) => (down ? [c, a] : [a, c]);
  const level = layout.boxes.some(blocks) ? (down ? right : bottom) + 12 : start[across];
  const bend = start[along] + 5;
  arc.segment.route = [
    start,
    at(bend, start[across]),
    at(Math.max(bend + 1, Math.min(bend + 90, edge - 2)), level),
    at(edge, level),
  ];
  arc.to.x = down ? level - mx : edge - mx;
  arc.to.y = down ? edge - my : level - my;
}

// From places within a frame to places on the stage, from the outside inward.
function carry(layout) {
  const [mx, my] = layout.middle ?? [0, 0],
    move = ([x, y]) => [x - mx + layout.x, y - my + layout.y];
  for (const box of layout.boxes) {
    box.x += layout.x;
    box.y += layout.y;
  }
  for (const arc of layout.arcs) arc.segment.route = arc.segment.route.map(move);
}

// The first and the last piece of a route are straight. They are lengthened to where an arrow is seen to begin and to end: at a
// card's edge, at a port a little inside a frame, at a frame's edge.
function stretch({ from, to, segment }, layout) {
  const down = narrow(),
    axis = down ? 1 : 0,
    size = down ? "h" : "w",
    at = down ? "y" : "x";
  const { route } = segment,
    last = route.at(-1);
  if (from.members && !from.isLeaf) route[0][axis] -= SIGN;
  if (to.kind === "port" && to.frame !== layout)
    last[axis] = layout.boxes.includes(to.frame) ? to[at] - to[size] / 2 : last[axis];
}

// Where the arrows enter a card: in the middle of its left side, on a phone of its top.
export const doorstep = ({ x, y, w, h }) => (narrow() ? [x, y - h / 2] : [x - w / 2, y]);

export function bounds(boxes) {
  const list = boxes.length ? boxes : [{ x: 0, y: 0, w: 1, h: 1 }];
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, w, h } of list) {
    left = Math.min(left, x - w / 2);
    right = Math.max(right, x + w / 2);
    top = Math.min(top, y - h / 2);
    bottom = Math.max(bottom, y + h / 2);
  }
  return [left, top, right, bottom];
}
