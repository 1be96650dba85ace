"""A large load on every place of a store: unseen until it is whole, on after a cut, out again."""

from __future__ import annotations

import re
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from contract_ground import Ground
from pyoxigraph import Literal, NamedNode, Quad, Triple

from backend_servers import Backend
from iesi_kg.cli.group import group
from iesi_kg.errors import UnreadableFile, UsageError
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.load import LOADING, RESUMED, Done, Order, Progress, Work, load, remove
from iesi_kg.operations.load_record import told
from iesi_kg.store import doors
from iesi_kg.store.base import ChangeSet, VersionedStore
from iesi_kg.store.bulk import BulkDoor
from iesi_kg.store.remote.client import Content

A, P = NamedNode("https://example.org/a"), NamedNode("https://example.org/p")
GRAPH = NamedNode("https://example.org/loaded")
LINES = [f'<https://example.org/s{number // 10}> {P} "{number}" .\n' for number in range(20_000)]


class Cut(Exception):
    """Ends a load as a kill does: nothing is tidied up."""


def work(store: VersionedStore, ground: Ground, door: BulkDoor) -> Work:
    act = Act("who", "command", "load", datetime(2026, 11, 23, tzinfo=UTC))
    return Work(store, door, AuditLog(ground.settings.state_folder), act)


def put(store: VersionedStore, ground: Ground, *files: Path, cut: int = 0) -> tuple[Done, list[Progress]]:
    seen: list[Progress] = []

    def tell(progress: Progress) -> None:
        seen.append(progress)
        if cut and progress.phase == LOADING and progress.statements > cut:
            raise Cut

    with doors.opened(store, keep=3) as door:
        return load(work(store, ground, door), Order(GRAPH, files, unit=10_000), tell), seen


def held(store: VersionedStore) -> set[Triple]:
    return {quad.triple for quad in store.reader().quads(graph=GRAPH)}


def file(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_load_is_unseen_until_it_is_whole_and_goes_on_after_a_cut(ground: Ground, tmp_path: Path) -> None:
    store = ground.open()
    with store.writer() as writer:
        writer.commit(ChangeSet("before", [Quad(A, P, Literal("published"))]))
    path = file(tmp_path, "a.nt", "".join(LINES))
    with pytest.raises(Cut):
        put(store, ground, path, cut=18_500)  # in the second of two blocks of a megabyte
    assert (held(store), store.current().number) == (set(), 1)
    assert [quad.object for quad in store.reader().quads(predicate=P)] == [Literal("published")]
    with store.writer() as writer:
        writer.commit(ChangeSet("meanwhile", [Quad(A, P, Literal("more"))]))
    done, seen = put(store, ground, path)
    assert [each.statements >= 10_000 for each in seen if each.phase == RESUMED] == [True]
    assert (done.version, done.loaded[0].statements) == (3, 20_000)
    one = NamedNode("https://example.org/s1234")
    found = {quad.object for quad in store.reader().quads(one, graph=GRAPH)}
    assert found == {Literal(str(number)) for number in range(12_340, 12_350)}
    assert store.current().triples == 2 + 20_000 + 7  # as the place itself counts them: no mark is left
    assert [each.file for each in told(store.reader())] == ["a.nt"]
    assert put(store, ground, path)[0].loaded == ()
    store.close()


def test_out_again_and_into_the_same_graph(ground: Ground, tmp_path: Path) -> None:
    store = ground.open()
    first = file(tmp_path, "a.ttl", f"{A} {P} [ {P} 1 ] .")
    assert put(store, ground, first)[0].renamed == ("a.ttl",)
    assert len(held(store)) == 2
    assert all(isinstance(term, NamedNode | Literal) for triple in held(store) for term in triple)
    with doors.opened(store, keep=3) as door:
        assert remove(work(store, ground, door), GRAPH)[0] == 2
    assert (held(store), told(store.reader()), store.current().triples) == (set(), [], 0)
    with pytest.raises(UnreadableFile):
        put(store, ground, file(tmp_path, "b.nt", "".join(LINES[:10]) + f"{A} {P} .\n"))
    assert (held(store), store.current().number, doors.pending(store)) == (set(), 2, None)
    assert put(store, ground, first)[0].version == 3
    store.close()


@pytest.mark.on("oxigraph", "virtuoso", "iesi-kg")
def test_a_graph_of_a_server_that_holds_something_is_not_loaded_into(ground: Ground, tmp_path: Path) -> None:
    """It would be seen half full, or be somebody else's."""
    store = ground.open()
    put(store, ground, file(tmp_path, "a.nt", LINES[0]))
    for files, instead in (("b.nt", False), ("b.nt", True)):
        with doors.opened(store, keep=3) as door, pytest.raises(UsageError, match=r"of this store|in one step"):
            order = Order(GRAPH, (file(tmp_path, files, LINES[1]),), instead)
            load(work(store, ground, door), order, lambda _: None)
    assert [triple.object for triple in held(store)] == [Literal("0")]
    assert doors.pending(store) is None
    store.close()


@pytest.mark.on("virtuoso")
def test_what_the_loader_of_the_server_brought_is_taken_in(
    ground: Ground, virtuoso: Backend, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the guide says it, with its own words to Virtuoso."""
    guide = (root / "docs/how-to/load.md").read_text("utf-8")
    (line,) = re.findall(r"^isql-vt .*$", guide, re.MULTILINE)
    (virtuoso.folder / "dump.nt").write_text("".join(LINES[:500]), "utf-8")
    words = [word.replace("1111", str(virtuoso.sql)) for word in shlex.split(line)]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    for name, value in virtuoso.settings(Path(ground.settings.state)).items():
        monkeypatch.setenv(name, value)
    store = ground.open()
    graph = re.findall(r"--take-in --graph (\S+)", guide)[0]
    assert [*store.reader().quads(graph=NamedNode(graph))] == []
    assert typed("--take-in", "--graph", graph).output.startswith("taken in as version 1: 500 statements in <")
    assert len([*store.reader().quads(graph=NamedNode(graph))]) == 500
    assert store.current().triples == 500 + 5
    store.verify()
    assert "by the loader of the server" in typed("--list").output
    assert "of this store already" in str(typed("--take-in", "--graph", graph).exception)
    assert "there is nothing in" in str(typed("--take-in", "--graph", f"{graph}/other").exception)
    store.client.post_graph(f"{graph}/blank", Content(f"_:b {P} 1 .".encode(), "text/turtle"))  # type: ignore[attr-defined]
    assert "has blank nodes" in str(typed("--take-in", "--graph", f"{graph}/blank").exception)
    assert typed("--remove", "--graph", graph).exit_code == 0
    assert (store.current().triples, [*store.reader().quads()]) == (0, [])


@pytest.mark.on("folder")
def test_a_folder_takes_in_nothing(ground: Ground) -> None:
    ground.open().close()
    done = typed("--take-in", "--graph", GRAPH.value, "--store", ground.settings.folder)
    assert isinstance(done.exception, UsageError) and "no server that could have loaded it" in str(done.exception)


def typed(*words: object) -> Result:
    return CliRunner().invoke(group, ["load", *map(str, words)])
