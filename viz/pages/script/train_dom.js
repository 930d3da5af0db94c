// Small tools for what stands on the page.

const SVG_NAMES = "http://www.w3.org/2000/svg", MATH_NAMES = "http://www.w3.org/1998/Math/MathML";

export function byId(id) {
  return document.getElementById(id);
}

function made(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export function element(name, attributes = {}, ...children) {
  return made(document.createElement(name), attributes, children);
}

export function drawn(name, attributes = {}, ...children) {
  return made(document.createElementNS(SVG_NAMES, name), attributes, children);
}

export function maths(name, attributes = {}, ...children) {
  return made(document.createElementNS(MATH_NAMES, name), attributes, children);
}

// A sentence with its parts put in: phrase("{count} points", {count: 3}).
export function phrase(template, parts) {
  return template.replace(/\{(\w+)\}/g, (_, name) => parts[name]);
}

// Fill a panel anew; what had the focus has it again, by its place, and what was scrolled stays so.
export function refill(panel, children) {
  const focusable = () => [...panel.querySelectorAll("button, input")];
  const place = focusable().indexOf(document.activeElement), scrolled = panel.querySelector(".scroll")?.scrollTop || 0;
  panel.replaceChildren(...children);
  if (place >= 0) focusable()[place]?.focus({ preventScroll: true });
  const table = panel.querySelector(".scroll");
  if (table) table.scrollTop = scrolled;
}

// A colour of the style as [red, green, blue]; the styles write #rrggbb.
export function colour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return [1, 3, 5].map(i => parseInt(text.slice(i, i + 2), 16));
}

// How large an rem is, against the usual 16 pixels: the projector's type is larger, and drawings grow with it.
export function scaleOfType() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}
