"""Ontology, code lists and assignments turned into the growing list of published IRIs (W3C, Cool URIs don't change)."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import NamedNode, RdfFormat, parse

from iesi_kg import assets
from iesi_kg.errors import NotFound
from iesi_kg.vocabulary.namespaces import BASE

LIST = "ontology/generated/published.txt"

_FILES = ("ontology/iesi.ttl", "ontology/observations.ttl")
_FOLDERS = ("ontology/codelists", "ontology/assignments")


def described() -> set[str]:
    """Every IRI of ours that stands as a subject now."""
    return {iri for path in paths() for iri in _subjects(assets.text(path)) if iri.startswith(BASE)}


def listed() -> set[str]:
    """Every IRI that was ever published, as the committed list says."""
    try:
        return {line for line in assets.text(LIST).splitlines() if line.startswith(BASE)}
    except NotFound:
        return set()


def vanished() -> list[str]:
    """IRIs that were published and are described no more: they should be deprecated instead."""
    return sorted(listed() - described())


def grown() -> str:
    """The list as it must be committed: what was published stays, what is new is added."""
    return "".join(f"{iri}\n" for iri in sorted(listed() | described()))


def paths() -> Iterator[str]:
    yield from _FILES
    for folder in _FOLDERS:
        yield from assets.names(folder, ".ttl")


def _subjects(turtle: str) -> Iterator[str]:
    for quad in parse(turtle, format=RdfFormat.TURTLE):
        if isinstance(quad.subject, NamedNode):
            yield quad.subject.value
