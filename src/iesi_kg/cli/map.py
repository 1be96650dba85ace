"""``iesi-kg map``: a drawing of what a store holds, as a table, as CSV or as a picture."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from iesi_kg import settings
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import UsageError
from iesi_kg.settings import Place


@click.command()
@click.option("--format", "form", type=click.Choice(["table", "csv", "svg", "png"]), default="table", show_default=True)
@click.option(
    "--drawing",
    "name",
    default="matrix",
    show_default=True,
    metavar="NAME",
    help="matrix, countries, years, coverage, network, or by- and a filter: by-technology",
)
@click.option(
    "--filter", "filters", multiple=True, metavar="NAME=CODE", help="for instance policy-area=aha; may be given again"
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="file to write; standard output else")
@click.option("--store", type=PLACE, help="folder or address of the store")
@click.option("--lang", default="en", show_default=True, help="language of the labels")
def command(form: str, name: str, filters: tuple[str, ...], out: Path | None, store: Place | None, lang: str) -> None:
    """Draw what a store holds: the map by potential and level of integration, or another view of it.

    What is not coded has a row of its own. The drawings are those of the pages /map, /coverage and /network.
    """
    from iesi_kg.analysis import drawings, knowledge_map, listing
    from iesi_kg.store import opening
    from iesi_kg.web.pages.wording import drawing_words, wordings

    if lang not in wordings():
        raise UsageError(f"there is no language {lang!r}", hint="one of " + ", ".join(sorted(wordings())))
    reader = opening.read(settings.load(store=store))
    index = listing.build(reader, lang)
    choice = listing.chosen(index, (_pair(given) for given in filters))
    words = drawing_words(wordings()[lang])
    if form == "table" and name == "matrix":
        text = knowledge_map.as_table(knowledge_map.matrix(index, choice, lang), words) + "\n"
        _write(text.encode(), out)
        return
    made = drawings.drawing(name, reader, choice, index=index, speech=drawings.Speech(lang, words))
    _write(_aligned(made.csv) if form == "table" else made.content(form), out)


def _pair(given: str) -> tuple[str, str]:
    name, _, code = given.partition("=")
    return name, code


def _aligned(text: str) -> bytes:
    """CSV with its columns below one another, for a terminal."""
    import csv

    lines = list(csv.reader(text.splitlines()))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)
    return "".join(f"{line}\n" for line in padded).encode()


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}") from None
