"""``iesi-kg split``: a merged thing out of the one it was merged into."""

from __future__ import annotations

import click

from iesi_kg.cli.merge import act
from iesi_kg.cli.place import PLACE
from iesi_kg.settings import Place


@click.command()
@click.argument("old")
@click.option("--by", required=True, metavar="NAME", help="your name, or a role: stored and shown with it")
@click.option("--reason", default="", help="why they are two; stored and shown with it")
@click.option("--store", type=PLACE, help="folder or address of the store")
def command(old: str, by: str, reason: str, store: Place | None) -> None:
    """Take OLD, an initiative or organisation that was merged, out of the one it was merged into.

    Its address answers for itself again, and both say what was submitted of each.

    Exit code 0: done; 3: unknown or not merged, sent again since, or the store cannot be written.
    """
    act(old, None, by=by, reason=reason, store=store)
