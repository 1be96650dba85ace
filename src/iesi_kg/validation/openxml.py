"""An Excel workbook as its parts: some are changed in place, all others stay byte for byte (ISO/IEC 29500-2).

openpyxl would read and write the whole and lose what it does not know: charts, images, macros, slicers. Here the XML of
a part is cut only where something is put in.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from posixpath import dirname, join, normpath
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from iesi_kg.errors import InputError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGED = "http://schemas.openxmlformats.org/package/2006/relationships"
_TAG = re.compile(rb"<[^<>\"']*(?:(?:\"[^\"]*\"|'[^']*')[^<>\"']*)*>")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Edit = tuple[int, int, bytes]


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a part: its name without prefix, its attributes, and where its tags stand in the bytes.

    One that is empty by its tag ends inside where it starts.
    """

    name: str
    prefix: str
    attributes: Mapping[str, str]
    start: int
    tag_end: int
    inner_end: int
    end: int
    depth: int


@dataclass(slots=True)
class Package:
    """The parts of a workbook by name; ``content`` gives the file back."""

    parts: dict[str, bytes]
    _infos: Mapping[str, zipfile.ZipInfo] = field(repr=False)

    @classmethod
    def read(cls, content: bytes) -> Package:
        """The package of a file. Raises InputError."""
        try:
            with zipfile.ZipFile(BytesIO(content)) as archive:
                infos = {info.filename: info for info in archive.infolist()}
                return cls({name: archive.read(name) for name in infos}, infos)
        except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError):
            raise InputError("the workbook cannot be opened to be changed") from None

    def content(self) -> bytes:
        """The file: parts that were not changed as they were, in their order."""
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, part in self.parts.items():
                archive.writestr(self._infos.get(name) or zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
        return out.getvalue()

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """The relations of a part: the last word of the type and the name of the other part, by id."""
        found = {}
        for item in elements(self.parts.get(_relations_of(part), b""), {"Relationship"}):
            target = normpath(join("/", dirname(part), item.attributes["Target"])).lstrip("/")
            found[item.attributes["Id"]] = (item.attributes["Type"].rsplit("/", 1)[1], target)
        return found

    def relate(self, part: str, kind: str, target: str) -> str:
        """Add a relation to another part; its id."""
        name, known = _relations_of(part), self.relations(part)
        number = next(n for n in range(1, len(known) + 2) if f"iesi{n}" not in known)
        empty = f'<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="{_PACKAGED}"></Relationships>'
        xml = self.parts.get(name) or empty.encode()
        told = f'<Relationship Id="iesi{number}" Type="{RELATIONS}/{kind}" Target="/{target}"/>'
        self.parts[name] = inside(xml, "Relationships", told.encode(), space=_PACKAGED)
        return f"iesi{number}"

    def declare(self, part: str, media_type: str) -> None:
        """Say what kind of part a new one is."""
        told = f'<Override PartName="/{part}" ContentType="{media_type}"/>'
        self.parts["[Content_Types].xml"] = inside(self.parts["[Content_Types].xml"], "Types", told.encode())

    def new_name(self, pattern: str) -> str:
        """The first name of a pattern with ``{}`` that no part has."""
        return next(name for n in range(1, len(self.parts) + 2) if (name := pattern.format(n)) not in self.parts)

    def sheets(self) -> dict[str, str]:
        """The part of each sheet by its title."""
        related = self.relations("xl/workbook.xml")
        found = {}
        for sheet in elements(self.parts["xl/workbook.xml"], {"sheet"}):
            key = next((value for name, value in sheet.attributes.items() if name.rsplit(":", 1)[-1] == "id"), "")
            if key in related:
                found[sheet.attributes["name"]] = related[key][1]
        return found


def _relations_of(part: str) -> str:
    return join(dirname(part), "_rels", part.rsplit("/", 1)[-1] + ".rels")


def elements(xml: bytes, wanted: Iterable[str] | None = None) -> list[Element]:
    """The elements of these names in the order of their start tags; nothing for an empty part."""
    return list(_elements(xml, frozenset(wanted) if wanted is not None else None)) if xml else []


def _elements(xml: bytes, wanted: frozenset[str] | None) -> Iterator[Element]:
    parser = expat.ParserCreate()
    parser.ordered_attributes = False
    opened: list[tuple[str, Mapping[str, str], int]] = []
    found: list[Element] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        opened.append((name, attributes, parser.CurrentByteIndex))

    def end(name: str) -> None:
        _, attributes, begin = opened.pop()
        prefix, _, local = name.rpartition(":")
        if wanted is None or local in wanted:
            tag_end, inner = _tag(xml, begin), parser.CurrentByteIndex
            empty = xml.endswith(b"/>", begin, tag_end)
            inner, whole = (begin, tag_end) if empty else (inner, _tag(xml, inner))
            found.append(Element(local, prefix, attributes, begin, tag_end, inner, whole, len(opened)))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise InputError(f"a part of the workbook is not well-formed XML: {error}") from None
    yield from sorted(found, key=lambda element: element.start)


def _tag(xml: bytes, start: int) -> int:
    tag = _TAG.match(xml, start)
    if tag is None:
        raise InputError("a part of the workbook is not in UTF-8, so that nothing can be put into it")
    return tag.end()


def edited(xml: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes with some of them replaced; an insertion is a replacement of nothing."""
    pieces, done = [], 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [xml[done:start], new]
        done = end
    return b"".join([*pieces, xml[done:]])


def inside(xml: bytes, name: str, new: bytes, *, space: str | None = None) -> bytes:
    """The bytes with something put at the end of the first element of a name, which may be empty."""
    element = elements(xml, {name})[0]
    if element.inner_end != element.start:
        return edited(xml, [(element.inner_end, element.inner_end, new)])
    tag = xml[element.start : element.tag_end].rstrip(b"/> \n")
    whole = f"{element.prefix}:{name}" if element.prefix else name
    return edited(xml, [(element.start, element.tag_end, tag + b">" + new + f"</{whole}>".encode())])


def attribute(tag: bytes, name: str, value: str) -> bytes:
    """A start tag with an attribute set."""
    told = f" {name}={quoteattr(value)}".encode()
    without = re.sub(rb"\s" + name.encode() + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')", b"", tag, count=1)
    cut = len(without) - (2 if without.endswith(b"/>") else 1)
    return without[:cut].rstrip() + told + without[cut:]


def text(value: str) -> str:
    """A text as it stands between tags; what XML has no place for becomes a question mark."""
    return escape(_NO_XML.sub("\ufffd", value))


def letters(place: int) -> str:
    """The name of a column counted from 0.

    >>> letters(0), letters(27)
    ('A', 'AB')
    """
    name, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


def number(name: str) -> int:
    """The place of a column, counted from 0, by a reference to one of its cells.

    >>> number("AB7")
    27
    """
    place = 0
    for letter in name.rstrip("0123456789"):
        place = place * 26 + ord(letter) - 64
    return place - 1
