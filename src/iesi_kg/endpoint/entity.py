"""Describes one thing: what the graph says of it, and what points at it.

Which statements belong to a thing is said by the queries in ``queries/entity``, not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg import assets
from iesi_kg.endpoint.negotiation import MediaType
from iesi_kg.endpoint.serialisation import write
from iesi_kg.errors import Gone
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.namespaces import RDF, RDFS


@dataclass(frozen=True, slots=True)
class Description:
    """A thing as one version of the graph states it.

    ``outgoing`` holds the statements about the thing and about its ``nodes`` (its own fragments, e.g. ``#lead``);
    ``incoming`` a bounded number of the statements that point at it, of ``incoming_count`` in all; ``labels`` the
    names of every other thing mentioned.
    """

    iri: NamedNode
    version: int
    outgoing: tuple[Triple, ...]
    incoming: tuple[Triple, ...]
    incoming_count: int
    nodes: tuple[NamedNode, ...]
    labels: Mapping[NamedNode, tuple[Literal, ...]]


def describe(reader: Reader, iri: NamedNode) -> Description | None:
    """The description of a thing, None when nothing is stated of it. Raises Gone for a withdrawn one."""
    bindings = {"thing": iri}
    outgoing = tuple(reader.construct(_query("outgoing"), bindings))
    if not outgoing:
        _refuse_withdrawn(reader, iri)
        outgoing = tuple(reader.construct(_query("provenance"), bindings))
    if not outgoing:
        return None
    incoming = tuple(reader.construct(_query("incoming"), bindings))
    counted = reader.select(_query("incoming-count"), bindings)
    subjects = {triple.subject for triple in outgoing} - {iri}
    return Description(
        iri=iri,
        version=reader.version,
        outgoing=outgoing,
        incoming=incoming,
        incoming_count=int(getattr(counted[0]["count"], "value", 0)) if counted else 0,
        nodes=tuple(sorted((node for node in subjects if isinstance(node, NamedNode)), key=str)),
        labels=_labels(reader, iri),
    )


def serialise(description: Description, media: MediaType) -> bytes:
    """The description as RDF: what is said of the thing, the names of what it mentions, the links to it."""
    label = NamedNode(RDFS + "label")
    named = [Triple(thing, label, name) for thing, names in description.labels.items() for name in names]
    triples = {*description.outgoing, *named, *description.incoming}
    ordered = sorted(triples, key=lambda triple: _place(triple, description.iri))
    return write(ordered, media)


def _place(triple: Triple, iri: NamedNode) -> tuple[bool, str, bool, str, str]:
    """The thing first, its type first: one order, so that equal descriptions are equal bytes."""
    subject, predicate = str(triple.subject), str(triple.predicate)
    return triple.subject != iri, subject, triple.predicate.value != RDF + "type", predicate, str(triple.object)


def _labels(reader: Reader, iri: NamedNode) -> dict[NamedNode, tuple[Literal, ...]]:
    names: dict[NamedNode, tuple[Literal, ...]] = {}
    for row in reader.select(_query("labels"), {"thing": iri}):
        thing, name = row["object"], row["label"]
        if isinstance(thing, NamedNode) and isinstance(name, Literal):
            names[thing] = (*names.get(thing, ()), name)
    return names


def _refuse_withdrawn(reader: Reader, iri: NamedNode) -> None:
    stones = reader.select(_query("tombstone"), {"thing": iri})
    if stones:
        when = getattr(stones[0].get("when"), "value", None)
        raise Gone(
            f"<{iri.value}> was published here and has been withdrawn" + (f" on {when}" if when else ""),
            hint="the address stays reserved; earlier releases still hold the record",
            iri=iri.value,
        )


@lru_cache(maxsize=16)
def _query(name: str) -> str:
    return assets.text(f"queries/entity/{name}.rq")
