"""``iesi-kg compact``: writes a store into fresh files, deletes versions that passed, and says what that gained."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import os_user
from iesi_kg.cli.place import PLACE
from iesi_kg.settings import Place

if TYPE_CHECKING:
    from iesi_kg.operations.compaction import Measured

_PATIENCE = 5.0


@click.command()
@click.option("--store", type=PLACE, help="folder of the store")
def command(store: Place | None) -> None:
    """Write the statements into fresh files, which hold nothing but them, and delete the versions before.

    The statements stay what they are, under the next version number; a running service goes on to it by itself. While
    it works, the fresh files stand beside the others: as much room as the store takes must be free. Ended in the
    middle, the store is as good as before.

    Exit code 0: done, or nothing to gain; 3: somebody writes, no room, or the store cannot be written.
    """
    from iesi_kg.operations.audit import Act, AuditLog
    from iesi_kg.operations.compaction import compact
    from iesi_kg.store.embedded import EmbeddedStore
    from iesi_kg.store.versions import Layout

    settings = settings_module.load(store=store)
    scratch = Layout(settings.folder).scratch.exists()
    log = None if scratch else AuditLog(settings.folder)
    opened = EmbeddedStore.open(settings.folder, lock_timeout=settings.lock_seconds, keep=1)
    try:
        done = compact(opened, log, Act(os_user(), "command", "compaction", datetime.now(UTC)), _PATIENCE)
    finally:
        opened.close()
    if not done.renewed:
        click.echo("nothing to gain: fresh files would be no smaller, so the store keeps those that it has")
    if done.renewed or done.before.versions != done.after.versions:
        click.echo(f"before  {_told(done.before)}")
    click.echo(f"{'after ' if done.renewed else 'now   '}  {_told(done.after)}")
    click.echo(f"version {done.version} stands")
    if done.held:
        click.echo(f"somebody still reads version {', '.join(map(str, done.held))}: it is deleted by a later writer")


def _told(measured: Measured) -> str:
    counts = f"{measured.files:,} files, {measured.bytes:,} bytes, {measured.versions} versions"
    return f"{counts}; all statements read in {measured.seconds:.3f} s"
