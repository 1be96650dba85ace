"""/id, /codes and /ontology: forms, suffixes, links, truthful 404 and 410."""

from __future__ import annotations

import json

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from running_server import Server

BASE = "https://w3id.org/iesi-kg/"
ALPHA = NamedNode(f"{BASE}id/initiative/alpha")
LEAD = NamedNode(f"{BASE}id/initiative/alpha#lead")
FORMS = {
    "ttl": "text/turtle", "nt": "application/n-triples", "rdf": "application/rdf+xml", "jsonld": "application/ld+json",
}  # fmt: skip


def triples(body: bytes, media: str) -> set[Triple]:
    return {quad.triple for quad in parse(body, RdfFormat.from_media_type(media))}


@pytest.mark.parametrize(("suffix", "media"), FORMS.items())
def test_negotiated_and_suffixed_say_the_same(server: Server, suffix: str, media: str) -> None:
    negotiated = server.ask("GET", "/id/initiative/alpha", {"Accept": media})
    suffixed = server.ask("GET", f"/id/initiative/alpha.{suffix}", {"Accept": "text/html"})
    assert negotiated.status == suffixed.status == 200
    assert negotiated.body == suffixed.body
    assert negotiated.headers["Content-Type"].partition(";")[0] == media
    assert negotiated.headers["Content-Location"] == f"/id/initiative/alpha.{suffix}"
    assert negotiated.headers["Vary"] == "Accept, Accept-Profile, Accept-Encoding"
    assert suffixed.headers["Vary"] == "Accept-Profile, Accept-Encoding"
    said = triples(negotiated.body, media)
    assert Triple(ALPHA, NamedNode("http://example.org/year"), Literal(2009)) in said
    assert Triple(LEAD, NamedNode("http://example.org/of"), NamedNode(f"{BASE}id/organisation/town-es")) in said
    assert any(triple.subject == NamedNode(f"{ALPHA.value}#record") for triple in said)
    assert any(triple.object == Literal("red", language="en") for triple in said)
    assert Triple(NamedNode(f"{BASE}id/initiative/beta"), NamedNode("http://purl.org/dc/terms/relation"), ALPHA) in said


def test_links(server: Server) -> None:
    link = server.ask("GET", "/id/initiative/alpha", {"Accept": "text/turtle"}).headers["Link"]
    assert '</id/initiative/alpha.jsonld>; rel="alternate"; type="application/ld+json"' in link
    assert '</id/initiative/alpha.html>; rel="alternate"; type="text/html"' in link
    assert f'<{ALPHA.value}>; rel="canonical"' in link
    assert f'</id/initiative/alpha.ttl>; rel="describedby"; anchor="{ALPHA.value}"' in link


def test_conditional_and_head(server: Server) -> None:
    got = server.ask("GET", "/id/initiative/alpha.ttl")
    assert server.ask("GET", "/id/initiative/alpha.ttl", {"If-None-Match": got.headers["ETag"]}).status == 304
    head = server.ask("HEAD", "/id/initiative/alpha.ttl")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(got.body))
    assert server.ask("GET", "/id/initiative/alpha.nt").headers["ETag"] != got.headers["ETag"]


def test_code_list_holds_its_codes(server: Server) -> None:
    reply = server.ask("GET", "/codes/colour", {"Accept": "application/n-triples"})
    assert Literal("red", language="en") in {triple.object for triple in triples(reply.body, "application/n-triples")}
    assert server.ask("GET", "/codes/colour/red.ttl").status == 200


def test_ontology_holds_its_terms(server: Server) -> None:
    for path in ("/ontology", "/ontology.nt"):
        reply = server.ask("GET", path, {"Accept": "application/n-triples"})
        assert NamedNode(f"{BASE}ontology#Thing") in {t.subject for t in triples(reply.body, "application/n-triples")}


def test_what_only_provenance_knows(server: Server) -> None:
    reply = server.ask("GET", "/id/submission/2026-01-01-abc.nt")
    assert "http://www.w3.org/ns/prov#Activity" in reply.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/id/initiative/nobody", 404),
        ("/id/initiative/nobody.ttl", 404),
        ("/id/initiative/alpha.exe", 404),
        ("/id/initiative/a%20b", 404),
        ("/id/initiative/%3Cscript%3E", 404),
        ("/id/initiative/%ff", 404),
        ("/codes/none", 404),
        ("/nowhere", 404),
        ("/id/initiative/gone", 410),
        ("/id/initiative/gone.jsonld", 410),
    ],
)
def test_not_here(server: Server, path: str, status: int) -> None:
    reply = server.ask("GET", path)
    assert reply.status == status
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert json.loads(reply.body)["status"] == status


def test_withdrawn_says_when(server: Server) -> None:
    assert "2026-01-31" in json.loads(server.ask("GET", "/id/initiative/gone").body)["detail"]


def test_not_acceptable(server: Server) -> None:
    assert server.ask("GET", "/id/initiative/alpha", {"Accept": "image/png"}).status == 406


def test_other_methods(server: Server) -> None:
    reply = server.ask("DELETE", "/id/initiative/alpha")
    assert reply.status == 405
    assert "GET" in reply.headers["Allow"]


@pytest.mark.parametrize("form", ["text/turtle", "application/n-triples"])
def test_what_was_split_offers_the_choice(server: Server, form: str) -> None:
    reply = server.ask("GET", "/id/initiative/both", {"Accept": form})
    told = json.loads(reply.body)
    assert (reply.status, told["title"]) == (300, "Split into several")
    assert told["choices"] == [f"{BASE}id/initiative/one", f"{BASE}id/initiative/other"]
    page = server.ask("GET", "/id/initiative/both?lang=de", {"Accept": "text/html"})
    assert page.status == 300
    assert '<a href="/id/initiative/one?lang=de">' in page.text
    assert "Auf mehrere aufgeteilt" in page.text
