"""From a broken file to a published record in a real browser: sender, reviewer, and one who finds something wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from iesi_kg.operations.tokens import Grant, Tokens
from iesi_kg.publication import linkage
from iesi_kg.store.embedded import EmbeddedStore
from linked_records import OURS, PEER, PREFIXES, THEIRS, link, links
from running_server import fill, serving

pytestmark = pytest.mark.browser

HEADER = (
    "identifier,name,country,start_year,service_areas,target_groups,description,lead_organisation,"
    "source_url,source_check"
)
LEVELS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
Visitor = Callable[..., Page]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A service of its own, and the tokens of a sender and a reviewer."""
    store = tmp_path_factory.mktemp("desk") / "store"
    names = ("country", "decision-reason", "link-decision")
    lists = [root / "ontology" / "codelists" / f"{name}.ttl" for name in names]
    texts = [path.read_text("utf-8") for path in (root / "ontology" / "iesi.ttl", *lists)]
    fill(store, "\n".join([*texts, PREFIXES, OURS]), {PEER.value: PREFIXES + THEIRS})
    opened = EmbeddedStore.open(store)
    first = link("initiative:smart", "jrc-ips:1", 0.6, comment="one word apart")
    linkage.enqueue(opened, links(first, link("initiative:vincles", "jrc-ips:2", 0.9)), "links")
    opened.close()
    made, now = Tokens(store), datetime.now(UTC)
    scopes = {"anna": "submit", "rita": "review"}
    tokens = {name: made.create(Grant(name, frozenset({scope})), now)[1] for name, scope in scopes.items()}
    with serving(store, query_processes=1) as server:
        yield server.url, tokens


@pytest.fixture
def visitor(browser: Browser, desk: tuple[str, dict[str, str]]) -> Iterator[Visitor]:
    """Opens a page as somebody: ``visitor("/check", token="anna", width=360, scripts=False)``."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    url, tokens = desk

    def visit(path: str, *, token: str = "", width: int = 1200, scripts: bool = True) -> Page:
        context = browser.new_context(
            base_url=url, viewport={"width": width, "height": 900}, java_script_enabled=scripts
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if token:
            page.goto(f"/submissions/sign-in?to={path}")
            page.get_by_label("Token").fill(tokens[token])
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(f"**{path}")
        else:
            page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


def table(folder: Path, name: str, country: str = "ES") -> Path:
    row = f"{name},{name},{country},2013,social-inclusion,older-people,It helps.,Ajuntament,https://e.org/,not-re-read"
    path = folder / f"{name}.csv"
    path.write_text(f"{HEADER}\n{row}\n", "utf-8")
    return path


def fine(page: Page) -> None:
    """No objection of axe-core, and no wider than the screen."""
    found: Any = Axe().run(page, options=LEVELS).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"][:200]) for item in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("window.innerWidth")


@pytest.mark.parametrize(("scripts", "width"), [(True, 360), (False, 1200)], ids=["scripts", "no-scripts"])
def test_a_file_is_checked_handed_in_accepted_and_withdrawn(
    visitor: Visitor, tmp_path: Path, scripts: bool, width: int
) -> None:
    name = f"walk-{width}"
    page = visitor("/check", token="anna", scripts=scripts, width=width)
    page.get_by_label("File, or several files").set_input_files(table(tmp_path, name, "Spian"))
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator(".meant")).to_contain_text("Spian")
    if scripts:
        fine(page)
        page.get_by_label("Severity").select_option("violation")
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_text("Refusé")).to_be_visible()
    expect(page.locator(".meant")).to_contain_text("Spian")
    page.get_by_label("D’autres fichiers").set_input_files(table(tmp_path, name))
    page.get_by_role("button", name="Vérifier le fichier").click()
    expect(page.get_by_role("heading", name="Ce qui changerait")).to_be_visible()
    expect(page.get_by_text("année de début: 2013")).to_be_visible()
    page.get_by_role("button", name="Quelles réponses changeraient").click()
    expect(page.get_by_role("heading", name="Réponses qui changeraient")).to_be_visible()
    page.get_by_label("Votre nom ou fonction").fill("Anna")
    page.get_by_role("button", name="Remettre").click()
    expect(page.get_by_role("heading", name="Récépissé")).to_be_visible()
    receipt = page.url.partition("?")[0]
    review = visitor("/submissions", token="rita", scripts=scripts, width=width)
    fine(review) if scripts else None
    review.get_by_role("link", name=f"{name}.csv").click()
    expect(review.get_by_text("It could be published.")).to_be_visible()
    fine(review) if scripts else None
    review.get_by_role("button", name="Refuse").click()
    expect(review.get_by_role("alert")).to_contain_text("To be refused needs a reason")
    review.get_by_label("Note to the sender").fill("Well done")
    review.get_by_role("button", name="Accept and publish").click()
    expect(review.locator(".badge.state").first).to_have_text("accepted")
    page.goto(receipt)
    expect(page.get_by_role("status")).to_have_text("accepted")
    expect(page.get_by_text("Well done")).to_be_visible()
    fine(page) if scripts else None
    page.goto(f"/id/initiative/{name}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    review.get_by_label("Reason").select_option(label="found to be wrong")
    review.get_by_role("button", name="Withdraw").click()
    expect(review.locator(".badge.state").first).to_have_text("withdrawn")
    page.reload()
    expect(page.get_by_text("found to be wrong", exact=True)).to_be_visible()


@pytest.mark.parametrize(("scripts", "width"), [(True, 360), (False, 1200)], ids=["scripts", "no-scripts"])
def test_a_link_is_decided_side_by_side_and_taken_back(visitor: Visitor, scripts: bool, width: int) -> None:
    page = visitor("/review", token="rita", scripts=scripts, width=width)
    fine(page) if scripts else None
    page.get_by_role("link", name="Smart Care = SmartCare pilot").click()
    expect(page.get_by_text("one word apart")).to_be_visible()
    expect(page.locator("mark").first).to_be_visible()
    fine(page) if scripts else None
    page.get_by_role("link", name="Decide", exact=True).click()
    page.get_by_label("Reason").fill("the same house")
    for key in ("Tab", "Tab", "Tab", "Enter"):  # every fact, the same, not the same
        page.keyboard.press(key)
    expect(page.get_by_role("status")).to_contain_text("the same house")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vincles = Vincles BCN?")
    fine(page) if scripts else None
    page.get_by_role("button", name="Cannot be told").click()
    expect(page.get_by_text("Nothing lies here.")).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vincles = Vincles BCN?")
    page.goto("/review?standing=rejected")
    page.get_by_role("link", name="Smart Care = SmartCare pilot").click()
    page.get_by_role("button", name="Take the last decision back").click()
    expect(page.get_by_text("awaits a decision")).to_be_visible()
    expect(page.get_by_text("decision taken back").first).to_be_visible()
    fine(page) if scripts else None


DROP = """(names) => {
  const carried = new DataTransfer();
  for (const [name, text] of names) carried.items.add(new File([text], name));
  document.getElementById("upload").dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true }));
}"""


def test_files_are_dropped_beside_those_that_were_chosen(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor("/check")
    first, second = table(tmp_path, "drop-one"), table(tmp_path, "drop-two", "Spian")
    page.get_by_label("File, or several files").set_input_files(first)
    page.evaluate(DROP, [[second.name, second.read_text("utf-8")], [first.name, first.read_text("utf-8")]])
    expect(page.locator(".chosen li")).to_have_text(["drop-one.csv", "drop-two.csv"])
    fine(page)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", name="drop-one.csv, drop-two.csv")).to_be_visible()
    expect(page.locator(".place").first).to_have_text("drop-two.csv, row 2, country")
    expect(page.locator(".meant").first).to_contain_text("Spian")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_one_record_is_filled_in_field_by_field(visitor: Visitor, scripts: bool) -> None:
    page = visitor("/form", token="anna", scripts=scripts, width=360)
    page.get_by_label("Name required").fill("By form")
    page.get_by_label("Country required").fill("Spian")
    page.locator("[data-block=country]").get_by_role("button", name="One more").click()
    page.get_by_label("Country 2").fill("Germany")
    page.locator("main").get_by_role("button", name="Check", exact=True).last.click()
    country = page.get_by_label("Country required")
    expect(country).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[id='country.0-fault']")).to_contain_text("ES (Spain)")
    expect(page.get_by_label("Country 2")).to_have_value("Germany")
    if scripts:
        fine(page)
    page.get_by_role("button", name="funding", exact=True).click()
    expect(page.get_by_role("group", name="Source of funding")).to_be_visible()
    expect(page.get_by_label("Name required")).to_have_value("By form")
    country.fill("Spain")
    page.get_by_label("Policy areas required").fill("social inclusion")
    page.get_by_label("Source addresses required").fill("https://example.org/")
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()


def test_a_draft_stays_in_the_browser_until_it_is_handed_in_or_discarded(visitor: Visitor) -> None:
    page = visitor("/form")
    page.get_by_label("Name required").fill("Half done")
    page.get_by_label("Country required").fill("France")
    page.locator("[data-block=country]").get_by_role("button", name="One more").click()
    page.get_by_label("Country 2").fill("Italy")
    expect(page.get_by_text("A draft is kept in this browser.")).to_be_visible()
    page.goto("/form")
    expect(page.get_by_label("Name required")).to_have_value("Half done")
    expect(page.get_by_label("Country 2")).to_have_value("Italy")
    page.get_by_role("button", name="Discard the draft").click()
    page.goto("/form")
    expect(page.get_by_label("Name required")).to_have_value("")


def test_anybody_says_what_is_wrong_and_gets_an_answer(visitor: Visitor) -> None:
    page = visitor("/report?about=/id/initiative/walk-360", width=360)
    page.get_by_label("What is wrong, and how do you know?").fill("It ended in 2015. <b>See</b> its page.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your request about id/initiative/walk-360")).to_be_visible()
    receipt = page.url
    fine(page)
    review = visitor("/submissions", token="rita")
    review.get_by_role("link", name="id/initiative/walk-360").click()
    expect(review.get_by_text("It ended in 2015. <b>See</b> its page.")).to_be_visible()
    fine(review)
    review.get_by_label("Reason").select_option(label="the record was corrected")
    review.get_by_role("button", name="Followed").click()
    expect(review.locator(".badge.state").first).to_have_text("accepted")
    page.goto(f"{receipt}?lang=de")
    expect(page.get_by_text("der Eintrag wurde berichtigt")).to_be_visible()


def test_a_dropped_file_is_checked(visitor: Visitor) -> None:
    page = visitor("/check")
    data = page.evaluate_handle(
        """() => { const held = new DataTransfer();
        held.items.add(new File(["name,country\\nx,Spian\\n"], "dropped.csv")); return held; }"""
    )
    page.dispatch_event("#upload", "drop", {"dataTransfer": data})
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", name="dropped.csv")).to_be_visible()
    page.get_by_label("Severity").select_option("warning")
    expect(page.locator(".findings > li[data-severity=violation]").first).to_be_hidden()
