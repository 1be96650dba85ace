"""``python -m benchmarks [NAME ...]``: run benchmarks by name and keep each result as JSON under ``results/``."""

from __future__ import annotations

import json
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from iesi_kg import __version__

LONG = ("soak",)  # only when named
NAMES = (
    "http", "workers", "runaway", "check", "shacl", "weight", "reason", "link", "reconcile", "durability", "hostile",
    "questions", "soak",
)  # fmt: skip
RESULTS = Path(__file__).resolve().parent / "results"


def main(names: list[str]) -> None:
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        sys.exit(f"no benchmark named {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    for name in names or [name for name in NAMES if name not in LONG]:
        print(f"== {name}", flush=True)
        result = {
            "benchmark": name,
            "date": datetime.now(UTC).date().isoformat(),
            "software": __version__,
            "python": platform.python_version(),
            "machine": platform.machine(),
            **import_module(f"benchmarks.{name}").run(),
        }
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        print(json.dumps(result, indent=2))


main(sys.argv[1:])
