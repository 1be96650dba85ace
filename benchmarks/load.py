"""Load a server with wrk for a few seconds: throughput, latency and the server's CPU time per request."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import TypedDict

from benchmarks.servers import Server

SCRIPT = Path(__file__).with_name("wrk.lua")
_fresh = count(step=10_000_000)


class Measurement(TypedDict):
    requests_per_second: float
    requests_per_cpu_second: float
    cpu_ms: float
    p50_ms: float
    p99_ms: float
    errors: int


def load(
    server: Server,
    query: str,
    *,
    initiatives: int,
    mode: str,
    seconds: int = 4,
    connections: int = 4,
    core: int | None = 1,
    pause_ms: int = 0,
    values: Path | str = "",
    etag: str | None = None,
) -> Measurement:
    """Send ``query`` over kept-alive connections; ``mode`` is ``first`` (no text twice) or ``repeated``.

    ``values`` is a file whose lines are put in, instead of numbers; with an ``etag`` each asks for what is newer.
    """
    if not shutil.which("wrk"):
        sys.exit("this benchmark drives wrk; install it (Debian: apt-get install wrk)")
    pin = ["taskset", "-c", str(core)] if core is not None else []
    command = [
        *pin, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(SCRIPT), server.address,
        "--", query, str(initiatives), mode, str(next(_fresh)), str(pause_ms), str(values), *([etag] if etag else []),
    ]  # fmt: skip
    before = server.cpu_seconds()
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    spent = server.cpu_seconds() - before
    found = re.search(r"^RESULT (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+)$", output, re.MULTILINE)
    if not found:
        sys.exit(f"wrk said nothing that can be read:\n{output}")
    requests, micros, p50, p99, errors = (float(text) for text in found.groups())
    return {
        "requests_per_second": round(requests / (micros / 1e6), 1),
        "requests_per_cpu_second": round(requests / max(spent, 1e-9), 1),
        "cpu_ms": round(1000 * spent / max(requests, 1), 4),
        "p50_ms": round(p50 / 1000, 3),
        "p99_ms": round(p99 / 1000, 3),
        "errors": int(errors),
    }
