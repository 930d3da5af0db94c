// Lays out the graphs of test_layout_of_pages.py, which arrive as JSON, and tells what came out: run by node as one script
// together with the page's own modules.
import { arrange } from "./layout.js";
import { chipPlaces, curvePath, pointOn } from "./routes.js";

const SHARES = [0, 0.1, 0.35, 0.5, 0.8, 1];

function laidOut({ items, arcs, options, chip }) {
  const before = steps;
  const layout = arrange(items, arcs, options);
  const spent = steps - before;
  const chips = chipPlaces(layout.routes, arcs.map((_, i) => (i % 7 === 6 ? null : chip)));
  const rest = steps - before - spent;
  const paths = layout.routes.map(curvePath);
  const points = layout.routes.map(route => SHARES.map(s => pointOn(route, s)));
  const centres = chips.map((place, i) => place && pointOn(layout.routes[i], place.s));
  return { ...layout, chips, paths, points, centres, steps: spent, chipSteps: rest };
}

const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(laidOut)));
