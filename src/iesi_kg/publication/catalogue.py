"""A change of the published merge to the same change with the description of what then stands, in VoID.

It is part of the merge, with prefixes and examples, so that clients find it by asking (graph ``description``). It
counts itself, so that its numbers are those that any query gives, and changes in one commit with what it describes.
https://www.w3.org/TR/void/ ; examples in the form of https://github.com/sib-swiss/sparql-examples
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.analysis.examples import Example, examples
from iesi_kg.analysis.exports import ENDPOINT
from iesi_kg.publication import carried, graphs, linksets, statistics
from iesi_kg.publication.census import Census, types_of
from iesi_kg.publication.joined import Joined
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCT, PREFIXES, RDF, RDFS, SCHEMA, SH, XSD

GRAPH = iris.graph("description")
_DATASET = iris.dataset()
_TYPE = NamedNode(RDF + "type")
_LICENCE = "https://creativecommons.org/licenses/by/4.0/"
_KINDS = {"SELECT": "Select", "ASK": "Ask", "CONSTRUCT": "Construct", "DESCRIBE": "Describe"}
_KEYWORD = re.compile(r"^\s*(SELECT|ASK|CONSTRUCT|DESCRIBE)\b", re.IGNORECASE | re.MULTILINE)


def with_description(reader: Reader, change: ChangeSet) -> ChangeSet:
    """The change, and what brings the description to what stands once it is made; everything is counted anew."""
    return _told(reader, change, _fixed())


def kept_true(reader: Reader, change: ChangeSet) -> ChangeSet:
    """The same where there is a description; a store that was never filled from a bundle has none.

    What the description tells is carried on over the change, so that this costs what the change touches. Where it
    cannot be, and where most of the graph is touched, everything is counted anew.
    """
    own = {quad.triple for quad in reader.quads(graph=GRAPH)}
    if not own:
        return change
    new = carried.described(reader, change, own, _fixed())
    return with_description(reader, change) if new is None else _with(reader, change, new)


def with_statistics(reader: Reader, change: ChangeSet) -> ChangeSet:
    """The same, with prefixes and examples as they are: for a release, which is not to gain what came later."""
    kept = {quad.triple for quad in reader.quads(graph=GRAPH) if _is_kept(quad.triple)}
    return _told(reader, change, kept) if kept else change


def _told(reader: Reader, change: ChangeSet, fixed: set[Triple]) -> ChangeSet:
    return _with(reader, change, described(_After(reader, change), fixed | linksets.described(reader, change)))


def _with(reader: Reader, change: ChangeSet, new: set[Triple]) -> ChangeSet:
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
    return statistics.settled(counted, fixed, lambda said: Census().count(said, {**types, **types_of(said)}))


def _fixed() -> set[Triple]:
    """What a description says that is not counted."""
    return {*_prefixes(), *_examples()}


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
