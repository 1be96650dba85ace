"""The shapes of queries that are rewritten, each as it is written and in its faster form: at a million triples on disk,
and the cost of looking at a query that nothing is done to.

Every query runs in a process of its own, with a limit: some would never end as they are written. The numbers of rows
must agree. ``REWRITING_INITIATIVES`` says how large (35 triples each).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

INITIATIVES = 28_000
SECONDS = 60
WANTED = 5
ROOT = Path(__file__).resolve().parents[1]
HEAD = """PREFIX iesi: <https://w3id.org/iesi-kg/ontology#> PREFIX m8g: <http://data.europa.eu/m8g/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#> PREFIX dct: <http://purl.org/dc/terms/>
PREFIX org: <http://www.w3.org/ns/org#> PREFIX code: <https://w3id.org/iesi-kg/codes/> """
AREA = "<https://w3id.org/iesi-kg/codes/policy-area/{}>"
AUSTRIA = "<https://w3id.org/iesi-kg/codes/country/AT>"
ORGANISATION = "<https://example.org/iesi-kg-benchmark/organisation/7>"
SHAPES = {
    "path from its end": {
        "a path to one code": f"SELECT ?i {{ ?i m8g:thematicArea/skos:broader* {AREA.format('group0')} }}",
        "a path to a code that few have, and titles": f"SELECT ?i ?t {{ ?i dct:title ?t ; "
        f"m8g:thematicArea/skos:broader* {AREA.format('childcare')} }}",
    },
    "path once for each": {
        "rolled up": "SELECT ?top (COUNT(*) AS ?n) { ?i m8g:thematicArea ?a . ?a skos:broader* ?top } GROUP BY ?top",
    },
    "NOT EXISTS": {
        "of one pattern": "SELECT (COUNT(*) AS ?n) { ?i a iesi:Initiative FILTER NOT EXISTS { ?c iesi:judges ?i } }",
        "of two patterns": f"SELECT (COUNT(*) AS ?n) {{ ?o a org:Organization "
        f"FILTER NOT EXISTS {{ ?i iesi:involves ?o . ?i iesi:country {AUSTRIA} }} }}",
    },
    "EXISTS": {
        "of two patterns": f"SELECT (COUNT(*) AS ?n) {{ ?o a org:Organization "
        f"FILTER EXISTS {{ ?i iesi:involves ?o . ?i iesi:country {AUSTRIA} }} }}",
    },
    "first rows": {
        "one label": "SELECT ?i ?l { ?i iesi:startYear ?y OPTIONAL { ?i dct:title ?l } } ORDER BY DESC(?y) LIMIT 20",
        "three things optional": "SELECT ?i ?l ?d ?n { ?i iesi:startYear ?y OPTIONAL { ?i dct:title ?l } "
        "OPTIONAL { ?i dct:description ?d } OPTIONAL { ?i iesi:involves ?o . ?o skos:prefLabel ?n } } "
        "ORDER BY DESC(?y) LIMIT 20",
    },
    "constants": {
        "one subject": f"SELECT ?p ?x {{ ?o ?p ?x FILTER(?o = {ORGANISATION}) }}",
        "one object in a star": f"SELECT ?i ?t {{ ?i a iesi:Initiative ; dct:title ?t ; iesi:involves ?o "
        f"FILTER(?o = {ORGANISATION}) }}",
        "one of two": f"SELECT ?i {{ ?i dct:title ?t ; iesi:involves ?o "
        f"FILTER(?o IN ({ORGANISATION}, {ORGANISATION.replace('/7', '/8')})) }}",
    },
}
LEFT = {
    "NOT EXISTS asked of one": "SELECT ?i { ?i dct:title 'Benchmark initiative 7' "
    "FILTER NOT EXISTS { ?c iesi:judges ?i } }",
    "EXISTS asked of one": f"SELECT ?o {{ <https://example.org/iesi-kg-benchmark/initiative/7> iesi:involves ?o "
    f"FILTER EXISTS {{ ?i iesi:involves ?o . ?i iesi:country {AUSTRIA} }} }}",
    "a path from one": f"ASK {{ <https://example.org/iesi-kg-benchmark/initiative/7> "
    f"m8g:thematicArea/skos:broader* {AREA.format('top')} }}",
}
MAKE = """
import itertools, sys
from pyoxigraph import NamedNode, Quad, RdfFormat, serialize
from benchmarks import graph
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from pathlib import Path
size, folder = int(sys.argv[1]), Path(sys.argv[2])
broader = NamedNode("http://www.w3.org/2004/02/skos/core#broader")
area = lambda name: NamedNode(graph.CODES + "policy-area/" + name)
above = [(name, f"group{place % 2}") for place, name in enumerate(graph.AREAS)]
above += [("group0", "top"), ("group1", "top")]
quads = [quad for record in graph.records(size) for quad in record]
quads += [Quad(area(low), broader, area(high)) for low, high in above]
store = EmbeddedStore.open(folder, create=True)
with store.writer() as writer:
    writer.commit(ChangeSet("benchmark", quads))
store.close()
print(len(set(quads)))
"""
ASK = """
import asyncio, json, sys, time
from pathlib import Path
from iesi_kg.endpoint.rewriting import Rewriter
from iesi_kg.endpoint.rewriting_runner import RewritingRunner
from iesi_kg.errors import IesiKgError
from iesi_kg.store.workers import Job, Limits, Pool
folder, text, rewrite, seconds = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "yes", float(sys.argv[4])

async def main():
    pool = Pool(folder, workers=1, in_memory=0)
    await pool.start()
    runner = RewritingRunner(Rewriter(), pool) if rewrite else pool
    times, answer = [], None
    try:
        while len(times) < 5 and sum(times) < 3:
            began = time.perf_counter()
            answer = await runner.run(Job(text, "text/csv"), Limits(seconds))
            times.append(time.perf_counter() - began)
    except IesiKgError as error:
        print(json.dumps({"error": error.title, "after_ms": 1000 * seconds}))
        return
    finally:
        await pool.close()
    print(json.dumps({"ms": round(1000 * min(times), 3), "rows": answer.rows, "rules": answer.rewritten}))

asyncio.run(main())
"""


def run(initiatives: int = 0, seconds: float = SECONDS) -> dict[str, Any]:
    """Each query as written and rewritten, the best of five runs, fewer where they are long, in a query process."""
    initiatives = initiatives or int(os.environ.get("REWRITING_INITIATIVES", INITIATIVES))
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "store"
        triples = int(_done(MAKE, str(initiatives), str(folder)))
        told = {
            shape: {name: _both(folder, HEAD + text, seconds) for name, text in queries.items()}
            for shape, queries in SHAPES.items()
        }
        left = {name: _both(folder, HEAD + text, seconds) for name, text in LEFT.items()}
    gains = {shape: max(one["gain"] for one in queries.values()) for shape, queries in told.items()}
    return {
        "triples": triples,
        "on": "disk, one query process",
        "aim": {"gain of each shape": WANTED},
        "gains": gains,
        "below the aim": sorted(shape for shape, gain in gains.items() if gain < WANTED),
        "shapes": told,
        "left as written, counting included": left,
        "cost of a look": _look(),
    }


def _both(folder: Path, text: str, seconds: float) -> dict[str, Any]:
    forms = [json.loads(_done(ASK, str(folder), text, word, str(seconds))) for word in ("no", "yes")]
    written, rewritten = forms
    times = [form.get("ms", form.get("after_ms")) for form in forms]
    if "rows" in written and written["rows"] != rewritten.get("rows"):
        raise SystemExit(f"other rows: {text}")
    print(f"  {times[0]:10.1f} ms {times[1]:10.1f} ms  {rewritten.get('rules')}", flush=True)
    return {"written": written, "rewritten": rewritten, "gain": round(times[0] / times[1], 1)}


def _look() -> dict[str, float]:
    """Microseconds of a glance at a query that is not parsed, and of one that is and stays as it is."""
    from iesi_kg.endpoint.rewriting import may_gain
    from iesi_kg.endpoint.rewriting_scope import read

    plain = HEAD + "SELECT ?i ?t { ?i a iesi:Initiative ; dct:title ?t FILTER(LANG(?t) = 'en') } LIMIT 10"
    return {"glance": _each(lambda: may_gain(plain), 2_000), "parse": _each(lambda: read(plain), 200)}


def _each(call: Callable[[], object], times: int) -> float:
    found = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(times):
            call()
        found.append(1e6 * (time.process_time() - began) / times)
    return round(statistics.median(found), 1)


def _done(code: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"the benchmark failed: {done.stderr}")
    return done.stdout.strip().splitlines()[-1]
