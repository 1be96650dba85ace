"""``iesi-kg log``: who changed what, when and in which version; ``--verify`` says whether the log is whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from iesi_kg import settings
from iesi_kg.cli.files import say
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import UsageError
from iesi_kg.operations.audit import AuditLog, Entry, carried_out
from iesi_kg.settings import Place


@click.command()
@click.option("--who", help="only what this person, role or token did")
@click.option("--what", help="only this kind: submission, bundled data, token created ...")
@click.option("--since", metavar="DATE", help="only from this day on (2026-01-31)")
@click.option("--until", metavar="DATE", help="only before this day")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--verify", is_flag=True, help="show nothing but whether the log is whole, and its head")
@click.option("--head", metavar="HASH", help="with --verify: a head kept elsewhere, which must still be in the log")
@click.option("--store", type=PLACE, help="folder or address of the store")
def command(
    who: str | None,
    what: str | None,
    since: str | None,
    until: str | None,
    form: str,
    verify: bool,
    head: str | None,
    store: Place | None,
) -> None:
    """Show the audit log, oldest entry first; JSON is one object a line, as it is kept."""
    log = AuditLog(settings.load(store=store).state_folder)
    if head and not verify:
        raise UsageError("--head goes with --verify")
    if verify:
        _verify(log, head)
        return
    first, end = _day(since), _day(until)
    entries = list(log.entries())
    if not entries:
        click.echo("nothing is logged there", err=True)
    for entry, done in zip(entries, carried_out(entries), strict=True):
        act = entry.act
        wanted = (who in (None, act.who)) and (what in (None, act.what))
        if wanted and not (first and act.at < first) and not (end and act.at >= end):
            say((_json(entry, done) if form == "json" else _text(entry, done)) + "\n")


def _verify(log: AuditLog, head: str | None) -> None:
    verdict = log.verify(head)
    if verdict.unfinished:
        click.echo("an append was interrupted at its end: it was never acknowledged", err=True)
    click.echo(f"{verdict.entries:,} entries, none changed, none missing\nhead {verdict.head}")


def _day(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(f"{text!r} is not a day", hint="write it as 2026-01-31") from None


def _text(entry: Entry, done: bool) -> str:
    act = entry.act
    made = "" if entry.version is None else f"  version {entry.version}"
    detail = ", ".join(f"{name} {value}" for name, value in act.detail.items())
    line = f"{entry.number:6}  {act.at:%Y-%m-%d %H:%M:%S}  {act.who}: {act.what}{made}"
    line += f"  ({detail})" if detail else ""
    line += "" if done else "  NOT CARRIED OUT"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def _json(entry: Entry, done: bool) -> str:
    act = entry.act
    facts = {
        "number": entry.number,
        "at": act.at.isoformat(timespec="milliseconds"),
        "who": act.who,
        "how": act.how,
        "what": act.what,
        "version": entry.version,
        "detail": dict(act.detail),
        "carried_out": done,
        "hash": entry.hash,
    }
    return json.dumps(facts, ensure_ascii=False)
