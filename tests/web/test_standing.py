"""How the service says that it is well: health, figures, counters, and the query log."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pytest

from iesi_kg import __version__
from iesi_kg.web.meter import Meter, exposition, part_of
from running_server import Server, fill, serving
from talking import Talk

TTL = '<http://example.org/a> <http://example.org/b> "c" .'
LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+-]+(\n|$)')


def counters(text: str) -> dict[str, float]:
    """The samples of an exposition; every line is either one or a comment of the two known kinds."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# "):
            assert re.match(r"# (HELP|TYPE) iesi_kg_[a-z_]+ \S", line), line
        else:
            assert LINE.fullmatch(line), line
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_health(server: Server, path: str) -> None:
    reply = server.ask("GET", path)
    assert json.loads(reply.body) == {"status": "ok", "version": 1, "software": __version__}
    assert reply.headers["Cache-Control"] == "no-store"
    assert server.ask("HEAD", path).status == 200


def test_the_counters_count_answers_by_part_method_and_status(server: Server) -> None:
    before = counters(server.ask("GET", "/metrics").text)
    server.query("ASK {}")
    server.query("ASK {")
    server.ask("GET", "/id/initiative/none")
    server.ask("GET", "/somewhere/secret?password=x")
    text = server.ask("GET", "/metrics").text
    after = counters(text)

    def more(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert more('iesi_kg_requests_total{part="sparql",method="GET",status="200"}') == 1
    assert more('iesi_kg_requests_total{part="sparql",method="GET",status="400"}') == 1
    assert more('iesi_kg_requests_total{part="id",method="GET",status="404"}') == 1
    assert more('iesi_kg_requests_total{part="other",method="GET",status="404"}') == 1
    assert more('iesi_kg_request_seconds_count{part="sparql"}') == 2
    assert (
        after['iesi_kg_request_seconds_bucket{part="sparql",le="+Inf"}']
        == after['iesi_kg_request_seconds_count{part="sparql"}']
    )
    assert after["iesi_kg_graph_version"] == 1
    assert "secret" not in text
    assert "127.0.0.1" not in text


def test_the_status_is_told_in_figures_and_as_a_page(server: Server) -> None:
    found = json.loads(server.ask("GET", "/status.json").body)
    assert (found["status"], found["version"], found["software"]) == ("ok", 1, __version__)
    assert found["triples"] > 1_000
    assert found["uptime_seconds"] > 0
    assert found["requests_last_hour"] >= 1
    assert found["requests_running"] >= 1
    assert len(found["load_average"]) == 3
    page = server.ask("GET", "/status", {"Accept": "text/html"})
    assert page.status == 200
    assert "Queries are answered." in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_failures_of_the_last_hour_make_the_error_rate() -> None:
    meter = Meter()
    for status in (200, 200, 404, 500):
        meter.enter("id")
        meter.leave("id", "GET", status, 0.01)
    assert meter.last_hour() == (4, 1)
    assert meter.running["id"] == 0
    meter.begun -= 3 * 3600
    assert meter.last_hour() == (0, 0)


def test_a_request_falls_into_the_smallest_bucket_that_holds_it() -> None:
    meter = Meter()
    for seconds in (0.001, 0.3, 100.0):
        meter.enter("sparql")
        meter.leave("sparql", "GET", 200, seconds)
    found = counters(exposition(meter, []))
    name = 'iesi_kg_request_seconds_bucket{{part="sparql",le="{}"}}'
    assert [found[name.format(bound)] for bound in ("0.001", "0.1", "0.5", "30", "+Inf")] == [1, 1, 2, 2, 3]


@pytest.mark.parametrize("path", ["/" + "x" * 5_000, "/../id", "//id", '/"}\n', "", "/SPARQL"])
def test_an_address_of_any_kind_is_counted_under_a_name_of_ours(path: str) -> None:
    assert part_of(path) in {"other", "start"}


def logged(path: Path, enough: Callable[[list[dict[str, object]]], bool]) -> list[dict[str, object]]:
    """The lines, once there are enough of them: the line of a request is written after its answer."""
    for _ in range(200):
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        if enough(lines):
            return lines
        time.sleep(0.02)
    raise AssertionError(path.read_text("utf-8"))


def test_the_query_log_says_what_was_asked_and_not_by_whom(tmp_path: Path) -> None:
    fill(tmp_path / "store", TTL)
    log = tmp_path / "queries.jsonl"
    with serving(tmp_path / "store", query_processes=1, query_log=log) as server:
        secret = {"Authorization": "Bearer not-a-token", "User-Agent": "somebody"}
        server.query("SELECT * { ?s ?p ?o }", "text/csv")
        server.ask("POST", "/sparql", {"Content-Type": "application/sparql-query"}, "CONSTRUCT WHERE { ?s ?p ?o }")
        server.query("ASK {")
        server.ask("GET", "/sparql?query=" + quote("ASK {}"), secret)
        server.ask("GET", "/health")
        lines = logged(log, lambda found: len(found) == 4)
    assert [set(line) for line in lines] == [{"time", "query", "form", "rows", "ms", "status", "cached"}] * 4
    assert [line["form"] for line in lines[:3]] == ["solutions", "graph", "boolean"]
    assert [line["status"] for line in lines[:3]] == [200, 200, 400]
    assert lines[0]["query"] == sha256(b"SELECT * { ?s ?p ?o }").hexdigest()
    assert all(isinstance(line["ms"], float) and line["ms"] >= 0 for line in lines)
    text = log.read_text("utf-8")
    for told in ("127.0.0.1", "somebody", "not-a-token", "SELECT"):
        assert told not in text


def test_the_query_log_holds_the_text_where_that_is_set(tmp_path: Path) -> None:
    fill(tmp_path / "store", TTL)
    log = tmp_path / "queries.jsonl"
    with serving(tmp_path / "store", query_processes=1, query_log=log, query_log_as="text") as server:
        opened = Talk(server)
        for text in ('ASK { ?s ?p "ü\n" }', "ASK { <urn:a> ?p ?o }", "ASK { <urn:b> ?p ?o }", "ASK { <urn:b> ?p ?o }"):
            opened.ask(f"GET /sparql?query={quote(text)} HTTP/1.1\r\nHost: e\r\n\r\n")
        opened.close()
        line, *others = logged(log, lambda found: len(found) == 4)
    assert line["query"] == 'ASK { ?s ?p "ü\n" }'
    assert [other["cached"] for other in others] == [False, False, True]
    assert "ü" in log.read_text("utf-8")
