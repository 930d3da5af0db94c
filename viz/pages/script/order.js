// The order within the columns of a layout (step 2 of layout.js): few crossings, and the reader's own order where it costs none.
//
// A column is a list of nodes; a node has its `rank` in that list, `since`, its place in the reader's order, and its links to
// the columns beside it: `ins` and `outs`, each {from, to, entry}, entry in -1/2..1/2 being the height at which it enters `to`.

const ORDER_SWEEPS = 8;  // the networks that were tried are at their best after two; other graphs may need more

// Sort each column in place. The first order is the given one; another has to have fewer crossings to be better.
export function orderColumns(columns) {
  let fewest = allCrossings(columns);
  let best = columns.map(column => [...column]);
  for (let sweep = 0; sweep < ORDER_SWEEPS && fewest > 0; sweep++) {
    const forth = sweep % 2 === 0;
    for (const column of forth ? columns : [...columns].reverse()) sortByBarycenters(column, forth);
    const crossings = allCrossings(columns);
    if (crossings < fewest) [fewest, best] = [crossings, columns.map(column => [...column])];
  }
  best.forEach((column, i) => {
    columns[i].splice(0, column.length, ...column);
    ranked(columns[i]);
  });
  for (let sweep = 0; sweep < ORDER_SWEEPS; sweep++) {
    const swaps = columns.map(swapNeighbours);
    if (!swaps.some(Boolean)) break;
  }
}

// Sort a column by the mean places of its neighbours on one side; who has none there stays where it is.
function sortByBarycenters(column, forth) {
  const moving = column.filter(node => (forth ? node.ins : node.outs).length > 0);
  const centre = new Map(moving.map(node => {
    const places = forth ? node.ins.map(link => link.from.rank) : node.outs.map(tailPlace);
    const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
    return [node, Math.round(mean * 1e6) / 1e6];  // equal means are equal, whatever the order of their sum
  }));
  const ranks = moving.map(node => node.rank);
  moving.sort((a, b) => centre.get(a) - centre.get(b) || a.rank - b.rank);
  moving.forEach((node, i) => { column[ranks[i]] = node; });
  ranked(column);
}

// Where a link arrives in the next column, in ranks: its reader's, and the entry within the reader.
function tailPlace(link) {
  return link.to.rank + link.entry;
}

function allCrossings(columns) {
  return columns.reduce((sum, column) => sum + crossingsAfter(column), 0);
}

// How many pairs of links cross in the gap after a column: pairs whose arrivals come in the opposite order.
function crossingsAfter(column) {
  const arrivals = [];
  for (const node of column) arrivals.push(...sortedArrivals(node));
  return countInversions(arrivals);
}

function sortedArrivals(node) {
  return node.outs.map(tailPlace).sort((a, b) => a - b);
}

// How many pairs of the list stand the wrong way round, counted while it is merge sorted.
function countInversions(list) {
  let [sorted, merged] = [Float64Array.from(list), new Float64Array(list.length)];
  let inversions = 0;
  for (let run = 1; run < list.length; run *= 2) {
    for (let start = 0; start < list.length; start += 2 * run) {
      const [middle, end] = [Math.min(start + run, list.length), Math.min(start + 2 * run, list.length)];
      let [left, right] = [start, middle];
      for (let k = start; k < end; k++) {
        const takeLeft = right >= end || (left < middle && sorted[left] <= sorted[right]);
        if (!takeLeft) inversions += middle - left;
        merged[k] = takeLeft ? sorted[left++] : sorted[right++];
      }
    }
    [sorted, merged] = [merged, sorted];
  }
  return inversions;
}

// Swap neighbours that cross less the other way round, or equally often and stand in the reader's order then.
// Each swap lowers (crossings, pairs out of the reader's order), so this comes to an end.
function swapNeighbours(column) {
  let swaps = 0;
  for (let i = 1; i < column.length; i++) {
    const [upper, lower] = [column[i - 1], column[i]];
    const gain = crossingsOfPair(upper, lower) - crossingsOfPair(lower, upper);
    if (gain < 0 || (gain === 0 && upper.since <= lower.since)) continue;
    [column[i - 1], column[i]] = [lower, upper];
    [upper.rank, lower.rank] = [i, i - 1];
    swaps += 1;
  }
  return swaps;
}

// How many links of two neighbours cross if `upper` stands above `lower`.
function crossingsOfPair(upper, lower) {
  const departures = node => node.ins.map(link => link.from.rank).sort((a, b) => a - b);
  return pairsBelow(departures(upper), departures(lower)) + pairsBelow(sortedArrivals(upper), sortedArrivals(lower));
}

// How many pairs (a of above, b of below) have a > b; both lists are sorted.
function pairsBelow(above, below) {
  let [pairs, smaller] = [0, 0];
  for (const a of above) {
    while (smaller < below.length && below[smaller] < a) smaller++;
    pairs += smaller;
  }
  return pairs;
}

// Tell each node of a column its rank.
export function ranked(column) {
  column.forEach((node, rank) => { node.rank = rank; });
}
