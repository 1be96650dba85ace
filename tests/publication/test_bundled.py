"""The bundle enters a store in one commit, and only as its descriptions say."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyoxigraph import NamedNode

from iesi_kg.errors import IesiKgError
from iesi_kg.publication.bundled import Loaded, is_outdated, load_bundled
from iesi_kg.publication.workflow import publish, receive
from iesi_kg.records import SourceFile
from iesi_kg.store.embedded import EmbeddedStore
from submission_tables import GOOD, table

AT = datetime(2026, 11, 22, tzinfo=UTC)
FACTS = {
    "title": "Test data",
    "description": "One record.",
    "publisher": "iesi-kg project",
    "licence": "https://creativecommons.org/licenses/by/4.0/",
    "attribution": "iesi-kg project and others",
    "by": "iesi-kg project",
    "date": "2026-11-20",
    "derived_from": [
        {
            "title": "Other data",
            "publisher": "Others",
            "licence": "https://creativecommons.org/licenses/by/4.0/",
            "address": "https://example.org/data",
        }
    ],
    "expected": {"records": 1, "countries": 1, "lead_organisations": 1, "sources": 1, "with_outcome": 0},
}


@pytest.fixture
def bundle(bare_bundle: Path) -> Path:
    """A bundle with our ontology, shapes and queries, and data of its own."""
    return bare_bundle / "data" / "iesi"


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore.open(tmp_path / "store", create=True)


def put(folder: Path, name: str, content: bytes, **changed: object) -> None:
    (folder / f"{name}.csv").write_bytes(content)
    (folder / f"{name}.json").write_text(json.dumps(FACTS | changed), encoding="utf-8")


def test_everything_enters_in_one_commit_and_once(bundle: Path, store: EmbeddedStore) -> None:
    put(bundle, "a", table(GOOD))
    put(bundle, "b", table(GOOD | {"identifier": "b", "name": "B"}))
    assert load_bundled(store, at=AT).version == 1
    reader = store.reader()
    graphs = {str(quad.graph_name) for quad in reader.quads()}
    assert {"<https://w3id.org/iesi-kg/graph/ontology>", "<https://w3id.org/iesi-kg/graph/codes>"} < graphs
    # default, ontology, codes, codings, alignments, statistics, inference, description, provenance, two submissions
    assert len(graphs) == 11
    before = {*reader.quads()}
    assert load_bundled(store, at=AT).version == 1
    assert {*store.reader().quads()} == before


def test_licence_and_attribution_stand_on_the_graph(bundle: Path, store: EmbeddedStore) -> None:
    put(bundle, "a", table(GOOD))
    load_bundled(store, at=AT)
    (row,) = store.reader().select(
        """
        PREFIX dct: <http://purl.org/dc/terms/> PREFIX foaf: <http://xmlns.com/foaf/0.1/>
        PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX cc: <http://creativecommons.org/ns#>
        SELECT * WHERE { GRAPH <https://w3id.org/iesi-kg/graph/provenance> {
          ?graph dct:license ?licence ; dct:publisher/foaf:name ?publisher ; cc:attributionName ?attribution ;
            dct:source ?source ; prov:generatedAtTime ?at .
          ?source dct:license ?sourceLicence ; dct:publisher/foaf:name ?sourcePublisher } }"""
    )
    told = {key: value.value for key, value in row.items()}  # type: ignore[union-attr]
    assert told.pop("graph").startswith("https://w3id.org/iesi-kg/graph/submission/2026-11-20-")
    assert told == {
        "licence": "https://creativecommons.org/licenses/by/4.0/",
        "publisher": "iesi-kg project",
        "attribution": "iesi-kg project and others",
        "source": "https://example.org/data",
        "at": "2026-11-20T00:00:00Z",
        "sourceLicence": "https://creativecommons.org/licenses/by/4.0/",
        "sourcePublisher": "Others",
    }


def test_a_new_edition_of_a_file_replaces_its_records(bundle: Path, store: EmbeddedStore) -> None:
    put(bundle, "a", table(GOOD))
    load_bundled(store, at=AT)
    put(bundle, "a", table(GOOD | {"name": "Vincles"}))
    assert load_bundled(store, at=AT).version == 2
    rows = store.reader().select(
        "SELECT ?title WHERE { ?subject <http://purl.org/dc/terms/title> ?title }",
    )
    titles = {row["title"].value for row in rows}  # type: ignore[union-attr]
    assert "Vincles" in titles
    assert "Vincles BCN" not in titles


def titles(store: EmbeddedStore) -> set[str]:
    query = """PREFIX dct: <http://purl.org/dc/terms/> PREFIX iesi: <https://w3id.org/iesi-kg/ontology#>
        SELECT ?title WHERE { ?subject a iesi:Initiative ; dct:title ?title }"""
    return {row["title"].value for row in store.reader().select(query)}  # type: ignore[union-attr]


def test_a_store_knows_which_bundle_filled_it(bundle: Path, store: EmbeddedStore) -> None:
    put(bundle, "a", table(GOOD))
    assert not is_outdated(store.reader())
    load_bundled(store, at=AT)
    assert not is_outdated(store.reader())
    put(bundle, "b", table(GOOD | {"identifier": "b", "name": "B"}))
    assert is_outdated(store.reader())
    assert load_bundled(store, at=AT) == Loaded(2)
    assert not is_outdated(store.reader())
    assert titles(store) == {"Vincles BCN", "B"}


def test_a_store_that_no_bundle_filled_is_never_outdated(store: EmbeddedStore) -> None:
    publish(store, receive(SourceFile("own.csv", table(GOOD))), by="A steward", at=AT)
    assert not is_outdated(store.reader())


def test_a_new_edition_does_not_undo_what_a_steward_published_since(bundle: Path, store: EmbeddedStore) -> None:
    put(bundle, "a", table(GOOD))
    put(bundle, "b", table(GOOD | {"identifier": "b", "name": "B"}))
    load_bundled(store, at=AT)
    renewed = receive(SourceFile("own.csv", table(GOOD | {"name": "Vincles of the steward"})))
    publish(store, renewed, by="A steward", at=AT)
    put(bundle, "a", table(GOOD | {"name": "Vincles of the project"}))
    put(bundle, "b", table(GOOD | {"identifier": "b", "name": "B, mended"}))
    assert load_bundled(store, at=AT) == Loaded(3, ("data/iesi/a.csv",))
    assert titles(store) == {"Vincles of the steward", "B, mended"}
    assert load_bundled(store, at=AT) == Loaded(3, ("data/iesi/a.csv",))


def test_an_older_bundle_s_code_lists_give_way(bundle: Path, store: EmbeddedStore, root: Path) -> None:
    lists = bundle.parent.parent / "ontology"
    lists.unlink()
    shutil.copytree(root / "ontology", lists)
    status = lists / "codelists" / "status.ttl"
    newest = status.read_text("utf-8")
    status.write_text(newest.replace('"planned"@en', '"intended"@en'), encoding="utf-8")
    load_bundled(store, at=AT)
    status.write_text(newest, encoding="utf-8")
    assert is_outdated(store.reader())
    load_bundled(store, at=AT)
    labels = {
        (str(quad.graph_name), quad.object.value)  # type: ignore[union-attr]
        for quad in store.reader().quads(
            NamedNode("https://w3id.org/iesi-kg/codes/status/planned"),
            NamedNode("http://www.w3.org/2004/02/skos/core#prefLabel"),
        )
        if quad.object.language == "en"  # type: ignore[union-attr]
    }
    assert labels == {("DEFAULT", "planned"), ("<https://w3id.org/iesi-kg/graph/codes>", "planned")}


@pytest.mark.parametrize(
    ("content", "changed", "words"),
    [
        (
            table(GOOD),
            {"expected": {"records": 2, "with_outcome": 0, "sources": 3}},
            "data/iesi/a.csv does not hold what the description beside it expects: records 1 instead of 2, sources 1 "
            "instead of 3",
        ),
        (
            table(GOOD | {"country": "Frence"}),
            {},
            "data/iesi/a.csv has 1 violations; the first is in row 2, column country",
        ),
    ],
)
def test_a_file_that_is_not_as_described_enters_nothing(
    bundle: Path, store: EmbeddedStore, content: bytes, changed: dict[str, object], words: str
) -> None:
    put(bundle, "a", content, **changed)
    with pytest.raises(IesiKgError) as caught:
        load_bundled(store, at=AT)
    assert words in caught.value.detail
    assert list(store.reader().quads()) == []


def test_two_files_may_not_describe_one_record(bundle: Path, store: EmbeddedStore) -> None:
    put(bundle, "a", table(GOOD))
    put(bundle, "b", table(GOOD | {"note": "again"}))
    with pytest.raises(IesiKgError, match=r"b\.csv and data/iesi/a\.csv both describe .*initiative/vincles"):
        load_bundled(store, at=AT)


def test_the_curated_data_of_this_checkout(store: EmbeddedStore) -> None:
    assert load_bundled(store, at=AT).version == 1
    blank = [quad for quad in store.reader().quads() if not isinstance(quad.subject, NamedNode)]
    assert blank == []
