from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GENERATED = ["ontology/generated/context.jsonld", "ontology/generated/template.csv", "src/iesi_kg/vocabulary/terms.py"]


def build(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "iesi_kg", "build", *arguments]
    environ = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    return subprocess.run(command, capture_output=True, text=True, env=environ, cwd=checkout, check=False)


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    for folder in ("src", "ontology"):
        shutil.copytree(root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_generated_files_of_this_checkout_are_up_to_date(root: Path) -> None:
    done = build(root, "--check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", GENERATED)
def test_a_file_that_drifts_is_named_and_made_again(checkout: Path, path: str) -> None:
    right = (checkout / path).read_bytes()
    (checkout / path).write_bytes(right + b"x\n" if path.endswith("csv") else right + b"\n# edited\n")
    done = build(checkout, "--check")
    assert done.returncode == 1
    assert done.stderr == f"{path} is out of date: run `iesi-kg build`\n"
    assert build(checkout).stdout == f"made {path}\n"
    assert (checkout / path).read_bytes() == right


def test_a_missing_file_is_made(checkout: Path) -> None:
    shutil.rmtree(checkout / "ontology/generated")
    assert build(checkout, "--check").returncode == 1
    assert build(checkout).returncode == 0
    assert build(checkout).stdout == "everything is up to date\n"


def test_an_installed_package_says_where_build_works(checkout: Path) -> None:
    bundle = checkout / "src/iesi_kg/_bundle"
    shutil.copytree(checkout / "ontology", bundle / "ontology")
    done = build(checkout)
    assert done.returncode == 3
    assert "checkout" in done.stderr and "Traceback" not in done.stderr
