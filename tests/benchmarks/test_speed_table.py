"""The speed table: its queries find something, its ratios are right, the page of capacity is what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import capacity, speed, speed_queries
from benchmarks.speed_servers import OURS, OURS_2, OXIGRAPH
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import BASE


@pytest.mark.parametrize("name", speed_queries.shapes())
def test_every_shape_finds_something_in_the_real_records(bundled_store: Path, name: str) -> None:
    reader = EmbeddedStore(bundled_store, lock_timeout=10).reader()
    one = next(iter(reader.select(f"SELECT ?i {{ ?i a <{BASE}ontology#Initiative> ; ?p ?o }} ORDER BY ?i LIMIT 1")))[
        "i"
    ]
    rows = reader.select(speed_queries.shapes()[name].replace("{n}", str(one)[1:-1]))
    assert rows
    assert all(set(row) == set(rows[0]) for row in rows) or "OPTIONAL" in speed_queries.shapes()[name]


def test_one_query_of_each_class_is_put_under_load() -> None:
    assert list(speed_queries.loaded()) == list(speed_queries.SHAPES)
    assert len(speed_queries.questions()) == 42
    assert iris.initiative("x").value not in "".join(speed_queries.shapes().values())


def measured(rate: float, cpu_ms: float, errors: int = 0) -> dict[str, float]:
    return {"requests_per_second": rate, "requests_per_cpu_second": 1000 / cpu_ms, "cpu_ms": cpu_ms, "errors": errors}


def modes(first: float, repeated: float, newer: float, cpu_ms: float, errors: int = 0) -> dict[str, Any]:
    return {"first": measured(first, cpu_ms, errors), "repeated": measured(repeated, 0.1), "304": measured(newer, 0.1)}


def test_the_ratios_by_hand() -> None:
    """Two classes; a third, which one server did not answer each time, and a fourth, never in time, count nowhere."""
    slices: dict[str, Any] = {
        f"real/http/{OURS}": {
            "lookup": modes(100, 400, 900, 0.2), "join": modes(50, 400, 900, 2), "gap": modes(1, 1, 1, 1), "memory": 7,
            "text": modes(2, 2, 2, 2),
        },
        f"real/http/{OURS_2}": {"lookup": modes(200, 1, 1, 0.2), "join": modes(72, 1, 1, 2), "gap": modes(1, 1, 1, 1)},
        f"real/http/{OXIGRAPH}": {
            "lookup": modes(200, 200, 0, 0.1), "join": modes(25, 50, 0, 4), "gap": modes(9, 9, 9, 9, errors=3),
            "text": modes(0, 0, 0, 3_000),
        },
        f"real/load/{OURS}": {"seconds": 11.0},
        f"real/load/{OXIGRAPH}": {"seconds": 10.0},
        f"real/latency/{OURS}": {"queries": {
            "join: a": {"ms": 2.0, "rows": 3}, "join: b": {"ms": 8.0, "rows": 3}, "gap: c": {"ms": 9.0, "rows": 1},
            "question: q": {"ms": 11.0, "rows": 1}, "question: r": {"ms": 4.0, "rows": 1}}},
        f"real/latency/{OXIGRAPH}": {"queries": {
            "join: a": {"ms": 1.0, "rows": 3}, "join: b": {"ms": 1.0, "rows": 3}, "gap: c": {"ms": 1.0, "rows": 2},
            "question: q": "no answer: TimeoutError", "question: r": {"ms": 1.0, "rows": 1}}},
        "real/process/pyoxigraph-disk": {"queries": {"a": 2.0, "b": 4.0, "c": 1.0}},
        "real/process/rdflib": {"queries": {"a": 20.0, "b": 360.0, "c": "TypeError: x"}},
    }  # fmt: skip
    told = speed.summary(slices)["real"]
    assert told["small, first time, requests per CPU second, of oxigraph"] == 0.5
    assert told["more than 1 ms, first time, requests per CPU second, of oxigraph"] == 2.0
    assert told["repeated, requests, of oxigraph"] == 4.0  # 2 and 8
    assert told["304, requests, of oxigraph"] == 9.0  # 4.5 and 18
    assert told["2 workers, requests, of 1"] == round((2 * 1.44 * 1) ** (1 / 3), 2)
    assert told["2 workers, requests first time, of oxigraph on one core"] == {"lookup": 1.0, "join": 2.88}
    assert told["bulk load, seconds, of pyoxigraph"] == 1.1
    assert told["a competency question at real size, ms"] == {
        "slowest": {"question: q": 11.0}, "above 10 ms": 1, "asked": 2,
    }  # fmt: skip
    assert told[f"first time, latency of {OURS}, of {OXIGRAPH}"] == {
        "geometric mean": 4.0, "geometric mean, with the questions": 4.0,
        "by class": {"join": 4.0, "question": 4.0}, "queries": 3, "other rows": ["gap: c"],
    }  # fmt: skip
    assert told["in process, rdflib of pyoxigraph on disk"] == 30.0
    assert "in process, iesi-kg of pyoxigraph on disk" not in told


def test_a_slice_is_chosen_by_options() -> None:
    chosen = speed._options(["--size", "1m", "--only", "http", "--servers", "iesi-kg,virtuoso"])
    assert speed._servers("http", chosen.size, chosen.servers) == ["iesi-kg", "virtuoso"]
    assert speed._servers("http", "1m", "") == ["iesi-kg", "iesi-kg-2-workers", "oxigraph", "virtuoso"]
    assert speed._servers("process", "real", "") == ["iesi-kg", "pyoxigraph-disk", "pyoxigraph-memory", "rdflib"]
    assert speed._servers("load", "10m", "") == ["oxigraph", "iesi-kg"]
    with pytest.raises(SystemExit, match="unknown: fuseki"):
        speed._servers("http", "real", "fuseki")
    with pytest.raises(SystemExit):
        speed._options(["--size", "2m"])


def test_the_capacity_page_is_what_was_measured() -> None:
    page = capacity.PAGE.read_text(encoding="utf-8")
    assert f"{capacity.BEGIN}\n{capacity.table(capacity.kept())}\n{capacity.END}" in page, (
        "python -m benchmarks.capacity"
    )


def test_the_capacity_table_by_hand(tmp_path: Path) -> None:
    slices: dict[str, Any] = {
        "1m/load/iesi-kg": {
            "seconds": 9.5, "statements a second": 105_000, "peak MB": 1_300, "disk MB": 170, "statements": 1_000_123,
        },
        "1m/http/iesi-kg": {"lookup": modes(1200.5, 1, 1, 1), "memory MB": 900, "statements": 1_000_123},
    }  # fmt: skip
    page = tmp_path / "page.md"
    page.write_text(f"before\n{capacity.BEGIN}\nold\n{capacity.END}\nafter\n")
    capacity.write({"slices": slices}, page)
    lines = page.read_text().splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("before", "after", 9)
    no = capacity.MISSING
    assert lines[4] == "| real |" + f" {no} |" * 9
    assert lines[5] == f"| 1m | 1,000,123 | 9.5 | 105,000 | 1,300 | 170 | 900 | 1,200.5 | {no} | {no} |"
