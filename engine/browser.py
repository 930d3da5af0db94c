"""In a browser: nodes that go are freed one after the other, so that a deep graph does not exhaust the stack.

Python frees a node when nobody holds it any longer. With it go its operands, if nobody else holds those, and so on down the
graph: a recursion inside the interpreter, which is kept shallow on a desktop. In a browser (Pyodide, where sys.platform is
"emscripten") it is not, and the stack there ends at a chain of some 2300 operations. So Value has this method there: a node
that is about to go puts its operands into a line, and one loop empties the line. What goes, and when, stays the same: a node
that somebody holds, by a name or in another graph, is left whole, and so is all that it was computed from.

A method in Python takes time for each node, so elsewhere Value has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .value import Value

_waiting: list[tuple[Value, ...]] = []  # the operands of nodes that are gone
_emptying = False


def free_in_a_loop(node: Value) -> None:
    """The method __del__ of Value: Python calls it when the node is about to go."""
    global _emptying
    if not getattr(node, "operands", ()):  # a leaf; or a Value that was never made, since its number was refused
        return
    _waiting.append(node.operands)
    node.operands = ()  # in a cycle that the garbage collector takes apart, this is called only once, before it does so
    if _emptying:  # it was the loop below that let go of this node
        return
    _emptying = True
    try:
        while _waiting:
            _waiting.pop()
    finally:
        _emptying = False
