"""The tables of the curated data to the keys that their records have in other databases."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from iesi_kg import assets

_TABLES = "data/iesi"


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
    for path in assets.names(_TABLES, ".csv"):
        for row in csv.DictReader(StringIO(assets.text(path), newline="")):
            for told in filter(None, row["external_identifiers"].split("|")):
                database, _, key = told.partition(":")
                yield Keyed(row["identifier"], row["name"], database, key, row["coded_by"], row["record_date"])
