"""Describes one thing: what the graph says of it, and what points at it.

Which statements belong to a thing is said by the queries in ``queries/entity``, not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg import assets
from iesi_kg.endpoint.negotiation import MediaType
from iesi_kg.endpoint.serialisation import write
from iesi_kg.errors import Divided, Gone, Replaced, Superseded
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import RDF


@dataclass(frozen=True, slots=True)
class Description:
    """A thing as one version of the graph states it.

    ``outgoing`` holds the statements about the thing and about its ``nodes`` (its own fragments, e.g. ``#lead``);
    ``incoming`` a bounded number of the statements that point at it, of ``incoming_count`` in all; ``names`` the
    statements that name the other things mentioned.
    """

    iri: NamedNode
    version: int
    outgoing: tuple[Triple, ...]
    incoming: tuple[Triple, ...]
    incoming_count: int
    nodes: tuple[NamedNode, ...]
    names: tuple[Triple, ...]

    @property
    def labels(self) -> Mapping[NamedNode, tuple[Literal, ...]]:
        """The names by the thing they name."""
        found: dict[NamedNode, tuple[Literal, ...]] = {}
        for triple in self.names:
            if isinstance(triple.subject, NamedNode) and isinstance(triple.object, Literal):
                found[triple.subject] = (*found.get(triple.subject, ()), triple.object)
        return found


def describe(reader: Reader, iri: NamedNode) -> Description | None:
    """The description of a thing, None when nothing is stated of it; a version in force is described as its document.

    Raises Gone for what was withdrawn, Replaced for what was merged, Divided for what was split, Superseded for an
    earlier version of a document.
    """
    bindings = {"thing": iri}
    outgoing = tuple(reader.construct(_query("outgoing"), bindings))
    if not outgoing:
        _refuse_replaced(reader, iri)
        if whole := _versioned(reader, iri):
            return describe(reader, whole)
        _refuse_withdrawn(reader, iri)
        outgoing = tuple(reader.construct(_query("peer" if iris.is_peer(iri) else "provenance"), bindings))
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
        names=tuple(_names(reader, iri)),
    )


def serialise(description: Description, media: MediaType) -> bytes:
    """The description as RDF: what is said of the thing, the names of what it mentions, the links to it."""
    parts = (description.outgoing, description.names, description.incoming)
    places = {triple: _place(triple, part, description.iri) for part in (2, 1, 0) for triple in parts[part]}
    return write(sorted(places, key=lambda triple: places[triple]), media)


def _place(triple: Triple, part: int, iri: NamedNode) -> tuple[int, bool, str, bool, str, str]:
    """The thing first, its type first: one order, so that equal descriptions are equal bytes."""
    subject, predicate = str(triple.subject), str(triple.predicate)
    return part, triple.subject != iri, subject, triple.predicate.value != RDF + "type", predicate, str(triple.object)


def _names(reader: Reader, iri: NamedNode) -> Iterator[Triple]:
    for row in reader.select(_query("labels"), {"thing": iri}):
        thing, naming, name = row["object"], row["naming"], row["label"]
        if isinstance(thing, NamedNode) and isinstance(naming, NamedNode):
            yield Triple(thing, naming, name)


def _versioned(reader: Reader, iri: NamedNode) -> NamedNode | None:
    """The document of which this is the version in force."""
    found = reader.select(_query("version"), {"thing": iri})
    if not found:
        return None
    whole, successor = found[0]["whole"], found[0].get("successor")
    assert isinstance(whole, NamedNode)
    if successor is not None:
        raise Superseded(
            f"<{iri.value}> was replaced by {successor}; its files are not kept here",
            iri=iri.value,
            successor=getattr(successor, "value", ""),
        )
    return whole


def _refuse_replaced(reader: Reader, iri: NamedNode) -> None:
    found = reader.select(_query("replaced"), {"thing": iri})
    choices = sorted({getattr(row["successor"], "value", "") for row in found})
    if len(choices) > 1:
        listed = ", ".join(f"<{choice}>" for choice in choices)
        raise Divided(f"<{iri.value}> was split into {listed}", hint="choose one", iri=iri.value, choices=choices)
    if found:
        successor = getattr(found[0]["successor"], "value", "")
        raise Replaced(
            f"<{iri.value}> was merged into <{successor}>", hint=successor, iri=iri.value, successor=successor
        )


def _refuse_withdrawn(reader: Reader, iri: NamedNode) -> None:
    """Raises Gone for what was withdrawn, and for what was erased, which is known by a digest of its IRI only."""
    hint = "the address stays reserved; earlier releases still hold the record"
    stones = reader.select(_query("tombstone"), {"thing": iri})
    if not stones:
        stones = reader.select(_query("tombstone"), {"thing": iris.erased(iri)})
        hint = "the address stays reserved; the record was taken out of the releases too"
    if stones:
        when, why = (getattr(stones[0].get(name), "value", None) for name in ("when", "reason"))
        raise Gone(
            f"<{iri.value}> was published here and has been withdrawn"
            + (f" on {when}" if when else "")
            + (f": {why}" if why else ""),
            hint=hint,
            iri=iri.value,
            **({"reason": why} if why else {}),
        )


@lru_cache(maxsize=16)
def _query(name: str) -> str:
    return assets.text(f"queries/entity/{name}.rq")
