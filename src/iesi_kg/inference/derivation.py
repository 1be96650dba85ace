"""Published statements to what follows from them: the rules over a copy in memory of the statements they read.

Memory so grows with what the rules read, and not with texts, sources and provenance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from pyoxigraph import Quad, QueryTriples, Store, Triple

from iesi_kg.inference import axioms
from iesi_kg.inference.rules import Program, Rule
from iesi_kg.inference.written import Written
from iesi_kg.store.base import DEFAULT_GRAPH, GraphName, Reader

AnyRule: TypeAlias = Rule | Written


@dataclass(frozen=True, slots=True)
class Derived:
    """What followed, how much each rule gave (in the order of the rules), and what the rules looked at.

    ``by_choice`` is what each written rule gave.
    """

    triples: frozenset[Triple]
    counts: tuple[tuple[AnyRule, int], ...]
    known: Store
    by_choice: tuple[tuple[Written, frozenset[Triple]], ...]


def graphs() -> tuple[GraphName, ...]:
    """Where the rules read: the published merge, and the graphs that stand beside it."""
    return (DEFAULT_GRAPH, *axioms.graphs())


def quads(reader: Reader, program: Program) -> Iterator[Quad]:
    """The published statements that some rule reads, each in its graph.

    They come by property, and for each property by subject: with all properties in one order, a rule that looks up what
    else is known of a thing finds it beside the last one. In the order of the store, a lookup missed the processor's
    caches the more often the more records there were, and time grew faster than the data.
    """
    for predicate in sorted(program.reads, key=lambda term: term.value):
        for graph in graphs():
            yield from sorted(reader.quads(predicate=predicate, graph=graph), key=lambda quad: str(quad.subject))


def statements(reader: Reader, program: Program) -> Iterator[Triple]:
    """The published statements that some rule reads."""
    return (quad.triple for quad in quads(reader, program))


def derive(
    asserted: Iterable[Triple], program: Program, stated: Callable[[Triple], bool] = lambda triple: False
) -> Derived:
    """All that follows from some statements by the rules, without what was among them already.

    A written rule may give statements of a property that no rule reads; whether one of those is ``stated`` is asked.
    """
    known = Store()
    known.bulk_extend(_quad(triple) for triple in asserted if triple.predicate in program.reads)
    found: set[Triple] = set()
    chosen = []
    for rule in program.written:
        given = [t for t in _constructed(known, rule.query) if _quad(t) not in known and not stated(t)]
        known.extend(map(_quad, given))
        found.update(given)
        chosen.append((rule, frozenset(given)))
    counts = dict.fromkeys(program.rules, 0)
    size = -1
    while size < len(found):
        size = len(found)
        for compiled in program.rules:
            new = list(_constructed(known, compiled.query))
            if compiled not in program.final:  # most conclusions are looked at by no other rule
                known.extend(map(_quad, new))
            found.update(new)
            counts[compiled] += len(new)
        if not program.again:
            break
    by_rule: list[tuple[AnyRule, int]] = [(rule, len(given)) for rule, given in chosen]
    return Derived(frozenset(found), (*by_rule, *counts.items()), known, tuple(chosen))


def _constructed(known: Store, query: str) -> Iterable[Triple]:
    """What a query gives, each once, in the order in which the store holds what it comes from: the store then finds
    neighbours in memory where statements about one thing are looked up one after the other.
    """
    result = known.query(query)
    assert isinstance(result, QueryTriples)
    return dict.fromkeys(result)


def _quad(triple: Triple) -> Quad:
    return Quad(triple.subject, triple.predicate, triple.object)
