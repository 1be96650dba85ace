"""A derived statement to its shortest proof: by which axiom or rule, from what, down to what is stated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from pyoxigraph import BlankNode, NamedNode, Quad, QuerySolutions, Triple, Variable

from iesi_kg.inference.axioms import Axiom, Kind
from iesi_kg.inference.derivation import Derived
from iesi_kg.inference.rules import Program
from iesi_kg.inference.steps import Pattern, all_steps
from iesi_kg.inference.written import Written
from iesi_kg.store.base import Term

Bound: TypeAlias = dict[str, Term]


@dataclass(frozen=True, slots=True)
class Proof:
    """A statement with what it follows by and the proofs it follows from; without ``because`` it is stated."""

    triple: Triple
    because: Axiom | Written | None = None
    premises: tuple[Proof, ...] = ()


class Explainer:
    """Finds proofs in what was derived; every statement it knows has one."""

    def __init__(self, program: Program, derived: Derived) -> None:
        self._derived = derived
        self._steps = all_steps(program.axioms)
        self._chosen = {triple: rule for rule, given in derived.by_choice for triple in given}
        self._tried: dict[tuple[Triple, int], Proof | None] = {}

    def explain(self, triple: Triple) -> Proof | None:
        """The proof with the fewest levels; None when the statement neither stands among those read nor follows."""
        if not self._knows(triple):
            return None
        return next(proof for depth in count() if (proof := self._prove(triple, depth)))

    def _knows(self, triple: Triple) -> bool:
        quad = Quad(triple.subject, triple.predicate, triple.object)
        return triple in self._derived.triples or quad in self._derived.known

    def _prove(self, triple: Triple, depth: int) -> Proof | None:
        if triple not in self._derived.triples:
            return Proof(triple)
        if triple in self._chosen:
            return self._choice(triple, self._chosen[triple])
        if depth == 0:
            return None
        if (triple, depth) not in self._tried:
            self._tried[triple, depth] = next(self._proofs(triple, depth), None)
        return self._tried[triple, depth]

    def _choice(self, triple: Triple, rule: Written) -> Proof:
        """A written rule with the statements of the first of its solutions, in the order of their texts."""
        ways = []
        for conclusion in rule.conclusions:
            if (bound := _matched(conclusion, triple)) is not None:
                ways += [[_filled(pattern, known) for pattern in rule.premises] for known in self._solved(rule, bound)]
        whole = [[premise for premise in way if premise is not None] for way in ways]
        premises = min((way for way in whole if len(way) == len(rule.premises)), key=str)
        return Proof(triple, rule, tuple(self._prove(premise, 0) or Proof(premise) for premise in premises))

    def _solved(self, rule: Written, bound: Bound) -> Iterator[Bound]:
        given = {Variable(name): term for name, term in bound.items()}
        solutions = self._derived.known.query(rule.search, substitutions=given)
        assert isinstance(solutions, QuerySolutions)
        names = [variable.value for variable in solutions.variables]
        for solution in solutions:
            yield bound | {name: term for name, term in zip(names, solution, strict=True) if term is not None}

    def _proofs(self, triple: Triple, depth: int) -> Iterator[Proof]:
        for step in self._steps:
            bound = _matched(step.conclusion, triple)
            if bound is None or (step.axiom.kind is Kind.TRANSITIVE and bound["x"] == bound["z"]):
                continue
            for premises in self._ways(step.premises, bound):
                proofs = [self._prove(premise, depth - 1) for premise in premises]
                found = tuple(proof for proof in proofs if proof is not None)
                if len(found) == len(proofs):
                    yield Proof(triple, step.axiom, found)

    def _ways(self, patterns: tuple[Pattern, ...], bound: Bound) -> Iterator[tuple[Triple, ...]]:
        """Each choice of known statements that fits the patterns."""
        if not patterns:
            yield ()
            return
        first, *others = patterns
        for quad in self._derived.known.quads_for_pattern(*_asked(first, bound), None):
            if (more := _matched(first, quad.triple)) is not None:
                for rest in self._ways(tuple(others), bound | more):
                    yield quad.triple, *rest


def _matched(pattern: Pattern, triple: Triple) -> Bound | None:
    bound: Bound = {}
    for part, term in zip(pattern, (triple.subject, triple.predicate, triple.object), strict=True):
        if not isinstance(part, str):
            if part != term:
                return None
        elif bound.setdefault(part, term) != term:
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
