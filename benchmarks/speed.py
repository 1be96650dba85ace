"""The speed table: our service, with one and two workers, beside `oxigraph serve`, rdflib-endpoint and Virtuoso 7.

Measured in slices of some minutes, which add up in ``results/speed.json``:
``python -m benchmarks speed --size real --only http [--servers iesi-kg,oxigraph] [--folder DIR] [--seconds N]``.
Sizes: real (what the package brings), 1m, 10m (copies of it). Parts: load, http, latency, process.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import capacity
from benchmarks.speed_data import INITIATIVES, data
from benchmarks.speed_parts import ENGINES, PARTS
from benchmarks.speed_queries import SMALL
from benchmarks.speed_servers import OURS, OURS_2, OXIGRAPH, SERVERS, SMALL_ONLY

RESULT = Path(__file__).resolve().parent / "results" / "speed.json"
AIMS = {
    "small, first time, requests per CPU second, of oxigraph": 0.55,
    "more than 1 ms, first time, requests per CPU second, of oxigraph": 0.9,
    "repeated, requests, of oxigraph": 2.5,
    "304, requests, of oxigraph": 3,
    "2 workers, requests, of 1": 1.7,
    "first time, latency, of oxigraph": 1.2,
    "a competency question at real size, ms": 10,
    "bulk load, seconds, of pyoxigraph": 1.2,
}
SECONDS = {"http": 3, "latency": 110, "load": 0, "process": 110}
Slices = dict[str, dict[str, Any]]


def run(*options: str) -> dict[str, Any]:
    """Measure one slice, or all there are, and say what all slices so far come to."""
    chosen = _options(options)
    slices = _kept(chosen.result)
    folder = Path(chosen.folder)
    for size in chosen.size.split(","):
        for part in chosen.only.split(","):
            for name in _servers(part, size, chosen.servers):
                told = PARTS[part](name, data(size, folder), folder, chosen.seconds or SECONDS[part])
                slices[f"{size}/{part}/{name}"] = {**told, "date": _now(), "statements": data(size, folder).statements}
                result = {"aims": AIMS, "machine facts": _machine(), "summary": summary(slices), "slices": slices}
                chosen.result.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")  # a cut run keeps them
    return {"aims": AIMS, "machine facts": _machine(), "summary": summary(slices), "slices": slices}


def after(result: dict[str, Any]) -> None:
    """Bring the page that shows these figures up to date."""
    capacity.write(result)


def _options(options: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks speed", description=__doc__)
    parser.add_argument("--size", default="real,1m,10m", help=f"of {', '.join(INITIATIVES)}, comma-separated")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, comma-separated")
    parser.add_argument("--servers", default="", help="servers or engines, comma-separated")
    parser.add_argument("--seconds", type=int, default=0, help="of one load (http), of one server (latency, process)")
    place = str(Path(tempfile.gettempdir()) / "iesi-kg-speed")
    parser.add_argument("--folder", default=place, help="where data is kept")
    parser.add_argument("--result", type=Path, default=RESULT, help="file of the results")
    chosen = parser.parse_args(list(options))
    for value, known in ((chosen.size, INITIATIVES), (chosen.only, PARTS)):
        if unknown := set(value.split(",")) - set(known):
            parser.error(f"unknown: {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    return chosen


def _servers(part: str, size: str, wanted: str) -> list[str]:
    every = {"process": ENGINES, "load": (OXIGRAPH, OURS)}.get(part, SERVERS)
    small = size in ("tiny", "real")
    names = [name for name in every if small or name not in (*SMALL_ONLY, "rdflib")]
    if unknown := set(filter(None, wanted.split(","))) - {*SERVERS, *ENGINES}:
        raise SystemExit(f"unknown: {', '.join(sorted(unknown))}; there are: {', '.join({*SERVERS, *ENGINES})}")
    return [name for name in names if not wanted or name in wanted.split(",")]


def _kept(result: Path) -> Slices:
    if not result.exists():
        return {}
    kept: Slices = json.loads(result.read_text(encoding="utf-8"))["slices"]
    return kept


def summary(slices: Slices) -> dict[str, Any]:
    """What the slices come to, size by size; what was not measured is not in it."""
    sizes = dict.fromkeys(key.split("/")[0] for key in slices)
    every = (_throughput, _latency, _load, _process)
    return {size: {label: told for part in every for label, told in part(slices, size).items()} for size in sizes}


def _throughput(slices: Slices, size: str) -> dict[str, Any]:
    ours, two, oxigraph = (_without_errors(slices.get(f"{size}/http/{name}")) for name in (OURS, OURS_2, OXIGRAPH))
    found: dict[str, Any] = {}
    if ours and oxigraph:
        kinds = [kind for kind in ours if kind in oxigraph]
        small = [kind for kind in kinds if kind in SMALL]
        large = [kind for kind in kinds if oxigraph[kind]["first"]["cpu_ms"] > 1]
        pairs = {
            "small, first time, requests per CPU second, of oxigraph": (small, "first", "requests_per_cpu_second"),
            "more than 1 ms, first time, requests per CPU second, of oxigraph": (
                large, "first", "requests_per_cpu_second",
            ),
            "repeated, requests, of oxigraph": (kinds, "repeated", "requests_per_second"),
        }  # fmt: skip
        for label, (chosen, mode, key) in pairs.items():
            found[label] = _mean(ours[kind][mode][key] / oxigraph[kind][mode][key] for kind in chosen)
        found["304, requests, of oxigraph"] = _mean(
            ours[k]["304"]["requests_per_second"] / oxigraph[k]["repeated"]["requests_per_second"] for k in kinds
        )
    if ours and two:
        kinds = [kind for kind in ours if kind in two]
        found["2 workers, requests, of 1"] = _mean(
            two[k]["first"]["requests_per_second"] / ours[k]["first"]["requests_per_second"] for k in kinds
        )
    if two and oxigraph:
        kinds = [kind for kind in two if kind in oxigraph]
        found["2 workers, requests first time, of oxigraph on one core"] = {
            k: _mean([two[k]["first"]["requests_per_second"] / oxigraph[k]["first"]["requests_per_second"]])
            for k in kinds
        }
    return found


def _without_errors(told: dict[str, Any] | None) -> dict[str, Any]:
    """The classes that a server answered each time, and at least once in the time there was."""
    return {
        kind: modes
        for kind, modes in (told or {}).items()
        if isinstance(modes, dict)
        and all(modes[mode]["requests_per_second"] for mode in ("first", "repeated"))
        and not any(measured["errors"] for measured in modes.values())
    }


def _latency(slices: Slices, size: str) -> dict[str, Any]:
    told = {
        name: {query: one for query, one in found["queries"].items() if isinstance(one, dict)}
        for name in SERVERS
        if (found := slices.get(f"{size}/latency/{name}"))
    }
    found: dict[str, Any] = {}
    if OURS in told:
        asked = {query: one["ms"] for query, one in told[OURS].items() if query.startswith("question")}
        if asked:
            slowest = max(asked, key=lambda query: asked[query])
            found["a competency question at real size, ms" if size == "real" else "a competency question, ms"] = {
                "slowest": {slowest: asked[slowest]},
                "above 10 ms": sum(ms > 10 for ms in asked.values()),
                "asked": len(asked),
            }
    for name in (OURS, OURS_2):
        for peer in told:
            if name in told and peer not in (OURS, OURS_2):
                found[f"first time, latency of {name}, of {peer}"] = _of_peer(told[name], told[peer])
    return found


def _of_peer(ours: dict[str, Any], peer: dict[str, Any]) -> dict[str, Any]:
    """By class, over the queries that both answer with as many rows; those with others are named."""
    both = [query for query in ours if query in peer]
    alike = [query for query in both if ours[query]["rows"] == peer[query]["rows"]]
    classes = dict.fromkeys(query.split(":")[0] for query in alike)
    ratios = {query: ours[query]["ms"] / max(peer[query]["ms"], 0.001) for query in alike}
    by_class = {kind: _mean(r for query, r in ratios.items() if query.split(":")[0] == kind) for kind in classes}
    return {
        "geometric mean": _mean(ratio for query, ratio in ratios.items() if not query.startswith("question")),
        "geometric mean, with the questions": _mean(ratios.values()),
        "by class": by_class,
        "queries": len(alike),
        "other rows": sorted(set(both) - set(alike)),
    }


def _load(slices: Slices, size: str) -> dict[str, Any]:
    ours, engine = (slices.get(f"{size}/load/{name}") for name in (OURS, OXIGRAPH))
    if not ours or not engine:
        return {}
    return {"bulk load, seconds, of pyoxigraph": round(ours["seconds"] / engine["seconds"], 2)}


def _process(slices: Slices, size: str) -> dict[str, Any]:
    """Processor time of each engine in process, of the engine on disk, over what both answer."""
    told = {name: slices[key]["queries"] for name in ENGINES if (key := f"{size}/process/{name}") in slices}
    if (disk := told.get("pyoxigraph-disk")) is None:
        return {}
    return {
        f"in process, {name} of pyoxigraph on disk": _mean(
            each[query] / max(disk[query], 0.001) for query in each if _both_numbers(each[query], disk.get(query))
        )
        for name, each in told.items()
        if name != "pyoxigraph-disk"
    }


def _both_numbers(*values: object) -> bool:
    return all(isinstance(value, int | float) for value in values)


def _mean(ratios: Iterable[float]) -> float | None:
    values = [max(ratio, 1e-6) for ratio in ratios]
    return round(statistics.geometric_mean(values), 2) if values else None


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cores": os.cpu_count(), "memory GB": round(memory / 2**30)}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="minutes")
