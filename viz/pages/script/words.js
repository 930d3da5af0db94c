import { WORDS } from "./data.js";

// A word or sentence of the table, with its {places} filled.
export function say(key, places = {}) {
  return WORDS[key].replace(/\{(\w+)\}/g, (_, name) => places[name]);
}
