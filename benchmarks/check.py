"""``iesi-kg check`` at 100, 1,000 and 10,000 rows: seconds per 1,000 rows, growth and peak memory."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from iesi_kg import assets

SIZES = (100, 1_000, 10_000)
PROBE = """
import sys
from iesi_kg.cli import main
sys.argv = ["iesi-kg", "check", sys.argv[1], "--format", "json"]
try:
    main()
finally:
    # VmHWM, not ru_maxrss: the latter starts from what the process that forked this one had used.
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(status["VmHWM"].split()[0], file=sys.stderr)
"""


def run() -> dict[str, Any]:
    """Files that repeat the bundled records under new identifiers and names, each checked in a process of its own."""
    measured: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            path = Path(folder) / f"{size}.csv"
            _write(path, size)
            measured[str(size)] = _check(path, size)
            print(size, measured[str(size)], flush=True)
    small, large = measured[str(SIZES[1])], measured[str(SIZES[-1])]
    growth = round(large["seconds_per_1000_rows"] / small["seconds_per_1000_rows"], 2)
    return {"rows": measured, "seconds per 1,000 rows, 10,000 of 1,000 (1 is linear)": growth}


def _write(path: Path, size: int) -> None:
    sources = [assets.content(name).decode("utf-8-sig") for name in assets.names("data/iesi", ".csv")]
    rows = [row for text in sources for row in csv.DictReader(text.splitlines(keepends=True))]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        for number in range(size):
            row = rows[number % len(rows)]
            writer.writerow({**row, "identifier": f"benchmark-{number}", "name": f"Benchmark {number}: {row['name']}"})


def _check(path: Path, size: int) -> dict[str, float]:
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", PROBE, str(path)], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode not in {0, 1}:
        sys.exit(f"check failed at {size} rows: {done.stderr}")
    peak = float(done.stderr.strip().splitlines()[-1])
    return {
        "seconds": round(seconds, 2),
        "seconds_per_1000_rows": round(1000 * seconds / size, 3),
        "peak_mib": round(peak / 1024, 1),
    }
