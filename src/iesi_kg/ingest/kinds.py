"""A file's kind, read from its bytes and never from its name (W3C tabular data model; RDF 1.1 syntaxes)."""

from __future__ import annotations

import re
import zipfile
from enum import StrEnum
from io import BytesIO

from iesi_kg.errors import UnreadableFile
from iesi_kg.records import SourceFile


class Kind(StrEnum):
    """The kinds of file that can be read."""

    CSV = "CSV"
    XLSX = "Excel workbook"
    TURTLE = "Turtle"
    TRIG = "TriG"
    NTRIPLES = "N-Triples"
    NQUADS = "N-Quads"
    RDFXML = "RDF/XML"
    JSONLD = "JSON-LD"

    @property
    def tabular(self) -> bool:
        """Whether the file is a table with rows and columns."""
        return self in (Kind.CSV, Kind.XLSX)


READABLE = "send a CSV table, an Excel workbook (.xlsx), or RDF as Turtle, N-Triples, RDF/XML or JSON-LD"

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file (.xls, .doc)"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"{\\rtf", "a rich-text document"),
)
_HEAD = 65_536
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_COMMENTS = re.compile(r"\A(?:\s+|#[^\n]*(?:\n|\Z))*")
_TURTLE = re.compile(
    r"(?:@prefix|@base|prefix|base)\s|(?:graph\s*)?(?:<[^<>\s]*>|_:\w+)\s*[<\[{_\w]|\[|\{\s*<|<<", re.I
)
_JSON = re.compile(r'\{\s*["}]|\[\s*(?:[{\[\]"]|\Z)')
_TERM = r'(?:<[^<>\s]*>|_:\w[\w.-]*|"(?:[^"\\\n]|\\.)*"(?:\^\^<[^<>\s]*>|@[\w-]+)?)'
_LINE = re.compile(rf"{_TERM}[ \t]*{_TERM}[ \t]*{_TERM}[ \t]*({_TERM})?[ \t]*\.[ \t]*(?:#.*)?\r?(?:\n|\Z)")
_QUOTED = re.compile(r'"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|<[^<>\s]*>|#[^\n]*')


def detect(source: SourceFile) -> Kind:
    """The kind of a file. Raises UnreadableFile, which says what was seen instead.

    >>> detect(SourceFile("table.txt", b"name,country\\n"))
    <Kind.CSV: 'CSV'>
    """
    content = source.content
    if not content.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise _unreadable(source, "is empty" if not content else "holds nothing but blanks")
    if content.startswith(b"PK\x03\x04") or content.startswith(b"PK\x05\x06"):
        return _archive(source)
    for magic, what in _MAGIC:
        if content.startswith(magic):
            raise _unreadable(source, f"is {what}")
    head, encoded = _head(content)
    if not encoded and len(_CONTROL.findall(content[:_HEAD])) * 20 > min(len(content), _HEAD):
        raise _unreadable(source, "holds binary data, not text")
    return _text(source, head)


def bom(content: bytes) -> tuple[int, str] | None:
    """Length and encoding of a byte order mark (Unicode 16 section 23.8), None without one."""
    return next(((len(mark), name) for mark, name in _BOMS if content.startswith(mark)), None)


def _unreadable(source: SourceFile, seen: str) -> UnreadableFile:
    return UnreadableFile(f"{source.name} {seen}", hint=READABLE)


def _head(content: bytes) -> tuple[str, bool]:
    """The first characters of a text, and whether a byte order mark said how to read them."""
    mark = bom(content)
    skip, encoding = mark or (0, "utf-8")
    return content[skip : skip + _HEAD].decode(encoding, "replace"), mark is not None


def _archive(source: SourceFile) -> Kind:
    try:
        with zipfile.ZipFile(BytesIO(source.content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
        raise _unreadable(source, "is a damaged archive or workbook: it was cut short or changed on the way") from None
    if "xl/workbook.xml" in names:
        return Kind.XLSX
    if "word/document.xml" in names:
        raise _unreadable(source, "is a Word document")
    if "content.xml" in names and "mimetype" in names:
        raise UnreadableFile(f"{source.name} is an OpenDocument file", hint="save it as .xlsx or as CSV UTF-8")
    raise _unreadable(source, "is a zip archive that holds no Excel workbook")


def _text(source: SourceFile, head: str) -> Kind:
    start = head.lstrip("\ufeff \t\r\n")
    if start.startswith("<") and re.match(r"<(\?xml|!|rdf:|html|[A-Za-z][\w.-]*(:[\w.-]+)?[\s>/])", start, re.I):
        if "http://www.w3.org/1999/02/22-rdf-syntax-ns#" in head:
            return Kind.RDFXML
        what = "an HTML page" if re.search(r"<(!doctype\s+)?html", start, re.I) else "XML that is not RDF"
        raise _unreadable(source, f"is {what}")
    if _JSON.match(start):
        if re.search(r'"@(context|graph|id|type)"', head):
            return Kind.JSONLD
        raise _unreadable(source, "is JSON that is not JSON-LD")
    return _line_based(_COMMENTS.sub("", start, count=1))


def _line_based(start: str) -> Kind:
    line = _LINE.match(start)
    if line:
        return Kind.NQUADS if line[1] else Kind.NTRIPLES
    if not _TURTLE.match(start):
        return Kind.CSV
    return Kind.TRIG if "{" in _QUOTED.sub("", start) else Kind.TURTLE
