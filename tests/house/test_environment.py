"""The set-up script: every way it can fail is one sentence that says what to do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def set_up(root: Path, python: str, venv: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", "tools/environment.sh", str(venv), ""]
    environment = {**os.environ, "PYTHON": python, **environ}
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


def test_no_venv_and_no_right_to_install_it(root: Path, tmp_path: Path) -> None:
    bare = fake_python(tmp_path, 'case "$2" in *ensurepip*) exit 1;; esac')
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    run = set_up(root, bare, tmp_path / "venv", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert run.returncode == 1
    assert run.stderr == "iesi-kg: the module venv is missing; run: sudo apt-get install python3-venv\n"


def test_no_venv_and_the_right_to_install_it(root: Path, tmp_path: Path) -> None:
    """A stand-in for apt-get writes down what it was asked for; it cannot help, so the command is said."""
    bare = fake_python(tmp_path, 'case "$2" in *ensurepip*) exit 1;; esac')
    for name, body in {"id": "echo 0", "apt-get": f'echo "$@" >> {tmp_path}/asked; test "$2" = update'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    run = set_up(root, bare, tmp_path / "venv", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert run.returncode == 1
    assert (tmp_path / "asked").read_text() == "-qq update\n-qq install -y python3-venv\n"
    assert run.stderr.splitlines() == [
        "iesi-kg: installing python3-venv",
        "iesi-kg: python3-venv could not be installed; run: apt-get install python3-venv",
    ]


def test_make_alone_lists_the_targets(root: Path) -> None:
    run = subprocess.run(["make", "--no-print-directory"], cwd=root, capture_output=True, text=True, check=True)
    listed = [line.split()[1] for line in run.stdout.splitlines()]
    assert listed[:4] == ["help", "serve", "test", "test-long"]
