"""Releases, accepted submissions and moved answers to Atom feeds (RFC 4287)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from iesi_kg import assets
from iesi_kg.analysis.examples import asked
from iesi_kg.errors import NotFound
from iesi_kg.publication.release_shelf import CHANGES, Release, Shelf
from iesi_kg.store.base import Reader
from iesi_kg.validation.workbook import NO_XML
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import BASE

_BEGINNING = "1970-01-01T00:00:00Z"
_AUTHOR = "iesi-kg"
_MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One event: an address that is its name for good, what happened when, and a path to look at it."""

    id: str
    title: str
    updated: str
    path: str
    text: str


def atom(name: str, title: str, entries: Iterable[Entry], service: str) -> bytes:
    """A feed of entries, newest first; ``service`` is where its paths lead."""
    listed = list(entries)
    updated = listed[0].updated if listed else _BEGINNING
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">',
        f"<id>{_text(BASE)}feeds/{_text(name)}</id>",
        f"<title>{_text(title)}</title>",
        f"<updated>{_text(updated)}</updated>",
        f"<author><name>{_AUTHOR}</name></author>",
        f'<link rel="self" type="application/atom+xml" href="{_text(service)}/feeds/{_text(name)}.atom"/>',
    ]
    for entry in listed:
        lines += [
            "<entry>",
            f"<id>{_text(entry.id)}</id>",
            f"<title>{_text(entry.title)}</title>",
            f"<updated>{_text(entry.updated)}</updated>",
            f'<link rel="alternate" href="{_text(service + entry.path)}"/>',
            f'<content type="text">{_text(entry.text)}</content>',
            "</entry>",
        ]
    return "\n".join([*lines, "</feed>", ""]).encode("utf-8")


def releases(shelf: Shelf) -> Iterator[Entry]:
    """An entry for each release, and one for each erasure in it."""
    entries = [entry for release in shelf.looked_through()[0] for entry in _release(release)]
    yield from sorted(entries, key=lambda entry: (entry.updated, entry.id), reverse=True)


def _release(release: Release) -> Iterator[Entry]:
    facts, path, name = release.manifest, f"/releases/{release.name}", release.name
    changes = facts["changes"]
    said = f"{facts['quads']:,} statements"
    if facts["predecessor"]:
        said += (
            f"; since {facts['predecessor']}: {changes['added']} added, {changes['changed']} changed, "
            f"{changes['removed']} removed, {changes['examples']} answers of examples moved"
        )
    yield Entry(iris.release(name).value, f"Release {name}", release.issued, path, said)
    for number, item in enumerate(release.redactions, start=1):
        node = f"{iris.release(name).value}#redaction-{number}"
        yield Entry(node, f"Release {name} was redacted", item["at"], path, str(item["reason"]))


def submissions(reader: Reader) -> Iterator[Entry]:
    """An entry for each of the newest accepted submissions."""
    for row in reader.select(assets.text("queries/releases/submissions.rq")):
        told = {name: str(getattr(term, "value", "")) for name, term in row.items()}
        path = iris.local_path(told["activity"]) or "/"
        at = datetime.fromisoformat(told["at"]).astimezone(UTC).isoformat(timespec="seconds")
        count = "1 record" if told["records"] == "1" else f"{told['records']} records"
        yield Entry(told["activity"], f"{told['title']}: {count}", at.replace("+00:00", "Z"), path, told["graph"])


def example(shelf: Shelf, slug: str) -> tuple[str, list[Entry]]:
    """Title and entries for one example query: the rows that came and went with each release. Raises NotFound."""
    title = next((one.title for one in asked() if one.slug == slug), None)
    if title is None:
        raise NotFound(f"there is no example query {slug[:80]!r}", hint="/sparql lists them")
    return title, [entry for release in reversed(shelf.all()) for entry in _moved(release, slug)]


def _moved(release: Release, slug: str) -> Iterator[Entry]:
    changes = release.document(CHANGES)
    node, path = f"{iris.release(release.name).value}#{slug}", f"/sparql?example={slug}"
    if changes["since"] is None and slug in release.manifest["examples"]:
        rows = release.manifest["examples"][slug]["rows"]
        yield Entry(node, f"Release {release.name}: {rows} rows", release.issued, path, "the first release")
    for entry in changes["examples"]:
        if entry["example"] == slug:
            added, removed = len(entry["added"]), len(entry["removed"])
            title = f"Release {release.name}: {added} rows added, {removed} removed"
            signed = [f"+ {row}" for row in entry["added"]] + [f"- {row}" for row in entry["removed"]]
            more = [f"... and {len(signed) - _MOST_ROWS} more"] if len(signed) > _MOST_ROWS else []
            yield Entry(node, title, release.issued, path, "\n".join([entry["head"], *signed[:_MOST_ROWS], *more]))


def _text(text: str) -> str:
    """Text for XML 1.0; in place of what that has no place for stands the replacement character."""
    return escape(NO_XML.sub("\ufffd", text), quote=True)
