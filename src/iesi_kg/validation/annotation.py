"""A workbook and its report to the same workbook with a comment and a fill at each cell, and a sheet of the findings.

Parts that are not touched stay byte for byte: formulas, other sheets, charts, images and macros (decision 033).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from iesi_kg.records import Report, Row, Severity
from iesi_kg.validation import openxml, remarks
from iesi_kg.validation.grid import Grid
from iesi_kg.validation.listing import Listed, in_sheet_order
from iesi_kg.validation.openxml import MAIN, RELATIONS, Package
from iesi_kg.validation.workbook import Sheet, workbook
from iesi_kg.vocabulary.told import in_language, say

_FILLS = {Severity.VIOLATION: "FFFBD5D0", Severity.WARNING: "FFFFEDB8", Severity.INFO: "FFD9EAF7"}
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_STYLES = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
_HEAD = ("severity", "sheet", "rowhead", "column", "foundhead", "wrong", "remedyhead", "code")
_LONGEST = 32_000
_PLAIN = (
    f'<?xml version="1.0" encoding="UTF-8"?><styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="1"><xf/></cellXfs></styleSheet>'
)

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mark:
    """What is put at one cell: the worst severity found there, and what is said."""

    severity: Severity
    text: str


def annotated(content: bytes, report: Report, rows: Iterable[Row], language: str = "en") -> bytes:
    """The workbook with its findings. A finding of a row without a cell is put at the row's first cell."""
    package = Package.read(content)
    read = list(rows)
    listed = in_sheet_order(report, language)
    styles = _Styles(package)
    titles = package.sheets()
    for title, marks in _marks(listed, read, titles).items():
        part = titles.get(title or "") or next(iter(titles.values()))
        wanted = {cell: styles.filled(mark.severity) for cell, mark in marks.items()}
        package.parts[part] = Grid(package.parts[part]).styled(wanted)
        remarks.add(package, part, {cell: mark.text for cell, mark in marks.items()})
    if listed:
        _findings(package, styles, listed, language)
    styles.write()
    return package.content()


def table(title: str, rows: Iterable[tuple[int, Sequence[str]]]) -> bytes:
    """A workbook made of the rows of a table, each at the number it has there."""
    texts = dict(rows)
    last = max(texts, default=0)
    return workbook(Sheet(title, texts.get(1, ()), [texts.get(number, ()) for number in range(2, last + 1)]))


def _marks(listed: Iterable[Listed], rows: Iterable[Row], titles: Container[str]) -> dict[str | None, dict[Cell, Mark]]:
    """What is put at which cell of which sheet: all findings of one cell together, the worst first."""
    headers: dict[str | None, Row] = {}
    for row in rows:
        headers.setdefault(row.sheet, row)
    order = list(Severity)
    found: dict[str | None, dict[Cell, list[Listed]]] = {}
    for item in listed:
        sheet = item.finding.sheet if (item.finding.sheet or "") in titles else next(iter(headers), None)
        header = headers.get(sheet)
        names = header.texts if header else ()
        place = names.index(item.finding.column) if item.finding.column in names else 0
        line = item.finding.row or (header.number if header else 1)
        found.setdefault(sheet, {}).setdefault((line, place), []).append(item)
    return {
        sheet: {
            cell: Mark(
                min((i.finding.severity for i in items), key=order.index), "\n\n".join(map(_remark, items))[:_LONGEST]
            )
            for cell, items in cells.items()
        }
        for sheet, cells in found.items()
    }


def _remark(item: Listed) -> str:
    return item.message if not item.suggestion else f"{item.message}\n-> {item.suggestion}"


class _Styles:
    """The styles of a workbook, to which a filled one is added for each style and severity that is asked for."""

    def __init__(self, package: Package) -> None:
        self._package = package
        related = package.relations("xl/workbook.xml").values()
        self._part = next((part for kind, part in related if kind == "styles"), "")
        if self._part not in package.parts:
            self._part = package.new_name("xl/styles{}.xml")
            package.parts[self._part] = _PLAIN.encode()
            package.declare(self._part, _STYLES)
            package.relate("xl/workbook.xml", "styles", self._part)
        xml = package.parts[self._part]
        found = openxml.elements(xml, {"fills", "fill", "cellXfs", "xf"})
        self._fills = sum(element.name == "fill" for element in found)
        holder = next(element for element in found if element.name == "cellXfs")
        inner = [e for e in found if e.name == "xf" and holder.start < e.start < holder.end]
        self._tags = [xml[e.start : e.tag_end] for e in inner]
        self._wholes = [xml[e.tag_end : e.end] for e in inner]
        self._prefix = f"{holder.prefix}:" if holder.prefix else ""
        self._new: list[bytes] = []
        self._known: dict[tuple[int, Severity], int] = {}

    def filled(self, severity: Severity) -> Callable[[int], int]:
        """What turns the number of a style into that of the same style with the fill of a severity."""

        def style(own: int) -> int:
            own = own if own < len(self._tags) else 0
            if (own, severity) not in self._known:
                fill = self._fills + list(Severity).index(severity)
                tag = openxml.attribute(openxml.attribute(self._tags[own], "fillId", str(fill)), "applyFill", "1")
                self._known[own, severity] = self._add(tag + self._wholes[own])
            return self._known[own, severity]

        return style

    def text(self) -> int:
        """The number of a style for text that must stay text when it is edited, and that wraps."""
        prefix = self._prefix
        return self._add(
            f'<{prefix}xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1" '
            f'applyAlignment="1"><{prefix}alignment vertical="top" wrapText="1"/></{prefix}xf>'.encode()
        )

    def _add(self, xf: bytes) -> int:
        self._new.append(xf)
        return len(self._tags) + len(self._new) - 1

    def write(self) -> None:
        """Put what was added into the part."""
        prefix = self._prefix
        fills = "".join(
            f'<{prefix}fill><{prefix}patternFill patternType="solid"><{prefix}fgColor rgb="{colour}"/>'
            f"</{prefix}patternFill></{prefix}fill>"
            for colour in _FILLS.values()
        )
        xml = openxml.inside(self._package.parts[self._part], "fills", fills.encode())
        xml = openxml.inside(xml, "cellXfs", b"".join(self._new))
        counts = {"fills": self._fills + len(_FILLS), "cellXfs": len(self._tags) + len(self._new)}
        edits = [
            (e.start, e.tag_end, openxml.attribute(xml[e.start : e.tag_end], "count", str(counts[e.name])))
            for e in openxml.elements(xml, set(counts))
        ]
        self._package.parts[self._part] = openxml.edited(xml, edits)


def _findings(package: Package, styles: _Styles, listed: Iterable[Listed], language: str) -> None:
    """Add the sheet of findings, last of all sheets."""
    part = package.new_name("xl/worksheets/findings{}.xml")
    style = styles.text()
    head = [in_language(say(f"word.{key}"), language) for key in _HEAD]
    lines = [head, *([*_line(item, language)] for item in listed)]
    widths = (12, 14, 6, 20, 30, 60, 50, 24)
    columns = "".join(f'<col min="{n}" max="{n}" width="{w}" customWidth="1"/>' for n, w in enumerate(widths, start=1))
    data = "".join(_row(number, line, style) for number, line in enumerate(lines, start=1))
    package.parts[part] = (
        f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{MAIN}"><cols>{columns}</cols>'
        f"<sheetData>{data}</sheetData></worksheet>"
    ).encode()
    package.declare(part, _SHEET)
    identity = package.relate("xl/workbook.xml", "worksheet", part)
    book = package.parts["xl/workbook.xml"]
    sheets = openxml.elements(book, {"sheet"})
    names = {sheet.attributes["name"].casefold() for sheet in sheets}
    title = in_language(say("word.findings"), language)
    free = next(
        t for n in range(1, len(names) + 2) if (t := title if n == 1 else f"{title} {n}").casefold() not in names
    )
    number = max((int(sheet.attributes.get("sheetId", 0)) for sheet in sheets), default=0) + 1
    prefix = f"{sheets[0].prefix}:" if sheets[0].prefix else ""
    told = f'<{prefix}sheet xmlns:r="{RELATIONS}" name="{free}" sheetId="{number}" r:id="{identity}"/>'
    package.parts["xl/workbook.xml"] = openxml.inside(book, "sheets", told.encode())


def _line(item: Listed, language: str) -> Iterable[str]:
    finding = item.finding
    severity = in_language(say(f"word.{finding.severity}"), language)
    row = str(finding.row) if finding.row else ""
    found = (severity, finding.sheet, row, finding.column, finding.value, item.message, item.suggestion, finding.code)
    return ((text or "")[:_LONGEST] for text in found)


def _row(number: int, texts: Sequence[str], style: int) -> str:
    cells = (
        f'<c r="{openxml.letters(place)}{number}" s="{style}" t="inlineStr"><is><t xml:space="preserve">'
        f"{openxml.text(text)}</t></is></c>"
        for place, text in enumerate(texts)
    )
    return f'<row r="{number}">{"".join(cells)}</row>'
