"""Counts what each caller asks: so many queries at once, so many a minute; beyond that 429 (RFC 6585 section 4)."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil

from iesi_kg.endpoint.allowance import Allowance
from iesi_kg.errors import TooManyQueries

_MINUTE = 60.0
_REMEMBERED = 4_096


@dataclass(slots=True)
class Account:
    """What one caller has under way, and how many more queries it may ask at this moment."""

    left: float
    at: float
    running: int = 0

    def enter(self, allowance: Allowance, now: float) -> None:
        """Let one more query begin. Raises TooManyQueries."""
        if allowance.concurrent and self.running >= allowance.concurrent:
            raise TooManyQueries(
                f"{self.running} of your queries are under way; {allowance.concurrent} may be at once",
                hint="wait for an answer before you ask on",
                limit="concurrent",
                maximum=allowance.concurrent,
                retry_after=1,
            )
        if allowance.requests:
            self.charge(allowance, now)
        self.running += 1

    def charge(self, allowance: Allowance, now: float, queries: int = 1) -> None:
        """Count queries against those of a minute. Raises TooManyQueries."""
        pace = allowance.requests / _MINUTE
        self.left = min(allowance.requests, self.left + (now - self.at) * pace)
        self.at = now
        if self.left < queries:
            raise TooManyQueries(
                f"you asked more than {allowance.requests:,} queries a minute",
                hint="ask more slowly, or download the data and query them on your own machine",
                limit="requests",
                maximum=allowance.requests,
                retry_after=max(1, ceil((queries - self.left) / pace)),
            )
        self.left -= queries


class Turnstile:
    """One account per caller, in bounded memory: idle callers are forgotten first.

    The account of a minute fills up evenly, so that a burst is possible and a steady rate is never refused.
    """

    def __init__(self) -> None:
        self._accounts: OrderedDict[str, Account] = OrderedDict()

    def enter(self, caller: str, allowance: Allowance) -> None:
        """Count a query that begins. Raises TooManyQueries."""
        now = time.monotonic()
        account = self._accounts.get(caller)
        if account is None:
            account = self._accounts[caller] = Account(allowance.requests, now)
            self._forget()
        account.enter(allowance, now)
        self._accounts.move_to_end(caller)

    def charge(self, caller: str, allowance: Allowance, queries: int) -> None:
        """Count so many more queries of a caller who has entered. Raises TooManyQueries."""
        if allowance.requests and queries > 0:
            self._accounts[caller].charge(allowance, time.monotonic(), min(queries, allowance.requests - 1))

    def leave(self, caller: str) -> None:
        """Count a query that has ended, however it did."""
        self._accounts[caller].running -= 1

    def through(self, caller: str, allowance: Allowance) -> None:
        """Count a query that ends as soon as it has begun. Raises TooManyQueries."""
        self.enter(caller, allowance)
        self.leave(caller)

    @contextmanager
    def passage(self, caller: str, allowance: Allowance) -> Iterator[None]:
        """Enter and leave around a query. Raises TooManyQueries."""
        self.enter(caller, allowance)
        try:
            yield
        finally:
            self.leave(caller)

    def _forget(self) -> None:
        if len(self._accounts) > _REMEMBERED:
            idle = next((name for name, account in self._accounts.items() if not account.running), None)
            if idle is not None:
                del self._accounts[idle]
