"""What was noticed while a database was read to findings: columns, codes without a mapping, repairs, keys, counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from iesi_kg.linking.adapters_mapping import Table
from iesi_kg.linking.adapters_records import Seen
from iesi_kg.records import Finding, Severity
from iesi_kg.vocabulary.spelling import nearest

if TYPE_CHECKING:
    from iesi_kg.linking.adapters import Adapter, Edition

_LIKE = 60.0
_PART = 80.0
_REPAIRS = {
    "misread": "held letters that were decoded wrongly on the way; they were read as they were meant",
    "bytes": "held bytes that are not UTF-8; they were read as windows-1252 or marked with \ufffd",
}


def findings(adapter: Adapter, edition: Edition | None, files: Set[str], records: int, seen: Seen) -> Iterator[Finding]:
    """Everything that a user of the data should know, the gravest first; ``files`` are those read, by digest."""
    yield from _counted(edition, records)
    if edition is None:
        yield from _another(adapter.editions, files)
    yield from _keys(seen)
    for table in adapter.tables:
        if table.name in seen.columns:
            yield from _columns(table, seen.columns[table.name])
    yield from _repairs(seen)
    yield from _unmapped(adapter, seen)


def left_out(files: Mapping[str, str]) -> Iterator[Finding]:
    """Files of a folder that are none of the database, with why."""
    for name, why in files.items():
        yield Finding(Severity.WARNING, "file-left-out", f"left out {name}: {why}", value=name)


def lacks(missing: Sequence[str], columns: Iterable[str]) -> str:
    """Which columns are missing, and which of those that are there may be meant.

    >>> lacks(["name"], ["Name of case", "id"])
    "the column 'name' (is it 'Name of case' now?) is missing"
    """
    known = {_words(column): column for column in columns}
    said = []
    for name in missing:
        near = nearest(_words(name), known, likeness=_LIKE, part=_PART)
        said.append(f"{name!r}" + (f" (is it {known[near]!r} now?)" if near else ""))
    many = len(said) > 1
    listed = ", ".join(said)
    return f"the columns {listed} are missing" if many else f"the column {listed} is missing"


def _words(column: str) -> str:
    return " ".join(re.split(r"[\W_]+", column.casefold())).strip()


def _counted(edition: Edition | None, records: int) -> Iterator[Finding]:
    if records == 0:
        yield Finding(Severity.WARNING, "empty-database", "the files hold no record")
    if edition is not None and records != edition.records:
        yield Finding(
            Severity.WARNING,
            "unexpected-count",
            f"edition {edition.version} has {edition.records:,} records, but {records:,} were read",
        )


def _another(editions: Sequence[Edition], files: Set[str]) -> Iterator[Finding]:
    """Files that are a part of an edition that was tried, or none of one."""
    part = next((known for known in editions if files < known.files), None)
    if part:
        message = f"this is a part of edition {part.version}: {len(files):,} of {len(part.files):,} files"
        yield Finding(Severity.INFO, "part-of-edition", message)
    elif any(known.files for known in editions):
        tried = ", ".join(dict.fromkeys(f"{known.version} ({known.records:,} records)" for known in editions))
        yield Finding(
            Severity.INFO,
            "unknown-edition",
            f"these are not the files that the adapter was tried on: {tried}",
            suggestion="look at the columns and codes that are named; --version gives the edition a name",
        )


def _keys(seen: Seen) -> Iterator[Finding]:
    for key, file, first, again in seen.repeated:
        yield Finding(
            Severity.WARNING,
            "repeated-key",
            f"the key {key} stands twice, in record {first:,} and again in record {again:,} of {file}; "
            "both are kept, the later one under a key of its own",
            row=again,
            value=key,
        )
    for file, number in seen.keyless:
        yield Finding(
            Severity.WARNING, "no-key", f"record {number:,} of {file} has no key; its place stands for one", row=number
        )


def _columns(table: Table, found: set[str]) -> Iterator[Finding]:
    new = [name for name in sorted(found) if name not in table.columns and not table.is_left_out(name)]
    for name in table.columns:
        if name not in found and name not in table.optional:
            yield Finding(
                Severity.WARNING,
                "column-missing",
                f"{table.title}: {lacks([name], new)}; nothing is stated from it",
                column=name,
            )
    for name in new:
        yield Finding(
            Severity.INFO,
            "column-unknown",
            f"{table.title}: no mapping knows the column {name!r}; kept as text",
            column=name,
        )


def _repairs(seen: Seen) -> Iterator[Finding]:
    for (table, column, kind), number in seen.repairs.items():
        first = seen.first[table, column, kind]
        yield Finding(
            Severity.INFO,
            f"repaired-{kind}",
            f"{number:,} text{'' if number == 1 else 's'} of {column} {_REPAIRS[kind]}",
            column=column,
            row=first,
        )


def _unmapped(adapter: Adapter, seen: Seen) -> Iterator[Finding]:
    tables = {table.name: table for table in adapter.tables}
    for (table, column, text), number in seen.unmapped.most_common():
        near = next(
            (
                found
                for use in tables[table].columns[column].uses
                if use.crosswalk and (found := adapter.walk.near(use.crosswalk, text))
            ),
            None,
        )
        yield Finding(
            Severity.INFO,
            "not-mapped",
            f"{column}: {text!r} ({number:,} record{'' if number == 1 else 's'}) is not mapped; kept as text",
            column=column,
            row=seen.first[table, column, text],
            value=text,
            suggestion=f"near is {near!r}" if near else None,
        )
