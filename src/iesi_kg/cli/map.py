"""``iesi-kg map``: the knowledge map of a store as a table, as CSV or as a drawing."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iesi_kg import settings
from iesi_kg.errors import StoreError, UsageError

if TYPE_CHECKING:
    from iesi_kg.analysis.listing import Choice, Index


@click.command()
@click.option("--format", "form", type=click.Choice(["table", "csv", "svg"]), default="table", show_default=True)
@click.option(
    "--filter", "filters", multiple=True, metavar="NAME=CODE", help="for instance policy-area=aha; may be given again"
)
@click.option("--store", type=click.Path(file_okay=False, path_type=Path), help="folder of the store")
@click.option("--lang", default="en", show_default=True, help="language of the labels")
def command(form: str, filters: tuple[str, ...], store: Path | None, lang: str) -> None:
    """Count the initiatives by potential and level of integration; those that are not coded have a row of their own."""
    from iesi_kg.analysis import knowledge_map, listing, map_drawing
    from iesi_kg.store.embedded import EmbeddedStore
    from iesi_kg.web.pages.wording import map_words, wordings

    if lang not in wordings():
        raise UsageError(f"there is no language {lang!r}", hint="one of " + ", ".join(sorted(wordings())))
    folder = settings.load(store=store).store
    if not folder.is_dir():
        raise StoreError(f"there is no store at {folder}", hint="--store DIR, or `iesi-kg serve` makes one")
    index = listing.build(EmbeddedStore(folder).reader(), lang)
    found = knowledge_map.matrix(index, _choice(index, filters), lang)
    words = map_words(wordings()[lang])
    match form:
        case "csv":
            sys.stdout.write(knowledge_map.as_csv(found))
        case "svg":
            sys.stdout.write(map_drawing.svg(found, words))
        case _:
            sys.stdout.write(knowledge_map.as_table(found, words) + "\n")


def _choice(index: Index, filters: tuple[str, ...]) -> Choice:
    """The filters as they are in the address of the map page."""
    from iesi_kg.analysis.listing import NONE, Choice

    known = [facet.key for facet in index.facets]
    codes: dict[str, list[str]] = defaultdict(list)
    for given in filters:
        name, _, code = given.partition("=")
        if name not in known:
            raise UsageError(f"there is no filter {name!r}", hint="one of " + ", ".join(known))
        if code != NONE and code not in index.values.get(name, {}):
            there = ", ".join(sorted(index.values.get(name, {}))[:40]) or "no code"
            raise UsageError(
                f"no initiative has {name} {code!r}", hint=f"there is {there}; {NONE} for what is not coded"
            )
        codes[name].append(code)
    return Choice(codes={name: tuple(wanted) for name, wanted in codes.items()})
