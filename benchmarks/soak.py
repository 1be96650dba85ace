"""Half an hour of ordinary and hostile use: does memory grow, do file handles leak, do answers become slower?

``python -m benchmarks soak`` runs as long as ``SOAK_MINUTES`` says (30): 16 clients, 5 % writes, 1 % hostile queries.
"""

from __future__ import annotations

import http.client
import os
import random
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.hostile import RUNAWAYS, Target, started

CLIENTS = 16
WRITES, HOSTILE = 0.05, 0.01
WARM_UP = 0.2  # of the time: caches fill, processes are replaced by those of later versions
PAUSE = 0.01
LIMIT = "5"
AIMS = {
    "memory after warm-up, growth": 0.05,
    "file handles after warm-up, growth": 0.02,
    "p99 at the end of the start": 1.2,
}


@dataclass
class Story:
    """What was seen, with the share of the time that had passed."""

    waits: list[tuple[float, float]] = field(default_factory=list)
    looks: list[tuple[float, int, int, int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    busy: int = 0
    asked: int = 0


def run(minutes: float | None = None) -> dict[str, Any]:
    """Compares the first fifth after the warm-up with the last fifth."""
    seconds = 60 * (minutes or float(os.environ.get("SOAK_MINUTES", "30")))
    story = Story()
    with tempfile.TemporaryDirectory() as folder, started(Path(folder), IESI_KG_QUERY_SECONDS=LIMIT) as target:
        begun = time.monotonic()
        threads = [threading.Thread(target=_client, args=(target, story, n, begun, seconds)) for n in range(CLIENTS)]
        threads.append(threading.Thread(target=_watch, args=(target, story, begun, seconds)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return {"minutes": seconds / 60, "aims": AIMS, **_summary(story)}


def _client(target: Target, story: Story, number: int, begun: float, seconds: float) -> None:
    dice = random.Random(number)
    source = f"127.0.1.{number + 1}"
    count = 0
    while (now := time.monotonic()) - begun < seconds:
        count += 1
        kind = dice.random()
        path, expected = "/sparql", {200}
        if kind < HOSTILE:
            text, expected = f"{dice.choice(list(RUNAWAYS.values()))} # {number} {count}", {429, 503, 504}
        elif kind < HOSTILE + WRITES:
            path, expected = "/update", {204, 503}
            subject = f"<urn:soak:{number}:{dice.randrange(200)}>"
            text = f"DELETE WHERE {{ {subject} ?p ?o }} ; INSERT DATA {{ {subject} <urn:p> {count} }}"
        else:
            text = f"SELECT * {{ <http://example.org/{dice.randrange(700)}> ?p ?o }} # {dice.randrange(20_000)}"
        try:
            status, _ = target.ask(text, source, path=path)
        except (OSError, http.client.HTTPException) as error:
            story.wrong.append(repr(error))
            continue
        if status in {503, 504} and kind >= HOSTILE:
            story.busy += 1  # told to come back
        if status not in expected | {503, 504}:
            story.wrong.append(f"{status}: {text[:60]}")
        elif status == 200:
            story.waits.append(((now - begun) / seconds, time.monotonic() - now))
        story.asked += 1
        time.sleep(PAUSE)


def _watch(target: Target, story: Story, begun: float, seconds: float) -> None:
    while (passed := (time.monotonic() - begun) / seconds) < 1:
        with suppress(psutil.NoSuchProcess):
            memory = target.process.memory_info().rss
            # Pages of files are shared with whatever else runs Python on the machine, and are nobody's growth.
            own = target.memory("Pss_Anon", "Pss_Shmem")
            story.looks.append((passed, memory, own, target.process.num_fds()))
        time.sleep(min(1.0, seconds / 100))


def _summary(story: Story) -> dict[str, Any]:
    early, late = (WARM_UP, 2 * WARM_UP), (1 - WARM_UP, 1.0)
    service, everything, handles = ([(look[0], look[n]) for look in story.looks] for n in (1, 2, 3))
    quiet = _growth(
        everything, early, late, share=0.1
    )  # a runaway takes what it may: its moments say nothing of growth
    p99 = [_quantile(_between(story.waits, span), 0.99) for span in (early, late)]
    return {
        "memory of the service, growth": _growth(service, early, late),
        "memory with its query processes at quiet moments, growth": quiet,
        "memory with its query processes, most, MiB": round(max(most for _, most in everything) / 2**20),
        "memory of the service at the end, MiB": round(service[-1][1] / 2**20),
        "file handles, growth": _growth(handles, early, late),
        "file handles, most": max(count for _, count in handles),
        "p99 at the end of the start": round(p99[1] / p99[0], 2),
        "p99 ms": [round(1000 * value, 1) for value in p99],
        "requests": story.asked,
        "told to come back": story.busy,
        "wrong answers": len(story.wrong),
        "examples of wrong answers": story.wrong[:10],
    }


def _between(seen: list[tuple[float, Any]], span: tuple[float, float]) -> list[Any]:
    return [value for passed, value in seen if span[0] <= passed < span[1]]


def _growth(
    seen: list[tuple[float, int]], early: tuple[float, float], late: tuple[float, float], share: float = 0.5
) -> float:
    before, after = (_quantile(_between(seen, span), share) for span in (early, late))
    return round(after / before - 1, 4)


def _quantile(values: list[Any], share: float) -> float:
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(len(ordered) * share))])
