"""One RDF file to N-Triples without blank nodes, in units that a backend takes whole (store.bulk).

Each blank node becomes an IRI below ``/.well-known/genid/`` (RDF 1.1 Concepts section 3.5), made of the file's SHA-256
and the node's label, so that the same file names it the same in every unit and after every crash.
"""

from __future__ import annotations

import os
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, BinaryIO, cast

from pyoxigraph import DefaultGraph, Quad, RdfFormat, parse, serialize

from iesi_kg.errors import UnreadableFile
from iesi_kg.operations.load_sources import Source
from iesi_kg.operations.load_xml import CheckedXml
from iesi_kg.store.bulk import Mark, marked
from iesi_kg.vocabulary import iris

_BLOCK = 1 << 20
_LONGEST_LINE = 64 << 20
_RUN = 16  # digits of the digest
_LABEL = rb"_:([0-9A-Za-z_:\x80-\xff](?:[0-9A-Za-z_:.\-\x80-\xff]*[0-9A-Za-z_:\-\x80-\xff])?)"
_STATEMENT = re.compile(
    rb"^([ \t]*+)(?:" + _LABEL + rb"|(<[^>\n]*+>))([ \t]*+<[^>\n]*+>[ \t]*+)(?:" + _LABEL + rb")?", re.M
)
_IDLE = re.compile(rb"^[ \t]*+(?:#[^\n]*+)?\r?$", re.M)

_REMEDIES = {
    "No scheme found": "its IRIs are relative: write @base or xml:base into the file",
    "LoadDocumentCallback": "its @context is an address, and none is opened: write the context into the file",
}


def genid(digest: str) -> str:
    """What the IRIs begin with that stand for the blank nodes of a file."""
    return iris.skolem(digest[:_RUN], "").value


class Text:
    """The N-Triples of one file, from a place on: read it unit by unit until ``ended``."""

    def __init__(self, source: Source, number: int, since: Mark | None, tell: Callable[[int, int], None]) -> None:
        self.source = source
        self.number = number  # of the file, in the order of loading
        self.lines = since["lines"] if since else 0
        self.statements = since["statements"] if since else 0
        self.renamed = bool(since and since["renamed"])
        self.ended = False
        self._tell = tell
        self._genid = genid(source.sha256).encode()
        self._failure: UnreadableFile | None = None
        self._stream: BinaryIO | None = None
        self._thread: threading.Thread | None = None
        text, self._raw = source.opened()
        self._read = (
            self._lines_from(text, since["bytes"] if since else 0) if source.by_lines else self._converted(text)
        )
        self._taken = since["bytes"] if since else 0  # bytes of the text
        self._rest = b""

    def unit(self, unit: int, most: int) -> TextUnit:
        """The next unit; a file that is not written by lines is one."""
        return TextUnit(self, unit, most if self.source.by_lines else None)

    def block(self) -> bytes:
        """Whole lines, about a megabyte of them; none at the end. Raises UnreadableFile."""
        block = self._rest
        while (cut := block.rfind(b"\n") + 1) == 0:
            if len(block) > _LONGEST_LINE:
                raise self.broken(self.lines + 1, "the line is longer than 64 megabytes")
            more = self._read(_BLOCK)
            if not more:
                break
            block += more
        whole, self._rest = (block[:cut], block[cut:]) if cut else (block, b"")
        self._taken += len(whole)
        return self._counted(whole) if whole else b""

    def mark(self, unit: int) -> Mark:
        """How far the file has been read."""
        return {
            "unit": unit,
            "file": self.number,
            "lines": self.lines,
            "bytes": self._taken,
            "statements": self.statements,
            "renamed": int(self.renamed),
            "ended": int(self.ended),
        }

    def broken(self, line: int | None, reason: str, column: int | None = None) -> UnreadableFile:
        """The error that names the place."""
        place = (f", line {line:,}" if line else "") + (f", column {column}" if line and column else "")
        remedy = next(
            (remedy for sign, remedy in _REMEDIES.items() if sign in reason), "mend the file and load it again"
        )
        hint = f"{remedy}; nothing was loaded"
        return UnreadableFile(f"{self.source.name}{place}: {reason}", hint=hint, line=line, column=column)

    def close(self) -> None:
        """Let go of the file; a thread that still reads it ends, since nobody takes what it writes."""
        if self._stream is not None and self._thread is not None:
            self._stream.close()
            self._thread.join()
        self._raw.close()

    def _counted(self, whole: bytes) -> bytes:
        if not whole.endswith(b"\n"):
            whole += b"\n"
        lines = whole.count(b"\n")
        self.lines += lines
        plain = whole.count(b"\n<") + whole.startswith(b"<") == lines
        self.statements += lines if plain else lines - len(_IDLE.findall(whole)) + 1  # it finds the end of the last one
        self._tell(self.statements, self._raw.tell())
        return self._named(whole) if b"_:" in whole else whole

    def _named(self, whole: bytes) -> bytes:
        if b"<<" in whole and re.search(rb"<<[^\n]*_:", whole):
            raise self.broken(None, "it holds a triple term with a blank node in it, which cannot be stored")
        return _STATEMENT.sub(self._with_names, whole)

    def _with_names(self, line: re.Match[bytes]) -> bytes:
        lead, subject, given, between, value = line.groups()
        if subject is None and value is None:
            return line[0]
        self.renamed = True
        first = given or b"<" + self._genid + subject + b">"
        return lead + first + between + (b"<" + self._genid + value + b">" if value is not None else b"")

    def _lines_from(self, text: BinaryIO, start: int) -> Callable[[int], bytes]:
        if start:
            text.seek(start)

        def read(size: int) -> bytes:
            try:
                return text.read(size)
            except (OSError, EOFError, zlib.error) as error:
                raise self.broken(self.lines + 1, f"it cannot be read or unpacked: {error}") from None

        return read

    def _converted(self, text: BinaryIO) -> Callable[[int], bytes]:
        """The statements of any other syntax, turned into lines by a thread while the backend takes them in."""
        reading, writing = os.pipe()
        self._thread = threading.Thread(target=self._convert, args=(text, writing), name="load", daemon=True)
        self._thread.start()
        self._stream = stream = os.fdopen(reading, "rb", 0)

        def read(size: int) -> bytes:
            more = stream.read(size)
            if not more and self._failure is not None:
                raise self._failure
            return more

        return read

    def _convert(self, text: BinaryIO, writing: int) -> None:
        # A broken pipe: the other side has given up.
        with suppress(BrokenPipeError), os.fdopen(writing, "wb") as sink:
            try:
                serialize(self._statements(text), cast(IO[bytes], sink), RdfFormat.N_QUADS)
            except SyntaxError as error:
                line = error.lineno or self._line_of_error()
                self._failure = self.broken(line, str(error.msg).split(": ", 1)[-1], error.offset)
            except UnreadableFile as error:
                self._failure = error
            except BrokenPipeError:
                raise
            except (OSError, EOFError, ValueError, zlib.error) as error:
                self._failure = self.broken(None, f"it cannot be read: {error}")

    def _statements(self, text: BinaryIO) -> Iterator[Quad]:
        names_graphs = self.source.syntax in (RdfFormat.TRIG, RdfFormat.JSON_LD)
        stream = CheckedXml(text, self.broken) if self.source.syntax == RdfFormat.RDF_XML else text
        quads = parse(cast(IO[bytes], stream), self.source.syntax)
        return self._in_no_graph(quads) if names_graphs else quads

    def _line_of_error(self) -> int:
        """The line that the parser of a file had been given last when it failed, which it does not say itself."""
        text, raw = self.source.opened()
        with raw, suppress(SyntaxError, UnreadableFile, OSError, EOFError, ValueError, zlib.error):
            lines = _ByLine(text)
            for _ in parse(cast(IO[bytes], lines), self.source.syntax):
                pass
        return lines.number

    def _in_no_graph(self, quads: Iterator[Quad]) -> Iterator[Quad]:
        for quad in quads:
            if not isinstance(quad.graph_name, DefaultGraph):
                raise self.names_a_graph(None)
            yield quad

    def names_a_graph(self, line: int | None) -> UnreadableFile:
        """The error for a file that says itself where its statements belong."""
        error = self.broken(line, "it names a graph of its own, but what is loaded goes into one graph")
        error.hint = "take the statements out of their graphs, a file for each graph; nothing was loaded"
        return error


class TextUnit:
    """A unit of a text, as the backend reads it."""

    def __init__(self, text: Text, unit: int, most: int | None) -> None:
        self.first = text.lines
        self._text, self._unit, self._most = text, unit, most
        self._until = None if most is None else text.statements + most
        self._block, self._place, self._done = b"", 0, False

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at the end the mark, then none. Raises UnreadableFile."""
        if self._place >= len(self._block):
            self._fill()
        place = self._place
        self._place = len(self._block) if size < 0 else place + size
        return self._block[place : self._place]

    def _fill(self) -> None:
        self._place = 0
        if self._done:
            self._block = b""
            return
        full = self._until is not None and self._text.statements >= self._until
        self._block = b"" if full else self._text.block()
        if not self._block:
            self._text.ended = not full
            self._block, self._done = marked(self._text.mark(self._unit)), True

    def error(self, found: SyntaxError) -> UnreadableFile:
        """What the backend's parser found, at the place of the file."""
        if not self._text.source.by_lines:  # its own parser took it, so what is wrong here is a fourth term
            return self._text.names_a_graph(None)
        line = self.first + (found.lineno or 1)
        if "between" in str(found.msg) and "followed by a dot" in str(found.msg):
            return self._text.names_a_graph(line)
        return self._text.broken(line, str(found.msg).split(": ", 1)[-1], found.offset)


class _ByLine:
    """A stream that hands out one line at a time and knows which."""

    def __init__(self, text: BinaryIO) -> None:
        self.number = 0
        self._text, self._line = text, b""

    def read(self, size: int) -> bytes:
        if not self._line:
            self._line = self._text.readline()
            self.number += bool(self._line)
        piece, self._line = self._line[:size], self._line[size:]
        return piece
