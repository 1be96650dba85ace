"""``iesi-kg reason``: what each rule gave, why a statement holds, and each mistake in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore

ROOT = Path(__file__).resolve().parents[2]


def reason(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IESI_KG_")}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "iesi_kg", "reason", "--store", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)


def test_each_rule_and_what_it_gave(folder: Path) -> None:
    done = reason(folder)
    assert done.returncode == 0, done.stderr
    assert "      359  subclass     iesi:Initiative -> foaf:Project\n" in done.stdout
    assert "      202  definition   iesi:meetsElement -> iesi:SocialInnovation\n" in done.stdout
    assert "holds just these" in done.stdout.splitlines()[-1]
    assert " 0  " not in done.stdout
    every = reason(folder, "--all").stdout
    assert "        0  domain       iesi:needText -> iesi:Initiative\n" in every
    assert "        0  chain        iesi:hasOutcome / iesi:evaluatedBy -> iesi:hasEvaluation\n" in every
    assert "        0  rule         30-shortcut-reviewed: Shortcut of the newest reviewed coding\n" in every


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


def test_the_class_of_the_definition_is_explained_by_what_was_ticked(folder: Path) -> None:
    done = reason(folder, "--explain", "id:initiative/cibernarium", "a", "iesi:SocialInnovation")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1].startswith(
        "  follows, because whatever is related by iesi:meetsElement (meets element of the definition) to "
        "codes:definition-element/D1 (new combination of social practices), codes:definition-element/D2 ("
    )
    assert lines[1].endswith(
        "is a iesi:SocialInnovation (ICT-enabled social innovation) (definition, ontology/definitions.ttl), from:"
    )
    ticked = [line.strip() for line in lines[2::2]]
    assert ticked == [
        f"id:initiative/cibernarium iesi:meetsElement codes:definition-element/{name}"
        for name in ("D1", "D2", "D4", "D5", "D7")
    ]
    assert all(line.startswith("      is stated in https://w3id.org/iesi-kg/graph/submission/") for line in lines[3::2])


def test_a_value_from_a_coding_and_a_dispute_are_explained(tmp_path: Path) -> None:
    text = """@prefix iesi: <https://w3id.org/iesi-kg/ontology#> . @prefix dct: <http://purl.org/dc/terms/> .
        @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
        @prefix id: <https://w3id.org/iesi-kg/id/initiative/> .
        @prefix review: <https://w3id.org/iesi-kg/codes/review-status/> .
        @prefix potential: <https://w3id.org/iesi-kg/codes/ict-potential/> .
        <urn:a> iesi:judges id:x ; iesi:variable iesi:ictPotential ; iesi:codedValue potential:2 ;
            dct:date "2026-01-01"^^xsd:date ; iesi:reviewStatus review:reviewed .
        <urn:b> iesi:judges id:y ; iesi:variable iesi:ictPotential ; iesi:codedValue potential:2 ;
            dct:date "2026-01-01"^^xsd:date ; iesi:reviewStatus review:reviewed .
        <urn:c> iesi:judges id:y ; iesi:variable iesi:ictPotential ; iesi:codedValue potential:3 ;
            dct:date "2026-01-01"^^xsd:date ; iesi:reviewStatus review:reviewed ."""
    codings = NamedNode("https://w3id.org/iesi-kg/graph/codings")
    quads = [Quad(*quad.triple, codings) for quad in parse(text, format=RdfFormat.TURTLE)]
    store = EmbeddedStore.open(tmp_path / "store", create=True)
    with store.writer() as writer:
        writer.commit(ChangeSet("codings", quads))
    store.close()
    value = reason(tmp_path / "store", "--explain", "id:initiative/x", "iesi:ictPotential", "codes:ict-potential/2")
    assert value.stdout.splitlines()[1:4] == [
        "  follows, because this is the newest reviewed coding of the variable, and no other reviewed one disagrees "
        "with it (rule, queries/rules/30-shortcut-reviewed.rq), from:",
        "    <urn:a> iesi:judges id:initiative/x",
        "      is stated in https://w3id.org/iesi-kg/graph/codings",
    ]
    dispute = reason(tmp_path / "store", "--explain", "<urn:b>", "iesi:reviewStatus", "codes:review-status/disputed")
    assert "because reviewed codings of one variable of one initiative disagree" in dispute.stdout
    assert "    <urn:c> iesi:judges id:initiative/y\n" in dispute.stdout
    contested = reason(tmp_path / "store", "--explain", "id:initiative/y", "iesi:ictPotential", "codes:ict-potential/2")
    assert (contested.returncode, contested.stdout.splitlines()[1]) == (1, "  is not stated and does not follow")


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
