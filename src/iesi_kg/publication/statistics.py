"""A census as statements in VoID about the data set, and such statements as the census that they tell.

What cannot be read back exactly (another edition of this software wrote it, somebody changed it) is no census: whoever
asks counts anew. https://www.w3.org/TR/void/
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from hashlib import sha256

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.analysis.exports import ENDPOINT
from iesi_kg.errors import IesiKgError
from iesi_kg.publication.census import Census, namespace
from iesi_kg.vocabulary import curies, iris
from iesi_kg.vocabulary.namespaces import BASE, DCT, FOAF, IESI, NUTS_2021, RDF, VOID, VOID_EXT, XSD

DATASET = iris.dataset()
_TYPE = NamedNode(RDF + "type")
_TITLE = "Knowledge graph of ICT-enabled social innovation"
_DESCRIPTION = (
    "Everything published, as one graph: records, organisations, documents, code lists, the ontology, "
    "and this description, which counts itself. Regions are those of NUTS 2021."
)
_ROUNDS = 8
_COUNTED = ("class-", "property-", "links-", "target-")
_BESIDE = frozenset((VOID + "subset", RDF + "type"))


def settled(counted: Census, fixed: set[Triple], of_itself: Callable[[set[Triple]], Census]) -> set[Triple]:
    """The description of what was counted and of the description itself; ``fixed`` is part of it."""
    said: set[Triple] = set()
    for _ in range(_ROUNDS):
        again = {*statements(counted.together(of_itself(said)) if said else counted), *fixed}
        if again == said:
            return said
        said = again
    raise IesiKgError("the description of the graph does not come to rest", hint="tell those who make this software")


def statements(census: Census) -> Iterator[Triple]:
    """What a census says of the data set."""
    yield Triple(DATASET, _TYPE, NamedNode(VOID + "Dataset"))
    yield Triple(DATASET, NamedNode(DCT + "title"), Literal(_TITLE, language="en"))
    yield Triple(DATASET, NamedNode(DCT + "description"), Literal(_DESCRIPTION, language="en"))
    yield Triple(DATASET, NamedNode(FOAF + "homepage"), NamedNode(BASE))
    yield Triple(DATASET, NamedNode(DCT + "conformsTo"), NamedNode(NUTS_2021))
    yield Triple(DATASET, NamedNode(VOID + "sparqlEndpoint"), NamedNode(ENDPOINT))
    yield Triple(DATASET, NamedNode(VOID + "uriSpace"), Literal(f"{BASE}id/"))
    yield Triple(DATASET, NamedNode(VOID + "triples"), _integer(census.triples))
    yield Triple(DATASET, NamedNode(VOID + "distinctSubjects"), _integer(census.distinct))
    yield Triple(DATASET, NamedNode(VOID + "classes"), _integer(len(census.entities)))
    yield Triple(DATASET, NamedNode(VOID + "properties"), _integer(len(census.properties)))
    for space in {namespace(term) for term in (*census.entities, *census.properties)}:
        yield Triple(DATASET, NamedNode(VOID + "vocabulary"), NamedNode(space))
    for kind, example in census.first.items():
        if kind.value.startswith(IESI):
            yield Triple(DATASET, NamedNode(VOID + "exampleResource"), NamedNode(example))
    for kind, number in census.entities.items():
        part = _node("class", kind)
        yield Triple(DATASET, NamedNode(VOID + "classPartition"), part)
        yield Triple(part, NamedNode(VOID + "class"), kind)
        yield Triple(part, NamedNode(VOID + "entities"), _integer(number))
    for predicate, number in census.properties.items():
        part = _node("property", predicate)
        yield Triple(DATASET, NamedNode(VOID + "propertyPartition"), part)
        yield Triple(part, NamedNode(VOID + "property"), predicate)
        yield Triple(part, NamedNode(VOID + "triples"), _integer(number))
    yield from _within(census)
    yield from _links(census)


def _within(census: Census) -> Iterator[Triple]:
    """Partitions by property within each class, and within those by class or datatype of the value."""
    for (kind, predicate), number in census.used.items():
        part = _node("class", kind, predicate)
        yield Triple(_node("class", kind), NamedNode(VOID + "propertyPartition"), part)
        yield Triple(part, NamedNode(VOID + "property"), predicate)
        yield Triple(part, NamedNode(VOID + "triples"), _integer(number))
    for (kind, predicate, target), number in census.targets.items():
        part = _node("class", kind, predicate, target)
        yield Triple(_node("class", kind, predicate), NamedNode(VOID + "classPartition"), part)
        yield Triple(part, NamedNode(VOID + "class"), target)
        yield Triple(part, NamedNode(VOID + "triples"), _integer(number))
    for (kind, predicate, datatype), number in census.datatypes.items():
        part = _node("class", kind, predicate, datatype)
        yield Triple(_node("class", kind, predicate), NamedNode(VOID_EXT + "datatypePartition"), part)
        yield Triple(part, NamedNode(VOID_EXT + "datatype"), datatype)
        yield Triple(part, NamedNode(VOID + "triples"), _integer(number))


def _links(census: Census) -> Iterator[Triple]:
    for (predicate, space), number in census.links.items():
        links, target = _node("links", predicate, NamedNode(space)), _node("target", NamedNode(space))
        yield Triple(DATASET, NamedNode(VOID + "subset"), links)
        yield Triple(links, _TYPE, NamedNode(VOID + "Linkset"))
        yield Triple(links, NamedNode(VOID + "linkPredicate"), predicate)
        yield Triple(links, NamedNode(VOID + "subjectsTarget"), DATASET)
        yield Triple(links, NamedNode(VOID + "objectsTarget"), target)
        yield Triple(links, NamedNode(VOID + "triples"), _integer(number))
        yield Triple(target, _TYPE, NamedNode(VOID + "Dataset"))
        yield Triple(target, NamedNode(VOID + "uriSpace"), Literal(space))


def _node(*names: str | NamedNode) -> NamedNode:
    return iris.fragment(DATASET, "-".join(name if isinstance(name, str) else _short(name) for name in names))


@lru_cache(maxsize=4096)
def _short(term: NamedNode) -> str:
    """A readable name for an IRI; a digest where no prefix of ours fits."""
    name = curies.shorten(term)
    if name.startswith("<") or not re.fullmatch(r"[\w.:-]+", name):
        return sha256(term.value.encode()).hexdigest()[:12]
    return name.replace(":", "-")


def _integer(number: int) -> Literal:
    return Literal(str(number), datatype=NamedNode(XSD + "integer"))


def told(said: Iterable[Triple]) -> tuple[Census, set[Triple]] | None:
    """The census that a description tells, and what it says beside; None where it is not just what one would say."""
    standing = {*said}
    about = _About(standing)
    counted = about.census()
    again = {*statements(counted)} if counted is not None else set()
    beside = standing - again
    if counted is None or not again <= standing or any(map(_is_counted, beside)):
        return None
    return counted, beside


def examples(said: Iterable[Triple]) -> set[NamedNode]:
    """The example resources of a description: of each class of ours the first by its IRI, one for several perhaps."""
    return {t.object for t in said if t.predicate.value == VOID + "exampleResource" and isinstance(t.object, NamedNode)}


def _is_counted(triple: Triple) -> bool:
    """Whether a statement can only come from a census."""
    name = str(getattr(triple.subject, "value", ""))
    if triple.subject == DATASET:
        return triple.predicate.value.startswith(VOID) and triple.predicate.value not in _BESIDE
    return name.startswith(tuple(f"{DATASET.value}#{kind}" for kind in _COUNTED))


class _About:
    """A description by subject and property."""

    def __init__(self, said: Iterable[Triple]) -> None:
        self._values: dict[tuple[object, str], list[Literal | NamedNode]] = {}
        for triple in said:
            if isinstance(triple.object, Literal | NamedNode):
                self._values.setdefault((triple.subject, triple.predicate.value), []).append(triple.object)

    def census(self) -> Census | None:
        """The numbers that stand there; None where some are missing or no numbers."""
        try:
            return Census(
                triples=self._number(DATASET, "triples"),
                elsewhere=self._number(DATASET, "distinctSubjects"),
                entities=Counter(
                    {kind: self._number(part, "entities") for part, kind in self._parts(DATASET, "class")}
                ),
                properties=Counter(dict(self._by_property(DATASET))),
                used=Counter(dict(self._used())),
                targets=Counter(dict(self._values_of(VOID + "classPartition", VOID + "class"))),
                datatypes=Counter(dict(self._values_of(VOID_EXT + "datatypePartition", VOID_EXT + "datatype"))),
                links=Counter(dict(self._linked())),
                first={NamedNode(f"{IESI}{place}"): node.value for place, node in enumerate(self._examples())},
            )
        except (LookupError, ValueError):
            return None

    def _examples(self) -> list[NamedNode]:
        return [node for node in self._of(DATASET, VOID + "exampleResource") if isinstance(node, NamedNode)]

    def _by_property(self, node: NamedNode) -> Iterator[tuple[NamedNode, int]]:
        for part, predicate in self._parts(node, "property"):
            yield predicate, self._number(part, "triples")

    def _used(self) -> Iterator[tuple[tuple[NamedNode, NamedNode], int]]:
        for part, kind in self._parts(DATASET, "class"):
            for predicate, number in self._by_property(part):
                yield (kind, predicate), number

    def _values_of(self, parts: str, name: str) -> Iterator[tuple[tuple[NamedNode, NamedNode, NamedNode], int]]:
        for part, kind in self._parts(DATASET, "class"):
            for used, predicate in self._parts(part, "property"):
                for node in self._nodes(used, parts):
                    (value,) = self._nodes(node, name)
                    yield (kind, predicate, value), self._number(node, "triples")

    def _linked(self) -> Iterator[tuple[tuple[NamedNode, str], int]]:
        for node in self._nodes(DATASET, VOID + "subset"):
            if not node.value.startswith(f"{DATASET.value}#links-"):
                continue
            (predicate,) = self._nodes(node, VOID + "linkPredicate")
            (target,) = self._nodes(node, VOID + "objectsTarget")
            (space,) = self._of(target, VOID + "uriSpace")
            yield (predicate, space.value), self._number(node, "triples")

    def _parts(self, node: NamedNode, kind: str) -> Iterator[tuple[NamedNode, NamedNode]]:
        for part in self._nodes(node, f"{VOID}{kind}Partition"):
            if kind == "class" and not self._of(part, VOID + "entities"):
                continue
            (named,) = self._nodes(part, VOID + kind)
            yield part, named

    def _number(self, node: NamedNode, name: str) -> int:
        (value,) = self._of(node, VOID + name)
        return int(value.value)

    def _nodes(self, node: NamedNode, name: str) -> list[NamedNode]:
        return [value for value in self._of(node, name) if isinstance(value, NamedNode)]

    def _of(self, node: NamedNode, name: str) -> list[Literal | NamedNode]:
        return self._values.get((node, name), [])
