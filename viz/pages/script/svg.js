import { nameParts } from "./formulas.js";

// Small tools for drawing: elements are made once, and afterwards only what changes is touched.

const SVG = "http://www.w3.org/2000/svg";

export const byId = id => document.getElementById(id);

export function element(tag, attributes = {}, parent = null) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent?.append(made);
  return made;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A number in the drawing has a minus as long as its plus; in a field it has the one that is on the keyboard.
export const drawn = text => text.replaceAll("-", "−");

export function setAttribute(node, name, value) {
  const text = String(value);
  node.kept ??= {};
  if (node.kept[name] !== text) {
    node.kept[name] = text;
    node.setAttribute(name, text);
  }
}

export function toggleShown(node, shown) {
  setAttribute(node, "display", shown ? "inline" : "none");
}

// A name with its index below the line.
const LONG_NAME = 8; // letters; shorter names fit, whichever letters they have

export function nameText(parent, name, attributes, most = 24, width = 0) {
  const text = element("text", attributes, parent),
    [stem, index] = nameParts(name);
  element("tspan", {}, text).textContent = stem.length > most ? `${stem.slice(0, most - 1)}…` : stem;
  if (index) element("tspan", { dy: 4, class: "index" }, text).textContent = index;
  if (stem.length > most) element("title", {}, text).textContent = name;
  if (width && name.length > LONG_NAME && text.getComputedTextLength() > width) {
    // wide letters are set closer
    setAttribute(text, "textLength", width);
    setAttribute(text, "lengthAdjust", "spacingAndGlyphs");
  }
  return text;
}

// Something that is clicked, or chosen by the keyboard.
export function pressable(node, action) {
  node.addEventListener("click", action);
  node.addEventListener("keydown", event => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      event.stopPropagation();
      action();
    }
  });
}
