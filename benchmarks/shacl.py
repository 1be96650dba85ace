"""SHACL engines side by side on our shapes and generated records: whole processes, processor time, growth, memory.

Ours is ``iesi-kg validate``; shifty alone is its fast engine without anything around it. Peers that are not
installed are said to be missing. The last row is what a submission costs: 100 rows beside 3,000 published records.
"""

from __future__ import annotations

import csv
import io
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import pyoxigraph
from pyoxigraph import RdfFormat, Triple

from benchmarks.check import rows
from iesi_kg.publication import several, workflow
from iesi_kg.records import SourceFile
from iesi_kg.validation import engine, shapes

SIZES = (100, 1_000, 10_000)
ROUNDS = 3
SECONDS = 300
PUBLISHED, SUBMITTED = 3_000, 100
DAY = date(2026, 11, 22)
PEAK = 'print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0], file=sys.stderr)'
SHIFTY = f"""
import sys
from shifty._shifty import PreparedValidator
made = PreparedValidator(None, sys.argv[2], "turtle", None)
answer = made.validate_w3c(None, sys.argv[1], "nt", "data", None, False, "info", False, "error", False)
print(answer.report_turtle)
{PEAK}
"""
PYSHACL = f"""
import sys
import pyshacl
from rdflib import Graph
data, rules = Graph().parse(sys.argv[1], format="nt"), Graph().parse(sys.argv[2], format="turtle")
print(pyshacl.validate(data, shacl_graph=rules)[1].serialize())
{PEAK}
"""
RUDOF = f"""
import sys
import pyrudof
made = pyrudof.Rudof(pyrudof.RudofConfig())
made.read_data(sys.argv[1], pyrudof.RDFFormat.NTriples)
made.read_shacl(sys.argv[2], pyrudof.ShaclFormat.Turtle)
print(made.validate_shacl())
{PEAK}
"""
OURS = [sys.executable, "-m", "iesi_kg", "validate", "{data}", "--shapes", "{shapes}"]
ENGINES = {
    "iesi-kg validate": OURS,
    "shifty alone": [sys.executable, "-c", SHIFTY, "{data}", "{shapes}"],
    "rudof (pyrudof)": [sys.executable, "-c", RUDOF, "{data}", "{shapes}"],
    "pySHACL": [sys.executable, "-c", PYSHACL, "{data}", "{shapes}"],
}


def run() -> dict[str, Any]:
    """Each engine at each size, the two of ours in turns; one that took too long is not asked for more."""
    measured: dict[str, dict[str, Any]] = {name: {} for name in ENGINES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rules = folder / "shapes.ttl"
        rules.write_text(shapes.profile("stronger").text, encoding="utf-8")
        for size in SIZES:
            data = folder / f"{size}.nt"
            data.write_bytes(_nt(triples(size)))
            for engine_name, command in ENGINES.items():
                if any("stopped" in before for before in measured[engine_name].values()):
                    continue
                measured[engine_name][str(size)] = best(_filled(command, data, rules), fast=command in _FAST)
                print(size, engine_name, measured[engine_name][str(size)], flush=True)
            print(size, f"{data.stat().st_size:,} bytes", flush=True)
    ours, alone = measured["iesi-kg validate"], measured["shifty alone"]
    ratios = {size: round(ours[size]["processor"] / alone[size]["processor"], 2) for size in ours}
    return {"aim: ours of shifty alone": 1.2, "ours of shifty alone": ratios, "engines": measured, **submission()}


def triples(size: int) -> list[Triple]:
    """The bundled records repeated under new names, as statements, with what the shapes look into."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows(size))
    (part,) = several.parts(SourceFile("benchmark.csv", file.getvalue().encode()))
    chunks = workflow._chunks(part, DAY)
    return [*shapes.profile("stronger").context, *(triple for chunk in chunks for triple in chunk.triples)]


def _nt(statements: list[Triple]) -> bytes:
    return pyoxigraph.serialize(statements, format=RdfFormat.N_TRIPLES) or b""


_FAST = (ENGINES["iesi-kg validate"], ENGINES["shifty alone"])


def _filled(command: list[str], data: Path, rules: Path) -> list[str]:
    places = {"{data}": str(data), "{shapes}": str(rules)}
    return [places.get(part, part) for part in command]


def best(command: list[str], *, fast: bool) -> dict[str, Any]:
    """The least processor time of some rounds, with the wall time of the same round; why not, where it did not end."""
    rounds = [once(command) for _ in range(ROUNDS if fast else 1)]
    return min(rounds, key=lambda one: one.get("processor", 0.0))


def once(command: list[str]) -> dict[str, Any]:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return {"stopped": f"no result in {SECONDS} seconds"}
    except FileNotFoundError:
        return {"stopped": "not installed"}
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1) or not done.stdout:
        return {"stopped": (done.stderr.strip().splitlines() or ["no output"])[-1][:200]}
    told = {
        "seconds": round(time.perf_counter() - start, 2),
        "processor": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2),
    }
    peak = done.stderr.strip().rsplit("\n", 1)[-1]
    return {**told, "peak_mb": round(int(peak) / 1024)} if peak.isdecimal() else told


def submission() -> dict[str, Any]:
    """The time of the engine for 100 rows, alone as ``check`` judges them and together with 3,000 published records."""
    profile = shapes.profile("submission")
    judge = engine.engine(profile.text)
    told = {}
    for name, size in (("100 rows", SUBMITTED), ("100 rows and 3,000 records", PUBLISHED + SUBMITTED)):
        data = _nt(triples(size))
        start = time.process_time()
        judge.report(data)
        told[name] = round(time.process_time() - start, 2)
    return {"processor seconds of the engine": told}
