// The state of the page as the part of its address behind the #, and back.
//
// Points are left out where they are a set that every page has; weights are left out where the seed and the log of updates
// give them again. Otherwise both are written down: points as decimals, weights with all their bits.

const LONGEST = 2000;
const LITTLE = 2e7, MUCH = 2e8;  // products to do again when a page opens: a fifth of a second, and two seconds
const COST_LETTERS = { quadratic: "q", binary_cross_entropy: "b", binary_cross_entropy_with_logits: "z" };

// {hash, missing}: what is missing because it would be too long ("points", "weights"), or null.
export function linkOf(run, chosen) {
  const fields = {
    data: chosen.data, hidden: chosen.hidden.join("-"), f: chosen.activation, out: chosen.output, low: run.low,
    cost: COST_LETTERS[run.cost], rate: run.rate, batch: chosen.size, order: run.shuffled ? "shuffled" : "fixed", seed: run.seed,
  };
  if (chosen.given) fields.weights = "given";
  if (chosen.point !== null) fields.point = chosen.point;
  if (chosen.selected) fields.at = [chosen.selected.layer + 1, chosen.selected.to + 1, part(chosen.selected.from)].join(".");
  let missing = null;
  const add = (name, candidates) => {  // the first that is short enough
    const found = candidates.find(entries => written({ ...fields, ...entries }).length <= LONGEST);
    if (found) Object.assign(fields, found);
    else missing = name;
  };
  if (chosen.data === "own") add("points", [{ points: run.points.map(p => p.join(",")).join(";") }]);
  if (run.updates && !missing) add("weights", learnedIn(run));
  return { hash: written(fields), missing };
}

// What was learned, in the forms that a link may hold it, the better first: done again where that is quick, else all weights.
function learnedIn(run) {
  const work = run.log ? workOf(run, run.log) : Infinity, did = { did: run.log ? logText(run.log) : "" };
  const weights = { w: bitsOf(run.layers), updates: run.updates, epoch: run.epoch, position: run.position };
  return [...(work < LITTLE ? [did] : []), weights, ...(work < MUCH ? [did] : [])];
}

const part = from => from === null || from === undefined ? "n" : from === "b" ? "b" : from + 1;

function written(fields) {
  const plain = value => encodeURIComponent(value).replace(/%2C/g, ",").replace(/%3B/g, ";");
  return "#" + Object.entries(fields).map(([name, value]) => `${name}=${plain(value)}`).join("&");
}

function workOf(run, log) {
  const weights = run.layers.reduce((total, layer) => total + layer.weight.length * layer.weight[0].length, 0);
  return log.reduce((total, { count, size }) => total + count * Math.min(size, run.points.length) * weights * 3, 0);
}

function logText(log) {
  return log.map(({ size, count, rate, cost, shuffled }) =>
    [size, count, rate, COST_LETTERS[cost], shuffled ? "s" : "f"].join("_")).join("!");
}

export function readLog(text) {
  const costs = Object.fromEntries(Object.entries(COST_LETTERS).map(([name, letter]) => [letter, name]));
  return text.split("!").map(entry => {
    const [size, count, rate, cost, order] = entry.split("_");
    return { size: Number(size), count: Number(count), rate: Number(rate), cost: costs[cost], shuffled: order === "s" };
  }).filter(entry => entry.size > 0 && entry.count > 0 && entry.rate > 0 && entry.cost);
}

export function costOfLetter(letter) {
  return Object.keys(COST_LETTERS).find(name => COST_LETTERS[name] === letter);
}

// A link's fields; a damaged part says nothing.
export function readLink(hash) {
  const fields = {};
  for (const entry of hash.slice(1).split("&")) {
    const equals = entry.indexOf("=");
    try { if (equals > 0) fields[entry.slice(0, equals)] = decodeURIComponent(entry.slice(equals + 1)); } catch { continue; }
  }
  return fields;
}

export function pointsOfLink(text) {
  const points = text.split(";").map(entry => entry.split(",").map(Number));
  const right = p => p.length === 3 && p.every(Number.isFinite) && (p[2] === 0 || p[2] === 1);
  return points.every(right) ? points : null;
}

// All weights and biases in a row, 64 bits each, in base 64.
function bitsOf(layers) {
  const numbers = Float64Array.from(layers.flatMap(layer => [...layer.weight.flat(), ...layer.bias]));
  return btoa(String.fromCharCode(...new Uint8Array(numbers.buffer)));
}

// Layers of the same form with the numbers of such a text; null if it does not fit.
export function withBits(layers, text) {
  let bytes;
  try { bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0)); } catch { return null; }
  const count = layers.reduce((total, layer) => total + layer.weight.flat().length + layer.bias.length, 0);
  if (bytes.length !== 8 * count) return null;
  const numbers = new Float64Array(bytes.buffer);
  if (!numbers.every(Number.isFinite)) return null;
  let next = 0;
  return layers.map(layer => ({
    activation: layer.activation,
    weight: layer.weight.map(row => row.map(() => numbers[next++])),
    bias: layer.bias.map(() => numbers[next++]),
  }));
}
