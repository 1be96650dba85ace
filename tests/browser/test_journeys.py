"""What people do on the pages, in a real browser: find, read, ask, check."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from iesi_kg.analysis.examples import examples

pytestmark = pytest.mark.browser

Opener = Callable[..., Page]

COUNT = """PREFIX iesi: <https://w3id.org/iesi-kg/ontology#>
SELECT (COUNT(*) AS ?n) WHERE { ?initiative a iesi:Initiative }
"""


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_reader_lands_searches_filters_and_comes_to_an_organisation(opened: Opener, scripts: bool) -> None:
    page = opened("/", scripts=scripts)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_label("Search initiatives").fill("older people")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("status")).to_have_text("2 initiatives of 3")
    page.get_by_role("navigation", name="Filters").get_by_role("link", name="Belgium 1").click()
    expect(page.get_by_role("status")).to_have_text("1 initiative of 3")
    assert "country=BE" in page.url
    assert "q=older+people" in page.url
    page.get_by_role("link", name="Café Numérique").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Café Numérique")
    expect(page.get_by_text("2012–2019")).to_be_visible()
    expect(page.get_by_role("link", name="Five years of the café").last).to_have_attribute(
        "href", "https://cafe.example.org/report.html"
    )
    expect(page.get_by_text("Classified by Tester on 2026-11-21")).to_be_visible()
    page.get_by_role("row", name="Lab Ouvert technology provider").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lab Ouvert")
    expect(page.get_by_role("heading", level=2, name="Takes part in 2 initiatives")).to_be_visible()


def test_a_filter_is_removed_by_its_chip_and_the_address_keeps_the_rest(opened: Opener) -> None:
    page = opened("/initiatives?country=FR&target-group=older-people&q=older")
    expect(page.get_by_role("status")).to_have_text("2 initiatives of 3")
    page.get_by_role("link", name="Remove the filter France").click()
    assert "country" not in page.url
    assert "target-group=older-people" in page.url
    assert "q=older" in page.url


def test_the_list_is_taken_away_as_csv_and_as_sparql(opened: Opener) -> None:
    page = opened("/initiatives?q=cafe")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    lines = Path(download.value.path()).read_text("utf-8").splitlines()
    assert lines == [
        "initiative,name,start,end,website",
        "https://w3id.org/iesi-kg/id/initiative/cafe-numerique,Café Numérique,2012,2019,https://cafe.example.org/",
    ]
    page.get_by_role("main").get_by_role("link", name="SPARQL", exact=True).click()
    expect(page.get_by_role("cell", name="Café Numérique")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("1 row in")


def test_a_name_that_looks_like_a_script_is_text(opened: Opener) -> None:
    page = opened("/id/initiative/script-alert")
    expect(page.get_by_role("heading", level=1)).to_have_text("<script>alert(1)</script>")


def test_a_query_runs_without_scripts(opened: Opener) -> None:
    page = opened("/sparql", scripts=False)
    page.get_by_label("Query", exact=True).fill(COUNT)
    page.get_by_role("button", name="Run the query").click()
    expect(page.get_by_role("cell", name="3", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="CSV")).to_be_visible()


def test_the_editor_completes_a_term_declares_its_prefix_and_runs_on_ctrl_enter(opened: Opener) -> None:
    page = opened("/sparql")
    editor = page.get_by_role("textbox", name="SPARQL query")
    expect(editor).to_be_visible()
    editor.press("ControlOrMeta+a")
    editor.press("Delete")
    page.keyboard.type("SELECT ?place { ?x iesi:coun")
    option = page.get_by_role("option", name="iesi:country")
    expect(option).to_be_visible()
    page.wait_for_timeout(150)  # the list takes keys only a moment after it opened (interactionDelay)
    page.keyboard.press("Enter")
    expect(editor).to_contain_text("PREFIX iesi: <https://w3id.org/iesi-kg/ontology#>")
    page.keyboard.type(" ?place ; a <https://w3id.org/iesi-kg/ontology#Initiative>")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("4 rows in")
    page.get_by_role("link", name="codes/country/BE").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Belgium")


def test_typing_over_a_selection_leaves_no_style_behind(opened: Opener) -> None:
    """The browser would put the style of what it deletes on the line, which the policy blocks with a complaint."""
    page = opened("/sparql")
    editor = page.get_by_role("textbox", name="SPARQL query")
    expect(editor).to_be_visible()
    editor.press("ControlOrMeta+a")
    page.keyboard.type("ASK { ?s ?p 1 }")
    expect(editor).to_have_text("ASK { ?s ?p 1 }")
    editor.press("ControlOrMeta+a")
    page.keyboard.type("(")  # brackets close around what is selected, as without us
    expect(editor).to_have_text("(ASK { ?s ?p 1 })")
    assert page.locator(".cm-content [style]").count() == 0


def test_the_tab_key_leaves_the_editor(opened: Opener) -> None:
    page = opened("/sparql")
    page.get_by_role("textbox", name="SPARQL query").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Run the query")).to_be_focused()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_the_place_of_a_syntax_error_is_marked(opened: Opener, watch: Any, scripts: bool) -> None:  # noqa: ANN401
    watch.expected.add(400)
    page = opened("/sparql?query=" + quote("SELECT *\nWHERE {\n  ?s nope:p ?o }\n"), scripts=scripts)
    expect(page.get_by_role("alert")).to_contain_text("line 3")
    marked = page.locator(".cm-lintRange-error, .cm-lintPoint-error" if scripts else ".query-text mark")
    expect(marked.first).to_be_visible()


def test_an_example_is_opened_and_run(opened: Opener) -> None:
    page = opened("/sparql")
    example = examples()[0]
    page.get_by_role("link", name=example.title, exact=True).click()
    expect(page.get_by_text(example.question).first).to_be_visible()
    page.get_by_role("button", name="Run the query").click()
    expect(page.get_by_role("heading", name="Result")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_steward_reads_at_which_cell_a_file_is_wrong(opened: Opener, tmp_path: Path, scripts: bool) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text(
        "name,country,service_areas,source_url\nHelp at Home,FRX,childcare,https://example.org/a\n", "utf-8"
    )
    page = opened("/check", scripts=scripts)
    page.get_by_label("File, or several files").set_input_files(broken)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("status")).to_contain_text("Not accepted")
    finding = page.locator(".findings > li").filter(has_text="FRX").first
    expect(finding).to_contain_text("row 2, country")
    expect(finding).to_contain_text("FR (France)")
    expect(finding.locator(".meant")).to_have_text("country FRX", use_inner_text=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the findings as JSON", exact=True).click()
    report = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert report["conforms"] is False
    assert [(f["row"], f["column"]) for f in report["findings"] if f["value"] == "FRX"] == [(2, "country")]


def test_a_file_of_no_known_kind_is_refused_in_words(opened: Opener, watch: Any, tmp_path: Path) -> None:  # noqa: ANN401
    watch.expected.add(400)
    picture = tmp_path / "table.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    page = opened("/check")
    page.get_by_label("File, or several files").set_input_files(picture)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("alert")).to_contain_text("PNG image")


def test_an_address_that_is_not_known_offers_a_search(opened: Opener, watch: Any) -> None:  # noqa: ANN401
    watch.expected.add(404)
    page = opened("/id/initiative/never-seen")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
    page.get_by_label("Search initiatives").fill("kinder")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Kinder-Netz")).to_be_visible()


def test_the_keyboard_alone_reaches_content_and_skips_the_menu(opened: Opener) -> None:
    page = opened("/initiatives")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search by name, description or organisation")).to_be_focused()
    page.keyboard.type("kinder")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("1 initiative of 3")


def test_earlier_queries_stay_in_this_browser_until_they_are_forgotten(opened: Opener) -> None:
    page = opened("/sparql?query=" + quote("ASK {}"))
    expect(page.get_by_role("heading", name="Your earlier queries")).to_be_visible()
    page.goto("/sparql?query=" + quote(COUNT))
    links = page.locator("#history ol a")
    expect(links).to_have_count(2)
    expect(links.first).to_contain_text("SELECT (COUNT(*) AS ?n)")
    expect(page.locator("#history li").first).to_contain_text("1 rows")
    page.goto("/sparql?lang=fr")
    page.get_by_role("link", name="ASK {}").click()
    expect(page.get_by_text("Oui")).to_be_visible()
    page.get_by_role("button", name="Les oublier").click()
    expect(page.locator("#history")).to_be_hidden()
    assert page.evaluate("JSON.parse(localStorage.getItem('iesi-kg-queries'))") == []


ASKED = """(query) => {
  const field = document.getElementById("query");
  field.value = query;
  field.form.requestSubmit();
}"""
STOPPED = """async (query) => {
  const field = document.getElementById("query"), cancel = document.getElementById("cancel");
  field.value = query;
  field.form.requestSubmit();
  for (let turn = 0; turn < 100 && cancel.hidden; turn += 1) await new Promise((done) => setTimeout(done, 50));
  const waited = document.getElementById("running").textContent;
  cancel.click();
  return [waited, document.getElementById("running").textContent, cancel.hidden];
}"""


def test_a_query_that_takes_long_is_stopped_by_a_button(opened: Opener) -> None:
    page = opened("/sparql")
    page.locator(".cm-content").wait_for()
    endless = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    with page.expect_response(lambda reply: reply.request.method == "DELETE") as told:
        waited, stopped, hidden = page.evaluate(STOPPED, endless)
    assert waited.startswith("Running for ")
    assert (stopped, hidden) == ("Stopped", True)
    assert told.value.status == 204  # the service was told, by the secret of this query
    assert "query" not in page.url
    expect(page.get_by_role("heading", name="Ask in SPARQL")).to_be_visible()


def test_a_posted_query_stands_at_its_address(opened: Opener) -> None:
    page = opened("/sparql?lang=fr")
    page.locator(".cm-content").wait_for()
    with page.expect_request(lambda sent: sent.method == "POST") as sent:
        page.evaluate(ASKED, "ASK {}")
    form = parse_qs(sent.value.post_data or "")
    assert sorted(form) == ["query", "query-id", "query-secret"]
    assert sent.value.url.endswith("/sparql?lang=fr")
    expect(page.get_by_text("Oui")).to_be_visible()
    assert parse_qs(urlsplit(page.url).query) == {"query": ["ASK {}"], "lang": ["fr"]}
    page.reload()
    expect(page.get_by_text("Oui")).to_be_visible()
    page.get_by_role("link", name="Deutsch").click()
    expect(page.get_by_text("Ja", exact=True)).to_be_visible()


def test_the_lines_of_javascript_run_and_lines_of_a_changed_query_are_said_to_be_old(opened: Opener) -> None:
    page = opened("/sparql?query=" + quote("SELECT (42 AS ?n) {}"))
    page.get_by_text("JavaScript", exact=True).click()
    text = page.locator("code[data-language=js]").text_content()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type} {message.text}"))
    page.evaluate(f"(async () => {{ {text} }})()")
    assert any(line.startswith("table") for line in said)
    expect(page.locator("#stale")).to_be_hidden()
    page.get_by_role("textbox", name="SPARQL query").press("End")
    page.keyboard.type(" ")
    page.keyboard.type("LIMIT 1")
    expect(page.locator("#stale")).to_be_visible()


def test_the_language_is_chosen_once_and_kept_through_a_walk(opened: Opener) -> None:
    page = opened("/")
    page.get_by_role("navigation", name="Language").get_by_role("link", name="DE").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_label("Initiativen suchen").fill("kinder")
    page.get_by_role("button", name="Suchen").click()
    page.get_by_role("link", name="Kinder-Netz").click()
    expect(page.get_by_text("Politikfeld")).to_be_visible()
    page.get_by_role("navigation", name="Hauptmenü").get_by_role("link", name="Datei prüfen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Datei prüfen")
    expect(page.locator("html")).to_have_attribute("lang", "de")
