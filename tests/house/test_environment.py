"""The set-up script: every way it can fail is one sentence that says what to do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def set_up(root: Path, python: str, venv: Path) -> subprocess.CompletedProcess[str]:
    command = ["sh", "tools/environment.sh", str(venv), ""]
    environment = {**os.environ, "PYTHON": python}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def fake_python(folder: Path, body: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_no_python(root: Path, tmp_path: Path) -> None:
    run = set_up(root, "no-such-python", tmp_path / "venv")
    assert run.returncode == 1
    assert run.stderr.startswith("iesi-kg: no no-such-python found; install Python 3.11 or newer")
    assert not (tmp_path / "venv").exists()


def test_python_too_old(root: Path, tmp_path: Path) -> None:
    old = fake_python(tmp_path, 'case "$1" in --version) echo "Python 3.9.2";; *) exit 1;; esac')
    run = set_up(root, old, tmp_path / "venv")
    assert run.returncode == 1
    assert run.stderr == (
        "iesi-kg: Python 3.9.2 is too old: 3.11 or newer is needed (another one: make PYTHON=/path/to/python3 ...)\n"
    )


def test_make_alone_lists_the_targets(root: Path) -> None:
    run = subprocess.run(["make", "--no-print-directory"], cwd=root, capture_output=True, text=True, check=True)
    listed = [line.split()[1] for line in run.stdout.splitlines()]
    assert listed[:4] == ["help", "serve", "test", "test-long"]
