"""The description of what stands, and a change, to the description of what then stands.

The numbers that stand there are carried on: what leaves is taken off, what enters is put on, and statements whose
subject or object changes its classes are taken off as they counted before and put on as they count then. So only what
is said of the touched things is read, however large the graph is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from pyoxigraph import NamedNode, Triple

from iesi_kg.publication import linksets, statistics
from iesi_kg.publication.census import Census, types_of
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import IESI, RDF

_GRAPH = iris.graph("description")
_TYPE = NamedNode(RDF + "type")
_BATCH = 200  # things asked for at a time
_SHARE = 14  # a thing has about seven statements: from half of the graph on, it is cheaper to count it

Kinds = tuple[NamedNode, ...]


def described(reader: Reader, change: ChangeSet, own: set[Triple], fixed: set[Triple]) -> set[Triple] | None:
    """The description after a change; ``own`` is the one that stands. None where everything must be counted anew.

    ``fixed`` is what the new one says that is not counted.
    """
    told = statistics.told(own)
    links = linksets.among(told[1] - fixed) if told is not None else None
    if told is None or links is None or _states(reader, own):
        return None
    touched = _Touched(reader, change, own)
    if len(touched.things) * _SHARE > told[0].triples:
        return None
    if linksets.concerns(change):
        links = linksets.described(reader, change)
    counted = _counted(touched, told[0], own)
    if counted is None:
        return None
    return statistics.settled(counted, fixed | links, lambda said: _of_itself(touched, said))


def _states(reader: Reader, own: set[Triple]) -> bool:
    """Whether the graph says more of the subjects of its description than the description does."""
    things = f"SELECT DISTINCT ?s {{ GRAPH {_GRAPH} {{ ?s ?p ?o }} }}"
    (row,) = reader.select(f"SELECT (COUNT(?s) AS ?n) {{ {{ {things} }} ?s ?q ?v }}")
    return int(getattr(row["n"], "value", 0)) != len(own)


class _Touched:
    """What the graph says, without its description, of the things that a change touches: before it and after it."""

    def __init__(self, reader: Reader, change: ChangeSet, own: set[Triple]) -> None:
        self._reader, self.own = reader, own
        self._described = {triple.subject for triple in own}
        self._kinds: dict[object, Kinds] = {}
        going = {quad.triple for quad in change.remove if quad.graph_name == DEFAULT_GRAPH}
        coming = {quad.triple for quad in change.add if quad.graph_name == DEFAULT_GRAPH} - own
        self.things = {triple.subject for triple in (*going, *coming)}
        stood = {triple for triple in _fetched(reader, "?s", self.things) if triple not in own}
        self.leaving = (going - coming) & stood
        self.entering = coming - stood
        self.before, self.after = _by_subject(stood), _by_subject((stood - self.leaving) | self.entering)
        self._typed_before, self._typed_after = types_of(stood), types_of((stood - self.leaving) | self.entering)
        self.retyped = {thing for thing in self.things if {*self.kinds_before(thing)} != {*self.kinds_after(thing)}}

    def kinds_before(self, thing: object) -> Kinds:
        """The classes of a thing as they stood."""
        return self._typed_before.get(thing, ()) if thing in self.things else self._standing(thing)

    def kinds_after(self, thing: object) -> Kinds:
        """The classes of a thing as they will stand."""
        return self._typed_after.get(thing, ()) if thing in self.things else self._standing(thing)

    def recounted(self) -> tuple[set[Triple], set[Triple]]:
        """The statements that count otherwise or no more, and those that take their place."""
        pointing = {triple for triple in _fetched(self._reader, "?o", self.retyped) if triple not in self.own}
        before = {triple for thing in self.retyped for triple in self.before.get(thing, ())} | pointing
        after = {triple for thing in self.retyped for triple in self.after.get(thing, ())} | pointing - self.leaving
        return before | self.leaving, after | self.entering

    def learn(self, things: Iterable[object]) -> None:
        """Ask for the classes of many things at once."""
        asked = [thing for thing in dict.fromkeys(things) if self._is_asked(thing)]
        self._kinds.update(dict.fromkeys(asked, ()))
        for some in _batches(asked):
            rows = self._reader.select(f"SELECT ?s ?kind {{ VALUES ?s {{ {some} }} ?s {_TYPE} ?kind }}")
            said = (Triple(row["s"], _TYPE, row["kind"]) for row in rows)  # type: ignore[arg-type]  # as in a triple
            self._kinds.update(types_of(triple for triple in said if triple not in self.own))

    def stated(self, things: Iterable[object]) -> set[object]:
        """Those of some subjects of a description of which the graph will say more."""
        here = {thing for thing in things if self.after.get(thing)}
        new = {thing for thing in things if thing not in self._described and thing not in self.things}
        return here | {triple.subject for triple in _fetched(self._reader, "?s", new)}

    def first(self, kind: NamedNode, most: int) -> list[str]:
        """The IRIs that come first among the things of a class, as they stood."""
        rows = self._reader.select(f"SELECT ?s {{ ?s {_TYPE} {kind} }} ORDER BY STR(?s) LIMIT {most}")
        return [str(getattr(row["s"], "value", "")) for row in rows]

    def _standing(self, thing: object) -> Kinds:
        if self._is_asked(thing):
            self.learn([thing])
        return self._kinds.get(thing, ())

    def _is_asked(self, thing: object) -> bool:
        known = thing in self._kinds or thing in self.things or thing in self._described
        return isinstance(thing, NamedNode) and not known


class _Kinds:
    """The classes of things at one moment, some of them told."""

    def __init__(self, of: Callable[[object], Kinds], said: dict[object, Kinds] | None = None) -> None:
        self._of, self._said = of, said or {}

    def get(self, thing: object, default: Kinds, /) -> Kinds:
        """The classes of a thing."""
        return self._said.get(thing) or self._of(thing) or default


def _counted(touched: _Touched, standing: Census, own: set[Triple]) -> Census | None:
    """What will stand, without any description; None where the numbers that stood cannot have been true."""
    leaving, entering = touched.recounted()
    touched.learn(_named([*leaving, *entering, *own]))
    typed = types_of(own)
    before = Census().count(leaving, _Kinds(touched.kinds_before))
    of_itself = Census().count(own, _Kinds(touched.kinds_before, typed))
    after = Census().count(entering, _Kinds(touched.kinds_after))
    gone = sum(not touched.after.get(thing) for thing in touched.before)
    come = sum(not touched.before.get(thing) for thing in touched.after)
    counted = standing.without(of_itself).without(before).together(after)
    first = _first(touched, own, counted.entities)
    if not all(first.values()):
        return None
    return replace(
        counted,
        elsewhere=standing.elsewhere - len(of_itself.subjects) - gone + come,
        subjects=set(),
        first=first,
    )


def _of_itself(touched: _Touched, said: set[Triple]) -> Census:
    touched.learn(_named(said))
    counted = Census().count(said, _Kinds(touched.kinds_after, types_of(said)))
    counted.subjects -= touched.stated(counted.subjects)
    return counted


def _first(touched: _Touched, own: set[Triple], kinds: Iterable[NamedNode]) -> dict[NamedNode, str]:
    """The first thing of each class of ours."""
    examples = statistics.examples(own)
    touched.learn(examples)
    found: dict[NamedNode, str] = {}
    for kind in kinds:
        if not kind.value.startswith(IESI):
            continue
        left = {*_of(kind, touched.leaving)}
        names = [node.value for node in examples if kind in touched.kinds_before(node)]
        if left.intersection(names):
            names = touched.first(kind, len(left) + 1)
        names = [name for name in names if name not in left]
        names += _of(kind, touched.entering)
        found[kind] = min(names, default="")
    return found


def _of(kind: NamedNode, triples: Iterable[Triple]) -> Iterator[str]:
    """The IRIs of the things that some statements say are of a class."""
    for triple in triples:
        if triple.object == kind and triple.predicate == _TYPE:
            yield str(getattr(triple.subject, "value", ""))


def _named(triples: Iterable[Triple]) -> Iterator[object]:
    """What may have classes in some statements."""
    for triple in triples:
        yield triple.subject
        if isinstance(triple.object, NamedNode):
            yield triple.object


def _by_subject(triples: Iterable[Triple]) -> dict[object, list[Triple]]:
    found: dict[object, list[Triple]] = {}
    for triple in triples:
        found.setdefault(triple.subject, []).append(triple)
    return found


def _fetched(reader: Reader, name: str, things: Iterable[object]) -> Iterator[Triple]:
    """The statements of the merge that have one of these as subject (``?s``) or object (``?o``)."""
    for some in _batches([thing for thing in things if isinstance(thing, NamedNode)]):
        for row in reader.select(f"SELECT ?s ?p ?o {{ VALUES {name} {{ {some} }} ?s ?p ?o }}"):
            yield Triple(row["s"], row["p"], row["o"])  # type: ignore[arg-type]  # as in a triple


def _batches(things: Sequence[object]) -> Iterator[str]:
    waiting = iter(things)
    while some := [*islice(waiting, _BATCH)]:
        yield " ".join(map(str, some))
