"""Data that names codes of outside lists to the statements that say what those codes are.

A shape asks for ``sh:class skos:Concept``, the data names a country of the EU's table, and no file says that the
country is a concept: a false alarm. A pack is an RDF file that says it, with its source, version and licence: one
concept after the other, or by VoID (``void:uriRegexPattern`` with ``void:class``) for a table that is too long to be
listed, or by the ``rdfs:range`` of a property whose values are pages of the web.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyoxigraph
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from iesi_kg.validation import task
from iesi_kg.validation.graph import TYPE, Graph
from iesi_kg.validation.task import Part
from iesi_kg.vocabulary.namespaces import RDFS, SKOS, VOID

_IRI = rb"<([^<>]+)>"
_SCHEME = SKOS + "inScheme"
_SUBJECT = re.compile(rb"^[ \t]*" + _IRI, re.M)


@dataclass(frozen=True, slots=True)
class Known:
    """Statements that go beside the data; ``added`` are the nodes that only they describe, as N-Triples writes them."""

    statements: bytes = b""
    added: frozenset[str] = frozenset()

    def notes(self) -> Iterator[str]:
        """A sentence for the reader, where anything was added."""
        if self.added:
            codes = f"{len(self.added):,} code{'s' if len(self.added) > 1 else ''} of outside lists"
            yield f"{codes} taken as known from the pack; --pack none judges without"


def facts(data: bytes, pack: tuple[Part, ...]) -> Known:
    """What the packs know of the IRIs that the data, as N-Triples, names as values."""
    if not pack:
        return Known()
    lists = Graph(task.triples(pack))
    found = {triple for iri in _named(data, lists) for triple in _concept(lists, iri)}
    found |= {*_patterned(data, lists), *_ranged(data, lists)}
    described = {match.decode() for match in _SUBJECT.findall(data)} if found else set()
    added = {str(triple.subject): triple for triple in found if str(triple.subject).strip("<>") not in described}
    kept = sorted((triple for triple in found if str(triple.subject) in added), key=str)
    statements = pyoxigraph.serialize(kept, format=RdfFormat.N_TRIPLES) or b""
    return Known(b"\n" + statements if kept else b"", frozenset(added))


def _named(data: bytes, lists: Graph) -> Iterator[NamedNode]:
    """The listed concepts that the data names."""
    listed = {subject.value for subject in lists.subjects() if isinstance(subject, NamedNode)}
    spaces = {re.match(r".*[/#]|", iri)[0].encode() for iri in listed}  # type: ignore[index]
    for iri in _with_start(data, (space for space in spaces if space)):
        if iri in listed:
            yield NamedNode(iri)


def _with_start(data: bytes, starts: Iterable[bytes]) -> set[str]:
    """The IRIs that begin with one of the texts, which are looked for first: most data names none of them."""
    there = [re.escape(start) for start in starts if b"<" + start in data]
    found = re.findall(rb"<((?:" + b"|".join(there) + rb")[^<>]*)>", data) if there else []
    return {iri.decode() for iri in set(found)}


def _concept(lists: Graph, iri: NamedNode) -> Iterator[Triple]:
    for predicate, values in lists.facts(iri).items():
        yield from (Triple(iri, NamedNode(predicate), value) for value in values)


def _patterned(data: bytes, lists: Graph) -> Iterator[Triple]:
    """The types of the IRIs that match the pattern of a table, and the scheme that they are in."""
    for table in lists.subjects():
        said = [(TYPE, kind) for kind in lists.objects(table, VOID + "class")]
        said += [(NamedNode(_SCHEME), scheme) for scheme in lists.objects(table, _SCHEME)]
        spaces = [value.value for value in lists.objects(table, VOID + "uriSpace")]
        for pattern in (
            value for value in lists.objects(table, VOID + "uriRegexPattern") if isinstance(value, Literal)
        ):
            named = _with_start(data, (space.encode() for space in spaces))
            matching = (iri for iri in named if re.fullmatch(pattern.value, iri))
            yield from (Triple(NamedNode(iri), *fact) for iri in matching for fact in said)


def _ranged(data: bytes, lists: Graph) -> Iterator[Triple]:
    """The types of the values of a property with a range."""
    for subject in lists.subjects():
        for kind in lists.objects(subject, RDFS + "range"):
            if isinstance(subject, NamedNode) and isinstance(kind, NamedNode):
                values = re.findall(rb"<" + re.escape(subject.value.encode()) + rb">[ \t]*" + _IRI, data)
                yield from (Triple(NamedNode(value.decode()), TYPE, kind) for value in set(values))
