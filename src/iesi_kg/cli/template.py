"""``iesi-kg template``: the table to fill in, empty, with one filled row, or filled with published records."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from iesi_kg import settings
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import UsageError
from iesi_kg.settings import Place

if TYPE_CHECKING:
    from iesi_kg.publication.filling import Filled


@click.command()
@click.option("--format", "output", type=click.Choice(["csv", "xlsx"]), default="csv", help="kind of file")
@click.option("--part", "parts", multiple=True, metavar="NAME", help="with the columns of this part too; 'all' for all")
@click.option(
    "--lang", default="en", metavar="LANG", help="language of headers, lists and the read-me: en, fr, de, es, it"
)
@click.option("--example", is_flag=True, help="with one filled row: a real record")
@click.option("--records", is_flag=True, help="filled with the published records named by ID, to edit and send back")
@click.option("--store", type=PLACE, help="folder or address of the store of --records")
@click.argument("ids", nargs=-1, metavar="[ID]...")
def command(
    output: str,
    parts: tuple[str, ...],
    lang: str,
    example: bool,
    records: bool,
    store: Place | None,
    ids: tuple[str, ...],
) -> None:
    """Write the table to fill in: CSV, or a workbook with a sheet for each subject, drop-downs, help and code lists.

    With --records the workbook holds those records as they are published; sent back, it changes only what was
    changed in it: `iesi-kg diff` tells what, `iesi-kg submit` does it.
    """
    from iesi_kg.publication import blank

    if output == "xlsx" and sys.stdout.isatty():
        raise UsageError("a workbook is no text for a terminal", hint="iesi-kg template --format xlsx > table.xlsx")
    if bool(ids) != records:
        raise UsageError(
            "--records and the identifiers of records go together",
            hint="iesi-kg template --format xlsx --records ID...",
        )
    if records and example:
        raise UsageError("a table is filled with records or with an example", hint="leave --example out")
    filled = _filled(store, ids) if records else None
    click.echo(blank.FORMATS[output](parts=parts, example=example, lang=lang, filled=filled), nl=False)


def _filled(store: Place | None, ids: tuple[str, ...]) -> Filled:
    from iesi_kg.publication import filling
    from iesi_kg.store import opening

    return filling.filled(opening.read(settings.load(store=store)), ids)
