"""Turns what a store offers to those who copy it into a JSON document and back: one version in blocks, and releases."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

from pyoxigraph import NamedNode

from iesi_kg.errors import MirrorError
from iesi_kg.store.blocks import LARGEST, NAME, Block

Document: TypeAlias = bytes

FORMAT = 1
LARGEST_MANIFEST = 200_000_000
_RELEASE = re.compile(r"[0-9]{4}(?:\.[0-9]{1,6}){1,2}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a release."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Edition:
    """A release: its name and its files, the manifest of its own among them."""

    release: str
    files: tuple[File, ...]

    @property
    def sha256(self) -> str:
        """What tells apart a release before and after an erasure: the hash of its own manifest, else nothing."""
        return next((file.sha256 for file in self.files if file.name == "manifest.json"), "")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One version of a store, and its releases.

    ``store`` names the store for good; ``forgotten`` is the last version that had statements leave every file;
    ``graphs`` are those without a statement; ``sha256`` and ``bytes`` are those of all blocks in a row. ``path`` are
    the copies that it came by.
    """

    format: int
    software: str
    store: str
    version: int
    created: str
    quads: int
    bytes: int
    sha256: str
    forgotten: int
    graphs: tuple[str, ...]
    blocks: tuple[Block, ...]
    releases: tuple[Edition, ...] = ()
    path: tuple[str, ...] = ()

    def offered(self, releases: Sequence[Edition], path: Sequence[str] = ()) -> Manifest:
        """The same with the releases of now, and with the copies that it came by."""
        return replace(self, releases=tuple(releases), path=tuple(path))

    def written(self) -> Document:
        """The document."""
        facts = {field.name: getattr(self, field.name) for field in fields(self)}
        return json.dumps(facts, default=_plain, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _plain(part: Block | Edition | File) -> dict[str, object]:
    return {field.name: getattr(part, field.name) for field in fields(part)}


def read(document: bytes, place: str) -> Manifest:
    """The manifest in a document; ``place`` is where it came from. Raises MirrorError."""
    try:
        found = json.loads(document)
        if not isinstance(found, dict) or not isinstance(found.get("format"), int):
            raise TypeError("it names no format")
        if found["format"] != FORMAT:
            raise _other_format(found, place)
        manifest = _manifest(found)
        _check(manifest)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MirrorError(
            f"what {place} answers is no manifest of a store: {str(error)[:200]}",
            hint="give the address of the pages of an iesi-kg service, as in http://host:8080",
        ) from None
    return manifest


def _manifest(found: Mapping[str, Any]) -> Manifest:
    return Manifest(
        format=found["format"],
        software=_text(found["software"]),
        store=_text(found["store"]),
        version=_number(found["version"]),
        created=_text(found["created"]),
        quads=_number(found["quads"]),
        bytes=_number(found["bytes"]),
        sha256=_hash(found["sha256"]),
        forgotten=_number(found["forgotten"]),
        graphs=tuple(NamedNode(_text(graph)).value for graph in found["graphs"]),
        blocks=tuple(Block(_hash(b["sha256"]), _number(b["bytes"]), _number(b["quads"])) for b in found["blocks"]),
        releases=tuple(map(_edition, found["releases"])),
        path=tuple(map(_text, found["path"])),
    )


def _edition(found: Mapping[str, Any]) -> Edition:
    files = (File(_named(_FILE, f["name"]), _number(f["bytes"]), _hash(f["sha256"])) for f in found["files"])
    edition = Edition(_named(_RELEASE, found["release"]), tuple(files))
    if not edition.sha256 or len({file.name for file in edition.files}) != len(edition.files):
        raise ValueError(f"release {edition.release} has no manifest, or a file twice")
    return edition


def _check(manifest: Manifest) -> None:
    """What the parts say together must be what the whole says."""
    if not manifest.store or manifest.forgotten > manifest.version:
        raise ValueError("it contradicts itself")
    sums = [sum(block.bytes for block in manifest.blocks), sum(block.quads for block in manifest.blocks)]
    if sums != [manifest.bytes, manifest.quads]:
        raise ValueError("its blocks are not as large as it says")
    if any(block.bytes > LARGEST for block in manifest.blocks):
        raise ValueError(f"one of its blocks is larger than {LARGEST:,} bytes")


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError(f"{str(found)[:40]!r} stands where a text does")
    return found


def _number(found: object) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise TypeError(f"{str(found)[:40]!r} stands where a number does")
    return found


def _hash(found: object) -> str:
    return _named(NAME, found)


def _named(pattern: re.Pattern[str], found: object) -> str:
    if not pattern.fullmatch(_text(found)):
        raise ValueError(f"{str(found)[:80]!r} is no name for it")
    return str(found)


def _other_format(found: Mapping[str, Any], place: str) -> MirrorError:
    return MirrorError(
        f"{place} speaks format {found['format']} of the manifest, this software speaks {FORMAT}",
        hint=f"the primary runs iesi-kg {str(found.get('software', '?'))[:40]}: install the same version here",
    )
