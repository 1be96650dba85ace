"""``python -m benchmarks [NAME ... [--option VALUE ...]]``: run benchmarks by name and keep each result as JSON."""

from __future__ import annotations

import json
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from iesi_kg import __version__

LONG = ("soak", "speed")  # only when named
NAMES = (
    "http", "workers", "runaway", "check", "shacl", "weight", "reason", "link", "reconcile", "durability", "hostile",
    "questions", "rewriting", "mirror", "soak", "speed",
)  # fmt: skip
RESULTS = Path(__file__).resolve().parent / "results"


def main(given: list[str]) -> None:
    """Run the benchmarks named; what begins with two hyphens, and what follows it, are options of the last one."""
    first = next((place for place, text in enumerate(given) if text.startswith("--")), len(given))
    names, options = given[:first], given[first:]
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        sys.exit(f"no benchmark named {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    for name in names or [name for name in NAMES if name not in LONG]:
        print(f"== {name}", flush=True)
        module = import_module(f"benchmarks.{name}")
        result = {
            "benchmark": name,
            "date": datetime.now(UTC).date().isoformat(),
            "software": __version__,
            "python": platform.python_version(),
            "machine": platform.machine(),
            **module.run(*(options if [name] == names[-1:] else ())),
        }
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        if after := getattr(module, "after", None):
            after(result)
        print(json.dumps(result, indent=2))


main(sys.argv[1:])
