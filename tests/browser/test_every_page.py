"""Every page, light and dark, wide and narrow: accessible by axe-core (WCAG 2.2 AA), never wider than the screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

QUERY = "SELECT * WHERE { ?subject ?predicate ?object } LIMIT 20"
PAGES = {
    "landing": "/",
    "list": "/initiatives",
    "list filtered": "/initiatives?q=older&country=FR",
    "list empty": "/initiatives?q=zzzz",
    "initiative": "/id/initiative/cafe-numerique",
    "initiative, few facts": "/id/initiative/kinder-netz",
    "organisation": "/id/organisation/lab-ouvert-be",
    "submission": "/id/submission/2026-11-22-abcdefabcdef",
    "document": "/id/document/example-org-0123456789ab",
    "code lists": "/codes",
    "code list": "/codes/policy-area",
    "code": "/codes/country/FR",
    "ontology": "/ontology",
    "ontology, nothing found": "/ontology?q=zzzz&lang=fr",
    "class": "/ontology/Initiative?lang=es",
    "property": "/ontology/ictPotential?lang=fr",
    "property of others": "/ontology/m8g:role",
    "code list, German": "/codes/target-group?lang=de",
    "map": "/map?lang=it",
    "map, filtered": "/map?country=FR",
    "map, a filter value that is not there": "/map?country=XX&lang=de",
    "coverage": "/coverage?lang=es",
    "network": "/network?lang=de",
    "data sheet": "/data-sheet",
    "codebook": "/codebook?lang=it",
    "questions": "/questions?lang=fr",
    "question with bars": "/questions/008-driver-or-enabler",
    "question with a cross-table": "/questions/025-technology-by-integration?lang=de",
    "query": "/sparql",
    "result": "/sparql?query=" + quote(QUERY),
    "result yes": "/sparql?query=" + quote("ASK {}"),
    "result graph": "/sparql?query=" + quote("DESCRIBE <https://w3id.org/iesi-kg/codes/country/FR>"),
    "query error": "/sparql?query=" + quote("SELECT * { ?s ?p }"),
    "query explained": "/sparql?explain=on&query="
    + quote("SELECT * { ?s a ?t FILTER(?t = <https://w3id.org/iesi-kg/ontology#Initiative>) OPTIONAL { ?s ?p ?o } }"),
    "check": "/check",
    "form": "/form",
    "something is wrong": "/report?about=/id/initiative/cafe-numerique",
    "sign in": "/submissions/sign-in",
    "releases": "/releases",
    "release": "/releases/2026.2",
    "initiative of a release": "/v/2026.1/id/initiative/cafe-numerique",
    "result of a release": "/v/2026.1/sparql?query=" + quote(QUERY),
    "citation": "/cite?query=" + quote("ASK {}"),
    "citation that differs": f"/cite?release=2026.1&sha256={'0' * 64}&query=" + quote("ASK {}"),
    "not found": "/nothing-here",
    "status": "/status",
    "commands": "/build?lang=it",
}
# The main pages in the languages that the pages above do not show.
TONGUES = [
    *(f"{path}?lang={code}" for path in ("/", "/ontology/Outcome", "/sparql") for code in ("de", "es", "fr", "it")),
    "/initiatives?lang=de",
    "/codes/policy-area?lang=es",
    "/check?lang=fr",
    "/form?lang=de",
    "/report?lang=it",
]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ONCE = {"ontology, nothing found"}  # as large as "ontology", and alike
STATUS = {"query error": 400, "not found": 404}
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}  # all that another scheme can break


def violations(page: Page, rules: object = LEVELS) -> list[tuple[str, list[str]]]:
    """What axe-core objects to, each with the first three places."""
    found = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]})
    return [(item["id"], [node["html"][:160] for node in item["nodes"]][:3]) for item in found.response["violations"]]


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_360_pixels_suffice(opened: Callable[..., Page], watch: Any, name: str) -> None:  # noqa: ANN401
    watch.expected.add(STATUS.get(name, 0))
    page = opened(PAGES[name])
    for scheme in SCHEMES[:1] if name in ONCE else SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour on its way to another
        if "/sparql" in PAGES[name]:
            page.reload()  # the editor looks at the scheme when it begins
            page.locator(".cm-content").wait_for()
        page.evaluate("document.querySelectorAll('details').forEach(element => { element.open = true })")
        assert violations(page, COLOURS if scheme == "dark" else LEVELS) == [], scheme
    page.set_viewport_size({"width": 360, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("path", TONGUES)
def test_axe_finds_nothing_in_any_language_at_360_pixels(opened: Callable[..., Page], path: str) -> None:
    page = opened(path, width=360)
    if "/sparql" in path:
        page.locator(".cm-content").wait_for()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("width", [360, 1200])
def test_axe_finds_nothing_in_findings(opened: Callable[..., Page], tmp_path: Path, width: int) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("name,country,service_areas,source_url,colour\n,FRX,childcare,not an address,red\n", "utf-8")
    page = opened("/check", width=width)
    page.get_by_label("File, or several files").set_input_files(broken)
    page.get_by_role("button", name="Check the file").click()
    page.get_by_text("FR (France)").wait_for()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
