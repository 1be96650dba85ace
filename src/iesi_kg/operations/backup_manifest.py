"""The manifest of a backup: each file with its SHA-256, what it was made of and when, and the SHA-256 of all this."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from iesi_kg.errors import BackupUnusable
from iesi_kg.operations.parts import OTHER, PARTS, part_of

NAME = "manifest.json"
FORMAT = 1
CHECKPOINT, QUADS = "checkpoint", "quads"
_KINDS = (CHECKPOINT, QUADS)


@dataclass(frozen=True, slots=True)
class Item:
    """One file: its path in the store, its size, its digest, and whether others than its owner may read it."""

    path: str
    bytes: int
    sha256: str
    mode: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What a backup was made of: the version of the checkpoint, the last one in the journal, and how much of all."""

    kind: str
    made: datetime
    version: int
    last: int
    published: datetime
    triples: int
    counts: Mapping[str, int]
    releases: Sequence[str]
    audit_head: str
    software: str
    engine: str
    store_format: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    origin: Origin
    items: tuple[Item, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(item.bytes for item in self.items)

    def parts(self) -> list[dict[str, object]]:
        """Each part that is there, how much of it, and what it says of persons."""
        told: list[dict[str, object]] = []
        for part in (*PARTS, OTHER):
            items = [item for item in self.items if part_of(item.path) is part]
            if items:
                size = sum(item.bytes for item in items)
                facts = {"name": part.name, "what": part.what, "personal_data": part.personal}
                told.append({**facts, "files": len(items), "bytes": size})
        return told

    def encode(self) -> bytes:
        """The file."""
        origin = self.origin
        times = {"made": origin.made.isoformat(), "published": origin.published.isoformat()}
        facts = {"backup": FORMAT, **asdict(origin), **times, "parts": self.parts()}
        facts["files"] = [asdict(item) for item in self.items]
        return _text({**facts, "sha256": sha256(_text(facts)).hexdigest()})


def decode(content: bytes, place: str) -> Manifest:
    """The manifest in a file. Raises BackupUnusable."""
    try:
        facts: dict[str, Any] = json.loads(content)
        number, stated = int(facts["backup"]), str(facts.pop("sha256"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise damaged(place, f"{NAME} cannot be read") from None
    if number > FORMAT:
        raise BackupUnusable(
            f"{place} is a backup of format {number}, made by iesi-kg {facts.get('software')}; this one knows {FORMAT}",
            hint="restore it with that version of iesi-kg, or with a newer one",
        )
    if sha256(_text(facts)).hexdigest() != stated:
        raise damaged(place, f"{NAME} is not what was written")
    origin = {name: facts[name] for name in Origin.__dataclass_fields__}
    times = {name: datetime.fromisoformat(origin[name]) for name in ("made", "published")}
    items = tuple(Item(**{name: each[name] for name in Item.__dataclass_fields__}) for each in facts["files"])
    found = Manifest(Origin(**{**origin, **times}), items)
    strange = [item.path for item in items if not _stays_inside(item.path)]
    if found.origin.kind not in _KINDS or strange:
        raise BackupUnusable(f"{place} is no backup that is known here: {(strange or [found.origin.kind])[0]}")
    return found


def damaged(place: str, why: str) -> BackupUnusable:
    """What to say of a backup that is not what was written."""
    return BackupUnusable(f"{place} is damaged: {why}", hint="nothing was changed; use another backup")


def _stays_inside(path: str) -> bool:
    """Whether a path leads nowhere but down, whoever wrote the manifest.

    >>> _stays_inside("desk/KEY"), _stays_inside("../x"), _stays_inside("/x"), _stays_inside("")
    (True, False, False, False)
    """
    pure = PurePosixPath(path)
    return bool(pure.parts) and not pure.is_absolute() and ".." not in pure.parts


def _text(facts: Mapping[str, object]) -> bytes:
    return json.dumps(facts, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"
