"""``iesi-kg questions``: the competency questions asked of a store, and each answer that is not the expected one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from iesi_kg import settings
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import UsageError
from iesi_kg.settings import Place

if TYPE_CHECKING:
    from iesi_kg.analysis.answers import Difference, Line
    from iesi_kg.analysis.examples import Example
    from iesi_kg.store.base import Reader

_MOST = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, how many rows it has now, and what came and went."""

    question: Example
    rows: int
    difference: Difference


@click.command()
@click.argument("numbers", metavar="[NUMBER]...", nargs=-1, type=click.IntRange(1))
@click.option(
    "--with", "file", metavar="FILE", help="what publishing this file would change, instead of what is expected"
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="how to say it")
@click.option("--all", "every", is_flag=True, help=f"every row that came or went, not the first {_MOST}")
@click.option("--store", type=PLACE, help="folder or address of the store")
def command(numbers: tuple[int, ...], file: str | None, form: str, every: bool, store: Place | None) -> None:
    """Ask the competency questions, all or those of these NUMBERs, and name each whose answer is another than expected.

    Expected is the answer that was worked out by hand from the tables of the bundle. With FILE: the answer now.

    Exit code 0: all the same; 1: some moved, each named with the rows that came and went; 3: any other error.
    """
    from iesi_kg.store import opening

    reader = opening.read(settings.load(store=store))
    found = list(_expected(reader, numbers) if file is None else _with(reader, numbers, file))
    click.echo(
        _json(found)
        if form == "json"
        else _text(found, "expected" if file is None else "before", None if every else _MOST),
        nl=False,
    )
    sys.exit(0 if all(one.difference.same for one in found) else 1)


def _questions(numbers: tuple[int, ...]) -> list[Example]:
    from iesi_kg.analysis.examples import competency

    found = [question for question in competency() if not numbers or int(question.slug[:3]) in numbers]
    if missing := sorted(set(numbers) - {int(question.slug[:3]) for question in found}):
        raise UsageError(f"there is no question {missing[0]}", hint=f"there are 1 to {len(competency())}")
    return found


def _expected(reader: Reader, numbers: tuple[int, ...]) -> Iterator[Asked]:
    from iesi_kg.analysis import answers

    for question in _questions(numbers):
        now = answers.given(reader, question)
        yield Asked(question, len(now), answers.difference(now, answers.expected(question.slug)))


def _with(reader: Reader, numbers: tuple[int, ...], file: str) -> Iterator[Asked]:
    from iesi_kg.analysis import answers
    from iesi_kg.cli.files import read_sources
    from iesi_kg.publication import outlook, workflow

    moment = datetime.now(UTC)
    receipt = workflow.receive(read_sources((file,)), today=moment.date())
    workflow.decide(receipt)
    after = outlook.after(reader, receipt, moment)
    for question in _questions(numbers):
        then = answers.given(after, question)
        yield Asked(question, len(then), answers.difference(then, answers.given(reader, question)))


def _text(found: list[Asked], standard: str, most: int | None) -> str:
    moved = [one for one in found if not one.difference.same]
    lines = [line for one in moved for line in _told(one, most)]
    same = len(found) - len(moved)
    return "\n".join([*lines, f"{len(found)} questions asked: {same} as {standard}, {len(moved)} moved", ""])


def _told(one: Asked, most: int | None) -> Iterator[str]:
    came, went = one.difference.came, one.difference.went
    yield f"{one.question.slug[:3]} {one.question.title}: {_rows(came)} came, {_rows(went)} went"
    for sign, rows in (("-", went), ("+", came)):
        for row in rows[:most]:
            yield f"  {sign} {_row(row)}"
        if most is not None and len(rows) > most:
            yield f"  {sign} and {len(rows) - most} more (--all)"


def _rows(rows: tuple[Line, ...]) -> str:
    return f"{len(rows)} row{'' if len(rows) == 1 else 's'}"


def _row(row: Line) -> str:
    return " | ".join(row)


def _json(found: list[Asked]) -> str:
    told = [
        {
            "question": one.question.slug,
            "title": one.question.title,
            "rows": one.rows,
            "same": one.difference.same,
            "came": one.difference.came,
            "went": one.difference.went,
        }
        for one in found
    ]
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"
