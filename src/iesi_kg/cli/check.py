"""``iesi-kg check``: a file to its verdict on standard output and an exit code."""

from __future__ import annotations

import sys

import click

from iesi_kg.cli.files import progress, read_source, say, terminal_width


@click.command()
@click.argument("file")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", help="how to say it")
def command(file: str, output: str) -> None:
    """Say what is wrong in FILE (- for standard input): CSV, Excel or RDF, told apart by content. Changes nothing.

    Exit code 0: accepted, maybe with warnings; 1: violations; 2: the file cannot be read; 3: any other error.
    """
    from iesi_kg.publication import workflow
    from iesi_kg.validation import render

    source = read_source(file)
    with progress(source, quiet=output == "json") as tell:
        report = workflow.check(source, progress=tell)
    if output == "json":
        click.echo(f"{render.json(report)}\n".encode(), nl=False)
    else:
        say(render.text(report, colour=sys.stdout.isatty(), width=terminal_width()))
    sys.exit(0 if report.conforms else 1)
