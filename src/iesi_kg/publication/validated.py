"""Files of data and of shapes, in any syntax of RDF, to the outcome of a SHACL validation (https://www.w3.org/TR/shacl/)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import pyoxigraph
from pyoxigraph import RdfFormat, Triple

from iesi_kg import assets
from iesi_kg.errors import UnreadableFile
from iesi_kg.ingest import kinds, rdf
from iesi_kg.ingest.kinds import Kind
from iesi_kg.records import SourceFile
from iesi_kg.settings import Settings
from iesi_kg.validation import confined
from iesi_kg.validation.outcome import ShaclReport
from iesi_kg.validation.task import Part, Task

Source: TypeAlias = Path | str | SourceFile | Iterable[Triple]
PACKS = "ontology/packs"
OWN_PACK = "eu"
_N_TRIPLES = "application/n-triples"
# What the process that judges may parse itself: no entities, no contexts, and its own death is survived.
_AS_IT_IS = {
    Kind.NTRIPLES: _N_TRIPLES,
    Kind.TURTLE: "text/turtle",
    Kind.NQUADS: "application/n-quads",
    Kind.TRIG: "application/trig",
}


def validate(  # noqa: PLR0913  (two graphs, and keywords that few need)
    data: Source | Sequence[Source],
    shapes: Source | Sequence[Source],
    *,
    engine: str | None = None,
    packs: Sequence[str | Path] = (OWN_PACK,),
    seconds: float | None = None,
    memory: int | None = None,
) -> ShaclReport:
    """The outcome of validating data against shapes: files (by path or as SourceFile), or triples of pyoxigraph.

    ``engine`` is ``pyshacl`` or ``shifty``; by default what the shapes use decides. ``packs`` are lists of codes that
    need no type in the data: the name of one of ours or a file; ``()`` for none.

    Raises IllFormedShapes, UnreadableFile, UsageError, and ValidationStopped at the limit of ``seconds`` or of
    ``memory`` in bytes.
    """
    usual = Settings()
    asked = Task(_parts(data), _parts(shapes), tuple(part for name in packs for part in pack(name)), engine)
    return confined.judge(asked, seconds=seconds or usual.validate_seconds, memory=memory or usual.validate_memory)


def pack(name: str | Path) -> Iterator[Part]:
    """The files of a pack: one of ours by its name, or the file of a path. Raises UnreadableFile."""
    if str(name).isalnum() and (assets.root() / PACKS / name).is_dir():
        files = assets.names(f"{PACKS}/{name}", ".ttl")
        yield from (Part(path, assets.content(path), "text/turtle") for path in files)
    else:
        yield _part(_file(Path(name)))


def _parts(given: Source | Sequence[Source]) -> tuple[Part, ...]:
    """The files given, alone or as a list of them; triples alone are one part."""
    if isinstance(given, Path | str | SourceFile):
        return (_part(_file(given)),)
    items = list(given)
    if all(isinstance(item, Triple) for item in items):
        return (_stated(items),) if items else (Part("no statements", b""),)  # type: ignore[arg-type]
    return tuple(_part(_file(item)) if isinstance(item, Path | str | SourceFile) else _stated(item) for item in items)


def _stated(triples: Iterable[Triple]) -> Part:
    return Part("the statements", pyoxigraph.serialize(triples, format=RdfFormat.N_TRIPLES) or b"")


def _file(given: Path | str | SourceFile) -> tuple[SourceFile, str]:
    """A file and the base of the relative IRIs in it (RFC 3986 section 5.1.3). Raises UnreadableFile."""
    if isinstance(given, SourceFile):
        return given, f"file:///{given.name.replace(' ', '-')}"
    path = Path(given)
    try:
        return SourceFile(str(path), path.read_bytes()), path.resolve().as_uri()
    except FileNotFoundError:
        raise UnreadableFile(f"there is no file {path}", hint="check the name and the folder") from None
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be opened: {error.strerror}") from None


def _part(file: tuple[SourceFile, str]) -> Part:
    source, base = file
    if not source.content.strip():
        return Part(source.name, b"")  # an empty graph is a graph
    kind = kinds.detect(source)
    if kind.tabular:
        raise UnreadableFile(
            f"{source.name} is {kind.value}, not RDF", hint="`iesi-kg check` reads tables; this validates RDF"
        )
    if kind in _AS_IT_IS and kinds.encoded(source.content) == kinds.Encoding(0, "utf-8"):
        return Part(source.name, source.content, _AS_IT_IS[kind], base)
    content = pyoxigraph.serialize(rdf.read(source, kind, base), format=RdfFormat.N_TRIPLES) or b""
    return Part(source.name, content)
