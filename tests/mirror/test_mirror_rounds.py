"""What a copy does with what its primary offers, good and bad: it is right, or it stays what it was and says why."""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from mirror_records import BETA, MakeCopy, publish
from primary_stub import JSON, Answer, Primary
from pyoxigraph import NamedNode, RdfFormat

from iesi_kg.cli.group import group
from iesi_kg.errors import (
    IesiKgError,
    MirrorError,
    OnlyACopy,
    StoreBusy,
    StoreDamaged,
    StoreFull,
    UsageError,
)
from iesi_kg.operations import mirror, snapshot
from iesi_kg.operations.manifest import read
from iesi_kg.operations.mirror import claimed
from iesi_kg.operations.mirror_fetch import Fetcher
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.copied import mark_of
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.fetching import Source
from iesi_kg.store.journal import from_nquads
from iesi_kg.store.versions import Layout, open_current
from running_server import SOURCE


def dump(layout: Layout) -> bytes:
    """Everything in the current version, in the order of the engine."""
    return open_current(layout).store.dump(format=RdfFormat.N_QUADS) or b""


def add(primary: Primary, identifier: str = "beta-porto") -> None:
    """The primary goes on by one record, and offers that."""
    store = EmbeddedStore.open(primary.folder)
    publish(
        store, BETA | {"identifier": identifier, "name": identifier, "source_url": f"https://example.org/{identifier}"}
    )
    store.close()
    primary.make()


def files_with(folder: Path, text: bytes) -> list[str]:
    """The files that hold a text, packed ones too."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    plain = {path: gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in found}
    return [str(path.relative_to(folder)) for path, content in plain.items() if text in content]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """What a full disk does to whoever writes: no file may grow beyond this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_copy_is_what_the_primary_is(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    done = copy().round()
    assert (done.before, done.version, done.rebuilt, done.releases) == (0, 1, True, ("2026.1",))
    assert dump(layout) == dump(Layout(primary.folder))
    Shelf(layout.root).get("2026.1").check()
    assert open_current(layout).version.number == 1
    assert (again := copy().round()).blocks == 0
    assert not again.rebuilt


def test_it_follows_by_what_changed_alone(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    following = copy()
    following.round()
    primary.asked.clear()
    add(primary)
    done = following.round()
    assert (done.before, done.version, done.rebuilt) == (1, 2, False)
    fetched = sum(path.startswith("/manifest/blocks/") for path, _ in primary.asked)
    assert 0 < fetched == done.blocks <= len(primary.document["blocks"])
    assert sorted(dump(layout).splitlines()) == sorted(dump(Layout(primary.folder)).splitlines())
    assert dump(layout) == dump(Layout(primary.folder))


def test_a_graph_without_a_statement_comes_along(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    copy().round()
    store = EmbeddedStore.open(primary.folder)
    with store.writer() as writer:
        writer.commit(ChangeSet("empty", create=[NamedNode("http://example.org/empty")]))
    store.close()
    primary.make()
    assert copy().round().version == 2
    assert NamedNode("http://example.org/empty") in list(open_current(layout).store.named_graphs())


def test_a_changed_block_changes_nothing(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    copy().round()
    before = dump(layout)
    add(primary)
    known = {block["sha256"] for block in json.loads(next(layout.snapshots.glob("*.json")).read_text())["blocks"]}
    (at,) = [n for n, block in enumerate(primary.document["blocks"]) if block["sha256"] not in known][:1]
    primary.wrong[primary.block(at)] = lambda: (200, {}, gzip.compress(b"<a> <b> <c> .\n"))
    with pytest.raises(MirrorError, match="its SHA-256 differs"):
        copy().round()
    assert (dump(layout), EmbeddedStore(layout.root).current().number) == (before, 1)
    primary.wrong.clear()
    assert copy().round().version == 2


def test_a_changed_file_of_a_release_is_not_placed(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    size = next(f["bytes"] for f in primary.document["releases"][0]["files"] if f["name"] == "data.ttl")
    primary.wrong["/releases/2026.1/data.ttl"] = lambda: (200, {}, b"x" * size)
    with pytest.raises(MirrorError, match=r"data\.ttl is not the file"):
        copy().round()
    assert Shelf(layout.root).names() == []
    primary.wrong.clear()
    assert copy().round().releases == ("2026.1",)


def test_a_cut_block_is_asked_for_again(copy: MakeCopy, primary: Primary) -> None:
    cuts = iter([(200, {"Content-Length": "5000"}, b"half")])
    primary.wrong[primary.block(0)] = lambda: next(cuts, None)
    assert copy().round().version == 1


def test_a_cut_file_goes_on_where_it_was_cut(copy: MakeCopy, primary: Primary) -> None:
    path = "/releases/2026.1/data.nq"
    whole = (primary.folder / path.lstrip("/")).read_bytes()
    cuts = iter([(200, {"Content-Length": str(len(whole))}, whole[:1000])])
    primary.wrong[path] = lambda: next(cuts, None)
    copy().round()
    assert [span for asked, span in primary.asked if asked == path] == ["", "bytes=1000-"]


def test_what_is_always_cut_is_an_error_and_keeps_what_came(copy: MakeCopy, primary: Primary) -> None:
    last = len(primary.document["blocks"]) - 1
    primary.wrong[primary.block(last)] = lambda: (200, {"Content-Length": "5000"}, b"half")
    with pytest.raises(MirrorError, match="broke off") as caught:
        copy().round()
    assert caught.value.members["passing"]
    primary.wrong.clear()
    primary.asked.clear()
    copy().round()
    assert [path for path, _ in primary.asked if "blocks" in path] == [primary.block(last)]


CONFLICTS: dict[str, tuple[dict[str, Any], str]] = {
    "backwards": ({"version": 0}, "offers version 0, and version 1 was copied already"),
    "another store": ({"store": "6f0e"}, "another store answers"),
    "sideways": ({"sha256": "0" * 64}, "is not the version 1 that was copied"),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_another_store_is_not_taken_for_this_one(copy: MakeCopy, primary: Primary, layout: Layout, case: str) -> None:
    copy().round()
    before = dump(layout)
    changed, said = CONFLICTS[case]
    primary.document |= changed
    elsewhere = copy(primary.url.replace("127.0.0.1", "localhost"))
    with pytest.raises(MirrorError, match=re.escape(said)) as caught:
        elsewhere.round()
    assert "--anew" in str(caught.value.hint)
    assert dump(layout) == before
    elsewhere.failed(caught.value)
    mark = mark_of(layout)
    assert mark is not None
    assert (mark.primary, mark.problem) == (primary.url, caught.value.detail)  # changes are not sent elsewhere for it


def test_anew_takes_over_what_there_is_now(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    add(primary)
    copy().round()
    primary.document |= {"version": 1, "store": "6f0e"}  # as after a restored backup elsewhere
    done = copy(anew=True).round()
    assert (done.version, done.rebuilt, EmbeddedStore(layout.root).current().number) == (1, True, 1)
    assert copy().round().version == 1


def test_a_circle_of_copies_is_seen(copy: MakeCopy, primary: Primary) -> None:
    following = copy()
    following.round()
    primary.document["path"] = ["another", following.mark.id]
    with pytest.raises(MirrorError, match="itself a copy of this copy"):
        copy().round()


MANIFESTS: dict[str, tuple[Answer, str]] = {
    "a page": ((200, {"Content-Type": "text/html; charset=utf-8"}, b"<!doctype html>"), "answers with text/html"),
    "no media type": ((200, {}, b"{}"), "answers with no media type"),
    "no JSON": ((200, JSON, b"{"), "no manifest of a store"),
    "a list": ((200, JSON, b"[]"), "it names no format"),
    "a later format": ((200, JSON, b'{"format": 2, "software": "9.0"}'), "speaks format 2 of the manifest"),
    "half of it": ((200, JSON, b'{"format": 1}'), "no manifest of a store"),
    "deep": ((200, JSON, b"[" * 100_000), "no manifest of a store"),
    "elsewhere": ((302, {"Location": "http://127.0.0.1:1/manifest"}, b""), "redirects to http://127.0.0.1:1/manifest"),
    "scratch": ((404, JSON, b"{}"), "answers with status 404"),
    "token": ((401, JSON, b"{}"), "answers with status 401"),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_what_is_no_manifest_is_said(copy: MakeCopy, primary: Primary, case: str) -> None:
    answer, said = MANIFESTS[case]
    primary.wrong["/manifest"] = lambda: answer
    with pytest.raises(MirrorError, match=re.escape(said)):
        copy().round()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "hash": ({"sha256": "../etc"}, "is no name for it"),
    "sum": ({"quads": 7}, "not as large as it says"),
    "negative": ({"version": -1}, "stands where a number does"),
    "text": ({"software": 7}, "stands where a text does"),
    "forgotten": ({"forgotten": 9}, "contradicts itself"),
    "graph": ({"graphs": ["no IRI"]}, "no manifest of a store"),
    "release": ({"releases": [{"release": "../..", "files": []}]}, "is no name for it"),
    "file": (
        {"releases": [{"release": "2026.1", "files": [{"name": "../x", "bytes": 1, "sha256": "0" * 64}]}]},
        "is no name for it",
    ),
    "bare release": ({"releases": [{"release": "2026.1", "files": []}]}, "has no manifest"),
    "large": (
        {"bytes": 300_000_000, "quads": 1, "blocks": [{"sha256": "0" * 64, "bytes": 300_000_000, "quads": 1}]},
        "larger than 256,000,000 bytes",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_manifest_that_cannot_be_is_refused(copy: MakeCopy, primary: Primary, layout: Layout, case: str) -> None:
    changed, said = WRONG[case]
    primary.document |= changed
    with pytest.raises(MirrorError, match=re.escape(said)):
        copy().round()
    assert not layout.versions.exists()


def test_blocks_that_are_not_the_whole_are_refused(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    primary.document["sha256"] = "0" * 64
    with pytest.raises(MirrorError, match="its manifest says"):
        copy().round()
    assert not layout.current.exists()


def test_a_primary_that_goes_on_meanwhile_is_asked_again(copy: MakeCopy, primary: Primary) -> None:
    gone = iter([(404, {}, b"")])
    primary.wrong[primary.block(0)] = lambda: next(gone, None)
    assert copy().round().version == 1
    assert [path for path, _ in primary.asked].count("/manifest") == 2


def test_a_primary_that_never_has_what_it_names_is_given_up(copy: MakeCopy, primary: Primary) -> None:
    primary.wrong[primary.block(0)] = lambda: (404, {}, b"")
    with pytest.raises(MirrorError, match="changes faster than it can be copied"):
        copy().round()


def test_a_full_disk_leaves_the_copy_as_it_was(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    copy().round()
    before = dump(layout)
    add(primary)
    following = copy()
    with files_of_at_most(3_000), pytest.raises(StoreFull, match="no space left"):
        following.round()
    assert dump(layout) == before
    assert following.round().version == 2


def test_a_folder_of_somebody_else_is_never_touched(primary: Primary, tmp_path: Path) -> None:
    published, scratch, others, file = (tmp_path / name for name in ("published", "scratch", "others", "file"))
    EmbeddedStore.open(published, create=True).close()
    EmbeddedStore.open(scratch, create=True).close()
    (scratch / "scratch").touch()
    others.mkdir()
    (others / "letter.txt").write_text("dear", "utf-8")
    file.write_text("dear", "utf-8")
    said = {published: "a store of its own", scratch: "a scratch store", others: "other files"}
    for folder, words in said.items():
        before = sorted(folder.rglob("*"))
        ran = CliRunner().invoke(group, ["mirror", primary.url, "--store", str(folder)])
        assert isinstance(ran.exception, UsageError)
        assert words in ran.exception.detail
        assert sorted(folder.rglob("*")) == before
    with pytest.raises(UsageError, match="is a file"), claimed(Layout(file)):
        pass


def test_two_processes_do_not_keep_one_copy(layout: Layout) -> None:
    with claimed(layout), pytest.raises(StoreBusy), claimed(layout):
        pass


def test_an_address_that_nobody_answers_at(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    ran = CliRunner().invoke(group, ["mirror", address, "--store", str(tmp_path / "copy")])
    assert isinstance(ran.exception, MirrorError)
    assert "cannot be reached" in ran.exception.detail
    mark = mark_of(Layout(tmp_path / "copy"))
    assert mark is not None
    assert mark.failing_since
    ran = CliRunner().invoke(group, ["mirror", "ftp://example.org", "--store", str(tmp_path / "copy")])
    assert isinstance(ran.exception, IesiKgError)
    assert "only http:// and https:// are spoken" in ran.exception.detail


def test_another_software_is_said(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    primary.document["software"] = "0.0.9"
    ran = CliRunner().invoke(group, ["mirror", primary.url, "--store", str(layout.root)])
    assert ran.exit_code == 0, ran.exception
    assert ran.stdout.startswith("version 1: ")
    assert "the primary runs iesi-kg 0.0.9" in ran.stderr


def test_a_copy_takes_no_changes(copy: MakeCopy, primary: Primary, layout: Layout, tmp_path: Path) -> None:
    copy().round()
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(",".join(BETA) + "\n" + ",".join(BETA.values()) + "\n", "utf-8")
    triples = tmp_path / "triples.nt"
    triples.write_text("<urn:a> <urn:b> <urn:c> .\n", "utf-8")
    for words in (
        ["submit", str(sheet), "--by", "A steward"],
        ["release", "2026.2"],
        ["erase", "/id/agent/jane-doe", "--reason", "asked", "--yes"],
        ["load", str(triples), "--graph", "https://example.org/graph"],
    ):
        ran = CliRunner().invoke(group, [*words, "--store", str(layout.root)])
        assert isinstance(ran.exception, OnlyACopy), (words, ran.output, ran.exception)
        assert (ran.exception.exit_code, ran.exception.members["primary"]) == (3, primary.url)
    assert (EmbeddedStore(layout.root).current().number, Shelf(layout.root).names()) == (1, ["2026.1"])


def test_what_the_primary_erases_leaves_the_copy(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    following = copy()
    following.round()
    add(primary)
    following.round()
    assert files_with(layout.root, b"Jane Doe")
    ran = CliRunner().invoke(
        group,
        [
            "erase",
            "/id/agent/jane-doe",
            "--reason",
            "asked",
            "--also",
            "Jane Doe",
            "--yes",
            "--store",
            str(primary.folder),
        ],
    )
    assert ran.exit_code == 0, ran.exception
    assert not files_with(primary.folder, b"Jane Doe")
    primary.make()
    done = following.round()
    assert (done.version, done.rebuilt, done.releases, done.held) == (3, True, ("2026.1",), ())
    assert not files_with(layout.root, b"Jane Doe")


def test_a_version_that_somebody_reads_is_forgotten_later(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    following = copy()
    following.round()
    reading = open_current(layout)
    store = EmbeddedStore.open(primary.folder)
    with store.writer() as writer:
        gone = [quad for quad in writer.reader.quads() if "Jane Doe" in str(quad.object)]
        writer.commit(ChangeSet("erasure", remove=gone, forget=True))
    store.close()
    primary.make()
    assert following.round().held == (1,)
    assert reading.version.number == 1
    del reading
    assert copy().round().held == ()
    assert Layout(layout.root).numbers() == [2]


def test_damage_on_our_disk_is_mended_from_the_blocks(copy: MakeCopy, layout: Layout) -> None:
    copy().round()
    before = dump(layout)
    table = next(layout.version(1).glob("*.sst"))
    damaged = bytearray(table.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    table.write_bytes(damaged)
    block = next(layout.snapshots.glob("blocks/??/*.gz"))
    block.write_bytes(b"no gzip")
    done = copy().round()
    assert (done.version, done.rebuilt, done.blocks) == (1, True, 1)
    assert dump(layout) == before


def test_a_damaged_copy_is_not_served_and_says_what_mends_it(copy: MakeCopy, layout: Layout) -> None:
    copy().round()
    table = next(layout.version(1).glob("*.sst"))
    table.write_bytes(b"x" + table.read_bytes()[1:])
    ran = CliRunner().invoke(group, ["serve", "--port", "0", "--store", str(layout.root)])
    assert isinstance(ran.exception, StoreDamaged)
    assert "iesi-kg mirror" in str(ran.exception.hint)


def test_a_damaged_mark_is_said(copy: MakeCopy, layout: Layout) -> None:
    copy().round()
    layout.copied.write_text("{", "utf-8")
    with pytest.raises(StoreDamaged, match="is damaged"):
        copy()


def test_a_cut_switch_is_made_again(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    """The mark is written last: after a crash before it, the version is there and nothing needs to be done."""
    following = copy()
    following.round()
    mark = layout.copied.read_bytes()
    add(primary)
    following.round()
    layout.copied.write_bytes(mark)
    done = copy().round()
    assert (done.before, done.version, done.blocks, done.rebuilt) == (1, 2, 0, False)
    assert dump(layout) == dump(Layout(primary.folder))


def test_following_tries_again_with_growing_pauses(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    said: list[tuple[object, float]] = []
    primary.wrong["/manifest"] = lambda: (503, {"Retry-After": "1"}, b"")

    class Enough(Exception):
        pass

    def wait(pause: float) -> None:
        if len(said) == 3:
            mark = mark_of(layout)
            assert mark is not None
            assert "status 503" in mark.problem
            primary.wrong.clear()
        if len(said) == 4:
            raise Enough

    with pytest.raises(Enough):
        mirror.follow(copy(), 10.0, lambda found, pause: said.append((found, pause)), wait)
    assert [pause for _, pause in said] == [20.0, 40.0, 80.0, 10.0]
    assert isinstance(said[0][0], MirrorError)
    mark = mark_of(layout)
    assert mark is not None
    assert (mark.failing_since, mark.problem, mark.version) == ("", "", 1)


def test_a_cache_that_cannot_be_told(primary: Primary) -> None:
    cache = Source(primary.url, "test")
    try:
        primary.wrong["/health"] = lambda: (200, JSON, b"[]")
        with pytest.raises(MirrorError, match="not that of an iesi-kg service"):
            mirror.purge(cache, 1, 0.0)
        primary.wrong["/health"] = lambda: (200, JSON, b'{"version": 1}')
        with pytest.raises(MirrorError, match="at version 1, not yet at 2"):
            mirror.purge(cache, 2, 0.0)
        primary.wrong["/"] = lambda: (405, JSON, b"")
        with pytest.raises(MirrorError, match="answers PURGE with status 405"):
            mirror.purge(cache, 1, 0.0)
    finally:
        cache.close()


def test_a_snapshot_does_not_outlive_what_was_forgotten(made: Path, folder: Path) -> None:
    layout = Layout(folder)
    snapshot.make(layout)
    assert snapshot.newest_number(layout) == 1
    assert snapshot.make(layout) == snapshot.newest(layout)
    next(layout.snapshots.glob("*.json")).write_text("{", "utf-8")
    assert snapshot.newest(layout) is None
    assert snapshot.make(layout).version == 1
    with EmbeddedStore.open(folder).writer() as writer:
        writer.commit(ChangeSet("erasure", remove=list(writer.reader.quads())[:1], forget=True))
    assert snapshot.newest(layout) is None
    again = snapshot.make(layout)
    assert (again.version, again.forgotten) == (2, 2)


CRASH = """
import os, sys
from pathlib import Path
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.journal import from_nquads
with EmbeddedStore(Path(sys.argv[1])).copying() as writer:
    writer.commit_as(2, ChangeSet("two", add=from_nquads(b"<a:two> <a:b> <a:c> .\\n")))
    writer.commit_as(3, ChangeSet("three", add=from_nquads(b"<a:three> <a:b> <a:c> .\\n")))
    os._exit(9)  # version 2 has its checkpoint, version 3 is in the journal only
"""


def test_what_a_crash_left_in_the_journal_is_not_built_upon(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    """Version 4 takes back what version 3 brought: led from version 2 to it, the store must not keep that."""
    copy().round()
    command = [sys.executable, "-c", CRASH, str(layout.root)]
    assert subprocess.run(command, env=os.environ | {"PYTHONPATH": str(SOURCE)}, check=False).returncode == 9
    two, three, four = (from_nquads(f"<a:{name}> <a:b> <a:c> .".encode()) for name in ("two", "three", "four"))
    store, source = EmbeddedStore.open(primary.folder), Source(primary.url, "test")
    for change in (ChangeSet("2", two), ChangeSet("3", three), ChangeSet("4", four, three)):
        with store.writer() as writer:
            writer.commit(change)
        primary.make()
        manifest = read(json.dumps(primary.document).encode(), "here")
        if manifest.version < 4:  # as it was when the copier was killed
            Fetcher(source, layout, lambda *said: None).blocks(manifest)
            snapshot.keep(layout, manifest, 900.0)
    source.close()
    store.close()
    assert EmbeddedStore(layout.root).current().number == 2
    done = copy().round()
    assert (done.version, done.rebuilt) == (4, False)
    assert dump(layout) == dump(Layout(primary.folder))


def test_a_version_that_is_missing_is_built_anew(copy: MakeCopy, layout: Layout) -> None:
    copy().round()
    before = dump(layout)
    shutil.rmtree(layout.version(1))
    assert copy().round().rebuilt
    assert dump(layout) == before


@pytest.mark.long
def test_a_killed_copier_leaves_one_version_or_the_other(copy: MakeCopy, primary: Primary, layout: Layout) -> None:
    """Kill -9 at moments spread over a whole round, of building anew and of a change by turns."""
    copy().round()
    known = {1: dump(layout)}
    command = [sys.executable, "-m", "iesi_kg", "mirror", primary.url, "--store", str(layout.root)]
    for trial in range(24):
        if trial % 2:
            add(primary, f"beta-{trial}")
            known[primary.document["version"]] = dump(Layout(primary.folder))
        anew = [] if trial % 2 else ["--anew"]
        process = subprocess.Popen([*command, *anew], env=os.environ | {"PYTHONPATH": str(SOURCE)})
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.4 + 0.05 * trial)
        process.kill()
        process.wait()
        stands = EmbeddedStore.open(layout.root).current().number
        assert dump(layout) == known[stands]
    copy().round()
    assert dump(layout) == known[max(known)]
