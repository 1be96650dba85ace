"""The benchmark of load, validation and inference runs, and its peers find as much as we do, on a few initiatives."""

from __future__ import annotations

from benchmarks import reason


def test_a_small_run_measures_every_stage_and_agrees_with_its_peers() -> None:
    peers = {"load": (20,), "validate": (20,), "infer": ()}  # owlrl is compared in tests/inference
    told = reason.run(sizes=(10, 20), peer_sizes=peers, rounds=1)
    ours, theirs = told["initiatives"], told["peers"]
    assert {stage: list(found) for stage, found in ours.items()} == {stage: ["10", "20"] for stage in reason.OURS}
    assert all(found["peak_mb"] > 0 and found["processor"] >= 0 for stage in ours.values() for found in stage.values())
    assert ours["load"]["20"]["statements"] == theirs["rdflib"]["20"]["statements"] > 9000
    assert ours["validate"]["20"]["findings"] == theirs["pySHACL"]["20"]["findings"] > 0
    assert ours["infer"]["20"]["derived"] > ours["infer"]["10"]["derived"] > 100
    growth = told["processor time per initiative, each size of the size before (1 is linear)"]
    assert {stage: list(found) for stage, found in growth.items()} == {stage: ["20 of 10"] for stage in reason.OURS}
