// The cost's curve: epochs from left to right, the cost over all points upwards from 0.

import { WORDS } from "./data.js";
import { show } from "./numbers.js";
import { byId, drawn, phrase, scaleOfType } from "./train_dom.js";

export function drawCurve(curve) {
  const svg = byId("curve"), { width, height } = svg.getBoundingClientRect(), scale = scaleOfType();
  if (!width) return;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const left = 52 * scale, bottom = height - 22 * scale, top = 10 * scale, right = width - 8 * scale;
  const last = curve.length ? curve[curve.length - 1] : [0, 0];
  const most = Math.max(1e-12, ...curve.map(([, cost]) => cost)), epochs = Math.max(1, last[0]);
  const x = epoch => left + (right - left) * epoch / epochs, y = cost => bottom - (bottom - top) * cost / most;
  const line = curve.map(([epoch, cost], i) => `${i ? "L" : "M"}${x(epoch).toFixed(1)} ${y(cost).toFixed(1)}`).join("");
  const text = (at, up, anchor, content) => drawn("text", { x: at, y: up, "text-anchor": anchor }, content);
  svg.replaceChildren(
    drawn("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` }),
    text(left - 6 * scale, top + 8 * scale, "end", show(Number(most.toPrecision(2)))),
    text(left - 6 * scale, bottom, "end", "0"),
    text(left, height - 4 * scale, "middle", "0"),
    text(right, height - 4 * scale, "end", phrase(WORDS.epochs, { count: show(Number(epochs.toPrecision(4))) })),
    drawn("path", { class: "cost", d: line }),
    drawn("circle", { class: "cost-now", cx: x(last[0]), cy: y(last[1]), r: 4 * scale }),
  );
}
