"""Personal data taken down: gone from the store, from every file of every release, and the address says why."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from pyoxigraph import NamedNode

from iesi_kg.errors import NotFound, UsageError
from iesi_kg.publication import erasure
from iesi_kg.publication.erasure import Order
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.store.embedded import EmbeddedStore
from running_server import serving

ID = "https://w3id.org/iesi-kg/id/"
ALPHA = NamedNode(f"{ID}initiative/alpha-lisboa")
JANE = NamedNode(f"{ID}agent/jane-doe")
WHY = "asked for by the person concerned"
AT = datetime(2026, 11, 25, tzinfo=UTC)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "iesi_kg", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def holders(folder: Path, text: bytes) -> list[str]:
    """Files of the releases that hold a text."""
    files = sorted(path for path in (folder / "releases").rglob("*") if path.is_file())
    return [str(path.relative_to(folder)) for path in files if text in path.read_bytes().lower()]


def test_a_record_is_erased_everywhere_and_its_citation_is_redacted(small: Path, tmp_path: Path) -> None:
    query = urlencode({"query": f"SELECT ?p ?o {{ <{ALPHA.value}> ?p ?o }}", "release": "2026.1", "format": "cff"})
    cited = tmp_path / "cited.cff"
    with serving(small) as running:
        cited.write_text(running.ask("POST", "/cite", FORM, query).text)
        assert len(holders(small, b"alpha-lisboa")) >= 6
        before = Shelf(small).get("2026.1").files["data.nq"]["sha256"]
        done = run("erase", "/id/initiative/alpha-lisboa", "--reason", WHY, "--store", small, "--yes")
        assert (done.returncode, done.stderr) == (0, "")
        assert "rewritten and marked: releases 2026.1, 2026.2\n" in done.stdout
        assert holders(small, b"alpha-lisboa") == holders(small, b"casa alpha") == []
        logged = run("log", "--store", small, "--what", "erasure", "--format", "json").stdout
        assert WHY in logged and "alpha-lisboa" not in logged
        for path in ("/v/2026.1/id/initiative/alpha-lisboa", "/v/2026.2/id/initiative/alpha-lisboa"):
            gone = json.loads(running.ask("GET", path).body)
            assert (gone["status"], gone["reason"]) == (410, WHY)
        years = f"SELECT ?o {{ <{ALPHA.value}> ?p ?o }}"
        old = running.ask("GET", f"/v/2026.1/sparql?query={quote(years)}", {"Accept": "text/csv"})
        assert old.text == "o\r\n"
        page = running.ask("GET", "/releases/2026.1", {"Accept": "text/html"}).text
        assert f"Redacted on {datetime.now(UTC):%Y-%m-%d}: {WHY}" in page
        assert "was redacted" in running.ask("GET", "/feeds/releases.atom").text
        verified = run("verify", cited, "--endpoint", running.url)
        assert verified.returncode == 4
        assert verified.stdout.startswith("redacted: release 2026.1, 0 rows\n")
        assert f"which may be why\nredacted on {datetime.now(UTC):%Y-%m-%d}: {WHY}\n" in verified.stdout
        # Of one made after the erasure it is known that no erasure explains a wrong hash.
        made = json.loads(running.ask("POST", "/cite", FORM, query.replace("format=cff", "")).text)
        forged = run("verify", made["address"].replace(made["sha256"], "0" * 64))
        assert (forged.returncode, forged.stdout.splitlines()[0]) == (1, "differs: release 2026.1, 0 rows")
        assert "redacted" not in forged.stdout
    facts = Shelf(small).get("2026.1").redactions[0]
    assert (facts["reason"], facts["before"]["data.nq"]) == (WHY, before)
    Shelf(small).get("2026.1").check()
    Shelf(small).get("2026.2").check()
    listed = Shelf(small).get("2026.2").document("changes.json")["things"]
    assert f"{ID}initiative/beta-porto" in {one["thing"] for one in listed}


def test_the_present_says_why_too(small: Path) -> None:
    store = EmbeddedStore.open(small, keep=1)
    done = erasure.erase(store, Shelf(small), Order(ALPHA, WHY, AT))
    reader = store.reader()
    assert done.releases == ("2026.1", "2026.2")
    assert not [quad for quad in reader.quads() if "alpha-lisboa" in str(quad)]
    from iesi_kg.endpoint.entity import describe
    from iesi_kg.errors import Gone

    with pytest.raises(Gone, match=WHY):
        describe(reader, ALPHA)
    assert next(iter(reader.quads(NamedNode(f"{ID}initiative/beta-porto"))), None) is not None
    assert [path.name for path in (small / "versions").iterdir() if not path.name.startswith(".")] == [
        f"{done.version:08d}"
    ]
    store.close()


def test_a_person_is_erased_and_what_still_mentions_the_name_is_listed(small: Path) -> None:
    store, shelf = EmbeddedStore.open(small, keep=1), Shelf(small)
    done = erasure.erase(store, shelf, Order(JANE, WHY, AT))
    assert done.mentions == (ALPHA.value,)  # its description says who leads it
    assert holders(small, b"jane-doe") == []
    assert holders(small, b"jane doe") != []
    erasure.erase(store, shelf, Order(JANE, WHY, AT, also=("Jane Doe",)))
    assert holders(small, b"jane doe") == []
    assert not [quad for quad in store.reader().quads() if "jane" in str(quad).lower()]
    assert next(iter(store.reader().quads(ALPHA)), None) is not None  # the record itself stays
    store.close()


@pytest.mark.parametrize(
    ("thing", "reason"),
    [
        (ALPHA, ""),
        (ALPHA, " "),
        (ALPHA, "x" * 501),
        (ALPHA, "a\x00b"),
        (NamedNode("https://example.org/x"), WHY),
        (NamedNode("https://w3id.org/iesi-kg/codes/country/PT"), WHY),
        (NamedNode(f"{ALPHA.value}#lead"), WHY),
        (NamedNode(f"{ID}dataset/iesi-kg"), WHY),
    ],
)
def test_a_careless_erasure_is_refused(thing: NamedNode, reason: str) -> None:
    with pytest.raises(UsageError):
        Order(thing, reason, AT)


def test_what_was_never_there_cannot_be_erased(small: Path) -> None:
    store = EmbeddedStore.open(small)
    with pytest.raises(NotFound, match="nothing is known of"):
        erasure.erase(store, Shelf(small), Order(NamedNode(f"{ID}agent/nobody"), WHY, AT))
    store.close()
    assert Shelf(small).get("2026.1").redactions == []
    asked = run("erase", "/id/agent/jane-doe", "--reason", WHY, "--store", small)
    assert asked.returncode == 130  # nobody said yes
