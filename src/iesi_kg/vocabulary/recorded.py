"""The tables of the curated data to the keys that their records have in other databases."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from iesi_kg import assets

_TABLES = "data/iesi"
_REJECTED = "data/linking/rejected.csv"


@dataclass(frozen=True, slots=True)
class Keyed:
    """One key of one record: whose record it is there, who said so and when."""

    identifier: str
    name: str
    database: str
    key: str
    by: str
    date: str


def keyed() -> Iterator[Keyed]:
    """Every key of another database, in the order of the tables."""
    for row in _records():
        for told in filter(None, row["external_identifiers"].split("|")):
            database, _, key = told.partition(":")
            yield Keyed(row["identifier"], row["name"], database, key, row["coded_by"], row["record_date"])


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record of another database that reads like one of ours and is not: ``comment`` says why."""

    identifier: str
    name: str
    database: str
    key: str
    comment: str
    by: str
    date: str


def rejected() -> Iterator[Rejected]:
    """Every pair that was read and found to be two things, in the order of the table."""
    names = {row["identifier"]: row["name"] for row in _records()}
    for row in csv.DictReader(StringIO(assets.text(_REJECTED), newline="")):
        database, _, key = row["record"].partition(":")
        yield Rejected(
            row["initiative"], names[row["initiative"]], database, key, row["comment"], row["author"], row["date"]
        )


def _records() -> Iterator[dict[str, str]]:
    for path in assets.names(_TABLES, ".csv"):
        yield from csv.DictReader(StringIO(assets.text(path), newline=""))
