"""What comes in over HTTP to the desk, and what its reviewers decide: who may, how often, and written into the log."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from math import ceil
from typing import Any
from urllib.parse import parse_qsl

from pyoxigraph import NamedNode
from starlette.requests import Request

from iesi_kg.errors import Forbidden, RequestTooLarge, ServiceBusy, TooManyAttempts, TooManyHandIns, UsageError
from iesi_kg.operations.attempts import Attempts
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.audited import AuditedStore
from iesi_kg.publication import linkage
from iesi_kg.publication.desk import Desk, Verdict, Wish
from iesi_kg.publication.desk_item import Item, Kind, Role, Sender, State
from iesi_kg.publication.linkage_graphs import Pair
from iesi_kg.publication.linkage_told import Decision
from iesi_kg.publication.outlook import Bounds
from iesi_kg.records import SourceFile
from iesi_kg.settings import Settings
from iesi_kg.vocabulary import iris
from iesi_kg.web.access import Caller, Gate
from iesi_kg.web.session import Sessions
from iesi_kg.web.site import Site

WITHOUT_TOKEN = 10
WINDOW = 600.0
LARGEST_FORM = 200_000
_MOST_FIELDS = 2_000
_KEY = re.compile(r"[\x21-\x7e]{8,200}")
_NOBODY = "(no token)"
_SHOWN_SECONDS = 10.0


class Reception:
    """The desk of a running service and what guards its door."""

    def __init__(self, settings: Settings, gate: Gate) -> None:
        folder = settings.state_folder
        self.desk = Desk(folder, lock_timeout=settings.lock_seconds, by_another=settings.review_by_another)
        self.sessions = Sessions(gate)
        self.bounds = Bounds()
        self._open = settings.hand_in_open
        self._log = AuditLog(folder)
        self._hand_ins = Attempts(WITHOUT_TOKEN, WINDOW)

    def may_hand_in(self, caller: Caller) -> bool:
        """Whether this caller may hand in files."""
        return self._open or caller.may("submit")

    def receive(self, source: SourceFile, caller: Caller, sender: Sender, address: str, key: str = "") -> Item:
        """Take a file. Raises Unauthorized, Forbidden, TooManyHandIns, UsageError, StoreError."""
        if not self.may_hand_in(caller):
            caller.require("submit")
        self._count(caller, address)
        now = datetime.now(UTC)
        item = self.desk.receive(source, replace(sender, by=caller.name or ""), now, _checked(key))
        self._note(item, caller, "hand-in", now)
        return item

    def ask(self, wish: Wish, caller: Caller, sender: Sender, address: str, key: str = "") -> Item:
        """Take a request, from anybody. Raises TooManyHandIns, UsageError, StoreError."""
        self._count(caller, address)
        now = datetime.now(UTC)
        item = self.desk.ask(wish, replace(sender, by=caller.name or ""), now, _checked(key))
        self._note(item, caller, "request", now)
        return item

    def mend(self, site: Site, path: tuple[str, str], source: SourceFile) -> Item:
        """Take the mended file of a sender who knows the status address."""
        item, now = self.desk.of_sender(*path, site.store.reader()), datetime.now(UTC)
        mended = self.desk.mend(item.id, source, now)
        self._log.append(Act(item.sender.by or _NOBODY, "http", "hand-in mended", now, {"item": item.id}))
        return mended

    def decide(self, site: Site, item_id: str, verdict: Verdict) -> Item:
        """One step of an item, in the name of whoever decides. Raises what ``Desk.decide`` does."""
        act = Act(verdict.by or _NOBODY, "http", f"hand-in {verdict.state.value}", verdict.at, {"item": item_id})
        before = self.desk.find(item_id, site.store.reader())
        done = self.desk.decide(AuditedStore(site.store, self._log, act), item_id, verdict)
        if before.revision != done.revision and (done.kind is not Kind.FILE or verdict.state is State.IN_REVIEW):
            self._log.append(act)  # the others made a commit, which the log tells of
        return done

    def decide_link(self, site: Site, pair: Pair, verdict: linkage.Verdict) -> Decision:
        """One decision on a link, in the name of whoever decides. Raises what ``linkage.decide`` does."""
        act = Act(verdict.by or _NOBODY, "http", f"link {verdict.choice.value}", verdict.at, {"link": pair.id})
        return linkage.decide(AuditedStore(site.store, self._log, act), pair, verdict)

    def take_back(self, site: Site, path: tuple[str, str]) -> Item:
        """What a sender may do with the status address alone: withdraw what is not decided yet."""
        item = self.desk.of_sender(*path, site.store.reader())
        if item.state is State.ACCEPTED:
            raise Forbidden(
                "what is published is taken back by a reviewer", hint="use “Something is wrong here” on the record"
            )
        wish = Verdict(State.WITHDRAWN, item.sender.by, datetime.now(UTC), "senders-wish", role=Role.SENDER)
        return self.decide(site, item.id, wish)

    def _count(self, caller: Caller, address: str) -> None:
        if caller.name is not None:
            return
        clock = time.monotonic()
        try:
            self._hand_ins.admit(address, clock)
        except TooManyAttempts as waiting:
            raise TooManyHandIns(
                f"{WITHOUT_TOKEN} came from this address within {ceil(WINDOW / 60)} minutes",
                retry_after=waiting.members["retry_after"],
            ) from None
        self._hand_ins.failed(address, clock)

    def _note(self, item: Item, caller: Caller, what: str, now: datetime) -> None:
        detail: dict[str, str | int] = {"item": item.id, "kind": item.kind.value}
        if item.kind is Kind.FILE:
            detail["sha256"] = item.latest_file.sha256
        self._log.append(Act(caller.name or _NOBODY, "http", what, now, detail))


def reception(request: Request) -> Reception:
    """The reception of this service."""
    found: Reception = request.app.state.reception
    return found


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""


def wish_of(kind: str, about: str, text: str) -> Wish:
    """A request as its fields say it; ``about`` is an IRI of ours, or its path. Raises UsageError."""
    try:
        wanted = Kind(kind)
        thing = iris.from_path(about) if about.startswith("/") else NamedNode(about)
    except ValueError:
        raise UsageError(
            "a request is a correction or a takedown of one record",
            hint="kind is correction or takedown, about the address of the record",
        ) from None
    if not (iris.local_path(thing) or "").startswith("/id/"):
        raise UsageError(f"<{thing.value[:200]}> is no record of this graph", hint="name it as in /id/initiative/name")
    return Wish(wanted, NamedNode(thing.value.partition("#")[0]), text)


async def shown(site: Site) -> None:
    """Wait until queries are answered on what was just decided; it is durable, so a slow process is no failure."""
    with suppress(ServiceBusy):
        await site.pool.reach(site.store.reader().version, _SHOWN_SECONDS)


async def fields(request: Request, most: int = LARGEST_FORM) -> dict[str, str]:
    """The fields of a form. Raises RequestTooLarge, UsageError."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise RequestTooLarge(f"the form is larger than {most:,} bytes", hint="write less", maximum=most)
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise UsageError("this is no form", hint="send it as application/x-www-form-urlencoded in UTF-8") from None
    return dict(pairs)


def sender_of(given: dict[str, Any]) -> Sender:
    """Who hands in, as far as the person says; never published."""
    return Sender(name=str(given.get("name", "")).strip(), contact=str(given.get("contact", "")).strip())


def _checked(key: str) -> str:
    if key and not _KEY.fullmatch(key):
        raise UsageError("a key of a hand-in is 8 to 200 visible characters", hint="make it up at random")
    return key
