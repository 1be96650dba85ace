"""The query page beside the query: lines to copy that do what they say, workbooks, limits."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook

from iesi_kg.records import Form
from iesi_kg.web.pages.snippets import python, r, shell, snippets
from running_server import serving

HTML = {"Accept": "text/html"}
NASTY = """SELECT ("it's a \\"test\\" \\\\ of $HOME ${x} `y` \u00e9" AS ?text) (7 AS ?n) { }"""
PLAIN = """it's a "test" \\ of $HOME ${x} `y` \u00e9"""
# A query, and how its answer is told: as it is, in CSV, by R, in JSON, by Python.
QUERIES = {
    "solutions": (
        NASTY,
        (
            PLAIN,
            PLAIN.replace('"', '""'),
            PLAIN.replace("\\", "\\\\"),
            json.dumps(PLAIN, ensure_ascii=False),
            repr(PLAIN),
        ),
    ),
    "boolean": ("# it's so\nASK {}", ("true", "True")),
    "graph": ("CONSTRUCT { <http://example.org/it> <http://example.org/is> \"'so'\" } {}", ("\"'so'\"",)),
}


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with (
        serving(folder, query_processes=1) as server,
        httpx.Client(base_url=server.url, headers=HTML, timeout=30) as made,
    ):
        yield made


def copied(page: str) -> list[tuple[str, str]]:
    """The language and the text of each piece of code on a page, as a reader copies it."""
    found = re.findall(r'<code[^>]*data-language="(\w+)">(.*?)</code>', page, re.DOTALL)
    return [(language, unescape(text)) for language, text in found]


def run(language: str, text: str) -> str:
    """What the lines print."""
    command = ["bash", "-c", text] if language == "sh" else [sys.executable, "-c", text]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("form", QUERIES)
def test_the_lines_of_curl_and_python_do_as_shown_what_they_say(client: httpx.Client, form: str) -> None:
    query, expected = QUERIES[form]
    pieces = copied(client.get("/sparql", params={"query": query}).text)
    pythons = ["py"] * (3 if form == "solutions" else 2)
    assert [language for language, _ in pieces] == ["sh", *pythons, "R", "js"]
    for language, text in pieces:
        if language in ("sh", "py"):
            said = run(language, text)
            assert any(told in said for told in expected), (text, said)


@pytest.mark.parametrize("form", QUERIES)
def test_the_lines_of_r_do_as_shown_what_they_say(client: httpx.Client, form: str) -> None:
    if not shutil.which("Rscript"):
        pytest.skip("R is not installed (Debian package r-base-core)")
    query, expected = QUERIES[form]
    [text] = [text for language, text in copied(client.get("/sparql", params={"query": query}).text) if language == "R"]
    command = ["Rscript", "--vanilla", "-e", text]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert any(told in said for told in expected), said


def test_an_address_that_is_none_gets_no_lines_to_copy() -> None:
    assert snippets("ASK {}", Form.BOOLEAN, "http://x';rm -rf ~;'/sparql") == []
    assert len(snippets("ASK {}", Form.BOOLEAN, "http://[::1]:8080/sparql")) == 5


@pytest.mark.parametrize(
    "text", ['ends with "', '"""', ')"', ')-"', "back\\slash", "${x} `y`", "'", "\u00e9\U0001f600"]
)
def test_quoting_keeps_every_text(text: str) -> None:
    assert ast.literal_eval(python(text)).removeprefix("\n") == text
    told = subprocess.run(["bash", "-c", f"printf %s {shell(text)}"], capture_output=True, text=True, check=True).stdout
    assert told == text
    raw = re.fullmatch(r'r"(-*)\(\n(.*)\)\1"', r(text), re.DOTALL)
    assert raw
    assert raw[2] == text
    assert f'){raw[1]}"' not in text


def test_a_query_that_cannot_be_read_gets_no_lines(client: httpx.Client) -> None:
    assert 'id="snippets"' not in client.get("/sparql", params={"query": "SELECT"}).text


def test_the_page_names_limits_forms_and_the_version(client: httpx.Client) -> None:
    page = client.get("/sparql", params={"query": "ASK {}"}).text
    assert "<dd>30 s</dd>" in page
    assert "<dd>1,000,000 rows, 64 MB</dd>" in page
    assert "100,000 characters, 1,000 patterns, brackets 100 deep" in page
    assert "<code>jsonld</code>" in page
    assert 'data-version="1"' in page
    assert re.search(r'data-seconds="\d\.\d{3}"', page)


def test_rows_are_taken_away_as_a_workbook(client: httpx.Client) -> None:
    query = (
        'SELECT ?a ?b ?c ?d { VALUES (?a ?b ?c ?d) { ("=1+1" 7 2.5 <http://example.org/>) ("x"@en UNDEF 1e400 true) } }'
    )
    page = client.get("/sparql", params={"query": query}).text
    link = re.search(r'href="(/result\.xlsx\?[^"]+)"', page)
    assert link
    answer = client.get(unescape(link[1]))
    assert answer.headers["content-disposition"] == 'attachment; filename="result.xlsx"'
    assert answer.headers["iesi-kg-version"] == "1"
    rows = list(load_workbook(BytesIO(answer.content))["Result"].iter_rows(values_only=True))
    assert rows[0] == ("a", "b", "c", "d")
    assert rows[1] == ("=1+1", 7, 2.5, "http://example.org/")
    assert rows[2][:2] == ("x", None)
    assert load_workbook(BytesIO(answer.content))["Result"]["A2"].data_type == "s"


@pytest.mark.parametrize(
    ("params", "status", "told"),
    [
        ({}, 400, "parameter is missing"),
        ({"query": "CONSTRUCT WHERE { ?s ?p ?o }"}, 400, "a graph has no rows"),
        ({"query": "SELECT"}, 400, "line 1"),
        ({"query": "SELECT * { SERVICE <http://example.org/> { ?s ?p ?o } }"}, 403, "not among the peers"),
    ],
)
def test_what_makes_no_workbook_is_refused_in_words(
    client: httpx.Client, params: dict[str, str], status: int, told: str
) -> None:
    answer = client.get("/result.xlsx", params=params, headers={"Accept": "application/json"})
    assert answer.status_code == status
    assert told in answer.json()["detail"]


def test_yes_or_no_is_a_workbook_too(client: httpx.Client) -> None:
    answer = client.get("/result.xlsx", params={"query": "ASK {}"})
    assert load_workbook(BytesIO(answer.content))["Result"]["A2"].value is True


def test_the_commands_name_no_host_that_is_none(client: httpx.Client) -> None:
    page = client.get("/build", headers={**HTML, "Host": "x';echo"}).text
    assert "x&#39;;echo/sparql \\" not in page


FILTERED = """PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?c { ?c skos:inScheme ?s FILTER(?s = <https://w3id.org/iesi-kg/codes/policy-area>)
  OPTIONAL { ?c skos:broader ?b } } ORDER BY ?c"""


def test_a_query_is_explained_instead_of_answered(client: httpx.Client) -> None:
    assert 'formaction="/sparql" name="explain" value="on"' in client.get("/sparql").text
    page = client.get("/sparql", params={"query": FILTERED, "explain": "on"}).text
    told = unescape(page[page.index('id="explained"') : page.index("</section>", page.index('id="explained"'))])
    assert "it is looked up instead of tested for every match" in told
    assert "VALUES ?s { <https://w3id.org/iesi-kg/codes/policy-area> }" in told
    assert re.search(r"As it is written</dt><dd>[\d.]+ ms, \d+ rows</dd>", told)
    assert re.search(r"In a faster form</dt><dd>[\d.]+ ms, \d+ rows, [\d.]+ times as fast</dd>", told)
    parts = re.findall(r"<tr><td>\s*([^<]+)</td><td><code>(.*?)</code></td><td class=\"number\">([\d,]*)</td>", told)
    assert [(kind, text) for kind, text, _ in parts] == [
        ("hand back", "?c"),
        ("triple pattern", "?c skos:inScheme ?s"),
        ("keep only where", "(?s = <https://w3id.org/iesi-kg/codes/policy-area>)"),
        ("add where there is", ""),
        ("triple pattern", "?c skos:broader ?b"),
        ("sort", "?c"),
    ]
    counted = client.get(
        "/sparql",
        params={
            "query": "SELECT (COUNT(*) AS ?n) { ?c <http://www.w3.org/2004/02/skos/core#inScheme> ?s }",
            "format": "csv",
        },
        headers={"Accept": "text/csv"},
    )
    assert int(parts[1][2].replace(",", "")) == int(counted.text.split()[1])
    assert 'id="result"' not in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT ?s { ?s ?p ?o } LIMIT 3", "none: it runs as it is written"),
        ("SELECT * { SERVICE <https://example.org/sparql> { ?s ?p ?o } ?s a ?t }", "is not run to be explained"),
        ("SELECT * {\n ?s a ?t . ?u }", "line 2, column"),
        ("SELECT (1/0 AS ?x) { _:b a ?t }", "none: it runs as it is written"),
    ],
)
def test_what_cannot_be_rewritten_is_explained_too(client: httpx.Client, query: str, words: str) -> None:
    assert words in client.get("/sparql", params={"query": query, "explain": "on"}).text
