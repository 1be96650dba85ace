"""``iesi-kg check``: a file to its verdict on standard output and an exit code."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from iesi_kg import settings
from iesi_kg.cli.files import progress, read_sources, say, terminal_width
from iesi_kg.store.base import Reader


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", help="how to say it")
@click.option("--store", type=click.Path(file_okay=False, path_type=Path), help="folder of the store to check against")
def command(files: tuple[str, ...], output: str, store: Path | None) -> None:
    """Say what is wrong in FILE (- for standard input): CSV, Excel or RDF, told apart by content. Changes nothing.

    Several files, a folder or a zip archive are one submission, which is accepted whole or not at all.

    Where there is a store, records that are published already are taken into account, as `submit` does.

    Exit code 0: accepted, maybe with warnings; 1: violations; 2: the file cannot be read; 3: any other error.
    """
    from iesi_kg.publication import workflow
    from iesi_kg.validation import render

    source = read_sources(files)
    with progress(source, quiet=output == "json") as tell:
        report = workflow.check(source, today=datetime.now(UTC).date(), reader=_published(store), progress=tell)
    if output == "json":
        click.echo(f"{render.json(report)}\n".encode(), nl=False)
    else:
        say(render.text(report, colour=sys.stdout.isatty(), width=terminal_width()))
    sys.exit(0 if report.conforms else 1)


def _published(store: Path | None) -> Reader | None:
    """What is published in the store; None where there is no store and none was asked for."""
    from iesi_kg.store.embedded import EmbeddedStore

    opened = EmbeddedStore(settings.load(store=store).store)
    return opened.reader() if store or opened.layout.exists() else None
