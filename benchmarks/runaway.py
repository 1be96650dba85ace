"""What others feel while two queries run away: p99 of ``ASK {}`` beside them, as a multiple of the idle p99."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

from benchmarks.load import load
from benchmarks.servers import Server, prepare, running

RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
SECONDS = 8


def run() -> dict[str, Any]:
    """Ours unpinned on two cores, a process for each runaway and two to spare; the aim is at most 1.5 times idle."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), 600)
        environment = {"IESI_KG_WORKERS": "4", "IESI_KG_QUERY_SECONDS": str(SECONDS + 5)}
        with running("iesi-kg", Path(folder), core=None, environment=environment) as server:
            first_idle = _ask(server)
            threads = [threading.Thread(target=_run_away, args=(server,)) for _ in range(2)]
            for thread in threads:
                thread.start()
            busy = _ask(server)
            for thread in threads:
                thread.join()
            second_idle = _ask(server)
    idle = max(first_idle["p99_ms"], second_idle["p99_ms"])
    return {"aim": 1.5, "p99 of idle": round(busy["p99_ms"] / idle, 2), "idle": [first_idle, second_idle], "busy": busy}


def _ask(server: Server) -> Any:  # noqa: ANN401  (a Measurement)
    return load(server, "ASK {}", initiatives=1, mode="first", seconds=SECONDS, connections=2, core=None)


def _run_away(server: Server) -> None:
    try:
        with urlopen(f"{server.address}?query={quote(RUNAWAY)}", timeout=60):
            raise AssertionError("the runaway came to an end; choose a heavier one")
    except HTTPError as error:
        if error.code not in {503, 504}:
            raise
