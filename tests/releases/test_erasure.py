"""Personal data taken down: gone from the store, from every file of every release, and the address says why."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from pyoxigraph import Literal, NamedNode, Quad
from release_records import ALPHA as ALPHA_ROW
from release_records import BETA as BETA_ROW
from release_records import SECOND, submit

from iesi_kg.errors import NotFound, StoreDamaged, UsageError
from iesi_kg.publication import entailment, erasure, release
from iesi_kg.publication.erasure import Order
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.store.base import ChangeSet, Reader
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCT, PROV, RDFS, VOID
from iesi_kg.vocabulary.terms import JUDGES
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


def erase_here(folder: Path, thing: NamedNode, *also: str, at: datetime = AT) -> erasure.Erased:
    """An erasure without the command."""
    store = EmbeddedStore.open(folder, keep=1)
    try:
        return erasure.erase(store, Shelf(folder), Order(thing, WHY, at, also))
    finally:
        store.close()


def holders(folder: Path, text: bytes, under: str = "releases") -> list[str]:
    """Files of the releases, or of another folder, that hold a text."""
    files = sorted(path for path in (folder / under).rglob("*") if path.is_file())
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


def test_what_a_client_kept_of_a_release_is_not_confirmed_after_an_erasure(small: Path) -> None:
    query = quote(f"SELECT ?o {{ <{ALPHA.value}> <http://purl.org/dc/terms/description> ?o }}")
    asked = {
        f"/v/2026.1/sparql?query={query}": "text/csv",
        "/v/2026.1/id/initiative/alpha-lisboa": "text/turtle",
    }
    with serving(small) as running:
        kept = {path: running.ask("GET", path, {"Accept": kind}) for path, kind in asked.items()}
        for path, kind in asked.items():
            assert "Jane Doe" in kept[path].text
            conditional = {"Accept": kind, "If-None-Match": kept[path].headers["ETag"]}
            assert running.ask("GET", path, conditional).status == 304
        done = run("erase", JANE.value, "--reason", WHY, "--also", "Jane Doe", "--store", small, "--yes")
        assert (done.returncode, done.stderr) == (0, "")
        for path, kind in asked.items():
            conditional = {"Accept": kind, "If-None-Match": kept[path].headers["ETag"]}
            again = running.ask("GET", path, conditional)
            assert (again.status, "Jane Doe" in again.text) == (200, False)


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


def test_no_file_of_the_store_holds_what_was_erased(small: Path) -> None:
    graph = NamedNode("https://example.org/empty")
    store = EmbeddedStore.open(small, keep=3)
    with store.writer() as writer:
        writer.commit(ChangeSet("workspace", create=[graph]))
    store.close()
    for text in (b"alpha-lisboa", b"casa alpha"):
        assert {path.parts[0] for path in map(Path, holders(small, text, "."))} >= {"live", "versions", "releases"}
    with serving(small) as running:
        assert "Alpha Lisboa" in running.ask("GET", "/id/initiative/alpha-lisboa.ttl").text
        done = run("erase", ALPHA.value, "--reason", WHY, "--store", small, "--yes")
        assert (done.returncode, done.stderr, "still reads" in done.stdout) == (0, "", False)
        assert running.ask("GET", "/id/initiative/alpha-lisboa").status == 410
        for text in (b"alpha-lisboa", b"casa alpha"):
            assert (text, holders(small, text, ".")) == (text, [])
    store = EmbeddedStore.open(small)
    store.verify()
    with store.writer() as writer:
        assert graph in writer._open_view().store.named_graphs()
        assert {str(quad) for quad in writer.reader.quads()} == {str(quad) for quad in store.reader().quads()}
        assert writer.triples == sum(1 for _ in writer.reader.quads())
    store.close()


def test_a_version_that_is_still_read_is_named(small: Path) -> None:
    other = EmbeddedStore.open(small)
    reader = other.reader()
    done = run("erase", ALPHA.value, "--reason", WHY, "--store", small, "--yes")
    assert f"somebody still reads version {reader.version}, whose files hold it" in done.stdout
    assert next(iter(reader.quads(ALPHA)), None) is not None
    del reader
    other.close()
    again = run("erase", ALPHA.value, "--reason", WHY, "--store", small, "--yes")
    assert (again.returncode, "still reads" in again.stdout) == (0, False)
    assert holders(small, b"alpha-lisboa", ".") == []


def test_a_judgement_outlives_who_made_it_but_not_what_it_is_about(small: Path) -> None:
    judgement, codings = NamedNode(f"{ID}judgement/x-2026"), iris.graph("codings")
    kept = [
        Quad(judgement, JUDGES, NamedNode(f"{ALPHA.value}#outcome-1"), codings),
        Quad(judgement, NamedNode(f"{RDFS}comment"), Literal("Holds."), codings),
    ]
    link = Quad(judgement, NamedNode(f"{PROV}wasAttributedTo"), JANE, codings)
    store = EmbeddedStore.open(small)
    with store.writer() as writer:
        writer.commit(ChangeSet("judgement", add=[*kept, link]))
    erase_here(small, JANE)
    assert set(store.reader().quads(judgement, graph=codings)) == set(kept)
    erase_here(small, ALPHA)
    assert set(store.reader().quads(judgement, graph=codings)) == set()
    store.close()


def test_what_only_earlier_submissions_of_the_record_upheld_leaves_too(small: Path) -> None:
    store = EmbeddedStore.open(small)
    changed = ALPHA_ROW | {"lead_organisation": "Casa Nova", "coded_by": "John Roe", "coding_date": "2026-11-21"}
    submit(store, SECOND + timedelta(hours=1), changed)
    submit(store, SECOND + timedelta(hours=2), BETA_ROW | {"lead_organisation": "Casa Nova", "start_year": "2016"})
    assert {"Casa Alpha", "Jane Doe", "Casa Nova", "John Roe", "Beta Porto"} <= _texts(store)
    release.make(store, Shelf(small), "2026.3", at=SECOND + timedelta(hours=3))
    store.close()
    erase_here(small, ALPHA)
    assert not {"Casa Alpha", "Jane Doe", "John Roe"} & _texts(store)
    assert {"Casa Nova", "Beta Porto"} <= _texts(store)  # upheld by the other record
    store.close()
    for text in (b"casa alpha", b"jane-doe", b"john-roe"):
        assert (text, holders(small, text, ".")) == (text, [])


def _texts(store: EmbeddedStore) -> set[str]:
    return {quad.object.value for quad in store.reader().quads() if isinstance(quad.object, Literal)}


def test_every_mention_of_a_name_is_counted_also_those_of_releases_alone(small: Path) -> None:
    store = EmbeddedStore.open(small)
    described = next(iter(store.reader().quads(ALPHA, NamedNode(f"{DCT}description"))))
    texts = [
        Quad(NamedNode(f"https://example.org/{n:02}"), described.predicate, Literal("By jane doe.")) for n in range(25)
    ]
    with store.writer() as writer:
        writer.commit(ChangeSet("texts", add=texts, remove=list(writer.reader.quads(object=described.object))))
    store.close()
    done = run("erase", JANE.value, "--reason", WHY, "--store", small, "--yes")
    lines = [line for line in done.stdout.splitlines() if line.startswith("still mentions")]
    assert len(lines) == 20
    assert "https://example.org/00 (now; look at it" in lines[0]
    assert done.stdout.endswith("\nand 6 more\n")
    again = erase_here(small, JANE, "by jane doe.")
    assert again.mentions == {}  # no longer called anything: nothing to look for
    assert holders(small, b"by jane doe.") == holders(small, b"by jane doe.", "live") == []


def _is_true_of_itself(reader: Reader) -> bool:
    """Whether conclusions are those that follow, and each graph has as many statements as is told of it."""
    concluded = {quad.triple for quad in reader.quads(graph=entailment.GRAPH)}
    assert concluded == entailment.derived(reader).triples
    told = list(reader.quads(predicate=NamedNode(f"{VOID}triples"), graph=iris.graph("provenance")))
    assert len(told) == 2 + 1  # two submissions and the conclusions
    for quad in told:
        assert isinstance(quad.subject, NamedNode)
        assert isinstance(quad.object, Literal)
        assert int(quad.object.value) == sum(1 for _ in reader.quads(graph=quad.subject)), quad.subject.value
    return True


def test_what_is_left_tells_the_truth_of_itself(small: Path) -> None:
    store = EmbeddedStore.open(small)
    assert _is_true_of_itself(store.reader())
    store.close()
    erase_here(small, ALPHA)
    assert _is_true_of_itself(store.reader())
    with release.frozen(Shelf(small).get("2026.2").quads, small / "look", 1) as reader:
        assert _is_true_of_itself(reader)
        for each in (reader, store.reader()):
            told = each.quads(predicate=NamedNode(f"{VOID}entities"), graph=iris.graph("provenance"))
            assert sorted(quad.object.value for quad in told if isinstance(quad.object, Literal)) == ["0", "1"]
    store.close()


def test_a_person_is_erased_and_what_still_mentions_the_name_is_listed(small: Path) -> None:
    store, shelf = EmbeddedStore.open(small, keep=1), Shelf(small)
    done = erasure.erase(store, shelf, Order(JANE, WHY, AT))
    assert done.mentions == {ALPHA.value: ("", "2026.1", "2026.2")}  # its description says who leads it
    assert holders(small, b"jane-doe") == []
    assert holders(small, b"jane doe") != []
    erasure.erase(store, shelf, Order(JANE, WHY, AT, also=("Jane Doe",)))
    assert holders(small, b"jane doe") == []
    assert not [quad for quad in store.reader().quads() if "jane" in str(quad).lower()]
    assert next(iter(store.reader().quads(ALPHA)), None) is not None  # the record itself stays
    store.close()


def test_an_erasure_that_was_cut_between_two_releases_is_completed(small: Path, tmp_path: Path) -> None:
    store, shelf = EmbeddedStore.open(small, keep=1), Shelf(small)
    with store.writer() as writer:  # the record is withdrawn: the third release only says that it was there
        writer.commit(ChangeSet("withdrawal", remove=list(erasure.found(writer.reader, ALPHA))))
    release.make(store, shelf, "2026.3", at=AT - timedelta(days=1))
    store.close()
    assert "alpha-lisboa" in (shelf.get("2026.3").folder / "changes.json").read_text()
    assert "alpha-lisboa" not in shelf.get("2026.3").quads.read_text()
    kept = Path(shutil.copytree(small / "releases", tmp_path / "kept"))
    erase_here(small, ALPHA)
    assert holders(small, b"alpha-lisboa") == []
    first_at = [told["at"] for told in shelf.get("2026.1").redactions]
    for cut in (("2026.2", "2026.3"), ("2026.3",)):
        for name in cut:
            shutil.rmtree(small / "releases" / name)
            shutil.copytree(kept / name, small / "releases" / name)
        assert holders(small, b"alpha-lisboa") != []
        done = erase_here(small, ALPHA, at=AT + timedelta(hours=1))
        assert done.releases == cut
        assert holders(small, b"alpha-lisboa") == []
    assert [told["at"] for told in shelf.get("2026.1").redactions] == first_at
    done = erase_here(small, ALPHA, at=AT + timedelta(hours=2))  # nothing is left to do, and that is no fault
    assert (done.quads, done.releases) == (0, ())
    moments = EmbeddedStore.open(small).reader().quads(predicate=NamedNode(f"{PROV}invalidatedAtTime"))
    assert [quad.object.value for quad in moments if isinstance(quad.object, Literal)] == ["2026-11-25T02:00:00Z"]


def test_nothing_is_rewritten_while_a_release_is_damaged(small: Path) -> None:
    shelf = Shelf(small)
    first = shelf.get("2026.1").files["data.nq"]["sha256"]
    (shelf.get("2026.2").folder / "codes.csv").write_text("")
    with pytest.raises(StoreDamaged, match=r"codes\.csv of release 2026\.2"):
        erase_here(small, ALPHA)
    assert shelf.get("2026.1").files["data.nq"]["sha256"] == first


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
