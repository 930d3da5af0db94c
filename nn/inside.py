"""What happens inside a module of the user's own: every module in it is watched while one example passes through."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .module import Module


class Inside(NamedTuple):
    """What happened for one example x: `outputs[path]` lists what the module at this path gave, call by call."""

    x: Any
    outputs: dict[str, list[Any]]
    output: Any


_one_at_a_time = RLock()  # classes are changed meanwhile


def watch(module: Module, x: Any) -> Inside:
    """Call the module with x, and note what each module inside it gives.

    Python looks for __call__ in the class, so it is the classes that are watched, and only for as long as this takes.
    """
    names = {id(part): path for path, part in module.named_modules() if path}
    outputs: dict[str, list[Any]] = {path: [] for path in names.values()}
    with _one_at_a_time:
        kinds = {type(part) for _, part in module.named_modules()}
        calls = {kind: kind.__call__ for kind in kinds}  # all of them first: one kind may inherit from another
        own = {kind: vars(kind).get("__call__") for kind in kinds}

        def noting(kind: type[Module]) -> Callable[..., Any]:
            def call(part: Module, *given: Any, **options: Any) -> Any:
                found = calls[kind](part, *given, **options)
                if id(part) in names and type(part) is kind:  # not what super().__call__ gave on the way
                    outputs[names[id(part)]].append(found)
                return found

            return call

        try:
            for kind in kinds:
                kind.__call__ = noting(kind)  # type: ignore[method-assign]
            output = module(x)
        finally:
            for kind, call in own.items():
                if call is None:
                    del kind.__call__
                else:
                    kind.__call__ = call  # type: ignore[method-assign]
    return Inside(x, outputs, output)
