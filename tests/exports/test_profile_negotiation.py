"""Content negotiation by profile on the addresses of things."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pyoxigraph
import pytest
from pyoxigraph import NamedNode, RdfFormat

from running_server import Server

CPSV = "https://semiceu.github.io/CPSV-AP/releases/3.2.0"
CPOV = "https://semiceu.github.io/CPOV/releases/2.1.2"
VINCLES = "/id/initiative/vincles-bcn"


def test_by_query_string_and_by_header_say_the_same(server: Server) -> None:
    asked = server.ask("GET", f"{VINCLES}?_profile=cpsv-ap", {"Accept": "text/turtle"})
    headed = server.ask("GET", VINCLES, {"Accept": "text/turtle", "Accept-Profile": f"<{CPSV}>"})
    assert asked.status == headed.status == 200
    assert asked.body == headed.body
    assert b"cpsv:PublicService" in asked.body
    assert f'<{CPSV}>; rel="profile"' in headed.headers["Link"]
    assert headed.headers["Content-Location"] == f"{VINCLES}.ttl?_profile=cpsv-ap"
    assert headed.headers["Vary"] == "Accept, Accept-Profile, Accept-Encoding"
    assert server.ask("GET", headed.headers["Content-Location"]).body == headed.body


def test_without_a_profile_nothing_changes(server: Server) -> None:
    plain = server.ask("GET", f"{VINCLES}.ttl")
    profiled = server.ask("GET", f"{VINCLES}.ttl?_profile=cpsv-ap")
    assert b"cpsv:PublicService" not in plain.body
    assert 'rel="profile"' not in plain.headers["Link"]
    assert plain.headers["ETag"] != profiled.headers["ETag"]
    assert server.ask("GET", f"{VINCLES}.ttl?_profile=").body == plain.body


def test_a_browser_that_asks_for_a_profile_gets_data(server: Server) -> None:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    reply = server.ask("GET", f"{VINCLES}?_profile=cpsv-ap", {"Accept": accept})
    assert reply.status == 200
    assert reply.headers["Content-Type"].partition(";")[0] in {"text/turtle", "application/rdf+xml"}


def test_the_heaviest_known_wish_wins(server: Server) -> None:
    wish = f"<http://example.org/unknown>, <{CPOV}>;q=0.2, <{CPSV}>;q=0.9"
    reply = server.ask("GET", VINCLES, {"Accept": "text/turtle", "Accept-Profile": wish})
    assert f'<{CPSV}>; rel="profile"' in reply.headers["Link"]


@pytest.mark.parametrize(
    ("path", "headers", "detail"),
    [
        (f"{VINCLES}?_profile=cpsv", {}, "no profile called 'cpsv' is known here"),
        (
            VINCLES,
            {"Accept-Profile": "<http://example.org/p>"},
            "no profile called '<http://example.org/p>' is known here",
        ),
        (VINCLES, {"Accept-Profile": f"<{CPSV}>;q=0"}, f"no profile called '<{CPSV}>;q=0' is known here"),
        (
            f"{VINCLES}?_profile=cpov",
            {},
            "the profile cpov does not apply to <https://w3id.org/iesi-kg" + VINCLES + ">",
        ),
        ("/id/initiative/smart?_profile=cpsv-ap", {}, "the profile cpsv-ap does not apply to"),
        ("/ontology?_profile=dcat-ap", {}, "the profile dcat-ap does not apply to <https://w3id.org/iesi-kg/ontology>"),
        ("/codes/country/ES?_profile=dcat-ap", {}, "the profile dcat-ap does not apply to"),
    ],
)
def test_not_acceptable(server: Server, path: str, headers: dict[str, str], detail: str) -> None:
    reply = server.ask("GET", path, {"Accept": "text/turtle", **headers})
    assert reply.status == 406
    problem = json.loads(reply.body)
    assert problem["detail"].startswith(detail)
    assert problem["available"][:2] == [CPSV, CPOV]
    assert "cpsv-ap|cpov|dcat-ap" in problem["hint"]


def test_not_as_a_page_and_not_unknown_things(server: Server) -> None:
    assert server.ask("GET", f"{VINCLES}.html?_profile=cpsv-ap").status == 406
    assert server.ask("GET", "/id/initiative/nobody.ttl?_profile=cpsv-ap").status == 404


def test_the_catalogue_leads_to_everything(server: Server) -> None:
    """The dumps that the catalogue names can be had and hold what it counts."""
    reply = server.ask("GET", "/id/catalogue/iesi-kg.nt?_profile=dcat-ap")
    assert reply.status == 200
    made = {quad.triple for quad in pyoxigraph.parse(reply.body, RdfFormat.N_TRIPLES)}
    dumps = [t.object.value for t in made if t.predicate == NamedNode("http://www.w3.org/ns/dcat#downloadURL")]
    counts = {int(t.object.value) for t in made if t.predicate == NamedNode("http://rdfs.org/ns/void#triples")}
    assert len(dumps) == 11 + 3
    assert all(dump.startswith(f"{server.url}/sparql?query=") for dump in dumps)
    found = set()
    for dump in dumps:
        parts = urlsplit(dump)
        got = server.ask("GET", f"{parts.path}?{parts.query}")
        assert got.status == 200
        syntax = RdfFormat.from_media_type(got.headers["Content-Type"].partition(";")[0])
        found.add(len({quad.triple for quad in pyoxigraph.parse(got.body, syntax)}))
    assert found == counts


def test_the_page_of_a_thing_links_the_profiles_that_describe_it_and_no_other(server: Server) -> None:
    html = {"Accept": "text/html"}
    page = server.ask("GET", VINCLES, html).text
    assert f'href="{VINCLES}.ttl?_profile=cpsv-ap"' in page
    assert "_profile=cpov" not in page
    assert server.ask("GET", f"{VINCLES}.ttl?_profile=cpsv-ap").status == 200
    assert "_profile=" not in server.ask("GET", "/codes/country", html).text


def test_the_catalogue_answers_without_a_profile_too(server: Server) -> None:
    catalogue = "/id/catalogue/iesi-kg"
    data = server.ask("GET", f"{catalogue}.ttl")
    assert data.status == 200
    assert b"dcat:Catalog" in data.body
    page = server.ask("GET", catalogue, {"Accept": "text/html"})
    assert page.status == 200
    assert f'href="{catalogue}.ttl?_profile=dcat-ap"' in page.text
    assert 'href="/id/dataset/iesi-kg"' in page.text
    assert server.ask("GET", "/id/dataset/iesi-kg", {"Accept": "text/html"}).status == 200
    assert server.ask("GET", "/id/catalogue/other").status == 404


def test_the_landing_page_counts_the_union_apart_from_countries(server: Server) -> None:
    """Thirty countries in the tables, without EU; fifteen initiatives say EU, in four of the tables."""
    page = server.ask("GET", "/", {"Accept": "text/html"}).text
    assert "<dt>countries</dt><dd>30</dd>" in page
    assert "<dt>EU-wide initiatives</dt><dd>15</dd>" in page
