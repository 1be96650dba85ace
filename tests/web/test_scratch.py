"""``iesi-kg serve --scratch`` from outside: a plain SPARQL 1.1 store, whose acknowledged writes last and are seen."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from html import unescape
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote

import pytest

from running_server import Reply, Server, serving, start, stop

UPDATE = {"Content-Type": "application/sparql-update"}
TURTLE = {"Content-Type": "text/turtle"}
G = "/graph?graph=" + quote("http://example.org/g", safe="")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("scratch") / "store"
    with serving(store, "--scratch", query_seconds=2.0, query_rows=200, scratch_rows=1_000) as running:
        yield running


@pytest.fixture(autouse=True)
def _empty(request: pytest.FixtureRequest) -> None:
    if "server" in request.fixturenames:
        assert update(request.getfixturevalue("server"), "DROP ALL").status == 204


def update(server: Server, text: str, **headers: str) -> Reply:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.ask("POST", "/update", UPDATE | given, text)


def rows(server: Server, text: str) -> list[dict[str, str]]:
    reply = server.query(text, "application/sparql-results+json")
    assert reply.status == 200, reply.text
    return [
        {name: term["value"] for name, term in row.items()} for row in json.loads(reply.text)["results"]["bindings"]
    ]


def count(server: Server, graph: str = "GRAPH ?g { ?s ?p ?o }") -> int:
    return int(rows(server, f"SELECT (COUNT(*) AS ?n) {{ {graph} }}")[0]["n"])


def test_a_read_after_the_acknowledgement_sees_the_write(server: Server) -> None:
    versions = []
    for number in range(40):
        reply = update(server, f"INSERT DATA {{ <urn:s> <urn:p> {number} }}")
        assert reply.status == 204
        versions.append(int(reply.headers["IESI-KG-Version"]))
        assert count(server, "?s ?p ?o") == number + 1
    assert versions == list(range(versions[0], versions[0] + 40))


def test_eight_writers_lose_no_update(server: Server) -> None:
    update(server, "INSERT DATA { <urn:counter> <urn:is> 0 }")
    step = "DELETE { ?c <urn:is> ?n } INSERT { ?c <urn:is> ?m } WHERE { ?c <urn:is> ?n BIND(?n + 1 AS ?m) }"
    statuses: list[int] = []

    def write() -> None:
        statuses.extend(update(server, step).status for _ in range(25))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [204] * 200
    assert rows(server, "SELECT ?n { <urn:counter> <urn:is> ?n }") == [{"n": "200"}]


def test_what_was_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    enough = threading.Event()

    def kill() -> None:
        enough.wait(60)
        server.process.send_signal(signal.SIGKILL)

    with serving(tmp_path / "store", "--scratch") as server:
        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises((OSError, HTTPException)):
            for number in range(100_000):
                text = f"INSERT DATA {{ <urn:s> <urn:p> {number} . GRAPH <urn:g> {{ _:b <urn:p> {number} }} }}"
                assert update(server, text).status == 204
                acknowledged.append(number)
                if number == 60:
                    enough.set()
        killer.join()
        server.process.wait(10)
    with serving(tmp_path / "store", "--scratch") as server:
        plain = {int(row["o"]) for row in rows(server, "SELECT ?o { <urn:s> <urn:p> ?o }")}
        named = {int(row["o"]) for row in rows(server, "SELECT ?o { GRAPH <urn:g> { ?b <urn:p> ?o } }")}
    assert plain == named
    assert plain >= set(acknowledged)
    assert len(plain) <= len(acknowledged) + 1


def test_blank_nodes_and_empty_graphs_outlive_the_server(tmp_path: Path) -> None:
    turtle = '<urn:a> <urn:knows> [ <urn:name> "x" ; <urn:knows> [ <urn:name> "y" ] ] .'
    with serving(tmp_path / "store", "--scratch") as server:
        assert server.ask("PUT", G, TURTLE, turtle).status == 201
        assert update(server, "CREATE GRAPH <urn:empty> ; INSERT DATA { <urn:last> <urn:p> 1 }").status == 204
        assert "Traceback" not in stop(server.process)
    with serving(tmp_path / "store", "--scratch") as server:
        name = "SELECT ?n { GRAPH ?g { <urn:a> <urn:knows>/<urn:knows> [ <urn:name> ?n ] } }"
        assert rows(server, name) == [{"n": "y"}]
        assert count(server, "?s ?p ?o") == 1
        assert server.ask("GET", "/graph?graph=urn:empty").status == 200
        text = "DELETE { GRAPH ?g { ?s ?p ?o } } WHERE { GRAPH ?g { ?s ?p ?o FILTER(isBlank(?s)) } }"
        assert update(server, text).status == 204
        assert count(server) == 1


def test_graphs_begin_and_end_to_exist(server: Server) -> None:
    assert update(server, "CREATE GRAPH <urn:g>").status == 204
    assert update(server, "CREATE GRAPH <urn:g>").status == 409
    assert update(server, "CREATE SILENT GRAPH <urn:g>").status == 204
    assert server.ask("GET", "/graph?graph=urn:g").status == 200
    assert update(server, "DROP GRAPH <urn:g>").status == 204
    assert server.ask("GET", "/graph?graph=urn:g").status == 404
    assert update(server, "DROP GRAPH <urn:g>").status == 409


def test_an_update_is_made_whole_or_not_at_all(server: Server) -> None:
    reply = update(server, "INSERT DATA { <urn:s> <urn:p> 1 } ; DROP GRAPH <urn:none>")
    assert reply.status == 409
    assert "urn:none" in reply.text
    assert count(server, "?s ?p ?o") == 0


def test_prologues_stand_before_any_operation(server: Server) -> None:
    text = """PREFIX a: <urn:a#> INSERT DATA { a:x a:p 1 } ;
        PREFIX a: <urn:b#> INSERT DATA { a:x a:p 1 } ; DELETE DATA { <urn:a#x> a:p 1 } ;"""
    assert update(server, text).status == 204
    assert rows(server, "SELECT ?s { ?s ?p ?o } ORDER BY ?s") == [{"s": "urn:a#x"}, {"s": "urn:b#x"}]


def test_a_mistake_is_told_at_its_place_in_the_whole_request(server: Server) -> None:
    reply = update(server, "PREFIX a: <urn:a#>\nCLEAR DEFAULT ;\nINSERT DATA { a:x a:p }")
    problem = json.loads(reply.text)
    assert (reply.status, problem["line"], problem["column"]) == (400, 3, 23)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("LOAD <http://127.0.0.1:9/x>", "LOAD"),
        ("INSERT { ?s ?p ?o } WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", "SERVICE"),
        ("INSERT DATA { <urn:s> <urn:p> " + "(" * 200 + ")" * 200 + " }", "levels"),
        ("INSERT DATA { <urn:s> <urn:p> '" + "x" * 100_000 + "' }", "characters"),
    ],
)
def test_what_is_refused_says_why(server: Server, text: str, word: str) -> None:
    reply = update(server, text)
    assert reply.status == 403
    assert word in json.loads(reply.text)["detail"]


def test_load_silent_passes_and_changes_nothing(server: Server) -> None:
    assert update(server, "LOAD SILENT <http://127.0.0.1:9/x> INTO GRAPH <urn:g>").status == 204
    assert count(server) == 0


def test_a_runaway_update_is_stopped_and_changes_nothing(server: Server) -> None:
    values = " ".join(map(str, range(60)))
    cross = " ".join(f"VALUES ?v{number} {{ {values} }}" for number in range(6))
    reply = update(
        server, f"INSERT DATA {{ <urn:a> <urn:p> 1 }} ; INSERT {{ <urn:s> <urn:p> ?v0 }} WHERE {{ {cross} }}"
    )
    assert reply.status == 504
    assert count(server, "?s ?p ?o") == 0
    assert update(server, "INSERT DATA { <urn:s> <urn:p> 1 }").status == 204
    assert count(server, "?s ?p ?o") == 1


def test_a_change_may_be_larger_than_an_answer(server: Server) -> None:
    def product(most: int) -> str:
        values = " ".join(map(str, range(most)))
        pairs = f"VALUES ?a {{ {values} }} VALUES ?b {{ {values} }} BIND(?a * {most} + ?b AS ?v)"
        return f"INSERT {{ <urn:s> <urn:p> ?v }} WHERE {{ {pairs} }}"

    assert update(server, product(30)).status == 204
    assert rows(server, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }") == [{"n": "900"}]
    assert server.query("SELECT ?o { ?s ?p ?o }").status == 503  # 200 rows are the limit of an answer
    assert update(server, "CLEAR ALL").status == 204
    refused = update(server, product(32))
    assert (refused.status, json.loads(refused.text)["limit_rows"]) == (503, 1_000)
    assert count(server, "?s ?p ?o") == 0


@pytest.mark.parametrize("by", ["clause", "parameter"])
def test_a_triple_of_two_using_graphs_counts_once(server: Server, by: str) -> None:
    one = "{ <urn:s> <urn:p> 1 }"
    update(server, f"INSERT DATA {{ GRAPH <urn:a> {one} GRAPH <urn:b> {one} }}")
    using = "USING <urn:a> USING <urn:b>" if by == "clause" else ""
    text = f"INSERT {{ [] <urn:n> ?n }} {using} WHERE {{ SELECT (COUNT(*) AS ?n) {{ ?s ?p ?o }} }}"
    address = "/update" if using else "/update?using-graph-uri=urn:a&using-graph-uri=urn:b"
    assert server.ask("POST", address, UPDATE, text).status == 204
    assert rows(server, "SELECT ?n { ?b <urn:n> ?n }") == [{"n": "1"}]
    assert rows(server, "SELECT ?g { GRAPH ?g {} } ORDER BY ?g") == [{"g": "urn:a"}, {"g": "urn:b"}]


def test_an_update_on_one_graph_leaves_the_others(server: Server) -> None:
    update(
        server,
        "INSERT DATA { <urn:s> <urn:p> 1 . GRAPH <urn:g> { <urn:s> <urn:p> 1 } GRAPH <urn:h> { <urn:s> <urn:p> 1 } }",
    )
    text = "PREFIX : <urn:> WITH :g DELETE { ?s ?p ?o } INSERT { ?s ?p 2 . GRAPH :h { ?s ?p 2 } } WHERE { ?s ?p ?o }"
    assert update(server, text).status == 204
    found = rows(server, "SELECT ?g ?o { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } } ORDER BY ?g ?o")
    assert found == [{"o": "1"}, {"g": "urn:g", "o": "2"}, {"g": "urn:h", "o": "1"}, {"g": "urn:h", "o": "2"}]


class TestGraphStore:
    """Conditional and broken requests; the standard's own cases are in tests/conformance."""

    def test_replaces_atomically(self, server: Server) -> None:
        assert server.ask("PUT", G, TURTLE, "<urn:s> <urn:p> 1, 2 .").status == 201
        broken = server.ask("PUT", G, TURTLE, "<urn:s> <urn:p> 3 . <urn:s> <urn:p>")
        assert broken.status == 400
        assert count(server) == 2
        assert server.ask("PUT", G, TURTLE, "<urn:s> <urn:p> 3 .").status == 204
        assert rows(server, "SELECT ?o { GRAPH ?g { ?s ?p ?o } }") == [{"o": "3"}]

    def test_etag_names_the_state_of_the_graph_alone(self, server: Server) -> None:
        server.ask("PUT", G, TURTLE, "<urn:s> <urn:p> 1 .")
        etag = server.ask("GET", G).headers["ETag"]
        update(server, "INSERT DATA { GRAPH <urn:other> { <urn:s> <urn:p> 1 } }")
        assert server.ask("GET", G, {"If-None-Match": etag}).status == 304
        assert server.ask("POST", G, TURTLE | {"If-Match": etag}, "<urn:s> <urn:p> 2 .").status == 204
        assert server.ask("GET", G, {"If-None-Match": etag}).status == 200
        stale = server.ask("PUT", G, TURTLE | {"If-Match": etag}, "<urn:s> <urn:p> 9 .")
        assert stale.status == 412
        assert count(server, "GRAPH <http://example.org/g> { ?s ?p ?o }") == 2

    def test_if_none_match_any_only_creates(self, server: Server) -> None:
        assert server.ask("PUT", G, TURTLE | {"If-None-Match": "*"}, "<urn:s> <urn:p> 1 .").status == 201
        assert server.ask("PUT", G, TURTLE | {"If-None-Match": "*"}, "<urn:s> <urn:p> 2 .").status == 412
        assert server.ask("DELETE", G, {"If-Match": '"0-ttl"'}).status == 412
        assert server.ask("DELETE", G, {"If-Match": "*"}).status == 204
        assert server.ask("DELETE", G, {"If-Match": "*"}).status == 404

    @pytest.mark.parametrize(
        ("method", "path", "headers", "status"),
        [
            ("GET", "/graph", {}, 400),
            ("GET", "/graph?graph=relative", {}, 400),
            ("GET", "/graph?default&graph=urn:g", {}, 400),
            ("GET", "/graph/x?default", {}, 400),
            ("GET", "/graph?default", {"Accept": "image/png"}, 406),
            ("PUT", "/graph?default", {"Content-Type": "text/csv"}, 415),
            ("PUT", "/graph?default", {"Content-Type": "multipart/form-data"}, 400),
            ("PATCH", "/graph?default", {}, 405),
            ("GET", "/update", {}, 405),
        ],
    )
    def test_refuses(self, server: Server, method: str, path: str, headers: dict[str, str], status: int) -> None:
        reply = server.ask(method, path, headers, b"" if method in ("PUT", "PATCH") else None)
        assert reply.status == status
        assert reply.headers["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize(
        "kind", ["text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"]
    )
    def test_reads_what_it_writes(self, server: Server, kind: str) -> None:
        assert server.ask("PUT", G, TURTLE, '<urn:s> <urn:p> "ä"@de, 1, <urn:o> .'.encode()).status == 201
        written = server.ask("GET", G, {"Accept": kind})
        assert written.headers["Content-Type"].startswith(kind)
        head = server.ask("HEAD", G, {"Accept": kind})
        assert (head.status, head.headers["Content-Length"], head.body) == (200, str(len(written.body)), b"")
        assert server.ask("PUT", "/graph?graph=urn:copy", {"Content-Type": kind}, written.body).status == 201
        assert count(server, "GRAPH <urn:copy> { ?s ?p ?o } GRAPH <http://example.org/g> { ?s ?p ?o }") == 3


def test_the_how_to_says_what_works(server: Server, root: Path) -> None:
    page = (root / "docs" / "how-to" / "scratch-store.md").read_text(encoding="utf-8")
    commands = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[1].replace("http://127.0.0.1:8080", server.url)
    run = ["bash", "-euo", "pipefail", "-c", commands]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["who,whom", "urn:a,urn:b", "urn:b,urn:c"]
    assert count(server) == 0


def test_the_start_page_says_what_this_is_and_where_it_answers(server: Server) -> None:
    page = server.ask("GET", "/", {"Accept": "text/html"})
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for path in ("/sparql", "/update", "/graph"):
        assert f"<code>{server.url}{path}</code>" in page.text
    assert "Whoever reaches this address may write" in page.text
    assert set(re.findall(r'href="(/[^"?]*)"', page.text)) >= {"/sparql", "/health/ready"}
    for address in set(re.findall(r'(?:href|src)="(/[^"]*)"', page.text)):
        assert server.ask("GET", address, {"Accept": "text/html"}).status == 200, address
    [commands] = re.findall(r"<pre[^>]*>(.*?)</pre>", page.text, re.DOTALL)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", unescape(commands)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines() == ["who,whom", "urn:b,urn:c"], done.stderr
    assert "Ein Notizspeicher" in server.ask("GET", "/?lang=de", {"Accept": "text/html"}).text
    assert server.ask("GET", "/initiatives", {"Accept": "text/html"}).status == 404


def test_describes_itself_as_what_it_is(server: Server) -> None:
    said = server.ask("GET", "/sparql", {"Accept": "application/n-triples"}).text
    assert "<http://www.w3.org/ns/sparql-service-description#SPARQL11Update>" in said
    assert "published" not in said
    assert server.ask("GET", "/sparql", {"Accept": "text/html"}).status == 200
    assert server.ask("GET", "/health").status == 200
    missing = server.ask("GET", "/codes")
    assert (missing.status, json.loads(missing.text)["hint"]) == (404, "/sparql, /update and /graph are there")


class TestAccess:
    """Who may write, and where a scratch store may stand."""

    def test_token_where_one_is_set(self, tmp_path: Path) -> None:
        with serving(tmp_path / "store", "--scratch", token="open sesame") as server:
            text = "INSERT DATA { <urn:s> <urn:p> 1 }"
            refused = update(server, text)
            assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="iesi-kg"')
            assert update(server, text, Authorization="Bearer open").status == 401
            assert server.ask("PUT", G, TURTLE, "").status == 401
            assert server.ask("POST", "/sparql", UPDATE, text).status == 401
            assert count(server, "?s ?p ?o") == 0
            assert update(server, text, Authorization="Bearer open sesame").status == 204
            assert count(server, "?s ?p ?o") == 1
            statuses = [update(server, text, Authorization=f"Bearer {number}").status for number in range(11)]
            assert statuses == [401] * 9 + [429] * 2  # the tenth wrong one was "open"
            assert update(server, text, Authorization="Bearer open sesame").status == 429

    def test_no_script_of_another_site_reads(self, server: Server) -> None:
        foreign = {"Origin": "https://example.org"}
        asked = foreign | {"Access-Control-Request-Method": "GET"}
        assert update(server, "INSERT DATA { <urn:s> <urn:p> 1 }").status == 204
        for method, path, fields in (
            ("GET", "/sparql?query=ASK%7B%7D", foreign),
            ("GET", "/graph?default", foreign),
            ("GET", "/sparql?query=wrong", foreign),
            ("OPTIONS", "/sparql", asked),
            ("OPTIONS", "/graph", asked),
        ):
            reply = server.ask(method, path, fields)
            assert [name for name in reply.headers if name.lower().startswith("access-control-")] == [], path

    def test_no_page_of_another_site_writes(self, server: Server) -> None:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = "update=" + quote("INSERT DATA { <urn:s> <urn:p> 1 }")
        for foreign in ({"Origin": "https://example.org"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            assert server.ask("POST", "/update", form | foreign, body).status == 403
            assert server.ask("POST", "/sparql", form | foreign, body).status == 403
        assert (
            server.ask("POST", "/update", form | {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}, body).status
            == 204
        )

    def test_not_open_on_every_address_without_a_token(self, tmp_path: Path) -> None:
        process = start(tmp_path / "store", "--scratch", host="0.0.0.0")
        said, _ = process.communicate(timeout=30)
        assert process.returncode == 3
        assert "could be overwritten by anybody" in said
        assert "IESI_KG_TOKEN" in said

    def test_a_folder_is_of_one_kind_for_good(self, tmp_path: Path) -> None:
        with serving(tmp_path / "store", "--scratch"):
            pass
        process = start(tmp_path / "store")
        said, _ = process.communicate(timeout=30)
        assert "is a scratch store" in said
        (tmp_path / "store" / "scratch").unlink()
        process = start(tmp_path / "store", "--scratch")
        said, _ = process.communicate(timeout=30)
        assert "holds a published graph" in said
