// The plane with the points: painted beneath, points and contour lines drawn above it, and the hands that move the points.

import { WORDS } from "./data.js";
import { show } from "./numbers.js";
import { byId, drawn, scaleOfType } from "./train_dom.js";
import { contour, paint, ticksOf } from "./train_plane.js";

const STEP = 0.01;  // points that a hand sets lie on a grid of this width
const REACH = { touch: 24, pen: 16, mouse: 11 };  // pixels within which a pointer takes hold of a point

const onGrid = x => Math.round(x / STEP) * STEP;
const tidy = x => Number(onGrid(x).toFixed(2));

function fieldSize() {
  return byId("points").getBoundingClientRect().width || 1;
}

// The colours of the output, and the lines where it crosses `levels`; the first of them is the decision boundary.
export function drawField(numbers, n, range, levels, palette) {
  const canvas = byId("heat");
  if (canvas.width !== n) canvas.width = canvas.height = n;
  const pen = canvas.getContext("2d"), image = pen.createImageData(n, n);
  paint(image, numbers, range, palette);
  pen.putImageData(image, 0, 0);
  const group = byId("contours"), size = fieldSize();
  group.setAttribute("transform", `scale(${size / n})`);
  while (group.childNodes.length < levels.length) group.append(drawn("path", { "vector-effect": "non-scaling-stroke" }));
  levels.forEach((level, i) => {
    const path = group.childNodes[i];
    path.setAttribute("class", i ? "level" : "boundary");
    path.setAttribute("d", contour(numbers, n, level));
  });
}

// The points, as shapes: a square for class 0, a disc for class 1, with a ring that shows where the network answers wrongly,
// and a glow for those of the latest update.
export function drawPoints(points, view, answers, selected, latest) {
  const svg = byId("points"), size = fieldSize(), scale = scaleOfType();
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  const shapes = points.map(([x1, x2, kind], i) => {
    const x = size * (x1 - view.left) / view.size, y = size * (1 - (x2 - view.bottom) / view.size), r = 5.5 * scale;
    const group = drawn("g", { class: `dot kind${kind}${latest.has(i) ? " latest" : ""}` });
    if (latest.has(i)) group.append(drawn("circle", { cx: x, cy: y, r: 2 * r, class: "glow" }));
    if (i === selected) group.append(drawn("circle", { cx: x, cy: y, r: 2.4 * r, class: "halo" }));
    const side = 1.8 * r, square = { x: x - side / 2, y: y - side / 2, width: side, height: side };
    const shape = kind ? drawn("circle", { cx: x, cy: y, r }) : drawn("rect", square);
    group.append(drawn("circle", { cx: x, cy: y, r: 1.75 * r, class: "ring" }), shape);
    return group;
  });
  byId("dots").replaceChildren(...shapes);
  markWrong(points, answers);
  drawAxes(view, size, scale);
}

// The rings alone, while the points stay where they are.
export function markWrong(points, answers) {
  byId("dots").childNodes.forEach((group, i) => group.classList.toggle("wrong", answers[i] !== points[i][2]));
}

function drawAxes(view, size, scale) {
  const marks = [];
  for (const tick of ticksOf(view.left, view.size)) {
    const x = size * (tick - view.left) / view.size;
    const inside = x > 20 * scale && x < size - 30 * scale;
    if (inside) marks.push(drawn("text", { x, y: size - 5 * scale, "text-anchor": "middle" }, show(tick)));
  }
  for (const tick of ticksOf(view.bottom, view.size)) {
    const y = size * (1 - (tick - view.bottom) / view.size);
    const inside = y > 20 * scale && y < size - 24 * scale;
    if (inside) marks.push(drawn("text", { x: 5 * scale, y: y + 4 * scale }, show(tick)));
  }
  marks.push(drawn("text", { x: size - 6 * scale, y: size - 5 * scale, "text-anchor": "end", class: "name" }, "x1"));
  marks.push(drawn("text", { x: 5 * scale, y: 15 * scale, class: "name" }, "x2"));
  byId("axes").replaceChildren(...marks);
}

// The hands. `told` has points(), view() and selected(), and is told: select(i), add(x1, x2, other), grab(i), move(i, x1, x2),
// drop(), remove(i).
export function listenToField(told) {
  const svg = byId("points");
  let held = null;
  const placeOf = event => {
    const box = svg.getBoundingClientRect(), { left, bottom, size } = told.view();
    return [left + size * (event.clientX - box.left) / box.width, bottom + size * (1 - (event.clientY - box.top) / box.height)];
  };
  const nearest = event => {
    const [x1, x2] = placeOf(event), pixel = told.view().size / fieldSize(), scale = scaleOfType();
    let best = null, least = REACH[event.pointerType || "mouse"] * pixel * scale;
    told.points().forEach(([a, b], i) => {
      const distance = Math.hypot(a - x1, b - x2);
      if (distance <= least) { least = distance; best = i; }
    });
    return best;
  };
  svg.addEventListener("pointerdown", event => {
    if (event.button !== 0) return;
    svg.setPointerCapture(event.pointerId);
    held = { point: nearest(event), x: event.clientX, y: event.clientY, moved: false };
  });
  svg.addEventListener("pointermove", event => {
    if (!held || held.point === null) return;
    if (!held.moved && Math.hypot(event.clientX - held.x, event.clientY - held.y) < 4) return;
    if (!held.moved) told.grab(held.point);
    held.moved = true;
    const [x1, x2] = placeOf(event);
    told.move(held.point, tidy(x1), tidy(x2));
  });
  svg.addEventListener("pointerup", event => {
    if (!held) return;
    const { point, moved } = held, [x1, x2] = placeOf(event);
    held = null;
    if (moved) told.drop();
    else if (point !== null) told.select(point);
    else if (!event.ctrlKey) told.add(tidy(x1), tidy(x2), event.shiftKey);
  });
  svg.addEventListener("pointercancel", () => { held = null; });
  svg.addEventListener("keydown", event => keyInField(event, told));
}

// With the plane in focus: arrows move the selected point, n and p go to the next and the previous, + adds, Delete removes.
function keyInField(event, told) {
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
  const count = told.points().length, selected = told.selected(), view = told.view();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in moves && selected !== null) {
    const far = event.shiftKey ? STEP : Math.max(STEP, tidy(view.size / 50)), [dx, dy] = moves[event.key];
    const [x1, x2] = told.points()[selected];
    told.grab(selected);
    told.move(selected, tidy(x1 + dx * far), tidy(x2 + dy * far));
    told.drop();
  } else if (event.key === "n" && count) told.select(selected === null ? 0 : (selected + 1) % count);
  else if (event.key === "p" && count) told.select(selected === null ? count - 1 : (selected + count - 1) % count);
  else if (event.key === "+") told.add(tidy(view.left + view.size / 2), tidy(view.bottom + view.size / 2), false);
  else if ((event.key === "Delete" || event.key === "Backspace") && selected !== null) told.remove(selected);
  else return;
  event.preventDefault();
}

export function labelField(count, right) {
  byId("points").setAttribute("aria-label", WORDS.planeLabel.replace("{count}", count).replace("{right}", right));
}
