"""Malformed files in every syntax: refused in a sentence that names the place, in bounded time, the store as it was."""

from __future__ import annotations

import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest
from malformed_files import good_files, malformed, mutated

from iesi_kg.errors import InputError, UnreadableFile
from iesi_kg.ingest import rdf
from iesi_kg.ingest.kinds import Kind, detect
from iesi_kg.publication.workflow import check, receive
from iesi_kg.records import SourceFile
from iesi_kg.store.embedded import EmbeddedStore

MOST_SECONDS = 10


def test_every_forbidden_statement_is_refused_at_its_line() -> None:
    cases = list(malformed())
    assert len(cases) >= 500
    missed = []
    for kind, line, statement, content in cases:
        source = SourceFile("f", content)
        try:
            list(rdf.read(source, kind))
            missed.append((kind, statement, "accepted"))
        except UnreadableFile as error:
            told = error.members.get("line")
            where = (line, line + 1, content.count(b"\n"), content.count(b"\n") + 1)  # the end, where nothing closes
            if told not in where or f"line {told}" not in error.detail or not error.hint:
                missed.append((kind, statement, error.detail))
    assert missed == []


def answered(content: bytes) -> None:
    started = time.monotonic()
    try:
        check(SourceFile("f", content))
    except InputError as error:
        assert error.detail.startswith(("f ", "f,", "f:", "no ")) or " f" in error.detail
        assert error.hint
    assert time.monotonic() - started < MOST_SECONDS


@pytest.mark.parametrize("kind", good_files())
@pytest.mark.parametrize(
    "seeds", [range(8), pytest.param(range(8, 2_000), marks=pytest.mark.long)], ids=["few", "many"]
)
def test_changed_bytes_are_answered_by_a_report_or_a_sentence(kind: str, seeds: range) -> None:
    content = good_files()[kind]
    detect(SourceFile("f", content))
    for seed in seeds:
        answered(mutated(content, seed))


@pytest.mark.parametrize("kind", good_files())
def test_a_file_cut_anywhere_is_answered(kind: str) -> None:
    content = good_files()[kind]
    for share in (0.2, 0.7):
        answered(content[: int(len(content) * share)])


def test_a_malformed_file_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    EmbeddedStore.open(folder, create=True).close()

    def state() -> dict[str, str]:
        return {str(f): sha256(f.read_bytes()).hexdigest() for f in folder.rglob("*") if f.is_file()}

    before = state()
    chosen = {kind: content for kind, line, _, content in malformed() if line == 8}
    for kind, content in chosen.items():
        with pytest.raises(UnreadableFile, match="line "):
            receive(SourceFile("f", content))
        if kind not in (Kind.TURTLE, Kind.RDFXML):
            continue
        (path := tmp_path / "file").write_bytes(content)
        command = [sys.executable, "-m", "iesi_kg", "submit", str(path), "--by", "A steward", "--store", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2, (kind, done)
        assert "Traceback" not in done.stderr and "line " in done.stderr
    assert state() == before
