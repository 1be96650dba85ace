"""What others feel while two queries run away: p99 of ``ASK {}`` beside them, as a multiple of the idle p99."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

from benchmarks.load import Measurement, load
from benchmarks.servers import Server, prepare, running

RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
SECONDS = 5
ROUNDS = 3
LEADS = {"from the moment the runaways are sent": 0.0, "while they run": 1.0}
PACES = {"paced, 5 ms between requests": 5, "saturated": 0}


def run() -> dict[str, Any]:
    """Ours unpinned on all cores; idle and busy phases alternate and their medians are compared; the aim is 1.5."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), 600)
        environment = {"IESI_KG_WORKERS": "4", "IESI_KG_QUERY_SECONDS": str(SECONDS + 3)}
        with running("iesi-kg", Path(folder), core=None, environment=environment) as server:
            _ask(server, 0)  # a warm-up, not counted
            cases = {
                f"{pace}, {lead}": _compare(server, pause, wait)
                for pace, pause in PACES.items()
                for lead, wait in LEADS.items()
            }
    return {"aim": 1.5, **cases}


def _compare(server: Server, pause: int, wait: float) -> dict[str, Any]:
    idle, busy = [], []
    for _ in range(ROUNDS):
        idle.append(_ask(server, pause))
        threads = [threading.Thread(target=_run_away, args=(server,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(wait)
        busy.append(_ask(server, pause))
        for thread in threads:
            thread.join()
    ratio = median(run["p99_ms"] for run in busy) / median(run["p99_ms"] for run in idle)
    return {"p99, busy of idle": round(ratio, 2), "idle": idle, "busy": busy}


def _ask(server: Server, pause: int) -> Measurement:
    return load(
        server, "ASK {}", initiatives=1, mode="first", seconds=SECONDS, connections=2, core=None, pause_ms=pause
    )


def _run_away(server: Server) -> None:
    try:
        with urlopen(f"{server.address}?query={quote(RUNAWAY)}", timeout=60):
            raise AssertionError("the runaway came to an end; choose a heavier one")
    except HTTPError as error:
        if error.code not in {503, 504}:
            raise
