"""The README's lines, run as they are written there, against the service that `make serve` starts."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

WRITTEN = "http://127.0.0.1:8080"
BIN = Path(sys.executable).parent

# Counted in the country and start_year columns of data/iesi/*.csv.
COUNTED_IN_THE_FILES = [
    ["Spain", "32"],
    ["United Kingdom", "31"],
    ["Netherlands", "30"],
    ["Italy", "29"],
    ["Belgium", "25"],
]
CHILDCARE_YEARS = [2009, 2013, 2014, 2014, 2014, 2016, 2017, 2017, 2018, 2018, 2018, 2019, 2019, 2019, 2020, 2023]


def blocks(root: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (root / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def shell(text: str, address: str, folder: Path) -> str:
    """Run one block; only the address and the environment's folder are put in for those of a fresh checkout."""
    here = text.replace(WRITTEN, address).replace(".venv/bin/", f"{BIN}/")
    run = ["bash", "-euo", "pipefail", "-c", here]
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    return subprocess.run(
        run, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=60
    ).stdout


@pytest.fixture(scope="module")
def asked(root: Path) -> dict[str, str]:
    """The blocks that ask, by a word only they have."""
    words = ("GROUP BY", "/id/", "--endpoint", "submit")
    return {word: next(block for block in blocks(root, "sh") if word in block) for word in words}


def test_curl_counts_initiatives_by_country(asked: dict[str, str], service: str, tmp_path: Path) -> None:
    rows = list(csv.reader(shell(asked["GROUP BY"], service, tmp_path).splitlines()))
    assert rows[0] == ["country", "initiatives"]
    assert rows[1:] == COUNTED_IN_THE_FILES


def test_curl_dereferences_an_initiative_and_asks_for_health(
    asked: dict[str, str], service: str, tmp_path: Path
) -> None:
    output = shell(asked["/id/"], service, tmp_path)
    assert "Smart" in output or "SMart" in output
    assert '"status":"ok"' in output


def test_sparqlwrapper_lists_childcare_by_year(root: Path, service: str, tmp_path: Path) -> None:
    (script,) = blocks(root, "python")
    run = [sys.executable, "-W", "ignore", "-c", script.replace(WRITTEN, service)]
    output = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60).stdout
    rows = [row for row in csv.reader(output.splitlines()) if row]
    assert rows[0] == ["title", "year"]
    assert [int(row[1]) for row in rows[1:]] == CHILDCARE_YEARS


def test_the_command_line_counts_initiatives(asked: dict[str, str], service: str, tmp_path: Path) -> None:
    assert re.search(r"\b359\b", shell(asked["--endpoint"], service, tmp_path))


def test_the_example_record_is_accepted_and_published(asked: dict[str, str], tmp_path: Path) -> None:
    output = shell(asked["submit"], "", tmp_path)
    assert "accepted" in output
