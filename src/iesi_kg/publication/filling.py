"""Published records to the cells of a sheet that can be edited and sent back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import NamedNode

from iesi_kg import assets
from iesi_kg.errors import NotFound, UsageError
from iesi_kg.ingest.cells import CellReader, Cells
from iesi_kg.ingest.template import Template
from iesi_kg.publication import graphs, redirects
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary import curies, iris
from iesi_kg.vocabulary.codelists import CodeLists, normalise
from iesi_kg.vocabulary.spelling import nearest


@dataclass(frozen=True, slots=True)
class Filled:
    """The cells of some records in one version of the data."""

    version: int
    records: Mapping[NamedNode, Cells]


def filled(reader: Reader, names: Sequence[str]) -> Filled:
    """The records of these identifiers or IRIs, as they are published now. Raises NotFound, naming the nearest."""
    if not names:
        raise UsageError("no record is named", hint="give one identifier or more")
    cells = CellReader(Template.bundled(), CodeLists.load())
    found = dict.fromkeys(record(reader, name) for name in names)
    return Filled(reader.version, {subject: cells.cells(subject, graphs.stated(reader, subject)) for subject in found})


def record(reader: Reader, name: str) -> NamedNode:
    """The published record of an identifier, an IRI or a path. Raises NotFound, naming the nearest."""
    thing = named(name, iris.initiative)
    subject = redirects.target(reader, thing)
    known = {row["record"]: row["name"] for row in reader.select(assets.text("queries/sheets/records.rq"))}
    if subject in known:
        return subject
    slugs = {
        str(getattr(node, "value", "")).rsplit("/", 1)[1]: str(getattr(known[node], "value", "")) for node in known
    }
    texts = {normalise(called): slug for slug, called in slugs.items()} | {normalise(slug): slug for slug in slugs}
    best = nearest(normalise(name.rsplit("/", 1)[-1]), texts, likeness=60)
    hint = f"did you mean {texts[best]}?" if best else "the page /initiatives of the service lists all of them"
    raise NotFound(f"there is no published record {name!r}", hint=hint, **({"nearest": texts[best]} if best else {}))


def named(name: str, mint: Callable[[str], NamedNode]) -> NamedNode:
    """The thing of an IRI, of a path such as /id/initiative/x, or of the last part of one."""
    if name.startswith("/"):
        return iris.from_path(name)
    return curies.expand(name) if ":" in name else mint(name)
