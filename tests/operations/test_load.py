"""Files into a graph: every syntax, statements counted by hand; what is there already; whatever is wrong in them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Triple

from iesi_kg.cli.group import group
from iesi_kg.errors import IesiKgError, NotFound, UnreadableFile, UsageError
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.load import (
    LOADING,
    RESUMED,
    Done,
    Order,
    Progress,
    Work,
    graph_of,
    load,
    make_scratch,
    remove,
)
from iesi_kg.operations.load_record import told
from iesi_kg.store.aside import Aside
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.vocabulary import iris

GRAPH = NamedNode("https://example.org/graph")
AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
A, P, Q = (NamedNode(f"https://example.org/{name}") for name in "apq")
WANTED = {Triple(A, P, Literal("x _:no")), Triple(A, Q, A)}
NT = f'# two statements\n{A} {P} "x _:no" .\n\n  {A} {Q} {A} . # the second\n'
TURTLE = "@prefix : <https://example.org/> .\n:a :p 'x _:no' ; :q :a .\n"
XML = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="https://example.org/">
<rdf:Description rdf:about="https://example.org/a"><p>x _:no</p><q rdf:resource="https://example.org/a"/></rdf:Description>
</rdf:RDF>
"""
JSON = '{"@id": "https://example.org/a", "https://example.org/p": "x _:no", "https://example.org/q": {"@id": "https://example.org/a"}}'
TEXTS = {"a.nt": NT, "a.nq": NT + "#", "a.ttl": TURTLE, "a.trig": TURTLE + "#", "a.rdf": XML, "a.jsonld": JSON}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """A published store at version 1, which holds one statement."""
    made = EmbeddedStore.open(tmp_path / "kg", create=True, lock_timeout=5)
    with made.writer() as writer:
        writer.commit(ChangeSet("x", [Quad(A, P, Literal("published"), DefaultGraph())]))
    yield made
    made.close()


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """The same for tests in which nothing may be loaded."""
    made = EmbeddedStore.open(tmp_path_factory.mktemp("untouched") / "kg", create=True, lock_timeout=5)
    with made.writer() as writer:
        writer.commit(ChangeSet("x", [Quad(A, P, Literal("published"), DefaultGraph())]))
    yield made
    assert unchanged(made)
    made.close()


def file(tmp_path: Path, name: str, text: str, *, zipped: bool = False) -> Path:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    return path


def put(store: EmbeddedStore, *files: Path, instead: bool = False, unit: int = 1000, at: datetime = AT) -> Done:
    with Aside.opened(store) as door:
        return load(work(store, door, at), Order(GRAPH, files, instead, unit), lambda _: None)


def work(store: EmbeddedStore, door: Aside, at: datetime = AT) -> Work:
    return Work(store, door, AuditLog(store.layout.root), Act("who", "command", "load", at))


def held(store: EmbeddedStore) -> set[Triple]:
    return {quad.triple for quad in store.reader().quads(graph=GRAPH)}


def unchanged(store: EmbeddedStore) -> bool:
    return (store.current().number, len(list(store.reader().quads()))) == (1, 1) and not store.layout.aside.exists()


def test_every_syntax_says_the_same(store: EmbeddedStore, tmp_path: Path) -> None:
    done = put(store, *(file(tmp_path, name, text) for name, text in TEXTS.items()))
    assert held(store) == WANTED
    assert {each.file: each.statements for each in done.loaded} == dict.fromkeys(TEXTS, 2)
    assert (done.version, done.renamed) == (2, ())
    assert {q.object for q in store.reader().quads(graph=DefaultGraph())} == {Literal("published")}
    assert store.current().triples == 1 + 2 + 6 * 7  # the statement published, the two loaded, the record of each file


def test_packed_and_without_a_known_ending(store: EmbeddedStore, tmp_path: Path) -> None:
    """Told by the bytes; a folder is all of its RDF files, and the same file twice is one."""
    files = [file(tmp_path, "d/a.nt.gz", NT, zipped=True), file(tmp_path, "d/sub", TURTLE, zipped=True)]
    file(tmp_path, "d/again.nt.gz", NT, zipped=True)
    file(tmp_path, "d/.hidden.nt", "nothing")
    file(tmp_path, "d/read.me", "nothing")
    done = put(store, tmp_path / "d", *files)
    assert [each.file for each in done.loaded] == ["a.nt.gz", "sub"]
    assert held(store) == WANTED


def test_blank_nodes_become_iris_that_stay_the_same_in_every_unit(store: EmbeddedStore, tmp_path: Path) -> None:
    text = f'_:a {P} _:b-1.\n<https://example.org/<b> {P} "_:a" .\n'
    with pytest.raises(UnreadableFile):
        put(store, file(tmp_path, "broken.nt", text))
    text = f'_:a {P} _:b-1.\n{A} {P} "> _:a <" .\n_:b-1 {P}\t_:a . # _:c\n{A}{P}_:é.\n'
    done = put(store, file(tmp_path, "a.nt", text), unit=1)
    begin = iris.skolem(done.loaded[0].sha256[:16], "").value
    a, b, e = (NamedNode(begin + label) for label in ("a", "b-1", "é"))
    assert held(store) == {Triple(a, P, b), Triple(A, P, Literal("> _:a <")), Triple(b, P, a), Triple(A, P, e)}
    assert done.renamed == ("a.nt",)


def test_blank_nodes_without_a_label_too(store: EmbeddedStore, tmp_path: Path) -> None:
    done = put(store, file(tmp_path, "a.ttl", f"{A} {P} [ {Q} _:x ] . _:x {Q} 1 ."))
    assert (done.loaded[0].statements, done.renamed) == (3, ("a.ttl",))
    [inner] = [t.object for t in held(store) if t.subject == A]
    begin = iris.skolem(done.loaded[0].sha256[:16], "").value
    assert isinstance(inner, NamedNode)
    assert inner.value.startswith(begin)
    assert Triple(inner, Q, NamedNode(f"{begin}x")) in held(store)


def test_the_same_file_again_is_nothing_to_do(store: EmbeddedStore, tmp_path: Path) -> None:
    first, other = file(tmp_path, "a.nt", NT), file(tmp_path, "b.nt", f"{A} {P} {P} .\n")
    put(store, first)
    done = put(store, file(tmp_path, "renamed.nt", NT))
    assert (done.version, done.loaded) == (2, ())
    assert [(each.file, each.statements, each.at) for each in done.known] == [("a.nt", 2, "2026-11-23T04:00:00Z")]
    done = put(store, first, other)
    assert (done.version, [e.file for e in done.loaded], [e.file for e in done.known]) == (3, ["b.nt"], ["a.nt"])
    assert held(store) == {*WANTED, Triple(A, P, P)}
    assert [entry.act.detail for entry in AuditLog(store.layout.root).entries()][-1] == {
        "graph": f"{GRAPH}",
        "files": 1,
        "statements": 1,
    }


def test_in_place_of_what_was_there_and_out_again(store: EmbeddedStore, tmp_path: Path) -> None:
    first, other = file(tmp_path, "a.nt", NT), file(tmp_path, "b.nt", f"{A} {P} {P} .\n")
    put(store, first)
    assert put(store, other, instead=True).version == 3
    assert held(store) == {Triple(A, P, P)}
    assert [each.file for each in told(store.reader())] == ["b.nt"]
    assert put(store, other, instead=True).loaded == ()
    with Aside.opened(store) as door:
        version, gone = remove(work(store, door), GRAPH)
    assert (version, [each.file for each in gone]) == (4, ["b.nt"])
    assert (held(store), told(store.reader()), store.current().triples) == (set(), [], 1)
    with Aside.opened(store) as door, pytest.raises(NotFound, match=r"nothing was loaded into <https://example.org/g"):
        remove(work(store, door), GRAPH)
    assert put(store, first).version == 5


def test_a_cut_load_goes_on_within_its_file(store: EmbeddedStore, tmp_path: Path) -> None:
    """Cut after 30,000 of 60,000 lines and again after 50,000; what was in is not read again."""
    text = "".join(f'{A} {P} "{number}" .\n' for number in range(60_000))
    path = file(tmp_path, "a.nt.gz", text, zipped=True)

    class Cut(Exception):
        pass

    def until(most: int) -> list[Progress]:
        seen: list[Progress] = []

        def tell(progress: Progress) -> None:
            seen.append(progress)
            if progress.phase == LOADING and progress.statements > most:
                raise Cut

        with Aside.opened(store) as door:
            load(work(store, door), Order(GRAPH, (path,), unit=10_000), tell)
        return seen

    for most in (30_000, 50_000):
        with pytest.raises(Cut):
            until(most)
    assert store.current().number == 1
    seen = until(1_000_000)
    [resumed] = [each.statements for each in seen if each.phase == RESUMED]
    assert 30_000 < resumed < 50_000
    assert min(each.statements for each in seen if each.phase == LOADING) > resumed
    assert len(held(store)) == 60_000
    assert told(store.reader())[0].statements == 60_000


def test_a_load_or_removal_that_was_killed_at_its_very_end_is_not_in_the_way(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers see it, and nothing was tidied up: the same command says so, and another load may begin."""
    first, other = file(tmp_path, "a.nt", NT), file(tmp_path, "b.nt", f"{A} {P} {P} .\n")
    put(store, first)
    with monkeypatch.context() as patched:
        patched.setattr(Aside, "abandon", lambda door: None)  # as if killed before it
        put(store, first, other, at=AT + timedelta(minutes=1))
    with Aside.opened(store) as door:
        assert door.pending() is not None
    assert put(store, first, other).loaded == ()
    with monkeypatch.context() as patched, Aside.opened(store) as door:
        assert door.pending() is None
        patched.setattr(Aside, "abandon", lambda door: None)
        remove(work(store, door), GRAPH)
    with Aside.opened(store) as door:
        assert remove(work(store, door), GRAPH) == (4, ())
    assert put(store, first).version == 5


def test_other_files_do_not_go_into_a_cut_load(store: EmbeddedStore, tmp_path: Path) -> None:
    with Aside.opened(store) as door:
        order = Order(GRAPH, (file(tmp_path, "a.nt", NT),))
        with pytest.raises(ZeroDivisionError):
            load(work(store, door), order, lambda progress: 1 / (progress.phase != LOADING) and None)  # type: ignore[arg-type,return-value]
    with pytest.raises(UsageError, match=r"a load into <.*> was cut and is not finished, and it was of other files"):
        put(store, file(tmp_path, "b.nt", f"{A} {P} {P} .\n"))
    assert put(store, tmp_path / "a.nt").version == 2


BROKEN = {
    "line.nt": (f"{A} {P} {A} .\n" * 5 + f"{A} {P} .\n", "line.nt, line 6, column 49: The object of a triple must be"),
    "graph.nq": (f"{A} {P} {A} .\n{A} {P} {A} {Q} .\n", "graph.nq, line 2: it names a graph of its own"),
    "graph.trig": (f"{Q} {{ {A} {P} {A} }}", "graph.trig: it names a graph of its own"),
    "relative.ttl": ("\n<a> <b> <c> .", "relative.ttl, line 2, column 1: No scheme found"),
    "cut.ttl": (TURTLE + ":a :p 'x", "cut.ttl, line 3, column "),
    "cut.rdf": (XML[:-30], "cut.rdf, line 3: not well-formed XML: "),
    "laughs.rdf": (
        '<!DOCTYPE x [<!ENTITY a "a"><!ENTITY b "&a;&a;">]>\n' + XML.partition("\n")[2],
        "laughs.rdf, line 1: the entity b is declared by other entities",
    ),
    "deep.rdf": ("<a>\n" * 101, "deep.rdf, line 101: elements are nested more than 100 deep"),
    "rdf.rdf": (XML.replace("<p>", "<p rdf:about='x'>"), "rdf.rdf, line "),
    "cut.jsonld": (JSON[:-1], "cut.jsonld, line 1, column "),
    "context.jsonld": ('{"@context": "https://schema.org/", "@id": "urn:a"}', "context.jsonld, line 1: No Load"),
    "none.nt": ("# nothing\n", "none.nt: it holds no statement"),
    "quoted.nt": (f"<<( _:a {P} {A} )>> {P} {A} .\n", "quoted.nt: it holds a triple term with a blank node"),
    "table": ("a,b\n1,2\n", "table is a CSV, which is no syntax of RDF"),
    "empty": ("", "empty is empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_names_its_place_and_loads_nothing(untouched: EmbeddedStore, tmp_path: Path, name: str) -> None:
    """Not even the file before it."""
    text, place = BROKEN[name]
    before = [file(tmp_path, "good.nt", NT)] if name == "line.nt" else []
    with pytest.raises(UnreadableFile) as refused:
        put(untouched, *before, file(tmp_path, name, text))
    assert refused.value.detail.startswith(place)
    assert refused.value.hint
    assert unchanged(untouched)


def test_what_is_no_file_or_not_whole(untouched: EmbeddedStore, tmp_path: Path) -> None:
    cut = file(tmp_path, "cut.nt.gz", "".join(f'{A} {P} "{n}" .\n' for n in range(1000)), zipped=True)
    cut.write_bytes(cut.read_bytes()[:-20])
    for path, says in (
        (cut, "cut.nt.gz, line .*: it cannot be read or unpacked"),
        (tmp_path / "nowhere.nt", "there is no file .*nowhere.nt"),
        (file(tmp_path, "d/read.me", "x").parent, "is a folder without an RDF file in it"),
    ):
        with pytest.raises(UnreadableFile, match=says):
            put(untouched, path)
    assert unchanged(untouched)


def test_a_file_that_changes_meanwhile_is_refused(untouched: EmbeddedStore, tmp_path: Path) -> None:
    path, other = file(tmp_path, "a.nt", NT), file(tmp_path, "b.nt", f"{A} {P} {P} .\n")

    def tell(progress: Progress) -> None:
        if progress.phase == LOADING:
            other.write_text(NT)

    with Aside.opened(untouched) as door, pytest.raises(UnreadableFile, match=r"b.nt was changed while it was loaded"):
        load(work(untouched, door), Order(GRAPH, (path, other)), tell)
    assert unchanged(untouched)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (None, "name the graph to load into: --graph IRI"),
        ("graph", "'graph' is no IRI of a graph"),
        (iris.graph("codings").value, "a graph of what is published"),
        (iris.graph("peer", "x", "1").value, "a graph of what is published"),
        (iris.loads().value, "a graph of what is published"),
    ],
    ids=["none", "relative", "codings", "peer", "record"],
)
def test_published_data_is_never_loaded_into(name: str | None, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        graph_of(name, scratch=False)


def test_which_graphs_may_be_loaded_into() -> None:
    mine = iris.graph("workspace", "mine")
    assert graph_of(mine.value, scratch=False) == mine
    assert graph_of("urn:g", scratch=False) == NamedNode("urn:g")
    assert graph_of(None, scratch=True) == DefaultGraph()
    assert graph_of(iris.graph("codings").value, scratch=True) == iris.graph("codings")
    with pytest.raises(UsageError):
        graph_of(iris.loads().value, scratch=True)


def test_a_published_folder_does_not_become_a_scratch_store(store: EmbeddedStore) -> None:
    with pytest.raises(UsageError, match="holds a published graph"):
        make_scratch(store.layout.root, 1)


def test_the_command_on_a_scratch_store(tmp_path: Path) -> None:
    """As its manual says: load, again, list, take out; the store it makes needs no graph."""
    at, path = ["--store", str(tmp_path / "mine")], str(file(tmp_path, "a.nt", NT))

    def said(*arguments: str) -> str:
        done = CliRunner().invoke(group, ["load", *arguments, *at])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            assert isinstance(done.exception, IesiKgError), done.exception
            return f"{done.exception.exit_code}: {done.exception.detail}"
        return done.output

    assert said(path).startswith("3: there is no store at ")
    text = said(path, "--scratch")
    assert "a.nt: 2 statements, sha256 " in text
    assert "loaded as version 1: 2 statements into the default graph (" in text
    assert "a.nt: already loaded into the default graph at " in said(path)
    assert "nothing to do" in said(path, "--scratch")
    assert said("--list").startswith(f"the default graph\n    a.nt: 2 statements, {len(NT)} bytes, loaded 20")
    assert said(path, "--graph", "urn:g").endswith(
        "ask for them with GRAPH <urn:g>; `iesi-kg load --remove --graph urn:g` takes them out\n"
    )
    assert said("--remove", "--graph", "urn:g") == "removed: a.nt (2 statements)\nversion 3 is without <urn:g>\n"
    assert said("--abandon") == "3: no load was cut here"
    assert said("--list", "--remove").startswith("3: name files to load, or one of")
    assert said("--remove") == "removed: a.nt (2 statements)\nversion 4 is without the default graph\n"
    assert said("--list") == "nothing is loaded\n"
