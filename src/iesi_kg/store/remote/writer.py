"""Turns change sets into commits on a server: written into the diary, sent, and looked at again before they count.

Where a request is all or nothing (``Profile.transaction``), a commit is one request, guarded by the record of the
version; one that is too long for that waits in graphs of its own until one request moves it. Elsewhere a commit is
announced in the record, made step by step, and taken back from the diary when a step is refused. Whatever is sent can
be sent again: who was killed in the middle is finished by the next who opens the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from pyoxigraph import NamedNode

from iesi_kg.errors import BackendCut, BackendLost, BackendTimeout, StoreError, TwoWriters
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.changes import refuse_blank_nodes
from iesi_kg.store.remote import standing
from iesi_kg.store.remote.client import Client
from iesi_kg.store.remote.delta import effective, refuse_altered
from iesi_kg.store.remote.diary import Diary, Entry
from iesi_kg.store.remote.memory import Memory
from iesi_kg.store.remote.places import Places
from iesi_kg.store.remote.reader import RemoteReader
from iesi_kg.store.remote.sending import Sender
from iesi_kg.store.remote.standing import Standing
from iesi_kg.store.remote.view import View


class RemoteWriter:
    """The one writer of a store on a server; whoever makes it holds the local lock."""

    def __init__(self, client: Client, places: Places, diary: Diary, keep: int, memory: Memory | None = None) -> None:
        self._client, self._places, self._diary, self._keep = client, places, diary, keep
        self._sender = Sender(client, places)
        self._broken = False
        now = self._recovered()
        self._view = self._viewed(memory.at(now, diary) if memory is not None else Memory(now))

    @property
    def reader(self) -> RemoteReader:
        """What stands now."""
        return RemoteReader(self._view)

    @property
    def standing(self) -> Standing:
        """The record of what stands now."""
        return self._view.now

    @property
    def memory(self) -> Memory:
        """What was fetched of what stands now."""
        return self._view.memory

    def commit(self, change: ChangeSet) -> int:
        """Make all of the change or none, durably; returns the new version number.

        Raises BackendAlters, TwoWriters, BackendLost and the other StoreErrors; ``members`` of one that leaves open
        whether the change was made hold ``pending``: the next opening finds out, and finishes it.
        """
        if self._broken:
            raise StoreError("what became of the last change is not known yet", hint="open the store again")
        refuse_blank_nodes(change)
        reader, before = self.reader, self._view.now
        delta, growth = effective(reader, self._client, self._places, change)
        refuse_altered(self._client, self._sender, delta.add)
        after = Standing(before.number + 1, datetime.now(UTC), before.triples + growth, uuid4().hex, before.store)
        entry = Entry(before, after, delta)
        self._diary.begin(entry)
        try:
            self._make(entry)
        except StoreError as error:
            failure = self._after(entry, error)
            if failure is not None:
                raise failure from error
        self._diary.finish(entry, self._keep)
        self._view = self._viewed(self._view.memory.after(entry))
        return after.number

    def _make(self, entry: Entry) -> None:
        """Send a change and look whether it arrived."""
        self._sender.make(entry)
        self._look(entry)

    def _look(self, entry: Entry) -> None:
        found = standing.read(self._client, self._places)
        if found == entry.after:
            return
        if found is None or found.change == entry.before.change:
            raise BackendLost(
                f"{self._client.where.profile.title} acknowledged version {entry.after.number} and does not have it",
                hint="nothing of it counts; look at the server before you write again",
                backend=self._client.where.profile.title,
            )
        raise _two_writers(entry.before, found)

    def _after(self, entry: Entry, error: StoreError) -> StoreError | None:
        """What to say of a change that failed, once it is taken back or left to the next opening; None: it was made."""
        try:
            found = standing.read(self._client, self._places)
            if found == entry.after:
                return None
            if found is None or found.change != entry.before.change or found.pending not in ("", entry.after.change):
                self._diary.retract(entry)
                return _two_writers(entry.before, found)
            answered = "backend_status" in error.members  # else it may still be at it
            if answered or not isinstance(error, (BackendCut, BackendTimeout)):
                self._sender.take_back(entry, found)
                self._diary.retract(entry)
                return error
        except StoreError:
            pass
        self._broken = True
        return _left_open(entry, error)

    def _viewed(self, memory: Memory) -> View:
        return View(self._client, self._places, self._diary, memory, settled=True)

    def _recovered(self) -> Standing:
        """The record, after what a killed writer left was finished. Raises TwoWriters, StoreError."""
        found = standing.read(self._client, self._places)
        if found is None:
            raise StoreError(f"there is no store at {self._client.where.base}", hint="`iesi-kg serve` makes one")
        entry = self._diary.pending()
        if entry is None:
            if found.pending:
                raise TwoWriters(
                    f"a change of another machine is being made, or was cut, on version {found.number}",
                    hint="open the store there: that finishes it",
                )
            return found
        if found.change == entry.after.change:
            self._diary.finish(entry, self._keep)
            return entry.after
        if found.change != entry.before.change or found.pending not in ("", entry.after.change):
            self._diary.retract(entry)  # somebody else went on from there: what was never acknowledged is not made
            return self._recovered()
        return self._finish(entry, found)

    def _finish(self, entry: Entry, found: Standing) -> Standing:
        try:
            self._sender.make(replace(entry, before=found))
            self._look(entry)
        except StoreError as error:
            failure = self._after(entry, error)
            if self._broken:
                raise failure or error from error
            if failure is not None:
                return self._recovered()
        self._diary.finish(entry, self._keep)
        return entry.after


def _two_writers(before: Standing, found: Standing | None) -> TwoWriters:
    what = "took the store away" if found is None else f"made version {found.number}"
    if found is not None and found.change == before.change:
        what = "began a change"
    return TwoWriters(f"another machine {what} while this one was about to make version {before.number + 1}")


def _left_open(entry: Entry, error: StoreError) -> StoreError:
    number = entry.after.number
    return type(error)(
        f"whether version {number} was made is not known: {error.detail}",
        hint="it is written down here, and the next opening of the store finishes it; do not send it again before",
        **{**error.members, "pending": number},
    )


def begun(client: Client, places: Places, graphs: Sequence[NamedNode], quads: int, *, number: int = 0) -> Standing:
    """The record of a store that begins on a server; that of another who was faster."""
    first = Standing(number, datetime.now(UTC), quads, uuid4().hex, uuid4().hex)
    client.update(standing.begin(places, first, graphs))
    found = standing.read(client, places)
    if found is None:
        raise BackendLost(
            f"{client.where.profile.title} acknowledged the first record of the store and does not have it",
            hint="see whether the account may write, and whether reads go to the same server",
        )
    return found
