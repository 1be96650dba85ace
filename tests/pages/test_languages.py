"""Every page speaks the reader's language whole, and keeps it; no text is forgotten in any language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from string import Formatter

import httpx
import pytest
from wordings import of_data, of_templates

from iesi_kg.web.pages.rendering import environment
from iesi_kg.web.pages.wording import wordings
from running_server import serving

TRANSLATED = sorted(set(wordings()) - {"en"})
HTML = {"Accept": "text/html"}
PAGES = {
    "/": "/",
    "/initiatives": "/initiatives?q=older&country=FR",
    "/map": "/map?country=FR",
    "/coverage": "/coverage",
    "/network": "/network",
    "/codes": "/codes",
    "/codes/policy-area": "/codes/policy-area",
    "/codes/country/FR": "/codes/country/FR",
    "/ontology": "/ontology",
    "/ontology?q": "/ontology?q=role",
    "/ontology/Initiative": "/ontology/Initiative",
    "/ontology/ictPotential": "/ontology/ictPotential",
    "/sparql": "/sparql",
    "/sparql?example": "/sparql?example=005-role-of-ict",
    "/questions": "/questions",
    "/questions/013": "/questions/013-short-and-long-term-indicators",
    "/check": "/check",
    "/form": "/form",
    "/report": "/report?about=/id/initiative/cafe-numerique",
    "/submissions/sign-in": "/submissions/sign-in",
    "initiative": "/id/initiative/cafe-numerique",
    "organisation": "/id/organisation/lab-ouvert-be",
    "submission": "/id/submission/2026-11-22-abcdefabcdef",
    "document": "/id/document/example-org-0123456789ab",
}


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with serving(folder, query_processes=1) as server, httpx.Client(base_url=server.url, headers=HTML) as made:
        yield made


def spoken_in(path: str, code: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}lang={code}"


def test_there_are_five_languages() -> None:
    assert list(wordings()) == ["de", "en", "es", "fr", "it"]


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_is_there_and_none_is_left_over(root: Path, code: str) -> None:
    wanted = {text for _, text in of_templates()} | set(of_data(root))
    assert len(wanted) > 300
    words = wordings()[code].words
    assert sorted(wanted - set(words)) == [], "texts without a translation"
    assert sorted(set(words) - wanted) == [], "translations that no page asks for"


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_keeps_places_and_marks_and_can_stand_in_an_attribute(code: str) -> None:
    written = {
        text for _, text in of_templates()
    }  # a text of a template stands as it is in English, others are escaped
    for text, translated in wordings()[code].words.items():
        assert translated.strip(), text
        assert places(translated) == places(text), text
        assert sorted(re.findall(r"<[^>]+>", translated)) == sorted(re.findall(r"<[^>]+>", text)), text
        for version in (text, translated) if text in written else (translated,):
            assert '"' not in re.sub(r"<[^>]+>", "", version), text
            assert not re.search(r"&(?!\w+;)", version), text


def places(text: str) -> list[str]:
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name})


@pytest.mark.parametrize(("name", "code"), [*((name, "it") for name in PAGES), *(("/", code) for code in wordings())])
def test_a_page_says_its_language_and_links_to_the_others(client: httpx.Client, name: str, code: str) -> None:
    answer = client.get(spoken_in(PAGES[name], code))
    assert answer.status_code == 200
    assert f'<html lang="{code}">' in answer.text
    assert answer.headers["content-language"] == code
    assert "Accept-Language" in answer.headers["vary"]
    alternates = dict(re.findall(r'<link rel="alternate" hreflang="([\w-]+)" href="([^"]+)">', answer.text))
    assert sorted(alternates) == ["de", "en", "es", "fr", "it", "x-default"]
    assert f"lang={code}" in alternates[code]
    assert "lang=" not in alternates["x-default"]
    assert unescape(alternates["fr"]).startswith(str(client.base_url).rstrip("/"))


@pytest.mark.parametrize("name", PAGES)
def test_no_english_of_ours_is_left_on_a_french_page(client: httpx.Client, name: str) -> None:
    """Each text that English and French say differently, of eight letters at least, outside what is marked English."""
    page = client.get(spoken_in(PAGES[name], "fr")).text
    body = page.partition("<body>")[2]
    own = re.sub(r'<(\w+)[^>]*\blang="(?!fr)\w+"[^>]*>.*?</\1>', "", body, flags=re.DOTALL)
    shown = unescape(
        re.sub(r"<[^>]+>", "\n", own) + "\n".join(re.findall(r'(?:aria-label|placeholder)="([^"]+)"', own))
    )
    lines = {line.strip() for line in shown.splitlines()}
    words = wordings()["fr"].words
    assert {text for text in words if words[text] != text and "{" not in text and len(text) >= 8} & lines == set()


@pytest.mark.parametrize("name", PAGES)
def test_links_and_forms_keep_a_language_that_the_address_names(client: httpx.Client, name: str) -> None:
    page = client.get(spoken_in(PAGES[name], "es")).text
    body = page.partition('<main id="content"')[2]
    links = {unescape(link) for link in re.findall(r'<a [^>]*?href="(/[^"]*)"', body)}
    data = re.compile(
        r"/static/|\.(?:ttl|nt|rdf|jsonld|csv|svg|png|xlsx|json|atom|xml)(?:\?|$)|[?&]format=|/metrics|/health"
    )
    assert [link for link in links if not data.search(link) and "lang=es" not in link] == []
    for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
        assert "lang=es" in form or '<input type="hidden" name="lang" value="es">' in form


def test_without_a_choice_in_the_address_links_carry_none(client: httpx.Client) -> None:
    answer = client.get("/codes", headers={"Accept-Language": "de"})
    assert '<html lang="de">' in answer.text
    assert 'href="/codes/ict-role"' in answer.text
    assert not re.search(r'href="[^"]*[?&]lang=', answer.text.partition('<main id="content"')[2])


def test_an_initiative_in_german_has_german_labels_and_its_own_text_as_it_is(client: httpx.Client) -> None:
    page = client.get("/id/initiative/cafe-numerique?lang=de").text
    assert '<p class="lead"><span lang="en">Volunteers help older people with forms' in page
    assert ">Frankreich</a>" in page
    assert "<dt>Politikfeld</dt>" in page
    assert "<h1>Café Numérique</h1>" in page


@pytest.mark.parametrize(
    ("lang", "lead"),
    [
        ("de", "Eltern finden einen freien Platz."),
        ("fr", '<span lang="en">Parents find a free place in day care.'),
        ("en", "Parents find a free place in day care."),
    ],
)
def test_an_initiative_is_described_in_the_language_where_it_is_and_else_in_english(
    client: httpx.Client, lang: str, lead: str
) -> None:
    assert f'<p class="lead">{lead}' in client.get(f"/id/initiative/kinder-netz?lang={lang}").text


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/?lang=de", ">Die Rolle der Technik</a>"),
        ("/questions?lang=it", ">8. Le TIC come motore o come abilitatore</a>"),
        ("/questions/013-short-and-long-term-indicators?lang=de", "<h1>Indikatoren auf kurze und auf lange Sicht</h1>"),
        ("/questions/013-short-and-long-term-indicators?lang=es", "</strong> Ninguna fuente leída hasta ahora"),
        ("/sparql?lang=fr&example=005-role-of-ict", "<p><strong>Le rôle de la technologie</strong></p>"),
        ("/ontology/ictRole?lang=it", ">Il ruolo della tecnologia</a>"),
    ],
)
def test_a_question_that_we_ship_is_asked_in_the_language(client: httpx.Client, path: str, told: str) -> None:
    assert told in client.get(path).text


@pytest.mark.parametrize(
    ("code", "text", "told"),
    [
        ("it", "Possible duplicates", "Possibili duplicati"),
        ("it", "Costs & savings", '<span lang="en">Costs &amp; savings</span>'),
        ("en", 'Which have "care"?', "Which have &#34;care&#34;?"),
    ],
)
def test_a_question_that_an_operator_added_stays_and_is_marked_english(code: str, text: str, told: str) -> None:
    page = environment().from_string('{% from "_parts.html" import worded with context %}{{ worded(text) }}')
    assert page.render(t=wordings()[code], lang=code, text=text) == told


def test_the_list_tells_of_each_initiative_once_in_english(client: httpx.Client) -> None:
    page = client.get("/initiatives?lang=en").text
    assert page.count("/id/initiative/kinder-netz?lang=en") == 1
    assert "Parents find a free place" in page and "Genitori" not in page and "Eltern finden" not in page


def test_the_filters_of_the_list_are_in_the_language(client: httpx.Client) -> None:
    page = client.get("/initiatives?lang=it").text
    assert "<summary>Paese</summary>" in page
    assert "<span>Germania</span>" in page
    assert "<strong>3</strong> iniziative" in page


def test_the_remedy_of_a_file_that_cannot_be_read_is_in_the_language_too(client: httpx.Client) -> None:
    page = client.post("/check?lang=de", files={"file": ("a.pdf", b"%PDF-1.4")}).text
    assert "<p>Senden Sie eine CSV-Tabelle, eine Excel-Mappe (.xlsx), RDF als Turtle" in page


def test_a_finding_is_told_in_the_language_where_the_shapes_say_it(client: httpx.Client) -> None:
    broken = b"name,country,service_areas,source_url\n,FR,childcare,https://example.org/a\n"
    answer = client.post("/check?lang=fr", files={"file": ("a.csv", broken)})
    assert "Refusé: 1 fiche" in answer.text
    assert 'badge violation">violation</span>' in answer.text


def test_a_page_of_an_error_is_in_the_language_and_its_detail_marked(client: httpx.Client) -> None:
    answer = client.get("/id/initiative/none?lang=es")
    assert answer.status_code == 404
    assert "<h1>No encontrado</h1>" in answer.text
    assert '<p class="lead"><span lang="en">Nothing is known of' in answer.text
    assert "Accept-Language" in answer.headers["vary"]
    assert answer.headers["content-language"] == "es"


def test_a_language_nobody_speaks_here_is_passed_over(client: httpx.Client) -> None:
    assert '<html lang="en">' in client.get("/?lang=xx").text
    assert '<html lang="it">' in client.get("/?lang=../it", headers={"Accept-Language": "it"}).text


def test_numbers_are_written_as_the_language_does() -> None:
    told = {code: (words.number(12345), words.decimals(0.5, 3)) for code, words in wordings().items()}
    assert told == {
        "de": ("12.345", "0,500"),
        "en": ("12,345", "0.500"),
        "es": ("12\u00a0345", "0,500"),
        "fr": ("12\u202f345", "0,500"),
        "it": ("12.345", "0,500"),
    }


def test_french_has_no_plural_for_nothing() -> None:
    assert str(wordings()["fr"].count(0, "{n} row", "{n} rows")) == "0 ligne"
    assert str(wordings()["de"].count(0, "{n} row", "{n} rows")) == "0 Zeilen"


def test_what_is_put_into_a_text_is_escaped() -> None:
    assert "<b>" not in wordings()["fr"]("{n} found for “{text}”", n=1, text="<b>")
