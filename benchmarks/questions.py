"""The 42 competency questions and the map page at 300, 3,000 and 30,000 initiatives: seconds, growth, peak memory, and
the ratio to rdflib on the same statements, where it answers in time.

The records are copies of the published ones under a namespace of their own; up to a million statements they are asked
in memory, above that on disk, as the service does.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

SIZES = (300, 3_000, 30_000)
PEER_SIZES = (300,)  # at 3,000 rdflib takes many minutes for all of them
PEER_SECONDS = 60  # for one question; five times as many for all
ROUNDS = 5
WANTED_MS = 10
ROOT = Path(__file__).resolve().parents[1]
PREPARED = """
import json, sys, time
from pathlib import Path
from iesi_kg.analysis.examples import competency
from benchmarks import copies
size, folder, rounds = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
written = folder / f"copies-{size}.nq"

def say(**told):
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(json.dumps({**told, "peak_mb": round(int(status["VmHWM"].split()[0]) / 1024)}))

def best(call, rounds=rounds):
    found = []
    for _ in range(rounds):
        began = time.process_time()
        call()
        found.append(time.process_time() - began)
        if sum(found) > 20:
            break
    return round(1000 * min(found), 3)
"""
GENERATED = """
from datetime import UTC, datetime
from pyoxigraph import RdfFormat, serialize
from iesi_kg.publication.bundled import load_bundled
from iesi_kg.store.embedded import EmbeddedStore
bundle = folder / "bundle"
if not bundle.is_dir():
    store = EmbeddedStore.open(bundle, create=True)
    load_bundled(store, at=datetime(2026, 11, 20, tzinfo=UTC))
    store.close()
serialize(copies.quads(EmbeddedStore(bundle).reader(), size), written, format=RdfFormat.N_QUADS)
say(statements=sum(1 for _ in open(written, "rb")))
"""
OURS = """
from pyoxigraph import RdfFormat, Store
from iesi_kg.analysis import answers, drawings, knowledge_map, listing
from iesi_kg.store.reader import EmbeddedReader, View
IN_MEMORY = 1_000_000
large = sum(1 for _ in open(written, "rb")) > IN_MEMORY
store = Store(str(folder / f"store-{size}")) if large else Store()
store.bulk_load(path=written, format=RdfFormat.N_QUADS)
if large:
    store.optimize()
reader = EmbeddedReader(View(store), 1)
from dataclasses import replace
asked = [replace(question, query=copies.query(question.query)) for question in competency()]
rows = {question.slug: len(answers.given(reader, question)) for question in asked}
each = {question.slug: best(lambda q=question: answers.given(reader, q)) for question in asked}
page = {"its list, once for a version": best(lambda: listing.build(reader), 1)}
index, all_of_them = listing.build(reader), listing.Choice()
ageing = listing.chosen(index, [("policy-area", "aha")])
for name, choice in (("all", all_of_them), ("ageing", ageing)):
    page[f"matrix, {name}"] = best(lambda: drawings.drawing("matrix", reader, choice, index=index))
    page[f"filters, {name}"] = best(lambda: [index.counts(facet.key, choice) for facet in index.facets])
for name in ("countries", "years", "coverage", "network"):
    page[name] = best(lambda: drawings.drawing(name, reader, index=index))
say(on="disk" if large else "memory", milliseconds=each, rows=rows, map_page=page)
"""
RDFLIB = """
import signal
import rdflib
seconds = int(sys.argv[4])
graph = rdflib.Dataset()
graph.parse(str(written), format="nquads")

class TooLong(Exception):
    pass

def stop(*_):
    raise TooLong

signal.signal(signal.SIGALRM, stop)
each = {}
for question in competency():
    if time.process_time() > 5 * seconds:
        each[question.slug] = {"not asked": "the time for all was over"}
        continue
    signal.alarm(seconds)
    began = time.process_time()
    try:
        rows = len(list(graph.query(copies.query(question.query))))
        each[question.slug] = {"milliseconds": round(1000 * (time.process_time() - began), 3), "rows": rows}
    except TooLong:
        each[question.slug] = {"no answer within seconds": seconds}
    except Exception as error:
        each[question.slug] = {"error": f"{type(error).__name__}: {error}"[:200]}
    finally:
        signal.alarm(0)
say(questions=each)
"""


def run(
    sizes: Sequence[int] = SIZES,
    peer_sizes: Sequence[int] = PEER_SIZES,
    rounds: int = ROUNDS,
    peer_seconds: int = PEER_SECONDS,
) -> dict[str, Any]:
    """Each size and its peer in a process of its own; processor time, the best of some rounds."""
    ours: dict[str, Any] = {}
    peers: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            made = _measured(GENERATED, size, folder, rounds)
            ours[str(size)] = {"statements": made["statements"], **_measured(OURS, size, folder, rounds)}
            print(size, _summary(ours[str(size)]), flush=True)
            if size in peer_sizes:
                peers[str(size)] = _measured(RDFLIB, size, folder, rounds, peer_seconds)
                print("rdflib", size, _against(ours[str(size)], peers[str(size)]), flush=True)
    return {
        "aims": {"milliseconds of a question at real size": WANTED_MS},
        "summary": {size: _summary(told) for size, told in ours.items()},
        "growth of the median question, each size of the size before": _growth(ours, sizes),
        "rdflib": {size: _against(ours[size], told) for size, told in peers.items()},
        "initiatives": ours,
        "peers": peers,
    }


def _summary(told: dict[str, Any]) -> dict[str, Any]:
    each = sorted(told["milliseconds"].items(), key=lambda pair: -pair[1])
    return {
        "median ms": round(statistics.median(ms for _, ms in each), 3),
        "together ms": round(sum(ms for _, ms in each), 1),
        "slowest ms": dict(each[:5]),
        f"above {WANTED_MS} ms": sum(ms > WANTED_MS for _, ms in each),
        "map page ms": told["map_page"],
        "peak MB": told["peak_mb"],
        "asked": told["on"],
    }


def _growth(ours: dict[str, Any], sizes: Sequence[int]) -> dict[str, dict[str, float]]:
    found = {}
    for small, large in pairwise(sizes):
        then, now = ours[str(small)]["milliseconds"], ours[str(large)]["milliseconds"]
        ratios = {slug: now[slug] / max(then[slug], 0.001) for slug in now}
        worst = max(ratios, key=lambda slug: ratios[slug])
        median = round(statistics.median(ratios.values()), 1)
        found[f"{large} of {small}"] = {"initiatives": large / small, "median": median, worst: round(ratios[worst], 1)}
    return found


def _against(ours: dict[str, Any], peer: dict[str, Any]) -> dict[str, Any]:
    """How many times as long the peer takes, by the geometric mean of the questions that it answers as we do."""
    told = peer["questions"]
    answered = {slug: one for slug, one in told.items() if "milliseconds" in one}
    alike = [slug for slug, one in answered.items() if one["rows"] == ours["rows"][slug]]
    ratios = [told[slug]["milliseconds"] / max(ours["milliseconds"][slug], 0.001) for slug in alike]
    return {
        "answered with as many rows": len(alike),
        "other rows": sorted(set(answered) - set(alike)),
        "not answered": sorted(set(told) - set(answered)),
        "takes times as long, geometric mean": round(statistics.geometric_mean(ratios), 1) if ratios else None,
        "peak MB": peer["peak_mb"],
    }


def _measured(code: str, size: int, folder: str, rounds: int, seconds: int = 0) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "-c", PREPARED + code, str(size), folder, str(rounds), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"the benchmark failed at {size}: {done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told
