"""What is to be judged, as it travels to the process that judges it: a line of JSON, then the bytes of the parts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import pyoxigraph
from pyoxigraph import BlankNode, RdfFormat, Triple

from iesi_kg.errors import UnreadableFile


@dataclass(frozen=True, slots=True)
class Part:
    """One file of data, shapes or lists: its name, its bytes, how they are written (a media type) and their base."""

    name: str
    content: bytes
    media_type: str = "application/n-triples"
    base: str | None = None

    @property
    def format(self) -> RdfFormat:
        """How the bytes are written."""
        found = RdfFormat.from_media_type(self.media_type)
        assert found is not None, self.media_type
        return found

    def triples(self, mark: str = "") -> Iterator[Triple]:
        """Its triples; ``mark`` stands before each label of a blank node. Raises UnreadableFile."""
        try:
            for quad in pyoxigraph.parse(self.content, self.format, base_iri=self.base):
                yield _marked(quad.triple, mark) if mark else quad.triple
        except SyntaxError as error:
            place = f", line {error.lineno}" if error.lineno else ""
            raise UnreadableFile(
                f"{self.name}{place}: not well-formed {self.format.name}: {error.msg}",
                hint="mend the syntax at this place; nothing else of the file was looked at",
                line=error.lineno,
            ) from None


@dataclass(frozen=True, slots=True)
class Task:
    """The data, the shapes, the lists of codes beside the data, and the engine that was asked for, if any."""

    data: tuple[Part, ...]
    shapes: tuple[Part, ...]
    pack: tuple[Part, ...] = ()
    engine: str | None = None

    def parts(self) -> tuple[Part, ...]:
        """Every part in the order in which its bytes travel."""
        return (*self.shapes, *self.pack, *self.data)

    def header(self) -> bytes:
        """The line before the bytes."""
        counts = [len(self.shapes), len(self.pack), len(self.data)]
        parts = [[part.name, len(part.content), part.media_type, part.base] for part in self.parts()]
        return json.dumps({"engine": self.engine, "counts": counts, "parts": parts}).encode() + b"\n"

    @classmethod
    def read(cls, stream: IO[bytes]) -> Task:
        """The task that was sent down a stream."""
        facts = json.loads(stream.readline())
        parts = [Part(name, stream.read(size), kind, base) for name, size, kind, base in facts["parts"]]
        shapes, pack, _ = facts["counts"]
        return cls(
            tuple(parts[shapes + pack :]), tuple(parts[:shapes]), tuple(parts[shapes : shapes + pack]), facts["engine"]
        )


def triples(parts: tuple[Part, ...]) -> Iterator[Triple]:
    """The triples of several parts; equal labels of blank nodes in two parts stay two nodes (RDF 1.1 section 4.1)."""
    for number, part in enumerate(parts):
        yield from part.triples(f"f{number}-" if len(parts) > 1 else "")


def n_triples(parts: tuple[Part, ...]) -> bytes:
    """The same as N-Triples; what is N-Triples already and has no blank node to keep apart goes as it is."""
    as_it_is = all(part.media_type == "application/n-triples" for part in parts)
    if as_it_is and (len(parts) == 1 or not any(b"_:" in part.content for part in parts)):
        return parts[0].content if len(parts) == 1 else b"\n".join(part.content for part in parts)
    return pyoxigraph.serialize(triples(parts), format=RdfFormat.N_TRIPLES) or b""


def _marked(triple: Triple, mark: str) -> Triple:
    subject, value = triple.subject, triple.object
    if isinstance(subject, BlankNode):
        subject = BlankNode(mark + subject.value)
    if isinstance(value, BlankNode):
        value = BlankNode(mark + value.value)
    return Triple(subject, triple.predicate, value)
