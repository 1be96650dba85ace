"""The whole service on `oxigraph serve` and on Virtuoso 7: pages, addresses, queries, questions, a submission."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from pyoxigraph import DefaultGraph, Quad, RdfFormat, parse, serialize

from backend_servers import PASSWORD, Backend, oxigraph_server, virtuoso_server
from iesi_kg.analysis import answers
from iesi_kg.analysis.examples import competency
from iesi_kg.operations.tokens import Grant, Tokens
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.remote.channel import Credentials
from iesi_kg.store.remote.probe import TABLES, probe
from iesi_kg.vocabulary import iris
from running_server import Reply, Server, serving

CSV, JSON = "text/csv", "application/sparql-results+json"
THING = "/id/initiative/ida-trencin"
PREFIXES = (
    "PREFIX iesi: <https://w3id.org/iesi-kg/ontology#> PREFIX dct: <http://purl.org/dc/terms/>"
    " PREFIX skos: <http://www.w3.org/2004/02/skos/core#> "
)
BOUNDARY = "----b"
SHEET = (
    b"identifier,name,country,start_year,service_areas,target_groups,description,lead_organisation,source_url,"
    b"source_check\nover-a-server,Over a server,ES,2013,social-inclusion,older-people,It helps.,Ajuntament,"
    b"https://example.org/,not-re-read\n"
)


@dataclass(frozen=True)
class Service:
    """A running service, the server that its data stand on, and who may do what."""

    name: str
    server: Server
    backend: Backend
    state: Path

    def rows(self, text: str, **headers: str) -> list[list[str]]:
        reply = self.server.query(PREFIXES + text, CSV, **headers)
        assert reply.status == 200, reply.text
        return [list(line) for line in answers.table(reply.body)]

    def change(self, path: str, headers: dict[str, str], body: bytes | str) -> Reply:
        """A POST that changes what is published: the whole of it is read over the network first."""
        connection = http.client.HTTPConnection(*self.server.address, timeout=240)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def problem(self, reply: Reply) -> tuple[int, str, str]:
        found = json.loads(reply.body)
        return reply.status, found["type"].rpartition("/")[2], found["detail"]


@pytest.fixture(scope="module")
def quads(bundled_store: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The bundle as N-Quads, for a server with a default graph and for one without."""
    folder = tmp_path_factory.mktemp("quads")
    published, plain = iris.graph("published"), []
    named = []
    for quad in EmbeddedStore(bundled_store).reader().quads():
        graph = published if isinstance(quad.graph_name, DefaultGraph) else quad.graph_name
        plain.append(quad)
        named.append(Quad(quad.subject, quad.predicate, quad.object, graph))
    made = {"oxigraph": folder / "plain.nq", "virtuoso": folder / "named.nq"}
    made["oxigraph"].write_bytes(serialize(plain, format=RdfFormat.N_QUADS) or b"")
    made["virtuoso"].write_bytes(serialize(named, format=RdfFormat.N_QUADS) or b"")
    return made


@pytest.fixture(scope="module", params=["oxigraph", "virtuoso"])
def service(
    request: pytest.FixtureRequest, quads: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    name = str(request.param)
    folder, state = tmp_path_factory.mktemp(name), tmp_path_factory.mktemp(f"{name}-state")
    starting = oxigraph_server if name == "oxigraph" else virtuoso_server
    with starting(folder, quads[name]) as backend:
        account = {"store_user": backend.user, "store_password": backend.password} if backend.user else {}
        limits = {"query_bytes": 1_000_000, "query_rows": 20_000}
        with serving(backend.address, "--host", "127.0.0.1", state=state, **account, **limits) as running:  # type: ignore[arg-type]
            yield Service(name, running, backend, state)


PAGES = {
    "/": "359",
    "/initiatives": "359",
    "/initiatives?country=AT": "Austria",
    "/map": "Austria",
    "/coverage": "Austria",
    "/network": "Caritas",
    "/codes": "Policy area",
    "/codes/policy-area": "social inclusion",
    "/codes/country/AT": "Österreich",
    "/ontology": "outcome",
    "/ontology/Initiative": "initiative",
    "/questions": "",
    "/status": "Published statements",
    THING: "Motion sensors without camera or microphone",
    "/id/organisation/caritas-at": "Caritas",
    "/id/agent/iesi-kg-project": "iesi-kg project",
}  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_a_page(path: str, service: Service) -> None:
    reply = service.server.ask("GET", path, {"Accept": "text/html"})
    assert reply.status == 200, reply.text[-2_000:]
    assert PAGES[path] in reply.text


def test_the_status_counts_what_is_published(service: Service) -> None:
    counted = service.server.query("SELECT (COUNT(?s) AS ?n) { ?s ?p ?o }", "text/csv").text.split()[1]
    assert f"{int(counted):,}" in service.server.ask("GET", "/status", {"Accept": "text/html"}).text


def test_a_thing_comes_in_every_format(service: Service, bundled_store: Path) -> None:
    thing = iris.from_path(THING)
    wanted = {str(quad.predicate) for quad in EmbeddedStore(bundled_store).reader().quads(thing, graph=DefaultGraph())}
    for suffix, kind in ((".ttl", RdfFormat.TURTLE), (".nt", RdfFormat.N_TRIPLES), (".jsonld", RdfFormat.JSON_LD)):
        reply = service.server.ask("GET", THING + suffix)
        assert reply.status == 200
        found = {str(quad.predicate) for quad in parse(reply.body, kind) if quad.subject == thing}
        assert found == wanted
    assert service.server.ask("GET", "/id/initiative/nobody-knows").status == 404


@pytest.mark.parametrize("question", competency(), ids=lambda question: str(question.slug))
def test_a_competency_question_has_the_same_answer(question: object, service: Service) -> None:
    reply = service.server.query(question.query, CSV)  # type: ignore[attr-defined]
    assert reply.status == 200, reply.text
    found = answers.difference(answers.table(reply.body)[1:], answers.expected(question.slug))  # type: ignore[attr-defined]
    assert found.same, found


def test_queries_are_rewritten_for_the_engine_that_gains(service: Service) -> None:
    text = f"{PREFIXES} SELECT (COUNT(?i) AS ?n) {{ ?i a iesi:Initiative FILTER NOT EXISTS {{ ?i iesi:endYear ?y }} }}"
    reply = service.server.query(text, CSV)
    assert reply.status == 200, reply.text
    assert reply.headers["IESI-KG-Rewritten"] == ("not-exists" if service.name == "oxigraph" else None)


def test_the_forms_and_formats_of_queries(service: Service) -> None:
    ask, server = f"{PREFIXES} ASK {{ ?s a iesi:Initiative }}", service.server
    assert json.loads(server.query(ask, JSON).body)["boolean"] is True
    assert server.query(ask, CSV).text.strip() == "true"
    assert b"<boolean>true</boolean>" in server.query(ask, "application/sparql-results+xml").body
    listed = f"{PREFIXES} SELECT * {{ ?thing a iesi:Initiative ; dct:title ?name ; iesi:startYear ?begin }} LIMIT 3"
    assert service.rows(listed)[0] == ["thing", "name", "begin"], "SELECT * has the order of the query"
    reply = server.query(listed, "text/tab-separated-values")
    assert reply.headers["IESI-KG-Rows"] == "3" and reply.text.count("\n") == 4
    made = f"{PREFIXES} CONSTRUCT {{ ?s dct:title ?n }} WHERE {{ ?s a iesi:Initiative ; dct:title ?n }} LIMIT 40"
    for kind in (RdfFormat.TURTLE, RdfFormat.N_TRIPLES, RdfFormat.RDF_XML, RdfFormat.JSON_LD):
        reply = server.query(made, kind.media_type)
        assert reply.status == 200 and len(list(parse(reply.body, kind))) == 40
    told = server.query(f"DESCRIBE <{iris.from_path(THING).value}>", "application/n-triples")
    subjects = {quad.subject for quad in parse(told.body, RdfFormat.N_TRIPLES)}
    assert subjects == {iris.from_path(THING)}, "DESCRIBE tells what stands behind the thing"


def test_the_version_and_the_etag_are_those_of_the_graph(service: Service) -> None:
    text = f"{PREFIXES} SELECT (COUNT(*) AS ?n) {{ ?s a iesi:Initiative }}"
    first = service.server.query(text, CSV)
    assert first.headers["IESI-KG-Version"] == str(json.loads(service.server.ask("GET", "/health").body)["version"])
    again = service.server.query(text, CSV, If_None_Match=first.headers["ETag"])
    assert again.status == 304 and not again.body
    assert "etag" not in service.server.query("SELECT (NOW() AS ?n) {}", CSV).headers


def test_only_graphs_of_the_store_are_named_graphs(service: Service) -> None:
    named = {row[0] for row in service.rows("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }")[1:]}
    assert iris.graph("codings").value in named
    assert all(name.startswith(iris.graph("").value) for name in named)
    assert not named & {iris.graph("published").value, iris.graph("store").value}
    coded = f"SELECT (COUNT(*) AS ?n) FROM <{iris.graph('codings').value}> {{ ?s ?p ?o }}"
    direct = f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{iris.graph('codings').value}> {{ ?s ?p ?o }} }}"
    assert service.rows(coded) == service.rows(direct) != [["n"], ["0"]]
    strange = "http://www.openlinksw.com/schemas/virtrdf#"
    for text in (f"FROM <{strange}> {{ ?s ?p ?o }}", f"FROM NAMED <{strange}> {{ GRAPH ?g {{ ?s ?p ?o }} }}"):
        assert service.rows(f"SELECT (COUNT(*) AS ?n) {text}") == [["n"], ["0"]]
    path = f"/sparql?query={quote('SELECT (COUNT(*) AS ?n) { ?s ?p ?o }')}&default-graph-uri={quote(strange)}"
    assert service.server.ask("GET", path, {"Accept": CSV}).text.split() == ["n", "0"]


def test_what_is_not_sent_to_a_server(service: Service) -> None:
    server = service.server
    refused = {
        "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }": 403,
        "INSERT DATA { <urn:a> <urn:b> 1 }": 403,
        'DEFINE get:soft "replace" SELECT * { ?s ?p ?o }': 400,
    }
    if service.name == "virtuoso":
        refused |= {
            "SELECT (bif:now() AS ?x) {}": 403,
            "PREFIX x: <bif:> SELECT (x:now() AS ?x) {}": 403,
            "PREFIX x: <\\u0062if:> SELECT (x:now() AS ?x) {}": 403,
            "SELECT (<sql:rdf_long_of_obj>(1) AS ?x) {}": 403,
        }
    for text, status in refused.items():
        assert server.query(text, JSON).status == status, text
    status, kind, said = service.problem(server.query("SELECT * {\n ?s ?p }", JSON))
    assert (status, kind) == (400, "query-syntax-error") and said.startswith("line 2, column"), said
    updated = server.ask("POST", "/update", {"Content-Type": "application/sparql-update"}, "CLEAR ALL")
    assert updated.status in (401, 403)


def test_a_graph_is_read_and_not_written(service: Service) -> None:
    path = f"/graph?graph={quote(iris.graph('codings').value)}"
    reply = service.server.ask("GET", path, {"Accept": "application/n-triples"})
    count = int(
        service.rows(f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{iris.graph('codings').value}> {{ ?s ?p ?o }} }}")[1][0]
    )
    assert reply.status == 200 and len(reply.text.splitlines()) == count
    assert service.server.ask("GET", path, {"If-None-Match": reply.headers["ETag"]}).status in (200, 304)
    assert service.server.ask("GET", "/graph?graph=urn:nobody").status == 404
    writer = Tokens(service.state).create(
        Grant("wanda", frozenset({"write"}), (iris.graph("workspace", "w").value,)), datetime.now(UTC)
    )[1]
    headers = {"Authorization": f"Bearer {writer}", "Content-Type": "text/turtle"}
    own = f"/graph?graph={quote(iris.graph('workspace', 'w').value)}"
    refused = service.server.ask("PUT", own, headers, "<urn:a> <urn:b> 1 .")
    status, _, said = service.problem(refused)
    assert status == 403 and service.name.title() in said, said


def test_no_secret_is_shown(service: Service) -> None:
    for path in ("/status", "/status.json", "/metrics", "/service", "/health", "/"):
        reply = service.server.ask("GET", path)
        assert PASSWORD not in reply.text and "store_user" not in reply.text


def test_a_submission_is_published_through_the_desk(service: Service) -> None:
    """It makes a version, which every query after it sees."""
    now, tokens = datetime.now(UTC), Tokens(service.state)
    anna, rita = (
        tokens.create(Grant(name, frozenset({scope})), now)[1]
        for name, scope in (("anna", "submit"), ("rita", "review"))
    )
    before = json.loads(service.server.ask("GET", "/health").body)["version"]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="over.csv"\r\n\r\n'
    body = head.encode() + SHEET + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Authorization": f"Bearer {anna}"}
    came = service.change("/api/submissions", kind, body)
    assert came.status in (200, 201, 202), came.text
    item = json.loads(came.body)
    headers = {"Authorization": f"Bearer {rita}", "Content-Type": "application/json"}
    decision = json.dumps({"decision": "accepted", "reason": "complete"})
    done = service.change(f"/api/submissions/{item['id']}/decisions", headers, decision)
    assert done.status == 200, done.text
    page = service.server.ask("GET", "/id/initiative/over-a-server", {"Accept": "text/html"})
    assert page.status == 200 and "Over a server" in page.text
    found = service.rows('SELECT ?s { ?s dct:title ?t FILTER(STR(?t) = "Over a server") }')
    assert found[1:] == [[iris.from_path("/id/initiative/over-a-server").value]]
    assert json.loads(service.server.ask("GET", "/health").body)["version"] > before


def test_asking_finds_out_what_the_server_is(service: Service) -> None:
    account = Credentials(service.backend.user, service.backend.password)
    found = asyncio.run(probe(service.backend.address, account, write=True))
    assert (found.suggestion, found.faults) == (service.name, [])
    assert found.server.lower().startswith(service.name)
    assert ("direct" in found.methods) == (service.name == "oxigraph"), "Virtuoso never answers a query posted as such"
    assert set(found.tables) == set(TABLES) and {"application/n-triples", "text/turtle"} <= set(found.graphs)
    assert found.default_graph == ("apart" if service.name == "oxigraph" else "union")
    assert found.graph_store and found.update
    plain = service.backend.address.removeprefix("sparql+").partition("?")[0]
    stranger = asyncio.run(probe(plain))
    assert stranger.suggestion == service.name and stranger.store.endswith(f"?profile={service.name}")


def test_limits_hold_over_a_server(service: Service) -> None:
    server = service.server
    status, kind, _ = service.problem(server.query("SELECT * { ?s ?p ?o } LIMIT 9000", JSON))
    assert (status, kind) == (503, "result-too-large")
    status, kind, _ = service.problem(server.query("SELECT ?s { ?s ?p ?o } LIMIT 20001", CSV))
    assert (status, kind) == (503, "result-too-large")
    assert server.query("ASK {}", JSON).status == 200


def test_a_server_that_is_gone_is_said_to_be_gone(service: Service) -> None:
    """The very last: nothing answers afterwards but what says so."""
    service.backend.process.kill()
    service.backend.process.wait(timeout=10)
    status, kind, said = service.problem(service.server.query("SELECT * { ?s ?p ?o } LIMIT 7", JSON))
    assert (status, kind) == (503, "backend-unreachable")
    assert PASSWORD not in said
    assert service.server.ask("GET", "/health/ready").status == 503
    assert service.server.ask("GET", "/health").status == 200
    page = service.server.ask("GET", "/id/initiative/euroage", {"Accept": "text/html"})
    assert page.status == 503 and PASSWORD not in page.text
