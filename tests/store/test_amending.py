"""What an amendment would change, found out on a store that is afterwards as it was; and changes with blank nodes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import BlankNode, NamedNode, Quad, RdfFormat, Store

from iesi_kg.errors import NotFound, UnreadableFile, UpdateFailed, UsageError
from iesi_kg.store.amending import Amended, Amendment, Operation, amend
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.journal import decode, encode

S, P, G = NamedNode("urn:s"), NamedNode("urn:p"), NamedNode("urn:g")
DATA = "<urn:a> <urn:p> 1 , 2 . <urn:g> { <urn:a> <urn:p> _:b . _:b <urn:q> 01 . }"


@pytest.fixture
def store() -> Store:
    made = Store()
    made.load(DATA, RdfFormat.TRIG)
    made.add_graph(NamedNode("urn:empty"))
    return made


def state(store: Store) -> tuple[set[Quad], set[object]]:
    return set(store), set(store.named_graphs())


@pytest.mark.parametrize(
    "operations",
    [
        [Operation("DELETE WHERE { ?s ?p ?o }")],
        [Operation("DROP ALL")],
        [Operation("MOVE <urn:g> TO <urn:h>"), Operation("CLEAR DEFAULT", ("",))],
        [Operation("INSERT DATA { GRAPH <urn:new> { _:x <urn:p> 1 } }", data="INSERT")],
        [Operation("DELETE DATA { <urn:a> <urn:p> 1 , 9 }", data="DELETE")],
        [Operation("CREATE GRAPH <urn:h>", ("urn:h",)), Operation("DROP GRAPH <urn:h>", ("urn:h",))],
    ],
)
def test_the_change_is_what_the_engine_would_do_and_leaves_no_trace(store: Store, operations: list[Operation]) -> None:
    before = state(store)
    change = amend(store, Amendment("update", operations=tuple(operations))).change
    assert state(store) == before
    made = Store()
    made.extend(before[0])
    for operation in operations:
        store.update(operation.text)
    expected_quads, expected_graphs = state(store)
    quads = (before[0] - set(change.remove)) | set(change.add)
    assert len(quads) == len(expected_quads)
    assert {q for q in quads if not isinstance(q.subject, BlankNode)} == {
        q for q in expected_quads if not isinstance(q.subject, BlankNode)
    }
    assert (before[1] - set(change.drop)) | set(change.create) == expected_graphs


def test_a_failure_in_the_middle_leaves_no_trace(store: Store) -> None:
    before = state(store)
    operations = (Operation("INSERT DATA { <urn:s> <urn:p> 1 }", data="INSERT"), Operation("DROP GRAPH <urn:none>"))
    with pytest.raises(UpdateFailed, match="urn:none"):
        amend(store, Amendment("update", operations=operations))
    assert state(store) == before


def test_what_cancels_out_is_no_change(store: Store) -> None:
    add = Operation("INSERT DATA { <urn:s> <urn:p> 1 }", data="INSERT")
    take = Operation("DELETE DATA { <urn:s> <urn:p> 1 }", data="DELETE")
    assert not amend(store, Amendment("update", operations=(add, take))).change


def test_replacing_a_graph_by_what_it_holds_is_no_change(store: Store) -> None:
    turtle = b"<urn:a> <urn:p> 1 , 02 ."
    assert not amend(store, Amendment("put", parts=(("text/turtle", turtle),))).change


def test_put_reports_what_it_met(store: Store) -> None:
    wanted = Amendment("put", graph="urn:g", parts=(("text/turtle", b"<urn:a> <urn:p> 3 ."),))
    met = amend(store, wanted)
    assert met.existed
    assert (len(met.change.add), len(met.change.remove), met.change.create) == (1, 2, ())
    fresh = amend(store, Amendment("put", graph="urn:new", parts=(("text/turtle", b""),)))
    assert (fresh.existed, fresh.change.create) == (False, (NamedNode("urn:new"),))
    assert met.digest == amend(store, Amendment("get", graph="urn:g", parts=(("text/turtle", b""),))).digest


@pytest.mark.parametrize("verb", ["get", "delete"])
def test_a_graph_that_is_not_there(store: Store, verb: str) -> None:
    with pytest.raises(NotFound, match="urn:none"):
        amend(store, Amendment(verb, graph="urn:none", parts=(("text/turtle", b""),)))


def test_one_graph_is_expected(store: Store) -> None:
    named = b'{"@id": "urn:g", "@graph": [{"@id": "urn:s", "urn:p": "x"}]}'
    with pytest.raises(UnreadableFile, match="named graphs"):
        amend(store, Amendment("put", parts=(("application/ld+json", named),)))


def test_travels_as_a_job() -> None:
    wanted = Amendment(
        "update", "http://e/", "urn:g", (("text/turtle", b"\x00\xff"), ("a/b", b"")), (Operation("x", ("", "urn:g")),)
    )
    job = wanted.job()
    assert Amendment.of(job.text, *job.default_graphs) == wanted


def test_the_journal_keeps_graphs_and_blank_nodes() -> None:
    quad = Quad(BlankNode("x"), P, BlankNode("y"), G)
    change = ChangeSet("label", (quad,), (Quad(S, P, S),), (G,), (S, P))
    assert decode(encode(change)) == change
    assert decode(encode(change)).inverse().inverse() == change


def test_blank_nodes_come_and_go_in_a_scratch_store_only(tmp_path: Path) -> None:
    quads = [Quad(BlankNode("x"), P, BlankNode(f"y{number}"), G) for number in range(3)]
    store = EmbeddedStore.open(tmp_path, create=True)
    with store.writer() as writer, pytest.raises(UsageError, match="blank node"):
        writer.commit(ChangeSet("blank", quads))
    store.layout.scratch.touch()
    with store.writer() as writer:
        writer.commit(ChangeSet("come", quads))
        writer.commit(ChangeSet("go", [Quad(S, P, S)], quads[:2]))
        assert set(writer.reader.quads()) == {quads[2], Quad(S, P, S)}
        writer.commit(ChangeSet("end", drop=[G], remove=quads[2:]))
        writer.commit(ChangeSet("begin", create=[P]))
    assert set(store.reader().quads()) == {Quad(S, P, S)}
    assert store.current().triples == 1
    assert store.reader().select("SELECT ?g { GRAPH ?g {} }") == [{"g": P}]
    store.close()


def test_an_amended_answer_travels(store: Store) -> None:
    met = amend(store, Amendment("delete", graph="urn:g"))
    assert met.change.drop == (G,)

    class Sink(list[bytes]):
        write = list.append

    sink = Sink()
    met.write(sink)  # type: ignore[arg-type]
    assert Amended.of(b"".join(sink)) == met
