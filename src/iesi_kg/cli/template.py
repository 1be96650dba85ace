"""``iesi-kg template``: the table to fill in, empty or with one filled row."""

from __future__ import annotations

import csv
import io

import click

from iesi_kg.errors import UsageError


@click.command()
@click.option("--format", "output", type=click.Choice(["csv"]), default="csv", help="kind of file")
@click.option("--part", "parts", multiple=True, metavar="NAME", help="with the columns of this part too; 'all' for all")
@click.option("--example", is_flag=True, help="with one filled row: a real record")
def command(output: str, parts: tuple[str, ...], example: bool) -> None:
    """Write an empty table to fill in: its first row are the column names, by default the basic ones."""
    from iesi_kg.publication import workflow

    template = workflow.template()
    for part in parts:
        if part not in (*template.parts, "all"):
            raise UsageError(
                f"the template has no part {part!r}", hint=f"choose among {', '.join(template.parts)}, all"
            )
    wanted = template.parts if "all" in parts else parts
    names = [column.name for column in template.columns if column.part is None or column.part in wanted]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    if example:
        from iesi_kg.publication.bundled import example_row

        row = example_row()
        writer.writerow([row.get(name, "") for name in names])
    click.echo(text.getvalue().encode(), nl=False)
