"""Counts callers, wrong tokens and sessions in shared memory: what holds for one process holds for all together."""

from __future__ import annotations

import struct
import time

from iesi_kg.endpoint.allowance import Allowance
from iesi_kg.operations.attempts import MOST, WINDOW, Attempts
from iesi_kg.web.processes.commons import BUCKET, ONE, RUNNING, SESSION
from iesi_kg.web.processes.table import Table
from iesi_kg.web.session import Session
from iesi_kg.web.turnstile import Account, Turnstile

_NONE = bytes(RUNNING.size)
_TIMES = struct.Struct(f"<{MOST}d")


class SharedTurnstile(Turnstile):
    """The accounts of callers in shared memory; ``seat`` is the place of this process in each."""

    def __init__(self, table: Table, seat: int) -> None:
        super().__init__()
        self._table = table
        self._own = BUCKET.size + seat * ONE.size

    def enter(self, caller: str, allowance: Allowance) -> None:
        self._enter(caller, allowance, +1)

    def through(self, caller: str, allowance: Allowance) -> None:
        self._enter(caller, allowance, 0)

    def _enter(self, caller: str, allowance: Allowance, more: int) -> None:
        now = time.monotonic()
        with self._table.lock:
            at, new = self._table.place(caller, now, self._is_busy)
            account = self._account(at, Account(allowance.requests, now) if new else None)
            account.enter(allowance, now)
            self._write(at, account, more)

    def charge(self, caller: str, allowance: Allowance, queries: int) -> None:
        if not allowance.requests or queries <= 0:
            return
        now = time.monotonic()
        with self._table.lock:
            at, new = self._table.place(caller, now, self._is_busy)
            account = self._account(at, Account(allowance.requests, now) if new else None)
            account.charge(allowance, now, min(queries, allowance.requests - 1))
            self._write(at, account, 0)

    def leave(self, caller: str) -> None:
        with self._table.lock:
            at = self._table.find(caller)
            if at is not None and ONE.unpack_from(self._table.memory, at + self._own)[0]:
                self._add(at, -1)

    def _account(self, at: int, fresh: Account | None) -> Account:
        if fresh is not None:
            return fresh
        left, since = BUCKET.unpack_from(self._table.memory, at)
        return Account(left, since, sum(RUNNING.unpack_from(self._table.memory, at + BUCKET.size)))

    def _write(self, at: int, account: Account, more: int) -> None:
        BUCKET.pack_into(self._table.memory, at, account.left, account.at)
        if more:
            self._add(at, more)

    def _add(self, at: int, more: int) -> None:
        place = at + self._own
        ONE.pack_into(self._table.memory, place, ONE.unpack_from(self._table.memory, place)[0] + more)

    def _is_busy(self, at: int) -> bool:
        first = at + BUCKET.size
        return self._table.memory[first : first + RUNNING.size] != _NONE


class SharedAttempts(Attempts):
    """Failed attempts in shared memory."""

    def __init__(self, table: Table, most: int = MOST, window: float = WINDOW) -> None:
        if most > MOST:
            raise ValueError(most)
        super().__init__(most, window)
        self._table = table

    def admit(self, address: str, now: float) -> None:
        with self._table.lock:
            super().admit(address, now)

    def failed(self, address: str, now: float) -> None:
        with self._table.lock:
            super().failed(address, now)

    def _recall(self, network: str) -> list[float]:
        at = self._table.find(network)
        return [] if at is None else [time for time in _TIMES.unpack_from(self._table.memory, at) if time]

    def _keep(self, network: str, times: list[float]) -> None:
        at, _ = self._table.place(network, times[-1])
        _TIMES.pack_into(self._table.memory, at, *([0.0] * (MOST - len(times))), *times)


class SharedRegister:
    """Open sessions in shared memory."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, digest: bytes, session: Session) -> None:
        """Open one."""
        with self._table.lock:
            at, _ = self._table.place(digest.hex(), time.monotonic())
            SESSION.pack_into(self._table.memory, at, session.ends, session.token.encode("ascii"))

    def get(self, digest: bytes) -> Session | None:
        """One that is open."""
        with self._table.lock:
            at = self._table.find(digest.hex())
            if at is None:
                return None
            ends, token = SESSION.unpack_from(self._table.memory, at)
            return Session(token.rstrip(b"\0").decode("ascii"), ends)

    def drop(self, digest: bytes) -> None:
        """Close one."""
        with self._table.lock:
            self._table.forget(digest.hex())
