"""A workbook with a sheet for each subject to rows of the template, one for each record (docs/reference)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from iesi_kg.errors import UnreadableFile
from iesi_kg.ingest import base as base_sheet
from iesi_kg.ingest import xlsx
from iesi_kg.ingest.csv import name_of
from iesi_kg.ingest.form import BASE, IRI, LINK, MARK, Form, SheetForm
from iesi_kg.ingest.gathering import Gathering
from iesi_kg.ingest.template import Template, duplicate_column, unknown_column
from iesi_kg.records import Base, Finding, Row, Severity, SourceFile
from iesi_kg.vocabulary.told import say

_MOST_NAMED = 10


@dataclass
class Page:
    """One sheet as it was sent: where each column stands, its rows, and what is wrong with its header."""

    sheet: SheetForm
    header: Row
    columns: dict[str, int] = field(default_factory=dict)
    aside: dict[str, int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def text(self, row: Row, name: str) -> str:
        """What a row says in a column, or in one beside those of the template; nothing where there is none."""
        place = self.columns.get(name, self.aside.get(name))
        return row.texts[place].strip() if place is not None and place < len(row.texts) else ""

    def title(self, name: str) -> str | None:
        """The header of a column as it was sent."""
        place = self.columns.get(name, self.aside.get(name))
        return None if place is None else self.header.texts[place]


def read(source: SourceFile, template: Template) -> Iterator[Row | Finding]:
    """The header, then a row for each record; a book with one table is read as that table. Raises UnreadableFile."""
    form = Form.load()
    if not form.is_book(xlsx.titles(source)):
        yield from xlsx.read(source, template.by_header.keys())
        return
    pages, base = _pages(source, template, form)
    root = next((page for page in pages if page.sheet.is_root), None)
    if root is None:
        raise UnreadableFile(
            f"{source.name} has no sheet {form.root.titles['en']!r} with the column names of the template",
            hint=say("unreadable-file.remedy.sheets"),
        )
    yield from Gathering(template, form, root, [page for page in pages if page is not root], base).rows()


def base_of(source: SourceFile, template: Template) -> Base | None:
    """What a filled workbook was filled with; None for any other file."""
    if BASE not in xlsx.titles(source):
        return None
    return _base(dict(xlsx.sheets(source, Form.load().known(template))))


def _base(items: Mapping[str, Sequence[Row | Finding]]) -> Base | None:
    """Of the hidden sheet; that it is hidden is no news."""
    rows = [item for item in items.get(BASE, ()) if isinstance(item, Row) or item.severity is not Severity.INFO]
    return base_sheet.read(rows) if rows else None


def _pages(source: SourceFile, template: Template, form: Form) -> tuple[list[Page], Base | None]:
    items = dict(xlsx.sheets(source, form.known(template)))
    base = _base(items)
    pages: list[Page] = []
    if BASE in xlsx.titles(source) and base is None:
        raise UnreadableFile(
            f"the hidden sheet {BASE!r} of {source.name}, which says what the cells were taken from, was changed",
            hint="download the sheet again; or delete the hidden sheet, and the file replaces the records it names",
        )
    for title, found in items.items():
        sheet = form.named(title)
        page = _page(sheet, found, template, base) if sheet is not None else None
        pages += [page] if page is not None else []
    return pages, base


def _page(sheet: SheetForm, items: Sequence[Row | Finding], template: Template, base: Base | None) -> Page | None:
    header = next((item for item in items if isinstance(item, Row)), None)
    if header is None:
        return None
    form, page, above = Form.load(), Page(sheet, header), items.index(header)
    page.findings += [item for item in items[:above] if isinstance(item, Finding)]
    for place, text in enumerate(header.texts):
        if text.strip():
            _place(page, place, template, form)
    _renamed(page, base)
    examples: list[Row] = []
    for item in items[above + 1 :]:
        if isinstance(item, Finding):
            page.findings.append(item)
        elif page.text(item, MARK):
            examples.append(item)
        elif any(text.strip() for text in item.texts):
            page.rows.append(item)
    page.findings += [_examples(examples, page)] if examples else []
    return page


def _place(page: Page, place: int, template: Template, form: Form) -> None:
    wanted = name_of(page.header.texts[place])
    if wanted in form.aside_by_header and not (wanted in template.by_header and page.sheet.is_root):
        page.aside.setdefault(form.aside_by_header[wanted], place)
        return
    given = next((g for g in page.sheet.directory if wanted in (g.name, *map(name_of, g.titles.values()))), None)
    column = template.by_header.get(wanted)
    on_sheet = (
        column is not None and not page.sheet.directory and (page.sheet.is_root or column.group == page.sheet.group)
    )
    name = given.name if given else column.name if column and on_sheet else None
    if name is None:
        page.findings.append(unknown_column(page.header, place, None if column else template.nearest(wanted)))
    elif name in page.columns:
        page.findings.append(duplicate_column(page.header, place, page.columns[name]))
    else:
        page.columns[name] = place


def _renamed(page: Page, base: Base | None) -> None:
    """Take a column whose header was changed for what stood there when the sheet was written."""
    written = base.layout.get(page.sheet.name, ()) if base else ()
    for finding in [found for found in page.findings if found.code == "unknown-column"]:
        place = page.header.texts.index(finding.column or "")
        name = written[place] if place < len(written) else ""
        if not name or name in page.columns or name in page.aside:
            continue
        (page.aside if name in (IRI, LINK, MARK) else page.columns)[name] = place
        page.findings.remove(finding)
        page.findings.append(
            Finding(
                Severity.INFO,
                "renamed-column",
                say("renamed-column", text=finding.column, name=name),
                sheet=page.header.sheet,
                row=page.header.number,
                column=finding.column,
                value=finding.column,
                suggestion=name,
            )
        )


def _examples(rows: Sequence[Row], page: Page) -> Finding:
    told = ", ".join(str(row.number) for row in rows[:_MOST_NAMED]) + (" ..." if len(rows) > _MOST_NAMED else "")
    return Finding(
        Severity.INFO,
        "example-row",
        say("example-row.one" if len(rows) == 1 else "example-row.many", rows=told),
        sheet=page.header.sheet,
        row=rows[0].number,
        column=page.title(MARK),
        value=page.text(rows[0], MARK),
        suggestion=say("example-row.remedy"),
    )
