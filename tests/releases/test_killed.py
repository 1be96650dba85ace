"""kill -9 while a release is made or a record erased: nothing published is lost, and asking again completes it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from test_erasure import holders

from iesi_kg.errors import NotFound
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.store.embedded import EmbeddedStore
from running_server import SOURCE

HERE = Path(__file__).parent
LONGEST = 2_000
ERASE = ["os.rename .2026.2.new 2026.2", "os.rename .live.new live"]  # each after the old one was moved out of the way


def ended(store: Path, action: str, step: str | int) -> bool:
    """Whether the maker came to its end; else it was killed at the step."""
    command = [sys.executable, str(HERE / "killed_maker.py"), str(store), action, str(step)]
    environment = {**os.environ, "PYTHONPATH": f"{SOURCE}:{HERE.parent}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode == 0


def check_published(store: Path) -> None:
    """After a start: every release whole, the present readable, the record that nobody touched there."""
    shelf = Shelf(store)
    shelf.mend()
    sound, damaged = shelf.looked_through()
    assert not damaged
    for each in sound:
        each.check()
    assert shelf.names()[:2] == ["2026.1", "2026.2"]
    assert not list(shelf.folder.glob(".*.old"))
    opened = EmbeddedStore.open(store)
    opened.verify()
    assert any("beta-porto" in str(quad) for quad in opened.reader().quads())
    opened.close()
    assert not (store / ".live.old").exists()


def release_killed(store: Path, step: str | int) -> bool:
    whole = ended(store, "release", step)
    check_published(store)
    shelf = Shelf(store)
    if not whole and "2026.3" not in shelf.names():
        with pytest.raises(NotFound):
            shelf.get("2026.3")
        assert ended(store, "release", 0)
    shelf.get("2026.3").check()
    assert not list(shelf.folder.glob(".*.new"))
    return whole


def erasure_killed(store: Path, step: str | int) -> bool:
    whole = ended(store, "erase", step)
    check_published(store)
    assert whole or ended(store, "erase", 0)
    opened = EmbeddedStore.open(store)
    assert opened.forget_older() == []
    opened.close()
    check_published(store)
    assert holders(store, b"alpha-lisboa", ".") == []
    return whole


def test_a_release_that_is_killed_is_not_there_until_it_is_made_again(small: Path) -> None:
    assert not release_killed(small, "os.rename .2026.3.new 2026.3")


@pytest.mark.parametrize("step", ERASE)
def test_an_erasure_that_is_killed_is_completed_by_asking_again(small: Path, step: str) -> None:
    assert not erasure_killed(small, step)


@pytest.mark.long
@pytest.mark.parametrize("action", [release_killed, erasure_killed], ids=["release", "erasure"])
def test_killed_before_every_step(without_bundle: Path, tmp_path: Path, action: object) -> None:
    for step in range(1, LONGEST):
        trial = Path(shutil.copytree(without_bundle, tmp_path / "trial"))
        whole = action(trial, step)  # type: ignore[operator]
        shutil.rmtree(trial)
        if whole:
            assert step > 20
            return
    raise AssertionError("it never came to its end")
