"""kill -9 between any two steps: every version that is there has its entry, and the log is whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from iesi_kg.operations.audit import AuditLog, carried_out
from iesi_kg.store.embedded import EmbeddedStore

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"


def kill_and_check(path: Path, seeds: range) -> None:
    for seed in seeds:
        command = [sys.executable, str(HERE / "audited_writer.py"), str(path)]
        with subprocess.Popen(
            command, env={"PYTHONPATH": str(SOURCE)}, stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            assert process.stdout
            said = [process.stdout.readline()]
            time.sleep(random.Random(seed).uniform(0, 0.3))
            os.kill(process.pid, signal.SIGKILL)
            said += process.stdout.read().splitlines()
        store, log = EmbeddedStore.open(path), AuditLog(path)
        version = store.reader().version
        assert version - int(said[-1]) in {0, 1}
        store.close()
        entries = list(log.entries())
        assert log.verify().entries == len(entries)
        done = [entry.version for entry, made in zip(entries, carried_out(entries), strict=True) if made]
        assert done[:version] == list(range(1, version + 1))
        assert len(done) - version in {0, 1}  # an entry of a change that the kill came before


def test_every_version_has_its_entry_after_a_kill(tmp_path: Path) -> None:
    kill_and_check(tmp_path, range(4))


@pytest.mark.long
def test_every_version_has_its_entry_after_a_hundred_kills(tmp_path: Path) -> None:
    kill_and_check(tmp_path, range(100, 200))
