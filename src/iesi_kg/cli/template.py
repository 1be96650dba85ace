"""``iesi-kg template``: the table to fill in, empty or with one filled row."""

from __future__ import annotations

import sys

import click

from iesi_kg.errors import UsageError


@click.command()
@click.option("--format", "output", type=click.Choice(["csv", "xlsx"]), default="csv", help="kind of file")
@click.option("--part", "parts", multiple=True, metavar="NAME", help="with the columns of this part too; 'all' for all")
@click.option("--example", is_flag=True, help="with one filled row: a real record")
def command(output: str, parts: tuple[str, ...], example: bool) -> None:
    """Write an empty table to fill in: its first row are the column names, by default the basic ones."""
    from iesi_kg.publication import blank

    if output == "xlsx" and sys.stdout.isatty():
        raise UsageError("a workbook is no text for a terminal", hint="iesi-kg template --format xlsx > table.xlsx")
    click.echo(blank.FORMATS[output](parts=parts, example=example), nl=False)
