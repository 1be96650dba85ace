"""What reaches the disk before a write is acknowledged, and what happens when the disk answers with an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from crash_writer import change
from store_quads import quad
from system_calls import Call, attached, parse, strace

from iesi_kg.store.embedded import EmbeddedStore
from running_server import serving

CALLS = "trace=write,fsync,openat,mkdir,rename"


def position(calls: list[Call], name: str, text: str, after: int = -1) -> int:
    """Where the next call of this name whose arguments contain the text stands; it must have succeeded."""
    for place, call in enumerate(calls):
        if place > after and call.name == name and text in call.arguments:
            assert not call.result.startswith("-1"), call
            return place
    raise AssertionError(f"no {name} of {text} after call {after}")


def test_journal_and_directories_are_synchronised_before_a_write_is_acknowledged(tmp_path: Path) -> None:
    """The first version: folders made and their names synchronised, segment made, its name and its bytes too."""
    root = tmp_path / "new" / "kg"
    said, calls = strace(tmp_path, ["-e", CALLS], "traced_writer.py", str(root), "3")
    assert said.split() == ["acknowledged", "1", "acknowledged", "2", "acknowledged", "3"]
    for folder in (root.parent, root, root / "journal"):
        made = position(calls, "mkdir", f'"{folder}"')
        assert made < position(calls, "fsync", f"<{folder.parent}>", made)
    segment = f"{root}/journal/00000000.journal"
    opened = position(calls, "openat", f'"{segment}"')
    named = position(calls, "fsync", f"<{root}/journal>", opened)
    written = position(calls, "write", f"<{segment}>", named)
    synchronised = position(calls, "fsync", f"<{segment}>", written)
    assert opened < named < written < synchronised < position(calls, "write", '"acknowledged 1')


def test_every_later_write_is_synchronised_before_it_is_acknowledged(tmp_path: Path) -> None:
    """Version 1 was published at once, so that versions 2 and 3 begin and continue a segment."""
    root = tmp_path / "kg"
    _, calls = strace(tmp_path, ["-e", CALLS], "traced_writer.py", str(root), "3")
    segment, before = f"{root}/journal/00000001.journal", position(calls, "write", '"acknowledged 1')
    named = position(calls, "fsync", f"<{root}/journal>", before)
    for number in (2, 3):
        written = position(calls, "write", f"<{segment}>", before)
        synchronised = position(calls, "fsync", f"<{segment}>", written)
        before = position(calls, "write", f'"acknowledged {number}')
        assert named < written < synchronised < before


def test_a_version_is_on_the_disk_before_it_is_current(tmp_path: Path) -> None:
    """Files of the checkpoint, its directory and name, then ``current``: its bytes before its name."""
    root = tmp_path / "kg"
    _, calls = strace(tmp_path, ["-e", CALLS], "traced_writer.py", str(root), "1")
    draft = f"{root}/versions/.00000001.new"
    renamed = position(calls, "rename", f'"{draft}", "{root}/versions/00000001"')
    switch = position(calls, "rename", f'"{root}/.current.new"', renamed)
    assert position(calls, "fsync", f"<{draft}/CURRENT>") < renamed
    assert position(calls, "fsync", f"<{draft}>") < renamed
    named = position(calls, "fsync", f"<{root}/versions>", renamed)
    bytes_of_current = position(calls, "fsync", f"<{root}/.current.new>", named)
    assert renamed < named < bytes_of_current < switch < position(calls, "fsync", f"<{root}>", switch)


def test_an_update_over_http_is_on_the_disk_before_its_204(tmp_path: Path) -> None:
    """The running service, watched from outside: journal written, synchronised, and only then the status line."""
    trace, root = tmp_path / "trace", tmp_path / "kg"
    with serving(root, "--scratch", query_processes=1) as server:
        fields = {"Content-Type": "application/sparql-update"}
        with attached(server.process.pid, trace, "write,writev,sendto,sendmsg,fsync"):
            for number in range(2):
                text = f"INSERT DATA {{ <http://e/s> <http://e/p> {number} }}"
                assert server.ask("POST", "/update", fields, text).status == 204
            assert server.ask("GET", "/health/live").status == 200  # by then the calls before it stand in the trace
    calls = parse(trace)
    answers = [place for place, call in enumerate(calls) if '"HTTP/1.1 204' in call.arguments]
    assert len(answers) == 2
    before = -1
    for answer in answers:
        written = position(calls, "write", f"<{root}/journal/", before)
        assert ".journal>" in calls[written].arguments
        assert written < position(calls, "fsync", f"<{root}/journal/", written) < answer
        before = answer


def old_and_new(root: Path, commits: int) -> None:
    with EmbeddedStore.open(root, create=True).writer() as writer:
        for number in range(1, commits + 1):
            writer.commit(change(number))


@pytest.mark.parametrize(
    ("fault", "acknowledged"),
    [
        ("fsync:error=EIO:when=1+", []),
        ("fsync:error=EIO:when=2+", [3]),
        ("write:error=EIO:when=2+", [3]),
        ("write:error=ENOSPC:when=2+", [3]),
        ("openat:error=EIO:when=1+", []),
    ],
)
def test_an_io_error_of_the_journal_is_said_and_nothing_is_half_done(
    tmp_path: Path, fault: str, acknowledged: list[int]
) -> None:
    """The first or second such call on a segment fails, and all after it; what was acknowledged, no more, is there."""
    root = tmp_path / "kg"
    old_and_new(root, 2)
    said = with_fault(tmp_path, root, fault)
    assert ("StoreFull: no space left" if "ENOSPC" in fault else "StoreFailing: the disk of") in said
    assert [int(line.split()[1]) for line in said.splitlines() if line.startswith("acknowledged")] == acknowledged
    assert_whole(root, {2 + len(acknowledged)})


def test_an_entry_that_cannot_be_taken_back_ends_the_writer(tmp_path: Path) -> None:
    """The disk fails at fsync and when the entry is cut off again: it was not acknowledged, and may come back whole."""
    root = tmp_path / "kg"
    old_and_new(root, 2)
    said = with_fault(tmp_path, root, "fsync:error=EIO:when=2+", "ftruncate:error=EIO:when=1+")
    assert said.splitlines()[0] == "acknowledged 3"
    assert "StoreFailing: the disk of" in said
    assert "acknowledged 4" not in said
    assert_whole(root, {3, 4})


def with_fault(tmp_path: Path, root: Path, *faults: str) -> str:
    """What a writer of three more versions says while calls on the segments of its journal fail."""
    segments = [option for number in (2, 3, 4) for option in ("-P", f"{root}/journal/{number:08d}.journal")]
    options = ["-e", "trace=write,fsync,openat,ftruncate", *segments]
    for fault in faults:
        options += ["-e", f"inject={fault}"]
    said, _ = strace(tmp_path, options, "traced_writer.py", str(root), "3")
    assert "Traceback" not in said
    return said


def assert_whole(root: Path, versions: set[int]) -> None:
    """One of these versions is there as it was written, and can be written on."""
    after = EmbeddedStore.open(root)
    number = after.reader().version
    assert number in versions
    quads = set(after.reader().quads())
    assert quad("marker", str(number)) in quads
    assert len(quads) == 2 * number + 1
    with after.writer() as writer:
        assert writer.commit(change(number + 1)) == number + 1
    after.close()


@pytest.mark.parametrize("name", ["live", "versions"])
@pytest.mark.parametrize("call", ["fsync,fdatasync", "write,pwrite64"])
def test_an_io_error_of_the_engine_is_said_and_old_data_stay_readable(tmp_path: Path, call: str, name: str) -> None:
    """Every call of this kind fails from the start: below ``live`` and ``versions`` the engine and we write."""
    root = tmp_path / "kg"
    old_and_new(root, 2)
    paths = [option for file in (root / name).rglob("*") for option in ("-P", str(file))]
    options = ["-e", f"trace={call}", *paths, "-P", str(root / name), "-e", f"inject={call}:error=EIO:when=1+"]
    said, _ = strace(tmp_path, options, "traced_writer.py", str(root), "1")
    assert "acknowledged 3" in said or said.startswith("StoreFailing: the disk of")
    assert "Traceback" not in said
    assert_whole(root, {3} if "acknowledged 3" in said else {2, 3})


def test_reading_from_a_failing_disk_is_said(tmp_path: Path) -> None:
    root = tmp_path / "kg"
    old_and_new(root, 1)
    options = ["-e", "trace=openat", "-P", str(root / "current"), "-e", "inject=openat:error=EIO:when=1+"]
    said, _ = strace(tmp_path, options, "traced_writer.py", str(root), "1")
    assert said.startswith("StoreFailing: the disk of")
    assert_whole(root, {1})
