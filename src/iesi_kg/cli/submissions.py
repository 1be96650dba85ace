"""``iesi-kg submissions``: the desk at the command line; the same decisions under the same rules as on the pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iesi_kg import settings
from iesi_kg.cli.files import os_user, say
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import SubmissionRejected, UnreadableFile, UsageError
from iesi_kg.records import Report
from iesi_kg.settings import Place

if TYPE_CHECKING:
    from iesi_kg.publication.desk import Desk
    from iesi_kg.publication.desk_item import Item
    from iesi_kg.settings import Settings
    from iesi_kg.store.base import Reader, VersionedStore

_store = click.option("--store", type=PLACE, help="folder or address of the store")
_form = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="how to write it"
)
_reason = click.option("--reason", default="", metavar="CODE", help="a code of the list decision-reason; kept public")
_WAYS = {"accepted": "accept", "returned": "return", "refused": "refuse", "withdrawn": "withdraw"}
_note = click.option("--note", default="", help="words for the sender, never published")


@click.group()
def command() -> None:
    """See what was handed in and decide on it."""


@command.command("list")
@click.option("--state", help="only what stands there: received, in-review, returned, accepted, refused, withdrawn")
@_form
@_store
def show_all(state: str | None, form: str, store: Place | None) -> None:
    """List what lies on the desk, the newest first."""
    chosen = settings.load(store=store)
    desk, opened = _open(chosen)
    items = [item for item in desk.all(opened.reader()) if state in (None, item.state.value)]
    opened.close()
    if form == "json":
        say(json.dumps([_facts(item) for item in items], ensure_ascii=False, indent=2) + "\n")
        return
    for item in items:
        sender = item.sender.name or item.sender.by or "somebody"
        what = f"{item.kind.value}: {item.title}, from {sender}"
        say(f"{item.id}  {item.state.value:9} {item.received:%Y-%m-%d}  {what}\n")
    if not items:
        click.echo("nothing lies there", err=True)


@command.command()
@click.argument("item_id", metavar="ID")
@click.option(
    "--file", "out", type=click.Path(dir_okay=False, path_type=Path), help="write the file as it came here as well"
)
@_form
@_store
def show(item_id: str, out: Path | None, form: str, store: Place | None) -> None:
    """Show one submission or request: its history, what is to be said of a file that waits, and what can be done."""
    chosen = settings.load(store=store)
    desk, opened = _open(chosen)
    try:
        item = desk.find(item_id, opened.reader())
        findings = _findings(desk, item, opened.reader()) if form == "text" else ""
    finally:
        opened.close()
    if out is not None:
        _save(desk, item, out)
    if form == "json":
        say(json.dumps(_facts(item), ensure_ascii=False, indent=2) + "\n")
        return
    say(f"{item.kind.value} {item.id}: {item.title}\n")
    if item.text:
        say(f"{item.text}\n")
    for event in item.history:
        reason = f", {event.reason}" if event.reason else ""
        say(f"  {event.at:%Y-%m-%d %H:%M} UTC  {event.state.value}{reason}, by {event.by or event.role.value}\n")
        if event.note:
            say(f"    {event.note}\n")
    say(findings)
    possible = {state.value for state in item.next_states}
    ways = "|".join(way for state, way in _WAYS.items() if state in possible)
    say(f"next: iesi-kg submissions {ways} {item.id}\n" if ways else "next: nothing, it is final\n")


def _findings(desk: Desk, item: Item, reader: Reader) -> str:
    """What is to be said now of a file that waits for a decision; nothing of anything else."""
    from iesi_kg.publication import workflow
    from iesi_kg.publication.desk_item import Kind, State
    from iesi_kg.validation import render

    if item.kind is not Kind.FILE or State.ACCEPTED not in item.next_states:
        return ""
    try:
        return render.text(workflow.check(desk.source(item), today=datetime.now(UTC).date(), reader=reader))
    except UnreadableFile as error:
        return f"it cannot be read: {error.detail}\n"


def _save(desk: Desk, item: Item, out: Path) -> None:
    from iesi_kg.publication.desk_item import Kind

    if item.kind is not Kind.FILE:
        raise UsageError(f"{item.id} is a request, which has no file", hint="leave --file out")
    try:
        out.write_bytes(desk.source(item).content)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}", hint="name another place") from None


@command.command()
@click.argument("item_id", metavar="ID")
@_reason
@_note
@_store
def accept(item_id: str, reason: str, note: str, store: Place | None) -> None:
    """Publish a file that was handed in, whole; or say that a request was followed."""
    _decide(item_id, "accepted", reason, note, store)


@command.command("return")
@click.argument("item_id", metavar="ID")
@_reason
@_note
@_store
def give_back(item_id: str, reason: str, note: str, store: Place | None) -> None:
    """Ask the sender to mend it."""
    _decide(item_id, "returned", reason, note, store)


@command.command()
@click.argument("item_id", metavar="ID")
@_reason
@_note
@_store
def refuse(item_id: str, reason: str, note: str, store: Place | None) -> None:
    """Refuse it."""
    _decide(item_id, "refused", reason, note, store)


@command.command()
@click.argument("item_id", metavar="ID")
@_reason
@_note
@_store
def withdraw(item_id: str, reason: str, note: str, store: Place | None) -> None:
    """Take a file out again: off the desk, or out of what is published."""
    _decide(item_id, "withdrawn", reason, note, store)


def _decide(item_id: str, state: str, reason: str, note: str, store: Place | None) -> None:
    from iesi_kg.operations.audit import Act, AuditLog
    from iesi_kg.operations.audited import AuditedStore
    from iesi_kg.publication.desk import Verdict
    from iesi_kg.publication.desk_item import Kind, State
    from iesi_kg.validation import render

    chosen, now, user = settings.load(store=store), datetime.now(UTC), os_user()
    desk, opened = _open(chosen)
    log, act = AuditLog(chosen.state_folder), Act(user, "command", f"hand-in {state}", now, {"item": item_id})
    try:
        item = desk.decide(AuditedStore(opened, log, act), item_id, Verdict(State(state), user, now, reason, note))
    except SubmissionRejected as refused:
        report = refused.members.get("report")
        if isinstance(report, Report):
            say(render.text(report))
        raise
    finally:
        opened.close()
    if item.kind is not Kind.FILE:
        log.append(act)  # nothing was committed that the log would tell of
    say(f"{item.id} is {item.state.value}" + (f": {item.graph}" if state == "accepted" and item.graph else "") + "\n")


def _open(chosen: Settings) -> tuple[Desk, VersionedStore]:
    from iesi_kg.publication.desk import Desk
    from iesi_kg.store import opening

    desk = Desk(chosen.state_folder, lock_timeout=chosen.lock_seconds, by_another=chosen.review_by_another)
    return desk, opening.open_store(chosen)


def _facts(item: Item) -> dict[str, Any]:
    from iesi_kg.publication.desk_item import encode

    return {**encode(item), "state": item.state.value, "revision": item.revision, "title": item.title}
