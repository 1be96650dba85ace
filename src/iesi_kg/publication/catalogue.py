"""A change of the published merge to the same change with the description of what then stands, in VoID.

It is part of the merge, with prefixes and examples, so that clients find it by asking (graph ``description``). It
counts itself, so that its numbers are those that any query gives, and changes in one commit with what it describes.
https://www.w3.org/TR/void/ ; examples in the form of https://github.com/sib-swiss/sparql-examples
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.analysis.examples import Example, examples
from iesi_kg.analysis.exports import ENDPOINT
from iesi_kg.errors import IesiKgError
from iesi_kg.publication import graphs, linksets
from iesi_kg.publication.census import Census, namespace, types_of
from iesi_kg.publication.joined import Joined
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Reader
from iesi_kg.vocabulary import curies, iris
from iesi_kg.vocabulary.namespaces import (
    BASE,
    DCT,
    FOAF,
    IESI,
    NUTS_2021,
    PREFIXES,
    RDF,
    RDFS,
    SCHEMA,
    SH,
    VOID,
    VOID_EXT,
    XSD,
)

GRAPH = iris.graph("description")
_DATASET = iris.dataset()
_TYPE = NamedNode(RDF + "type")
_ROUNDS = 8
_LICENCE = "https://creativecommons.org/licenses/by/4.0/"
_TITLE = "Knowledge graph of ICT-enabled social innovation"
_DESCRIPTION = (
    "Everything published, as one graph: records, organisations, documents, code lists, the ontology, "
    "and this description, which counts itself. Regions are those of NUTS 2021."
)
_KINDS = {"SELECT": "Select", "ASK": "Ask", "CONSTRUCT": "Construct", "DESCRIBE": "Describe"}
_KEYWORD = re.compile(r"^\s*(SELECT|ASK|CONSTRUCT|DESCRIBE)\b", re.IGNORECASE | re.MULTILINE)


def with_description(reader: Reader, change: ChangeSet) -> ChangeSet:
    """The change, and what brings the description to what stands once it is made."""
    return _told(reader, change, {*_prefixes(), *_examples()})


def kept_true(reader: Reader, change: ChangeSet) -> ChangeSet:
    """The same where there is a description; a store that was never filled from a bundle has none."""
    return with_description(reader, change) if next(iter(reader.quads(graph=GRAPH)), None) else change


def with_statistics(reader: Reader, change: ChangeSet) -> ChangeSet:
    """The same, with prefixes and examples as they are: for a release, which is not to gain what came later."""
    kept = {quad.triple for quad in reader.quads(graph=GRAPH) if _is_kept(quad.triple)}
    return _told(reader, change, kept) if kept else change


def _told(reader: Reader, change: ChangeSet, fixed: set[Triple]) -> ChangeSet:
    new = described(_After(reader, change), fixed | linksets.described(reader, change))
    told = graphs.replacement(reader, new, GRAPH, merged=True)
    return ChangeSet(change.label, add=Joined(change.add, told.add), remove=Joined(change.remove, told.remove))


def _is_kept(triple: Triple) -> bool:
    heads = tuple(f"{_DATASET.value}#{kind}-" for kind in ("query", "prefix"))
    return getattr(triple.subject, "value", "").startswith(heads) or triple.predicate.value == SH + "declare"


class _After:
    """The statements of the merge as they will stand, without the description; read once, and not held."""

    def __init__(self, reader: Reader, change: ChangeSet) -> None:
        self._reader = reader
        own = {quad.triple for quad in reader.quads(graph=GRAPH)}
        self._entering = {quad.triple for quad in change.add if quad.graph_name == DEFAULT_GRAPH} - own
        self._passed = {quad.triple for quad in change.remove if quad.graph_name == DEFAULT_GRAPH}
        self._passed |= self._entering | own

    def statements(self, predicate: NamedNode | None = None) -> Iterator[Triple]:
        """Those with a predicate, or all."""
        passed = self._passed
        for quad in self._reader.quads(predicate=predicate, graph=DEFAULT_GRAPH):
            if (triple := quad.triple) not in passed:
                yield triple
        for triple in self._entering:
            if predicate is None or triple.predicate == predicate:
                yield triple


def described(data: _After, fixed: set[Triple]) -> set[Triple]:
    """The description of a graph that holds these statements and the description itself; ``fixed`` is part of it."""
    types = types_of(data.statements(_TYPE))
    counted = Census().count(data.statements(), types)
    said: set[Triple] = set()
    for _ in range(_ROUNDS):
        of_itself = Census().count(said, {**types, **types_of(said)}) if said else Census()
        again = {*_statistics(counted.together(of_itself)), *fixed}
        if again == said:
            return said
        said = again
    raise IesiKgError("the description of the graph does not come to rest", hint="tell those who make this software")


def _statistics(census: Census) -> Iterator[Triple]:
    yield Triple(_DATASET, _TYPE, NamedNode(VOID + "Dataset"))
    yield Triple(_DATASET, NamedNode(DCT + "title"), Literal(_TITLE, language="en"))
    yield Triple(_DATASET, NamedNode(DCT + "description"), Literal(_DESCRIPTION, language="en"))
    yield Triple(_DATASET, NamedNode(FOAF + "homepage"), NamedNode(BASE))
    yield Triple(_DATASET, NamedNode(DCT + "conformsTo"), NamedNode(NUTS_2021))
    yield Triple(_DATASET, NamedNode(VOID + "sparqlEndpoint"), NamedNode(ENDPOINT))
    yield Triple(_DATASET, NamedNode(VOID + "uriSpace"), Literal(f"{BASE}id/"))
    yield Triple(_DATASET, NamedNode(VOID + "triples"), _integer(census.triples))
    yield Triple(_DATASET, NamedNode(VOID + "distinctSubjects"), _integer(len(census.subjects)))
    yield Triple(_DATASET, NamedNode(VOID + "classes"), _integer(len(census.entities)))
    yield Triple(_DATASET, NamedNode(VOID + "properties"), _integer(len(census.properties)))
    for space in {namespace(term) for term in (*census.entities, *census.properties)}:
        yield Triple(_DATASET, NamedNode(VOID + "vocabulary"), NamedNode(space))
    for kind, example in census.first.items():
        if kind.value.startswith(IESI):
            yield Triple(_DATASET, NamedNode(VOID + "exampleResource"), NamedNode(example))
    for kind, number in census.entities.items():
        part = _node("class", kind)
        yield Triple(_DATASET, NamedNode(VOID + "classPartition"), part)
        yield Triple(part, NamedNode(VOID + "class"), kind)
        yield Triple(part, NamedNode(VOID + "entities"), _integer(number))
    for predicate, number in census.properties.items():
        part = _node("property", predicate)
        yield Triple(_DATASET, NamedNode(VOID + "propertyPartition"), part)
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
        yield Triple(_DATASET, NamedNode(VOID + "subset"), links)
        yield Triple(links, _TYPE, NamedNode(VOID + "Linkset"))
        yield Triple(links, NamedNode(VOID + "linkPredicate"), predicate)
        yield Triple(links, NamedNode(VOID + "subjectsTarget"), _DATASET)
        yield Triple(links, NamedNode(VOID + "objectsTarget"), target)
        yield Triple(links, NamedNode(VOID + "triples"), _integer(number))
        yield Triple(target, _TYPE, NamedNode(VOID + "Dataset"))
        yield Triple(target, NamedNode(VOID + "uriSpace"), Literal(space))


def _prefixes() -> Iterator[Triple]:
    for prefix, space in PREFIXES.items():
        node = iris.fragment(_DATASET, f"prefix-{prefix}")
        yield Triple(_DATASET, NamedNode(SH + "declare"), node)
        yield Triple(node, _TYPE, NamedNode(SH + "PrefixDeclaration"))
        yield Triple(node, NamedNode(SH + "prefix"), Literal(prefix))
        yield Triple(node, NamedNode(SH + "namespace"), Literal(space, datatype=NamedNode(XSD + "anyURI")))


def _examples() -> Iterator[Triple]:
    for example in examples():
        form = _form(example)
        node = iris.fragment(_DATASET, f"query-{example.slug}")
        yield Triple(node, _TYPE, NamedNode(SH + "SPARQLExecutable"))
        yield Triple(node, _TYPE, NamedNode(f"{SH}SPARQL{_KINDS[form]}Executable"))
        yield Triple(node, NamedNode(RDFS + "label"), Literal(example.title, language="en"))
        yield Triple(node, NamedNode(RDFS + "comment"), Literal(example.question or example.title, language="en"))
        yield Triple(node, NamedNode(SH + form.lower()), Literal(example.query.strip()))
        yield Triple(node, NamedNode(SH + "prefixes"), _DATASET)
        yield Triple(node, NamedNode(SCHEMA + "target"), NamedNode(ENDPOINT))
        yield Triple(node, NamedNode(DCT + "license"), NamedNode(_LICENCE))
        for word in example.keywords:
            yield Triple(node, NamedNode(SCHEMA + "keywords"), Literal(word, language="en"))


def _form(example: Example) -> str:
    found = _KEYWORD.search(example.query)
    return found[1].upper() if found else "SELECT"


def _node(*names: str | NamedNode) -> NamedNode:
    return iris.fragment(_DATASET, "-".join(name if isinstance(name, str) else _short(name) for name in names))


@lru_cache(maxsize=4096)
def _short(term: NamedNode) -> str:
    """A readable name for an IRI; a digest where no prefix of ours fits."""
    name = curies.shorten(term)
    if name.startswith("<") or not re.fullmatch(r"[\w.:-]+", name):
        return sha256(term.value.encode()).hexdigest()[:12]
    return name.replace(":", "-")


def _integer(number: int) -> Literal:
    return Literal(str(number), datatype=NamedNode(XSD + "integer"))
