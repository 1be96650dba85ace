"""``iesi-kg reason``: what each rule gave, why a statement holds, and each mistake in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def reason(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IESI_KG_")}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "iesi_kg", "reason", "--store", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)


def test_each_rule_and_what_it_gave(folder: Path) -> None:
    done = reason(folder)
    assert done.returncode == 0, done.stderr
    assert "      144  subclass     iesi:Initiative -> foaf:Project\n" in done.stdout
    assert "holds just these" in done.stdout.splitlines()[-1]
    assert " 0  " not in done.stdout
    assert "        0  domain       iesi:needText -> iesi:Initiative\n" in reason(folder, "--all").stdout


def test_a_statement_that_follows_is_explained_down_to_what_is_stated(folder: Path) -> None:
    done = reason(folder, "--explain", "id:initiative/helpific#coding", "a", "<http://www.w3.org/ns/prov#Entity>")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:5] == [
        "id:initiative/helpific#coding rdf:type prov:Entity",
        "  follows, because every iesi:Judgement (judgement) is a prov:Entity (entity) "
        "(subclass, ontology/iesi.ttl), from:",
        "    id:initiative/helpific#coding rdf:type iesi:Judgement",
        "      follows, because every iesi:Coding (coding) is a iesi:Judgement (judgement) "
        "(subclass, ontology/iesi.ttl), from:",
        "        id:initiative/helpific#coding rdf:type iesi:Coding",
    ]
    assert lines[5].startswith("          is stated in https://w3id.org/iesi-kg/graph/submission/2026-")
    assert len(lines) == 6


@pytest.mark.parametrize(
    "statement",
    [
        ("https://w3id.org/iesi-kg/id/initiative/helpific", "rdf:type", "iesi:Initiative"),
        ("id:initiative/helpific", "dct:title", '"Helpific"'),  # no rule reads titles
        ("id:agent/iesi-kg-project", "foaf:name", '"iesi-kg project"'),
    ],
)
def test_a_statement_that_is_stated_is_called_so(folder: Path, statement: tuple[str, str, str]) -> None:
    done = reason(folder, "--explain", *statement)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[1].startswith("  is stated in ")


def test_a_statement_that_does_not_follow(folder: Path) -> None:
    done = reason(folder, "--explain", "id:initiative/helpific", "a", "org:Organization")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[1:] == ["  is not stated and does not follow"]
    unknown = reason(folder, "--explain", "id:initiative/nobody", "a", "foaf:Project")
    assert "nothing is published about https://w3id.org/iesi-kg/id/initiative/nobody" in unknown.stdout
    assert unknown.returncode == 1


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (("fof:x", "a", "foaf:Project"), "the prefix fof: in 'fof:x' is not known; did you mean foaf:?"),
        (("helpific", "a", "foaf:Project"), "'helpific' is neither an IRI nor a prefix and a name"),
        (("id:a b", "a", "foaf:Project"), "is not an IRI"),
        (("id:x", "a", '"open'), '"open is not a literal'),
    ],
)
def test_a_term_that_cannot_be_read(folder: Path, statement: tuple[str, str, str], said: str) -> None:
    done = reason(folder, "--explain", *statement)
    assert done.returncode == 3
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_no_store(tmp_path: Path) -> None:
    done = reason(tmp_path / "none")
    assert done.returncode == 3
    assert "there is no store at" in done.stderr
