"""Versions that tell by themselves whether they are whole, and what stands beside them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def quad(subject: str, value: int, graph: str | None = None) -> Quad:
    node = NamedNode(f"http://example.org/{subject}")
    name = NamedNode(f"http://example.org/{graph}") if graph else DefaultGraph()
    return Quad(node, NamedNode("http://example.org/p"), Literal(str(value)), name)


def change(number: int) -> ChangeSet:
    """Version n holds ``item 1..n`` in two graphs and the one marker n."""
    add = [quad("item", number), quad("item", number, "g"), quad("marker", number)]
    return ChangeSet(f"commit {number}", add, [quad("marker", number - 1)])


def expected(version: int) -> set[Quad]:
    items = {quad("item", n, graph) for n in range(1, version + 1) for graph in (None, "g")}
    return items | {quad("marker", version)}


def quads_of(path: Path) -> set[Quad]:
    """Every quad of the current version."""
    store = EmbeddedStore.open(path)
    try:
        return set(store.reader().quads())
    finally:
        store.close()


def files_beside(path: Path) -> dict[str, str]:
    """Digests of what stands beside the quads, but the log and the note of the last backup."""
    found = {}
    for part in ("releases", "desk", "operations"):
        for file in sorted((path / part).rglob("*")):
            name = file.relative_to(path).as_posix()
            hidden = any(step.startswith(".") for step in file.relative_to(path).parts)
            if file.is_file() and not hidden and not name.endswith(("LOCK", "backups.json", "audit.log", "audit.head")):
                found[name] = sha256(file.read_bytes()).hexdigest()
    return found


def rot(file: Path, offset: int = 10) -> None:
    """Turn one bit in place: every name of the file has the damage, and its size and times stay."""
    facts = file.stat()
    with file.open("r+b") as stream:
        stream.seek(offset)
        byte = stream.read(1)[0]
        stream.seek(offset)
        stream.write(bytes([byte ^ 0x10]))
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
