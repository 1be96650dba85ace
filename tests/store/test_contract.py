"""The contract of store/base.py on the embedded store: what is written is read, by version, all or nothing."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Triple
from store_quads import iri, quad

from iesi_kg.errors import NotAcceptable, QueryError, QuerySyntaxError, StoreBusy, StoreError, UsageError
from iesi_kg.records import Form
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.changes import in_steps
from iesi_kg.store.embedded import EmbeddedStore

COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"


def commit(store: EmbeddedStore, *add: Quad, remove: tuple[Quad, ...] = ()) -> int:
    with store.writer() as writer:
        return writer.commit(ChangeSet("test", add, remove))


def test_a_new_store_is_version_0_and_empty(store: EmbeddedStore) -> None:
    assert store.current().number == 0
    assert store.current().triples == 0
    assert list(store.reader().quads()) == []


def test_what_is_committed_is_read_and_counted(store: EmbeddedStore) -> None:
    assert commit(store, quad("a", "1"), quad("b", "2", "g")) == 1
    reader = store.reader()
    assert reader.version == 1
    assert set(reader.quads()) == {quad("a", "1"), quad("b", "2", "g")}
    assert list(reader.quads(graph=DefaultGraph())) == [quad("a", "1")]
    assert list(reader.quads(subject=iri("b"))) == [quad("b", "2", "g")]
    assert store.current().triples == 2


def test_quads_leave_before_quads_enter(store: EmbeddedStore) -> None:
    commit(store, quad("a", "1"), quad("b", "2", "g"))
    commit(store, quad("a", "1"), quad("c", "3"), remove=(quad("a", "1"), quad("b", "2", "g"), quad("never", "0")))
    assert set(store.reader().quads()) == {quad("a", "1"), quad("c", "3")}
    assert store.current().triples == 2


def test_awkward_terms_survive_removal_in_the_same_change(store: EmbeddedStore) -> None:
    text = Literal('quote " backslash \\ newline \n tab \t null-ish \\u0000 é 漢 \U0001f642')
    awkward = [
        Quad(iri("a"), iri("p"), text, iri("g")),
        Quad(iri("a"), iri("p"), Literal("مرحبا", language="ar")),
        Quad(iri("a"), iri("p"), Literal("1990", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#gYear"))),
        Quad(iri("a"), iri("p"), Triple(iri("s"), iri("p"), Literal("o"))),
        Quad(NamedNode("http://example.org/%7Eü?q='x'&y=(1)"), iri("p"), iri("b")),
    ]
    commit(store, quad("gone", "1"), *awkward)
    commit(store, quad("new", "1"), remove=(quad("gone", "1"), *awkward))
    assert list(store.reader().quads()) == [quad("new", "1")]
    commit(store, *awkward, remove=(quad("new", "1"),))
    assert set(store.reader().quads()) == set(awkward)


def test_a_reader_opened_before_a_commit_keeps_its_version_however_many_follow(store: EmbeddedStore) -> None:
    commit(store, quad("a", "1"))
    early = EmbeddedStore(store.layout.root).reader()
    for number in range(8):
        commit(store, quad("b", str(number)))
    assert early.version == 1
    assert list(early.quads()) == [quad("a", "1")]
    assert early.select(COUNT)[0]["n"] == Literal(1)
    assert store.reader().version == 9
    assert early.version in store.layout.numbers()
    del early
    commit(store, quad("c", "1"))
    assert store.layout.numbers() == [8, 9, 10]


def test_the_writer_sees_its_own_commits_before_others_do(store: EmbeddedStore) -> None:
    with store.writer() as writer:
        writer.commit(ChangeSet("published at once", [quad("a", "1")]))
        writer.commit(ChangeSet("within the same second", [quad("b", "2")]))
        assert writer.reader.version == 2
        assert len(list(writer.reader.quads())) == 2
        assert store.reader().version == 1
    assert store.reader().version == 2


def test_what_was_committed_is_published_when_the_block_fails_later(store: EmbeddedStore) -> None:
    with pytest.raises(KeyError), store.writer() as writer:
        writer.commit(ChangeSet("one", [quad("a", "1")]))
        writer.commit(ChangeSet("two", [quad("b", "2")]))
        raise KeyError("later trouble")
    assert store.reader().version == 2


def test_a_reader_of_the_writer_ends_with_it(store: EmbeddedStore) -> None:
    with store.writer() as writer:
        reader = writer.reader
    with pytest.raises(StoreError, match="has ended"):
        list(reader.quads())
    assert commit(store, quad("a", "1")) == 1


def test_a_large_change_takes_the_bulk_way(store: EmbeddedStore) -> None:
    commit(store, quad("old", "0"), quad("kept", "0"))
    quads = [quad(f"s{i}", str(i), "g") for i in range(50_001)]
    commit(store, *quads, quad("kept", "0"), remove=(quad("old", "0"), quad("kept", "0")))
    reader = store.reader()
    assert store.current().triples == 50_002
    assert [q.subject for q in reader.quads(graph=DefaultGraph())] == [iri("kept")]
    commit(store, remove=tuple(quads))
    assert store.current().triples == 1


def test_blank_nodes_are_refused_and_nothing_changes(store: EmbeddedStore) -> None:
    with store.writer() as writer, pytest.raises(UsageError, match="blank node"):
        writer.commit(ChangeSet("bad", [quad("a", "1"), Quad(BlankNode(), iri("p"), iri("o"))]))
    assert store.current().number == 0


def test_select_substitutes_and_leaves_unbound_variables_out(store: EmbeddedStore) -> None:
    commit(store, quad("a", "1"), quad("b", "2"))
    rows = store.reader().select(
        "SELECT ?s ?v ?none WHERE { ?s ?p ?v OPTIONAL { ?s <http://example.org/none> ?none } }", {"s": iri("a")}
    )
    assert [row["v"] for row in rows] == [Literal("1")]
    assert "none" not in rows[0]


def test_construct_has_no_duplicates(store: EmbeddedStore) -> None:
    commit(store, quad("a", "1"), quad("b", "2"))
    triples = store.reader().construct("CONSTRUCT { <http://example.org/x> a <http://example.org/y> } { ?s ?p ?o }")
    assert len(triples) == 1


@pytest.mark.parametrize(
    ("query", "media_type", "form", "body"),
    [
        ("ASK {}", "application/sparql-results+json", Form.BOOLEAN, b'{"head":{},"boolean":true}'),
        ("SELECT ?o {?s ?p ?o}", "text/csv; charset=utf-8", Form.SOLUTIONS, b"o\r\n1\r\n"),
        (
            "CONSTRUCT WHERE {?s ?p ?o}",
            "application/n-triples",
            Form.GRAPH,
            b'<http://example.org/a> <http://example.org/p> "1" .\n',
        ),
    ],
)
def test_answers_are_serialised(store: EmbeddedStore, query: str, media_type: str, form: Form, body: bytes) -> None:
    commit(store, quad("a", "1"))
    answer = store.reader().answer(query, media_type)
    assert (answer.form, answer.media_type, answer.body, answer.version) == (form, media_type, body, 1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", b"1"),
        ("SELECT (COUNT(*) AS ?n) FROM <http://example.org/g> { ?s ?p ?o }", b"2"),
        ("SELECT (COUNT(*) AS ?n) FROM <http://example.org/g> FROM <http://example.org/h> { ?s ?p ?o }", b"3"),
        ("PREFIX e: <http://example.org/> SELECT (COUNT(*) AS ?n) FROM e:g from e:h # FROM e:x\n{ ?s ?p ?o }", b"3"),
        ("BASE <http://example.org/x> SELECT (COUNT(*) AS ?n) FROM <g> FROM <h> { ?s ?p ?o }", b"3"),
        (
            "SELECT (COUNT(*) AS ?n) FROM <http://example.org/g> FROM <http://example.org/h> "
            "FROM NAMED <http://example.org/h> { GRAPH ?g { ?s ?p ?o } }",
            b"2",
        ),
    ],
)
def test_several_default_graphs_are_merged_not_counted_twice(store: EmbeddedStore, query: str, expected: bytes) -> None:
    """g holds a, b; h holds b, c: the merge has 3 triples, the default graph of the store 1 of its own."""
    commit(store, quad("d", "1"), quad("a", "1", "g"), quad("b", "1", "g"), quad("b", "1", "h"), quad("c", "1", "h"))
    assert store.reader().answer(query, "text/csv").body.split() == [b"n", expected]


def test_the_dataset_of_the_protocol_wins_over_the_one_of_the_query(store: EmbeddedStore) -> None:
    commit(store, quad("d", "1"), quad("a", "1", "g"), quad("b", "1", "g"), quad("b", "1", "h"), quad("c", "1", "h"))
    g, h = "http://example.org/g", "http://example.org/h"
    reader = store.reader()

    def count(query: str, default: tuple[str, ...], named: tuple[str, ...]) -> int:
        answer = reader.answer(query, "text/csv", default_graphs=default, named_graphs=named)
        return int(answer.body.split()[1])

    assert count(COUNT, (g,), ()) == 2
    assert count(COUNT, (g, h), ()) == 3
    assert count(COUNT, (), (g,)) == 0
    assert count(f"SELECT (COUNT(*) AS ?n) FROM <{h}> {{ ?s ?p ?o }}", (g, h), ()) == 3
    assert count("SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }", (g,), ()) == 0
    assert count("SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }", (g, h), (h,)) == 2


def test_errors_of_queries_say_where(store: EmbeddedStore) -> None:
    reader = store.reader()
    with pytest.raises(QuerySyntaxError) as caught:
        reader.answer("SELECT *\nWHERE { ?s ?p", "text/csv")
    assert caught.value.members == {"line": 2, "column": 14}
    with pytest.raises(QuerySyntaxError, match="does not declare"):
        reader.select("SELECT * { ?s a undeclared:x }")
    with pytest.raises(NotAcceptable):
        reader.answer("ASK {}", "text/turtle")
    with pytest.raises(NotAcceptable):
        reader.answer("CONSTRUCT WHERE {?s ?p ?o}", "text/csv")
    with pytest.raises(UsageError):
        reader.answer("ASK {}", "text/csv", default_graphs=["not an IRI"])
    with pytest.raises(UsageError):
        reader.select("ASK {}")
    with pytest.raises(UsageError):
        reader.construct("ASK {}")
    with pytest.raises(QueryError):
        reader.answer("ASK { SERVICE <file:///etc/passwd> { ?s ?p ?o } }", "text/csv")


def test_a_second_writer_waits_and_is_told_who_holds_the_store(store: EmbeddedStore) -> None:
    impatient = EmbeddedStore(store.layout.root, lock_timeout=0.2)
    with store.writer(), pytest.raises(StoreBusy) as caught, impatient.writer():
        pytest.fail("two writers at once")
    assert caught.value.members == {"holder": os.getpid()}
    assert str(os.getpid()) in caught.value.detail


def test_writers_that_wait_all_get_their_turn(store: EmbeddedStore) -> None:
    def work(name: str) -> None:
        other = EmbeddedStore(store.layout.root, lock_timeout=20)
        for number in range(3):
            commit(other, quad(name, str(number)))

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.reader().version == 12
    assert len(list(store.reader().quads())) == 12


def test_a_folder_without_a_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store at") as caught:
        EmbeddedStore.open(tmp_path / "nothing")
    assert caught.value.hint
    with pytest.raises(StoreError, match="there is no store at"):
        EmbeddedStore(tmp_path / "nothing").reader()
    assert not (tmp_path / "nothing").exists()


def test_a_change_of_several_transactions_is_known_as_one() -> None:
    """A failure between them leaves a part behind, so the store is made anew then."""
    plain, blank = quad("a", "1"), Quad(BlankNode("b"), iri("p"), Literal("1"), DefaultGraph())
    assert not in_steps(ChangeSet("one update", [plain], [plain]))
    assert not in_steps(ChangeSet("one insertion", [blank]))
    assert in_steps(ChangeSet("removal, then insertion", [blank], [plain]))
    assert in_steps(ChangeSet("removal of a blank node", [], [blank]))
