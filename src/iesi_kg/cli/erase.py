"""``iesi-kg erase``: takes a record or a person out of the store and of every release; the address then says why."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import os_user
from iesi_kg.cli.place import PLACE
from iesi_kg.settings import Place
from iesi_kg.vocabulary import curies, iris

if TYPE_CHECKING:
    from iesi_kg.store.base import VersionedStore

_PATIENCE = 5.0
_MOST_MENTIONS = 20


@click.command()
@click.argument("thing")
@click.option("--reason", required=True, help="why, as the address will say from now on; no personal data")
@click.option("--also", multiple=True, metavar="TEXT", help="erase every statement whose text holds TEXT; repeatable")
@click.option("--store", type=PLACE, help="folder or address of the store")
@click.option("--yes", is_flag=True, help="do not ask")
def command(thing: str, reason: str, also: tuple[str, ...], store: Place | None, yes: bool) -> None:
    """Erase THING (an IRI, or a path such as /id/agent/name) for good: personal data that must not be published.

    Releases that hold it are rewritten and marked; citations of them verify as redacted. This cannot be undone.

    Exit code 0: done; 3: nothing is known of it, no reason, or the store cannot be written.
    """
    from iesi_kg.operations.audit import Act, AuditLog
    from iesi_kg.operations.audited import AuditedStore
    from iesi_kg.publication import erasure
    from iesi_kg.publication.release_shelf import Shelf
    from iesi_kg.store import opening

    settings = settings_module.load(store=store)
    opening.refuse_missing(settings)
    node = iris.from_path(thing) if thing.startswith("/") else curies.expand(thing)
    order = erasure.Order(node, " ".join(reason.split()), datetime.now(UTC), also)
    if not yes:
        click.confirm(f"erase <{node.value}> from {settings.store} and from every release, for good?", abort=True)
    # No older version is kept: it would still hold what is erased.
    opened = opening.existing(settings, keep=1)
    shelf = Shelf(settings.state_folder)
    act = Act(os_user(), "command", "erasure", order.at, {"mark": iris.erased(node).value, "reason": order.reason})
    try:
        done = erasure.erase(AuditedStore(opened, AuditLog(settings.state_folder), act), shelf, order)
        held = _let_go(opened)
    finally:
        opened.close()
    click.echo(f"erased: {done.quads:,} statements; version {done.version} no longer holds them")
    if done.releases:
        click.echo(f"rewritten and marked: releases {', '.join(done.releases)}")
    if held:
        click.echo(
            f"somebody still reads version {', '.join(map(str, held))}, whose files hold it: end what reads it "
            "(restart a service), then erase again"
        )
    _tell(done.mentions)


def _let_go(store: VersionedStore) -> list[int]:
    """Older versions that readers do not let go of in time: a running service goes on to the new one by itself."""
    deadline = time.monotonic() + _PATIENCE
    while (held := store.forget_older()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return held


def _tell(mentions: Mapping[str, tuple[str, ...]]) -> None:
    """Name what still holds a name in a text, and say how much more there is."""
    for thing, places in list(mentions.items())[:_MOST_MENTIONS]:
        where = ", ".join(f"release {place}" if place else "now" for place in places)
        click.echo(
            f"still mentions the name in a text: {thing} ({where}; look at it; --also TEXT erases such statements)"
        )
    if len(mentions) > _MOST_MENTIONS:
        click.echo(f"and {len(mentions) - _MOST_MENTIONS:,} more")
