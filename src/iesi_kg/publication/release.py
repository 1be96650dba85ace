"""What is published now to a named release: files with hashes that need no engine to be read, made whole or not at all.

A release is built from its N-Quads alone, so that it can be built again from fewer of them (erasure).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyoxigraph import Quad

from iesi_kg import __version__, assets
from iesi_kg.errors import UsageError
from iesi_kg.publication import release_content, release_metadata
from iesi_kg.publication.release_changes import changes, moved
from iesi_kg.publication.release_shelf import (
    ANSWERS,
    CHANGES,
    MANIFEST,
    QUADS,
    Release,
    Shelf,
    checked_name,
    digest,
    order,
)
from iesi_kg.store.base import Reader, Store
from iesi_kg.store.copied import refuse_on_copy
from iesi_kg.store.durable import store_error, sync_directory
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.frozen import freeze
from iesi_kg.store.versions import Layout
from iesi_kg.vocabulary import iris

_FOLDER = "queries/releases"
_TITLES = {
    QUADS: ("application/n-quads", "Everything, as canonical N-Quads"),
    "data.ttl": ("text/turtle", "The published merge, as Turtle"),
    ANSWERS: ("application/json", "Answers of the example queries"),
    CHANGES: ("application/json", "Changes since the release before, for machines"),
    "changes.md": ("text/markdown", "Changes since the release before, in words"),
}


def make(store: Store, shelf: Shelf, name: str, *, at: datetime) -> Release:
    """Release what is published now. Raises UsageError for a name that is taken or out of order, and StoreError."""
    checked_name(name)
    with shelf.locked():
        _refuse_taken(shelf, name)
        reader = store.reader()
        if next(iter(reader.quads()), None) is None:
            raise UsageError("the store is empty: there is nothing to release", hint="`iesi-kg submit` publishes data")
        facts = {"release": name, "issued": _written(at), "store_version": reader.version, "redactions": []}
        return build(shelf, facts, release_content.published(reader), shelf.latest())


def build(shelf: Shelf, facts: Mapping[str, Any], quads: Iterable[Quad], before: Release | None) -> Release:
    """Make the files of a release of these quads and put it on the shelf, whose lock is held. Raises StoreError."""
    name = facts["release"]
    refuse_on_copy(Layout(shelf.folder.parent))
    try:
        draft = shelf.draft(name)
        try:
            _write(draft, facts, quads, before, shelf)
            _make_durable(draft)
            shelf.place(name)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    except OSError as error:
        raise store_error(error, shelf.folder) from error
    return shelf.get(name)


def _refuse_taken(shelf: Shelf, name: str) -> None:
    names = shelf.names()
    if name in names:
        raise UsageError(
            f"release {name} is there already, and a release never changes",
            hint=f"choose the next name; the newest is {names[-1]}",
            release=name,
        )
    if names and order(name) < order(names[-1]):
        raise UsageError(f"{name} would stand before {names[-1]}, which is released", hint="choose a later name")


def _write(draft: Path, facts: Mapping[str, Any], quads: Iterable[Quad], before: Release | None, shelf: Shelf) -> None:
    count = release_content.write_quads(quads, draft / QUADS)
    release_content.write_turtle(draft / QUADS, draft / "data.ttl")
    merged, graphs = release_content.sizes(draft / QUADS)
    titles = dict(_TITLES)
    with frozen(draft / QUADS, draft / ".store", int(facts["store_version"])) as reader:
        for file, title, table in release_content.tables(reader):
            titles[file] = ("text/csv", title)
            (draft / file).write_bytes(table)
        answers = release_content.answers(reader)
        manifest: dict[str, Any] = {
            **facts,
            "title": "",
            "software": f"iesi-kg {__version__}",
            "ontology": _ontology(reader),
            **_notices(reader),
            "predecessor": before.name if before else None,
            "quads": count,
            "triples": merged,
            "graphs": graphs,
            "counts": release_content.counts(reader),
            "examples": {
                slug: {"title": answer["title"], "rows": len(_rows(answer)), "sha256": answer["sha256"]}
                for slug, answer in answers.items()
            },
        }
        manifest["title"] = release_metadata.title(manifest)
        (draft / ANSWERS).write_bytes(_json(answers))
        listed = _changes(draft / QUADS, reader, answers, before, shelf)
    kinds = [entry["change"] for entry in listed["things"]]
    manifest["changes"] = {kind: kinds.count(kind) for kind in ("added", "changed", "removed")}
    manifest["changes"]["examples"] = len(listed["examples"])
    (draft / CHANGES).write_bytes(_json(listed))
    (draft / "changes.md").write_bytes(release_metadata.in_words(manifest, listed))
    manifest["files"] = list(_files(draft, titles))
    described = {
        "dcat.ttl": ("text/turtle", "Description for catalogues (DCAT-AP)", release_metadata.dcat),
        "ro-crate-metadata.json": ("application/ld+json", "Description for repositories", release_metadata.ro_crate),
        "datacite.json": ("application/json", "Description for a DOI (DataCite)", release_metadata.datacite),
    }
    for file, (media, title, write) in described.items():
        (draft / file).write_bytes(write(manifest))
        titles[file] = (media, title)
    manifest["files"] = list(_files(draft, titles))
    (draft / MANIFEST).write_bytes(_json(manifest))


@contextmanager
def frozen(quads: Path, folder: Path, number: int) -> Iterator[Reader]:
    """A reader of canonical N-Quads, from a store that is made for this and goes with it."""
    shutil.rmtree(folder, ignore_errors=True)
    freeze(quads, folder, number)
    store = EmbeddedStore(folder)
    try:
        yield store.reader()
    finally:
        store.close()
        shutil.rmtree(folder, ignore_errors=True)


def _changes(
    quads: Path, reader: Reader, answers: Mapping[str, Any], before: Release | None, shelf: Shelf
) -> dict[str, Any]:
    if before is None:
        return {"since": None, "things": [], "examples": []}
    before.check((QUADS, ANSWERS))
    with frozen(before.quads, quads.parent / ".before", int(before.manifest["store_version"])) as earlier:
        things = changes(before.quads, quads, earlier, reader, (iris.dataset().value,))
    return {"since": before.name, "things": things, "examples": moved(before.document(ANSWERS), answers)}


def _files(draft: Path, titles: Mapping[str, tuple[str, str]]) -> Iterator[dict[str, Any]]:
    for name, (media, title) in titles.items():
        path = draft / name
        size = path.stat().st_size
        yield {"name": name, "title": title, "media_type": media, "bytes": size, "sha256": digest(path)}


def _notices(reader: Reader) -> dict[str, list[str]]:
    """Licences, publishers, attributions and sources of what the release holds."""
    found: dict[str, dict[str, None]] = {"licence": {}, "publisher": {}, "attribution": {}, "source": {}}
    for row in reader.select(assets.text(f"{_FOLDER}/notices.rq")):
        for key, kept in found.items():
            if key in row:
                kept[str(getattr(row[key], "value", ""))] = None
    names = {"licences": "licence", "publishers": "publisher", "attributions": "attribution", "derived_from": "source"}
    return {name: list(found[key]) for name, key in names.items()}


def _ontology(reader: Reader) -> str | None:
    rows = reader.select(assets.text(f"{_FOLDER}/ontology.rq"))
    return str(getattr(rows[0]["version"], "value", "")) if rows else None


def _rows(answer: Mapping[str, object]) -> Sequence[object]:
    rows = answer["rows"]
    return rows if isinstance(rows, list) else []


def _make_durable(folder: Path) -> None:
    for path in folder.iterdir():
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    sync_directory(folder)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"
