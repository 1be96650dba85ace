"""Files and folders to the RDF files to load, each with its syntax and what it is known by: the SHA-256 of its bytes.

A file's syntax is told by the ending of its name, else by its first bytes; whether it is packed by gzip (RFC 1952), by
its bytes alone.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

from pyoxigraph import RdfFormat

from iesi_kg.errors import UnreadableFile

SYNTAXES = {
    ".nt": RdfFormat.N_TRIPLES,
    ".nq": RdfFormat.N_QUADS,
    ".ttl": RdfFormat.TURTLE,
    ".trig": RdfFormat.TRIG,
    ".rdf": RdfFormat.RDF_XML,
    ".owl": RdfFormat.RDF_XML,
    ".xml": RdfFormat.RDF_XML,
    ".jsonld": RdfFormat.JSON_LD,
    ".json": RdfFormat.JSON_LD,
}
_NAMED_ALIKE = (".xml", ".json")  # in a folder these may be anything
_GZIP = b"\x1f\x8b"
_HEAD = 65_536
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """One file to load; ``stamp`` changes when somebody writes to it."""

    path: Path
    name: str
    syntax: RdfFormat
    zipped: bool
    bytes: int
    sha256: str
    stamp: tuple[int, int, int]

    @property
    def by_lines(self) -> bool:
        """Whether each statement has a line of its own, so that the file can be read from any line on."""
        return self.syntax in (RdfFormat.N_TRIPLES, RdfFormat.N_QUADS)

    def opened(self) -> tuple[BinaryIO, BinaryIO]:
        """The text, and the file below it, whose position tells how far it was read. Raises UnreadableFile."""
        if stamp(self.path, self.name) != self.stamp:
            raise UnreadableFile(f"{self.name} was changed while it was loaded", hint="load it when nobody writes it")
        raw = _open(self.path, self.name)
        return (cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if self.zipped else raw), raw


def found(names: Sequence[Path]) -> list[tuple[Path, str]]:
    """The files that are named, and all RDF files of a folder, by name. Raises UnreadableFile."""
    files: dict[Path, str] = {}
    for path in names:
        if not path.exists():
            raise UnreadableFile(f"there is no file {path}", hint="check the name and the folder")
        if not path.is_dir():
            files.setdefault(path.absolute(), path.name)
            continue
        inside = sorted(item for item in path.rglob("*") if item.is_file() and _ending(item.name) in SYNTAXES)
        shown = [item for item in inside if not any(step.startswith(".") for step in item.relative_to(path).parts)]
        if not shown:
            endings = " ".join(SYNTAXES)
            raise UnreadableFile(
                f"{path} is a folder without an RDF file in it", hint=f"known: {endings}, each also .gz"
            )
        files.update((item.absolute(), item.relative_to(path).as_posix()) for item in shown)
    return list(files.items())


def look_at(path: Path, name: str, tell: Callable[[int], None]) -> Source:
    """Read a file once for its SHA-256; ``tell`` is given the bytes read so far. Raises UnreadableFile."""
    before = stamp(path, name)
    digest, done = sha256(), 0
    with _open(path, name) as file:
        head = file.read(len(_GZIP))
        file.seek(0)
        while block := file.read(_BLOCK):
            digest.update(block)
            done += len(block)
            tell(done)
    zipped = head == _GZIP
    return Source(path, name, _syntax(path, name, zipped), zipped, done, digest.hexdigest(), before)


def stamp(path: Path, name: str) -> tuple[int, int, int]:
    """What changes with the content of a file. Raises UnreadableFile."""
    try:
        facts = path.stat()
    except OSError as error:
        raise _cannot(name, error) from None
    return (facts.st_ino, facts.st_size, facts.st_mtime_ns)


def _syntax(path: Path, name: str, zipped: bool) -> RdfFormat:
    known = SYNTAXES.get(_ending(name))
    return known if known is not None else _by_content(path, name, zipped)


def _ending(name: str) -> str:
    stem = name.lower().removesuffix(".gz")
    return os.path.splitext(stem)[1]  # noqa: PTH122  (a name, not a path)


def _by_content(path: Path, name: str, zipped: bool) -> RdfFormat:
    from iesi_kg.ingest.kinds import Kind, detect
    from iesi_kg.records import SourceFile

    with _open(path, name) as raw:
        try:
            head = (cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if zipped else raw).read(_HEAD)
        except (EOFError, OSError) as error:
            raise UnreadableFile(f"{name} cannot be unpacked: {error}", hint="fetch the file again") from None
    kinds = {
        Kind.NTRIPLES: RdfFormat.N_TRIPLES,
        Kind.NQUADS: RdfFormat.N_QUADS,
        Kind.TURTLE: RdfFormat.TURTLE,
        Kind.TRIG: RdfFormat.TRIG,
        Kind.RDFXML: RdfFormat.RDF_XML,
        Kind.JSONLD: RdfFormat.JSON_LD,
    }
    kind = detect(SourceFile(name, head))
    if kind not in kinds:
        told = f"a name that ends in one of {' '.join(SYNTAXES)} tells the syntax"
        hint = f"{told}; tables of records are for `iesi-kg submit`"
        raise UnreadableFile(f"{name} is a {kind.value}, which is no syntax of RDF", hint=hint)
    return kinds[kind]


def _open(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise _cannot(name, error) from None


def _cannot(name: str, error: OSError) -> UnreadableFile:
    return UnreadableFile(f"{name} cannot be opened: {error.strerror}", hint="check the name and the folder")
