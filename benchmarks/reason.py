"""Load, validate and infer at 300, 3,000 and 30,000 generated initiatives: seconds, growth, peak memory, and the
ratios to rdflib, pySHACL and owlrl on the same statements in the same run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

SIZES = (300, 3_000, 30_000)
PEER_SIZES = {"load": SIZES, "validate": SIZES[:2], "infer": SIZES[:2]}  # at 30,000 two of them take too long
PEER_NAMES = {"load": "rdflib", "validate": "pySHACL", "infer": "owlrl"}
PEER_SECONDS = 180
ROUNDS = 3
ROOT = Path(__file__).resolve().parents[1]
PREPARED = """
import json, sys, time
from pathlib import Path
import pyoxigraph
from pyoxigraph import RdfFormat
from iesi_kg import assets
from iesi_kg.inference import axioms, derivation, rules
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.validation import engine, shapes
size, folder = int(sys.argv[1]), Path(sys.argv[2])
meaning, store = folder / "meaning.nt", folder / "store"
parts = lambda: sorted(folder.glob("records-*.nt"))

def triples(*paths):
    for path in paths:
        for quad in pyoxigraph.parse(path=path, format=RdfFormat.N_TRIPLES):
            yield quad.triple

def say(**told):
    # VmHWM, not ru_maxrss: the latter starts from what the process that forked this one had used.
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(json.dumps({
        "seconds": round(time.perf_counter() - start, 3), "processor": round(time.process_time() - ran, 3),
        "peak_mb": round(int(status["VmHWM"].split()[0]) / 1024), **told}))

def begin():
    global start, ran
    start, ran = time.perf_counter(), time.process_time()

begin()
"""
GENERATED = """
from itertools import islice
from benchmarks.graph import records
names = ("ontology/iesi.ttl", *assets.names("ontology/codelists", ".ttl"))
lists = [q.triple for name in names for q in pyoxigraph.parse(assets.content(name), RdfFormat.TURTLE)]
pyoxigraph.serialize(lists, meaning, format=RdfFormat.N_TRIPLES)
every, number = records(size), 0
while part := list(islice(every, 500)):  # in parts, as submissions are validated
    written = folder / f"records-{number:04}.nt"
    pyoxigraph.serialize([quad.triple for quads in part for quad in quads], written, format=RdfFormat.N_TRIPLES)
    number += 1
say()
"""
OURS = {
    "load": """
opened = EmbeddedStore.open(store, create=True)
begin()
with opened.writer() as writer:
    writer.commit(ChangeSet("benchmark", [pyoxigraph.Quad(*triple) for triple in triples(meaning, *parts())]))
say(statements=sum(1 for _ in opened.reader().quads()))
""",
    "validate": """
profile = shapes.profile("submission")
engine.engine(profile.text)
begin()
findings = set()
for part in parts():
    for found in engine.validate([*triples(part), *profile.context], profile.text):
        findings.add((found.focus, found.path, found.shape, str(found.value)))
say(findings=len(findings))
""",
    "infer": """
reader, program = EmbeddedStore.open(store).reader(), rules.bundled()
begin()
read = 0
def counted():
    global read
    for triple in derivation.statements(reader, program):
        read += 1
        yield triple
derived = derivation.derive(counted(), program)
say(read=read, derived=len(derived.triples))
""",
}
PEERS = {
    "load": """
import rdflib
begin()
graph = rdflib.Graph()
for path in (meaning, *parts()):
    graph.parse(path, format="nt")
say(statements=len(graph))
""",
    "validate": """
import pyshacl, rdflib
profile = shapes.profile("submission")
lines = pyoxigraph.serialize([*triples(*parts()), *profile.context], format=RdfFormat.N_TRIPLES)
graph = rdflib.Graph().parse(data=lines, format="nt")
wanted = rdflib.Graph().parse(data=profile.text, format="turtle")
begin()
_, report, _ = pyshacl.validate(graph, shacl_graph=wanted, advanced=True, allow_warnings=True)
say(findings=len(list(report.objects(None, rdflib.Namespace(engine.SH).result))))
""",
    "infer": """
import owlrl, rdflib
program = rules.bundled()
schema = [q.triple for n in axioms.sources() for q in pyoxigraph.parse(assets.content(n), RdfFormat.TURTLE)]
data = [t for t in triples(meaning, *parts()) if t.predicate in program.reads]
graph = rdflib.Graph().parse(
    data=pyoxigraph.serialize([*schema, *data], format=RdfFormat.N_TRIPLES), format="nt")
begin()
owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
say(statements=len(graph))
""",
}


def run(
    sizes: Sequence[int] = SIZES, peer_sizes: dict[str, Sequence[int]] | None = None, rounds: int = ROUNDS
) -> dict[str, Any]:
    """Each stage and its peer in a process of its own, inference the best of some rounds; processor time is compared,
    because it says nearly the same on a busy machine.
    """
    ours: dict[str, dict[str, Any]] = {stage: {} for stage in OURS}
    peers: dict[str, dict[str, Any]] = {stage: {} for stage in PEERS}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            _measured(GENERATED, size, folder)
            for stage, code in OURS.items():
                ours[stage][str(size)] = _best(code, size, folder, rounds if stage == "infer" else 1)
                print(stage, size, ours[stage][str(size)], flush=True)
            for stage, code in PEERS.items():
                if size in (peer_sizes or PEER_SIZES)[stage]:
                    peers[stage][str(size)] = _measured(code, size, folder, PEER_SECONDS)
                    print(PEER_NAMES[stage], size, peers[stage][str(size)], flush=True)
    return {
        "initiatives": ours,
        "processor time per initiative, each size of the size before (1 is linear)": _growth(ours, sizes),
        "peers": {PEER_NAMES[stage]: told for stage, told in peers.items()},
        "the peer takes times as long": {PEER_NAMES[stage]: _ratios(ours[stage], peers[stage]) for stage in PEERS},
    }


def _best(code: str, size: int, folder: str, rounds: int) -> dict[str, Any]:
    return min((_measured(code, size, folder) for _ in range(rounds)), key=lambda told: told["processor"])


def _growth(ours: dict[str, dict[str, Any]], sizes: Sequence[int]) -> dict[str, dict[str, float]]:
    pairs = list(pairwise(sizes))
    per = {stage: {size: told[str(size)]["processor"] / size for size in sizes} for stage, told in ours.items()}
    return {
        stage: {f"{large} of {small}": round(cost[large] / cost[small], 2) for small, large in pairs}
        for stage, cost in per.items()
    }


def _ratios(ours: dict[str, Any], peer: dict[str, Any]) -> dict[str, float]:
    return {
        size: round(told["processor"] / ours[size]["processor"], 1)
        for size, told in peer.items()
        if "processor" in told
    }


def _measured(code: str, size: int, folder: str, seconds: float | None = None) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "-c", PREPARED + code, str(size), folder]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, cwd=ROOT)
    except subprocess.TimeoutExpired:
        return {"no result within seconds": seconds}
    if done.returncode:
        raise SystemExit(f"the benchmark failed at {size}: {done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told
