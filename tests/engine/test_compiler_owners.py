"""Who holds the parameters: the arrays and names through which a function reads its Values, and the order that they give them."""

from functools import partial
from random import Random

import numpy as np
import pytest

import engine
import nn
from engine import Value
from engine.compiler.finding.owners import owners
from engine.compiler.nodes import Builder, reachable
from engine.compiler.passes import side_by_side


def array(*shape):
    """Nested lists of Values."""
    if not shape:
        return Value(0.5)
    return [array(*shape[1:]) for _ in range(shape[0])]


def flat(held):
    return [x for part in held for x in flat(part)] if isinstance(held, (list, tuple)) else [held]


def found(f, *held):
    """What the function holds, by name: the shapes. The Values of `held` are the parameters, numbered in that order."""
    place = {value: i for i, value in enumerate(x for part in held for x in flat(part))}
    return {owned.name: owned.places.shape for owned in owners([f], place)}


class Head:
    def __init__(self):
        self.Wq, self._hidden = array(2, 3), array(2)

    def __call__(self, x):
        return sum(q * x for q in self.Wq[0]) + self._hidden[0]

    def method(self, x):
        return self(x)


W, other = array(3, 2), array(2)  # of this module


def of_the_module(x):
    return W[0][0] * x


def test_variables_of_closures_and_of_the_module_have_their_names_and_shapes():
    U, b, single = array(4, 3), array(4), Value(1.0)
    assert found(lambda x: U[0][0] * x + b[0] + single, U, b, single) == {"U": (4, 3), "b": (4,), "single": ()}
    assert found(of_the_module, W, other) == {"W": (3, 2)}  # `other` is not mentioned


def test_attributes_keys_and_numbers_in_lists():
    head, heads, params = Head(), [Head(), Head()], {"Wo": array(2, 2), "not a name!": array(3)}
    both = flat(head.Wq) + flat(head._hidden)
    for f in (head, head.method, lambda x: head(x), partial(Head.__call__, head), partial(lambda x, model: model(x), model=head)):
        assert found(f, both) == {"Wq": (2, 3), "hidden": (2,)}
    named = found(lambda x: heads[0](x), *[x.Wq for x in heads], *[x._hidden for x in heads])
    assert named == {"Wq1": (2, 3), "Wq2": (2, 3), "hidden1": (2,), "hidden2": (2,)}
    assert found(lambda x: params["Wo"][0][0] * x, *params.values()) == {"Wo": (2, 2), "not_a_name_": (3,)}


def test_a_function_within_a_function_is_looked_into():
    U = array(2)
    assert found(lambda x: [(lambda y: U[0] * y)(v) for v in x], U) == {"U": (2,)}

    def inner(x):
        return U[1] * x

    assert found(lambda x: inner(x), U) == {"U": (2,)}


def test_what_is_ragged_or_holds_other_things_is_no_array():
    ragged, mixed, names = [array(2), array(3)], [Value(1.0), 2.0], "abc"
    got = found(lambda x: (ragged, mixed, names, x), ragged, mixed[:1])
    assert got == {"ragged1": (2,), "ragged2": (3,), "mixed1": ()}


def test_an_array_of_objects_is_one():
    U = np.array(array(2, 3), dtype=object)
    assert found(lambda x: U[0, 0] * x, *U.tolist()) == {"U": (2, 3)}


def test_each_array_is_listed_once_under_its_nearest_name():
    U = array(2)
    again = U

    class Model:
        def __init__(self):
            self.weights = U

    model = Model()
    assert len(found(lambda x: U[0] * again[1] * model.weights[0], U)) == 1
    assert set(found(lambda x: (model.weights, U), U)) == {"U"}


def test_what_is_no_parameter_has_no_place():
    U = array(3)
    (owned,) = owners([lambda x: U[0] * x], {U[2]: 0})
    assert owned.places.tolist() == [-1, -1, 0]
    assert owners([lambda x: U[0] * x, None], {}) == []


def test_things_that_hold_each_other_end():
    class Node:
        pass

    a, b = Node(), Node()
    a.other, b.other, a.w = b, a, array(2)
    assert found(lambda x: a.w[0] * x, a.w) == {"w": (2,)}


def test_nothing_is_called_while_looking():
    class Alarm:
        def __init__(self):
            self.w = array(2)

        @property
        def ring(self):
            raise AssertionError

        def __getattr__(self, name):
            raise AssertionError

    alarm = Alarm()
    assert found(lambda x: alarm.w[0] * x, alarm.w) == {"w": (2,)}


# --- the order that the owners give ---


@pytest.mark.parametrize("seed", range(4))
def test_parameters_lie_as_their_owner_has_them_however_they_are_read(seed):
    U = array(4, 3)

    def f(x):
        draw = Random(seed)  # the same order in each call
        rows = draw.sample(range(4), 4)
        return sum(engine.tanh(sum(U[r][k] * x[k] for k in draw.sample(range(3), 3))) * (r + 1) for r in rows)

    program = engine.compile(f).trace(np.ones((2, 3)))
    assert list(program.parameters.values) == flat(U)
    assert {name: x.shape for name, x in program.arrays.items()} == {"U": (4, 3)}


def test_a_network_keeps_the_order_of_its_parameters():
    model = nn.MLP(3, [4, 2], seed=0)
    program = engine.compile(lambda x: sum(model(x))).trace(np.ones((2, 3)))
    assert set(program.parameters.values) == set(model.parameters())


# --- outputs side by side ---


def test_neighbours_in_one_node_are_taken_at_once():
    b = Builder()
    x, y = b.input(0, (4,)), b.input(1, (2,))
    ends = side_by_side(b, [(x, 3), (x, 1), (y, 0), (x, 0)])
    assert ends.entries == (4,) and sum(node.kind == "take" for node in reachable([ends])) == 3
    assert side_by_side(b, [(x, 2), (x, 0)]).index[0].tolist() == [2, 0]
