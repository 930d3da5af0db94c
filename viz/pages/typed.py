"""The functions that a reader may use in a number, as JavaScript: the engine's table, by every name the command takes.

script/numbers.js reads the numbers and says what an entry is. The functions call those of javascript.LIBRARY.
"""

from __future__ import annotations

import json
from typing import Any

from ...engine import TABLE
from ...engine.command.expression import ALIASES, OF_MANY, printed_name
from ...engine.primitive import REAL, Domain, Primitive
from ...engine.say.notation import Term, write
from .assemble import embedded
from .javascript import NATIVE, Script
from .mathml import CLOSE, OPEN, marked

EXPONENTS = (1.0, -1.0, 0.5, -0.5)  # one of each kind: whole or not, negative or not; in the order of numbers.js


def typed_functions() -> str:
    """The table as a JavaScript object."""
    aliases = {**ALIASES, **{printed_name(row): name for name, row in TABLE.items() if printed_name(row) not in ("", name)}}
    entries = [f"{embedded(name)}: {entry(row)}" for name, row in TABLE.items() if row.arity or row.native]
    entries += [f"{embedded(name)}: {embedded(to)}" for name, to in aliases.items()]
    return "{\n" + ",\n".join(entries) + "\n}"


def entry(row: Primitive) -> str:
    """One operation: its function of numbers, how many it takes, and what is said where it has no result."""
    more: dict[str, Any] = {"fault": row.fault, "written": written(row)}
    if row.parameter:
        more |= {"parameter": row.parameter, "default": row.default}
    if row.name in OF_MANY:
        more["many"] = OF_MANY[row.name]
    if row.domains:
        more["byExponent"] = [domain_data(row.domains(exponent)[0][0]) for exponent in EXPONENTS]
    more["domain"] = [domain_data(domain) for domain in row.domain] if row.arity else []
    return f"[{function(row)}, {json.dumps(row.arity)}, {embedded(more)}]"


def function(row: Primitive) -> str:
    """The forward rule, with the static parameter as a last argument p: (x0, p) => Math.pow(x0, p)."""
    if row.arity is None:
        return f"(...xs) => {NATIVE[row.name].format(all='...xs')}"
    names = [f"x{i}" for i in range(row.arity)]
    heads = [*names, "p"] if row.parameter else names
    result = NATIVE[row.name].format(*names, p="p") if row.native else Script.of(row.forward(*map(Script, heads))).text
    return f"({', '.join(heads)}) => {result}"


def written(row: Primitive) -> str:
    """The operation as text with places (see mathml.py); `all` stands for any number of operands, p for an exponent."""
    names = ["all"] if row.arity is None else [str(i) for i in range(row.arity)]
    places = [Term(f"{OPEN}{name}{CLOSE}", "", 1.5) for name in names]
    text = write(row, places).text
    return marked(text.removesuffix("**") + f"{OPEN}p{CLOSE}" if row.name == "power" else text)


def domain_data(domain: Domain) -> dict[str, Any] | None:
    """Where an operand may lie; null for everywhere. JSON has no infinity: a bound that is not there is null."""
    if domain is REAL:
        return None
    low, high = [bound if abs(bound) < float("inf") else None for bound in (domain.low, domain.high)]
    return {"low": low, "high": high, "closed": domain.closed, "hole": domain.hole, "words": domain.words}
