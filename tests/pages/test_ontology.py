"""The pages of the ontology over HTTP: what a term means, where it comes from, how it is used, in which language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from iesi_kg.web.pages.language import accepted
from running_server import serving

TERM = "https://w3id.org/iesi-kg/ontology#ictPotential"


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with (
        serving(folder, query_processes=1) as server,
        httpx.Client(base_url=server.url, headers={"Accept": "text/html"}) as made,
    ):
        yield made


def words(page: str) -> str:
    """What a page shows, without marks, spaces joined."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_property_says_what_it_means_where_from_and_how_it_is_used(client: httpx.Client) -> None:
    shown = words(client.get("/ontology/ictPotential").text)
    assert "How far technology changes the service." in shown
    assert f"This page describes {TERM}" in shown
    assert "From (domain) Initiative To (range) Concept" in shown
    assert "IESI: slides of C. Kucsera, SONNETS workshop, 10 February 2017" in shown
    assert "Its values come from the list ICT-enabled innovation potential : reconstructed" in shown
    assert "Recalled or designed by this project; a default that a steward may change." in shown
    assert "1 statement with it in the graph." in shown
    assert "Café Numérique : organisational / sustained" in shown
    assert "ict_potential" in shown
    assert "ict-potential-code violation" in shown
    assert "This is no code of the list ict-potential." in shown


def test_a_class_shows_its_place_its_records_and_its_likes(client: httpx.Client) -> None:
    page = client.get("/ontology/Outcome").text
    shown = words(page)
    assert "Properties that lead to it Has outcome" in shown
    assert "1 thing of this class" in shown
    assert "Café Numérique : Two in three said they felt less alone." in shown
    assert "outcome-missing violation An outcome says nothing." in shown
    assert "close to https://ontology.commonapproach.org/cids#Outcome" in shown
    assert 'href="/ontology/hasOutcome"' in page


def test_a_term_of_others_is_said_to_be_theirs(client: httpx.Client) -> None:
    answer = client.get("/ontology/m8g:role")
    shown = words(answer.text)
    assert "http://data.europa.eu/m8g/role as this graph uses it; the term belongs to another vocabulary" in shown
    assert "partner_roles" in shown
    assert 'rel="canonical"' in answer.headers["link"]
    assert "<http://data.europa.eu/m8g/role>" in answer.headers["link"]


def test_the_example_query_of_a_term_runs_in_one_click(client: httpx.Client) -> None:
    page = client.get("/ontology/ictRole").text
    link = re.search(r'href="(/sparql\?query=[^"]+)">The role of technology<', page)
    assert link
    assert client.get(link[1].replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/ontology/Nothing", "/ontology/0.3.0x", "/ontology/foaf:Nothing", "/ontology/codes:country", "/ontology/:"],
)
def test_what_the_ontology_does_not_declare_is_not_there(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_version_in_force_answers_as_page_and_as_data(client: httpx.Client) -> None:
    page = client.get("/ontology/0.3.0")
    assert page.status_code == 200
    assert 'href="/ontology/0.3.0.ttl"' in page.text
    assert '<span class="iri">https://w3id.org/iesi-kg/ontology/0.3.0</span>' in page.text
    data = client.get("/ontology/0.3.0", headers={"Accept": "text/turtle"})
    assert data.headers["content-location"] == "/ontology/0.3.0.ttl"
    assert '<https://w3id.org/iesi-kg/ontology/0.3.0>; rel="canonical"' in data.headers["link"]
    assert data.text == client.get("/ontology.ttl").text


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_an_earlier_version_is_gone_and_names_the_one_in_force(client: httpx.Client, version: str) -> None:
    answer = client.get(f"/ontology/{version}", headers={"Accept": "application/json"})
    assert answer.status_code == 410
    problem = answer.json()
    assert problem["title"] == "An earlier version"
    assert problem["successor"] == "https://w3id.org/iesi-kg/ontology/0.3.0"
    assert client.get("/ontology/0.1.1").status_code == 404


def test_a_term_is_data_too_under_its_hash_iri(client: httpx.Client) -> None:
    answer = client.get("/ontology/ictPotential", headers={"Accept": "text/turtle"})
    assert answer.headers["content-location"] == "/ontology/ictPotential.ttl"
    assert f'<{TERM}>; rel="canonical"' in answer.headers["link"]
    assert "iesi:ictPotential a owl:ObjectProperty" in answer.text
    assert client.get("/ontology/ictPotential.ttl").text == answer.text
    assert "Accept-Language" not in answer.headers["vary"]


def test_the_language_comes_from_the_address_else_from_the_browser(client: httpx.Client) -> None:
    french = {"Accept-Language": "fr-BE, en;q=0.5"}
    answer = client.get("/ontology/ictPotential", headers=french)
    assert "<h1>Potentiel d&#39;innovation par les TIC</h1>" in answer.text
    assert "Accept-Language" in answer.headers["vary"]
    german = client.get("/ontology/ictPotential?lang=de", headers=french).text
    assert "<h1>IKT-gestütztes Innovationspotenzial</h1>" in german
    assert "Das ist kein Code der Liste ict-potential." in german
    assert 'href="/ontology/Initiative?lang=de"' in german


def test_what_has_no_text_in_the_language_is_english_and_marked_as_that(client: httpx.Client) -> None:
    page = client.get("/ontology/ictPotential?lang=de").text
    assert '<p class="lead"><span lang="en">How far technology changes the service.</span></p>' in page
    assert "<h1>ICT-enabled innovation potential</h1>" in client.get("/ontology/ictPotential?lang=xx").text


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CH, de;q=0.9", "fr"),
        ("pt, fr;q=0.2, de;q=0.7", "de"),
        ("fr;q=0, pt", "en"),
        ("*", "en"),
        ("fr;q=many, de;q=0.1", "de"),
        (",;=,,q", "en"),
    ],
)
def test_the_weights_of_accept_language(header: str, code: str) -> None:
    assert accepted(header, ("de", "en", "fr")) == code


def test_search_finds_terms_and_codes_in_any_language(client: httpx.Client) -> None:
    page = client.get("/ontology", params={"q": "pays", "lang": "en"}).text
    found = page.partition('id="hits"')[2].partition('id="diagram"')[0]
    assert 'href="/ontology/country?lang=en"' in found
    assert 'href="/codes/country?lang=en"' in found
    code = client.get("/ontology", params={"q": "Griechenland"}).text
    assert 'href="/codes/country/GR"' in code
    assert "1 found for “Griechenland”" in words(code)


@pytest.mark.parametrize("text", ["zzzz", "<script>", '"', "a" * 500])
def test_search_that_finds_nothing_says_what_to_do(client: httpx.Client, text: str) -> None:
    answer = client.get("/ontology", params={"q": text})
    assert answer.status_code == 200
    assert "Nothing has all these words." in answer.text
    assert "<script>" not in answer.text


def test_an_empty_search_is_the_page_itself(client: httpx.Client) -> None:
    assert 'id="hits"' not in client.get("/ontology?q=%20").text


def test_every_own_term_has_its_anchor_and_its_page(client: httpx.Client, root: Path) -> None:
    page = client.get("/ontology").text
    turtle = (root / "ontology" / "iesi.ttl").read_text("utf-8")
    declared = set(re.findall(r"^iesi:(\w+) a owl:", turtle, re.MULTILINE))
    assert len(declared) > 100
    assert declared - set(re.findall(r'<tr id="(\w+)">', page)) == set()
    assert declared - set(re.findall(r'href="/ontology/(\w+)"', page)) == set()


def test_the_diagram_is_drawn_and_told_in_words(client: httpx.Client) -> None:
    page = client.get("/ontology").text
    drawing = page.partition('<svg class="diagram"')[2].partition("</svg>")[0]
    assert 'href="/ontology/Outcome"' in drawing
    assert ">has outcome</text>" in drawing
    assert "Initiative → Has outcome → Outcome" in words(page)
    assert "Initiative → Has participation → Participation" in words(page)
    assert "Initiative → Replicates → Initiative" in words(page)


def test_the_index_of_the_lists_speaks_the_language_and_its_links_keep_it(client: httpx.Client) -> None:
    page = client.get("/codes?lang=fr").text
    assert '<a href="/codes/ict-role?lang=fr">Rôle des TIC</a>' in page
    answer = client.get("/codes", headers={"Accept-Language": "it"})
    assert '<a href="/codes/ict-role">Ruolo delle TIC</a>' in answer.text
    assert "Accept-Language" in answer.headers["vary"]


def test_a_code_in_french_says_how_far_it_is_verified(client: httpx.Client) -> None:
    page = client.get("/codes/ict-potential/1?lang=fr").text
    assert "<h1>Technique / incrémental</h1>" in page
    assert '<span class="badge reconstructed">reconstruit</span>' in page


def test_a_code_list_says_in_words_how_far_it_is_verified(client: httpx.Client) -> None:
    shown = words(client.get("/codes/ict-potential").text)
    assert "The list as a list: reconstructed Recalled or designed by this project" in shown
    assert "4 of 4 codes: reconstructed" in shown
    assert "Properties that take its codes ICT-enabled innovation potential" in shown
    assert "ict-potential-code violation" in shown
    french = client.get("/codes/ict-potential?lang=fr").text
    assert "<h1>Potentiel d&#39;innovation par les TIC</h1>" in french
    assert '<span class="badge reconstructed">reconstruit</span>' in french
