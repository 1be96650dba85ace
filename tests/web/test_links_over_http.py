"""Links over HTTP: the page and the API of review, the mapping sets to download, and queries over several databases.

Two real servers on loopback: ours, with records of two databases and the links between them, and another endpoint.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from urllib.parse import urlencode

import pytest

from iesi_kg import assets
from iesi_kg.linking import sssom
from iesi_kg.operations.audit import AuditLog
from iesi_kg.operations.tokens import Grant, Tokens
from iesi_kg.publication import linkage, linkage_graphs
from iesi_kg.store.embedded import EmbeddedStore
from linked_records import OURS, PEER, PREFIXES, THEIRS, link, links
from running_server import Reply, Server, fill, serving

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
COUNTRIES = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix country: <http://publications.europa.eu/resource/authority/country/> .
country:FIN skos:prefLabel "Finnország"@hu , "Finland"@en . country:PRT skos:prefLabel "Portugália"@hu .
country:XYZ skos:prefLabel "Sehol"@hu ."""
FOUND = links(
    link("initiative:smart", "jrc-ips:1", 0.95, comment="same name in one word"),
    link("initiative:vincles", "jrc-ips:2", 0.6),
)
CANDIDATES = links(link("initiative:smart", "jrc-ips:3", 0.55, comment="same name <but> for the country"))
LISTS = ("country", "link-decision")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The other endpoint."""
    store = tmp_path_factory.mktemp("there") / "store"
    fill(store, COUNTRIES)
    with serving(store, query_processes=1) as running:
        yield running


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, there: Server) -> Iterator[Server]:
    """Our service, which may ask the other one."""
    folder = tmp_path_factory.mktemp("here")
    codes = "\n".join(assets.text(f"ontology/codelists/{name}.ttl") for name in LISTS)
    fill(folder / "store", f"{codes}\n{PREFIXES}{OURS}", {PEER.value: PREFIXES + THEIRS})
    opened = EmbeddedStore.open(folder / "store")
    linkage.load(opened, "found", FOUND)
    linkage.enqueue(opened, CANDIDATES, "links.sssom.tsv")
    countries = dict(linkage_graphs.bundled())["iesi-eu-country"]
    linkage.load(opened, "iesi-eu-country", countries)
    opened.close()
    peer = {"name": "there", "title": "there", "address": there.endpoint, "local": True}
    (folder / "peers.json").write_text(json.dumps({"peers": [peer]}), encoding="utf-8")
    with serving(folder / "store", query_processes=1, peers=folder / "peers.json") as running:
        yield running


@pytest.fixture(scope="module")
def rita(here: Server) -> str:
    return Tokens(here.store).create(Grant("rita", frozenset({"review"})), datetime.now(UTC))[1]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def the_links(here: Server, token: str) -> dict[str, dict[str, object]]:
    reply = here.ask("GET", "/api/links", bearer(token))
    return {link["right"]["id"]: link for link in json.loads(reply.body)["links"]}


def decide(here: Server, token: str, link_id: object, **given: object) -> Reply:
    headers = bearer(token) | {"Content-Type": "application/json"}
    return here.ask("POST", f"/api/links/{link_id}/decisions", headers, json.dumps(given))


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline="")))[1:]


def test_only_reviewers_see_and_decide(here: Server) -> None:
    assert sssom.read(here.ask("GET", "/mappings/decisions.sssom.tsv").text, "none yet").mappings == ()
    anna = Tokens(here.store).create(Grant("anna", frozenset({"submit"})), datetime.now(UTC))[1]
    assert here.ask("GET", "/api/links").status == 401
    assert here.ask("GET", "/api/links", bearer(anna)).status == 403
    assert decide(here, anna, "0123456789abcdef", decision="accepted").status == 403
    page = here.ask("GET", "/review", {"Accept": "text/html"})
    assert (page.status, 'name="token"' in page.text) == (401, True)


def test_the_api_lists_by_value_shows_both_records_and_keeps_decisions(here: Server, rita: str) -> None:
    found = the_links(here, rita)
    assert list(found) == ["jrc-ips:3", "jrc-ips:2", "jrc-ips:1"]
    first = found["jrc-ips:3"]
    assert (first["confidence"], first["sources"], first["standing"]) == (0.55, ["candidates"], "open")
    whole = json.loads(here.ask("GET", f"/api/links/{first['id']}", bearer(rita)).body)
    assert whole["left"]["record"]["countries"] == ["IE"]
    assert whole["right"]["record"]["names"] == ["Smart Care Ireland"]
    done = decide(here, rita, first["id"], decision="rejected", reason="a series", revision=0)
    assert (done.status, json.loads(done.body)["standing"]) == (200, "rejected")
    late = decide(here, rita, first["id"], decision="accepted", revision=0)
    assert (late.status, json.loads(late.body)["revision"]) == (409, 1)
    undone = json.loads(decide(here, rita, first["id"], decision="undone", revision=1).body)
    assert undone["standing"] == "open" and [told["decision"] for told in undone["decisions"]] == ["rejected", "undone"]
    assert decide(here, rita, first["id"], decision="maybe").status == 400
    assert decide(here, rita, "nothing", decision="accepted").status == 404
    written = [entry.act.what for entry in AuditLog(here.store).entries() if entry.act.what.startswith("link")]
    assert written == ["link rejected", "link undone"]


def test_the_page_decides_goes_on_and_takes_back_without_scripts(here: Server, rita: str) -> None:
    cookie = here.ask("POST", "/submissions/sign-in", FORM, urlencode({"token": rita, "to": "/review"}))
    assert cookie.headers["Location"] == "/review"
    session = {**FORM, "Cookie": cookie.headers["Set-Cookie"].partition(";")[0]}
    queue = here.ask("GET", "/review", session)
    assert queue.text.index("Smart Care Ireland") < queue.text.index("Vincles BCN")
    link_id = the_links(here, rita)["jrc-ips:3"]["id"]
    page = here.ask("GET", f"/review/{link_id}", session)
    assert "same name &lt;but&gt; for the country" in page.text, "what a file says is text"
    assert "<mark>Ireland</mark>" in page.text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    given = {**fields, "decision": "accepted", "reason": "one house"}
    foreign = here.ask("POST", f"/review/{link_id}", session, urlencode({**given, "proof": "no"}))
    assert foreign.status == 403
    done = here.ask("POST", f"/review/{link_id}", session, urlencode(given))
    assert done.status == 303
    assert done.headers["Location"].startswith("/review") and done.headers["Location"].endswith(f"?done={link_id}")
    after = here.ask("GET", f"/review?done={link_id}", {**session, "Accept-Language": "de"})
    assert "one house" in after.text and "Zurücknehmen" in after.text
    shown = here.ask("GET", "/id/initiative/smart", {"Accept": "text/html"})
    assert "The same in other databases" in shown.text
    assert shown.text.index("decided by rita") < shown.text.index("same name in one word")
    assert "confidence 0.95" in shown.text
    theirs = here.ask("GET", "/id/peer/jrc-ips/3", {"Accept": "text/html"}).text
    assert "The same in other databases" in theirs
    assert '<a class="iri" href="/id/initiative/smart">initiative:smart</a>' in theirs
    stale = here.ask("POST", f"/review/{link_id}", session, urlencode({**given, "decision": "rejected"}))
    assert (stale.status, "decided on this link meanwhile" in stale.text) == (409, True)
    back = {**fields, "revision": str(int(fields["revision"]) + 1), "decision": "undone"}
    assert here.ask("POST", f"/review/{link_id}", session, urlencode(back)).headers["Location"] == f"/review/{link_id}"
    assert the_links(here, rita)["jrc-ips:3"]["standing"] == "open"
    assert here.ask("GET", "/review/nothing", session).status == 404


def test_the_mapping_sets_are_listed_and_downloaded(here: Server) -> None:
    listed = json.loads(here.ask("GET", "/mappings").body)["mappings"]
    sizes = {entry["name"]: entry["mappings"] for entry in listed}
    assert {"found": 2, "iesi-eu-country": 49}.items() <= sizes.items() and "candidates" not in sizes
    tsv = here.ask("GET", "/mappings/found.sssom.tsv")
    assert tsv.headers["Content-Type"].startswith("text/tab-separated-values")
    assert [item.object_id for item in sssom.read(tsv.text, "found").mappings] == ["jrc-ips:1", "jrc-ips:2"]
    turtle = here.ask("GET", "/mappings/found", {"Accept": "text/turtle"})
    assert turtle.headers["Content-Type"].startswith("text/turtle") and "sameInitiativeAs" in turtle.text
    missing = here.ask("GET", "/mappings/nothing")
    assert (missing.status, "found" in json.loads(missing.body)["hint"]) == (404, True)
    assert here.ask("GET", "/mappings/candidates").status == 404


def test_a_query_joins_ours_with_a_loaded_database_through_the_links(here: Server) -> None:
    """By hand: smart is jrc 1 (both 2011), vincles (2014) is jrc 2 (2017)."""
    reply = here.query(assets.text("queries/examples/federated-loaded-peer.rq"), accept="text/csv")
    start = "https://w3id.org/iesi-kg/id/"
    assert rows(reply.text) == [
        [f"{start}initiative/smart", "Smart Care", f"{start}peer/jrc-ips/1", "SmartCare pilot", "2011", "2011"],
        [f"{start}initiative/vincles", "Vincles", f"{start}peer/jrc-ips/2", "Vincles BCN", "2014", "2017"],
    ]


def test_a_query_joins_ours_with_another_service_through_the_links(here: Server, there: Server) -> None:
    """By hand: two of our countries have a Hungarian name there; the third name is of no country of ours."""
    query = assets.text("queries/examples/federated-eu-countries.rq")
    asked = query.replace("https://publications.europa.eu/webapi/rdf/sparql", there.endpoint)
    assert asked != query
    reply = here.query(asked, accept="text/csv")
    space = "http://publications.europa.eu/resource/authority/country/"
    assert rows(reply.text) == [["FI", f"{space}FIN", "Finnország"], ["PT", f"{space}PRT", "Portugália"]]


def test_every_pair_of_databases_is_described_as_a_linkset(tmp_path: Path) -> None:
    from pyoxigraph import Literal, NamedNode

    from iesi_kg.publication import linksets
    from iesi_kg.store.base import ChangeSet

    opened = EmbeddedStore.open(tmp_path / "store", create=True)
    change = linkage_graphs.loaded(opened.reader(), "found", FOUND)
    told = linksets.described(opened.reader(), change)
    opened.close()
    void = "http://rdfs.org/ns/void#"
    (node,) = {t.subject for t in told if t.object == NamedNode(f"{void}Linkset")}
    facts = {t.predicate.value: t.object for t in told if t.subject == node}
    assert facts[f"{void}triples"] == Literal(2)
    assert facts[f"{void}objectsTarget"] == NamedNode("https://w3id.org/iesi-kg/id/peer/jrc-ips")
    assert facts[f"{void}linkPredicate"].value.endswith("sameInitiativeAs")
    assert not linksets.described(EmbeddedStore(tmp_path / "store").reader(), ChangeSet(""))
