"""The contract of store/base.py on every place a store can stand: the same is written, read, refused and survived."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from contract_ground import Ground
from contract_quads import after_kill, before_kill, commit, iri, quad, quads, typed
from forgetful import Forgetful
from pyoxigraph import DefaultGraph, Literal, Quad, RdfFormat, parse

from iesi_kg.analysis.examples import competency
from iesi_kg.errors import (
    BackendAlters,
    BackendLost,
    BackendRefused,
    BackendUnreachable,
    QuerySyntaxError,
    StoreBusy,
    StoreDamaged,
    StoreError,
    TwoWriters,
    UsageError,
    VersionPassed,
)
from iesi_kg.publication import erasure, graphs, merging, release
from iesi_kg.publication.provenance import Occasion
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.publication.withdrawal import withdrawn
from iesi_kg.publication.workflow import publish, receive
from iesi_kg.records import Form, SourceFile
from iesi_kg.store import opening
from iesi_kg.store.base import ChangeSet, Store, VersionedStore
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.remote import fetching, sending
from iesi_kg.vocabulary import iris
from submission_tables import GOOD, table

COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
FOUR = [quad("a", "p", "1"), quad("a", "q", iri("b")), quad("a", "p", "1", "g"), quad("c", "q", iri("b"), "h")]


def test_a_new_store_is_version_0_and_empty(ground: Ground) -> None:
    store = ground.open()
    assert (store.current().number, store.current().triples, quads(store)) == (0, 0, set())


def test_quads_are_read_by_every_pattern(ground: Ground) -> None:
    store = ground.open()
    assert commit(store, *FOUR) == 1
    reader = store.reader()
    assert reader.version == 1
    assert store.current().triples == 4
    assert set(reader.quads()) == set(FOUR)
    assert set(reader.quads(iri("a"))) == set(FOUR[:3])
    assert set(reader.quads(iri("a"), iri("p"))) == {FOUR[0], FOUR[2]}
    assert set(reader.quads(iri("a"), graph=DefaultGraph())) == set(FOUR[:2])
    assert set(reader.quads(predicate=iri("q"))) == {FOUR[1], FOUR[3]}
    assert set(reader.quads(object=iri("b"))) == {FOUR[1], FOUR[3]}
    assert set(reader.quads(object=Literal("1"), graph=iri("g"))) == {FOUR[2]}
    assert set(reader.quads(iri("c"), iri("q"), iri("b"), iri("h"))) == {FOUR[3]}
    assert list(reader.quads(iri("c"), graph=DefaultGraph())) == []


def test_queries_see_the_default_graph_and_the_named_graphs_of_the_store(ground: Ground) -> None:
    store = ground.open()
    commit(store, *FOUR)
    reader = store.reader()
    (row,) = reader.select(COUNT)
    assert row["n"] == Literal(2)
    named = reader.select("SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g")
    assert [row["g"] for row in named] == [iri("g"), iri("h")]
    assert reader.select(f"SELECT ?s WHERE {{ GRAPH {iri('h')} {{ ?s ?p {iri('b')} }} }}") == [{"s": iri("c")}]
    (row,) = reader.select("SELECT ?thing (COUNT(*) AS ?n) { ?s ?p ?thing } GROUP BY ?thing", {"thing": iri("b")})
    assert row == {"thing": iri("b"), "n": Literal(1)}
    made = reader.construct(f"CONSTRUCT {{ ?o {iri('r')} ?s }} WHERE {{ ?s {iri('q')} ?o }}")
    assert made == [quad("b", "r", iri("a")).triple]


def test_answers_are_serialised_alike(ground: Ground) -> None:
    store = ground.open()
    commit(store, *FOUR, quad("d", "p", typed("true", "boolean")))
    reader = store.reader()
    table = reader.answer(f"SELECT ?s ?o {{ ?s {iri('p')} ?o }} ORDER BY ?s", "text/csv")
    assert (table.form, table.version) == (Form.SOLUTIONS, 1)
    assert table.body == b"s,o\r\nhttp://example.org/a,1\r\nhttp://example.org/d,true\r\n"
    truth = reader.answer(f"ASK {{ {iri('a')} ?p ?o }}", "application/sparql-results+json")
    assert (truth.form, b"true" in truth.body) == (Form.BOOLEAN, True)
    graph = reader.answer(f"DESCRIBE {iri('d')}", "text/turtle")
    assert graph.form is Form.GRAPH
    assert [found.triple for found in parse(io.BytesIO(graph.body), RdfFormat.TURTLE)] == [
        quad("d", "p", typed("true", "boolean")).triple
    ]
    other = reader.answer(COUNT, "text/csv", default_graphs=[iri("h").value])
    assert other.body == b"n\r\n1\r\n"


def test_a_change_counts_what_it_changes(ground: Ground) -> None:
    store = ground.open()
    commit(store, *FOUR)
    assert commit(store, FOUR[0], quad("e", "p", "2"), remove=(FOUR[1], quad("never", "p", "1"))) == 2
    assert quads(store) == {FOUR[0], FOUR[2], FOUR[3], quad("e", "p", "2")}
    assert store.current().triples == 4
    with store.writer() as writer:
        assert writer.commit(ChangeSet("ends", drop=[iri("h")], create=[iri("empty")])) == 3
        assert set(writer.reader.quads(graph=iri("h"))) == set()
    assert store.current().triples == 3
    assert store.reader().select("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }") == [{"g": iri("g")}]
    store.verify()


def test_literals_come_back_as_a_folder_keeps_them(ground: Ground, tmp_path: Path) -> None:
    values = [typed("-05", "integer"), typed("5.50", "decimal"), typed("1.0e3", "double"), typed("1", "boolean")]
    values += [typed("2026-11-23T10:00:00+00:00", "dateTime"), typed("2026-11-23", "date"), typed("2026", "gYear")]
    values += [typed("http://example.org/x", "anyURI"), Literal("Grüße", language="de-AT"), Literal("")]
    values += [Literal('a "quoted"\n\ttext \\ with 😀 and \u0301'), Literal("  spaces  "), Literal("1")]
    change = [quad("v", f"p{place}", value) for place, value in enumerate(values)]
    folder = EmbeddedStore.open(tmp_path / "folder", create=True)
    commit(folder, *change)
    store = ground.open()
    commit(store, *change)
    assert quads(store) == quads(folder)
    commit(store, remove=tuple(change))
    assert quads(store) == set()


@pytest.mark.parametrize("value", [typed("12345678901234567890", "integer"), typed("P1D", "duration")])
def test_a_value_that_a_server_would_change_is_refused_whole(ground: Ground, value: Literal) -> None:
    store = ground.open()
    commit(store, *FOUR)
    if ground.name != "virtuoso":
        commit(store, quad("v", "p", value))
        assert quad("v", "p", value) in quads(store)
        return
    with pytest.raises(BackendAlters) as refused:
        commit(store, quad("v", "p", value), quad("v", "p", "good"), remove=(FOUR[0],))
    assert str(value) in refused.value.detail
    assert quads(store) == set(FOUR)
    assert commit(store, quad("v", "p", "good")) == 2


def test_a_reader_stays_on_its_version(ground: Ground) -> None:
    store = ground.open(keep_versions=5)
    commit(store, *FOUR)
    before = store.reader()
    commit(store, quad("e", "p", "2"), remove=(FOUR[0],))
    commit(store, FOUR[0], remove=(FOUR[1], quad("e", "p", "2")))
    assert before.version == 1
    assert set(before.quads()) == set(FOUR)
    assert set(before.quads(predicate=iri("q"))) == {FOUR[1], FOUR[3]}
    if ground.remote:
        with pytest.raises(VersionPassed, match="version 1 was replaced"):
            before.select(COUNT)
    else:
        assert before.select(COUNT)[0]["n"] == Literal(2)
    assert store.reader().select(COUNT)[0]["n"] == Literal(1)


@pytest.mark.on("oxigraph", "virtuoso", "iesi-kg")
def test_a_version_that_nobody_remembers_is_refused_not_guessed(ground: Ground, tmp_path: Path) -> None:
    store = ground.open()
    commit(store, *FOUR)
    before = ground.open(state=tmp_path / "elsewhere").reader()
    commit(store, quad("e", "p", "2"))
    with pytest.raises(VersionPassed):
        list(before.quads())


def test_a_large_change_is_made_in_bounded_parts(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PART_QUADS", 500)
    monkeypatch.setattr(fetching, "PAGE", 900)
    store = ground.open()
    commit(store, *FOUR)
    many = {quad(f"s{n // 4}", f"p{n % 2}", f"value {n}", "" if n % 3 else "many") for n in range(3_000)}
    assert commit(store, *many, remove=(FOUR[0],)) == 2
    assert quads(store) == many | set(FOUR[1:])
    assert store.current().triples == 3_003
    with store.writer() as writer:
        assert writer.commit(ChangeSet("all of it", remove=[*many], drop=[iri("h")])) == 3
    assert quads(store) == set(FOUR[1:3])


def test_one_machine_has_one_writer(ground: Ground) -> None:
    store, other = ground.open(lock_seconds=0.2), ground.open(lock_seconds=0.2)
    with store.writer(), pytest.raises(StoreBusy, match=f"process {os.getpid()} is writing"), other.writer():
        pass


@pytest.mark.on("oxigraph", "virtuoso", "iesi-kg")
def test_two_machines_that_write_at_once_are_told(ground: Ground, tmp_path: Path) -> None:
    store, other = ground.open(), ground.open(state=tmp_path / "other machine")
    with store.writer() as writer:
        commit(other, quad("other", "p", "1"))
        with pytest.raises(TwoWriters, match="another machine"):
            writer.commit(ChangeSet("late", [quad("late", "p", "1")]))
    assert quads(store) == {quad("other", "p", "1")}
    assert commit(store, quad("next", "p", "1")) == 2


@pytest.mark.on("oxigraph", "virtuoso", "iesi-kg")
def test_a_state_folder_belongs_to_one_store(ground: Ground, oxigraph: object) -> None:
    ground.open()
    name = Path(ground.settings.state) / "server" / "store.json"
    name.write_text('{"store": "another", "address": "http://old.example"}', "utf-8")
    with pytest.raises(StoreDamaged, match=r"belongs to another store, which stood at http://old\.example"):
        ground.open()


@pytest.mark.on("oxigraph", "virtuoso", "iesi-kg")
def test_errors_are_ours(ground: Ground) -> None:
    with pytest.raises(StoreError, match=r"there is no store of ours at http://127\.0"):
        opening.open_store(ground.settings)
    reader = ground.open().reader()
    with pytest.raises(QuerySyntaxError):
        reader.select("SELECT * WHERE { ?s ?p }")
    with pytest.raises(UsageError, match="takes a SELECT query"):
        reader.select("ASK {}")
    nobody = replace(ground.settings, store="sparql+http://127.0.0.1:1?profile=oxigraph")
    with pytest.raises(BackendUnreachable):
        opening.open_store(nobody)


@pytest.mark.on("virtuoso")
def test_wrong_credentials_change_nothing(ground: Ground) -> None:
    store = ground.open()
    commit(store, *FOUR)
    wrong = opening.open_store(replace(ground.settings, store_password="wr0ng"))
    with pytest.raises(BackendRefused) as refused:
        commit(wrong, quad("e", "p", "1"))
    assert "wr0ng" not in f"{refused.value} {refused.value.hint} {refused.value.members}"
    assert (quads(store), store.current().number) == (set(FOUR), 1)
    assert commit(store, quad("e", "p", "1")) == 2


@pytest.mark.on("oxigraph", "virtuoso")
def test_what_others_took_away_is_found(ground: Ground) -> None:
    store = ground.open()
    commit(store, *FOUR)
    store.verify()
    graph = iri("g")
    store.client.update(f"CLEAR GRAPH {graph}")  # type: ignore[attr-defined]
    with pytest.raises(StoreDamaged, match="holds 3 quads, and 4 were written"):
        store.verify()


@pytest.mark.on("oxigraph")
def test_a_change_that_the_server_lost_is_not_acknowledged(ground: Ground) -> None:
    behind = str(ground.settings.store).removeprefix("sparql+").partition("?")[0]
    with Forgetful(behind) as server:
        store = opening.open_store(replace(ground.settings, store=server.address), create=True)
        commit(store, *FOUR)
        server.forgets = True
        with pytest.raises(BackendLost, match="acknowledged version 2 and does not have it"):
            commit(store, quad("e", "p", "1"))
        server.forgets = False
        assert (quads(store), store.current().number) == (set(FOUR), 1)
        assert commit(store, quad("e", "p", "1")) == 2
        store.close()


def die(ground: Ground, turn: int, when: str) -> int:
    """Let a writer die at a request; 0 where it has fewer."""
    given = ground.settings
    arguments = [str(given.store), given.store_user, given.store_password, str(given.state), str(turn), when]
    script = Path(__file__).with_name("killed_writer.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, str(script), *arguments], capture_output=True, env=environment, timeout=120)
    assert done.returncode == -signal.SIGKILL or b"fewer requests" in done.stderr, done.stderr
    return done.returncode


def survives(ground: Ground, turn: int, when: str) -> bool:
    """A writer is killed; what it had begun is whole for everybody afterwards. False where it was not killed."""
    store = ground.open()
    commit(store, *before_kill())
    if die(ground, turn, when) == 1:
        return False
    assert quads(ground.open()) == {quad("stays", "p", "1"), *after_kill().add}
    assert store.current().number == 2
    assert store.current().triples == 41
    store.verify()
    assert commit(store, quad("next", "p", "1")) == 3
    return True


@pytest.mark.on("oxigraph", "virtuoso", "iesi-kg")
def test_a_writer_killed_after_its_first_request_is_finished(ground: Ground) -> None:
    assert survives(ground, 1, "after")


@pytest.mark.on("virtuoso")
def test_a_change_that_is_half_made_is_seen_by_nobody(ground: Ground, tmp_path: Path) -> None:
    store = ground.open()
    commit(store, *before_kill())
    reader = store.reader()
    assert die(ground, 3, "after") == -signal.SIGKILL
    assert set(reader.quads()) == set(before_kill())  # it knows what was begun, and takes it back for itself
    with pytest.raises(VersionPassed):
        reader.select(COUNT)
    with pytest.raises(StoreBusy, match="is being made"):  # another machine cannot finish it
        ground.open(state=tmp_path / "other machine", lock_seconds=0.1).reader()
    assert quads(store) == {quad("stays", "p", "1"), *after_kill().add}


@pytest.mark.long
@pytest.mark.on("oxigraph", "virtuoso", "iesi-kg")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("turn", range(1, 8))
def test_a_writer_killed_at_any_request_is_finished(ground: Ground, turn: int, when: str) -> None:
    assert survives(ground, turn, when) or turn > (1 if ground.atomic else 6)


AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def submit(store: Store, name: str, **cells: str) -> None:
    source = SourceFile(f"{name}.csv", table(GOOD | {"identifier": name, "name": name} | cells))
    publish(store, receive(source), by="a steward", at=AT)


def walk(store: VersionedStore, shelf: Shelf) -> list[set[Quad]]:
    """What stands after each step: two files, one of them again, a withdrawal, a merge, a release, an erasure."""
    steps = []
    for name, cells in (("one", {}), ("two", {"country": "FR"}), ("one", {"start_year": "2014"})):
        submit(store, name, **cells)
        steps.append(set(store.reader().quads()))
    with store.writer() as writer:
        (graph,) = graphs.sources(writer.reader, [iris.initiative("two")])
        writer.commit(withdrawn(writer.reader, graph, "a mistake", "2026-11-23T10:00:00Z"))
    steps.append(set(store.reader().quads()))
    submit(store, "three", country="IT")
    merging.merge(store, iris.initiative("three"), iris.initiative("one"), Occasion("a steward", AT, reason="the same"))
    steps.append(set(store.reader().quads()))
    release.make(store, shelf, "2026.1", at=AT)
    erasure.erase(store, shelf, erasure.Order(iris.initiative("one"), "asked for", AT))
    steps.append(set(store.reader().quads()))
    return steps


@pytest.mark.on("oxigraph", "virtuoso", "iesi-kg")
def test_the_walk_of_a_submission_ends_alike(ground: Ground, tmp_path: Path) -> None:
    folder = EmbeddedStore.open(tmp_path / "folder", create=True)
    expected = walk(folder, Shelf(tmp_path / "folder"))
    shelf = Shelf(tmp_path / "shelf")
    store = ground.open()
    assert walk(store, shelf) == expected
    assert store.current().number == folder.current().number
    made, theirs = shelf.get("2026.1"), Shelf(tmp_path / "folder").get("2026.1")
    assert made.quads.read_bytes() == theirs.quads.read_bytes()


def asked_of_the_bundle(ground: Ground, folder: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The answers to all competency questions there, and those of the folder."""
    expected = EmbeddedStore(folder).reader()
    store = ground.open()
    with store.writer() as writer:
        writer.commit(ChangeSet("the bundle", add=[*expected.quads()]))
    readers, questions = (store.reader(), expected), [*competency()]
    assert len(questions) == 42
    there, here = ({each.slug: reader.answer(each.query, "text/csv").body for each in questions} for reader in readers)
    return there, here


@pytest.mark.on("oxigraph", "virtuoso")
def test_the_competency_questions_are_answered_alike(ground: Ground, bundled_store: Path) -> None:
    there, here = asked_of_the_bundle(ground, bundled_store)
    assert there == here


@pytest.mark.long
@pytest.mark.on("iesi-kg")
def test_our_own_server_answers_them_alike(ground: Ground, bundled_store: Path) -> None:
    there, here = asked_of_the_bundle(ground, bundled_store)
    assert there == here
