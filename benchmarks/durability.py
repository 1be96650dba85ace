"""What durability costs and gives: commits per second, seconds to open and to serve after kill -9.

``python -m benchmarks.durability FOLDER`` is the writer that is killed.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad

from benchmarks.graph import quads
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.audited import AuditedStore
from iesi_kg.store.base import ChangeSet, Store
from iesi_kg.store.embedded import EmbeddedStore

INITIATIVES = 3_000
KILLS = 20
COMMITS = 300
ACT = Act("benchmark", "command", "update", datetime(2026, 1, 1, tzinfo=UTC))


def run() -> dict[str, Any]:
    """Figures on a store of 3,000 generated initiatives; times include a Python start only where it is said."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store"
        data = list(quads(INITIATIVES))
        store = EmbeddedStore.open(path, create=True)
        with store.writer() as writer:
            writer.commit(ChangeSet("benchmark graph", add=data))
        started = time.perf_counter()
        store.verify()
        verified = time.perf_counter() - started
        rates = {
            "commits per second": _rate(store),
            "the same, audited": _rate(AuditedStore(store, AuditLog(path), ACT)),
        }
        store.close()
        opened, served = [], []
        for seed in range(KILLS):
            _kill_a_writer(path, seed)
            started = time.perf_counter()
            EmbeddedStore.open(path).close()
            opened.append(time.perf_counter() - started)
            if seed % 4 == 0:
                _kill_a_writer(path, KILLS + seed)
                served.append(_seconds_to_serve(path))
    return {
        "aims": {"seconds to serve after kill -9": 5},
        "quads": len(data),
        "seconds to check the seals": round(verified, 4),
        **rates,
        "seconds to open after kill -9": _summary(opened),
        "seconds to serve after kill -9, Python start included": _summary(served),
    }


def write_for_ever(path: Path) -> None:
    """Commit one quad after another, each acknowledged by a line."""
    store = EmbeddedStore.open(path)
    with store.writer() as writer:
        while True:
            number = writer.reader.version + 1
            writer.commit(ChangeSet("one more", [_quad(number)]))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


def _quad(number: int) -> Quad:
    return Quad(NamedNode("http://example.org/s"), NamedNode("http://example.org/p"), Literal(number))


def _rate(store: Store) -> float:
    with store.writer() as writer:
        first = writer.reader.version + 1
        started = time.perf_counter()
        for number in range(first, first + COMMITS):
            writer.commit(ChangeSet("one more", [_quad(number)]))
        return round(COMMITS / (time.perf_counter() - started), 1)


def _kill_a_writer(path: Path, seed: int) -> None:
    command = [sys.executable, "-m", "benchmarks.durability", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(random.Random(seed).uniform(0, 0.5))
        os.kill(process.pid, signal.SIGKILL)


def _seconds_to_serve(path: Path) -> float:
    started = time.perf_counter()
    command = [sys.executable, "-m", "iesi_kg", "serve", "--store", str(path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("endpoint"):
                break
        seconds = time.perf_counter() - started
        process.send_signal(signal.SIGINT)
    return seconds


def _summary(seconds: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(seconds), 3), "worst": round(max(seconds), 3), "times": len(seconds)}


if __name__ == "__main__":
    write_for_ever(Path(sys.argv[1]))
