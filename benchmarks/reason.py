"""Inference at 300, 3,000 and 30,000 initiatives: seconds, growth and peak memory, and the ratio to owlrl."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import Any

SIZES = (300, 3_000, 30_000)
OWLRL_SIZES = (300, 3_000)
OWLRL_SECONDS = 240
PREPARED = """
import json, sys, time
from pathlib import Path
import pyoxigraph
from benchmarks.graph import quads
from iesi_kg import assets
from iesi_kg.inference import derivation, rules

def meaning():
    for name in ("ontology/iesi.ttl", *assets.names("ontology/codelists", ".ttl")):
        yield from pyoxigraph.parse(assets.content(name), pyoxigraph.RdfFormat.TURTLE)

def say(**told):
    # VmHWM, not ru_maxrss: the latter starts from what the process that forked this one had used.
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(json.dumps({**told, "peak_mb": round(int(status["VmHWM"].split()[0]) / 1024)}))
"""
FILLED = """
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
store = EmbeddedStore.open(Path(sys.argv[2]), create=True)
with store.writer() as writer:
    writer.commit(ChangeSet("benchmark", [*meaning(), *quads(int(sys.argv[1]))]))
say()
"""
OURS = """
from iesi_kg.store.embedded import EmbeddedStore
reader, program = EmbeddedStore.open(Path(sys.argv[2])).reader(), rules.bundled()
start, ran = time.perf_counter(), time.process_time()
derived = derivation.derive(derivation.statements(reader, program), program)
say(seconds=round(time.perf_counter() - start, 3), processor=round(time.process_time() - ran, 3),
    statements=sum(1 for _ in reader.quads()),
    read=len(derived.known) - len(derived.triples), derived=len(derived.triples))
"""
OWLRL = """
import owlrl, rdflib
program = rules.bundled()
schema = [q for n in ("ontology/iesi.ttl", "ontology/inference.ttl")
          for q in pyoxigraph.parse(assets.content(n), pyoxigraph.RdfFormat.TURTLE)]
data = [q for q in (*meaning(), *quads(int(sys.argv[1]))) if q.predicate in program.reads]
graph = rdflib.Graph()
lines = pyoxigraph.serialize([q.triple for q in (*schema, *data)], format=pyoxigraph.RdfFormat.N_TRIPLES)
graph.parse(data=lines, format="nt")
start, ran = time.perf_counter(), time.process_time()
owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
say(seconds=round(time.perf_counter() - start, 2), processor=round(time.process_time() - ran, 2))
"""


def run() -> dict[str, Any]:
    """The best of five runs from a store on disk, each in a process of its own; owlrl gets what the rules read."""
    ours, owlrl = {}, {}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            _measured(FILLED, size, folder)
            ours[str(size)] = min((_measured(OURS, size, folder) for _ in range(5)), key=lambda told: told["processor"])
        print(size, ours[str(size)], flush=True)
    for size in OWLRL_SIZES:
        owlrl[str(size)] = _measured(OWLRL, size)
        print("owlrl", size, owlrl[str(size)], flush=True)
    per = {size: told["processor"] / int(size) for size, told in ours.items()}
    return {
        "initiatives": ours,
        "processor time per initiative, 30,000 of 3,000 (1 is linear)": round(per["30000"] / per["3000"], 2),
        "owlrl": owlrl,
        "owlrl takes times as long": {
            size: round(told["processor"] / ours[size]["processor"])
            for size, told in owlrl.items()
            if "processor" in told
        },
    }


def _measured(code: str, size: int, folder: str = "") -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "-c", PREPARED + code, str(size), folder]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=OWLRL_SECONDS)
    except subprocess.TimeoutExpired:
        return {"no result within seconds": OWLRL_SECONDS}
    if done.returncode:
        sys.exit(f"inference failed at {size}: {done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told
