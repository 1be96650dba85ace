"""Citations: what can be cited, one hash for equal answers, three forms that lead back, and what verifying says."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from iesi_kg.analysis.examples import examples
from iesi_kg.endpoint.citable import citable
from iesi_kg.endpoint.fingerprint import fingerprint
from iesi_kg.endpoint.syntax import Guards
from iesi_kg.errors import QueryError, QueryRefused, UnreadableFile
from iesi_kg.operations.tokens import Grant, Tokens
from iesi_kg.publication import citation
from iesi_kg.publication.citation import Citation
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.records import Answer, Form
from running_server import Reply, Server, fill, serving

GUARDS = Guards(100_000, 100, 1_000)
ALPHA = "https://w3id.org/iesi-kg/id/initiative/alpha-lisboa"
QUERY = f"SELECT ?year {{ <{ALPHA}> <https://w3id.org/iesi-kg/ontology#startYear> ?year }}"
INTEGER = "http://www.w3.org/2001/XMLSchema#integer"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def year_hash(year: int) -> str:
    """The hash of the answer to QUERY, worked out from the definition."""
    return hashlib.sha256(f'?year\n"{year}"^^<{INTEGER}>\n'.encode()).hexdigest()


def table(*rows: dict[str, object]) -> Answer:
    names = sorted({name for row in rows for name in row})
    body = json.dumps({"head": {"vars": names}, "results": {"bindings": rows}})
    return Answer(Form.SOLUTIONS, "application/sparql-results+json", body.encode(), 1)


def graph(text: str) -> Answer:
    return Answer(Form.GRAPH, "application/n-triples", text.encode(), 1)


def text(value: str) -> dict[str, str]:
    return {"type": "literal", "value": value}


def cite(server: Server, accept: str = "application/json", **fields: str) -> Reply:
    return server.ask("POST", "/cite", {**FORM, "Accept": accept}, urlencode(fields))


def verify(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "iesi_kg", "verify", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_order_of_rows_does_not_matter_their_number_does() -> None:
    a, b = {"x": text("a"), "y": text("1")}, {"x": text("b")}
    assert fingerprint(table(a, b)).sha256 == fingerprint(table(b, a)).sha256
    assert fingerprint(table(a, b)).sha256 == hashlib.sha256(b'?x\t?y\n"a"\t"1"\n"b"\t\n').hexdigest()
    assert fingerprint(table(a, b)).sha256 != fingerprint(table(a, b, b)).sha256
    yes = Answer(Form.BOOLEAN, "application/sparql-results+json", b'{"head":{},"boolean":true}', 1)
    assert fingerprint(yes).sha256 == hashlib.sha256(b"true\n").hexdigest()


def test_graphs_are_canonised() -> None:
    """The example of RDFC-1.0 section 4.3.1 (unique hashes), whose blank nodes may carry any names."""
    e = "http://example.com/#"
    for first, second in (("e0", "e1"), ("z", "a")):
        found = fingerprint(
            graph(
                f"<{e}p> <{e}q> _:{first} .\n<{e}p> <{e}r> _:{second} .\n"
                f"_:{first} <{e}s> <{e}u> .\n_:{second} <{e}t> <{e}u> .\n"
            )
        )
        assert list(found.lines) == [
            f"<{e}p> <{e}q> _:c14n0 .",
            f"<{e}p> <{e}r> _:c14n1 .",
            f"_:c14n0 <{e}s> <{e}u> .",
            f"_:c14n1 <{e}t> <{e}u> .",
        ]


def test_blank_nodes_that_nothing_tells_apart_are_refused_at_once() -> None:
    nodes = range(12)
    clique = "".join(f"_:n{a} <urn:to> _:n{b} .\n" for a in nodes for b in nodes if a != b)
    with pytest.raises(QueryRefused, match="nothing tells apart"):
        fingerprint(graph(clique))
    with pytest.raises(QueryRefused, match="blank node"):
        fingerprint(table({"x": {"type": "bnode", "value": "b0"}}))


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT * { ?s ?p ?o } LIMIT 3", "total order"),
        ("SELECT ?s ?p { ?s ?p ?o } ORDER BY ?s LIMIT 3", "total order"),
        ("SELECT ?s { ?s ?p ?o } ORDER BY STR(?s) LIMIT 3", "total order"),
        ("SELECT ?s { ?s ?p ?o } OFFSET 2", "total order"),
        ("SELECT ?s { { SELECT ?s { ?s ?p ?o } LIMIT 3 } }", "total order"),
        ("SELECT ?s (COUNT(?o) AS ?n) { ?s ?p ?o } GROUP BY ?s ORDER BY ?n LIMIT 3", "total order"),
        ("CONSTRUCT { ?s ?p ?o } { ?s ?p ?o } ORDER BY ?s LIMIT 3", "total order"),
        ("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 3", "total order"),
        ("SELECT (NOW() AS ?x) {}", "differs each time"),
        ("SELECT (RAND() AS ?x) {}", "differs each time"),
        ("SELECT (SAMPLE(?s) AS ?x) { ?s ?p ?o }", "SAMPLE"),
        ("SELECT (GROUP_CONCAT(?s) AS ?x) { ?s ?p ?o }", "GROUP_CONCAT"),
        ("SELECT REDUCED ?s { ?s ?p ?o }", "REDUCED"),
        ("ASK { { select reduced * { ?s ?p ?o } } }", "REDUCED"),
        ("SELECT * { SERVICE <http://example.org/sparql> { ?s ?p ?o } }", "SERVICE|another server"),
        ("SELECT * { ?s ?p", "cannot be understood"),
        ("DELETE WHERE { ?s ?p ?o }", "Update"),
        (f"ASK {{ ?s ?p '{'x' * 8_000}' }}", "8,016 characters"),
    ],
)
def test_what_cannot_be_cited(query: str, reason: str) -> None:
    with pytest.raises(QueryError, match=reason):
        citable(query, GUARDS)


@pytest.mark.parametrize(
    "query",
    [
        *(example.query for example in examples() if not example.asks_others),
        "SELECT ?s ?p { ?s ?p ?o } ORDER BY DESC(?s) ?p LIMIT 3",
        "SELECT ?s (?x AS ?y) { ?s ?p ?x } ORDER BY ?s ?y LIMIT 3",
        "SELECT ?s (COUNT(?o) AS ?n) { ?s ?p ?o } GROUP BY ?s ORDER BY DESC(?n) ?s LIMIT 3",
        "SELECT ?s { ?s ?p 'LIMIT 3 NOW() SAMPLE(?x)' }",
        "SELECT DISTINCT ?reduced { ?reduced ?p 'REDUCED' }",
        "DESCRIBE ?s { ?s ?p ?o } ORDER BY ?s LIMIT 1",
    ],
)
def test_what_can_be_cited(query: str) -> None:
    citable(query, GUARDS)


def manifest(data: str, *before: str) -> dict[str, object]:
    erasures = [{"before": {"data.nq": one}} for one in before]
    return {"files": [{"name": "data.nq", "sha256": data}], "redactions": erasures}


@pytest.mark.parametrize(
    ("data", "held", "said"),
    [
        ("", manifest(3 * "f"), "differs"),
        ("", manifest(64 * "f", 64 * "a"), "redacted"),
        (16 * "f", manifest(64 * "f"), "differs"),
        (16 * "f", manifest(64 * "f", 64 * "a"), "differs"),
        (16 * "a", manifest(64 * "f", 64 * "a"), "redacted"),
        (16 * "b", manifest(64 * "f", 64 * "a", 64 * "b"), "redacted"),
        (16 * "c", manifest(64 * "f", 64 * "a", 64 * "b"), "differs"),
    ],
)
def test_an_erasure_is_named_only_where_it_may_be_why(data: str, held: dict[str, object], said: str) -> None:
    cited = Citation("https://example.org", "2026.1", QUERY, year_hash(2012), data)
    assert citation.read(cited.address) == cited
    found = [fingerprint(table({"year": {**text(year), "datatype": INTEGER}})) for year in ("2012", "2013")]
    assert [citation.verdict(cited, one, held).value for one in found] == ["same", said]


def test_a_citation_holds_release_query_and_hash(server: Server, shelf: Shelf) -> None:
    data = shelf.get("2026.1").files["data.nq"]["sha256"][:16]
    made = json.loads(cite(server, query=QUERY).body)
    assert (made["release"], made["rows"], made["sha256"]) == ("2026.2", 1, year_hash(2013))
    older = json.loads(cite(server, query=QUERY, release="2026.1").body)
    assert (older["release"], older["sha256"]) == ("2026.1", year_hash(2012))
    for form in ("bibtex", "csl", "cff"):
        found = citation.read(older[form])
        assert found == Citation(server.url, "2026.1", QUERY, year_hash(2012), data), form
        assert found.address == older["address"]
    again = server.ask("GET", older["address"].removeprefix(server.url), {"Accept": "application/json"})
    assert json.loads(again.body)["verdict"] == "same"
    false = older["address"].replace(year_hash(2012), year_hash(2013)).removeprefix(server.url)
    page = server.ask("GET", false, {"Accept": "text/html"})
    assert "It differs" in page.text


def test_forms_by_name_and_json_bodies(server: Server) -> None:
    bib = cite(server, query=QUERY, format="bibtex")
    assert bib.headers["Content-Type"].startswith("application/x-bibtex")
    assert bib.text.startswith(f"@misc{{iesi-kg-2026.2-{year_hash(2013)[:8]},\n")
    (item,) = json.loads(cite(server, query=QUERY, format="csl").body)
    assert (item["type"], item["version"], item["issued"]) == ("dataset", "2026.2", {"date-parts": [[2026, 11, 22]]})
    cff = cite(server, query=QUERY, format="cff").text
    assert cff.startswith("cff-version: 1.2.0\nmessage: ")
    assert f'    value: "sha256:{year_hash(2013)}"\n' in cff
    body = json.dumps({"query": QUERY, "release": "2026.1"})
    told = server.ask("POST", "/cite", {"Content-Type": "application/json"}, body)
    assert json.loads(told.body)["sha256"] == year_hash(2012)


def test_the_button_of_a_result_leads_to_a_citation(server: Server) -> None:
    page = server.ask("GET", f"/sparql?{urlencode({'query': QUERY})}", {"Accept": "text/html"}).text
    assert 'formaction="/cite" formmethod="post"' in page
    older = server.ask("GET", f"/v/2026.1/sparql?{urlencode({'query': QUERY})}", {"Accept": "text/html"}).text
    assert 'formaction="/cite?release=2026.1"' in older
    address = f"/v/2026.1/sparql?{urlencode({'query': QUERY, 'lang': 'fr'})}"
    french = server.ask("GET", address, {"Accept": "text/html"}).text
    assert 'formaction="/cite?release=2026.1&amp;lang=fr"' in french
    shown = cite(server, "text/html", query=QUERY, release="2026.1")
    assert shown.status == 200
    assert "Cite this answer" in shown.text
    assert year_hash(2012) in shown.text


@pytest.mark.parametrize(
    ("fields", "status", "detail"),
    [
        ({"query": "SELECT * { ?s ?p ?o } LIMIT 3"}, 403, "total order"),
        ({"query": QUERY, "release": "2030.1"}, 404, "there is no release '2030.1'"),
        ({"query": QUERY, "format": "word"}, 400, "there is no form 'word'"),
        ({"query": QUERY, "sha256": "xyz"}, 400, "not a SHA-256"),
        ({"query": ""}, 400, "`query` field is missing"),
        ({"query": "SELECT ?x {"}, 403, "cannot be understood"),
    ],
)
def test_a_wrong_wish_is_told(server: Server, fields: dict[str, str], status: int, detail: str) -> None:
    reply = cite(server, **fields)
    assert (reply.status, detail in json.loads(reply.body)["detail"]) == (status, True), reply.text


@pytest.mark.parametrize("body", [b"\xff", b"[1]", b"{", b'{"query": 3}', b"[" * 50_000])
def test_an_unreadable_body(server: Server, body: bytes) -> None:
    reply = server.ask("POST", "/cite", {"Content-Type": "application/json"}, body)
    assert reply.status == 400


def test_without_a_release_nothing_can_be_cited(tmp_path: Path) -> None:
    fill(tmp_path / "store", "<urn:a> <urn:b> <urn:c> .")
    with serving(tmp_path / "store") as young:
        reply = cite(young, query="ASK {}")
        assert reply.status == 404
        assert "iesi-kg release 2026.1" in json.loads(reply.body)["hint"]
        assert json.loads(young.ask("GET", "/releases").body) == {"releases": []}
        assert "There is no release yet" in young.ask("GET", "/releases", {"Accept": "text/html"}).text


def test_verify_at_the_service_and_in_a_store(server: Server, folder: Path, tmp_path: Path) -> None:
    cited = tmp_path / "cited.bib"
    cited.write_text(cite(server, query=QUERY, release="2026.1", format="bibtex").text)
    for arguments in ((cited,), (cited, "--store", folder)):
        done = verify(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("same: release 2026.1, 1 rows\n")
    changed = tmp_path / "changed.bib"
    changed.write_text(cited.read_text().replace("startYear", "endYear"))
    done = verify(changed, "--store", folder)
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "differs: release 2026.1, 0 rows")


def test_verify_says_what_it_cannot_read(server: Server, tmp_path: Path) -> None:
    (tmp_path / "binary.bib").write_bytes(b"\xff\xfe")
    for name in ("binary.bib", "missing.bib"):
        assert verify(tmp_path / name).returncode == 2
    unknown = verify(Citation(server.url, "2030.1", QUERY, year_hash(2012)).address)
    assert unknown.returncode == 3
    assert "there is no release '2030.1'" in unknown.stderr


@pytest.mark.parametrize(
    "prose",
    [
        "{}",
        "See {}.",
        "({})",
        "({}).",
        "at {}, and",
        "{}; then",
        "<{}>",
        "[it]({})!",
        '"{}"',
        "[{}]...",
        "url = {{{}}},",
    ],
)
@pytest.mark.parametrize("query", ["ASK {}", "SELECT (COUNT(*) AS ?n) { ?a ?b 'c,d;e!' } # all.", "ASK {} #..."])
def test_an_address_in_prose(prose: str, query: str) -> None:
    cited = Citation("https://example.org", "2026.1", query, year_hash(2012), 16 * "a")
    assert citation.read(prose.format(cited.address)) == cited


@pytest.mark.parametrize(
    ("cited", "detail"),
    [
        ("", "no address"),
        ("https://example.org/sparql?query=ASK", "no address"),
        ("https://example.org/cite?release=2026.1&query=ASK", "no sha256"),
        ("https://example.org/cite?sha256=abc", "no release and no query"),
        ("https://example.org/cite?release=2026.1&sha256=abc&query=ASK", "not a SHA-256"),
        (f"https://example.org/cite?release=2026.1&data=abc&sha256={'0' * 64}&query=ASK", "not 16 hexadecimal"),
    ],
)
def test_an_unreadable_citation(cited: str, detail: str) -> None:
    with pytest.raises(UnreadableFile, match=detail):
        citation.read(cited)


def test_an_answer_of_too_many_rows_is_not_cited(server: Server) -> None:
    numbers = " ".join(map(str, range(330)))
    reply = cite(server, query=f"SELECT ?a ?b {{ VALUES ?a {{ {numbers} }} VALUES ?b {{ {numbers} }} }}")
    assert reply.status == 503
    told = json.loads(reply.text)
    assert (told["limit_rows"], "cannot be cited" in told["detail"]) == (100_000, True)
    assert "at most 100,000 rows can be cited" in told["hint"]


def test_citations_count_among_the_queries_of_a_caller_within_the_limits_of_its_class(small: Path) -> None:
    several = f"SELECT ?p {{ <{ALPHA}> ?p ?o }}"
    grant = Grant("reader", frozenset({"read-more"}), (), datetime.now(UTC) + timedelta(days=1))
    _, token = Tokens(small).create(grant, datetime.now(UTC))
    with serving(small, query_requests=3, query_rows=1) as counting:
        assert [cite(counting, query=text).status for text in (several, QUERY, QUERY, QUERY)] == [503, 200, 200, 429]
        sender = FORM | {"Authorization": f"Bearer {token}"}
        known = counting.ask("POST", "/cite", sender, urlencode({"query": several}))
        assert (known.status, json.loads(known.body)["rows"] > 1) == (200, True)


def test_who_hangs_up_ends_the_query_of_a_citation(small: Path) -> None:
    """One query at once: the next is refused as long as the first is under way, which may be for five minutes."""
    products = " . ".join(f"?a{n} ?b{n} ?c{n}" for n in range(9))
    body = urlencode({"query": f"SELECT (COUNT(*) AS ?n) {{ {products} }}"}).encode()
    head = f"POST /cite HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
    with serving(small, query_concurrent=1, query_seconds=300) as single:
        with socket.create_connection(single.address, timeout=20) as connection:
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            wait_for(single, 429)
        wait_for(single, 200)


def wait_for(server: Server, status: int) -> None:
    deadline = time.monotonic() + 60
    while cite(server, query=QUERY).status != status:
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
