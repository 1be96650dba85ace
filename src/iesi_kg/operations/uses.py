"""Turns the uses of tokens into the minute of the last one, written at most once a minute and token."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from iesi_kg.errors import StoreBusy
from iesi_kg.operations.tokens import FOLDER
from iesi_kg.store.durable import locked

_PAUSE = timedelta(minutes=1)


class Uses:
    """When each token of a store folder was last used; a courtesy that never stands in the way of a request."""

    def __init__(self, store: Path) -> None:
        self._path = store / FOLDER / "used.json"
        self._written: dict[str, datetime] = {}

    def all(self) -> dict[str, datetime]:
        """The last use of each token, by its id; what cannot be read counts as never."""
        with suppress(OSError, ValueError, TypeError, AttributeError):
            times = json.loads(self._path.read_bytes()).items()
            return {str(name): datetime.fromisoformat(text).astimezone(UTC) for name, text in times}
        return {}

    def note(self, identifier: str, now: datetime) -> None:
        """Remember a use; one within a minute of the last that was written down is not worth a write."""
        before = self._written.get(identifier)
        if before is not None and now - before < _PAUSE:
            return
        self._written[identifier] = now
        with suppress(OSError, StoreBusy), locked(self._path.with_name("LOCK"), 0.0):
            self._write({**self.all(), identifier: now})

    def _write(self, uses: dict[str, datetime]) -> None:
        draft = self._path.with_name(".used.json.new")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({name: time.isoformat(timespec="minutes") for name, time in uses.items()}, file)
        draft.replace(self._path)
