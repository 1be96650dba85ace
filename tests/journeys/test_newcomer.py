"""A person who has never seen the project: finds an initiative, asks, mends a broken table, publishes it, sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from running_server import SOURCE, Server

BROKEN = """name,country,service_areas,source_url,start_year,target_groups,lead_organisation
Journey test initiative,Portugall,childcare,https://example.org/journey,2015,families,Journey test organisation
"""
TITLE = 'SELECT ?i { ?i <http://purl.org/dc/terms/title> "Journey test initiative" }'


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    return browser.new_page()


def iesi_kg(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "iesi_kg", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def rows(server: Server, query: str) -> list[dict[str, dict[str, str]]]:
    found: list[dict[str, dict[str, str]]] = json.loads(server.query(query).body)["results"]["bindings"]
    return found


def test_finds_an_initiative_from_the_landing_page(page: Page, service: str) -> None:
    page.goto(service)
    page.get_by_role("searchbox").first.fill("loneliness")
    page.get_by_role("button", name="Search").first.click()
    page.get_by_role("link", name="Vincles BCN").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vincles BCN")
    expect(page.get_by_text("Barcelona City Council").first).to_be_visible()


def test_runs_an_example_query(page: Page, service: str) -> None:
    page.goto(f"{service}/sparql")
    page.get_by_role("link", name="Initiatives of one country").click()
    page.get_by_role("button", name="Run the query").click()
    # Portugal has fifteen records in data/iesi/*.csv.
    expect(page.get_by_role("status").filter(has_text="15 rows")).to_be_visible()


def test_reads_what_is_wrong_mends_it_and_sees_it_published(page: Page, bundled: Server, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(BROKEN, encoding="utf-8")
    page.goto(f"{bundled.url}/check")
    page.locator("input[type=file]").set_input_files(table)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("'Portugall' is neither a code nor a label")).to_be_visible()
    expect(page.get_by_text("PT (Portugal)").first).to_be_visible()

    table.write_text(BROKEN.replace("Portugall", "Portugal"), encoding="utf-8")
    accepted = iesi_kg("submit", str(table), "--by", "journey test", "--store", str(bundled.store))
    assert (accepted.returncode, accepted.stderr) == (0, "")

    deadline = time.monotonic() + 20
    while not (
        found := json.loads(bundled.query(TITLE, "application/sparql-results+json").body)["results"]["bindings"]
    ):
        assert time.monotonic() < deadline, "the running service did not show the accepted record within 20 seconds"
        time.sleep(0.2)
    assert found[0]["i"]["value"] == "https://w3id.org/iesi-kg/id/initiative/journey-test-initiative"
    page.goto(f"{bundled.url}/id/initiative/journey-test-initiative")
    expect(page.get_by_role("heading", level=1)).to_have_text("Journey test initiative")
    expect(page.get_by_text(", journey test, ")).to_be_visible()
