"""Workbooks written part by part, so that a test can put into them what no spreadsheet program would."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEADER = ("identifier", "name", "country", "start_year", "service_areas")
RECORD = ("care-net", "Care Net", "ES", "2015", "childcare")
# Style 1 shows a date, style 2 the year of a date only.
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="170" formatCode="yyyy"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/></cellXfs></styleSheet>'
)


def text(reference: str, value: str) -> str:
    """A cell that holds its text itself."""
    return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def row(number: int, *values: str, attributes: str = "") -> str:
    """A row of texts from column A on."""
    cells = "".join(text(f"{chr(65 + place)}{number}", value) for place, value in enumerate(values))
    return f'<row r="{number}" {attributes}>{cells}</row>'


def sheet(*rows: str, before: str = "", after: str = "") -> str:
    """The XML of a sheet with these rows."""
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{"".join(rows)}</sheetData>{after}</worksheet>'


def parts(
    sheets: Mapping[str, str], *, states: Mapping[str, str] | None = None, properties: str = ""
) -> dict[str, bytes]:
    """The parts of a workbook with these sheets."""
    listed = "".join(
        f'<sheet name={quoteattr(title)} sheetId="{number}" state="{(states or {}).get(title, "visible")}" '
        f'r:id="rId{number}"/>'
        for number, title in enumerate(sheets, start=1)
    )
    related = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(sheets) + 1)
    )
    spaces = f'xmlns="{MAIN}" xmlns:r="{RELATIONS}"'
    made = {
        "xl/workbook.xml": f"<workbook {spaces}>{properties}<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships>{related}</Relationships>",
        "xl/styles.xml": STYLES,
    }
    made |= {f"xl/worksheets/sheet{number}.xml": xml for number, xml in enumerate(sheets.values(), start=1)}
    return {name: content.encode() for name, content in made.items()}


def packed(members: Mapping[str, bytes] | Iterable[tuple[str, bytes]]) -> bytes:
    """A zip archive of these members, which may have the same name."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items() if isinstance(members, Mapping) else members:
            archive.writestr(name, content)
    return stream.getvalue()


def workbook(*rows: str, before: str = "", after: str = "", more: Mapping[str, str] | None = None) -> bytes:
    """A workbook of one sheet called Data; ``more`` are further parts by path."""
    made = parts({"Data": sheet(*rows, before=before, after=after)})
    return packed(made | {name: content.encode() for name, content in (more or {}).items()})
