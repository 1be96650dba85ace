"""Virtuoso 7 and `oxigraph serve` as peers of ours, and as servers that ask us by SERVICE."""

from __future__ import annotations

import csv
import io
import json
import urllib.request
from urllib.parse import urlencode

from loopback_peers import DOWN, Running

from running_server import Server

PREFIX = "PREFIX ex: <http://example.org/>\n"


def table(service: Server, text: str) -> list[list[str]]:
    reply = service.query(PREFIX + text, "text/csv")
    assert reply.status == 200, reply.text
    assert "answered=?0" not in reply.headers["IESI-KG-Services"]
    return sorted(list(csv.reader(io.StringIO(reply.text)))[1:])


def refused(service: Server, text: str) -> dict[str, object]:
    reply = service.query(PREFIX + text)
    assert reply.headers["content-type"] == "application/problem+json"
    return dict(json.loads(reply.text)) | {"status": reply.status}


def test_virtuoso_joined(service: Server, virtuoso: Running) -> None:
    text = f"SELECT ?t ?n ?m {{ ?t ex:people ?n SERVICE <{virtuoso.endpoint}> {{ ?t ex:mayor ?m }} }}"
    assert table(service, text) == [
        ["http://example.org/oulu", "214000", "Päivi"],
        ["http://example.org/riga", "605802", "Vilnis"],
    ]


def test_virtuoso_in_optional(service: Server, virtuoso: Running) -> None:
    text = f"SELECT ?t ?y {{ ?t ex:people ?n OPTIONAL {{ SERVICE <{virtuoso.endpoint}> {{ ?t ex:founded ?y }} }} }}"
    assert table(service, text) == [
        ["http://example.org/oslo", ""],
        ["http://example.org/oulu", ""],
        ["http://example.org/porto", ""],
        ["http://example.org/riga", "1201"],
    ]


def test_virtuoso_with_everything_inside(service: Server, virtuoso: Running) -> None:
    """Bindings at the end of the query hold for OPTIONAL, FILTER and sub-selects inside, as they do elsewhere."""
    inside = (
        "{ SELECT ?t (COUNT(?m) AS ?k) { ?t ex:mayor ?m } GROUP BY ?t } OPTIONAL { ?t ex:founded ?y } FILTER(?k > 0)"
    )
    text = f"SELECT ?t ?k ?y {{ ?t ex:code ?c SERVICE <{virtuoso.endpoint}> {{ {inside} }} }}"
    assert table(service, text) == [["http://example.org/oulu", "1", ""], ["http://example.org/riga", "1", "1201"]]


def test_only_the_graphs_of_the_entry_are_asked(service: Server, virtuoso: Running) -> None:
    """Without default-graph-uri Virtuoso would answer from its own system graphs too."""
    text = f"SELECT (COUNT(*) AS ?k) {{ SERVICE <{virtuoso.endpoint}> {{ ?s ?p ?o }} }}"
    assert table(service, text) == [["3"]]


def test_a_part_that_virtuoso_sends_as_whole_is_an_error(service: Server, virtuoso: Running) -> None:
    """It stops by itself after a second and sends 200 with what it has; only a header tells."""
    heavy = " ".join(f"?a{n} ?p{n} ?o{n} ." for n in range(8))
    numbers = f"VALUES ?v {{ {' '.join(map(str, range(400)))} }} VALUES ?w {{ {' '.join(map(str, range(400)))} }}"
    text = f"SELECT * {{ SERVICE <{virtuoso.endpoint}> {{ SELECT (COUNT(*) AS ?k) {{ {heavy} {numbers} }} }} }}"
    problem = refused(service, text)
    assert problem["status"] in (502, 504), problem
    assert str(problem["detail"]).startswith(f"SERVICE <{virtuoso.endpoint}>: virtuoso ")


def test_rows_that_virtuoso_cuts_are_an_error(service: Server, virtuoso: Running) -> None:
    """It sends 100 rows of more without a word but a header: ResultSetMaxRows of its configuration."""
    values = " ".join(map(str, range(150)))
    problem = refused(service, f"SELECT * {{ SERVICE <{virtuoso.endpoint}> {{ VALUES ?v {{ {values} }} }} }}")
    assert (problem["status"], "cut its answer at 100 rows" in str(problem["detail"])) == (502, True), problem


def test_what_virtuoso_complains_of(service: Server, virtuoso: Running) -> None:
    text = f"SELECT * {{ SERVICE <{virtuoso.endpoint}> {{ ?t ex:mayor ?m FILTER(<urn:no-function>(?m) = 1) }} }}"
    problem = refused(service, text)
    assert problem["status"] == 502
    assert "answered with status" in str(problem["detail"]) and "Virtuoso" in str(problem["detail"])


def test_three_sides_at_once(service: Server, virtuoso: Running, oxigraph: Running) -> None:
    text = f"""SELECT ?t ?y ?u {{ ?t ex:people ?n
        SERVICE <{oxigraph.endpoint}> {{ ?t ex:twin ?u }}
        SERVICE <{virtuoso.endpoint}> {{ ?t ex:founded ?y }} }}"""
    assert table(service, text) == [
        ["http://example.org/riga", "1201", "http://example.org/oslo"],
        ["http://example.org/riga", "1201", "http://example.org/pori"],
    ]


def test_a_peer_that_is_down(service: Server) -> None:
    """Nobody listens where the list says: the error names the peer; under SILENT the rest is answered."""
    text = "SELECT ?t ?m {{ ?t ex:code ?c SERVICE {} <{}> {{ ?t ex:mayor ?m }} }}"
    problem = refused(service, text.format("", DOWN))
    assert problem["status"] == 502
    assert str(problem["detail"]).startswith(f"SERVICE <{DOWN}>: down cannot be reached")
    reply = service.query(PREFIX + text.format("SILENT", DOWN), "text/csv")
    assert sorted(reply.text.split()) == ["http://example.org/oulu,", "http://example.org/riga,", "t,m"]
    assert f'"{DOWN}";peer="down";answered=?0;requests=1;rows=0' in reply.headers["IESI-KG-Services"]


def ask_elsewhere(endpoint: str, text: str) -> list[list[str]]:
    """A query to another server, which asks us in turn."""
    request = urllib.request.Request(
        endpoint, urlencode({"query": PREFIX + text}).encode(), {"Accept": "application/sparql-results+json"}
    )
    with urllib.request.urlopen(request, timeout=20) as reply:
        result = json.loads(reply.read())
    names = result["head"]["vars"]
    return sorted([row[name]["value"] for name in names] for row in result["results"]["bindings"])


def test_oxigraph_asks_us(service: Server, oxigraph: Running) -> None:
    text = f"SELECT ?m ?n {{ ?t ex:mayor ?m SERVICE <{service.endpoint}> {{ ?t ex:people ?n ; ex:code ?c }} }}"
    assert ask_elsewhere(oxigraph.endpoint, text) == [["Päivi", "214000"], ["Vilnis", "605802"]]


def test_virtuoso_asks_us(service: Server, virtuoso: Running) -> None:
    text = f"SELECT ?t ?n {{ SERVICE <{service.endpoint}> {{ ?t ex:people ?n ; ex:code ?c }} }}"
    assert ask_elsewhere(virtuoso.endpoint, text) == [
        ["http://example.org/oulu", "214000"],
        ["http://example.org/riga", "605802"],
    ]


def test_we_ask_one_that_asks_us(service: Server, oxigraph: Running) -> None:
    """Through a peer too, only servers of the list are asked: it may reach what we would never."""
    text = f"SELECT * {{ SERVICE <{oxigraph.endpoint}> {{ SERVICE <{service.endpoint}> {{ ?t ex:people ?n }} }} }}"
    assert refused(service, text)["status"] == 403


def test_a_peer_asks_a_peer(service: Server, oxigraph: Running) -> None:
    """It asks itself, which it does not know: the request comes from it, and we tell of the one that we sent."""
    inner = f"?t ex:twin ?u {{ SELECT ?t ?m {{ SERVICE <{oxigraph.endpoint}> {{ ?t ex:mayor ?m }} }} }}"
    text = f"SELECT ?t ?m ?u {{ ?t ex:people ?n SERVICE <{oxigraph.endpoint}> {{ {inner} }} }}"
    assert table(service, text) == [
        ["http://example.org/oslo", "A.", "http://example.org/riga"],
        ["http://example.org/oslo", "Anne", "http://example.org/riga"],
        ["http://example.org/riga", "Vilnis", "http://example.org/oslo"],
        ["http://example.org/riga", "Vilnis", "http://example.org/pori"],
    ]
    assert service.query(PREFIX + text, "text/csv").headers["IESI-KG-Services"].count(oxigraph.endpoint) == 1
