"""The number of a store's format: written, upgraded with what stood before kept, refused where it is newer."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from upkeep_quads import files_beside, quads_of

from iesi_kg import __version__
from iesi_kg.cli.verify import faults_of
from iesi_kg.errors import StoreDamaged, StoreFull, StoreTooNew
from iesi_kg.store import format as formats
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore

Run = Callable[..., tuple[int, str]]


def write(store: Path, **facts: object) -> None:
    there = {"format": formats.FORMAT, "engine": formats.ENGINE, "software": __version__}
    (store / "FORMAT").write_text(json.dumps(there | facts))


def test_a_new_store_bears_the_number(store: Path) -> None:
    assert formats.read(store) == formats.Format(1, formats.ENGINE, __version__)
    assert not (store / "kept").exists()


@pytest.mark.parametrize(
    ("facts", "kept"),
    [(None, "format-0"), ({"engine": "0.4.11"}, "format-1-engine-0.4.11")],
    ids=["before there were numbers", "another engine"],
)
def test_an_older_store_is_upgraded_and_kept_as_it_was(store: Path, facts: dict[str, object] | None, kept: str) -> None:
    (store / "FORMAT").unlink() if facts is None else write(store, **facts)
    before, beside = quads_of_copy(store), files_beside(store)
    (found,) = faults_of(store)
    assert (found.place, found.slight) == ("FORMAT", True)
    opened = EmbeddedStore.open(store)
    assert formats.read(store).is_ours
    assert opened.reader().version == 3
    assert {path.name for path in (store / "kept").iterdir()} == {kept}
    with opened.writer() as writer:
        writer.commit(ChangeSet("later", (), tuple(quads_of(store))))
    copy = store / "kept" / kept
    assert formats.read(copy).number == (0 if facts is None else 1)
    assert files_beside(copy) == beside
    assert quads_of(copy) == before
    assert quads_of(store) == set()
    with opened.writer() as writer:
        writer.commit(ChangeSet("erasure", [], [], forget=True))
    assert not (store / "kept").exists()


def quads_of_copy(store: Path) -> set[object]:
    copy = store.with_name("copy")
    shutil.copytree(store, copy)
    return set(quads_of(copy))


def test_another_patch_of_the_engine_is_written_down_and_nothing_more(store: Path) -> None:
    write(store, engine=f"{'.'.join(formats.ENGINE.split('.')[:2])}.0")
    EmbeddedStore.open(store)
    assert formats.read(store).engine == formats.ENGINE
    assert not (store / "kept").exists()


@pytest.mark.parametrize(
    ("facts", "words"),
    [({"format": 2, "software": "9.1"}, "format 2"), ({"engine": "0.99.0", "software": "9.1"}, "engine 0.99.0")],
    ids=["format", "engine"],
)
def test_a_newer_store_is_refused_by_whoever_opens_it(
    run: Run, store: Path, facts: dict[str, object], words: str
) -> None:
    write(store, **facts)
    before = (store / "FORMAT").read_bytes()
    for attempt in (
        lambda: EmbeddedStore.open(store),
        lambda: EmbeddedStore(store).reader(),
        lambda: EmbeddedStore(store).writer().__enter__(),
        lambda: run("query", "ASK {}", "--store", store),
        lambda: run("backup", store.with_name("b"), "--store", store),
        lambda: run("compact", "--store", store),
    ):
        with pytest.raises(
            StoreTooNew, match=f"written by iesi-kg 9.1 with {words}; this is {__version__} with"
        ) as caught:
            attempt()
        assert "install iesi-kg 9.1 or newer" in str(caught.value.hint)
    assert (store / "FORMAT").read_bytes() == before
    assert run("verify", "--store", store)[0] == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "x"}'])
def test_a_number_that_cannot_be_read_is_damage(store: Path, content: str) -> None:
    (store / "FORMAT").write_text(content)
    with pytest.raises(StoreDamaged, match="FORMAT is damaged") as caught:
        EmbeddedStore.open(store)
    assert "backup" in str(caught.value.hint)


def test_a_full_disk_stops_the_upgrade_with_the_store_as_it_was(store: Path) -> None:
    (store / "FORMAT").unlink()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(StoreFull), EmbeddedStore(store).writer():
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (store / "FORMAT").exists()
    assert list((store / "kept").glob("[!.]*")) == []
    EmbeddedStore.open(store)
    assert formats.read(store).is_ours
