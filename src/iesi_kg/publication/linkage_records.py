"""Two records of whatever database, side by side: what they say, where they differ, and whether one changed since."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from pyoxigraph import NamedNode, Quad

from iesi_kg.linking import entities, normal
from iesi_kg.linking.entities import Entity
from iesi_kg.store.base import DEFAULT_GRAPH, GraphName, Reader
from iesi_kg.vocabulary import iris

# What a decision rests on. Keys and classifications are ours or theirs to change without another look.
COMPARED = (
    "names",
    "description",
    "countries",
    "places",
    "start_year",
    "end_year",
    "status",
    "pages",
    "organisations",
)
_PEERS = iris.graph("peer", "").value
_WORD = re.compile(r"\w+")
_SMALL = 0.5  # the share of records that have an "of" or "the"


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of a value; ``marked`` where the other record does not have it."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One field of both records."""

    field: str
    left: tuple[Word, ...]
    right: tuple[Word, ...]
    verdict: str  # same, differs, left, right: as far as both say anything


def graph_of(reader: Reader, record: NamedNode) -> GraphName | None:
    """The graph in which a record is read: the published merge, or the last version of its database."""
    if next(iter(reader.quads(record, graph=DEFAULT_GRAPH)), None) is not None:
        return DEFAULT_GRAPH
    found = {quad.graph_name.value for quad in reader.quads(record) if isinstance(quad.graph_name, NamedNode)}
    peers = [name for name in found if name.startswith(_PEERS)]
    return NamedNode(max(peers)) if peers else None


def entity(reader: Reader, record: NamedNode) -> Entity | None:
    """A record as far as it is compared; None where its database is not loaded."""
    graph = graph_of(reader, record)
    if graph is None:
        return None
    database = entities.curie(record).partition(":")[0]
    found = entities.of_quads(_near(reader, record, graph), database)
    return next((item for item in found if item.iri == record), None)


def _near(reader: Reader, record: NamedNode, graph: GraphName) -> Iterator[Quad]:
    """What a graph says of a record, of its parts, and of what both name."""
    seen: set[object] = set()
    waiting: list[NamedNode] = [record]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        is_own = node.value.partition("#")[0] == record.value
        for quad in reader.quads(node, graph=graph):
            yield quad
            if is_own and isinstance(quad.object, NamedNode):
                waiting.append(quad.object)


def values(record: Entity | None, field: str) -> tuple[str, ...]:
    """What a record says in one field, as texts."""
    value = getattr(record, field) if record else ()
    if isinstance(value, tuple):
        return value
    return (str(value),) if value not in ("", None) else ()


def prints(record: Entity | None) -> str:
    """What tells later that a field changed: a digest of each field that says something; empty without a record."""
    said = {field: "\n".join(sorted(values(record, field))) for field in COMPARED}
    return " ".join(f"{field}:{sha256(text.encode()).hexdigest()[:12]}" for field, text in said.items() if text)


def changed(before: str, now: str) -> tuple[str, ...]:
    """The fields whose digests differ; none where one of the two is not known."""
    if not before or not now:
        return ()
    old, new = (dict(part.split(":", 1) for part in text.split()) for text in (before, now))
    return tuple(field for field in COMPARED if old.get(field) != new.get(field))


def compared(left: Entity | None, right: Entity | None) -> list[Line]:
    """Both records field by field, the fields of which neither says anything left out."""
    return [
        _line(field, values(left, field), values(right, field))
        for field in COMPARED
        if values(left, field) or values(right, field)
    ]


def _line(field: str, left: tuple[str, ...], right: tuple[str, ...]) -> Line:
    words = [{_stem(word) for text in side for word in _WORD.findall(text)} for side in (left, right)]
    if not left or not right:
        verdict = "left" if left else "right"
    else:
        alike = {text.casefold() for text in left} & {text.casefold() for text in right}
        verdict = "same" if alike or words[0] == words[1] else "differs"
    marking = verdict == "differs"
    return Line(field, _words(left, words[1], marking), _words(right, words[0], marking), verdict)


def _stem(word: str) -> str:
    return normal.stem(normal.folded(word))


def _words(texts: tuple[str, ...], others: set[str], marking: bool) -> tuple[Word, ...]:
    """The texts cut where marking begins and ends; an "of" or another ending of a word is no difference."""
    found: list[Word] = []
    for part in re.findall(r"\w+|\W+", " · ".join(texts)):
        is_word = bool(_WORD.match(part))
        told = _stem(part)
        marked = marking and is_word and told not in others and normal.lexicon().shares.get(told) != _SMALL
        if found and found[-1].marked == marked:
            found[-1] = Word(found[-1].text + part, marked)
        else:
            found.append(Word(part, marked))
    return tuple(found)
