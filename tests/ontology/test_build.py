from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GENERATED = [
    "ontology/generated/context.jsonld", "ontology/generated/published.txt", "ontology/generated/template.csv",
    "docs/reference/ontology.md",
    "src/iesi_kg/vocabulary/terms.py",
]  # fmt: skip


def build(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "iesi_kg", "build", *arguments]
    environ = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    return subprocess.run(command, capture_output=True, text=True, env=environ, cwd=checkout, check=False)


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    for folder in (
        "src",
        "ontology",
        "shapes",
        "queries",
        "docs/reference",
        "data/iesi",
        "data/linking",
        "data/mappings",
    ):
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


def test_a_published_iri_that_is_taken_away_is_refused(checkout: Path) -> None:
    path = checkout / "ontology/codelists/ict-role.ttl"
    path.write_text(path.read_text(encoding="utf-8").replace("c:support", "c:background"), encoding="utf-8")
    for arguments in (("--check",), ()):
        done = build(checkout, *arguments)
        assert done.returncode == 3
        assert "published and gone: https://w3id.org/iesi-kg/codes/ict-role/support" in done.stderr
        assert "dct:isReplacedBy" in done.stderr


PREFIXES = """@prefix iesi: <https://w3id.org/iesi-kg/ontology#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix t: <https://w3id.org/iesi-kg/codes/technology/> ."""
EDITS = [
    (
        "ontology/codelists/technology.ttl",
        "t:ai skos:broader t:big-data . t:big-data skos:broader t:ai .",
        [
            f"codes:technology/{code}: A code is not broader than itself, by whatever way. (queries/checks/broader-"
            for code in ("ai", "big-data")
        ],
    ),
    (
        "ontology/iesi.ttl",
        'iesi:Outcome rdfs:label "result" .',
        [
            'iesi:Outcome ("result"): A label or definition of a term, code list or code says its language. '
            "(queries/checks/language-missing-"
        ],
    ),
    (
        "ontology/iesi.ttl",
        "iesi:Coding rdfs:subClassOf iesi:Outcome .",
        [
            "iesi:Coding, iesi:Judgement, iesi:Outcome: Nothing can be of a class that stands below two classes of "
            "which one excludes the other. (queries/checks/unsatisfiable-",
        ],
    ),
    (
        "ontology/iesi.ttl",
        """iesi:Coding rdfs:subClassOf [
             a owl:Restriction ; owl:onProperty iesi:basis ; owl:someValuesFrom iesi:SourceReading ] .
           iesi:dateRead rdfs:range <http://www.w3.org/2001/XMLSchema#date> . iesi:basis a owl:FunctionalProperty .""",
        [
            f"iesi:{term}: An axiom keeps to OWL 2 RL, and to what inference makes rules of or validation reports. "
            "(queries/checks/profile-"
            for term in ("Coding, owl:someValuesFrom", "dateRead, xsd:date", "basis, owl:FunctionalProperty")
        ],
    ),
]


def test_an_edit_that_breaks_the_ontology_is_named_with_term_and_reason(checkout: Path) -> None:
    """A circle, a label without language, a class that nothing can be of, axioms outside OWL 2 RL: in one command."""
    for path, text, _ in EDITS:
        with (checkout / path).open("a", encoding="utf-8") as file:
            file.write(PREFIXES + text)
    done = build(checkout, "--check")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    for path, _, expected in EDITS:
        for said in expected:
            assert [line for line in lines if line.startswith(f"{path}: {said}")], (said, lines)


def test_a_file_that_is_no_turtle_is_named(checkout: Path) -> None:
    with (checkout / "ontology/codelists/technology.ttl").open("a", encoding="utf-8") as file:
        file.write("this is no Turtle")
    done = build(checkout, "--check")
    assert done.returncode == 1
    assert done.stderr.startswith("ontology/codelists/technology.ttl: cannot be read: ")
    assert "Traceback" not in done.stderr


def test_a_deprecated_term_stays_in_the_list_and_a_new_one_enters(checkout: Path) -> None:
    path = checkout / "ontology/iesi.ttl"
    turtle = path.read_text(encoding="utf-8").replace(
        "iesi:locator a owl:DatatypeProperty ;",
        "iesi:place a owl:DatatypeProperty .\n"
        "iesi:locator a owl:DatatypeProperty ; owl:deprecated true ; dct:isReplacedBy iesi:place ;",
    )
    path.write_text(turtle, encoding="utf-8")
    assert build(checkout).returncode == 0
    listed = (checkout / "ontology/generated/published.txt").read_text(encoding="utf-8").splitlines()
    assert {"https://w3id.org/iesi-kg/ontology#locator", "https://w3id.org/iesi-kg/ontology#place"} <= set(listed)
