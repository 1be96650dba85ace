"""The files of a release: what they hold, that equal data gives equal bytes, and what happens when they are damaged."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, DefaultGraph, Quad, RdfFormat, parse, serialize

from iesi_kg.errors import IesiKgError, NotFound, StoreDamaged, UsageError
from iesi_kg.publication import release
from iesi_kg.publication.release_shelf import QUADS, Shelf
from iesi_kg.records import Severity
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.frozen import freeze
from iesi_kg.validation.engine import PySHACL

AT = datetime(2026, 12, 1, tzinfo=UTC)
SHAPES = Path(__file__).parent.parent / "exports" / "shapes"
SH = "http://www.w3.org/ns/shacl#"
ID = "https://w3id.org/iesi-kg/id/"


def quads(path: Path) -> set[Quad]:
    return set(parse(path=str(path), format=RdfFormat.N_QUADS))


def run(*arguments: str | Path, limit: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "iesi_kg", *map(str, arguments)]
    if limit:
        command = ["bash", "-c", f'{limit}; exec "$@"', "bash", *command]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_quads_are_those_of_the_store_sorted_and_without_blank_nodes(shelf: Shelf, folder: Path) -> None:
    path = shelf.get("2026.2").quads
    lines = path.read_bytes().splitlines(keepends=True)
    assert lines == sorted(set(lines))
    store = EmbeddedStore(folder)
    stored = set(store.reader().quads())
    store.close()
    assert quads(path) == stored
    assert not any(isinstance(term, BlankNode) for quad in stored for term in (quad.subject, quad.object))


def test_turtle_holds_the_published_merge(shelf: Shelf) -> None:
    each = shelf.get("2026.2")
    merge = {quad.triple for quad in quads(each.quads) if isinstance(quad.graph_name, DefaultGraph)}
    assert {quad.triple for quad in parse(path=str(each.folder / "data.ttl"))} == merge


def test_hashes_sizes_and_counts_of_the_manifest(shelf: Shelf) -> None:
    each = shelf.get("2026.2")
    assert set(each.files) | {"manifest.json"} == {path.name for path in each.folder.iterdir()}
    for name, facts in each.files.items():
        content = (each.folder / name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (facts["sha256"], facts["bytes"]), name
    facts = each.manifest
    content = each.quads.read_bytes()
    assert facts["quads"] == content.count(b"\n")
    assert facts["triples"] + sum(facts["graphs"].values()) == facts["quads"]
    assert facts["graphs"]["https://w3id.org/iesi-kg/graph/codes"] == content.count(b"/graph/codes> .\n")
    assert facts["counts"]["records"] == 361  # 359 of the bundle, Alpha and Beta
    assert facts["examples"]["001-initiatives-of-a-country"]["rows"] == 17  # 15 of the bundle, Alpha and Beta
    assert (facts["issued"], facts["predecessor"], facts["ontology"]) == ("2026-11-22T09:00:00Z", "2026.1", "0.3.0")


def test_tables(shelf: Shelf) -> None:
    folder = shelf.get("2026.2").folder
    with (folder / "initiatives.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["initiative"]: row for row in csv.DictReader(file)}
    assert len(rows) == 361  # 359 of the bundle, Alpha and Beta
    alpha = rows[f"{ID}initiative/alpha-lisboa"]
    assert (alpha["name"], alpha["start_year"], alpha["website"]) == ("Alpha Lisboa", "2013", "")
    with (folder / "organisations.csv").open(newline="", encoding="utf-8") as file:
        parts = list(csv.DictReader(file))
    assert [row["name"] for row in parts if row["initiative"] == f"{ID}initiative/alpha-lisboa"] == ["Casa Alpha"]
    (funder,) = [row for row in parts if row["name"] == "Nesta" and row["initiative"] == f"{ID}initiative/beam-uk"]
    assert (funder["homepage"], funder["identifiers"]) == ("https://www.nesta.org.uk/", "gb-company:07706036")


def test_changes_in_words(shelf: Shelf) -> None:
    listed = shelf.get("2026.2").document("changes.json")
    things = {one["thing"].removeprefix(ID): one for one in listed["things"]}
    alpha = things["initiative/alpha-lisboa"]
    assert (alpha["change"], alpha["name"], alpha["kind"]) == ("changed", "Alpha Lisboa", "initiative")
    assert "start year: “2012” became “2013”" in alpha["what"]
    assert (things["initiative/beta-porto"]["change"], things["initiative/beta-porto"]["name"]) == (
        "added",
        "Beta Porto",
    )
    assert shelf.get("2026.2").manifest["changes"]["changed"] == 1
    words = (shelf.get("2026.2").folder / "changes.md").read_text("utf-8")
    assert f"- Beta Porto (initiative), <{ID}initiative/beta-porto>\n" in words
    assert "  - start year: “2012” became “2013”\n" in words


def test_answers_of_examples_that_moved(shelf: Shelf) -> None:
    moved = {one["example"]: one for one in shelf.get("2026.2").document("changes.json")["examples"]}
    portugal = moved["001-initiatives-of-a-country"]
    assert (portugal["rows_before"], portugal["rows_after"]) == (16, 17)  # 15 of the bundle and Alpha; then Beta too
    assert len(portugal["removed"]) == 1  # Alpha with its old start year
    assert sorted("beta-porto" in row for row in portugal["added"]) == [False, True]
    assert "008-comparative-evidence" not in moved


def test_the_first_release_has_no_changes(shelf: Shelf) -> None:
    assert shelf.get("2026.1").document("changes.json") == {"since": None, "things": [], "examples": []}


def test_a_removed_record_is_named(tmp_path: Path) -> None:
    from iesi_kg.publication.release_changes import changes

    title = "<http://purl.org/dc/terms/title>"
    (tmp_path / "a.nq").write_text(f'<{ID}x/a> {title} "A" .\n<{ID}x/b> {title} "B" .\n')
    (tmp_path / "b.nq").write_text(f'<{ID}x/a> {title} "A" .\n')
    for name in "ab":
        freeze(tmp_path / f"{name}.nq", tmp_path / name, 1)
    old, new = (EmbeddedStore(tmp_path / name) for name in "ab")
    found = changes(tmp_path / "a.nq", tmp_path / "b.nq", old.reader(), new.reader())
    assert found == [{"change": "removed", "thing": f"{ID}x/b", "name": "B", "kind": "thing"}]


def _shapes() -> str:
    """SEMIC's shapes without the property shapes that they name and do not define."""
    quads = list(parse((SHAPES / "dcat-ap-SHACL.ttl").read_bytes(), RdfFormat.TURTLE))
    defined = {quad.subject for quad in quads if quad.predicate.value == f"{SH}path"}
    kept = [q.triple for q in quads if q.predicate.value != f"{SH}property" or q.object in defined]
    return (serialize(kept, format=RdfFormat.TURTLE) or b"").decode()


def test_dcat_conforms_to_the_shapes_of_semic(shelf: Shelf) -> None:
    each = shelf.get("2026.2")
    content = (each.folder / "dcat.ttl").read_bytes()
    triples = [quad.triple for quad in parse(content, RdfFormat.TURTLE)]
    found = PySHACL(_shapes())(serialize(triples, format=RdfFormat.N_TRIPLES) or b"")
    assert [one for one in found if one.severity is Severity.VIOLATION] == []
    assert content.count(b"spdx:checksumValue") == 10  # every file but the three that describe the release
    assert each.files[QUADS]["sha256"].encode() in content


def test_ro_crate_and_datacite_say_what_a_repository_asks(shelf: Shelf) -> None:
    each = shelf.get("2026.2")
    crate = {node["@id"]: node for node in each.document("ro-crate-metadata.json")["@graph"]}
    assert crate["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = crate["./"]
    assert (root["version"], root["datePublished"]) == ("2026.2", "2026-11-22T09:00:00Z")
    assert all(part["@id"] in crate and (each.folder / part["@id"]).is_file() for part in root["hasPart"])
    assert root["license"] == [{"@id": "https://creativecommons.org/licenses/by/4.0/"}]
    doi = each.document("datacite.json")
    for field in ("creators", "titles", "publisher", "publicationYear", "types", "url", "rightsList"):
        assert doi[field], field
    assert doi["version"] == "2026.2"
    assert doi["relatedIdentifiers"][-1]["relationType"] == "IsNewVersionOf"


def test_equal_data_gives_equal_bytes(copy: Path) -> None:
    done = run("release", "2026.3", "--store", copy)
    assert done.returncode == 0, done.stderr
    assert "since 2026.2: 0 added, 0 changed, 0 removed" in done.stdout
    refused = run("release", "2026.3", "--store", copy)
    assert refused.returncode == 3
    logged = [json.loads(line) for line in run("log", "--store", copy, "--format", "json").stdout.splitlines()]
    assert [(entry["what"], entry["detail"].get("name")) for entry in logged[-3:]] == [
        ("release", "2026.3"), ("release", "2026.3"), ("failed", None),
    ]  # fmt: skip
    shelf = Shelf(copy)
    made = shelf.get("2026.3")
    before = shelf.get("2026.2")
    for name in (QUADS, "data.ttl", "answers.json", "initiatives.csv", "codes.csv"):
        assert made.files[name]["sha256"] == before.files[name]["sha256"], name
    assert made.manifest["changes"] == {"added": 0, "changed": 0, "removed": 0, "examples": 0}


@pytest.mark.parametrize(
    "name", ["2026", "26.1", "2026.01", "2026.1.2.3", "../2026.9", "2026.9/..", "next", "", "2026.1\n"]
)
def test_a_malformed_name(folder: Path, shelf: Shelf, name: str) -> None:
    with pytest.raises(UsageError, match="no name of a release"):
        release.make(EmbeddedStore(folder), shelf, name, at=AT)
    assert shelf.names() == ["2026.1", "2026.2"]


def test_a_name_that_is_taken_or_too_early(folder: Path) -> None:
    taken = run("release", "2026.1", "--store", folder)
    assert (taken.returncode, taken.stdout) == (3, "")
    assert taken.stderr.startswith("iesi-kg: release 2026.1 is there already, and a release never changes\n")
    early = run("release", "2026.1.5", "--store", folder)
    assert "2026.1.5 would stand before 2026.2" in early.stderr


def test_an_empty_store_has_nothing_to_release(tmp_path: Path) -> None:
    store = EmbeddedStore.open(tmp_path / "store", create=True)
    with pytest.raises(UsageError, match="nothing to release"):
        release.make(store, Shelf(tmp_path / "store"), "2026.1", at=AT)
    assert run("release", "2026.1", "--store", tmp_path / "none").returncode == 3


def test_a_damaged_file_is_named(small: Path) -> None:
    shelf = Shelf(small)
    path = shelf.get("2026.1").folder / "codes.csv"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    checked = run("release", "--check", "--store", small)
    assert checked.returncode == 3
    assert "codes.csv of release 2026.1 is not the file that was released: its SHA-256 differs" in checked.stderr
    path.unlink()
    with pytest.raises(StoreDamaged, match=r"codes\.csv of release 2026\.1 is missing"):
        shelf.get("2026.1").check()
    assert run("release", "--check", "2026.2", "--store", small).returncode == 0


def test_a_release_whose_quads_are_damaged_is_not_opened(small: Path) -> None:
    shelf = Shelf(small)
    each = shelf.get("2026.1")
    with each.quads.open("ab") as file:
        file.write(b"<urn:a> <urn:b> <urn:c> .\n")
    with pytest.raises(StoreDamaged) as caught:
        shelf.opened(each)
    assert caught.value.members["file"] == QUADS
    with pytest.raises(IesiKgError):  # nor does it serve as the one before
        release.make(EmbeddedStore.open(small), Shelf(small), "2026.0", at=AT)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"release": "2026.9"}', None])
def test_a_damaged_manifest(small: Path, content: bytes | None) -> None:
    path = small / "releases" / "2026.1" / "manifest.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StoreDamaged, match=r"manifest\.json of release 2026\.1"):
        Shelf(small).get("2026.1")


def test_an_unknown_release_names_those_there_are(shelf: Shelf) -> None:
    for name in ("2026.9", "../../etc", ".open", ""):
        with pytest.raises(NotFound) as caught:
            shelf.get(name)
        assert caught.value.hint == "releases: 2026.1, 2026.2"


def test_a_full_disk_leaves_no_half_of_a_release(copy: Path) -> None:
    full = run("release", "2026.3", "--store", copy, limit="ulimit -f 2000")
    assert full.returncode == 3
    assert "no space left on the disk" in full.stderr
    assert Shelf(copy).names() == ["2026.1", "2026.2"]
    assert run("release", "--check", "2026.2", "--store", copy).returncode == 0


def test_a_replacement_that_was_cut_is_finished(small: Path) -> None:
    """Between the two renames of an erasure: the new state stands, the old one is gone for good."""
    releases = small / "releases"
    (releases / "2026.1").rename(releases / ".2026.1.old")
    (releases / "2026.2").rename(releases / ".2026.1.new")
    with Shelf(small).locked():
        pass
    assert json.loads((releases / "2026.1" / "manifest.json").read_bytes())["release"] == "2026.2"
    assert not (releases / ".2026.1.old").exists()
