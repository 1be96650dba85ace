"""Throughput and latency of five typical queries over HTTP, beside the Rust server and rdflib-endpoint."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.load import Measurement, load
from benchmarks.queries import QUERIES
from benchmarks.servers import prepare, running

INITIATIVES = 600
ORDER = ("iesi-kg", "oxigraph", "rdflib-endpoint", "oxigraph", "iesi-kg")
AIMS = {
    "first, small lookup, of oxigraph": 0.5,
    "first, more than 1 ms, of oxigraph": 0.9,
    "repeated, of oxigraph": 2.5,
    "first, of rdflib-endpoint": 4.0,
}


def run() -> dict[str, Any]:
    """Every server pinned to core 0, the load to core 1; our and the Rust server are run twice, in mirrored order."""
    runs: dict[tuple[str, str, str], list[Measurement]] = {}
    with tempfile.TemporaryDirectory() as folder:
        size = prepare(Path(folder), INITIATIVES)
        for name in ORDER:
            with running(name, Path(folder), core=0) as server:
                for query, text in QUERIES.items():
                    for mode in ("first", "repeated"):
                        measured = load(server, text, initiatives=INITIATIVES, mode=mode)
                        runs.setdefault((query, mode, name), []).append(measured)
                        print(f"{name:16} {query:8} {mode:9} {measured}", flush=True)
    return {"triples": size, "aims": AIMS, "queries": {query: _row(query, runs) for query in QUERIES}}


def _row(query: str, runs: dict[tuple[str, str, str], list[Measurement]]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for mode in ("first", "repeated"):
        best = {
            name: max(runs[query, mode, name], key=lambda run: run["requests_per_second"])
            for name in dict.fromkeys(ORDER)
        }
        ours = best["iesi-kg"]
        row[mode] = {
            "of oxigraph, requests": _ratio(ours, best["oxigraph"], "requests_per_second"),
            "of oxigraph, requests per CPU second": _ratio(ours, best["oxigraph"], "requests_per_cpu_second"),
            "of rdflib-endpoint, requests": _ratio(ours, best["rdflib-endpoint"], "requests_per_second"),
            "servers": best,
        }
    return row


def _ratio(ours: Measurement, peer: Measurement, key: str) -> float:
    return round(float(ours[key]) / max(float(peer[key]), 1e-9), 2)  # type: ignore[literal-required]
