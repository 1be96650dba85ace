"""``iesi-kg merge``: one published thing into another; the old address then leads to the one that stays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import os_user
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import UsageError
from iesi_kg.settings import Place

if TYPE_CHECKING:
    from iesi_kg.publication.merging import Done


@click.command()
@click.argument("old")
@click.argument("new", required=False)
@click.option("--by", required=True, metavar="NAME", help="your name, or a role: stored and shown with it")
@click.option("--reason", default="", help="why they are one; stored and shown with it")
@click.option("--undo", is_flag=True, help="take OLD out of what it was merged into, as `iesi-kg split` does")
@click.option("--store", type=PLACE, help="folder or address of the store")
def command(old: str, new: str | None, by: str, reason: str, undo: bool, store: Place | None) -> None:
    """Merge OLD into NEW, two initiatives or two organisations: an identifier, a path or an IRI each.

    NEW then says what both said; where there can be one value only, its own. The address of OLD leads to NEW. What
    was submitted stays as it came, and `iesi-kg split OLD` takes it back.

    Exit code 0: done; 3: unknown, merged already, of two kinds, or the store cannot be written.
    """
    if undo == (new is not None):
        raise UsageError("a merge names two things, taking it back names one", hint="iesi-kg merge OLD NEW --by NAME")
    act(old, new, by=by, reason=reason, store=store)


def act(old: str, new: str | None, *, by: str, reason: str, store: Place | None) -> None:
    """Merge one thing into another, or take it out again where no other is named, and say what was done."""
    from iesi_kg.operations.audit import Act, AuditLog
    from iesi_kg.operations.audited import AuditedStore
    from iesi_kg.publication import linkage, merging
    from iesi_kg.publication.provenance import Occasion
    from iesi_kg.store import opening

    settings = settings_module.load(store=store)
    opened = opening.existing(settings)
    try:
        occasion = Occasion(by, datetime.now(UTC), reason=" ".join(reason.split()))
        one = merging.thing(opened.reader(), old)
        other = merging.thing(opened.reader(), new) if new is not None else None
        what = "merge" if other else "split"
        detail = {"thing": one.value, "user": os_user()} | ({"into": other.value} if other else {})
        audited = AuditedStore(opened, AuditLog(settings.state_folder), Act(by, "command", what, occasion.at, detail))
        _tell(merging.merge(audited, one, other, occasion) if other else merging.split(audited, one, occasion), what)
        linkage.refresh(audited)
    finally:
        opened.close()


def _tell(done: Done, what: str) -> None:
    if what == "merge":
        click.echo(f"merged: <{done.old.value}> now leads to <{done.new.value}> ({done.moved:,} statements)")
    else:
        click.echo(f"split: <{done.old.value}> stands for itself again ({done.moved:,} statements)")
    click.echo(f"version {done.version} shows it")
