"""``iesi-kg validate`` and ``iesi_kg.validate``: any syntax, several files, standard input, exit codes, formats."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyoxigraph
import pytest
from pyoxigraph import RdfFormat

import iesi_kg
from iesi_kg.errors import IllFormedShapes, UnreadableFile, UsageError

SHAPES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://e/> .
ex:S a sh:NodeShape ; sh:targetClass ex:C ;
  sh:property [ sh:path ( ex:p [ sh:inversePath ex:q ] ) ; sh:maxCount 1 ; sh:severity sh:Warning ] .
"""
DATA = "@prefix ex: <http://e/> . ex:a a ex:C ; ex:p _:b . ex:x ex:q _:b . ex:y ex:q _:b ."
CONFORMS, DOES_NOT, ERROR = 0, 1, 2


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "shapes.ttl").write_text(SHAPES)
    (tmp_path / "data.ttl").write_text(DATA)
    (tmp_path / "none.ttl").write_text("@prefix ex: <http://e/> . ex:b a ex:D .")
    (tmp_path / "broken.ttl").write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> . <urn:S> sh:property [ sh:minCount 1 ] ."
    )
    return tmp_path


def run(files: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    named = [str(files / one) if "." in one else one for one in arguments]
    command = [sys.executable, "-m", "iesi_kg", "validate", *named]
    return subprocess.run(command, capture_output=True, text=True, input=given, check=False)


def test_the_report_of_the_standard_and_the_exit_codes(files: Path) -> None:
    assert run(files, "none.ttl", "-s", "shapes.ttl").returncode == CONFORMS
    done = run(files, "data.ttl", "-s", "shapes.ttl")
    assert done.returncode == DOES_NOT
    expected = """[] a sh:ValidationReport ; sh:conforms false ; sh:result [ a sh:ValidationResult ; sh:focusNode ex:a ;
      sh:resultPath ( ex:p [ sh:inversePath ex:q ] ) ; sh:resultSeverity sh:Warning ; sh:sourceShape _:shape ;
      sh:sourceConstraintComponent sh:MaxCountConstraintComponent ;
      sh:resultMessage "there are more than 1 values" ] ."""
    prefixes = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://e/> .\n"
    graphs = [
        pyoxigraph.Dataset(pyoxigraph.parse(text, RdfFormat.TURTLE)) for text in (done.stdout, prefixes + expected)
    ]
    for graph in graphs:
        graph.canonicalize(pyoxigraph.CanonicalizationAlgorithm.UNSTABLE)
    assert graphs[0] == graphs[1]
    broken = run(files, "data.ttl", "-s", "broken.ttl")
    assert broken.returncode == ERROR
    assert broken.stdout == ""
    assert "the shape <urn:S>" in broken.stderr
    assert run(files, "data.ttl", "-s", "missing.ttl").returncode == ERROR


def test_several_files_standard_input_and_the_least_severity_that_fails(files: Path) -> None:
    """The blank node _:b of one file is another node than the _:b of the next, so neither has two values."""
    first = "@prefix ex: <http://e/> . ex:a a ex:C ; ex:p _:b . ex:x ex:q _:b ."
    (files / "second.nt").write_text("<http://e/y> <http://e/q> _:b .\n")
    (files / "more.jsonld").write_text('{"@id": "http://e/z", "@type": "http://e/D"}')
    done = run(files, "-", "second.nt", "more.jsonld", "-s", "shapes.ttl", "-s", "shapes.ttl", given=first)
    assert (done.returncode, done.stderr) == (CONFORMS, "")
    assert run(files, "data.ttl", "--shapes", "none.ttl", "shapes.ttl", "--format", "json").returncode == DOES_NOT
    assert run(files, "data.ttl", "-s", "shapes.ttl", "--fail-on", "Violation").returncode == CONFORMS


@pytest.mark.parametrize("engine", ["shifty", "pyshacl"])
def test_the_formats_say_the_same(files: Path, engine: str) -> None:
    report = iesi_kg.validate(files / "data.ttl", [str(files / "shapes.ttl")], engine=engine)
    (result,) = report.results
    assert (report.conforms, bool(report), report.engine) == (False, False, engine)
    assert (result.focus, result.path) == ("<http://e/a>", "(<http://e/p>/^<http://e/q>)")
    assert result.message == "there are more than 1 values"
    from iesi_kg.validation.written import WRITERS

    told = json.loads(WRITERS["json"](report))
    assert told["results"][0]["severity"] == "Warning"
    assert told["results"][0]["shape"] == "a property shape on (<http://e/p>/^<http://e/q>) in <http://e/S>"
    assert "Does not conform: 1 of severity Warning." in WRITERS["text"](report)
    syntaxes = {
        "ttl": RdfFormat.TURTLE,
        "nt": RdfFormat.N_TRIPLES,
        "jsonld": RdfFormat.JSON_LD,
        "xml": RdfFormat.RDF_XML,
    }
    graphs = [pyoxigraph.Dataset(pyoxigraph.parse(WRITERS[name](report), syntax)) for name, syntax in syntaxes.items()]
    for graph in graphs:
        graph.canonicalize(pyoxigraph.CanonicalizationAlgorithm.UNSTABLE)
    assert all(graph == graphs[0] for graph in graphs)


def test_misspelt_terms_are_told(files: Path) -> None:
    (files / "typo.ttl").write_text(SHAPES.replace("sh:maxCount", "sh:maxCounts"))
    report = iesi_kg.validate(files / "data.ttl", files / "typo.ttl")
    assert report.conforms
    assert report.notes == ("sh:maxCounts is no term of SHACL and means nothing; sh:maxCount is one",)


def test_statements_in_memory_and_errors(files: Path) -> None:
    triples = [quad.triple for quad in pyoxigraph.parse(DATA, RdfFormat.TURTLE)]
    rules = [quad.triple for quad in pyoxigraph.parse(SHAPES, RdfFormat.TURTLE)]
    assert len(iesi_kg.validate(triples, rules).results) == 1
    assert iesi_kg.validate([], rules).conforms
    with pytest.raises(IllFormedShapes):
        iesi_kg.validate(triples, files / "broken.ttl")
    (files / "table.csv").write_text("name,country\nA,ES\n")
    with pytest.raises(UnreadableFile, match="is CSV, not RDF"):
        iesi_kg.validate(files / "table.csv", rules)
    looking = SHAPES.replace("sh:maxCount 1", "sh:pattern '^(?=a)'")
    with pytest.raises(UsageError, match="shifty does not answer the pattern"):
        iesi_kg.validate(triples, [q.triple for q in pyoxigraph.parse(looking, RdfFormat.TURTLE)], engine="shifty")
