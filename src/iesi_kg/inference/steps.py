"""An axiom to the single steps of reasoning it allows: from these statements, that one (OWL 2 RL, tables 5 to 9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from pyoxigraph import NamedNode

from iesi_kg.inference.axioms import Axiom, Kind
from iesi_kg.inference.expressions import TYPE, Value

Pattern: TypeAlias = tuple[str | NamedNode, str | NamedNode, str | Value]  # a text is the name of a variable


@dataclass(frozen=True, slots=True)
class Step:
    """One rule of one axiom; where a thing would be related to itself by a transitive property it does not apply."""

    axiom: Axiom
    premises: tuple[Pattern, ...]
    conclusion: Pattern

    @property
    def query(self) -> str:
        """The step as a CONSTRUCT over a default graph."""
        where = " ".join(map(_written, self.premises))
        apart = " FILTER(?x != ?z)" if self.axiom.kind is Kind.TRANSITIVE else ""
        return f"CONSTRUCT {{ {_written(self.conclusion)} }} WHERE {{ {where}{apart} }}"


def steps(axiom: Axiom) -> tuple[Step, ...]:
    """The one or two steps that an axiom allows."""
    if axiom.object is not None:
        return _between(axiom, axiom.subject, axiom.object)
    if axiom.gives is not None:
        return (Step(axiom, tuple(("x", of, value) for of, value in axiom.parts), ("x", *axiom.gives)),)
    match axiom.kind:
        case Kind.SYMMETRIC:
            return (Step(axiom, (("x", axiom.subject, "y"),), ("y", axiom.subject, "x")),)
        case Kind.TRANSITIVE:
            return (_chained(axiom, (axiom.subject, axiom.subject), "xyz"),)
        case _:
            return (_chained(axiom, axiom.path, [f"x{place}" for place in range(len(axiom.path) + 1)]),)


def all_steps(axioms: Iterable[Axiom]) -> tuple[Step, ...]:
    return tuple(step for axiom in axioms for step in steps(axiom))


def _between(axiom: Axiom, first: NamedNode, second: NamedNode) -> tuple[Step, ...]:
    match axiom.kind:
        case Kind.SUBCLASS:
            return (_typed(axiom, ("x", TYPE, first), second),)
        case Kind.EQUIVALENT_CLASS:
            return _typed(axiom, ("x", TYPE, first), second), _typed(axiom, ("x", TYPE, second), first)
        case Kind.DOMAIN:
            return (_typed(axiom, ("x", first, "y"), second),)
        case Kind.RANGE:
            return (_typed(axiom, ("y", first, "x"), second),)
        case Kind.SUBPROPERTY:
            return (Step(axiom, (("x", first, "y"),), ("x", second, "y")),)
        case Kind.EQUIVALENT_PROPERTY:
            return tuple(Step(axiom, (("x", a, "y"),), ("x", b, "y")) for a, b in ((first, second), (second, first)))
        case _:
            return tuple(Step(axiom, (("x", a, "y"),), ("y", b, "x")) for a, b in ((first, second), (second, first)))


def _typed(axiom: Axiom, premise: Pattern, of: NamedNode) -> Step:
    return Step(axiom, (premise,), ("x", TYPE, of))


def _chained(axiom: Axiom, path: Iterable[NamedNode], ends: Iterable[str]) -> Step:
    names = list(ends)
    premises = tuple((one, of, other) for of, (one, other) in zip(path, pairwise(names), strict=True))
    return Step(axiom, premises, (names[0], axiom.subject, names[-1]))


def _written(pattern: Pattern) -> str:
    return " ".join(f"?{part}" if isinstance(part, str) else str(part) for part in pattern) + " ."
