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
class _Account:
    """What one caller has under way, and how many more queries it may ask at this moment."""

    left: float
    at: float
    running: int = 0


class Turnstile:
    """One account per caller, in bounded memory: idle callers are forgotten first.

    The account of a minute fills up evenly, so that a burst is possible and a steady rate is never refused.
    """

    def __init__(self) -> None:
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    def enter(self, caller: str, allowance: Allowance) -> None:
        """Count a query that begins. Raises TooManyQueries."""
        now = time.monotonic()
        account = self._accounts.get(caller)
        if account is None:
            account = self._accounts[caller] = _Account(allowance.requests, now)
            self._forget()
        if allowance.concurrent and account.running >= allowance.concurrent:
            raise TooManyQueries(
                f"{account.running} of your queries are under way; {allowance.concurrent} may be at once",
                hint="wait for an answer before you ask on",
                limit="concurrent",
                maximum=allowance.concurrent,
                retry_after=1,
            )
        if allowance.requests:
            _charge(account, allowance, now)
        account.running += 1
        self._accounts.move_to_end(caller)

    def charge(self, caller: str, allowance: Allowance, queries: int) -> None:
        """Count so many more queries of a caller who has entered. Raises TooManyQueries."""
        if allowance.requests and queries > 0:
            _charge(self._accounts[caller], allowance, time.monotonic(), min(queries, allowance.requests - 1))

    def leave(self, caller: str) -> None:
        """Count a query that has ended, however it did."""
        self._accounts[caller].running -= 1

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


def _charge(account: _Account, allowance: Allowance, now: float, queries: int = 1) -> None:
    pace = allowance.requests / _MINUTE
    account.left = min(allowance.requests, account.left + (now - account.at) * pace)
    account.at = now
    if account.left < queries:
        raise TooManyQueries(
            f"you asked more than {allowance.requests:,} queries a minute",
            hint="ask more slowly, or download the data and query them on your own machine",
            limit="requests",
            maximum=allowance.requests,
            retry_after=max(1, ceil((queries - account.left) / pace)),
        )
    account.left -= queries
