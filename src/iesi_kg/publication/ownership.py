"""Published records to who handed them in, and what a submission says of those of others (PROV-O section 3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from pyoxigraph import Literal, NamedNode

from iesi_kg.publication import graphs, provenance
from iesi_kg.records import CellRef, Finding, Severity
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.namespaces import FOAF, PROV, SCHEMA
from iesi_kg.vocabulary.told import say

_GENERATED_BY = NamedNode(PROV + "wasGeneratedBy")
_ASSOCIATED = NamedNode(PROV + "wasAssociatedWith")
_NAME = NamedNode(FOAF + "name")
_SOFTWARE = NamedNode(SCHEMA + "softwareVersion")


def owner(reader: Reader, graph: NamedNode) -> str:
    """The name of who handed in what a graph holds; empty where nobody is told."""
    names: set[str] = set()
    for made in reader.quads(graph, _GENERATED_BY, graph=provenance.GRAPH):
        for agent in reader.quads(made.object, _ASSOCIATED, graph=provenance.GRAPH):  # type: ignore[arg-type]
            if next(iter(reader.quads(agent.object, _SOFTWARE, graph=provenance.GRAPH)), None) is None:  # type: ignore[arg-type]
                told = reader.quads(agent.object, _NAME, graph=provenance.GRAPH)  # type: ignore[arg-type]
                names.update(quad.object.value for quad in told if isinstance(quad.object, Literal))
    return ", ".join(sorted(names))


def replaced(reader: Reader, subjects: Mapping[NamedNode, CellRef]) -> list[Finding]:
    """One finding for each submitter whose published records a submission would put others in place of."""
    owners: dict[NamedNode, str] = {}
    theirs: list[tuple[str, NamedNode, CellRef]] = []
    for subject, ref in subjects.items():
        for graph in graphs.sources(reader, [subject]):
            if graph not in owners:
                owners[graph] = owner(reader, graph)
            theirs.append((owners[graph], subject, ref))
    theirs.sort(key=lambda found: found[0])
    return [_finding(name, list(found)) for name, found in groupby(theirs, key=lambda found: found[0])]


def _finding(name: str, found: list[tuple[str, NamedNode, CellRef]]) -> Finding:
    _, subject, ref = found[0]
    told = say(
        "replaces-record.one" if len(found) == 1 else "replaces-record.many",
        n=f"{len(found):,}",
        name=name or say("word.somebody"),
    )
    return Finding(
        Severity.INFO,
        "replaces-record",
        told,
        sheet=ref.sheet,
        row=ref.row,
        column=ref.column,
        value=_listed([subject.value.rsplit("/", 1)[1] for _, subject, _ in found]),
        suggestion=say("replaces-record.remedy"),
        focus_node=subject.value,
        file=ref.file,
    )


def _listed(names: Iterable[str], most: int = 5) -> str:
    """The first of some names.

    >>> _listed("abcdefg")
    'a, b, c, d, e, ...'
    """
    told = list(names)
    return ", ".join([*told[:most], "..."] if len(told) > most else told)
