// Arrows: the curve of a route, a point on it, and the places of the chips that stand on it.
//
// A route is a list of points that takes turns: a straight piece, a bend, a straight piece, a bend, ..., a straight piece.
// Its straight pieces run inside the columns of a layout and its bends fill the gaps between two columns. A bend is a cubic
// Bézier curve that leaves and arrives in the direction of the straight pieces, so the arrow has no corner anywhere.
// The path that is drawn and the point that travels along it come from the same control points, hence agree exactly.

const PIECES = 24;  // a straight piece or a bend is measured by this many chords: fine enough for an even speed
const CHIP_AT = Array.from({ length: 21 }, (_, i) => 0.5 + (i % 2 ? -1 : 1) * Math.ceil(i / 2) * 0.04);  // where in a bend
// a chip is tried: 0.5, 0.46, 0.54, ..., the middle first
const CHIP_GAP = 2;  // pixels between two chips at least

const lengthsOf = new WeakMap();  // route -> its lengths up to each chord's end, measured once

// Does the route run downwards? Its first piece is straight and longer than nothing, so that one tells.
function runsDown(points) {
  return points[0][0] === points[1][0];
}

// The four control points of a bend from a to b.
function bendControls(a, b, down) {
  const middle = down ? (a[1] + b[1]) / 2 : (a[0] + b[0]) / 2;
  return down ? [a, [a[0], middle], [b[0], middle], b] : [a, [middle, a[1]], [middle, b[1]], b];
}

// The path of a route as SVG writes it.
export function curvePath(points) {
  const down = runsDown(points);
  let path = `M${points[0]}`;
  for (let k = 1; k < points.length; k++) {
    const straight = k % 2 === 1;
    path += straight ? `L${points[k]}` : `C${bendControls(points[k - 1], points[k], down).slice(1).join(" ")}`;
  }
  return path;
}

// The point of piece k (from point k to the next one) at t in 0..1: on a line, or on a bend by Bernstein's formula.
function pointOfPiece(points, k, t) {
  const [a, b] = [points[k], points[k + 1]];
  if (k % 2 === 0) return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
  const [p, q, r, s] = bendControls(a, b, runsDown(points));
  const u = 1 - t;
  const weights = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return [0, 1].map(axis => weights[0] * p[axis] + weights[1] * q[axis] + weights[2] * r[axis] + weights[3] * s[axis]);
}

// The length of the route up to the end of each chord: entry k * PIECES + j is where piece k has t = j / PIECES.
function measuredLengths(points) {
  const known = lengthsOf.get(points);
  if (known) return known;
  const lengths = new Float64Array((points.length - 1) * PIECES + 1);
  let last = points[0];
  for (let j = 1; j < lengths.length; j++) {
    const piece = Math.floor((j - 1) / PIECES);
    const point = pointOfPiece(points, piece, j / PIECES - piece);
    lengths[j] = lengths[j - 1] + Math.hypot(point[0] - last[0], point[1] - last[1]);
    last = point;
  }
  lengthsOf.set(points, lengths);
  return lengths;
}

// The point at share s of the route's length: 0 is its tail, 1 its head.
export function pointOn(points, s) {
  if (s <= 0) return [...points[0]];
  if (s >= 1) return [...points[points.length - 1]];
  const lengths = measuredLengths(points);
  const wanted = s * lengths[lengths.length - 1];
  let [low, high] = [0, lengths.length - 1];  // lengths[low] <= wanted < lengths[high]
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (lengths[middle] <= wanted) low = middle;
    else high = middle;
  }
  const piece = Math.floor(low / PIECES);
  const along = low - piece * PIECES + (wanted - lengths[low]) / (lengths[high] - lengths[low]);
  return pointOfPiece(points, piece, along / PIECES);
}

// The share of the route's length at which piece k has t: what pointOn turns back into that point.
function shareAt(points, k, t) {
  const lengths = measuredLengths(points);
  const chord = Math.min(Math.floor(t * PIECES), PIECES - 1);
  const [low, high] = [lengths[k * PIECES + chord], lengths[k * PIECES + chord + 1]];
  return (low + (high - low) * (t * PIECES - chord)) / lengths[lengths.length - 1];
}

// Where the chip of each route stands: [{s, free}], the share of the route for pointOn, and whether the chip overlaps
// nothing there. sizes: {w, h} of each chip, or null where a route has none (its place is null, too).
// Chips are tried in the bends alone, where there is never a card: first in the bend before the head, because the local
// derivative belongs to the operation that the arrow enters. Level arrows choose first, since a chip on a steep one can get
// out of the way. Each chip looks only at those of its own gap that are near, so the work is linear but for sorting. A chip
// that finds no room is told to stand in the middle of its last bend, not free: show it only while its arrow is lit.
export function chipPlaces(routes, sizes) {
  const cell = 1 + CHIP_GAP + Math.max(largestChip(sizes, "w"), largestChip(sizes, "h"));
  const taken = new Map();  // "gap cell" -> boxes that begin there
  const places = routes.map(() => null);
  const chosen = routes.map((_, i) => i).filter(i => sizes[i]);
  chosen.sort((i, j) => steepness(routes[i]) - steepness(routes[j]) || i - j);
  for (const i of chosen) places[i] = chipPlace(routes[i], sizes[i], taken, cell);
  return places;
}

function chipPlace(points, size, taken, cell) {
  const bends = points.length / 2 - 1;
  for (const bend of new Set([bends - 1, 0, bends >> 1])) {
    for (const t of CHIP_AT) {
      const box = chipBox(points, 2 * bend + 1, t, size);
      if (box && claimed(taken, box, cell)) return { s: shareAt(points, 2 * bend + 1, t), free: true };
    }
  }
  return { s: shareAt(points, points.length - 3, 0.5), free: false };
}

// How far the last bend of a route goes aside.
function steepness(points) {
  const [before, after] = points.slice(-3);
  const aside = runsDown(points) ? 0 : 1;
  return Math.abs(after[aside] - before[aside]);
}

function largestChip(sizes, side) {
  return sizes.reduce((most, size) => (size ? Math.max(most, size[side]) : most), 0);
}

// The box of a chip at t of piece k, along the gap and across it; null if it sticks out of the gap.
function chipBox(points, k, t, size) {
  const axis = runsDown(points) ? 1 : 0;
  const [along, across] = axis ? [size.h, size.w] : [size.w, size.h];
  const centre = pointOfPiece(points, k, t);
  const [from, to] = [centre[axis] - along / 2, centre[axis] + along / 2];
  if (from < points[k][axis] || to > points[k + 1][axis]) return null;
  return { gap: points[k][axis], from, to, low: centre[1 - axis] - across / 2, high: centre[1 - axis] + across / 2 };
}

// Take the place of the box, if no other has it.
function claimed(taken, box, cell) {
  const row = Math.floor(box.low / cell);
  for (const near of [row - 1, row, row + 1]) {
    for (const other of taken.get(`${box.gap} ${near}`) ?? []) {
      const apart = other.to + CHIP_GAP <= box.from || box.to + CHIP_GAP <= other.from
        || other.high + CHIP_GAP <= box.low || box.high + CHIP_GAP <= other.low;
      if (!apart) return false;
    }
  }
  const key = `${box.gap} ${row}`;
  if (!taken.has(key)) taken.set(key, []);
  taken.get(key).push(box);
  return true;
}
