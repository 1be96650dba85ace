"""What a query with SERVICE may be, what its answer says, and where it is refused with the reason and the place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree import ElementTree

import pytest
from loopback_peers import Running, entries, write_list
from wrong_peer import WrongPeer

from running_server import Server, fill, serving

PREFIX = "PREFIX ex: <http://example.org/>\n"
ITEM = re.compile(
    r'"(?P<iri>[^"]+)";peer="towns";answered=\?1;requests=(?P<requests>\d+);rows=(?P<rows>\d+);milliseconds=\d+'
)


def ask(service: Server, oxigraph: Running, text: str, accept: str | None = None) -> tuple[int, dict[str, object], str]:
    reply = service.query(PREFIX + text.replace("SERVICE X", f"SERVICE <{oxigraph.endpoint}>"), accept)
    return reply.status, json.loads(reply.text), reply.headers.get("IESI-KG-Services", "")


def rows(result: dict[str, object], *names: str) -> list[tuple[str | None, ...]]:
    bindings = result["results"]["bindings"]  # type: ignore[index]
    return sorted(tuple(row[name]["value"] if name in row else None for name in names) for row in bindings)


def test_joined(service: Server, oxigraph: Running) -> None:
    status, result, said = ask(service, oxigraph, "SELECT ?t ?n ?m { ?t ex:people ?n SERVICE X { ?t ex:mayor ?m } }")
    assert status == 200
    assert rows(result, "t", "m") == [
        ("http://example.org/oslo", "A."),
        ("http://example.org/oslo", "Anne"),
        ("http://example.org/oulu", "Päivi"),
        ("http://example.org/riga", "Vilnis"),
    ]
    # Four towns have people; the peer's entry says three bindings go with one request.
    found = ITEM.fullmatch(said)
    assert found and found.groupdict() == {"iri": oxigraph.endpoint, "requests": "2", "rows": "4"}
    (link,) = result["head"]["link"]  # type: ignore[index]
    facts = parse_qs(urlsplit(link).query)
    assert facts["endpoint"] == [oxigraph.endpoint]
    assert (facts["answered"], facts["requests"], facts["rows"]) == (["true"], ["2"], ["4"])
    described = service.ask("GET", urlsplit(link).path)
    assert json.loads(described.text)["address"] == oxigraph.endpoint


def test_only_what_can_meet_travels(service: Server, oxigraph: Running, wrong: WrongPeer) -> None:
    text = f"SELECT * {{ ?t ex:code 'riga' ; ex:people ?n SERVICE <{wrong.url}/good> {{ ?t ex:mayor ?m }} }}"
    status, result, _ = ask(service, oxigraph, text)
    assert (status, rows(result, "t", "m")) == (200, [("http://example.org/riga", "Vilnis")])
    sent = parse_qs(wrong.requests["good"].partition(b"\r\n\r\n")[2].decode())["query"][0]
    assert sent == (
        "PREFIX ex: <http://example.org/>\n"
        "SELECT * WHERE { ?t ex:mayor ?m } LIMIT 1001 VALUES (?t) { (<http://example.org/riga>) }"
    )


def test_a_filter_narrows_what_travels(service: Server, oxigraph: Running) -> None:
    text = "SELECT ?t ?m { ?t ex:people ?n SERVICE X { ?t ex:mayor ?m } FILTER(?n > 600000) }"
    _, result, said = ask(service, oxigraph, text)
    assert len(rows(result, "t")) == 3
    assert "requests=1;rows=3" in said


def test_nothing_to_join_asks_nobody(service: Server, oxigraph: Running) -> None:
    status, result, said = ask(service, oxigraph, "SELECT * { ?t ex:unknown ?n SERVICE X { ?t ex:mayor ?m } }")
    assert (status, rows(result, "t")) == (200, [])
    assert "answered=?1;requests=0;rows=0" in said


def test_blank_nodes_of_a_peer_get_names(service: Server, oxigraph: Running) -> None:
    """RDF 1.1 Concepts section 3.5: one name for one node within one answer, another name the next time."""
    text = "SELECT * { SERVICE X { ?t ex:note ?node . ?node ex:part ?part } SERVICE X { ex:paris ex:note ?other } }"
    names = []
    for _ in range(2):
        status, result, _ = ask(service, oxigraph, text)
        assert status == 200
        ((name, part),) = rows(result, "node", "part")
        assert part == "http://example.org/seine"
        assert name and "/.well-known/genid/" in name
        names.append(name)
    assert names[0] != names[1]


def test_labels_are_good_for_one_answer(service: Server, wrong: WrongPeer) -> None:
    """SPARQL 1.1 Query Results JSON section 3.2.2: the first node of each answer is called b0, and is not the same."""
    asking = f"?t ex:people ?n SERVICE <{wrong.url}/labels> {{ ?t ex:mayor ?m }} FILTER(?n > LEAST)"
    text = f"{PREFIX}SELECT ?t ?m {{ {asking} }}"
    for least, towns, asked in ((0, ["oslo", "oulu", "porto", "riga"], 3), (600_000, ["oslo", "riga"], 1)):
        reply = service.query(text.replace("LEAST", str(least)), "application/sparql-results+json")
        found = rows(json.loads(reply.text), "t", "m")
        assert [town for town, _ in found] == [f"http://example.org/{town}" for town in towns]
        assert len({node for _, node in found}) == len(towns)
        assert f"answered=?1;requests={asked};rows={len(towns)};" in reply.headers["IESI-KG-Services"]
        assert (b"VALUES" in wrong.requests["labels"]) is (asked == 1)


def test_xml_has_the_links_too(service: Server, oxigraph: Running) -> None:
    text = f"{PREFIX} SELECT ?m {{ SERVICE <{oxigraph.endpoint}> {{ ex:riga ex:mayor ?m }} }}"
    reply = service.query(text, "application/sparql-results+xml")
    space = "{http://www.w3.org/2005/sparql-results#}"
    head = ElementTree.fromstring(reply.body).find(f"{space}head")
    assert head is not None
    assert [child.tag for child in head] == [f"{space}variable", f"{space}link"]
    assert "rows=1" in head[1].attrib["href"]


@pytest.mark.parametrize(
    ("accept", "body"), [("text/csv", b"m\r\nVilnis\r\n"), ("text/tab-separated-values", b'?m\n"Vilnis"@lv\n')]
)
def test_tables_stay_tables(service: Server, oxigraph: Running, accept: str, body: bytes) -> None:
    text = f"{PREFIX} SELECT ?m {{ SERVICE <{oxigraph.endpoint}> {{ ex:riga ex:mayor ?m }} }}"
    reply = service.query(text, accept)
    assert reply.body == body
    assert ITEM.fullmatch(reply.headers["IESI-KG-Services"])
    assert "IESI-KG-Services" in reply.headers["Access-Control-Expose-Headers"]


def test_never_from_the_cache(service: Server, wrong: WrongPeer) -> None:
    text = f"SELECT * {{ SERVICE <{wrong.url}/good> {{ ?t ?p ?m }} }}"
    before = wrong.seen["good"]
    for _ in range(2):
        reply = service.query(text, "text/csv")
        assert reply.headers["Cache-Control"] == "no-store"
        assert "ETag" not in reply.headers
    assert wrong.seen["good"] == before + 2


def test_the_page_shows_the_joined_rows(service: Server, oxigraph: Running) -> None:
    silent = "SERVICE SILENT <http://127.0.0.1:1/> { ?x ?y ?z }"
    text = f"{PREFIX} SELECT ?m {{ SERVICE <{oxigraph.endpoint}> {{ ex:riga ex:mayor ?m }} {silent} }}"
    page = service.query(text, "text/html")
    assert page.status == 200
    assert "Vilnis" in page.text
    assert f"SERVICE {oxigraph.endpoint}: 1 row, 1 request, " in page.text
    assert "SERVICE http://127.0.0.1:1/: no answer: it is not among the peers" in page.text


def test_graphs_of_the_protocol_hold_on_this_side(service: Server, oxigraph: Running) -> None:
    text = quote(f"{PREFIX} SELECT ?t ?m {{ ?t <urn:p> 1 SERVICE <{oxigraph.endpoint}> {{ ?t ex:mayor ?m }} }}")
    for address, found in (
        (f"/sparql?query={text}", 0),
        (f"/sparql?query={text}&default-graph-uri=http://example.org/graph/old", 1),
    ):
        reply = service.ask("GET", address, {"Accept": "text/csv"})
        assert reply.text.count("Vilnis") == found


REFUSED = [
    ("SELECT * {\n ?s ex:at ?x .\n  SERVICE ?x { ?t ex:mayor ?m } }", 4, 3, "SERVICE asks a variable"),
    ("SELECT * { ?t ex:people ?n { SELECT * {\n SERVICE X { ?t ex:mayor ?m } } } }", 3, 2, "inside a sub-select"),
    ("SELECT * { SELECT * { SERVICE X { ?t ex:mayor ?m } } }", 2, 23, "inside a sub-select"),
    ("SELECT * { ?t ex:people ?n FILTER EXISTS { SERVICE X { ?t ex:mayor ?m } } }", 2, 44, "inside EXISTS"),
    ("SELECT * { ?t ex:people ?n FILTER NOT EXISTS { SERVICE X { ?t ex:mayor ?m } } }", 2, 48, "inside NOT EXISTS"),
    ("SELECT * { { SERVICE X { ?t ex:mayor ?m } } UNION { ?t ex:people ?n } }", 2, 14, "inside UNION"),
    ("SELECT * { ?t ex:people ?n { SERVICE X { ?t ex:mayor ?m } } }", 2, 30, "inside UNION or a group of its own"),
    ("SELECT * { GRAPH ?g { ?t ex:people ?n SERVICE X { ?t ex:mayor ?m } } }", 2, 39, "inside GRAPH"),
    ("SELECT * { ?t ex:people ?n MINUS { SERVICE X { ?t ex:mayor ?m } } }", 2, 36, "inside MINUS"),
    ("SELECT * { SERVICE X {\n SERVICE <http://no.example/> { ?t ex:mayor ?m } } }", 3, 2, "not among the peers"),
    ("SELECT * { SERVICE X { { SELECT ?t {\n SERVICE SILENT ex:no { ?t ex:a ?m } } } } }", 3, 2, "not among the peers"),
    ("SELECT * { SERVICE X { ?t ex:at ?x .\n SERVICE ?x { ?t ex:mayor ?m } } }", 3, 2, "SERVICE asks a variable"),
    ("SELECT * { OPTIONAL { { SERVICE X { ?t ex:mayor ?m } } } }", 2, 25, "inside UNION or a group"),
]


@pytest.mark.parametrize(("text", "line", "column", "words"), REFUSED, ids=[text for text, *_ in REFUSED])
def test_refused_where_it_stands(
    service: Server, oxigraph: Running, text: str, line: int, column: int | None, words: str
) -> None:
    status, problem, _ = ask(service, oxigraph, text)
    assert (status, problem["type"]) == (403, "/problems/query-refused"), problem
    assert words in str(problem["detail"])
    assert (problem["keyword"], problem["line"]) == ("SERVICE", line)
    assert column is None or problem["column"] == column
    assert problem["hint"]


def test_an_unknown_peer_and_the_nearest(service: Server) -> None:
    reply = service.query("SELECT * {\n  SERVICE <https://query.wikidata.org/sparq> { ?s ?p ?o } }")
    problem = json.loads(reply.text)
    assert reply.status == 403
    assert problem["detail"] == (
        "line 2, column 3: <https://query.wikidata.org/sparq> is not among the peers this service asks"
    )
    assert problem["hint"].startswith("did you mean <https://query.wikidata.org/sparql> (Wikidata Query Service)?")


def test_an_unknown_peer_under_silent_is_seen(service: Server) -> None:
    reply = service.query("SELECT * { SERVICE SILENT <http://127.0.0.1:1/> { ?s ?p ?o } }")
    assert reply.status == 200
    assert json.loads(reply.text)["results"]["bindings"] == [{}]
    assert reply.headers["IESI-KG-Services"].startswith('"http://127.0.0.1:1/";answered=?0;requests=0;rows=0;')
    assert "not among the peers" in reply.headers["IESI-KG-Services"]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("SELECT * { ?t ex:people ?n\n SERVICE X { ?t\n ex:mayor } }", 4, 11, "is missing before"),
        (
            "SELECT * { ?t ex:people ?n\n SERVICE X { ?t\n oops:mayor ?m } }",
            4,
            12,
            "the prefix `oops:` is not declared",
        ),
        ("SELECT ?t (COUNT(?m) AS ?k) { SERVICE X {\n ?t ex:mayor ?m }\n ?t oops:people ?n }", 4, 16, "`oops:`"),
    ],
)
def test_a_fault_is_told_where_it_stands(
    service: Server, oxigraph: Running, text: str, line: int, column: int, words: str
) -> None:
    status, problem, _ = ask(service, oxigraph, text)
    assert (status, problem["type"]) == (400, "/problems/query-syntax-error")
    assert words in str(problem["detail"])
    assert (problem["line"], problem["column"]) == (line, column)


def test_a_fault_is_found_before_a_peer_is_asked(service: Server, wrong: WrongPeer) -> None:
    before = wrong.seen["good"]
    reply = service.query(f"SELECT ?t (COUNT(*) AS ?k) {{ SERVICE <{wrong.url}/good> {{ ?t ?p ?m }} }}")
    assert reply.status == 400
    assert "neither grouped nor aggregated" in reply.text
    assert wrong.seen["good"] == before


def test_functions_of_the_peer_are_its_own_affair(service: Server, wrong: WrongPeer) -> None:
    """A pattern is parsed here, not evaluated: the peer's own functions and what would never end get through."""
    numbers = f"VALUES ?v {{ {' '.join(map(str, range(900)))} }}"
    heavy = f"{{ SELECT (COUNT(*) AS ?k) {{ {numbers} {numbers.replace('?v', '?w')} {numbers.replace('?v', '?x')} }} }}"
    pattern = f"?t ?p ?m FILTER(<urn:only-there>(?m)) {heavy}"
    reply = service.query(f"SELECT ?t ?m {{ SERVICE <{wrong.url}/good> {{ {pattern} }} }}", "text/csv")
    assert (reply.status, reply.text) == (200, "t,m\r\nhttp://example.org/riga,Vilnis\r\n")


def test_too_many_clauses(service: Server, oxigraph: Running) -> None:
    status, problem, _ = ask(service, oxigraph, f"ASK {{ {'SERVICE X { ?t ex:mayor ?m } ' * 6} }}")
    assert (status, problem["limit"], problem["maximum"], problem["actual"]) == (403, "query_services", 5, 6)


def test_too_long(service: Server, oxigraph: Running) -> None:
    status, problem, _ = ask(service, oxigraph, f"ASK {{ SERVICE X {{ ?t ex:mayor {'?m, ' * 6_000}?n }} }}")
    assert (status, problem["limit"]) == (403, "query_length")


def test_the_querys_own_time_is_the_last_word(
    tmp_path: Path, oxigraph: Running, wrong: WrongPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SILENT or not: when the query's time is up while a peer hangs, the query has failed. And off means off."""
    fill(tmp_path / "store", "<urn:a> <urn:b> <urn:c> .")
    peers = write_list(tmp_path / "peers.json", [entry | {"seconds": 30} for entry in entries(oxigraph, wrong)])
    with serving(tmp_path / "store", peers=peers, query_seconds=0.7, query_processes=1) as impatient:
        for silent in ("", "SILENT"):
            reply = impatient.query(f"SELECT * {{ SERVICE {silent} <{wrong.url}/hang> {{ ?t ?p ?m }} }}")
            problem = json.loads(reply.text)
            assert (reply.status, problem["type"], problem["limit_seconds"]) == (504, "/problems/query-timeout", 0.7)
            assert "while other servers were asked" in problem["detail"]


def test_off_by_setting(tmp_path: Path, oxigraph: Running, wrong: WrongPeer) -> None:
    fill(tmp_path / "store", "<urn:a> <urn:b> <urn:c> .")
    peers = write_list(tmp_path / "peers.json", entries(oxigraph, wrong))
    with serving(tmp_path / "store", peers=peers, federation="off", query_processes=1) as closed:
        before = wrong.seen.total()
        for silent in ("", "SILENT"):
            reply = closed.query(f"SELECT * {{ SERVICE {silent} <{wrong.url}/good> {{ ?t ?p ?m }} }}")
            problem = json.loads(reply.text)
            assert (reply.status, problem["line"], problem["column"]) == (403, 1, 12)
            assert "opens no connection to other servers" in problem["detail"]
        assert json.loads(closed.ask("GET", "/peers").text) | {"limits": {}} == {
            "federation": False,
            "limits": {},
            "peers": [],
        }
        assert wrong.seen.total() == before
        described = closed.ask("GET", "/sparql", {"Accept": "text/turtle"}).text
        assert "SERVICE and LOAD are refused" in described and "BasicFederatedQuery" not in described


def test_the_service_description_says_so(service: Server) -> None:
    described = service.ask("GET", "/sparql", {"Accept": "text/turtle"}).text
    assert "sd:BasicFederatedQuery" in described
    assert "SERVICE asks the servers listed at /peers, at most 5 in a query" in described


def test_the_list_over_http(service: Server) -> None:
    reply = service.ask("GET", "/peers")
    content = json.loads(reply.text)
    assert content["limits"] == {"clauses": 5, "seconds": 20.0, "bytes": 200_000, "rows": 1_000}
    assert {"wikidata", "eu-publications", "towns"} <= {peer["name"] for peer in content["peers"]}
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert service.ask("GET", "/peers/nobody").status == 404
