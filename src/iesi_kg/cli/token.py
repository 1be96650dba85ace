"""``iesi-kg token``: make, list and revoke tokens; the text of a token is shown once, on standard output alone."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, time, timedelta

import click

from iesi_kg import settings
from iesi_kg.cli.files import os_user, say
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import UsageError
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.tokens import SCOPES, Grant, Token, Tokens
from iesi_kg.operations.uses import Uses
from iesi_kg.settings import Place

_SPAN = re.compile(r"([1-9]\d{0,4})([dh])")
_store = click.option("--store", type=PLACE, help="folder or address of the store")


@click.group()
def command() -> None:
    """Make, list and revoke tokens. A running service sees every change at once."""


@command.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help=f"what it opens: {', '.join(SCOPES)}")
@click.option("--graph", "graphs", multiple=True, metavar="IRI", help="a graph that the scope write may change")
@click.option("--expires", default="90d", show_default=True, help="days (90d), hours (12h), a date (2027-01-31), never")
@_store
def create(name: str, scopes: tuple[str, ...], graphs: tuple[str, ...], expires: str, store: Place | None) -> None:
    """Make a token called NAME and write it to standard output, this once."""
    now = datetime.now(UTC)
    grant = Grant(name, frozenset(scopes), graphs, _expiry(expires, now))
    token, text = _tokens(store, now).create(grant, now)
    click.echo(f"token {token.id} for {name}: {_reach(token)}; {_until(token)}", err=True)
    click.echo("it is shown this once; only a digest of it is kept", err=True)
    click.echo(text)


@command.command("list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_store
def show(form: str, store: Place | None) -> None:
    """List every token with its scopes, dates and state; their texts are not kept."""
    now = datetime.now(UTC)
    chosen = settings.load(store=store).state_folder
    tokens, used = Tokens(chosen).all(), Uses(chosen).all()
    if form == "json":
        facts = [_facts(token, now, used.get(token.id)) for token in tokens]
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    for token in tokens:
        what = f"{_reach(token)}; {_until(token)}; {_use(used.get(token.id))}"
        say(f"{token.id}  {token.state(now):8} {token.name}: {what}\n")
    if not tokens:
        click.echo("no tokens", err=True)


@command.command()
@click.argument("which", metavar="NAME_OR_ID")
@_store
def revoke(which: str, store: Place | None) -> None:
    """End a token at once."""
    now = datetime.now(UTC)
    token = _tokens(store, now).revoke(which, now)
    click.echo(f"revoked {token.id} ({token.name})")


def _tokens(store: Place | None, now: datetime) -> Tokens:
    chosen = settings.load(store=store).state_folder
    log = AuditLog(chosen)

    def record(what: str, token: Token) -> None:
        detail = {"token": token.id, "name": token.name, "reach": _reach(token), "ends": _until(token)}
        log.append(Act(os_user(), "command", what, now, detail))

    return Tokens(chosen, record)


def _expiry(text: str, now: datetime) -> datetime | None:
    if text == "never":
        return None
    if span := _SPAN.fullmatch(text):
        return now + (timedelta(days=int(span[1])) if span[2] == "d" else timedelta(hours=int(span[1])))
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise UsageError(f"{text!r} is no time to expire", hint="90d, 12h, 2027-01-31 or never") from None
    return datetime.combine(day, time(), UTC)


def _reach(token: Token) -> str:
    return ", ".join(sorted(token.scopes)) + (f" on {', '.join(token.graphs)}" if token.graphs else "")


def _until(token: Token) -> str:
    return f"until {token.expires:%Y-%m-%d %H:%M} UTC" if token.expires else "until it is revoked"


def _use(used: datetime | None) -> str:
    return f"last used {used:%Y-%m-%d %H:%M} UTC" if used else "never used"


def _facts(token: Token, now: datetime, used: datetime | None) -> dict[str, object]:
    times = {"created": token.created, "expires": token.expires, "revoked": token.revoked, "last_used": used}
    return {
        "id": token.id,
        "name": token.name,
        "state": token.state(now),
        "scopes": sorted(token.scopes),
        "graphs": list(token.graphs),
        **{name: value.isoformat() if value else None for name, value in times.items()},
    }
