"""A file's kind, read from its bytes and never from its name (W3C tabular data model; RDF 1.1 syntaxes)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from iesi_kg.errors import UnreadableFile
from iesi_kg.ingest.archive import Package
from iesi_kg.records import SourceFile
from iesi_kg.vocabulary.told import say


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
    ZIP = "zip archive"

    @property
    def tabular(self) -> bool:
        """Whether the file is a table with rows and columns."""
        return self in (Kind.CSV, Kind.XLSX)


_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_OLE = b"\xd0\xcf\x11\xe0"
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_MAGIC = (
    (b"%PDF", "a PDF document"),
    (_OLE, "an old Excel or Word file (.xls, .doc)"),
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
_PAIRS = 400
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
    if content.startswith(_OLE) and _LOCKED in content:
        raise UnreadableFile(f"{source.name} is locked by a password", hint=say("unreadable-file.remedy.password"))
    for magic, what in _MAGIC:
        if content.startswith(magic):
            raise _unreadable(source, f"is {what}")
    encoding = encoded(content)
    if encoding.name == "utf-8" and len(_CONTROL.findall(content[:_HEAD])) * 20 > min(len(content), _HEAD):
        raise _unreadable(source, "holds binary data, not text")
    return _text(source, content[encoding.skip : encoding.skip + _HEAD].decode(encoding.name, "replace"))


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the bytes of a text are to be read: the length of the mark before them, the name, whether it is a guess."""

    skip: int
    name: str
    guessed: bool = False


def encoded(content: bytes) -> Encoding:
    """The encoding that a byte order mark tells (Unicode 16 section 23.8); without one UTF-8, unless every other byte
    of the beginning is zero, as in the UTF-16 of a text in Latin letters.

    >>> encoded("name,country".encode("utf-16-be")).name
    'utf-16-be'
    """
    for mark, name in _BOMS:
        if content.startswith(mark):
            return Encoding(len(mark), name)
    head = content[:_PAIRS]
    first, second = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half and max(first, second) > 0.7 * half and min(first, second) < 0.1 * half:
        return Encoding(0, "utf-16-le" if second > first else "utf-16-be", guessed=True)
    return Encoding(0, "utf-8")


def _unreadable(source: SourceFile, seen: str) -> UnreadableFile:
    return UnreadableFile(f"{source.name} {seen}", hint=say("unreadable-file.remedy.readable"))


def _archive(source: SourceFile) -> Kind:
    names = set(Package(source, "archive or workbook").names)
    if "xl/workbook.xml" in names:
        return Kind.XLSX
    if "xl/workbook.bin" in names:
        raise UnreadableFile(
            f"{source.name} is a binary Excel workbook (.xlsb)", hint=say("unreadable-file.remedy.binary")
        )
    for member, what in (("word/document.xml", "a Word document"), ("ppt/presentation.xml", "a presentation")):
        if member in names:
            raise _unreadable(source, f"is {what}")
    if "content.xml" in names and "mimetype" in names:
        raise UnreadableFile(f"{source.name} is an OpenDocument file", hint=say("unreadable-file.remedy.open"))
    return Kind.ZIP


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
