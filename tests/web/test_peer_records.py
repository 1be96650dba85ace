"""Records of a loaded database under their own addresses: whose word it is, and under which licence."""

from __future__ import annotations

from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from running_server import Server

PEER = "https://w3id.org/iesi-kg/id/peer/pstw/"
DCT = "http://purl.org/dc/terms/"


def test_a_record_of_a_loaded_database_answers_with_its_licence(server: Server) -> None:
    reply = server.ask("GET", "/id/peer/pstw/PSTW-7", {"Accept": "text/turtle"})
    facts = {(quad.predicate.value, quad.object) for quad in parse(reply.body, RdfFormat.TURTLE)}
    graph = NamedNode("https://w3id.org/iesi-kg/graph/peer/pstw/1")
    assert reply.status == 200
    assert ("http://rdfs.org/ns/void#inDataset", graph) in facts
    assert (f"{DCT}license", NamedNode("https://example.org/licence")) in facts
    assert (f"{DCT}relation", NamedNode(f"{PEER}organisation/town-at")) in facts
    assert (f"{DCT}title", Literal("Care &amp; <b>net</b>")) in facts
    assert server.ask("GET", "/id/peer/pstw/organisation/town-at", {"Accept": "text/turtle"}).status == 200
    assert server.ask("GET", "/id/peer/pstw/PSTW-8", {"Accept": "text/turtle"}).status == 404


def test_its_page_names_the_database_and_shows_no_markup(server: Server) -> None:
    page = server.ask("GET", "/id/peer/pstw/PSTW-7", {"Accept": "text/html"}).text
    assert "<h1>Care &amp;amp; &lt;b&gt;net&lt;/b&gt;</h1>" in page
    assert '<a href="/id/peer/pstw/organisation/town-at">The town</a>' in page
    assert ">Some licence</a>" in page
    assert "The Centre" in page
    assert "This is a record of another database, as it stands there: Tech Watch, 1." in page
    assert 'Licence: <a href="https://example.org/licence" rel="noopener nofollow">Some licence</a> · The' in page
    assert "How to cite" not in page
    assert (
        "What points here (1)" in server.ask("GET", "/id/peer/pstw/organisation/town-at", {"Accept": "text/html"}).text
    )


def test_a_loaded_database_is_no_part_of_what_is_asked_without_graph(server: Server) -> None:
    count = "SELECT (COUNT(*) AS ?n) { %s }"
    of = f"<{PEER}PSTW-7> ?p ?o"
    assert server.query(count % of, "text/csv").text.split() == ["n", "0"]
    assert server.query(count % f"GRAPH ?g {{ {of} }}", "text/csv").text.split() == ["n", "3"]
