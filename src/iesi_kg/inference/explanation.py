"""A derived statement to its shortest proof: which axiom, from which statements, down to those that are stated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from pyoxigraph import BlankNode, NamedNode, Quad, Triple

from iesi_kg.inference.axioms import Axiom, Kind
from iesi_kg.inference.derivation import Derived
from iesi_kg.inference.rules import Program
from iesi_kg.inference.steps import Pattern, Step, all_steps
from iesi_kg.store.base import Term

Bound = dict[str, Term]


@dataclass(frozen=True, slots=True)
class Proof:
    """A statement with the axiom and the proofs it follows from; without axiom it is stated."""

    triple: Triple
    axiom: Axiom | None = None
    premises: tuple[Proof, ...] = ()


class Explainer:
    """Finds proofs in what was derived; every statement it knows has one."""

    def __init__(self, program: Program, derived: Derived) -> None:
        self._derived = derived
        self._steps = all_steps(program.axioms)
        self._tried: dict[tuple[Triple, int], Proof | None] = {}

    def explain(self, triple: Triple) -> Proof | None:
        """The proof with the fewest levels; None when the statement neither stands among those read nor follows."""
        if not self._knows(triple):
            return None
        return next(proof for depth in count() if (proof := self._prove(triple, depth)))

    def _knows(self, triple: Triple) -> bool:
        return Quad(triple.subject, triple.predicate, triple.object) in self._derived.known

    def _prove(self, triple: Triple, depth: int) -> Proof | None:
        if triple not in self._derived.triples:
            return Proof(triple)
        if depth == 0:
            return None
        if (triple, depth) not in self._tried:
            self._tried[triple, depth] = next(self._proofs(triple, depth), None)
        return self._tried[triple, depth]

    def _proofs(self, triple: Triple, depth: int) -> Iterator[Proof]:
        for step in self._steps:
            bound = _matched(step.conclusion, triple)
            if bound is None or (step.axiom.kind is Kind.TRANSITIVE and bound["x"] == bound["z"]):
                continue
            for premises in self._premises(step, bound):
                proofs = [self._prove(premise, depth - 1) for premise in premises]
                found = tuple(proof for proof in proofs if proof is not None)
                if len(found) == len(proofs):
                    yield Proof(triple, step.axiom, found)

    def _premises(self, step: Step, bound: Bound) -> Iterator[tuple[Triple, ...]]:
        first, *others = step.premises
        for quad in self._derived.known.quads_for_pattern(*_asked(first, bound), None):
            known = bound | (_matched(first, quad.triple) or {})
            rest = [_filled(pattern, known) for pattern in others]
            whole = [triple for triple in rest if triple is not None and self._knows(triple)]
            if len(whole) == len(rest):
                yield quad.triple, *whole


def _matched(pattern: Pattern, triple: Triple) -> Bound | None:
    bound: Bound = {}
    for part, term in zip(pattern, (triple.subject, triple.predicate, triple.object), strict=True):
        if isinstance(part, str):
            bound[part] = term
        elif part != term:
            return None
    return bound


def _asked(pattern: Pattern, bound: Bound) -> tuple[NamedNode | BlankNode | None, NamedNode, Term | None]:
    subject, predicate, object = (bound.get(part) if isinstance(part, str) else part for part in pattern)
    assert isinstance(predicate, NamedNode)
    return subject if isinstance(subject, NamedNode | BlankNode) else None, predicate, object


def _filled(pattern: Pattern, bound: Bound) -> Triple | None:
    subject, predicate, object = (bound.get(part) if isinstance(part, str) else part for part in pattern)
    if not isinstance(subject, NamedNode | BlankNode) or not isinstance(predicate, NamedNode) or object is None:
        return None
    return Triple(subject, predicate, object)
