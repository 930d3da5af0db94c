import { FUNCTIONS, GROUPS, NODES } from "./data.js";
import { INPUTS } from "./model.js";
import { arithmetic } from "./numbers.js";
import { state } from "./state.js";

// A link is a moment: #step=7&open=h1,h2&cover=gradient&x=3&y=1/3. The page's own words come first; an input that is called
// like one of them is written value.step=3.

const OWN = ["step", "open", "cover", "dark", "projector", "bare"];
const SECOND = 1000,
  MOST_PER_SECOND = 8; // browsers complain of more changes of the address
const written = name => (OWN.includes(name) || name.startsWith("value.") ? `value.${name}` : name);
const MADE = NODES.map(node => node.value); // only numbers that were changed stand in the link
let times = [],
  later = 0;

export const given = new Map(); // the page's own words in the link

export function readAddress() {
  given.clear();
  for (const i of INPUTS) Object.assign(NODES[i], { value: MADE[i], typed: undefined });
  for (const part of location.hash.slice(1).split("&")) {
    let name, text;
    try {
      [name, text = ""] = part.split(/=(.*)/s).map(decodeURIComponent);
    } catch {
      continue;
    } // a damaged part says nothing
    if (OWN.includes(name)) {
      given.set(name, text);
      continue;
    }
    const node = INPUTS.find(i => written(NODES[i].name) === name),
      read = arithmetic(text, FUNCTIONS);
    if (node !== undefined && !read.error) Object.assign(NODES[node], { value: read.value, typed: text });
  }
  const time = Number.parseFloat(given.get("step") ?? "0");
  state.time = Number.isFinite(time) ? Math.max(0, time) : 0;
  state.cover = ["value", "local", "gradient"].includes(given.get("cover")) ? given.get("cover") : "";
  if (given.has("open")) {
    const wanted = given.get("open").split(",");
    state.open = new Set(GROUPS.map((_, g) => g).filter(g => wanted.includes("all") || wanted.includes(GROUPS[g].id)));
  }
}

export function writeAddress(usual) {
  // at once, unless there were many in the last moments
  clearTimeout(later);
  times = times.filter(time => Date.now() - time < SECOND);
  if (times.length >= MOST_PER_SECOND) {
    later = setTimeout(() => writeAddress(usual), SECOND / 2);
    return;
  }
  times.push(Date.now());
  const open = [...state.open]
      .map(g => GROUPS[g].id)
      .sort()
      .join(","),
    parts = [`step=${Number(state.time.toFixed(2))}`];
  if (open !== usual) parts.push(`open=${encodeURIComponent(open)}`);
  if (state.cover) parts.push(`cover=${state.cover}`);
  if (document.documentElement.dataset.theme === "dark") parts.push("dark");
  for (const name of ["projector", "bare"]) if (document.documentElement.classList.contains(name)) parts.push(name);
  for (const i of INPUTS.filter(j => NODES[j].value !== MADE[j]))
    parts.push(`${encodeURIComponent(written(NODES[i].name))}=${encodeURIComponent(NODES[i].typed ?? NODES[i].value)}`);
  history.replaceState(null, "", `#${parts.join("&")}`);
}
