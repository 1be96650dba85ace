"""The pack of outside codes: SEMIC's own examples conform to SEMIC's own shapes, and mistakes are still found."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from iesi_kg import validate
from iesi_kg.records import SourceFile

HERE = Path(__file__).parent
PAIRS = {
    "cpsv-ap-example.ttl": ("cpsv-ap-SHACL.ttl", 6),
    "cpov-example.ttl": ("core-public-organisation-ap-SHACL.ttl", 9),
}


@pytest.mark.parametrize("example", PAIRS)
def test_an_example_of_semic_raises_no_false_alarm(example: str) -> None:
    shapes, without = PAIRS[example]
    data, rules = HERE / "examples" / example, HERE / "shapes" / shapes
    alarms = validate(data, rules, packs=())
    assert len(alarms.results) == without
    assert {one.component.rpartition("#")[2] for one in alarms.results} == {"ClassConstraintComponent>"}
    assert validate(data, rules).conforms


def test_the_examples_are_those_of_semic() -> None:
    listed = (HERE / "examples" / "README.md").read_text(encoding="utf-8")
    files = sorted((HERE / "examples").glob("*.ttl"))
    assert [path.name for path in files] == ["cpov-example.ttl", "cpsv-ap-example.ttl"]
    assert [path for path in files if sha256(path.read_bytes()).hexdigest() not in listed] == []


PREFIXES = b"""@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix nuts: <http://data.europa.eu/nuts/code/> . @prefix ex: <http://e/> . @prefix dct: <http://purl.org/dc/terms/> .
"""
PLACES = SourceFile(
    "shapes",
    PREFIXES
    + b"""
ex:S a sh:NodeShape ; sh:targetSubjectsOf dct:spatial ; sh:property [ sh:path dct:spatial ; sh:class dct:Location ] .
ex:C a sh:NodeShape ; sh:targetClass skos:Concept ; sh:property [ sh:path skos:prefLabel ; sh:minCount 1 ] .
""",
)


def test_an_unknown_code_of_a_listed_table_is_found_and_the_list_itself_is_not_judged() -> None:
    """BE100 is the arrondissement of Brussels in NUTS 2016 and 2021; BE999 is no code. Codes have no label here."""
    report = validate(
        SourceFile("data", PREFIXES + b"ex:a dct:spatial nuts:BE100 . ex:b dct:spatial nuts:BE999 ."), PLACES
    )
    assert [(one.focus, one.value) for one in report.results] == [
        ("<http://e/b>", "<http://data.europa.eu/nuts/code/BE999>")
    ]
    assert [note for note in report.notes if note.startswith("1 code of outside lists")]


def test_codes_of_each_version_of_nuts_are_known() -> None:
    """Cremona, Bjelovar-Bilogora (new in 2021), Greater Lisbon and a part of Utrecht (both new in 2024)."""
    places = b"ex:a dct:spatial nuts:ITC4A, nuts:HR021, nuts:PT1A0, nuts:NL361 ."
    assert validate(SourceFile("data", PREFIXES + places), PLACES).conforms


def test_what_the_data_says_of_a_code_is_judged_as_it_stands() -> None:
    data = SourceFile("data", PREFIXES + b"ex:a dct:spatial nuts:BE100 . nuts:BE100 a ex:Thing .")
    assert [one.focus for one in validate(data, PLACES).results] == ["<http://e/a>"]


def test_a_pack_of_ones_own(tmp_path: Path) -> None:
    pack = tmp_path / "pack.ttl"
    pack.write_bytes(PREFIXES + b"ex:here a dct:Location .")
    data = SourceFile("data", PREFIXES + b"ex:a dct:spatial ex:here .")
    assert not validate(data, PLACES).conforms
    assert validate(data, PLACES, packs=[pack]).conforms
