"""Turns what changes the store into lines of a log in which an edit, a gap or a missing end is seen.

Each line is a JSON object that holds the SHA-256 of the line before and of itself; ``audit.head`` beside it names the
last line. An entry is written and synchronised *before* the change it tells of: a change without an entry cannot be,
an entry without its change is told by the entry after it. Who can write the folder can forge the whole chain: against
that, keep the head that ``iesi-kg log --verify`` prints somewhere else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from iesi_kg.errors import LogDamaged, StoreError
from iesi_kg.operations.tokens import FOLDER
from iesi_kg.store.durable import locked, make_folder, store_error, sync_directory

START = "0" * 64
FAILED = "failed"
_LOCK_SECONDS = 10.0
_BLOCK = 65_536
_FIELDS = ("number", "at", "who", "how", "what", "version", "detail", "previous")


@dataclass(frozen=True, slots=True)
class Act:
    """Who does what, when, and by which way in: ``command`` or ``http``."""

    who: str
    how: str
    what: str
    at: datetime
    detail: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log; ``version`` is the one that the change makes, None for what makes none."""

    number: int
    act: Act
    version: int | None
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A log that holds: how many entries, and the hash of the last; ``unfinished`` bytes were never acknowledged."""

    entries: int
    head: str
    unfinished: int


class AuditLog:
    """The log of one store folder; any number of processes may write to it."""

    def __init__(self, store: Path) -> None:
        self.path = store / FOLDER / "audit.log"
        self._head = self.path.with_name("audit.head")

    def append(self, act: Act, version: int | None = None) -> Entry:
        """Write one entry durably. Raises LogDamaged and then changes nothing; StoreError when it cannot be written."""
        with self._changing():
            last, end = self._last()
            self._refuse_a_cut(last)
            number, previous = (last.number + 1, last.hash) if last else (1, START)
            facts = _facts(number, act, version, previous)
            entry = Entry(number, act, version, previous, _hash(facts))
            self._write(_line(facts, entry.hash), end)
            self._point_at(entry)
        return entry

    def entries(self) -> Iterator[Entry]:
        """Every entry, oldest first, each held against the one before. Raises LogDamaged where one does not hold."""
        before = START
        for number, line in enumerate(self._lines(), 1):
            if not _is_whole(line):
                return
            entry = self._entry(line, number)
            if entry.number != number or entry.previous != before:
                raise self._damaged(f"entry {number} does not follow the one before it: something was cut or put in")
            before = entry.hash
            yield entry

    def verify(self, kept: str | None = None) -> Verdict:
        """Hold every entry against the next, the last against the head, and a head that was kept elsewhere against all.

        Raises LogDamaged with the first thing that is wrong.
        """
        count, last, found = 0, START, kept in (None, START)
        head_number, head_hash = self._read_head()
        for entry in self.entries():
            count, last = entry.number, entry.hash
            found = found or last == kept
            if count == head_number and last != head_hash:
                raise self._damaged(f"entry {count} is not the one that {self._head.name} names: it was replaced")
        if count < head_number:
            raise self._damaged(f"entries {count + 1} to {head_number} are missing at its end")
        if not found:
            raise self._damaged("the head that you kept is not in it: it was cut, or written anew")
        size = self.path.stat().st_size if self.path.exists() else 0
        return Verdict(count, last, size - self._last()[1] if size else 0)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        folder = self.path.parent
        try:
            with ExitStack() as stack:
                make_folder(folder)
                stack.enter_context(locked(folder / "audit.LOCK", _LOCK_SECONDS))
                yield
        except OSError as error:
            raise store_error(error, self.path) from error

    def _lines(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                yield from file
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}") from None

    def _last(self) -> tuple[Entry | None, int]:
        """The last whole entry and where it ends, read from the end of the file."""
        try:
            with self.path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                tail = b""
                while len(tail) < end and tail.count(b"\n") < 3:
                    start = max(0, end - len(tail) - _BLOCK)
                    file.seek(start)
                    tail = file.read(end - start)
        except FileNotFoundError:
            return None, 0
        lines = tail.splitlines(keepends=True)
        if lines and not _is_whole(lines[-1]):
            end -= len(lines.pop())
        return (self._entry(lines[-1], None), end) if lines else (None, 0)

    def _entry(self, line: bytes, number: int | None) -> Entry:
        where = f"entry {number}" if number else "the last entry"
        try:
            facts: dict[str, Any] = json.loads(line)
            stated = str(facts.pop("hash"))
            act = Act(facts["who"], facts["how"], facts["what"], datetime.fromisoformat(facts["at"]), facts["detail"])
            entry = Entry(int(facts["number"]), act, facts["version"], str(facts["previous"]), stated)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._damaged(f"{where} cannot be read") from None
        if _hash(facts) != stated or line != _line(facts, stated):
            raise self._damaged(f"{where} was changed after it was written")
        return entry

    def _refuse_a_cut(self, last: Entry | None) -> None:
        number, digest = self._read_head()
        there = last.number if last else 0
        if there < number or (there == number and last is not None and last.hash != digest):
            raise self._damaged("its end was cut off or replaced")

    def _read_head(self) -> tuple[int, str]:
        try:
            number, digest = self._head.read_text("ascii").split()
            return int(number), digest
        except FileNotFoundError:
            return 0, START
        except OSError as error:
            raise StoreError(f"{self._head} cannot be read: {error.strerror}") from None
        except ValueError:
            raise self._damaged(f"{self._head.name} beside it is damaged") from None

    def _write(self, line: bytes, end: int) -> None:
        fresh = not self.path.exists()
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(handle, end)  # what an interrupted append left was never acknowledged
            try:
                view = memoryview(line)
                while view:
                    view = view[os.write(handle, view) :]
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, end)
                raise
        finally:
            os.close(handle)
        if fresh:
            sync_directory(self.path.parent)

    def _point_at(self, entry: Entry) -> None:
        """Replace the head, without waiting for the disk: one that a power cut set back is behind, not wrong."""
        draft = self._head.with_name(".audit.head.new")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{entry.number} {entry.hash}\n")
        draft.replace(self._head)

    def _damaged(self, why: str) -> LogDamaged:
        return LogDamaged(
            f"the log {self.path} is damaged: {why}",
            hint=f"find out who did it; then move {self.path.name} and {self._head.name} away, and a new log begins",
        )


def carried_out(entries: list[Entry]) -> list[bool]:
    """For each entry whether its change was made: not so when it says it failed, or a later one makes its version."""
    failed = {entry.act.detail.get("entry") for entry in entries if entry.act.what == FAILED}
    made = {entry.version: entry.number for entry in entries if entry.version is not None}
    return [
        entry.number not in failed and (entry.version is None or made[entry.version] == entry.number)
        for entry in entries
    ]


def _is_whole(line: bytes) -> bool:
    """Whether an append came to its end; after a power cut the file system may show zeros for what did not."""
    return line.endswith(b"\n") and b"\0" not in line


def _facts(number: int, act: Act, version: int | None, previous: str) -> dict[str, object]:
    at = act.at.astimezone(UTC).isoformat(timespec="milliseconds")
    values = (number, at, act.who, act.how, act.what, version, dict(act.detail), previous)
    return dict(zip(_FIELDS, values, strict=True))


def _hash(facts: Mapping[str, object]) -> str:
    return sha256(json.dumps(facts, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def _line(facts: Mapping[str, object], digest: str) -> bytes:
    return json.dumps({**facts, "hash": digest}).encode() + b"\n"
