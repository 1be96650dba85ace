"""The service as clients meet it: languages, scripts of other sites, bounds, and what it says of wrong requests."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from reconciliation_suite import FORM, Client

from running_server import Reply

DENMARK = {"q0": {"query": "Denmark", "type": "country"}}


def problem(reply: Reply) -> tuple[int, str]:
    assert reply.headers["Content-Type"] == "application/problem+json"
    return reply.status, json.loads(reply.text)["detail"]


def test_ten_thousand_queries_are_refused_by_name_of_the_limit(client: Client) -> None:
    reply = client.post(queries={f"q{n}": {"query": "Vincles"} for n in range(10_000)})
    assert problem(reply) == (413, "10,000 queries in one request; at most 50 are answered")
    assert json.loads(reply.text)["limit"] == "reconcile_batch"


def test_a_body_beyond_bounds_is_not_read(client: Client) -> None:
    reply = client.server.ask("POST", "/reconcile", FORM, "queries=" + "a" * 4_000_001)
    assert reply.status == 413


def test_many_ids_are_refused_too(client: Client) -> None:
    reply = client.post(extend={"ids": ["initiative:smart"] * 51, "properties": [{"id": "country"}]})
    assert problem(reply) == (413, "51 ids in one request; at most 50 are answered")


UNKNOWN: dict[str, tuple[dict[str, Any], str]] = {
    "type": ({"query": "x", "type": "initiatve"}, "there is no type 'initiatve'; did you mean 'initiative'?"),
    "one of two types": ({"query": "x", "type": ["initiative", "Q5"]}, "there is no type 'Q5'"),
    "property": (
        {"query": "x", "properties": [{"pid": "contry", "v": "DK"}]},
        "there is no property 'contry'; did you mean 'country'?",
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_type_or_property_gives_that_query_nothing_and_says_why(client: Client, name: str) -> None:
    wrong, said = UNKNOWN[name]
    found = json.loads(client.post(queries={"wrong": wrong, "right": DENMARK["q0"]}).text)
    assert found["wrong"] == {"result": [], "error": said}
    assert found["right"]["result"][0]["id"] == "country:DK"


def test_values_of_an_unknown_property_are_refused(client: Client) -> None:
    reply = client.post(extend={"ids": ["initiative:smart"], "properties": [{"id": "contry"}]})
    assert problem(reply) == (400, "there is no property 'contry'; did you mean 'country'?")


def test_properties_of_an_unknown_type_are_none(client: Client) -> None:
    assert client.read("/properties", type="person") == {"properties": [], "type": "person"}


@pytest.mark.parametrize("name", ["alert(1)", "a.b", "a-b", "1a", "a b", "<script>", "a" * 129, "ä"])
def test_a_callback_that_is_no_identifier_is_refused(client: Client, name: str) -> None:
    reply = client.get("", callback=name)
    assert problem(reply) == (400, "`callback` is not the name of a function")


@pytest.mark.parametrize("path", ["", "/suggest/type", "/flyout/entity?id=country:DK", "/properties"])
def test_older_programs_get_a_script(client: Client, path: str) -> None:
    plain = client.server.ask("GET", f"/reconcile{path}")
    joint = "&" if "?" in path else "?"
    script = client.server.ask("GET", f"/reconcile{path}{joint}callback=jQuery34107_1700000000000")
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["X-Content-Type-Options"] == "nosniff"
    found = re.fullmatch(r"/\*\*/jQuery34107_1700000000000\((.*)\);\n", script.text, re.DOTALL)
    assert found
    assert found[1].isascii()
    assert json.loads(found[1]) == json.loads(plain.text)


def test_a_batch_can_be_asked_in_an_address(client: Client) -> None:
    by_get = client.read("", queries=json.dumps(DENMARK))
    assert by_get == json.loads(client.post(queries=DENMARK).text)


@pytest.mark.parametrize("body", [{"queries": DENMARK}, DENMARK], ids=["held", "bare"])
def test_a_batch_can_be_sent_as_json(client: Client, body: object) -> None:
    reply = client.server.ask("POST", "/reconcile", {"Content-Type": "application/json"}, json.dumps(body))
    assert json.loads(reply.text)["q0"]["result"][0]["id"] == "country:DK"
    asked = {"extend": {"ids": ["country:DK"], "properties": [{"id": "code"}]}}
    reply = client.server.ask("POST", "/reconcile", {"Content-Type": "application/json"}, json.dumps(asked))
    assert json.loads(reply.text)["rows"] == {"country:DK": {"code": [{"str": "DK"}]}}


WRONG = {
    "no JSON": ("queries=%7B", 400, "`queries` is not JSON"),
    "no object": ("queries=[]", 400, "a batch is an object"),
    "both": ("queries={}&extend={}", 400, "this one has both"),
    "a bad escape": ("queries=%zz", 400, "not a percent-encoded byte"),
    "bad UTF-8": ("queries=%ff", 400, "not valid UTF-8"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_read_is_refused_with_the_reason(client: Client, name: str) -> None:
    body, status, said = WRONG[name]
    for reply in (
        client.server.ask("POST", "/reconcile", FORM, body),
        client.server.ask("GET", f"/reconcile?{body}"),
    ):
        assert reply.status == status
        assert said in problem(reply)[1]


def test_other_kinds_of_bodies_and_methods_are_refused(client: Client) -> None:
    assert client.server.ask("POST", "/reconcile", {"Content-Type": "text/csv"}, "a,b").status == 415
    neither = client.server.ask("POST", "/reconcile", FORM, "foo=1")
    assert problem(neither) == (400, "the form has neither `queries` nor `extend`")
    put = client.server.ask("PUT", "/reconcile", FORM, "queries={}")
    assert (put.status, put.headers["Allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    posted = client.server.ask("POST", "/reconcile/suggest/entity", FORM, "prefix=a")
    assert (posted.status, posted.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert problem(client.get("", query="Vincles")) == (400, "queries come as a batch")


@pytest.mark.parametrize(
    "path",
    ["/suggest", "/suggest/place", "/suggest/entity/x", "/flyout/entity?id=none", "/feature/none", "/xx/preview"],
)
def test_what_is_not_there_is_a_404(client: Client, path: str) -> None:
    assert client.server.ask("GET", f"/reconcile{path}").status == 404


def test_a_number_that_is_none_is_refused(client: Client) -> None:
    assert problem(client.get("/suggest/entity", prefix="a", cursor="-1")) == (400, "`cursor` is not a whole number")
    assert client.get("/flyout/entity").status == client.get("/preview").status == 400
    wrong = {"ids": ["initiative:smart"], "properties": [{"id": "country", "settings": {"limit": "many"}}]}
    assert client.post(extend=wrong).status == 400


def test_the_language_is_that_of_the_address_or_of_the_reader(client: Client) -> None:
    def country(path: str, headers: dict[str, str] | None = None) -> str:
        found = json.loads(client.post(path, headers, queries=DENMARK).text)["q0"]["result"][0]
        return f"{found['name']}, {found['type'][0]['name']}"

    assert country("/reconcile") == "Denmark, Country"
    assert country("/reconcile", {"Accept-Language": "fr-CH, en;q=0.5"}) == "Danemark, Pays"
    assert country("/reconcile?lang=it", {"Accept-Language": "fr"}) == "Danimarca, Paese"
    assert country("/reconcile/de", {"Accept-Language": "fr"}) == "Dänemark, Land"
    assert country("/reconcile?lang=xx") == "Denmark, Country"


def test_a_manifest_in_a_language_leads_to_answers_in_it(client: Client) -> None:
    for manifest in (client.read("/es"), client.read("", lang="es")):
        assert manifest["name"] == "IESI-KG: innovación social con medios digitales en Europa"
        assert manifest["suggest"]["type"]["service_path"] == "/reconcile/es/suggest/type"
        assert manifest["view"]["url"].endswith("/id/{{id}}?lang=es")
        assert manifest["defaultTypes"][0] == {"id": "initiative", "name": "Iniciativa"}
    assert client.read("/es/suggest/property", prefix="estado")["result"][0]["name"] == "Estado"


def test_what_is_to_be_known_of_a_property_is_a_text_in_the_language(client: Client) -> None:
    for path, words in (("/en", "Countries where it works"), ("/fr", "Pays où elle agit")):
        said = client.read(f"{path}/suggest/property", prefix="country")["result"][0]["description"]
        assert said.startswith(words), said
        assert words in client.read(f"{path}/flyout/property", id="country")["html"]


def test_what_was_read_need_not_be_sent_again(client: Client) -> None:
    first = client.get("/suggest/type", prefix="ini")
    again = client.server.ask("GET", "/reconcile/suggest/type?prefix=ini", {"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    assert client.post(queries=DENMARK).headers["Cache-Control"] == "no-store"
    head = client.server.ask("HEAD", "/reconcile")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(client.get("").body)))


def test_text_of_the_data_is_never_markup(client: Client) -> None:
    """Ampersands and quotation marks of real names come out as text."""
    found = client.match(query="Diputació de Barcelona", type="organisation")[0]
    html = client.read("/flyout/entity", id=found["id"])["html"]
    assert re.findall(r"<(/?\w+)", html) == ["p", "strong", "/strong", "br", "/p"]


def test_a_thing_is_found_by_its_short_name_in_any_form(client: Client) -> None:
    for path, leads in {
        "/id/initiative:smart": "/id/initiative/smart",
        "/id/country:DK.ttl": "/codes/country/DK.ttl",
        "/id/organisation:none?lang=fr": "/id/organisation/none?lang=fr",
    }.items():
        reply = client.server.ask("GET", path)
        assert (reply.status, reply.headers["Location"]) == (308, leads)
    assert client.server.ask("GET", "/id/initiative").status == 404


def test_what_a_feature_means_is_told(client: Client) -> None:
    manifest = client.read("")
    (found,) = client.match(query="Vincles BCN", properties=[{"pid": "country", "v": "ES"}], limit=1)
    for feature in found["features"]:
        path = manifest["feature_view"]["url"].replace("{{id}}", feature["id"]).partition("/reconcile")[2]
        assert client.read(path)["meaning"].endswith(".")


def test_the_pages_tell_of_it(client: Client) -> None:
    assert f"{client.server.url}/reconcile" in client.server.ask("GET", "/", {"Accept": "text/html"}).text
    described = client.server.ask("GET", "/sparql", {"Accept": "application/n-triples"}).text
    assert f"<{client.server.url}/reconcile>" in described
    paths = json.loads(client.server.ask("GET", "/openapi.json").text)["paths"]
    assert {"/reconcile", "/reconcile/preview", "/reconcile/properties", "/reconcile/suggest/{kind}"} <= set(paths)
