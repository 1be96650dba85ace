"""``docs/how-to/validate-in-a-repository.md``: each of its commands and files does what the page says."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

GOOD = "@prefix ex: <http://e/> . ex:a a ex:C ; ex:p 1 ."
BAD = "@prefix ex: <http://e/> . ex:b a ex:C ."
SHAPES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://e/> .
ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:property [ sh:path ex:p ; sh:minCount 1 ] ."""


@pytest.fixture
def blocks(root: Path) -> dict[str, str]:
    text = (root / "docs" / "how-to" / "validate-in-a-repository.md").read_text(encoding="utf-8")
    found = re.findall(r"(?:`([.\w/-]+)`[^\n]*:\n|## By hand\n)\n```(?:sh|yaml)\n(.*?)```", text, re.S)
    return {name or "by hand": block for name, block in found}


@pytest.fixture
def repository(tmp_path: Path, root: Path) -> Path:
    for name, text in {"data/a.ttl": GOOD, "data/b.ttl": BAD, "shapes/main.ttl": SHAPES}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    command = tmp_path / "bin" / "iesi-kg"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{root}/src" exec "{sys.executable}" -m iesi_kg "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def run(repository: Path, command: str | list[str]) -> int:
    path = f"{repository / 'bin'}:{os.environ['PATH']}"
    shell = ["sh", "-c", command] if isinstance(command, str) else command
    return subprocess.run(
        shell, cwd=repository, env={**os.environ, "PATH": path}, capture_output=True, check=False
    ).returncode


def test_every_command_stops_on_bad_data_and_passes_good(blocks: dict[str, str], repository: Path) -> None:
    hook = repository / "pre-commit"
    hook.write_text(blocks[".git/hooks/pre-commit"])
    hook.chmod(0o755)
    (local,) = yaml.safe_load(blocks[".pre-commit-config.yaml"])["repos"]
    steps = yaml.safe_load(blocks[".github/workflows/validate.yml"])["jobs"]["validate"]["steps"]
    commands = [
        blocks["by hand"],
        [str(hook)],
        local["hooks"][0]["entry"],
        steps[-1]["run"],
        yaml.safe_load(blocks[".gitlab-ci.yml"])["validate"]["script"][-1],
    ]
    assert [run(repository, command) for command in commands] == [1] * 5
    (repository / "data" / "b.ttl").write_text(GOOD)
    assert [run(repository, command) for command in commands[-1:]] == [0]
    assert "sh:conforms true" in (repository / "report.ttl").read_text()
