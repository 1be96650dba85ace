"""``iesi-kg backup``: all that belongs to a store to a folder of backups or to one file, while it is written to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.place import PLACE
from iesi_kg.settings import Place, Settings

if TYPE_CHECKING:
    from iesi_kg.operations.backup import Made, Wish


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--store", type=PLACE, help="folder or address of the store")
@click.option("--keep", type=click.IntRange(1), help="delete all but the newest KEEP backups in the folder")
@click.option("--quads", is_flag=True, help="statements as N-Quads, which need no engine: slower, and restored slower")
@click.option("--list", "listing", is_flag=True, help="list the backups in the folder; make none")
def command(target: Path, store: Place | None, keep: int | None, quads: bool, listing: bool) -> None:
    """Back up the store into TARGET: a folder of backups, or a new file ending in .tar, .tar.gz or .tgz.

    A folder gets a new backup, which shares by hard links what did not change since the one before. A service may run
    and write meanwhile. Every backup is read again before it gets its name.

    A backup holds personal data (the desk, the log, names of tokens): its files are their owner's alone.

    Exit code 0: made and checked; 3: not made, and nothing left behind.
    """
    from iesi_kg.operations import backup

    if listing:
        _list(target)
        return
    settings = settings_module.load(store=store)
    wish = backup.Wish(target, datetime.now(UTC), keep or 0)
    _tell(_of_quads(settings, wish) if quads or settings.remote else backup.make(settings.folder, wish))


def _of_quads(settings: Settings, wish: Wish) -> Made:
    from iesi_kg.operations import backup
    from iesi_kg.publication.release_content import write_quads
    from iesi_kg.store import opening

    store = opening.existing(settings)
    try:
        return backup.make_of_quads(
            store.reader, settings.state_folder, lambda reader, path: write_quads(reader.quads(), path), wish
        )
    finally:
        store.close()


def _tell(made: Made) -> None:
    origin = made.manifest.origin
    told = ", ".join(f"{name} {count:,}" for name, count in origin.counts.items())
    click.echo(f"{made.place}: version {origin.last}, {origin.triples:,} statements ({told})")
    size = f"{len(made.manifest.items):,} files, {made.manifest.size:,} bytes, each read again"
    click.echo(f"{size}; {made.linked:,} files shared with the backup before")
    personal = [str(part["name"]) for part in made.manifest.parts() if part["personal_data"]]
    click.echo(f"personal data may be in: {', '.join(personal)}")
    for name in made.deleted:
        click.echo(f"deleted: {name}")
    for name in made.older:
        click.echo(f"made before something was erased, and still holds it: {name} (delete it, or use --keep)", err=True)


def _list(target: Path) -> None:
    from iesi_kg.errors import StoreError
    from iesi_kg.operations import backup, backup_files

    backups = backup.finished(target)
    if not backups:
        click.echo(f"no backup in {target}")
    for place in backups:
        try:
            content = backup_files.read(place)
        except StoreError as error:
            click.echo(f"{place.name}  damaged: {error.detail}", err=True)
            continue
        origin = content.origin
        click.echo(
            f"{place.name}  {origin.triples:,} statements, {len(origin.releases)} releases, {content.size:,} bytes"
        )
