"""The submission template as a file to fill in: CSV (RFC 4180) or a workbook, empty or with records in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from iesi_kg.errors import UsageError
from iesi_kg.ingest import cells as cell_reader
from iesi_kg.ingest.form import LANGUAGES, Form
from iesi_kg.ingest.spreading import needed
from iesi_kg.ingest.template import Column
from iesi_kg.publication import workflow
from iesi_kg.publication.booklet import Booklet
from iesi_kg.publication.bundled import example_row
from iesi_kg.publication.filling import Filled
from iesi_kg.validation import tables

_EVERY = "all"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which table is wanted: the parts, a language, with a real record as an example, or filled with records."""

    parts: tuple[str, ...] = ()
    example: bool = False
    lang: str = "en"
    filled: Filled | None = None

    def __post_init__(self) -> None:
        if self.lang not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise UsageError(f"the template is not written in {self.lang!r}", hint=f"choose among {known}")


def columns(parts: tuple[str, ...]) -> list[Column]:
    """The basic columns and those of the ``parts`` named, ``all`` for all. Raises UsageError for an unknown part."""
    template = workflow.template()
    for part in parts:
        if part not in (*template.parts, _EVERY):
            known = ", ".join((*template.parts, _EVERY))
            raise UsageError(f"the template has no part {part!r}", hint=f"choose among {known}")
    wanted = template.parts if _EVERY in parts else parts
    return [column for column in template.columns if column.part is None or column.part in wanted]


def rows(choice: Choice) -> list[list[str]]:
    """The column names, and below them the records where some are wanted."""
    template, chosen = workflow.template(), columns(choice.parts)
    records = [example_row()] if choice.example else []
    if choice.filled:
        chosen = needed(template, choice.filled.records, chosen)
        records = [cell_reader.row(template, cells) for cells in choice.filled.records.values()]
    named = [column.name if choice.lang == "en" else column.title[choice.lang] for column in chosen]
    return [named, *([record.get(column.name, "") for column in chosen] for record in records)]


def as_csv(**wanted: Any) -> bytes:  # noqa: ANN401  (the fields of Choice)
    """The table as CSV."""
    return tables.as_csv(rows(Choice(**wanted)))


def as_xlsx(**wanted: Any) -> bytes:  # noqa: ANN401  (the fields of Choice)
    """A workbook with a sheet for each subject, drop-downs, help at each column, a read-me and the code lists."""
    choice = Choice(**wanted)
    template, chosen = workflow.template(), columns(choice.parts)
    if choice.filled:
        chosen = needed(template, choice.filled.records, chosen)
    always = {sheet.group for sheet in Form.load().sheets if sheet.always}
    names = {column.name for column in chosen}
    chosen = [c for c in template.columns if c.name in names or (c.group in always and c.group)]
    booklet = Booklet(chosen, choice.lang)
    if choice.filled:
        return booklet.filled(choice.filled)
    return booklet.empty(example_row(), marked=not choice.example)


FORMATS: Mapping[str, Callable[..., bytes]] = {"csv": as_csv, "xlsx": as_xlsx}
