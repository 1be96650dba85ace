"""Turns what changes a store into what is written into the log before it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from iesi_kg.errors import IesiKgError, StoreError
from iesi_kg.operations.audit import FAILED, Act, AuditLog
from iesi_kg.store.base import ChangeSet, Reader, Store, Writer


class AuditedStore:
    """A Store whose commits are all made in the name of one act."""

    def __init__(self, store: Store, log: AuditLog, act: Act) -> None:
        self._store, self._log, self._act = store, log, act

    def reader(self) -> Reader:
        """A view of the current version."""
        return self._store.reader()

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        """Become the one writer."""
        with self._store.writer() as writer:
            yield AuditedWriter(writer, self._log, self._act)

    def close(self) -> None:
        """Close the store behind."""
        self._store.close()


class AuditedWriter:
    """A Writer that says first what it is about to do: the version after the one that stands."""

    def __init__(self, writer: Writer, log: AuditLog, act: Act) -> None:
        self._writer, self._log, self._act = writer, log, act

    @property
    def reader(self) -> Reader:
        return self._writer.reader

    def commit(self, change: ChangeSet) -> int:
        """Log, then commit; a commit that fails is logged as failed. Raises LogDamaged with nothing changed."""
        with audited(self._log, self._act, self._writer.reader.version + 1):
            return self._writer.commit(change)


@contextmanager
def audited(log: AuditLog, act: Act, version: int | None = None) -> Iterator[None]:
    """Log an act, then let it be done; one that fails is logged as failed. Raises LogDamaged with nothing done."""
    entry = log.append(act, version)
    try:
        yield
    except IesiKgError as error:
        with suppress(StoreError):  # on a full disk the next entry, which makes the same version, tells it
            log.append(replace(act, what=FAILED, detail={"entry": entry.number, "reason": error.code}))
        raise
