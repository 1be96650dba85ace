"""The life of what is handed in: received, returned, in review, accepted, refused, withdrawn, each step kept and told.

A decision on a file is first noted as pending beside the file, then made in the store in one commit that also tells of
it, then entered in the history. After a crash in between, what the store tells says whether it was made.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pyoxigraph import NamedNode, Quad

from iesi_kg.errors import DecisionConflict, NotFound, OwnSubmission, StoreError, UsageError
from iesi_kg.publication import catalogue, decisions, entailment, provenance, withdrawal, workflow
from iesi_kg.publication.desk_item import DECISIONS, REASONED, REASONS, Event, Item, Kind, Role, Sender, State, moment
from iesi_kg.publication.desk_shelf import DeskShelf
from iesi_kg.publication.joined import Joined
from iesi_kg.publication.provenance import Occasion
from iesi_kg.records import SourceFile
from iesi_kg.store.base import ChangeSet, Reader, Store
from iesi_kg.vocabulary.codelists import CodeLists

LONGEST_TEXT = 5_000
LONGEST_LINE = 200
_CONTRIBUTOR = "contributor"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody decides on an item as it was at ``revision``; None takes it as it is now."""

    state: State
    by: str
    at: datetime
    reason: str = ""
    note: str = ""
    revision: int | None = None
    role: Role = Role.REVIEWER


@dataclass(frozen=True, slots=True)
class Wish:
    """A request about a published thing: to correct it, or to take it down."""

    kind: Kind
    about: NamedNode
    text: str


class Desk:
    """The desk of one store folder; ``by_another``: who handed in a file does not decide on it."""

    def __init__(self, folder: Path, *, lock_timeout: float = 10.0, by_another: bool = True) -> None:
        self._shelf = DeskShelf(folder, lock_timeout)
        self._by_another = by_another

    def receive(self, source: SourceFile, sender: Sender, at: datetime, key: str = "") -> Item:
        """Keep a file that was handed in; the same key, or a file of a named sender that waits already, is one item."""
        _refuse_long(sender)
        event = Event(State.RECEIVED, at, sender.by, Role.SENDER, file=_line(source.name), sha256=source.sha256)
        with self._shelf.locked():
            known = self._same_file(source, sender) if sender.by else None
            return known or self._enter(Item("", Kind.FILE, sender, (event,)), key, source)

    def ask(self, wish: Wish, sender: Sender, at: datetime, key: str = "") -> Item:
        """Keep a request. Raises UsageError for one without words or with too many."""
        _refuse_long(sender)
        text = wish.text.strip()
        if not text or len(text) > LONGEST_TEXT:
            raise UsageError(
                "a request says what is wrong", hint=f"in 1 to {LONGEST_TEXT:,} characters", parameter="text"
            )
        if wish.kind is Kind.FILE or len(wish.about.value) > 10 * LONGEST_LINE:
            raise UsageError("a request is a correction or a takedown of one record", parameter="kind")
        event = Event(State.RECEIVED, at, sender.by, Role.SENDER)
        item = Item("", wish.kind, sender, (event,), about=wish.about.value, text=text)
        with self._shelf.locked():
            return self._enter(item, key, None)

    def mend(self, item_id: str, source: SourceFile, at: datetime) -> Item:
        """Take the mended file of an item that was returned. Raises DecisionConflict for any other."""
        with self._shelf.locked():
            item = self._shelf.read(item_id)
            if item.kind is Kind.FILE and item.state is State.RECEIVED and item.latest_file.sha256 == source.sha256:
                return item
            event = Event(
                State.RECEIVED, at, item.sender.by, Role.SENDER, file=_line(source.name), sha256=source.sha256
            )
            _refuse_step(item, event)
            mended = replace(item, history=(*item.history, event))
            self._shelf.write(mended, source)
            return mended

    def all(self, reader: Reader) -> list[Item]:
        """Every item, the newest first."""
        return [_settled(item, reader) for item in self._shelf.all()]

    def find(self, item_id: str, reader: Reader) -> Item:
        """One item. Raises NotFound."""
        return _settled(self._shelf.read(item_id), reader)

    def of_sender(self, item_id: str, secret: str, reader: Reader) -> Item:
        """The item of a status address. Raises NotFound for a wrong one, whatever is wrong with it."""
        if not (self._shelf.knows(item_id, secret) and self._shelf.has(item_id)):
            raise NotFound("there is no receipt under this address", hint="mind that the whole address was copied")
        return self.find(item_id, reader)

    def address(self, item: Item) -> str:
        """The path under which the sender follows an item."""
        return f"/receipts/{item.id}/{self._shelf.secret(item.id)}"

    def source(self, item: Item) -> SourceFile:
        """The file of an item as it came."""
        return self._shelf.source(item)

    def decide(self, store: Store, item_id: str, verdict: Verdict) -> Item:
        """Take one step with an item: all of it or none; the same one sent twice is one.

        Raises NotFound, UsageError, DecisionConflict, OwnSubmission, SubmissionRejected, StoreError.
        """
        with self._shelf.locked():
            item = self._shelf.read(item_id)
            if item.pending is not None:
                with store.writer() as writer:
                    item = _settled(item, writer.reader)
            event = Event(verdict.state, verdict.at, verdict.by, verdict.role, verdict.reason, verdict.note.strip())
            if item.history[-1].says_the_same(event) and verdict.revision in (None, item.revision - 1):
                self._shelf.write(item)
                return item
            self._refuse(item, event, verdict.revision)
            return self._step(store, item, event)

    def _step(self, store: Store, item: Item, event: Event) -> Item:
        if item.kind is not Kind.FILE or event.state not in DECISIONS:
            done = replace(item, history=(*item.history, event))
            self._shelf.write(done)
            return done
        with self._pending(item, event):
            graph = self._told(store, item, event)
        done = replace(item, history=(*item.history, event), graph=graph)
        self._shelf.write(done)
        return done

    @contextmanager
    def _pending(self, item: Item, event: Event) -> Iterator[None]:
        """Note a step before it is made; a refused one leaves no trace, of a failed one the store tells."""
        self._shelf.write(replace(item, pending=event))
        try:
            yield
        except StoreError:  # it may have been committed all the same
            raise
        except Exception:  # whatever kept the step from being made, it is no longer pending
            self._shelf.write(item)
            raise

    def _told(self, store: Store, item: Item, event: Event) -> str:
        """Make a decision on a file in the store, in one commit; returns the graph of what is or was published."""
        told = decisions.statements(item, event)
        if event.state is State.ACCEPTED:
            return self._publish(store, item, event, told)
        with store.writer() as writer:
            change = ChangeSet("decision", add=told)
            if item.state is State.ACCEPTED:
                change = _withdrawal(writer.reader, item, event, told)
            writer.commit(change)
        return item.graph

    def _publish(self, store: Store, item: Item, event: Event, told: list[Quad]) -> str:
        came = self.source(item)  # under a name that tells nothing of anybody
        receipt = workflow.receive(SourceFile(f"hand-in {item.id}", came.content), today=event.at.date())
        done = workflow.publish_on(store, receipt, Occasion(_CONTRIBUTOR, event.at), told)
        if not done.changed:  # the same file was published past the desk
            with store.writer() as writer:
                writer.commit(ChangeSet("decision", add=told))
        return done.graph.value

    def _refuse(self, item: Item, event: Event, revision: int | None) -> None:
        if revision is not None and revision != item.revision:
            raise DecisionConflict(
                f"somebody decided on {item.id} meanwhile: it is {item.state.value} now",
                state=item.state.value,
                revision=item.revision,
            )
        _refuse_step(item, event)
        _refuse_reason(event)
        own = item.sender.by and item.sender.by.casefold() == event.by.casefold()
        if self._by_another and own and event.role is Role.REVIEWER and event.state is not State.WITHDRAWN:
            raise OwnSubmission(f"{event.by} handed {item.id} in, and does not decide on it")

    def _same_file(self, source: SourceFile, sender: Sender) -> Item | None:
        """What the same sender handed in before, where nothing came of it yet."""
        waiting = (State.RECEIVED, State.IN_REVIEW)
        for item in self._shelf.all():
            mine = item.kind is Kind.FILE and item.sender.by == sender.by and item.state in waiting
            if mine and item.latest_file.sha256 == source.sha256:
                return item
        return None

    def _enter(self, item: Item, key: str, source: SourceFile | None) -> Item:
        item_id = self._shelf.id_of(key or secrets.token_hex(16))
        if not self._shelf.has(item_id):
            entered = replace(item, id=item_id)
            self._shelf.write(entered, source)
            return entered
        known = self._shelf.read(item_id)
        same = (known.kind, known.about, known.text) == (item.kind, item.about, item.text)
        if not same or known.history[0].sha256 != item.history[0].sha256 or known.sender.by != item.sender.by:
            raise DecisionConflict(
                "this key came with something else before", hint="make up another key for another hand-in"
            )
        return known


def _withdrawal(reader: Reader, item: Item, event: Event, told: list[Quad]) -> ChangeSet:
    concept = CodeLists.load().resolve(REASONS, event.reason)
    reason = concept.label if concept else event.reason
    out = withdrawal.withdrawn(reader, NamedNode(item.graph), reason, moment(event.at))
    whole = entailment.with_inference(reader, replace(out, add=Joined(out.add, told)), event.at)
    return catalogue.kept_true(reader, whole)


def _settled(item: Item, reader: Reader) -> Item:
    """An item whose pending step was made or not, as the store tells."""
    if item.pending is None:
        return item
    if not decisions.stands(reader, item):
        return replace(item, pending=None)
    graph = item.graph
    if item.pending.state is State.ACCEPTED:
        published = provenance.graph_of_digest(reader, item.latest_file.sha256)
        graph = published.value if published else ""
    return replace(item, history=(*item.history, item.pending), graph=graph, pending=None)


def _refuse_step(item: Item, event: Event) -> None:
    if event.state not in item.next_states:
        raise DecisionConflict(
            f"{item.id} is {item.state.value}, and from there it cannot be {event.state.value}",
            hint=f"possible now: {', '.join(state.value for state in item.next_states) or 'nothing, it is final'}",
            state=item.state.value,
            revision=item.revision,
        )


def _refuse_reason(event: Event) -> None:
    known = [concept.notation for concept in CodeLists.load().concepts(REASONS)]
    if event.reason not in ("", *known):
        raise UsageError(f"{event.reason[:40]!r} is no reason of a decision", hint=f"one of: {', '.join(known)}")
    if not event.reason and event.state in REASONED:
        raise UsageError(
            f"to be {event.state.value} needs a reason", hint=f"one of: {', '.join(known)}", parameter="reason"
        )
    if len(event.note) > LONGEST_TEXT:
        raise UsageError(f"a note has at most {LONGEST_TEXT:,} characters", parameter="note")


def _refuse_long(sender: Sender) -> None:
    for text in (sender.by, sender.name, sender.contact):
        if len(text) > LONGEST_LINE:
            raise UsageError(f"a name or an address has at most {LONGEST_LINE} characters")


def _line(name: str) -> str:
    """A file name that can be shown: one line, not too long."""
    shown = "".join(c if c.isprintable() else " " for c in name.replace("\\", "/").rsplit("/", 1)[-1]).strip()
    return shown[-LONGEST_LINE:] or "file"
