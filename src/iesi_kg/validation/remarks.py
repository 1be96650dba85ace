"""Texts at cells to the comments of a sheet and the boxes that show them (ISO/IEC 29500-1 18.7, VML in part 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from iesi_kg.validation import openxml
from iesi_kg.validation.openxml import MAIN, RELATIONS, Edit, Package

_AUTHOR = "iesi-kg"
_COMMENTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_EMPTY = f'<?xml version="1.0" encoding="UTF-8"?><comments xmlns="{MAIN}"><authors/><commentList/></comments>'
_DRAWING = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"></xml>'
)
_BOX = (
    '<v:shapetype id="_x0000_t202iesi" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
# What may follow the drawing of comments in a sheet (ISO/IEC 29500-1 18.3.1.99).
_LATER = {
    "legacyDrawingHF",
    "drawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
}


def add(package: Package, part: str, texts: Mapping[tuple[int, int], str]) -> None:
    """Put a comment at each cell; at a cell that has one, add to its text."""
    related = package.relations(part).values()
    comments = next((name for kind, name in related if kind == "comments"), None)
    if comments is None:
        comments = package.new_name("xl/comments{}.xml")
        package.parts[comments] = _EMPTY.encode()
        package.declare(comments, _COMMENTS)
        package.relate(part, "comments", comments)
    references = {f"{openxml.letters(place)}{row}": text for (row, place), text in texts.items()}
    known = {e.attributes.get("ref", "") for e in openxml.elements(package.parts[comments], {"comment"})}
    package.parts[comments] = _commented(package.parts[comments], references)
    _show(package, part, [cell for cell in texts if f"{openxml.letters(cell[1])}{cell[0]}" not in known])


def _commented(xml: bytes, texts: Mapping[str, str]) -> bytes:
    found = openxml.elements(xml, {"authors", "author", "comment", "text"})
    author = sum(element.name == "author" for element in found)
    prefix = f"{found[0].prefix}:" if found and found[0].prefix else ""
    edits: list[Edit] = []
    comments = [element for element in found if element.name == "comment"]
    for comment in comments:
        said = texts.get(comment.attributes.get("ref", ""))
        body = next((e for e in found if e.name == "text" and comment.start < e.start < comment.end), None)
        if said is not None and body is not None:
            edits.append((body.inner_end, body.inner_end, _run(f"\n{_AUTHOR}: {said}", prefix)))
    xml = openxml.edited(xml, edits)
    known = {comment.attributes.get("ref") for comment in comments}
    new = b"".join(
        f'<{prefix}comment ref="{cell}" authorId="{author}"><{prefix}text>'.encode()
        + _run(said, prefix)
        + f"</{prefix}text></{prefix}comment>".encode()
        for cell, said in texts.items()
        if cell not in known
    )
    xml = openxml.inside(xml, "authors", f"<{prefix}author>{_AUTHOR}</{prefix}author>".encode())
    return openxml.inside(xml, "commentList", new)


def _run(said: str, prefix: str) -> bytes:
    return f'<{prefix}r><{prefix}t xml:space="preserve">{openxml.text(said)}</{prefix}t></{prefix}r>'.encode()


def _show(package: Package, part: str, cells: Iterable[tuple[int, int]]) -> None:
    """Give each new comment its box, hidden until the cell is pointed at."""
    drawing = next((name for kind, name in package.relations(part).values() if kind == "vmlDrawing"), None)
    if drawing is None:
        drawing = package.new_name("xl/drawings/vmlDrawingIesi{}.vml")
        package.parts[drawing] = _DRAWING.encode()
        package.declare(drawing, _VML)
        identity = package.relate(part, "vmlDrawing", drawing)
        package.parts[part] = _with_drawing(package.parts[part], identity)
    vml = package.parts[drawing]
    boxes = "".join(_shape(number, row, place) for number, (row, place) in enumerate(cells, start=1))
    at = vml.rfind(b"</xml")
    package.parts[drawing] = vml[:at] + f"{_BOX}{boxes}".encode() + vml[at:]


def _with_drawing(xml: bytes, identity: str) -> bytes:
    root, *inner = openxml.elements(xml)
    later = [element.start for element in inner if element.name in _LATER and element.depth == 1]
    at = min(later, default=root.inner_end)
    prefix = f"{root.prefix}:" if root.prefix else ""
    told = f'<{prefix}legacyDrawing xmlns:r="{RELATIONS}" r:id="{escape(identity)}"/>'
    return openxml.edited(xml, [(at, at, told.encode())])


def _shape(number: int, row: int, place: int) -> str:
    anchor = f"{place + 1}, 15, {max(row - 2, 0)}, 10, {place + 5}, 15, {row + 5}, 4"
    return (
        f'<v:shape id="_x0000_s9{number:05}" type="#_x0000_t202iesi" style="position:absolute;visibility:hidden" '
        'fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/><v:path o:connecttype="none"/>'
        '<v:textbox style="mso-direction-alt:auto"/><x:ClientData ObjectType="Note">'
        "<x:MoveWithCells/><x:SizeWithCells/>"
        f"<x:Anchor>{anchor}</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row - 1}</x:Row>"
        f"<x:Column>{place}</x:Column></x:ClientData></v:shape>"
    )
