"""The submission template as a file to fill in: CSV (RFC 4180) or a workbook, empty or with one real record."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from iesi_kg.errors import UsageError
from iesi_kg.ingest.template import Column
from iesi_kg.publication import workflow
from iesi_kg.publication.bundled import example_row
from iesi_kg.validation import tables
from iesi_kg.validation.workbook import Sheet, workbook

_EVERY = "all"


def columns(parts: tuple[str, ...]) -> list[Column]:
    """The basic columns and those of the ``parts`` named, ``all`` for all. Raises UsageError for an unknown part."""
    template = workflow.template()
    for part in parts:
        if part not in (*template.parts, _EVERY):
            known = ", ".join((*template.parts, _EVERY))
            raise UsageError(f"the template has no part {part!r}", hint=f"choose among {known}")
    wanted = template.parts if _EVERY in parts else parts
    return [column for column in template.columns if column.part is None or column.part in wanted]


def rows(*, parts: tuple[str, ...] = (), example: bool) -> list[list[str]]:
    """The column names, and below them the record where one is wanted."""
    names = [column.name for column in columns(parts)]
    record = example_row() if example else {}
    return [names, [record.get(name, "") for name in names]] if example else [names]


def as_csv(*, parts: tuple[str, ...] = (), example: bool) -> bytes:
    """The table as CSV."""
    return tables.as_csv(rows(parts=parts, example=example))


def as_xlsx(*, parts: tuple[str, ...] = (), example: bool) -> bytes:
    """The table as a workbook, with a second sheet that says what each column wants."""
    names, *records = rows(parts=parts, example=example)
    about = [
        (
            column.name,
            "must be filled" if column.required else "may stay empty",
            column.description,
            f"codes/{column.code_list}" if column.code_list else "",
            column.separator or "",
        )
        for column in columns(parts)
    ]
    return workbook(
        Sheet("Initiatives", names, records),
        Sheet(
            "Help", ("Column of the first sheet", "Must it?", "What to write", "Taken from", "Several parted by"), about
        ),
    )


FORMATS: Mapping[str, Callable[..., bytes]] = {"csv": as_csv, "xlsx": as_xlsx}
