"""Turns the changes of a store on a server into files of the state folder: the one being made, and the last few.

What is being made is written here before the first byte is sent, so that whoever was killed in the middle can be
finished; what was made last lets a reader of an earlier version go on reading it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from iesi_kg.errors import StoreDamaged
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.durable import make_folder, store_error, sync_directory, write_atomically
from iesi_kg.store.journal import decode, encode
from iesi_kg.store.remote.standing import Standing

_PENDING, _DONE = ".pending", ".change"


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: the record it was made on, the record it makes, and just the quads that leave and enter."""

    before: Standing
    after: Standing
    change: ChangeSet


class Diary:
    """The files of one store; only the process that holds the writer's lock changes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def lock(self) -> Path:
        return self.folder / "LOCK"

    def prepare(self, store: str, address: str) -> None:
        """Make the folder, bound to one store. Raises StoreDamaged where it is that of another one."""
        name = self.folder / "store.json"
        try:
            make_folder(self.folder)
            if not name.exists():
                write_atomically(name, json.dumps({"store": store, "address": address}).encode() + b"\n")
            known = json.loads(name.read_bytes())
        except OSError as error:
            raise store_error(error, self.folder) from error
        except ValueError:
            raise StoreDamaged(f"{name} is damaged", hint="delete it if the folder is that of this store") from None
        if known.get("store") != store:
            raise StoreDamaged(
                f"{self.folder.parent} belongs to another store, which stood at {known.get('address')}",
                hint="name another folder as IESI_KG_STATE, or move this one away",
            )

    def pending(self) -> Entry | None:
        """The change that was begun and not finished."""
        return next((_read(path) for path in sorted(self.folder.glob(f"[0-9]*{_PENDING}"))), None)

    def is_pending(self) -> bool:
        """Whether a change was begun and is not finished, by whoever."""
        return next(self.folder.glob(f"[0-9]*{_PENDING}"), None) is not None

    def begin(self, entry: Entry) -> None:
        """Write down what is about to be made. Raises StoreFull, StoreReadOnly."""
        facts = {"before": entry.before.facts(), "after": entry.after.facts(), "forget": entry.change.forget}
        try:
            write_atomically(self._path(entry, _PENDING), json.dumps(facts).encode() + b"\n" + encode(entry.change))
        except OSError as error:
            raise store_error(error, self.folder) from error

    def finish(self, entry: Entry, keep: int) -> None:
        """It is made: keep it among the last few, or nothing at all where it is to be forgotten."""
        try:
            if entry.change.forget:
                self.retract(entry)
                self.forget()
                return
            self._path(entry, _PENDING).rename(self._path(entry, _DONE))
            for path in self._done()[: -max(1, keep)]:
                path.unlink(missing_ok=True)
            sync_directory(self.folder)
        except OSError as error:
            raise store_error(error, self.folder) from error

    def retract(self, entry: Entry) -> None:
        """It is not made and never will be."""
        try:
            self._path(entry, _PENDING).unlink(missing_ok=True)
            sync_directory(self.folder)
        except OSError as error:
            raise store_error(error, self.folder) from error

    def forget(self) -> None:
        """Keep none of the last changes."""
        for path in self._done():
            path.unlink(missing_ok=True)

    def since(self, standing: Standing) -> Iterator[Entry]:
        """The changes that were made after a version, or were begun, in order, as far as they are known here."""
        entries = [_read(path) for path in self._done() if int(path.stem) > standing.number]
        pending = self.pending()
        last = standing
        for entry in [*entries, *([pending] if pending else [])]:
            if entry is None or entry.before.change != last.change:
                return
            last = entry.after
            yield entry

    def last_number(self) -> int:
        """The last version that was made from here, as far as it is known; 0 for none."""
        return max((int(path.stem) for path in self._done()), default=0)

    def _done(self) -> list[Path]:
        return sorted(self.folder.glob(f"[0-9]*{_DONE}"))

    def _path(self, entry: Entry, suffix: str) -> Path:
        return self.folder / f"{entry.after.number:08d}{suffix}"


def _read(path: Path) -> Entry | None:
    """An entry; None for one that was finished and dropped in this moment."""
    try:
        head, _, payload = path.read_bytes().partition(b"\n")
        facts = json.loads(head)
        return Entry(
            _standing(facts["before"]),
            _standing(facts["after"]),
            replace(decode(payload), forget=bool(facts["forget"])),
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise store_error(error, path) from error
    except (ValueError, KeyError, TypeError):
        raise StoreDamaged(f"{path} is damaged", hint="restore the state folder from a backup") from None


def _standing(facts: list[list[str]]) -> Standing:
    found: dict[str, str] = dict(map(tuple, facts))  # type: ignore[arg-type]
    created = datetime.fromisoformat(found["created"])
    return Standing(int(found["version"]), created, int(found["quads"]), found["change"], found["store"])
