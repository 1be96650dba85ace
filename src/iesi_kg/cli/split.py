"""``iesi-kg split``: a merged thing out of the one it was merged into, or one record into those of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import os_user, read_sources
from iesi_kg.cli.merge import act
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import SubmissionRejected, UsageError
from iesi_kg.settings import Place

if TYPE_CHECKING:
    from iesi_kg.operations.audit import Act
    from iesi_kg.publication.dividing import Divided
    from iesi_kg.store.base import Store


@click.command()
@click.argument("old")
@click.option("--into", type=click.Path(path_type=Path), metavar="FILE", help="the records it becomes, two or more")
@click.option("--drop", is_flag=True, help="with --into: leave out what no record of FILE says")
@click.option("--undo", is_flag=True, help="take a split by --into back")
@click.option("--by", required=True, metavar="NAME", help="your name, or a role: stored and shown with it")
@click.option("--reason", default="", help="why they are two; stored and shown with it")
@click.option("--store", type=PLACE, help="folder or address of the store")
def command(old: str, into: Path | None, drop: bool, undo: bool, by: str, reason: str, store: Place | None) -> None:
    """Take OLD, an initiative or organisation that was merged, out of the one it was merged into.

    Its address answers for itself again, and both say what was submitted of each.

    With --into FILE, split a record that describes two initiatives: FILE is a file of the template with a row for
    each. The row with the identifier OLD keeps the address; where none has it, the address offers the choice.
    `iesi-kg template --format xlsx --records OLD` gives the row to begin with.

    Exit code 0: done; 1: FILE has violations; 3: unknown or not merged, sent again since, or the store cannot be
    written.
    """
    if (into is not None and undo) or (drop and into is None):
        raise UsageError("--drop goes with --into, --undo without it", hint="iesi-kg split OLD --into FILE --by NAME")
    if into is None and not undo:
        act(old, None, by=by, reason=reason, store=store)
    elif into is None:
        _undo(old, by, reason, store)
    else:
        _divide(old, into, by, reason, store, drop=drop)


def _divide(old: str, into: Path, by: str, reason: str, store: Place | None, *, drop: bool) -> None:
    from iesi_kg.cli.submit import show
    from iesi_kg.operations.audit import Act
    from iesi_kg.publication import dividing, linkage, merging, workflow
    from iesi_kg.publication.provenance import Occasion

    source, now = read_sources((str(into),)), datetime.now(UTC)
    receipt = workflow.receive(source, today=now.date())
    with _opened(store) as (opened, audited):
        thing = merging.thing(opened.reader(), old)
        detail = {"thing": thing.value, "file": source.name, "sha256": source.sha256, "user": os_user()}
        occasion = Occasion(by, now, reason=" ".join(reason.split()))
        try:
            there = audited(Act(by, "command", "split", now, detail))
            done = dividing.divide(there, thing, receipt, occasion, drop=drop)
            linkage.refresh(there)
        except SubmissionRejected as refused:
            show(refused.members.get("report"))
            raise
    _tell(thing.value, done)


def _undo(old: str, by: str, reason: str, store: Place | None) -> None:
    from iesi_kg.operations.audit import Act
    from iesi_kg.publication import dividing, linkage, merging
    from iesi_kg.publication.provenance import Occasion

    now = datetime.now(UTC)
    with _opened(store) as (opened, audited):
        thing = merging.thing(opened.reader(), old)
        detail = {"thing": thing.value, "user": os_user()}
        there = audited(Act(by, "command", "unite", now, detail))
        done = dividing.unite(there, thing, Occasion(by, now, reason=" ".join(reason.split())))
        linkage.refresh(there)
    click.echo(f"taken back: <{thing.value}> stands as it did before it was split")
    click.echo(f"version {done.version} shows it")


def _tell(old: str, done: Divided) -> None:
    listed = " and ".join(f"<{part.value}>" for part in done.parts)
    click.echo(f"split: <{old}> is {listed} now")
    if not done.kept:
        click.echo("its address offers the choice among them")
    if done.naming:
        click.echo(f"{done.naming:,} other record{' names' if done.naming == 1 else 's name'} it still")
    click.echo(f"version {done.version} shows it")


@contextmanager
def _opened(store: Place | None) -> Iterator[tuple[Store, Callable[[Act], Store]]]:
    from iesi_kg.operations.audit import AuditLog
    from iesi_kg.operations.audited import AuditedStore
    from iesi_kg.store import opening

    settings = settings_module.load(store=store)
    opened = opening.existing(settings)
    try:
        yield opened, lambda act: AuditedStore(opened, AuditLog(settings.state_folder), act)
    finally:
        opened.close()
