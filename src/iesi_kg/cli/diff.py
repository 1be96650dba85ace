"""``iesi-kg diff``: a file to what it would change, cell by cell, in words or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

import click

from iesi_kg import settings
from iesi_kg.cli.files import read_source, say
from iesi_kg.cli.place import PLACE
from iesi_kg.records import Severity
from iesi_kg.settings import Place

if TYPE_CHECKING:
    from iesi_kg.publication.revision import Change, Comparison, Conflict


@click.command()
@click.argument("file")
@click.option("--store", type=PLACE, help="folder or address of the store to compare with")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", help="how to say it")
@click.option("--take", type=click.Choice(["mine", "theirs"]), help="settle conflicts for the sheet or for the store")
def command(file: str, store: Place | None, output: str, take: str | None) -> None:
    """Say what submitting FILE would add, change and remove. Changes nothing.

    A sheet of `iesi-kg template --records` is compared three ways: what was changed in it since it was taken, against
    what is published now. Any other file replaces the records that it names.

    Exit code 0: compared; 1: conflicts, or violations that would keep it out; 2: the file cannot be read; 3: any other
    error.
    """
    from iesi_kg.publication import revision, workflow
    from iesi_kg.store import opening

    reader = opening.read(settings.load(store=store))
    receipt = workflow.receive(read_source(file), today=datetime.now(UTC).date())
    comparison = revision.compare(reader, receipt.submission, take=take)  # type: ignore[arg-type]
    violations = receipt.report.count(Severity.VIOLATION)
    if output == "json":
        click.echo(json.dumps({**comparison.as_dict(), "violations": violations}, ensure_ascii=False, indent=2))
    else:
        say("\n".join([*told(comparison), *_refused(violations, file), ""]))
    sys.exit(1 if comparison.conflicts or violations else 0)


def told(comparison: Comparison) -> Iterator[str]:
    """The comparison in words, record by record."""
    since = f" (taken from version {comparison.taken})" if comparison.taken is not None else ""
    yield f"{_count(comparison)} against version {comparison.present}{since}"
    for record, changes in groupby(comparison.changes, key=lambda change: change.record):
        yield f"\n{_slug(record)}{' (new)' if record in comparison.new else ''}"
        yield from (f"  {_change(change)}" for change in changes)
    if comparison.conflicts:
        yield "\nChanged on both sides:"
        yield from (line for conflict in comparison.conflicts for line in conflicting(conflict))
    if comparison.missing:
        yield f"\nNo row any more, so nothing is said of: {', '.join(map(_slug, comparison.missing))}"


def conflicting(conflict: Conflict) -> Iterator[str]:
    """Both values of one cell, and what it was."""
    yield f"  {_slug(conflict.record)}, {_cell(conflict)}: was {_value(conflict.base)}"
    yield f"    in the sheet {_value(conflict.mine)}, published meanwhile {_value(conflict.theirs)}"


def _refused(violations: int, file: str) -> Iterator[str]:
    if violations:
        named = "violation keeps" if violations == 1 else "violations keep"
        yield f"\n{violations:,} {named} the file out; what cannot be read shows as removed: iesi-kg check {file}"


def _count(comparison: Comparison) -> str:
    kinds = [change.kind for change in comparison.changes]
    parts = [f"{kinds.count(kind):,} {kind}" for kind in ("added", "changed", "removed") if kind in kinds]
    if comparison.conflicts:
        parts.append(f"{len(comparison.conflicts):,} in conflict")
    return f"cells: {', '.join(parts)}" if parts else "nothing would change"


def _change(change: Change) -> str:
    if change.kind == "added":
        return f"{_cell(change)}: added {_value(change.after)}"
    if change.kind == "removed":
        return f"{_cell(change)}: removed {_value(change.before)}"
    return f"{_cell(change)}: {_value(change.before)} becomes {_value(change.after)}"


def _cell(place: Change | Conflict) -> str:
    return f"{place.column} {place.position}" if place.position else place.column


def _value(text: str | None) -> str:
    return "nothing" if text is None else f'"{text}"'


def _slug(record: str) -> str:
    return record.rsplit("/", 1)[1]
