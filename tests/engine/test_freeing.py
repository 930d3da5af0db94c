"""How graphs go in a browser: in a loop, all of what nobody holds, and nothing of what somebody does.

Here on a desktop Value is given the method that it has there; tests/test_pyodide.py tries the same under Pyodide.
"""

import gc
import sys
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Value, grad, tanh
from engine.browser import free_in_a_loop
from engine.graph import check_topological, topological_order
from nn import MLP, fit


@contextmanager
def as_in_a_browser():
    """Values are freed as in a browser; the list gets, for each that goes, the name of the function that was running."""
    callers = []

    def noted(node):
        callers.append(sys._getframe(1).f_code.co_name)
        free_in_a_loop(node)

    Value.__del__ = noted
    try:
        yield callers
    finally:
        del Value.__del__


def chain(length):
    """x + 1 + 1 + ...: so many additions, so many ones, and x."""
    end = Value(1.0, "x")
    for _ in range(length):
        end = end + 1.0
    return end


def test_outside_a_browser_a_value_has_no_method_that_freeing_would_wait_for():
    assert sys.platform != "emscripten"
    assert not hasattr(Value, "__del__")


def test_a_deep_graph_is_freed_by_one_loop():
    """Freed by recursion, the nodes would go one inside the other, all of them while this function runs."""
    end = chain(50_000)
    with as_in_a_browser() as callers:
        del end
    assert len(callers) == 100_001
    assert callers[1:] == ["free_in_a_loop"] * 100_000


def test_a_graph_in_a_cycle_is_freed_by_the_garbage_collector_without_recursion():
    """It calls __del__ once for each node before it takes the cycle apart: the nodes must not hang together then."""
    holder = [chain(1000)]
    holder.append(holder)
    gc.collect()
    with as_in_a_browser() as callers:
        del holder
        gc.collect()
    assert len(callers) == 2001


def test_the_graphs_of_a_training_run_are_freed_as_it_goes():
    def cost(prediction, target):
        for _ in range(3000):
            prediction = prediction * 0.999
        return (prediction - target) ** 2

    def trained():
        model = MLP(2, [2, 1], seed=0)
        fit(model, [[0.1, 0.2], [0.3, -0.4]], [0.0, 1.0], loss=cost, epochs=2, compiled=False, warn=False)
        return [parameter.data for parameter in model.parameters()]

    expected = trained()
    with as_in_a_browser() as callers:
        assert trained() == expected
    assert callers.count("free_in_a_loop") > 4 * 2 * 3000  # four examples were swept, and each step has its constant
    assert len(callers) - callers.count("free_in_a_loop") < 300  # what goes by itself: inputs, results, the network


def test_a_value_that_was_refused_its_number_goes_quietly():
    with as_in_a_browser() as callers, pytest.raises(TypeError, match="holds one number"):
        Value("three")
    assert callers  # an error in __del__ would be a warning, and warnings are errors here


steps = st.lists(st.tuples(st.booleans(), st.integers(1, 6), st.integers(1, 6)), min_size=3, max_size=25)


def cook(recipe):
    """The nodes made by a recipe: each step multiplies two of the latest nodes, or takes the tanh of their sum."""
    nodes = [Value(0.3, "x"), Value(-0.7, "y")]
    for product, first, second in recipe:
        a, b = nodes[-min(first, len(nodes))], nodes[-min(second, len(nodes))]
        nodes.append(a * b if product else tanh(a + b))
    return nodes


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(steps, st.data())
def test_what_somebody_holds_stays_whole_and_all_else_goes(recipe, data):
    untouched = cook(recipe)
    nodes = cook(recipe)
    places = data.draw(st.sets(st.integers(0, len(nodes) - 1), min_size=1, max_size=3))
    held = {place: nodes[place] for place in places}
    staying = len(topological_order(*held.values()))
    going = len(topological_order(*nodes)) - staying
    with as_in_a_browser() as callers:
        del nodes
        assert len(callers) == going
    order = topological_order(*held.values())
    check_topological(order)
    assert len(order) == staying
    assert all(len(node.operands) == node.op.arity for node in order if node.op)
    for place, node in held.items():
        assert [leaf.label for leaf in node.inputs.values()] == [leaf.label for leaf in untouched[place].inputs.values()]
        assert grad(node, list(node.inputs.values())) == grad(untouched[place], list(untouched[place].inputs.values()))
