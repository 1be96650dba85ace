"""What each class of caller may use: one table for the service description, the headers, the pages and the gate."""

from __future__ import annotations

from dataclasses import dataclass

from iesi_kg.settings import Settings

ANONYMOUS = "anonymous"
TOKEN = "token"


@dataclass(frozen=True, slots=True)
class Allowance:
    """The limits of one class of caller.

    One query: ``seconds`` of wall time, ``bytes`` and ``rows`` of its result, ``memory`` of address space in bytes.
    One caller: ``concurrent`` queries running or waiting, ``requests`` evaluated per minute; 0 means no limit.
    """

    name: str
    seconds: float
    bytes: int
    rows: int
    memory: int
    concurrent: int
    requests: int


def allowances(settings: Settings) -> tuple[Allowance, ...]:
    """The limits of every class, that of unknown callers first.

    >>> [(found.name, found.seconds, found.rows) for found in allowances(Settings())]
    [('anonymous', 30.0, 1000000), ('token', 120.0, 5000000)]
    """
    given = settings
    return (
        Allowance(
            ANONYMOUS, given.query_seconds, given.query_bytes, given.query_rows, given.query_memory,
            given.query_concurrent, given.query_requests,
        ),
        Allowance(
            TOKEN, given.token_seconds, given.token_bytes, given.token_rows, given.token_memory,
            given.token_concurrent, given.token_requests,
        ),
    )  # fmt: skip
