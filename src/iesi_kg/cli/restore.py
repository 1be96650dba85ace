"""``iesi-kg restore``: a backup to a store folder, checked while it is written; what stood there is kept aside."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import os_user
from iesi_kg.cli.place import PLACE
from iesi_kg.settings import Place


@click.command()
@click.argument("backup", type=click.Path(path_type=Path))
@click.option("--store", type=PLACE, help="folder of the store, or address of a server that holds nothing yet")
@click.option("--replace", is_flag=True, help="where there is a store: put it aside, beside the restored one")
@click.option(
    "--seen", type=click.IntRange(0), default=0, metavar="VERSION", help="the last version that the world saw: count on"
)
def command(backup: Path, store: Place | None, replace: bool, seen: int) -> None:
    """Restore BACKUP (a backup, a folder of backups for the newest, or a file) into an empty folder,
    or onto an empty server with an empty state folder (IESI_KG_STATE).

    The store is what it was, its version number included. Where later versions were published since, it counts on
    above them, so that no cache takes old for new: --replace finds that out itself, --seen says it.

    Exit code 0: restored; 3: the backup is damaged, the folder not empty, or it cannot be written; nothing was changed.
    """
    from iesi_kg.operations.restore import Wish, restore

    settings = settings_module.load(store=store)
    wish = Wish(settings.state_folder, os_user(), datetime.now(UTC), replace, seen, settings.lock_seconds)
    if settings.remote:
        from iesi_kg.operations.restore_server import restored

        done = restored(backup, settings, wish)
    else:
        done = restore(backup, wish)
    origin = done.manifest.origin
    click.echo(f"restored {settings.store}: version {done.version}, {origin.triples:,} statements")
    click.echo(
        f"of {origin.made:%Y-%m-%d %H:%M} UTC, made by iesi-kg {origin.software}; every file is what was backed up"
    )
    if done.version != origin.last:
        click.echo(f"version {origin.last} of the backup: later ones were published, so it counts on above them")
    if done.aside:
        click.echo(f"what stood there is kept: {done.aside}")
    for name in done.revoked:
        click.echo(f"revoked again, as it was since the backup: token {name}")
    for what in done.erased:
        click.echo(f"erased since the backup, and back now; erase it again: {what}", err=True)
