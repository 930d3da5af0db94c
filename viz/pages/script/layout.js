// A picture of a graph in columns, after Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical
// system structures" (1981). Every arrow points from a column to a later one, and four steps, each simple, find the rest:
//
// 1. Columns. An item stands one column after the last of its operands (the longest path to it). Then leaves move up to just
//    before their first reader, and so do small operations like the w·x of a long sum: those with one reader, which take
//    along nothing but leaves and make no more than one arrow longer. Larger ones stay, so that layers are columns.
//    An arrow that crosses columns in between gets a lane there: a place of its own, so that it runs between the cards and
//    never over one.
// 2. Order within a column. Sweep through the columns, forth and back, and sort each by its barycenters: the mean place of
//    the neighbours in the column before. Then swap neighbours that cross less the other way round. The order with the
//    fewest crossings wins, and where two orders cross equally often the reader's own order stays: x1, x2, x3.
// 3. Heights. Sweep again: each item wishes to be level with its neighbours, and the wishes of a column are fulfilled as
//    well as its order and its gaps allow. That is isotonic regression, which pooling adjacent violators solves exactly.
// 4. Routes. Arrows run straight inside the columns and bend only in the gaps between them (routes.js).
//
// All of it is linear in items and lanes, but for sorting. The lanes could be many: one input that is read in each of 1,000
// columns needs half a million. So a source with many long arrows has one lane for all, a bundle that they leave one by one;
// and sources share LANES lanes, those that need few first. All long arrows of a source that gets none run on a rail, a
// straight line above or below all cards, which needs no place in the columns.

import { orderColumns, ranked } from "./order.js";

const LANES = 4000;
const OWN_LANES = 3;  // more long arrows than this from one source share one lane, a bundle
const LANE_SIZE = 2;  // a lane is this wide
const TRACKS = 24;  // rails above all cards, and below them, lie side by side on this many tracks at most
const TRACK_GAP = 10;
const HEIGHT_SWEEPS = 8;  // forth and back in turn; in the last two, the neighbours of both sides pull
const LEVEL_ENTRY = 20;  // an entry this near to the middle counts as level with it
const STUB = 5;  // an arrow runs straight this far out of a column, which keeps its head level

// Lay out a graph. Pure: nothing is drawn, nothing that is given is changed.
// items: [{w, h, column, since, pinned}] in topological order; column (optional) is the earliest column it may stand in, since
//   (optional) its place in the reader's own order, its index otherwise; pinned: it is not moved up to its first reader.
// arcs: [{from, to, leave, enter}], indices with from < to; the arrow leaves `from` so far from the middle of its right edge,
//   and enters `to` so far from the middle of its left edge, as shares of their heights (optional: 0, in the middle). Instead of
//   `enter` there may be slot and slots: the middle of slot 0..slots-1. Two items may have several arcs.
// across, along: the gap between two items of a column, and between two columns. down: columns lie one below the other,
//   arrows enter at the top edge and leave at the bottom edge.
// Returns {places: [{x, y}] the items' centres, routes: [points] one for each arc, width, height}.
export function arrange(items, arcs, { across, along, down = false }) {
  const nodes = items.map((item, i) => layoutNode(down ? item.w : item.h, down ? item.h : item.w, item.since ?? i));
  placeInColumns(nodes, items, arcs);
  const ways = arcs.map(arc => ({ from: nodes[arc.from], to: nodes[arc.to], lanes: [], rail: null,
    entry: arc.enter ?? ((arc.slot ?? 0) + 0.5) / (arc.slots ?? 1) - 0.5, exit: arc.leave ?? 0 }));
  const rails = addLanes(nodes, ways);
  ways.filter(way => !way.rail).forEach(linkWay);
  const columns = columnsOfNodes(nodes);
  orderColumns(columns);
  settleHeights(columns, across);
  const [low, high] = placeRails(columns, rails);
  const edges = columnEdges(columns, along);
  const stub = Math.min(STUB, along / 4);
  const turn = (x, y) => (down ? [rounded(y - low), rounded(x)] : [rounded(x), rounded(y - low)]);
  const [width, height] = turn(edges.length ? edges[edges.length - 1].end : 0, high);
  const places = nodes.slice(0, items.length).map(node => turn(edges[node.column].middle, node.at));
  return { places: places.map(([x, y]) => ({ x, y })), width, height,
    routes: ways.map(way => stopsOfRoute(way, edges, stub).map(([x, y]) => turn(x, y))) };
}

// What stands in a column: an item or a lane. `size` is its extent across, along its column, `length` the other one;
// `at` is the place of its centre, `rank` its index in its column, `depth` the longest path to it, `deepest` the longest to one
// of its operands.
function layoutNode(size, length, since) {
  return { size, length, since, lane: false, column: 0, depth: 0, deepest: -1, rank: 0, at: 0, ins: [], outs: [] };
}

// ---------- 1. Columns

function placeInColumns(nodes, items, arcs) {
  const operands = items.map(() => new Set());  // of each item, by index
  const readers = items.map(() => new Set());
  for (const { from, to } of arcs) {
    operands[to].add(from);
    readers[from].add(to);
  }
  nodes.forEach((node, i) => {  // operands come first in a topological order, so their columns are known
    node.column = items[i].column ?? 0;
    for (const operand of operands[i]) {
      node.column = Math.max(node.column, nodes[operand].column + 1);
      node.deepest = Math.max(node.deepest, nodes[operand].depth);
    }
    node.depth = node.deepest + 1;
  });
  for (let i = nodes.length - 1; i >= 0; i--) {  // readers come later, so where they stand is final
    const own = [...operands[i]].filter(operand => readers[operand].size === 1);
    const small = readers[i].size === 1 && operands[i].size - own.length <= 1 && own.every(operand => !operands[operand].size);
    if (items[i].pinned || !readers[i].size || (operands[i].size && !small)) continue;
    nodes[i].column = [...readers[i]].reduce((column, reader) => Math.min(column, nodes[reader].column - 1), Infinity);
  }
  const used = [...new Set(nodes.map(node => node.column))].sort((a, b) => a - b);
  const renumbered = new Map(used.map((column, i) => [column, i]));  // no column stays empty
  for (const node of nodes) node.column = renumbered.get(node.column);
}

// Give each way that is longer than one column its lanes, or a rail. Sources that need few lanes get them first.
function addLanes(nodes, ways) {
  const long = new Map();  // source -> its long ways
  for (const way of ways) {
    if (way.to.column - way.from.column < 2) continue;
    if (!long.has(way.from)) long.set(way.from, []);
    long.get(way.from).push(way);
  }
  const sources = [...long.entries()].map(([source, all]) => ({ source, all,
    need: all.reduce((sum, way) => sum + way.to.column - way.from.column - 1, 0) }));
  sources.sort((a, b) => a.need - b.need);
  const rails = [];
  let left = LANES;
  for (const { source, all, need } of sources) {
    left -= need;
    if (left >= 0) giveLanes(all, nodes);
    else rails.push(railFor(source, all));
  }
  return rails;
}

function giveLanes(all, nodes) {
  const bundle = all.length > OWN_LANES ? [] : null;
  for (const way of all) {
    const lanes = bundle ?? [];  // of each column, while they are made
    for (let column = way.from.column + 1; column < way.to.column; column++) {
      if (!lanes[column]) nodes.push(lanes[column] = { ...layoutNode(LANE_SIZE, 0, way.from.since), lane: true, column });
      way.lanes.push(lanes[column]);
    }
  }
}

function railFor(source, all) {
  const last = all.reduce((column, way) => Math.max(column, way.to.column), 0);
  const rail = { source, first: source.column, last, at: 0 };
  for (const way of all) way.rail = rail;
  return rail;
}

// The links of a way: from each of its stops to the next, one column on. The weight says how hard it pulls both to one height:
// lanes harder than cards, so that long arrows are straight; the deepest operands of a reader harder than the others, and all
// the harder the deeper they are, so that the longest path is straight and what joins it hangs above and below. If all pulled
// alike, a sum of 300 terms would climb like a stair.
function linkWay(way) {
  const stops = [way.from, ...way.lanes, way.to];
  for (let i = 1; i < stops.length; i++) {
    const [from, to] = [stops[i - 1], stops[i]];
    if (to.lane && to.ins.length) continue;  // a bundle is linked once
    const pull = from.lane && to.lane ? 8 : to.lane || way.from.depth === to.deepest ? 1 : 0.01;
    const [entry, exit] = [to.lane ? 0 : way.entry, from.lane ? 0 : way.exit];
    const link = { from, to, entry, exit, weight: pull * (way.from.depth + 1) ** 2 };
    from.outs.push(link);
    to.ins.push(link);
  }
}

// The columns in the reader's order.
function columnsOfNodes(nodes) {
  const columns = [];
  for (const node of nodes) (columns[node.column] ??= []).push(node);
  for (const column of columns) {
    column.sort((a, b) => a.since - b.since);
    ranked(column);
  }
  return columns;
}

// ---------- 3. Heights

function settleHeights(columns, across) {
  for (const column of columns) {
    fulfil(column, column.map(() => 0), column.map(() => 1), across);
  }
  for (let sweep = 0; sweep < HEIGHT_SWEEPS; sweep++) {
    const forth = sweep % 2 === 0;
    const both = sweep >= HEIGHT_SWEEPS - 2;
    for (const column of forth ? columns : [...columns].reverse()) {
      const pulls = column.map(node => pullOn(node, both || forth, both || !forth));
      fulfil(column, pulls.map(pull => pull.wish), pulls.map(pull => pull.weight), across);
    }
  }
}

// Where a node wishes to stand: level with its neighbours on the sides that are asked for, or on any side that has some.
function pullOn(node, before, after) {
  const ins = before || !node.outs.length ? node.ins : [];
  const outs = after || !node.ins.length ? node.outs : [];
  let [sum, weight] = [0, 0];
  for (const link of ins) {
    sum += link.weight * (link.from.at - entryOffset(link));
    weight += link.weight;
  }
  for (const link of outs) {
    sum += link.weight * (link.to.at + entryOffset(link));
    weight += link.weight;
  }
  return weight ? { wish: sum / weight, weight } : { wish: node.at, weight: 0.001 };
}

// How far from its reader's middle a link enters, as far as heights are concerned: within a card, the cards shall be level
// rather than their arrows, since an arrow that bends a little is no harm, and a chain that slopes is.
function entryOffset(link) {
  const offset = link.entry * link.to.size - link.exit * link.from.size;
  return Math.sign(offset) * Math.max(0, Math.abs(offset) - LEVEL_ENTRY);
}

// Place a column so that sum of weight * (at - wish)^2 is least, order and gaps kept. Measured from where each node would be
// if all stood as close as they may, the places have to grow along the column: neighbours that violate this are pooled into a
// block that takes their mean wish, and a block that violates it with the one before is pooled with that in turn.
function fulfil(column, wishes, weights, across) {
  const packed = [0];
  for (let i = 1; i < column.length; i++) {
    packed.push(packed[i - 1] + (column[i - 1].size + column[i].size) / 2 + gapBetween(column[i - 1], column[i], across));
  }
  const blocks = [];
  column.forEach((node, i) => {
    let block = { mean: wishes[i] - packed[i], weight: weights[i], count: 1 };
    while (blocks.length && blocks[blocks.length - 1].mean >= block.mean) {
      const other = blocks.pop();
      const weight = other.weight + block.weight;
      const mean = (other.mean * other.weight + block.mean * block.weight) / weight;
      block = { mean, weight, count: other.count + block.count };
    }
    blocks.push(block);
  });
  let i = 0;
  for (const { mean, count } of blocks) {
    for (const end = i + count; i < end; i++) column[i].at = mean + packed[i];
  }
}

// A lane needs half the room of a card.
function gapBetween(upper, lower, across) {
  return upper.lane || lower.lane ? across / 2 : across;
}

// ---------- 4. Routes

// The places of the rails, above all cards or below them, whichever is nearer to the source; and how far all reaches then.
function placeRails(columns, rails) {
  let [low, high] = [Infinity, -Infinity];
  for (const node of columns.flat()) {
    low = Math.min(low, node.at - node.size / 2);
    high = Math.max(high, node.at + node.size / 2);
  }
  if (!columns.length) return [0, 0];
  const sides = { above: [], below: [] };  // of each track in use: the column up to which it is taken
  rails.sort((a, b) => a.first - b.first);
  for (const rail of rails) {
    const side = rail.source.at < (low + high) / 2 ? "above" : "below";
    const track = freeTrack(sides[side], rail);
    rail.at = side === "above" ? low - (track + 1) * TRACK_GAP : high + (track + 1) * TRACK_GAP;
  }
  return [low - sides.above.length * TRACK_GAP, high + sides.below.length * TRACK_GAP];
}

// The first track that is free where the rail begins; if there is none, the one that is free again soonest is shared.
function freeTrack(tracks, rail) {
  let track = tracks.findIndex(taken => taken <= rail.first);
  if (track < 0) track = tracks.length < TRACKS ? tracks.length : tracks.indexOf(Math.min(...tracks));
  tracks[track] = Math.max(tracks[track] ?? 0, rail.last);
  return track;
}

// Where each column begins and ends along the picture.
function columnEdges(columns, along) {
  let start = 0;
  return columns.map(column => {
    const length = column.reduce((longest, node) => Math.max(longest, node.length), 0);
    const edge = { start, middle: start + length / 2, end: start + length };
    start += length + along;
    return edge;
  });
}

// The points of a route, two for each gap that it bends in, between its tail at `from` and its head at `to`.
function stopsOfRoute(way, edges, stub) {
  const { from, to, lanes, rail } = way;
  const head = to.at + way.entry * to.size;
  const tail = from.at + way.exit * from.size;
  const levels = rail ? [tail, rail.at, head] : [tail, ...lanes.map(lane => lane.at), head];
  const gaps = rail ? [from.column, to.column - 1] : levels.slice(1).map((_, i) => from.column + i);
  const points = [[edges[from.column].middle + from.length / 2, tail]];
  gaps.forEach((column, i) => {
    points.push([edges[column].end + stub, levels[i]], [edges[column + 1].start - stub, levels[i + 1]]);
  });
  points.push([edges[to.column].middle - to.length / 2, head]);
  return points;
}

function rounded(value) {
  return Math.round(value * 100) / 100;
}
