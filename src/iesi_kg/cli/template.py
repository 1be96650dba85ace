"""``iesi-kg template``: the table to fill in, empty or with one filled row."""

from __future__ import annotations

import csv
import io

import click


@click.command()
@click.option("--format", "output", type=click.Choice(["csv"]), default="csv", help="kind of file")
@click.option("--example", is_flag=True, help="with one filled row: a real record")
def command(output: str, example: bool) -> None:
    """Write an empty table to fill in: its first row are the column names."""
    from iesi_kg.publication import workflow

    names = [column.name for column in workflow.template().columns]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    if example:
        from iesi_kg.publication.bundled import example_row

        row = example_row()
        writer.writerow([row.get(name, "") for name in names])
    click.echo(text.getvalue().encode(), nl=False)
