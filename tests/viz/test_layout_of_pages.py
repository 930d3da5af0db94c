"""The layout of a page's graph: what it promises, measured from what it draws. The modules run in node, bundled as in a page;
the paths are read and followed here."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from viz.pages.assemble import bundle

HERE = Path(__file__).parent
SHARES = (0, 0.1, 0.35, 0.5, 0.8, 1)  # as in layout.js
OPTIONS = {"across": 24, "along": 100, "down": False}
CHIP = {"w": 56, "h": 20}
ROUNDED = 0.02  # coordinates are rounded to hundredths


# ---------- Graphs


class Drawn:
    """A graph that is to be laid out, built up as a reader would write it."""

    def __init__(self, **options):
        self.items, self.arcs, self.options = [], [], {**OPTIONS, **options}

    def add(self, *operands, w=90, h=44, **more):
        self.items.append({"w": w, "h": h, **more})
        for slot, operand in enumerate(operands):
            self.arcs.append({"from": operand, "to": len(self.items) - 1, "slot": slot, "slots": len(operands)})
        return len(self.items) - 1

    def case(self):
        return {"items": self.items, "arcs": self.arcs, "options": self.options, "chip": CHIP}


def random_graph(seed):
    """Cards of many sizes; operands near and far, some of them twice; fans; groups as high as ten cards."""
    rng = random.Random(seed)
    graph = Drawn(across=rng.choice([10, 24, 40]), along=rng.choice([20, 100]), down=rng.random() < 0.3)
    for i in range(rng.randint(1, 40)):
        near = rng.choice([3, 10, 40])
        count = 0 if i == 0 or rng.random() < 0.3 else rng.choice([1, 2, 2, 3, 8])
        operands = [rng.randrange(max(0, i - near), i) for _ in range(count)]
        more = {"column": rng.randint(0, 6)} if rng.random() < 0.1 else {}
        graph.add(*operands, w=rng.randint(20, 150), h=rng.choice([20, 44, 60, 400]), since=rng.randint(0, 50), **more)
    return graph


def sum_of_products(terms, *, flipped=False):
    """s = ((x w1 + x w2) + x w3) + ...: one input that is read in every column; flipped, the sum comes first and x last."""
    graph = Drawn()
    x, total = graph.add(since=1e6 if flipped else 0), None
    for _ in range(terms):
        product = graph.add(*sorted([graph.add(), x], reverse=flipped))
        total = product if total is None else graph.add(*sorted([total, product], reverse=flipped))
    return graph


def layers(*widths):
    graph = Drawn()
    previous = [graph.add() for _ in range(widths[0])]
    for width in widths[1:]:
        previous = [graph.add(*previous, h=80) for _ in range(width)]
    return graph


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory):
    """Lays out graphs in node; counts a step wherever a function, a loop or a branch begins."""
    node = shutil.which("node")
    if not node:
        pytest.skip("the layout of the page was not tried: no node on the PATH (Debian: nodejs)")
    runner = (HERE / "layout.js").read_text(encoding="utf-8")
    text = bundle("case.js", {"case.js": runner})
    counted = re.sub(r"(\)|=>) \{$", r"\1 { steps++;", text, flags=re.M)
    script = tmp_path_factory.mktemp("layout") / "layout.cjs"
    script.write_text('"use strict"; let steps = 0;\n' + counted, encoding="utf-8")

    def run(*graphs):
        given = json.dumps([graph.case() for graph in graphs])
        done = subprocess.run([node, script], input=given, capture_output=True, text=True)
        assert not done.returncode, done.stderr
        return [Result(graph, result) for graph, result in zip(graphs, json.loads(done.stdout))]

    return run


# ---------- What was drawn, measured


def followed(path, samples=20):
    """The points of an SVG path of M, L and C, `samples` to a piece (de Casteljau), and for each piece whether it is a bend."""
    pieces, kinds, at = [], [], None
    t = np.linspace(0, 1, samples)[:, None]
    for kind, numbers in re.findall(r"([A-Z])([^A-Z]*)", path):
        points = np.array(re.findall(r"-?[\d.]+(?:e-?\d+)?", numbers), dtype=float).reshape(-1, 2)
        controls = points if at is None else np.vstack([at, points])
        at = points[-1]
        if kind != "M":
            assert len(controls) == {"L": 2, "C": 4}[kind]
            curve = [np.broadcast_to(point, (samples, 2)) for point in controls]
            while len(curve) > 1:
                curve = [a + (b - a) * t for a, b in pairwise(curve)]
            pieces.append(curve[0])
            kinds.append(kind == "C")
    return pieces, kinds


class Result:
    """A layout with its axes turned so that arrows run to the right, whichever way it was asked for."""

    def __init__(self, graph, result):
        self.graph, self.raw = graph, result
        self.turn = -1 if graph.options["down"] else 1
        self.boxes = np.array([
            [p["x"] - i["w"] / 2, p["y"] - i["h"] / 2, p["x"] + i["w"] / 2, p["y"] + i["h"] / 2]
            for p, i in zip(result["places"], graph.items)
        ]).reshape(-1, 4)  # fmt: skip
        self.low, self.high = self.boxes[:, :2][:, :: self.turn], self.boxes[:, 2:][:, :: self.turn]
        self.centre = (self.low + self.high) / 2

    def check_boxes(self):
        size = [self.raw["width"], self.raw["height"]]
        assert (self.boxes[:, :2] >= -ROUNDED).all() and (self.boxes[:, 2:] <= np.array(size) + ROUNDED).all()
        gaps = np.maximum(self.low[:, None] - self.high, self.low - self.high[:, None]).max(axis=2)  # negative: overlap
        np.fill_diagonal(gaps, np.inf)
        assert (gaps >= min(self.graph.options["across"], self.graph.options["along"]) - ROUNDED).all()

    def check_arrows(self):
        for arc, path in zip(self.graph.arcs, self.raw["paths"]):
            pieces, bends = followed(path)
            points = np.vstack(pieces)[:, :: self.turn]
            tail, head = arc["from"], arc["to"]
            entry = self.low[head, 1] + (arc["slot"] + 0.5) / arc["slots"] * (self.high[head] - self.low[head])[1]
            assert points[0] == pytest.approx([self.high[tail, 0], self.centre[tail, 1]], abs=ROUNDED)
            assert points[-1] == pytest.approx([self.low[head, 0], entry], abs=ROUNDED)
            assert (np.diff(points[:, 0]) >= -1e-9).all()  # never back
            inside = (points > self.low[:, None] + 2 * ROUNDED) & (points < self.high[:, None] - 2 * ROUNDED)
            assert not inside.all(axis=2).any(), arc
            assert bends == [False, True] * (len(bends) // 2) + [False]
            for piece, bend in zip(pieces, bends):
                x, y = piece[:, :: self.turn].T
                if bend:  # it fills a gap: no card reaches into its stretch
                    assert ((self.high[:, 0] < x[0] + ROUNDED) | (self.low[:, 0] > x[-1] - ROUNDED)).all()
                else:
                    assert np.ptp(y) <= 1e-9

    def check_points(self):
        for path, points in zip(self.raw["paths"], self.raw["points"]):
            curve = np.vstack(followed(path, 200)[0])
            steps = np.diff(curve, axis=0)
            lengths = np.concatenate([[0], np.cumsum(np.hypot(*steps.T))])
            for share, point in zip(SHARES, points):
                there = [np.interp(share * lengths[-1], lengths, curve[:, axis]) for axis in (0, 1)]
                assert np.hypot(*np.subtract(there, point)) <= 0.003 * lengths[-1] + 0.01
                squares = np.maximum((steps**2).sum(axis=1), 1e-12)
                foot = np.clip(((point - curve[:-1]) * steps).sum(axis=1) / squares, 0, 1)[:, None]
                assert np.hypot(*(curve[:-1] + foot * steps - point).T).min() <= 0.02

    def check_chips(self):
        """Those that are free overlap nothing; the others would overlap a chip, or stick out of the gap, if they were shown."""
        half = np.array([CHIP["w"], CHIP["h"]]) / 2
        placed = [(place["free"], np.array(at)) for place, at in zip(self.raw["chips"], self.raw["centres"]) if place]
        free = np.array([at for is_free, at in placed if is_free]).reshape(-1, 2)
        for i, at in enumerate(free):
            assert (np.abs(free[:i] - at) >= 2 * half).any(axis=1).all()
            assert ((self.boxes[:, :2] + ROUNDED >= at + half) | (self.boxes[:, 2:] - ROUNDED <= at - half)).any(axis=1).all()
        wide = CHIP["h" if self.graph.options["down"] else "w"] > self.graph.options["along"] - 10
        for is_free, at in placed:
            assert is_free or wide or (np.abs(free - at) < 2 * half + 2).all(axis=1).any()

    def crossings(self):
        """Pairs of arrows between the same two columns that change sides; only for graphs without long arrows."""
        ends = [(self.centre[a["from"]], self.raw["routes"][k][-1]) for k, a in enumerate(self.graph.arcs)]
        return sum(
            p[0] == q[0] and (p[1] - q[1]) * (u[1] - v[1]) < 0 for (p, u), (q, v) in combinations(ends, 2)
        )  # fmt: skip


# ---------- What it promises


@pytest.mark.parametrize("start", range(0, 300, 60))
def test_no_card_is_overlapped_and_no_arrow_runs_over_one(laid_out, start):
    for result in laid_out(*(random_graph(seed) for seed in range(start, start + 60))):
        result.check_boxes()
        result.check_arrows()
        result.check_chips()


def test_a_point_at_a_share_of_an_arrow_lies_on_its_path_at_that_share_of_its_length(laid_out):
    for result in laid_out(*(random_graph(seed) for seed in range(1000, 1020))):
        result.check_points()


def test_an_input_that_is_read_everywhere_has_a_rail_that_crosses_no_card(laid_out):
    sides = set()
    for result in laid_out(sum_of_products(110), sum_of_products(110, flipped=True)):  # 110 * 109 / 2 lanes are too many
        result.check_boxes()
        result.check_arrows()
        longest = max(result.raw["routes"], key=len)
        assert len(longest) == 6  # two bends, however far
        sides.add(bool(longest[2][1] < result.boxes[:, 1].min()))
    assert sides == {True, False}  # above all cards, or below


def test_the_work_and_the_drawing_grow_with_the_graph_and_not_faster(laid_out):
    small, large = laid_out(sum_of_products(400), sum_of_products(1600))
    assert large.raw["steps"] < 5 * small.raw["steps"]  # 4, and what sorting adds
    assert large.raw["chipSteps"] < 5 * small.raw["chipSteps"]
    points = [sum(map(len, result.raw["routes"])) for result in (small, large)]
    assert points[1] < 4.1 * points[0]
    assert large.raw["height"] < 2 * small.raw["height"]  # the chain does not climb


def test_many_inputs_read_many_times_stay_within_bounds(laid_out):
    graph = Drawn()
    inputs = [graph.add() for _ in range(60)]
    state = graph.add()
    for step in range(200):
        state = graph.add(state, inputs[step % 60], inputs[(step * 7) % 60])
    (result,) = laid_out(graph)
    assert sum(map(len, result.raw["routes"])) < 4 * len(graph.arcs) + 2 * 4000
    result.check_arrows()


def test_x_squared_y_over_z_is_a_straight_line_with_its_leaves_beside_it(laid_out):
    graph = Drawn()
    x, y, z = graph.add(), graph.add(), graph.add()
    v = graph.add(x)
    u = graph.add(v, y)
    graph.add(u, z)
    (result,) = laid_out(graph)
    by_hand = np.array([[0, 0], [190, 68], [380, 68], [190, 0], [380, 0], [570, 0]])
    assert np.abs(result.centre - result.centre[0] - by_hand).max() < 0.3
    assert all(chip is None or chip["free"] for chip in result.raw["chips"])


@pytest.mark.parametrize("slots", [True, False])  # whether each arrow has an entry of its own
@pytest.mark.parametrize("order", [(2, 3, 0, 1), random.Random(0).sample(range(40), 40)])
def test_inputs_stay_in_the_readers_order(laid_out, order, slots):
    graph = Drawn()
    inputs = {place: graph.add(since=place) for place in order}  # a walk through the graph meets x3 first
    hidden = [graph.add(*(inputs[place] for place in sorted(order)), h=80) for _ in range(5)]
    graph.add(*hidden)
    if not slots:
        graph.arcs = [{"from": arc["from"], "to": arc["to"]} for arc in graph.arcs]
    (result,) = laid_out(graph)
    assert [order[i] for i in np.argsort(result.centre[: len(order), 1])] == sorted(order)
    assert (np.diff(result.centre[hidden, 1]) > 0).all()


def test_a_tree_is_drawn_without_crossings_in_whatever_order_it_comes(laid_out):
    rng = random.Random(3)
    graph = Drawn()
    level = [graph.add(since=rng.random()) for _ in range(32)]
    while len(level) > 1:
        rng.shuffle(level)
        level = [graph.add(a, b, since=rng.random()) for a, b in zip(level[::2], level[1::2])]
    (result,) = laid_out(graph)
    assert result.crossings() == 0


def test_a_leaf_stands_just_before_its_first_reader_and_a_product_before_its_sum(laid_out):
    graph = Drawn()
    x, w, b = graph.add(), graph.add(), graph.add()
    chain = [graph.add(x)]
    for _ in range(4):
        chain.append(graph.add(chain[-1]))
    product = graph.add(w, x)
    total = graph.add(chain[-1], product, b)
    (result,) = laid_out(graph)
    column = np.unique(result.centre[:, 0], return_inverse=True)[1].tolist()
    assert (column[total], column[product], column[b], column[w]) == (6, 5, 5, 4)


def test_the_neurons_of_a_layer_share_a_column_though_their_sum_is_long(laid_out):
    graph = Drawn()
    x = graph.add()
    neurons = [graph.add(graph.add(x, graph.add()), graph.add()) for _ in range(6)]
    total = graph.add(neurons[0], graph.add())
    for neuron in neurons[1:]:
        total = graph.add(total, graph.add(neuron, graph.add()))
    (result,) = laid_out(graph)
    assert len(set(result.centre[neurons, 0])) == 1


def test_an_item_stands_no_earlier_than_its_column_and_no_column_is_empty(laid_out):
    graph = Drawn()
    x = graph.add()
    graph.add(x)
    graph.add(x, column=7)
    (result,) = laid_out(graph)
    assert result.centre[:, 0].tolist() == [45, 235, 425]


def test_downwards_is_the_same_picture_turned(laid_out):
    graphs, turned = [random_graph(seed) for seed in range(20)], [random_graph(seed) for seed in range(20)]
    for graph, other in zip(graphs, turned):
        graph.options["down"], other.options["down"] = False, True
        other.items = [{**item, "w": item["h"], "h": item["w"]} for item in graph.items]
    results = laid_out(*graphs, *turned)
    for right, down in zip(results[:20], results[20:]):
        assert down.raw["places"] == [{"x": place["y"], "y": place["x"]} for place in right.raw["places"]]
        assert down.raw["routes"] == [[point[::-1] for point in route] for route in right.raw["routes"]]
        assert (down.raw["width"], down.raw["height"]) == (right.raw["height"], right.raw["width"])


def test_a_layout_depends_on_nothing_but_its_graph(laid_out):
    first, _, again = laid_out(random_graph(5), random_graph(6), random_graph(5))
    assert first.raw == again.raw


def test_a_group_is_arranged_inside_and_then_placed_as_one_item(laid_out):
    inside = sum_of_products(6)
    (inner,) = laid_out(inside)
    graph = Drawn()
    inputs = [graph.add() for _ in range(5)]
    group = graph.add(*inputs, w=inner.raw["width"] + 20, h=inner.raw["height"] + 20)
    neighbour = graph.add(*inputs)
    graph.add(group, neighbour, inputs[0])
    (result,) = laid_out(graph)
    result.check_boxes()
    result.check_arrows()
    entries = [result.raw["routes"][k][-1][1] for k in range(5)]
    assert np.diff(entries) == pytest.approx([(inner.raw["height"] + 20) / 5] * 4, abs=2 * ROUNDED)


@pytest.mark.parametrize("graph", [Drawn(), layers(1), layers(2, 1)])
def test_small_graphs(laid_out, graph):
    (result,) = laid_out(graph)
    assert len(result.raw["places"]) == len(graph.items) and np.isfinite([result.raw["width"], result.raw["height"]]).all()


def test_chips_of_a_full_layer_keep_apart_and_most_find_room(laid_out):
    (result,) = laid_out(layers(4, 5, 4, 1))
    result.check_chips()
    free = [chip["free"] for chip in result.raw["chips"] if chip]
    assert sum(free) > len(free) / 2
