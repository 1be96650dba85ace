"""The capacity table of docs/reference/capacity.md, made of the results of the speed table.

``python -m benchmarks.capacity`` writes it; a test says when it is not what the results say.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "capacity.md"
RESULT = ROOT / "benchmarks" / "results" / "speed.json"
BEGIN, END = "<!-- made by benchmarks/capacity.py -->", "<!-- end -->"
MISSING = "not measured yet"
SIZES = ("real", "1m", "10m")
COLUMNS = (
    "size",
    "statements",
    "load, seconds",
    "load, statements a second",
    "load, peak memory MB",
    "disk MB",
    "service, memory MB",
    "lookups a second, 1 worker",
    "lookups a second, 2 workers",
    "aggregates a second, 1 worker",
)


def write(result: dict[str, Any] | None = None, page: Path = PAGE) -> None:
    """Put the table of the results into the page."""
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    page.write_text(f"{head}{BEGIN}\n{table(result or kept())}\n{END}{tail}", encoding="utf-8")


def kept() -> dict[str, Any]:
    """The results so far."""
    if not RESULT.exists():
        return {}
    result: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
    return result


def table(result: dict[str, Any]) -> str:
    """The rows in Markdown; a cell without a measurement says so."""
    slices = result.get("slices", {})
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    lines += [f"| {' | '.join(_row(size, slices))} |" for size in SIZES]
    return "\n".join(lines)


def _row(size: str, slices: dict[str, Any]) -> list[str]:
    loaded = slices.get(f"{size}/load/iesi-kg", {})
    one, two = (slices.get(f"{size}/http/{name}", {}) for name in ("iesi-kg", "iesi-kg-2-workers"))
    cells = [
        next((one["statements"] for key, one in slices.items() if key.startswith(f"{size}/")), None),
        *(loaded.get(key) for key in ("seconds", "statements a second", "peak MB", "disk MB")),
        one.get("memory MB"),
        *(each.get("lookup", {}).get("first", {}).get("requests_per_second") for each in (one, two)),
        one.get("aggregate", {}).get("first", {}).get("requests_per_second"),
    ]
    return [size, *(MISSING if cell is None else f"{cell:,}" for cell in cells)]


if __name__ == "__main__":
    write()
