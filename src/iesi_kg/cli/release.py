"""``iesi-kg release``: a name for what is published now, kept for good; a list of releases; a check of their files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import os_user
from iesi_kg.cli.place import PLACE
from iesi_kg.settings import Place

if TYPE_CHECKING:
    from iesi_kg.publication.release_shelf import Shelf


@click.command()
@click.argument("name", required=False)
@click.option("--store", type=PLACE, help="folder or address of the store")
@click.option("--check", is_flag=True, help="compare the files of the release, or of all, with their hashes")
def command(name: str | None, store: Place | None, check: bool) -> None:
    """Make the release NAME (2026.1) of what is published now; without NAME, list the releases.

    Exit code 0: done; 3: the name is taken or malformed, a file is damaged, or the store cannot be read or written.
    """
    from iesi_kg.operations.audit import Act, AuditLog
    from iesi_kg.operations.audited import audited
    from iesi_kg.publication import release
    from iesi_kg.publication.release_shelf import Shelf
    from iesi_kg.store import opening

    settings = settings_module.load(store=store)
    opening.refuse_missing(settings)
    shelf = Shelf(settings.state_folder)
    if check:
        _check(shelf, name)
        return
    if name is None:
        _list(shelf)
        return
    opened = opening.existing(settings)
    now = datetime.now(UTC)
    act = Act(os_user(), "command", "release", now, {"name": name})
    try:
        with audited(AuditLog(settings.state_folder), act):
            made = release.make(opened, shelf, name, at=now)
    finally:
        opened.close()
    facts = made.manifest
    click.echo(f"release {made.name}: {facts['quads']:,} quads, {len(made.files)} files in {made.folder}")
    if facts["predecessor"]:
        changed = facts["changes"]
        click.echo(
            f"since {facts['predecessor']}: {changed['added']} added, {changed['changed']} changed, "
            f"{changed['removed']} removed; {changed['examples']} example answers moved"
        )
    click.echo(f"served at /releases/{made.name} and /v/{made.name}/sparql")


def _check(shelf: Shelf, name: str | None) -> None:
    for each in [name] if name else shelf.names():
        found = shelf.get(each)
        found.check()
        click.echo(f"release {each}: {len(found.files)} files are what was released")


def _list(shelf: Shelf) -> None:
    releases, damaged = shelf.looked_through()
    if not releases and not damaged:
        click.echo("no release yet; `iesi-kg release 2026.1` makes one")
    for each in releases:
        mark = f", {len(each.redactions)} redactions" if each.redactions else ""
        click.echo(f"{each.name:10} {each.issued}  {each.manifest['quads']:,} quads{mark}")
    if damaged:
        *others, last = damaged
        for damage in others:
            click.echo(f"damaged: {damage.detail}", err=True)
        raise last
