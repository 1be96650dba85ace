"""The pages over HTTP: headers, files, forms for programs, what is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook

from iesi_kg.web.pages.static import address
from running_server import serving

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
BROKEN = b"name,country,service_areas,source_url\nHelp at Home,FRX,childcare,https://example.org/a\n"


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with (
        serving(folder, query_processes=1, upload_bytes=100_000) as server,
        httpx.Client(base_url=server.url, headers=HTML) as made,
    ):
        yield made


PATHS = [
    "/",
    "/initiatives",
    "/codes",
    "/codes/country",
    "/ontology",
    "/ontology/ictPotential",
    "/sparql",
    "/check",
    "/id/initiative/kinder-netz",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_forbids_everything_it_does_not_need(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers.get_list("content-security-policy")
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy[0]
    assert "'nonce-" not in policy[0] or path == "/sparql"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PATHS)
def test_head_answers_as_get_does(client: httpx.Client, path: str) -> None:
    answer = client.head(path)
    assert (answer.status_code, answer.text) == (200, "")


def test_every_local_link_of_the_pages_leads_somewhere(client: httpx.Client) -> None:
    seen, waiting = set[str](), list(PATHS)
    while waiting and len(seen) < 150:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            found = re.findall(r'(?:href|src)="(/[^"#]*)', answer.text)
            waiting += [link.replace("&amp;", "&") for link in found]
    assert len(seen) > 100


@pytest.mark.parametrize("path", ["/", "/static/site.css", "/static/vendor/sparql-editor.js"])
def test_what_is_large_travels_packed_when_that_is_accepted(client: httpx.Client, path: str) -> None:
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) * 2 < int(plain.headers["content-length"])
    assert "Accept-Encoding" in packed.headers["vary"]
    assert packed.headers.get("etag", "1") != plain.headers.get("etag", "2")


def test_the_nonce_is_new_for_each_answer(client: httpx.Client) -> None:
    policies = {client.get("/sparql").headers["content-security-policy"] for _ in range(3)}
    assert len(policies) == 3


def test_a_file_with_its_digest_is_kept_for_ever_and_without_is_asked_again(client: httpx.Client) -> None:
    lasting = client.get(address("site.css"))
    assert "immutable" in lasting.headers["cache-control"]
    plain = client.get("/static/site.css")
    assert plain.headers["cache-control"] == "no-cache"
    assert client.get("/static/site.css", headers={"If-None-Match": plain.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    "name", ["../rendering.py", "%2e%2e/rendering.py", "/etc/passwd", "vendor/..%2f..%2fsparql.py", ""]
)
def test_only_shipped_files_are_served(client: httpx.Client, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


@pytest.mark.parametrize("page", ["0", "-1", "99999999999", "²", "x", "1e3"])
def test_a_page_number_of_any_kind_shows_a_page(client: httpx.Client, page: str) -> None:
    answer = client.get("/initiatives", params={"page": page})
    assert answer.status_code == 200
    assert "Kinder-Netz" in answer.text


def test_a_code_that_nobody_knows_finds_nothing_and_can_be_removed(client: httpx.Client) -> None:
    both = client.get("/initiatives?country=XX&country=FR&nonsense=1")
    assert "<strong>2</strong> initiatives of 3" in both.text
    alone = client.get("/initiatives?country=XX")
    assert "<strong>0</strong> initiatives of 3" in alone.text
    assert "Remove the filter XX" in alone.text
    assert client.get("/initiatives.csv?country=XX").text.strip() == "initiative,name,start,end,website"


def test_the_list_as_csv_escapes_what_a_search_says(client: httpx.Client) -> None:
    answer = client.get("/initiatives.csv", params={"q": '") } # \\ <script>'})
    assert answer.status_code == 200
    assert answer.text.strip() == "initiative,name,start,end,website"


def test_the_completions_name_prefixes_terms_and_codes(client: httpx.Client) -> None:
    content = client.get("/completions.json").json()
    assert content["prefixes"]["skos"] == "http://www.w3.org/2004/02/skos/core#"
    names = {term["name"] for term in content["terms"]}
    assert {"iesi:country", "iesi:Initiative", "dct:title"} <= names
    assert {"iri": "https://w3id.org/iesi-kg/codes/country/FR", "label": "France", "scheme": "Country"} in content[
        "codes"
    ]


def test_a_program_gets_the_findings_as_json(client: httpx.Client) -> None:
    answer = client.post("/check", files={"file": ("a.csv", BROKEN)}, headers={"Accept": "application/json"})
    assert answer.status_code == 200
    report = answer.json()
    assert list(report) == ["conforms", "records", "findings"]
    assert ("country", 2, "FRX") in [(f["column"], f["row"], f["value"]) for f in report["findings"]]


def test_a_file_over_the_limit_is_refused_with_the_limit(client: httpx.Client) -> None:
    answer = client.post("/check", files={"file": ("a.csv", b"x" * 100_001)})
    assert answer.status_code == 413
    assert "larger than 100,000 bytes" in answer.text


def test_several_files_are_one_submission_with_the_file_named_at_each_finding(client: httpx.Client) -> None:
    good = BROKEN.replace(b"FRX", b"FR").replace(b"Help at Home", b"Help Abroad")
    files = [("file", ("a.csv", good)), ("file", ("b.csv", BROKEN))]
    report = client.post("/check", files=files, headers={"Accept": "application/json"}).json()
    assert report["records"] == 2
    assert [(f["file"], f["row"], f["value"]) for f in report["findings"] if f["column"] == "country"] == [
        ("b.csv", 2, "FRX")
    ]
    page = client.post("/check", files=files)
    assert '<h2 id="verdict">a.csv, b.csv</h2>' in page.text
    assert "<dt>country</dt><dd>FRX</dd>" in page.text
    assert "(XLSX)" not in page.text  # none of several can be sent back annotated
    kept = {name: re.findall(f'name="{name}" value="([^"]*)"', page.text)[0] for name in ("kept", "kept_name")}
    again = client.post("/check", data={"as": "json", **kept}).json()
    assert sorted(again["findings"], key=str) == sorted(report["findings"], key=str)


@pytest.mark.parametrize(
    ("names", "size", "status", "told"),
    [
        (("a.csv", "a.csv"), 9, 400, "Two of the files are called a.csv"),
        (("a.csv", "b.csv"), 60_000, 413, "The files are larger than 100,000 bytes"),
    ],
    ids=["one name", "too large together"],
)
def test_several_files_that_cannot_be_taken_say_why(
    client: httpx.Client, names: tuple[str, ...], size: int, status: int, told: str
) -> None:
    answer = client.post("/check", files=[("file", (name, b"x" * size)) for name in names])
    assert (answer.status_code, told in answer.text) == (status, True)


def test_a_form_without_a_file_says_so(client: httpx.Client) -> None:
    answer = client.post("/check", data={"as": "page"})
    assert answer.status_code == 400
    assert "No file was chosen" in answer.text


def test_the_template_is_a_header_and_nothing_else(client: httpx.Client) -> None:
    answer = client.get("/check/template.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="iesi-kg-template.csv"'
    assert answer.text.lstrip("\ufeff").startswith("identifier,name,")
    assert len(answer.text.strip().splitlines()) == 1


def test_the_template_is_offered_filled_and_as_a_workbook_that_passes_the_check(client: httpx.Client) -> None:
    for name in ("example.csv", "example.xlsx"):
        file = client.get(f"/check/{name}")
        assert file.headers["content-disposition"] == f'attachment; filename="iesi-kg-{name}"'
        told = client.post(
            "/check", files={"file": (name, file.content)}, headers={"Accept": "application/json"}
        ).json()
        assert (told["conforms"], told["records"]) == (True, 1), name
    empty = load_workbook(BytesIO(client.get("/check/template.xlsx").content))
    rows = [[cell.value for cell in row] for row in empty["Initiatives"].iter_rows()]
    assert rows[0][:3] == ["Example?", "Identifier", "Name *"]
    assert [row[0] for row in rows[1:]] == ["example"]
    assert client.get("/check/other.csv").status_code == 404
    assert client.get("/check/template.pdf").status_code == 404


def test_the_template_with_every_column_begins_with_the_basic_ones(client: httpx.Client) -> None:
    basic, full = (client.get(f"/check/{name}.csv").text.strip() for name in ("template", "template-full"))
    assert full.startswith(f"{basic},") and full.endswith(",fact_read")


def test_a_query_that_is_refused_says_why_on_the_page(client: httpx.Client) -> None:
    answer = client.get("/sparql", params={"query": "SELECT * { SERVICE <http://example.org/sparql> { ?s ?p ?o } }"})
    assert answer.status_code == 403
    assert "SERVICE" in answer.text
    assert 'role="alert"' in answer.text


def test_a_result_of_many_rows_shows_the_first_and_counts_all(client: httpx.Client) -> None:
    answer = client.get("/sparql", params={"query": "SELECT ?s { ?s ?p ?o } LIMIT 750"})
    assert "750 rows, the first 500 shown" in answer.text
    assert answer.text.count("<tr>") == 501


def test_what_cannot_be_shown_is_no_part_of_a_search(client: httpx.Client) -> None:
    answer = client.get("/initiatives?q=%00kinder%00&country=%00")
    assert answer.status_code == 200
    assert "\0" not in answer.text
    assert "<strong>1</strong> initiative of 3" in answer.text


def test_who_knows_the_address_alone_finds_the_way_and_crawlers_what_is_not_for_them(client: httpx.Client) -> None:
    links = client.head("/").headers["link"]
    ways = dict(re.findall(r'<([^>]+)>; rel="([^"]+)"', links))
    assert ways["/.well-known/void"] == "describedby"
    for way in ways:
        status = client.get(way, params={"query": "ASK {}"} if way == "/sparql" else None).status_code
        assert status == 200, way
    robots = client.get("/robots.txt")
    assert robots.headers["content-type"].startswith("text/plain")
    assert "\nUser-agent: *\nDisallow: /sparql?\n" in robots.text
