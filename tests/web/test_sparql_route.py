"""The SPARQL Protocol from outside: forms, formats, datasets, refusals, each as a client meets them."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from pyoxigraph import NamedNode, RdfFormat, parse

from running_server import Reply, Server

COUNT = "SELECT (COUNT(*) AS ?n) { ?s <http://example.org/value> ?o }"
ALPHA = "<https://w3id.org/iesi-kg/id/initiative/alpha>"


def problem(reply: Reply, status: int) -> dict[str, object]:
    """The problem document of an error, with what every one of them must hold."""
    assert reply.status == status, reply.text
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.headers["Cache-Control"] == "no-store"
    document: dict[str, object] = json.loads(reply.body)
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert "Traceback" not in reply.text
    return document


def values(reply: Reply, name: str) -> list[str]:
    assert reply.status == 200, reply.text
    return [row[name]["value"] for row in json.loads(reply.body)["results"]["bindings"]]


@pytest.mark.parametrize(
    ("accept", "content_type", "body"),
    [
        (None, "application/sparql-results+json", None),
        ("application/sparql-results+xml", "application/sparql-results+xml", None),
        ("text/csv", "text/csv; charset=utf-8; header=present", "n\r\n1000\r\n"),
        ("text/tab-separated-values", "text/tab-separated-values; charset=utf-8", "?n\n1000\n"),
    ],
)
def test_select(server: Server, accept: str | None, content_type: str, body: str | None) -> None:
    reply = server.query(COUNT, accept)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == content_type
    assert int(reply.headers["Content-Length"]) == len(reply.body)
    assert "1000" in reply.text
    if body:
        assert reply.text == body


@pytest.mark.parametrize(
    "accept", ["text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"]
)
def test_graph(server: Server, accept: str) -> None:
    reply = server.query(f"CONSTRUCT {{ {ALPHA} ?p ?o }} WHERE {{ {ALPHA} ?p ?o }}", accept)
    assert reply.headers["Content-Type"].partition(";")[0] == accept
    triples = list(parse(reply.body, RdfFormat.from_media_type(accept)))
    assert len(triples) == 6
    assert {triple.subject for triple in triples} == {NamedNode(ALPHA[1:-1])}


def test_describe_and_ask(server: Server) -> None:
    assert "Alpha, the first" in server.query(f"DESCRIBE {ALPHA}").text
    assert json.loads(server.query("ASK {}").body)["boolean"] is True
    assert server.query("ASK { <a:b> ?p ?o }", "text/csv").text == "false"


def test_three_ways_agree(server: Server) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    direct = {"Content-Type": "application/sparql-query; charset=utf-8"}
    replies = [
        server.query(COUNT),
        server.ask("POST", "/sparql", form, f"query={quote(COUNT)}"),
        server.ask("POST", "/sparql", direct, COUNT),
        server.ask("GET", f"/sparql/?query={quote(COUNT)}"),
    ]
    assert [values(reply, "n") for reply in replies] == [["1000"]] * 4


def test_form_post_keeps_an_escaped_blank(server: Server) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    text = "SELECT (STR(<http://e/a%20b>) AS ?iri) {}"
    assert values(server.ask("POST", "/sparql", form, f"query={quote(text)}"), "iri") == ["http://e/a%20b"]


@pytest.mark.parametrize(
    ("graphs", "text", "expected"),
    [
        ("", "SELECT ?o { ?s <http://example.org/in> ?o }", []),
        ("default-graph-uri=G/a", "SELECT ?o { ?s <http://example.org/in> ?o }", ["a"]),
        (
            "default-graph-uri=G/a&default-graph-uri=G/b",
            "SELECT ?o { ?s <http://example.org/in> ?o } ORDER BY ?o",
            ["a", "b"],
        ),
        ("named-graph-uri=G/b", "SELECT ?o { GRAPH ?g { ?s <http://example.org/in> ?o } }", ["b"]),
        ("named-graph-uri=G/b", "SELECT ?o { ?s <http://example.org/in> ?o }", []),
        ("default-graph-uri=G/a", "SELECT ?o { GRAPH ?g { ?s <http://example.org/in> ?o } }", []),
        ("default-graph-uri=G/absent", "SELECT ?o { ?s ?p ?o }", []),
        ("default-graph-uri=G/b", "SELECT ?o FROM <http://example.org/graph/a> { ?s ?p ?o }", ["b"]),
        ("", "SELECT ?o FROM <http://example.org/graph/a> { ?s ?p ?o }", ["a"]),
    ],
)
def test_dataset(server: Server, graphs: str, text: str, expected: list[str]) -> None:
    address = graphs.replace("G/", quote("http://example.org/graph/", safe=""))
    assert values(server.ask("GET", f"/sparql?query={quote(text)}&{address}"), "o") == expected


def test_format_parameter(server: Server) -> None:
    reply = server.ask("GET", f"/sparql?query={quote(COUNT)}&format=csv", {"Accept": "text/html"})
    assert reply.text == "n\r\n1000\r\n"
    assert problem(server.ask("GET", f"/sparql?query={quote(COUNT)}&format=banana"), 400)["available"] == [
        "json", "xml", "csv", "tsv",
    ]  # fmt: skip


def test_not_acceptable(server: Server) -> None:
    document = problem(server.query(COUNT, "image/png"), 406)
    assert "text/csv" in str(document["available"])
    problem(server.query(f"DESCRIBE {ALPHA}", "text/csv"), 406)
    problem(server.query(COUNT, "*/*;q=0"), 406)


def test_methods(server: Server) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        reply = server.ask(method, "/sparql")
        problem(reply, 405)
        assert reply.headers["Allow"] == "GET, HEAD, POST, OPTIONS"


def test_options(server: Server) -> None:
    reply = server.ask("OPTIONS", "/sparql", {"Origin": "https://e", "Access-Control-Request-Method": "POST"})
    assert reply.status == 204
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    assert "ETag" in server.query("ASK {}").headers["Access-Control-Expose-Headers"]


def test_head(server: Server) -> None:
    got = server.query(COUNT)
    head = server.ask("HEAD", f"/sparql?query={quote(COUNT)}")
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Length", "Content-Type", "ETag", "Vary", "IESI-KG-Version"):
        assert head.headers[name] == got.headers[name]
    assert server.ask("HEAD", "/sparql?query=nonsense").status == 400


def test_limits_are_readable(server: Server) -> None:
    assert server.query("ASK {}").headers["IESI-KG-Limits"].startswith("class=anonymous, seconds=2, bytes=300000, ")


@pytest.mark.parametrize(
    ("text", "line", "column", "word"),
    [
        ("SELECT *\nWHERE {\n  ?s foaf:name ?o }", 3, None, "PREFIX foaf: <http://xmlns.com/foaf/0.1/>"),
        ("SELECT ?x WHERE { ?s ?p }", 1, 25, "'}'"),
        ("SELECT ?x { ?x ?p ?y } GROUP BY ?y", 1, None, "neither grouped nor aggregated"),
        ("SELECT (1 AS ?x) (2 AS ?x) {}", 1, None, "same variable twice"),
        ("ASK { ?s ?p 'x }", 1, 13, "not closed"),
        ("ASK { ?s ?p <rel> }", 1, None, "not absolute"),
        ("SELEC * {}", 1, 1, "SELECT, ASK, CONSTRUCT or DESCRIBE"),
        ("ASK { ?s ?p ?o", 1, None, "ends too early"),
    ],
)
def test_syntax_errors(server: Server, text: str, line: int, column: int | None, word: str) -> None:
    document = problem(server.query(text), 400)
    assert document["line"] == line
    assert column is None or document["column"] == column
    assert word in f"{document['detail']} {document.get('hint')}"


def test_unknown_function_is_the_clients_error(server: Server) -> None:
    assert "http://example.org/f" in str(
        problem(server.query("ASK { FILTER(<http://example.org/f>(1)) }"), 422)["detail"]
    )


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
        "LOAD <http://127.0.0.1:1/>",
        "INSERT DATA { <a:b> <a:b> 1 }",
    ],
)
def test_refused(server: Server, text: str) -> None:
    assert problem(server.query(text), 403)["hint"]


def test_update_needs_a_token(server: Server) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    problem(server.ask("POST", "/sparql", form, "update=CLEAR+ALL"), 401)
    problem(server.ask("POST", "/sparql", {"Content-Type": "application/sparql-update"}, "CLEAR ALL"), 401)
    problem(server.ask("GET", "/sparql?update=CLEAR+ALL"), 403)
    assert values(server.query(COUNT), "n") == ["1000"]


def test_bad_requests(server: Server) -> None:
    direct = {"Content-Type": "application/sparql-query"}
    problem(server.ask("GET", "/sparql?query=ASK%7B%7D&query=ASK%7B%7D"), 400)
    problem(server.ask("POST", "/sparql", direct, b"ASK { ?s ?p '\xff' }"), 400)
    problem(server.ask("GET", "/sparql?query=%FF"), 400)
    problem(server.ask("GET", "/sparql?query=%zz"), 400)
    problem(server.ask("POST", "/sparql", {"Content-Type": "text/plain"}, "ASK {}"), 415)
    problem(server.ask("POST", "/sparql", direct, b""), 400)
    problem(server.ask("GET", "/sparql?query=ASK%7B%7D&default-graph-uri=nonsense"), 400)


def test_no_query(server: Server) -> None:
    assert "missing" in str(problem(server.ask("GET", "/sparql?qurey=ASK%7B%7D"), 400)["detail"])
    assert "missing" in str(problem(server.ask("GET", "/sparql?format=csv", {"Accept": "*/*"}), 400)["detail"])
    assert "missing" in str(problem(server.ask("GET", "/sparql", {"Accept": "text/csv"}), 400)["detail"])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert "no `query` field" in str(problem(server.ask("POST", "/sparql", form, ""), 400)["detail"])


@pytest.mark.parametrize("accept", [None, "*/*", "application/*;q=0.1, */*;q=0.2"])
def test_the_bare_address_describes_the_service(server: Server, accept: str | None) -> None:
    """Turtle for whoever has no other wish (SPARQL 1.1 Service Description section 2); browsers get the page."""
    reply = server.ask("GET", "/sparql", {"Accept": accept} if accept else {})
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/turtle; charset=utf-8")
    service = NamedNode("http://www.w3.org/ns/sparql-service-description#Service")
    assert service in {triple.object for triple in parse(reply.body, RdfFormat.TURTLE)}
    page = server.ask("GET", "/sparql", {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize("accept", ["text/turtle", "application/rdf+xml", "application/ld+json, */*;q=0.1"])
def test_service_description(server: Server, accept: str) -> None:
    reply = server.ask("GET", "/sparql", {"Accept": accept})
    assert reply.status == 200
    media = reply.headers["Content-Type"].partition(";")[0]
    assert accept.startswith(media)
    sd = "http://www.w3.org/ns/sparql-service-description#"
    said = {
        (t.subject.value, t.predicate.value, t.object.value)
        for t in parse(reply.body, RdfFormat.from_media_type(media))
    }
    assert (server.endpoint, f"{sd}endpoint", server.endpoint) in said
    assert (server.endpoint, f"{sd}supportedLanguage", f"{sd}SPARQL11Query") in said
    assert (server.endpoint, f"{sd}resultFormat", "http://www.w3.org/ns/formats/SPARQL_Results_CSV") in said
    assert (server.endpoint, f"{sd}supportedLanguage", f"{sd}SPARQL11Update") in said
    assert any("updates need a token" in object_ for _, _, object_ in said)
    assert any(object_.endswith("BasicFederatedQuery") for _, _, object_ in said)
