"""Releases over HTTP: each answers for itself, links to the others, few are open at once, files can be had in parts."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import psutil
import pytest
from click.testing import CliRunner

from iesi_kg.cli.release import command as release_command
from iesi_kg.errors import StoreDamaged
from iesi_kg.publication.release_shelf import MANIFEST, QUADS, Shelf
from running_server import Reply, Server, serving

ALPHA = "/id/initiative/alpha-lisboa"
YEAR = "<https://w3id.org/iesi-kg/ontology#startYear>"
ATOM = "{http://www.w3.org/2005/Atom}"


def ask(server: Server, release: str, query: str, accept: str = "text/csv") -> Reply:
    return server.ask("GET", f"/v/{release}/sparql?query={quote(query)}", {"Accept": accept})


def links(reply: Reply) -> dict[str, str]:
    return {relation: address for address, relation in re.findall(r'<([^>]*)>; rel="([^"]*)"', reply.headers["Link"])}


def test_each_release_answers_for_itself(server: Server, shelf: Shelf) -> None:
    years = f"SELECT ?year {{ <https://w3id.org/iesi-kg{ALPHA}> {YEAR} ?year }}"
    assert ask(server, "2026.1", years).text == "year\r\n2012\r\n"
    assert ask(server, "2026.2", years).text == "year\r\n2013\r\n"
    for name in ("2026.1", "2026.2"):
        count = ask(server, name, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
        assert count.text == f"n\r\n{shelf.get(name).manifest['triples']}\r\n"
        assert count.headers["IESI-KG-Release"] == name
        assert count.headers["IESI-KG-Version"] == str(shelf.get(name).manifest["store_version"])


def test_versions_are_linked(server: Server) -> None:
    first = ask(server, "2026.1", "ASK {}", "application/json")
    tail = "/sparql?query=ASK%20%7B%7D"
    assert links(first)["latest-version"] == f"/v/2026.2{tail}"
    assert links(first)["successor-version"] == f"/v/2026.2{tail}"
    assert links(first)["original"] == tail
    assert "predecessor-version" not in links(first)
    assert first.headers["Memento-Datetime"] == "Fri, 20 Nov 2026 09:00:00 GMT"
    last = ask(server, "2026.2", "ASK {}", "application/json")
    assert links(last)["predecessor-version"] == f"/v/2026.1{tail}"
    assert "successor-version" not in links(last)
    listed = server.ask("GET", "/releases/2026.2")
    assert links(listed)["predecessor-version"] == "/releases/2026.1"


def test_things_and_pages_of_a_release(server: Server) -> None:
    turtle = server.ask("GET", f"/v/2026.1{ALPHA}", {"Accept": "text/turtle"})
    assert "iesi:startYear 2012" in turtle.text
    assert turtle.headers["Content-Location"] == f"/v/2026.1{ALPHA}.ttl"
    assert f'</v/2026.1{ALPHA}.html>; rel="alternate"' in turtle.headers["Link"]
    assert links(turtle)["canonical"] == f"https://w3id.org/iesi-kg{ALPHA}"
    assert "startYear 2013" in server.ask("GET", f"/v/2026.2{ALPHA}.ttl").text
    page = server.ask("GET", f"/v/2026.1{ALPHA}", {"Accept": "text/html", "Accept-Encoding": "gzip"})
    assert (page.status, page.headers["Content-Encoding"]) == (200, None)
    assert int(page.headers["Content-Length"]) == len(page.body)
    assert 'This is <a href="/releases/2026.1">release 2026.1</a>' in page.text
    assert 'href="/v/2026.1/codes/country/PT"' in page.text
    assert 'href="/initiatives"' not in page.text
    assert server.ask("GET", "/v/2026.1/id/initiative/beta-porto").status == 404
    assert server.ask("HEAD", f"/v/2026.2{ALPHA}", {"Accept": "text/html"}).body == b""
    assert server.ask("GET", "/v/2026.1/initiatives?q=Alpha", {"Accept": "text/html"}).text.count("Alpha Lisboa") >= 1


def test_an_unchanged_answer_is_not_sent_again(server: Server) -> None:
    first = ask(server, "2026.1", "SELECT ?s { ?s ?p ?o }")
    again = server.ask(
        "GET", f"/v/2026.1/sparql?query={quote('SELECT ?s { ?s ?p ?o }')}",
        {"Accept": "text/csv", "If-None-Match": first.headers["ETag"]},
    )  # fmt: skip
    assert (again.status, again.body, again.headers["IESI-KG-Release"]) == (304, b"", "2026.1")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v/2030.1/sparql", 404),
        ("/v/..%2f..%2fetc/sparql", 404),
        ("/v/2026.1/check", 404),
        ("/v/2026.1/releases", 404),
        ("/v/2026.1/id/initiative/never-there", 404),
        ("/v/", 404),
        ("/v/2026.1", 303),
        ("/releases/2030.1", 404),
        ("/releases/2026.1/passwd", 404),
        ("/releases/2026.1/..%2f..%2fcurrent", 404),
        ("/releases/.open", 404),
        ("/feeds/examples/none.atom", 404),
    ],
)
def test_what_is_not_there(server: Server, path: str, status: int) -> None:
    reply = server.ask("GET", path)
    assert reply.status == status
    if status == 404:
        assert json.loads(reply.body)["status"] == 404


def test_an_update_or_a_bad_query_is_refused_as_at_present(server: Server) -> None:
    assert ask(server, "2026.1", "SELECT ?x {").status == 400
    assert ask(server, "2026.1", "DELETE WHERE { ?s ?p ?o }").status == 403
    post = server.ask("POST", "/v/2026.1/sparql", {"Content-Type": "application/sparql-query"}, "ASK {}")
    assert json.loads(post.body)["boolean"] is True


def test_one_release_is_open_at_a_time_and_an_idle_one_is_closed(small: Path) -> None:
    with serving(small, releases_open=1, releases_idle_seconds=0.5) as running:

        def workers() -> int:
            return len(psutil.Process(running.process.pid).children(recursive=True))

        alone = workers()
        for name in ("2026.1", "2026.2", "2026.1"):
            assert ask(running, name, "ASK {}", "application/json").status == 200
        assert workers() <= alone + 4  # one process and its spare, maybe those of the one just closed
        deadline = time.monotonic() + 20
        while workers() > alone and time.monotonic() < deadline:
            time.sleep(0.1)
        assert workers() <= alone


RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }"
SECRET = "one-of-at-least-sixteen-characters"


@contextmanager
def under_way(server: Server, release: str, query: str) -> Iterator[list[Reply]]:
    """A runaway at a release, stopped in the end by whoever asked it; its reply is there after the block."""
    replies: list[Reply] = []
    fields = {"IESI-KG-Query": query, "IESI-KG-Query-Secret": SECRET, "Accept": "text/csv"}
    path = f"/v/{release}/sparql?query={quote(RUNAWAY)}"
    thread = threading.Thread(target=lambda: replies.append(server.ask("GET", path, fields)))
    thread.start()
    try:
        yield replies
    finally:
        until = time.monotonic() + 20  # the release is opened first
        while stop(server, query, SECRET).status != 204 and time.monotonic() < until and thread.is_alive():
            time.sleep(0.1)
        thread.join()


def stop(server: Server, query: str, secret: str) -> Reply:
    return server.ask("DELETE", f"/queries/{query}", {"IESI-KG-Query-Secret": secret})


def test_two_releases_at_once_where_one_may_be_open(small: Path) -> None:
    with serving(small, releases_open=1, query_seconds=60) as running:
        assert ask(running, "2026.1", "ASK {}", "application/json").status == 200
        with under_way(running, "2026.1", "holds-the-place") as held:
            time.sleep(0.5)
            busy = ask(running, "2026.2", "ASK {}", "application/json")
            assert (busy.status, json.loads(busy.body)["open"]) == (503, ["2026.1"])
            assert int(busy.headers["Retry-After"]) > 0
            assert ask(running, "2026.1", "ASK {} # the open one", "application/json").status == 200
        assert held[0].status == 409
        assert ask(running, "2026.2", "ASK {}", "application/json").status == 200


def test_a_query_of_a_release_is_stopped_by_whoever_asked_it(server: Server) -> None:
    assert ask(server, "2026.1", "ASK {}", "application/json").status == 200  # open
    with under_way(server, "2026.1", "at-a-release") as replies:
        time.sleep(0.5)
        assert stop(server, "at-a-release", "another-secret-of-some-length").status == 404
        assert not replies
        begun = time.monotonic()
        assert stop(server, "at-a-release", SECRET).status == 204
        while not replies and time.monotonic() - begun < 10:
            time.sleep(0.02)
    problem = json.loads(replies[0].body)
    assert (replies[0].status, problem["type"], problem["query"]) == (409, "/problems/query-stopped", "at-a-release")
    assert stop(server, "at-a-release", SECRET).status == 404
    assert ask(server, "2026.1", "ASK {} # again", "application/json").status == 200


def test_the_list_and_one_release(server: Server) -> None:
    listed = json.loads(server.ask("GET", "/releases").body)["releases"]
    assert [(one["release"], one["changes"]["changed"]) for one in listed] == [("2026.2", 1), ("2026.1", 0)]
    one = json.loads(server.ask("GET", "/releases/2026.1").body)
    assert one["links"]["sparql"] == "/v/2026.1/sparql"
    page = server.ask("GET", "/releases/2026.2", {"Accept": "text/html"}).text
    assert "start year: “2012” became “2013”" in page
    assert one["files"][0]["sha256"] in server.ask("GET", "/releases/2026.1", {"Accept": "text/html"}).text


def test_files_can_be_had_whole_in_part_and_not_again(server: Server, shelf: Shelf) -> None:
    facts = shelf.get("2026.1").files[QUADS]
    path = f"/releases/2026.1/{QUADS}"
    whole = server.ask("GET", path)
    assert hashlib.sha256(whole.body).hexdigest() == facts["sha256"]
    assert whole.headers["ETag"] == f'"{facts["sha256"]}"'
    assert whole.headers["Content-Type"] == "application/n-quads"
    part = server.ask("GET", path, {"Range": "bytes=10-19"})
    assert (part.status, part.body) == (206, whole.body[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole.body)}"
    changed = server.ask("GET", path, {"Range": "bytes=10-19", "If-Range": '"other"'})
    assert (changed.status, len(changed.body)) == (200, len(whole.body))
    assert server.ask("GET", path, {"If-None-Match": whole.headers["ETag"]}).status == 304
    assert server.ask("GET", path, {"Range": f"bytes={len(whole.body)}-"}).status == 416
    assert json.loads(server.ask("GET", "/releases/2026.1/manifest.json").body)["release"] == "2026.1"


def entries(reply: Reply) -> list[tuple[str, str, str]]:
    """Title, day and text of each entry, once the rules of RFC 4287 section 4.1 hold."""
    assert reply.headers["Content-Type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(reply.text)
    assert feed.tag == f"{ATOM}feed"
    for part in [feed, *feed.findall(f"{ATOM}entry")]:
        for name in ("id", "title", "updated"):
            assert len(part.findall(f"{ATOM}{name}")) == 1
    identifiers = [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
    assert len(set(identifiers)) == len(identifiers)
    found = feed.findall(f"{ATOM}entry")
    return [
        (e.findtext(f"{ATOM}title", ""), e.findtext(f"{ATOM}updated", "")[:10], e.findtext(f"{ATOM}content", ""))
        for e in found
    ]


def test_feeds(server: Server) -> None:
    releases = entries(server.ask("GET", "/feeds/releases.atom"))
    assert [(title, day) for title, day, _ in releases] == [
        ("Release 2026.2", "2026-11-22"),
        ("Release 2026.1", "2026-11-20"),
    ]
    submissions = server.ask("GET", "/feeds/submissions.atom")
    assert ("test.csv: 2 records", "2026-11-22") in [(title, day) for title, day, _ in entries(submissions)]
    assert server.ask("GET", "/feeds/submissions.atom", {"If-None-Match": submissions.headers["ETag"]}).status == 304
    portugal = entries(server.ask("GET", "/feeds/examples/001-initiatives-of-a-country.atom"))
    assert portugal[0][0] == "Release 2026.2: 2 rows added, 1 removed"
    assert sum(line.startswith("+ ") and "beta-porto" in line for line in portugal[0][2].splitlines()) == 1
    assert portugal[1][0] == "Release 2026.1: 16 rows"
    still = entries(server.ask("GET", "/feeds/examples/008-comparative-evidence.atom"))
    assert [title.partition(":")[0] for title, _, _ in still] == ["Release 2026.1"]


def test_a_damaged_release_says_which_file(small: Path) -> None:
    shelf = Shelf(small)
    with shelf.get("2026.1").quads.open("ab") as file:
        file.write(b"<urn:a> <urn:b> <urn:c> .\n")
    shutil.rmtree(small / "releases" / "2026.2" / "data.ttl", ignore_errors=True)
    (small / "releases" / "2026.2" / "data.ttl").unlink()
    with serving(small) as running:
        damaged = json.loads(ask(running, "2026.1", "ASK {}").body)
        assert (damaged["status"], damaged["file"], damaged["release"]) == (500, QUADS, "2026.1")
        missing = json.loads(running.ask("GET", "/releases/2026.2/data.ttl").body)
        assert (missing["type"], missing["file"]) == ("/problems/store-damaged", "data.ttl")
        assert running.query("ASK {}").status == 200  # the present is not touched by it
        _check_the_list_without(running, small / "releases" / "2026.1" / MANIFEST)


def _check_the_list_without(running: Server, manifest: Path) -> None:
    """A manifest that cannot be read keeps no other release from the list, the page, the feed and the command."""
    assert "damaged" not in json.loads(running.ask("GET", "/releases").body)
    manifest.write_text('{"release": "2026.1", "issued": "2026-11-20"}')
    listed = running.ask("GET", "/releases")
    content = json.loads(listed.body)
    assert (listed.status, [one["release"] for one in content["releases"]]) == (200, ["2026.2"])
    [damage] = content["damaged"]
    assert (damage["release"], damage["file"]) == ("2026.1", MANIFEST)
    assert damage["problem"] == "manifest.json of release 2026.1 is no manifest of it"
    page = running.ask("GET", "/releases", {"Accept": "text/html"})
    assert (page.status, "/releases/2026.2" in page.text) == (200, True)
    assert "Release 2026.1 cannot be shown: a file of it is damaged." in page.text
    assert json.loads(running.ask("GET", "/releases/2026.1").body)["file"] == MANIFEST
    feed = running.ask("GET", "/feeds/releases.atom")
    assert (feed.status, "Release 2026.2" in feed.text, "Release 2026.1" in feed.text) == (200, True, False)
    said = CliRunner().invoke(release_command, ["--store", str(running.store)])
    assert "2026.2" in said.output
    assert isinstance(said.exception, StoreDamaged)
