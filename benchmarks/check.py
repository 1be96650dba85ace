"""``iesi-kg check`` of CSV and XLSX at 1,000 and 10,000 rows: time, time to the first finding, memory; beside it what
others need to read the same workbook, and pySHACL on the statements of the same rows.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from iesi_kg import assets
from iesi_kg.publication.workflow import receive
from iesi_kg.records import SourceFile
from iesi_kg.validation import shapes

SIZES = (1_000, 10_000)
PYSHACL_ROWS = 1_000  # 10,000 take it over five minutes
REPEATS = {1_000: 3, 10_000: 1}
WRONG_ROW = 100
# VmHWM, not ru_maxrss: the latter starts from what the process that forked this one had used.
PROBE = """
import json, resource, sys, time
def told(**facts):
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    facts["cpu_seconds"] = sum(one.ru_utime + one.ru_stime for one in used)
    facts["peak_mib"] = int(status["VmHWM"].split()[0]) / 1024
    print(json.dumps(facts))
path = sys.argv[1]
"""
CHECK = (
    PROBE
    + """
from pathlib import Path
from iesi_kg.publication import several, workflow
from iesi_kg.records import SourceFile
first, rows, found = None, 0, 0
for chunk, findings in workflow._walk(several.parts(SourceFile(path, Path(path).read_bytes())), None, None):
    rows, found = rows + chunk.records, found + len(findings)
    if findings and first is None:
        first = time.time() - float(sys.argv[-1])
told(rows=rows, findings=found, first_finding=first)
"""
)
OURS = (
    PROBE
    + """
from pathlib import Path
from iesi_kg.ingest import csv, xlsx
from iesi_kg.publication.workflow import template
from iesi_kg.records import SourceFile
read = csv.read if path.endswith(".csv") else xlsx.read
told(rows=sum(1 for _ in read(SourceFile(path, Path(path).read_bytes()), template().by_header.keys())) - 1)
"""
)
OPENPYXL = (
    PROBE
    + """
import openpyxl
book = openpyxl.load_workbook(path, read_only=True, data_only=True)
told(rows=sum(1 for _ in book.worksheets[0].iter_rows(values_only=True)) - 1)
"""
)
PANDAS = (
    PROBE
    + """
import pandas
told(rows=len((pandas.read_csv if path.endswith(".csv") else pandas.read_excel)(path, dtype=str)))
"""
)
PYSHACL = (
    PROBE
    + """
import pyshacl, rdflib
conforms, _, _ = pyshacl.validate(rdflib.Graph().parse(path), shacl_graph=rdflib.Graph().parse(sys.argv[2]))
told(rows=0, conforms=conforms)
"""
)


def run() -> dict[str, Any]:
    """Files that repeat the bundled records under new identifiers, one row of them wrong, each read in a process of its
    own; the median of some runs, ours and theirs in turn. Ratios are of processor time, which other work disturbs
    least.
    """
    measured: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in SIZES:
            for path in _files(folder, size):
                measured[f"{path.suffix[1:]}, {size:,} rows"] = told = _measured(path, size)
                print(path.suffix, size, json.dumps(told), flush=True)
        told = _pyshacl(folder / f"{PYSHACL_ROWS}.csv")
        measured[f"csv, {PYSHACL_ROWS:,} rows"]["pySHACL"] = told
        print("pySHACL", PYSHACL_ROWS, json.dumps(told), flush=True)
    return {"files": measured, **_ratios(measured)}


def _ratios(measured: dict[str, dict[str, Any]]) -> dict[str, float]:
    def seconds(name: str, who: str) -> float:
        return float(measured[name][who]["cpu_seconds"])

    small, large = (f"xlsx, {size:,} rows" for size in SIZES)
    found = {
        "check of CSV, processor time per row, 10,000 of 1,000 (1 is linear)": _growth(measured, "csv"),
        "check of XLSX, processor time per row, 10,000 of 1,000 (1 is linear)": _growth(measured, "xlsx"),
        "reading XLSX, openpyxl of ours, 10,000 rows": seconds(large, "openpyxl") / seconds(large, "our reader"),
        "check of XLSX of the mere reading by openpyxl, 10,000 rows": seconds(large, "check")
        / seconds(large, "openpyxl"),
        "pySHACL alone of the whole check, 1,000 rows": seconds(f"csv, {PYSHACL_ROWS:,} rows", "pySHACL")
        / seconds(small, "check"),
    }
    return {name: round(value, 2) for name, value in found.items()}


def _growth(measured: dict[str, dict[str, Any]], suffix: str) -> float:
    small, large = (measured[f"{suffix}, {size:,} rows"]["check"]["cpu_seconds"] / size for size in SIZES)
    return float(large / small)


def _files(folder: Path, size: int) -> Iterator[Path]:
    listed = list(rows(size))
    path = folder / f"{size}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(listed)
    yield path
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Initiatives")
    for row in listed:
        sheet.append(row)
    book.save(folder / f"{size}.xlsx")
    yield folder / f"{size}.xlsx"


def rows(size: int) -> Iterator[list[str]]:
    """A header, and the bundled records repeated under new names, one of them wrong."""
    sources = [assets.content(name).decode("utf-8-sig") for name in assets.names("data/iesi", ".csv")]
    records = [row for text in sources for row in csv.DictReader(text.splitlines(keepends=True))]
    names = list(records[0])
    yield names
    for number in range(size):
        row = records[number % len(records)]
        row = {**row, "identifier": f"benchmark-{number}", "name": f"Benchmark {number}: {row['name']}"}
        if number == WRONG_ROW:
            row["country"] = "Frence"
        yield [row.get(name) or "" for name in names]


def _measured(path: Path, size: int) -> dict[str, Any]:
    ways: dict[str, Callable[[], dict[str, float]]] = {
        "check": lambda: _process(CHECK, size, path),
        "our reader": lambda: _process(OURS, size, path),
    }
    if path.suffix == ".xlsx":
        ways["openpyxl"] = lambda: _process(OPENPYXL, size, path)
    if find_spec("pandas"):
        ways["pandas"] = lambda: _process(PANDAS, size, path)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for _ in range(REPEATS[size]):
        for name, way in ways.items():
            runs[name].append(way())
    return {name: sorted(found, key=lambda run: run["cpu_seconds"])[len(found) // 2] for name, found in runs.items()}


def _pyshacl(path: Path) -> dict[str, float]:
    """pySHACL on the statements that the same rows make, with the shapes that the check uses."""
    profile = shapes.profile("submission")
    made = receive(SourceFile(path.name, path.read_bytes())).submission.triples
    data, rules = path.with_suffix(".nt"), path.with_suffix(".shapes.ttl")
    data.write_text("".join(f"{triple} .\n" for triple in (*made, *profile.context)), encoding="utf-8")
    rules.write_text(profile.text, encoding="utf-8")
    return _process(PYSHACL, 0, data, rules)


def _process(script: str, rows: int, *arguments: Path) -> dict[str, float]:
    command = [sys.executable, "-c", script, *map(str, arguments), str(time.time())]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"failed: {done.stderr}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    if told["rows"] != rows:
        sys.exit(f"{told['rows']} rows were read, not {rows}")
    return {"seconds": round(seconds, 2)} | {
        name: round(value, 2) if isinstance(value, float) else value for name, value in told.items() if name != "rows"
    }
