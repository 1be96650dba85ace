"""Throughput of one, two and as many serving processes as processors, on all processors, beside the Rust server."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.load import Measurement, load
from benchmarks.queries import QUERIES
from benchmarks.servers import prepare, running

INITIATIVES = 600
CONNECTIONS = 16
SECONDS = 4
AIM = {"two processes, of one": 1.7}


def run() -> dict[str, Any]:
    """Each number of processes twice, in mirrored order; the load runs on the same processors as the servers."""
    up = sorted({1, 2, min(16, os.cpu_count() or 1)})
    order = [*up, 0, 0, *reversed(up)]  # 0: the Rust server
    runs: dict[tuple[str, str, int], list[Measurement]] = {}
    with tempfile.TemporaryDirectory() as folder:
        size = prepare(Path(folder), INITIATIVES)
        for number in order:
            for query, text in QUERIES.items():
                for mode in ("first", "repeated"):
                    measured = _measured(Path(folder), number, text, mode)
                    runs.setdefault((query, mode, number), []).append(measured)
                    print(f"{number or 'oxigraph'!s:9} {query:8} {mode:9} {measured}", flush=True)
    best = {key: max(found, key=lambda one: one["requests_per_second"]) for key, found in runs.items()}
    rows = {f"{query}, {mode}": _row(query, mode, best, up) for query in QUERIES for mode in ("first", "repeated")}
    return {"triples": size, "processors": os.cpu_count(), "connections": CONNECTIONS, "aims": AIM, "queries": rows}


def _measured(folder: Path, number: int, text: str, mode: str) -> Measurement:
    """A server of its own for each measurement, so that no cache is warm for the next one."""
    environment = {
        "IESI_KG_WORKERS": str(number or 1),
        "IESI_KG_QUERY_PROCESSES": str(2 * number or 1),
        "IESI_KG_QUERY_CONCURRENT": "0",
    }
    with running("iesi-kg" if number else "oxigraph", folder, core=None, environment=environment) as server:
        return load(
            server, text, initiatives=INITIATIVES, mode=mode, seconds=SECONDS, connections=CONNECTIONS, core=None
        )


def _row(query: str, mode: str, best: dict[tuple[str, str, int], Measurement], up: list[int]) -> dict[str, Any]:
    speeds = {number: best[query, mode, number]["requests_per_second"] for number in (*up, 0)}
    return {
        "two processes, of one": round(speeds[2] / speeds[1], 2),
        "two processes, of oxigraph": round(speeds[2] / speeds[0], 2),
        "servers": {str(number or "oxigraph"): best[query, mode, number] for number in (*up, 0)},
    }
