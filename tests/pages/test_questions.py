"""The pages of the competency questions, on a graph that is not the bundled one and on the bundled one's answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from iesi_kg.analysis.answers import difference, expected
from iesi_kg.analysis.examples import competency
from running_server import serving


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    with serving(folder, query_processes=1) as server, httpx.Client(base_url=server.url, headers=headers) as made:
        yield made


def test_the_list_names_each_question_under_who_asks_it(client: httpx.Client) -> None:
    page = client.get("/questions").text
    places = [page.index(heading) for heading in ("Researchers ask", "Policy makers ask", "Data stewards ask")]
    assert places == sorted(places)
    for question in competency():
        assert f'href="/questions/{question.slug}"' in page
        assert page.count(">none in the bundled data<") == sum(not expected(found.slug) for found in competency())
        assert page.count(">in part<") == sum(bool(found.missing) for found in competency())


@pytest.mark.parametrize("question", competency(), ids=lambda question: question.slug)
def test_every_question_has_an_answer_a_query_and_what_is_missing(client: httpx.Client, question: object) -> None:
    page = client.get(f"/questions/{question.slug}")  # type: ignore[attr-defined]
    assert page.status_code == 200
    assert '<h2 id="answer">Answer</h2>' in page.text
    assert "SELECT" in page.text
    assert ("What is missing:" in page.text) == bool(question.missing)  # type: ignore[attr-defined]


def test_a_question_is_found_by_its_number_and_keeps_the_language(client: httpx.Client) -> None:
    answer = client.get("/questions/8?lang=de")
    assert (answer.status_code, answer.headers["location"]) == (301, "/questions/008-driver-or-enabler?lang=de")


@pytest.mark.parametrize("path", ["/questions/43", "/questions/nothing", "/questions/0"])
def test_a_question_that_is_not_there_is_said_to_be_not_there(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert "/questions lists them" in answer.json()["hint"]


def test_an_answer_that_moved_says_how_far(client: httpx.Client) -> None:
    """The test graph has other initiatives than the bundle: nothing is called verified that is not."""
    page = client.get("/questions/008-driver-or-enabler").text
    assert "badge verified" not in page
    assert f"has {len(expected('008-driver-or-enabler'))} rows" in page
    assert "<summary>The rows that came and went</summary>" in page
    first = " · ".join(expected("008-driver-or-enabler")[0])
    assert f'<del><span class="sign" aria-hidden="true">−</span> {first}</del>' in page


def test_lines_are_compared_in_any_order_and_each_as_often_as_it_is_there() -> None:
    wanted = expected("008-driver-or-enabler")
    assert difference(wanted[::-1], wanted).same
    moved = difference([*wanted[1:], wanted[1], ("none", "7")], wanted)
    assert (moved.came, moved.went) == (tuple(sorted([wanted[1], ("none", "7")])), (wanted[0],))


def test_a_cross_table_shades_its_cells_and_a_count_has_bars(client: httpx.Client) -> None:
    assert '<table class="grid small">' in client.get("/questions/002-potential-by-integration").text
    assert '<table class="bars small">' in client.get("/questions/008-driver-or-enabler").text


def test_the_files_of_an_answer_are_whole(client: httpx.Client) -> None:
    page = client.get("/questions/018-coverage-gaps").text
    address = next(
        part.split('"')[0] for part in page.split('href="') if part.startswith("/sparql") and "format=csv" in part
    )
    body = client.get(address.replace("&amp;", "&"), headers={"Accept": "*/*"}).text
    assert body.startswith("list,code,label\r\n")
    assert body.count("\r\n") > 5
