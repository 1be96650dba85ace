"""Counts what the service answers: totals for /metrics (Prometheus text format 0.0.4), the last hour for /status.

https://prometheus.io/docs/instrumenting/exposition_formats/ ; nothing of who asked is kept.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 30.0)
_MINUTES = 60
_PARTS = frozenset(
    {
        "sparql", "update", "graph", "id", "codes", "ontology", "initiatives", "check", "releases", "v", "cite",
        "feeds", "queries", "reconcile", "static", "health", "metrics", "status", "build",
    }
)  # fmt: skip
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


@dataclass(slots=True)
class Minute:
    """What was answered within one minute."""

    number: int
    answers: int = 0
    failures: int = 0


@dataclass(slots=True)
class Meter:
    """The counters of one running service; only the thread of the event loop writes them."""

    begun: float = field(default_factory=time.monotonic)
    answers: dict[tuple[str, str, int], int] = field(default_factory=dict)
    buckets: dict[str, list[int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    minutes: deque[Minute] = field(default_factory=lambda: deque(maxlen=_MINUTES))

    def enter(self, part: str) -> None:
        """A request begins."""
        self.running[part] = self.running.get(part, 0) + 1

    def leave(self, part: str, method: str, status: int, seconds: float) -> None:
        """It has been answered; status 0 stands for a client that went away before."""
        self.running[part] -= 1
        self.count(part, method, status, seconds)

    def count(self, part: str, method: str, status: int, seconds: float = 0.0) -> None:
        """An answer, ``seconds`` after its request."""
        answer = (part, method if method in _METHODS else "other", status)
        self.answers[answer] = self.answers.get(answer, 0) + 1
        row = self.buckets.get(part)
        if row is None:
            row = self.buckets[part] = [0] * (len(BOUNDS) + 1)
        row[bisect_left(BOUNDS, seconds)] += 1
        self.seconds[part] = self.seconds.get(part, 0.0) + seconds
        now = int((time.monotonic() - self.begun) // 60)
        if not self.minutes or self.minutes[-1].number != now:
            self.minutes.append(Minute(now))
        minute = self.minutes[-1]
        minute.answers += 1
        minute.failures += status >= 500

    def told(self) -> dict[str, Any]:
        """All of it in terms of JSON, for a process that adds it up."""
        return {
            "answers": [[*answer, count] for answer, count in self.answers.items()],
            "buckets": self.buckets,
            "seconds": self.seconds,
            "running": self.running,
            "minutes": [[minute.number, minute.answers, minute.failures] for minute in self.minutes],
        }

    def add(self, told: dict[str, Any]) -> None:
        """Add what another process that began its count at the same moment has told."""
        for part, method, status, count in told["answers"]:
            answer = (part, method, status)
            self.answers[answer] = self.answers.get(answer, 0) + count
        for part, row in told["buckets"].items():
            known = self.buckets.get(part, [0] * len(row))
            self.buckets[part] = [mine + theirs for mine, theirs in zip(known, row, strict=True)]
        for mine, theirs in ((self.seconds, told["seconds"]), (self.running, told["running"])):
            for part, amount in theirs.items():
                mine[part] = mine.get(part, 0) + amount
        minutes = {minute.number: minute for minute in self.minutes}
        for number, answers, failures in told["minutes"]:
            minute = minutes.setdefault(number, Minute(number))
            minute.answers += answers
            minute.failures += failures
        self.minutes = deque((minutes[number] for number in sorted(minutes)), maxlen=_MINUTES)

    @property
    def uptime(self) -> float:
        return time.monotonic() - self.begun

    def last_hour(self) -> tuple[int, int]:
        """Answers, and how many of them say that the service failed (5xx)."""
        first = int(self.uptime // 60) - _MINUTES
        recent = [minute for minute in self.minutes if minute.number > first]
        return sum(minute.answers for minute in recent), sum(minute.failures for minute in recent)


def part_of(path: str) -> str:
    """Which part of the service an address belongs to: a small fixed set, whatever is asked.

    >>> part_of("/id/initiative/x"), part_of("/"), part_of("/nothing/here")
    ('id', 'start', 'other')
    """
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    name = first.partition(".")[0]
    return "start" if not first else name if name in _PARTS else "other"


def exposition(meter: Meter, gauges: Iterable[tuple[str, str, float]]) -> str:
    """The text that Prometheus reads; ``gauges`` are further values, each with its name and what it says."""
    return "".join(f"{line}\n" for line in _lines(meter, gauges))


def _lines(meter: Meter, gauges: Iterable[tuple[str, str, float]]) -> Iterator[str]:
    yield from _head("iesi_kg_requests_total", "counter", "Answered requests; status 0: the client went away")
    for (part, method, status), count in sorted(meter.answers.items()):
        yield f'iesi_kg_requests_total{{part="{part}",method="{method}",status="{status}"}} {count}'
    name = "iesi_kg_request_seconds"
    yield from _head(name, "histogram", "Time from request to the end of the answer")
    for part, row in sorted(meter.buckets.items()):
        below = 0
        for bound, count in zip(BOUNDS, row, strict=False):
            below += count
            yield f'{name}_bucket{{part="{part}",le="{bound:g}"}} {below}'
        yield f'{name}_bucket{{part="{part}",le="+Inf"}} {sum(row)}'
        yield f'{name}_sum{{part="{part}"}} {meter.seconds[part]:.6f}'
        yield f'{name}_count{{part="{part}"}} {sum(row)}'
    yield from _head("iesi_kg_requests_running", "gauge", "Requests being answered")
    for part, count in sorted(meter.running.items()):
        yield f'iesi_kg_requests_running{{part="{part}"}} {count}'
    for gauge, text, value in gauges:
        yield from _head(gauge, "gauge", text)
        yield f"{gauge} {value:.12g}"


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
