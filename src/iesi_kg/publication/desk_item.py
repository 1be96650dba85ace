"""What lies on the desk, a file or a request, to and from the JSON that is kept of it; its history is only added to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

STATES = "submission-status"
REASONS = "decision-reason"


class State(StrEnum):
    """Where an item stands; the words are the codes of the code list ``STATES``."""

    RECEIVED = "received"
    IN_REVIEW = "in-review"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Kind(StrEnum):
    """A file to publish, or a request about a published record."""

    FILE = "file"
    CORRECTION = "correction"
    TAKEDOWN = "takedown"


class Role(StrEnum):
    """As whom somebody acts: all that is ever published of a person."""

    SENDER = "sender"
    REVIEWER = "reviewer"


DECISIONS = (State.RETURNED, State.ACCEPTED, State.REFUSED, State.WITHDRAWN)
REASONED = (State.RETURNED, State.REFUSED, State.WITHDRAWN)
NEXT = {
    State.RECEIVED: (State.IN_REVIEW, State.RETURNED, State.ACCEPTED, State.REFUSED, State.WITHDRAWN),
    State.IN_REVIEW: (State.RETURNED, State.ACCEPTED, State.REFUSED, State.WITHDRAWN),
    State.RETURNED: (State.RECEIVED, State.REFUSED, State.WITHDRAWN),
    State.ACCEPTED: (State.WITHDRAWN,),
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who handed in: the name of the token if there was one, and what the person gave; none of it is published."""

    by: str = ""
    name: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One step of an item: where it led, when, by whom and why; ``file`` and ``sha256`` are of what came with it."""

    state: State
    at: datetime
    by: str
    role: Role
    reason: str = ""
    note: str = ""
    file: str = ""
    sha256: str = ""

    def says_the_same(self, other: Event) -> bool:
        """Whether two are one act sent twice."""
        return (self.state, self.by, self.reason, self.note) == (other.state, other.by, other.reason, other.note)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on the desk; ``about`` and ``text`` are of a request, ``graph`` is where a file was published.

    ``pending`` is a step that was begun and not yet known to be done: what the store says of it decides.
    """

    id: str
    kind: Kind
    sender: Sender
    history: tuple[Event, ...]
    about: str = ""
    text: str = ""
    graph: str = ""
    pending: Event | None = field(default=None)

    @property
    def state(self) -> State:
        return self.history[-1].state

    @property
    def revision(self) -> int:
        """What a decision is taken on: the number of steps that were made."""
        return len(self.history)

    @property
    def received(self) -> datetime:
        return self.history[0].at

    @property
    def latest_file(self) -> Event:
        """The step that brought the file as it is now."""
        return next(event for event in reversed(self.history) if event.sha256)

    @property
    def title(self) -> str:
        """What the item is called in a list: the name of the file, or the thing a request is about."""
        return self.latest_file.file if self.kind is Kind.FILE else self.about

    @property
    def next_states(self) -> tuple[State, ...]:
        """Where it can go from here."""
        found = NEXT.get(self.state, ())
        return found if self.kind is Kind.FILE or self.state is not State.ACCEPTED else ()


def encode(item: Item) -> dict[str, Any]:
    """The item as it is kept."""
    facts = asdict(item)
    facts["history"] = [_encoded(event) for event in item.history]
    facts["pending"] = _encoded(item.pending) if item.pending else None
    return facts


def decode(facts: Mapping[str, Any]) -> Item:
    """The item as it was kept. Raises ValueError, KeyError, TypeError for anything else."""
    if not facts["history"]:
        raise ValueError("history")
    return Item(
        id=str(facts["id"]),
        kind=Kind(facts["kind"]),
        sender=Sender(**facts["sender"]),
        history=tuple(_event(event) for event in facts["history"]),
        about=str(facts["about"]),
        text=str(facts["text"]),
        graph=str(facts["graph"]),
        pending=_event(facts["pending"]) if facts["pending"] else None,
    )


def moment(at: datetime) -> str:
    """A time as it is kept and shown.

    >>> moment(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    '2026-11-22T09:30:00Z'
    """
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _encoded(event: Event) -> dict[str, Any]:
    return {**asdict(event), "at": moment(event.at)}


def _event(facts: Mapping[str, Any]) -> Event:
    given = {**facts, "state": State(facts["state"]), "role": Role(facts["role"])}
    return Event(**{**given, "at": datetime.fromisoformat(facts["at"]).astimezone(UTC)})
