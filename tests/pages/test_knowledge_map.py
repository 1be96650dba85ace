"""The knowledge map of the test graph: counted by hand, drawn, linked to its initiatives, and as files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from html import unescape
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from click.testing import CliRunner, Result

from iesi_kg.analysis.country_map import Place, places
from iesi_kg.analysis.country_map import svg as svg_of
from iesi_kg.analysis.knowledge_map import matrix, tally, timeline
from iesi_kg.analysis.listing import NONE, Choice, Index, Value, as_query, build
from iesi_kg.cli.map import command
from iesi_kg.errors import StoreError, UsageError
from iesi_kg.store.base import Reader
from running_server import serving


@pytest.fixture(scope="module")
def index(reader: Reader) -> Index:
    return build(reader)


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    with serving(folder, query_processes=1) as server, httpx.Client(base_url=server.url, headers=headers) as made:
        yield made


def test_every_initiative_stands_in_one_cell_and_the_uncoded_in_their_own(index: Index) -> None:
    found = matrix(index, Choice())
    filled = {place: cell.count for place, cell in found.cells.items() if cell.count}
    assert filled == {("2", NONE): 1, (NONE, NONE): 2}
    assert found.cells["2", NONE].share == pytest.approx(1 / 3)
    assert [value.code for value in found.down] == ["1", "2", "3", "4", NONE]
    assert [value.code for value in found.across] == ["1", "2", "3", "4", "5", NONE]
    assert (found.total, found.most, found.row("2"), found.column(NONE), found.column("1")) == (3, 2, 1, 3, 0)


def test_a_filter_narrows_the_map_and_a_map_of_nothing_has_no_shares(index: Index) -> None:
    assert matrix(index, Choice(codes={"country": ("DE",)})).cells[NONE, NONE].count == 1
    empty = matrix(index, Choice(codes={"country": ("XX",)}))
    assert empty.total == 0
    assert {cell.share for cell in empty.cells.values()} == {0.0}


def test_years_without_a_start_count_nothing_and_those_between_count_zero(index: Index) -> None:
    assert timeline(index, Choice()) == [(2012, 1), (2013, 0), (2014, 0), (2015, 1)]
    assert timeline(index, Choice(codes={"country": ("XX",)})) == []


def test_a_tally_names_every_code_of_the_scheme(index: Index) -> None:
    counted = tally(index, Choice(), "ict-role", "de")
    assert [(value.code, number) for value, number in counted] == [
        ("driver", 0),
        ("enabler", 0),
        ("support", 0),
        (NONE, 3),
    ]
    assert counted[0][0].label != "driver"


@pytest.mark.parametrize(
    ("codes", "names"),
    [
        ({"ict-potential": (NONE,)}, {"kinder-netz", "script-alert"}),
        ({"ict-potential": ("2", NONE)}, {"cafe-numerique", "kinder-netz", "script-alert"}),
        ({"ict-potential": ("2",), "integration-level": (NONE,)}, {"cafe-numerique"}),
        ({"welfare-cluster": (NONE,)}, {"cafe-numerique", "kinder-netz", "script-alert"}),
        ({"technology": (NONE, "video-communication"), "country": ("BE", "DE")}, {"cafe-numerique", "kinder-netz"}),
        ({"ict-potential": ("4",)}, set()),
    ],
)
def test_what_is_not_coded_is_a_choice_in_the_list_and_in_its_query(
    index: Index, reader: Reader, codes: dict[str, tuple[str, ...]], names: set[str]
) -> None:
    choice = Choice(codes=codes)
    assert {entry.iri.rpartition("/")[2] for entry in index.select(choice)} == names
    found = {str(row["initiative"]).rpartition("/")[2].rstrip(">") for row in reader.select(as_query(index, choice))}
    assert found == names


def test_each_number_of_the_map_leads_to_that_many_initiatives(client: httpx.Client) -> None:
    page = client.get("/map?lang=en").text
    links = re.findall(
        r'<a href="(/initiatives\?[^"]*)"[^>]*>(?:<[^a][^>]*>)*(?:<circle[^>]*>)?(?:<text[^>]*>)?(\d+)<', page
    )
    assert len(links) >= 6
    for address, number in links:
        listed = client.get(unescape(address)).text
        said = re.search(r'id="found" role="status"><strong>(\d+)</strong>', listed)
        assert said is not None
        assert said[1] == number, address


def test_filters_stay_in_the_address_and_can_be_taken_away(client: httpx.Client) -> None:
    page = client.get("/map?country=FR&technology=").text
    assert '<option value="FR" selected>' in page
    assert re.search(r"<strong>2</strong> initiatives of 3", page)
    assert 'aria-label="Remove the filter France"' in page
    assert 'href="/map.csv?country=FR"' in page
    assert "Counted without the filter by country" in page


def test_the_years_say_how_many_are_not_among_them(client: httpx.Client) -> None:
    page = client.get("/map").text
    assert "1 initiative whose year is not known" in page
    assert "Counted without" not in page


def test_a_filter_that_finds_nothing_says_so_and_can_be_cleared(client: httpx.Client) -> None:
    for address in ("/map?country=GR", "/map?ict-potential=4"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "No initiative meets these filters." in answer.text
        assert "Remove the filter" in answer.text


@pytest.mark.parametrize("path", ["/map", "/coverage", "/network", "/initiatives"])
def test_a_filter_value_that_does_not_exist_is_named_and_the_list_of_codes_is_linked(
    client: httpx.Client, path: str
) -> None:
    page = client.get(f"{path}?country=nowhere&lang=en").text
    assert 'There is no “nowhere” under Country. <a href="/codes/country?lang=en">' in page
    assert "Remove the filter Nowhere" in page
    assert "There is no" not in client.get(f"{path}?country=GR").text  # a code of the list, of which there is none


@pytest.mark.parametrize("path", ["/map", "/coverage", "/network"])
def test_the_button_that_sets_filters_says_that_it_does(client: httpx.Client, path: str) -> None:
    page = client.get(f"{path}?country=FR&lang=en").text
    address = re.escape(f"{path}?policy-area=aha&amp;lang=en")
    assert re.search(f'href="{address}">Preset filter: ageing and long-term care</a>', page)


def test_a_file_of_a_filter_value_that_does_not_exist_is_refused(client: httpx.Client) -> None:
    answer = client.get("/map.csv?country=fx", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (400, "there is no country 'fx'")
    assert "BE, DE, FR" in answer.json()["hint"]


def test_the_drawing_is_svg_with_a_title_and_carries_its_style(client: httpx.Client) -> None:
    answer = client.get("/map.svg?country=FR&lang=fr")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    drawing = ElementTree.fromstring(answer.text)
    space = {"s": "http://www.w3.org/2000/svg"}
    assert drawing.get("role") == "img"
    assert drawing.findtext("s:title", namespaces=space) == drawing.get("aria-label")
    assert len(drawing.findall(".//s:circle", space)) == 2
    assert drawing.findall(".//s:a", space) == []


def test_the_table_has_every_cell(client: httpx.Client) -> None:
    rows = list(csv.DictReader(StringIO(client.get("/map.csv").text, newline="")))
    assert len(rows) == 5 * 6
    assert sum(int(row["initiatives"]) for row in rows) == 3
    (one,) = (row for row in rows if (row["potential"], row["integration_level"]) == ("2", "none"))
    assert (one["initiatives"], one["share"]) == ("1", "0.333")


def run(folder: Path, *arguments: str) -> Result:
    """The command in this process; an error comes as it is, the one place that words it is tested elsewhere."""
    return CliRunner().invoke(command, ["--store", str(folder), *arguments])


def test_the_command_line_gives_the_same_map(folder: Path) -> None:
    table = run(folder).stdout.splitlines()
    assert table[0].split() == ["Potential", "1", "2", "3", "4", "5", "not", "coded", "together"]
    assert table[2].split()[-7:] == ["0", "0", "0", "0", "0", "1", "1"]
    assert table[-1].split() == ["together", "0", "0", "0", "0", "0", "3", "3"]
    assert ElementTree.fromstring(run(folder, "--format", "svg", "--filter", "country=BE").stdout).tag.endswith("svg")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--filter", "continent=x"], "there is no filter 'continent'"),
        (["--filter", "country=XX"], "there is no country 'XX'"),
        (["--lang", "xx"], "there is no language 'xx'"),
    ],
)
def test_a_filter_or_language_that_is_not_there_is_named_with_those_that_are(
    folder: Path, arguments: list[str], said: str
) -> None:
    error = run(folder, *arguments).exception
    assert isinstance(error, UsageError)
    assert said in error.detail
    assert error.hint is not None and re.match("one of|in use: ", error.hint)


def test_a_store_that_is_not_there_is_said(tmp_path: Path) -> None:
    error = run(tmp_path / "none").exception
    assert isinstance(error, StoreError)
    assert "there is no store" in error.detail


def test_countries_are_shaded_by_their_rate_and_those_without_inhabitants_come_last() -> None:
    counted = [(Value("", code, code), number) for code, number in (("DE", 8), ("MT", 1), ("XX", 3), ("FR", 7))]
    found = places(counted, {"DE": 80_000_000, "MT": 500_000, "FR": 70_000_000})
    assert [(place.value.code, place.rate) for place in found] == [("MT", 2.0), ("DE", 0.1), ("FR", 0.1), ("XX", None)]
    assert found[0].step == 5
    assert found[3].step == 1
    assert places([], {}) == []


def test_a_country_of_the_map_leads_to_its_initiatives_and_says_how_many(client: httpx.Client) -> None:
    page = client.get("/map").text
    assert 'href="/initiatives?country=FR" class="s' in page
    assert 'aria-label="France: 2"' in page  # the test graph has no inhabitants
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg" class="countries"') == 1
    assert "undefined" not in page


def test_the_outlines_hold_every_country_of_the_list_that_can_be_drawn() -> None:
    drawing = svg_of([Place(Value("", "LU", "Luxembourg"), 3, 4.5, 5)], "Europe", lambda place: place.value.label, str)
    root = ElementTree.fromstring(drawing)
    space = {"s": "http://www.w3.org/2000/svg"}
    assert len(root.findall(".//s:path", space)) == 40
    (linked,) = root.findall("s:a", space)
    assert (linked.get("href"), linked.get("aria-label"), linked.get("class")) == ("LU", "Luxembourg", "s5")
    assert linked.find("s:circle", space) is not None  # too small an outline to be hit


def test_each_number_of_the_coverage_page_leads_to_that_many_initiatives(client: httpx.Client) -> None:
    page = client.get("/coverage?lang=en").text
    links = set(re.findall(r'<td class="number"><a href="(/initiatives\?[^"]*)">(\d+)</a>', page))
    assert len(links) >= 18
    for address, number in sorted(links)[::4]:
        listed = client.get(unescape(address)).text
        assert f'id="found" role="status"><strong>{number}</strong>' in listed, address
    assert re.search(r"<strong>None:</strong> <a [^>]*>integrated health and social care</a>", page)
    assert '<a href="/data-sheet?lang=en">data sheet</a>' in page


@pytest.mark.parametrize(
    "query", ["country=FR", "policy-area=social-inclusion", "policy-area=aha&country=DE&country=FR"]
)
def test_a_number_under_a_filter_of_its_own_list_is_a_link_only_where_the_list_has_as_many(
    client: httpx.Client, query: str
) -> None:
    page = client.get(f"/coverage?{query}&lang=en").text
    cells = re.findall(r'<a class="cell" href="([^"]*)" aria-label="[^"]*: (\d+)">', page)
    links = {*cells, *re.findall(r'<td class="number"><a href="(/initiatives\?[^"]*)">(\d+)</a>', page)}
    assert links
    for address, number in sorted(links):
        assert f'role="status"><strong>{number}</strong>' in client.get(unescape(address)).text, address


def test_coverage_of_no_initiative_says_so(client: httpx.Client) -> None:
    for path in ("/coverage", "/network"):
        page = client.get(f"{path}?country=GR&lang=en").text
        assert "No initiative meets these filters." in page
        assert "<td" not in page


def test_the_network_page_lists_degrees_and_says_what_is_left_out(client: httpx.Client) -> None:
    page = client.get("/network?lang=en").text
    assert "2 organisations take part in 2 initiatives; 2 of them together with another one." in page
    assert "Left out: 1 organisations" in page
    assert re.search(
        r'<a class="many" href="/id/organisation/lab-ouvert-be\?lang=en" aria-label="Lab Ouvert: 2">', page
    )
    assert re.search(r'<a href="/id/organisation/ville-d-essai-fr\?lang=en">Ville d&#39;Essai</a></th>', page)
    assert "there is nothing to draw" in client.get("/network?country=DE&lang=en").text


def test_every_drawing_of_a_page_can_be_taken_away_in_three_forms(client: httpx.Client) -> None:
    found = [
        unescape(address)
        for path in ("/map", "/coverage", "/network")
        for address in re.findall(r'<a href="([^"]*)" download="', client.get(f"{path}?country=FR&lang=fr").text)
    ]
    assert len(found) == 3 * (5 + 5) + 1  # no organisation joins initiatives of France: the rows alone
    kinds = {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv; charset=utf-8"}
    for address in found:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["content-type"] == kinds[address.partition("?")[0].rpartition(".")[2]]
        assert "country=FR" in address and "lang=fr" in address


@pytest.mark.parametrize("path", ["/data-sheet", "/codebook"])
def test_the_documents_that_the_numbers_rest_on_are_pages(client: httpx.Client, root: Path, path: str) -> None:
    page = client.get(path).text
    source = (root / f"docs/reference{path}.md").read_text("utf-8")
    headings = [line.lstrip("# ").replace("`", "") for line in source.splitlines() if line.startswith("## ")]
    shown = [unescape(re.sub(r"<[^>]+>", "", found)) for found in re.findall(r"<h2>(.*?)</h2>", page)]
    assert shown == headings
    assert page.count("<table") == len(re.findall(r"^\|[ -]*\|[\s|:-]*$", source, re.MULTILINE))
    assert '<a href="/codebook">' in page or '<a href="/data-sheet">' in page
    assert not re.search(
        r"\*\*|`|\]\(|^\|", re.sub(r"<[^>]+>", "", page.partition("<article")[2].partition("</article")[0])
    )


def test_the_command_line_draws_everything_that_the_pages_do(folder: Path, tmp_path: Path) -> None:
    told = run(folder, "--drawing", "by-ict-potential", "--filter", "country=BE").stdout.splitlines()
    assert told[0].split() == ["code", "label", "initiatives", "share", "inhabitants", "per_million_inhabitants"]
    assert told[2].split() == ["2", "organisational", "/", "sustained", "1", "1.000"]
    out = tmp_path / "map.png"
    assert run(folder, "--format", "png", "--out", str(out)).stdout == ""
    assert out.read_bytes().startswith(b"\x89PNG")
