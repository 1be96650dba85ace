"""The cells of a sheet's XML by row and column, and edits that give one a style or a text (ISO/IEC 29500-1 18.3.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from iesi_kg.validation import openxml
from iesi_kg.validation.openxml import Edit, Element


@dataclass(slots=True)
class _Line:
    element: Element
    cells: dict[int, Element] = field(default_factory=dict)


class Grid:
    """The rows of one sheet. References may be left out in the XML: a cell stands then beside the one before it."""

    def __init__(self, xml: bytes) -> None:
        self._xml = xml
        self._lines: dict[int, _Line] = {}
        found = openxml.elements(xml, {"sheetData", "row", "c"})
        self._data = next(element for element in found if element.name == "sheetData")
        row = place = 0
        for element in found:
            if element.name == "row":
                row, place = int(element.attributes.get("r", row + 1)), -1
                self._lines[row] = _Line(element)
            elif element.name == "c":
                told = element.attributes.get("r")
                place = openxml.number(told) if told else place + 1
                self._lines[row].cells[place] = element

    def styled(self, styles: Mapping[tuple[int, int], Callable[[int], int]]) -> bytes:
        """The XML with a style for each cell, made of the one it has; cells that are missing are put in, empty."""
        edits: list[Edit] = []
        missing: dict[int, dict[int, int]] = {}
        for (row, place), style in styles.items():
            cell = self._lines[row].cells.get(place) if row in self._lines else None
            if cell is None:
                missing.setdefault(row, {})[place] = style(0)
                continue
            tag = self._xml[cell.start : cell.tag_end]
            own = int(cell.attributes.get("s", 0))
            edits.append((cell.start, cell.tag_end, openxml.attribute(tag, "s", str(style(own)))))
        for row, places in sorted(missing.items()):
            edits += self._put(row, places)
        return openxml.edited(self._xml, edits)

    def filled(self, texts: Mapping[tuple[int, int], str]) -> bytes:
        """The XML with another text in each of these cells, which keep their style."""
        return openxml.edited(self._xml, [self._filled(*place, text) for place, text in texts.items()])

    def _filled(self, row: int, place: int, text: str) -> Edit:
        cell = self._lines[row].cells[place]
        prefix = f"{cell.prefix}:" if cell.prefix else ""
        style = f' s="{cell.attributes["s"]}"' if "s" in cell.attributes else ""
        told = f'<{prefix}is><{prefix}t xml:space="preserve">{openxml.text(text)}</{prefix}t></{prefix}is>'
        opened = f'<{prefix}c r="{openxml.letters(place)}{row}"{style}'
        whole = f'{opened} t="inlineStr">{told}</{prefix}c>' if text else f"{opened}/>"
        return cell.start, cell.end, whole.encode()

    def _put(self, row: int, places: Mapping[int, int]) -> Iterator[Edit]:
        """Empty cells put into a row at their places, or a row of them where there is none."""
        line = self._lines.get(row)
        prefix = f"{self._data.prefix}:" if self._data.prefix else ""
        cells = {
            place: f'<{prefix}c r="{openxml.letters(place)}{row}" s="{style}"/>'.encode()
            for place, style in places.items()
        }
        if line is None:
            whole = b"".join(cells[place] for place in sorted(cells))
            yield self._after(row, f'<{prefix}row r="{row}">'.encode() + whole + f"</{prefix}row>".encode())
            return
        if line.element.inner_end == line.element.start:
            opened = self._xml[line.element.start : line.element.tag_end].removesuffix(b"/>").rstrip() + b">"
            whole = b"".join(cells[place] for place in sorted(cells))
            yield line.element.start, line.element.tag_end, opened + whole + f"</{prefix}row>".encode()
            return
        for place in sorted(cells):
            later = [cell.start for other, cell in line.cells.items() if other > place]
            at = min(later, default=line.element.inner_end)
            yield at, at, cells[place]

    def _after(self, row: int, new: bytes) -> Edit:
        """The edit that puts a new row where it belongs; the table of rows itself may be empty."""
        later = [line.element.start for number, line in self._lines.items() if number > row]
        if self._data.inner_end == self._data.start:
            opened = self._xml[self._data.start : self._data.tag_end].removesuffix(b"/>").rstrip() + b">"
            prefix = f"{self._data.prefix}:" if self._data.prefix else ""
            return self._data.start, self._data.tag_end, opened + new + f"</{prefix}sheetData>".encode()
        at = min(later, default=self._data.inner_end)
        return at, at, new
