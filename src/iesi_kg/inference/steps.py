"""An axiom to the single steps of reasoning it allows: from these statements, that one (OWL 2 RL, tables 5, 7, 9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from pyoxigraph import NamedNode

from iesi_kg.inference.axioms import TYPE, Axiom, Kind

Pattern: TypeAlias = tuple[str | NamedNode, NamedNode, str | NamedNode]  # a text is the name of a variable


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
    first, second = axiom.subject, axiom.object
    if second is None:
        return (_symmetric(axiom, first),) if axiom.kind is Kind.SYMMETRIC else (_transitive(axiom, first),)
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


def all_steps(axioms: Iterable[Axiom]) -> tuple[Step, ...]:
    return tuple(step for axiom in axioms for step in steps(axiom))


def _typed(axiom: Axiom, premise: Pattern, of: NamedNode) -> Step:
    return Step(axiom, (premise,), ("x", TYPE, of))


def _symmetric(axiom: Axiom, about: NamedNode) -> Step:
    return Step(axiom, (("x", about, "y"),), ("y", about, "x"))


def _transitive(axiom: Axiom, about: NamedNode) -> Step:
    return Step(axiom, (("x", about, "y"), ("y", about, "z")), ("x", about, "z"))


def _written(pattern: Pattern) -> str:
    return " ".join(f"?{part}" if isinstance(part, str) else str(part) for part in pattern) + " ."
