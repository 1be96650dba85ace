"""The mapping files that are published: made of one truth, read by us and by the reference implementation."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from iesi_kg import assets
from iesi_kg.linking import made_mappings, sssom
from iesi_kg.vocabulary.codelists import CodeLists

FILES = sorted(assets.names("data/mappings", ".sssom.tsv"))
REFERENCE = Path(__file__).with_name("sssom_reference.py")

# Counted by hand: alignments and code lists by their Match lines and nodes, keys in the tables of data/iesi,
# and the lines of data/linking/rejected.csv.
ROWS = {
    "cids": 3, "cofog": 8, "dsi-2013": 2, "eu-country": 49, "eurio": 3, "ips": 14, "jrc-ai-watch": 12, "jrc-ips": 75,
    "jrc-ips-catalogue": 25, "pstw": 27, "schema-org": 3, "sdg": 10,
}  # fmt: skip


def name_of(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".sssom.tsv").removeprefix("iesi-")


def test_the_files_are_what_alignments_and_tables_say() -> None:
    made = made_mappings.files()
    assert sorted(made) == FILES
    stale = [path for path, text in made.items() if assets.text(path) != text]
    assert not stale, "run `iesi-kg build`"


def test_each_file_holds_as_many_mappings_as_its_source() -> None:
    found = {name_of(path): len(sssom.read(assets.text(path), path).mappings) for path in FILES}
    assert found == ROWS


@pytest.mark.parametrize("path", FILES)
def test_a_file_is_read_and_written_as_it_is(path: str) -> None:
    text = assets.text(path)
    assert sssom.write(sssom.read(text, path)) == text


@pytest.mark.parametrize("path", FILES)
def test_a_file_survives_the_way_through_triples(path: str) -> None:
    found = sssom.read(assets.text(path), path)
    again = sssom.of_triples(sssom.triples(found))
    nameless = {replace(item, record_id="") for item in again.mappings}
    assert nameless == {replace(item, record_id="") for item in found.mappings}
    assert (again.mapping_set_id, again.curie_map) == (found.mapping_set_id, found.curie_map)
    assert {**again.slots, "sssom_version": "1.1"} == found.slots


def test_a_link_of_a_record_says_who_read_it_and_when() -> None:
    found = sssom.read(assets.text("data/mappings/iesi-jrc-ips.sssom.tsv"), "x")
    (link,) = (item for item in found.mappings if item.object_id == "jrc-ips:10147")
    assert link.subject_id == "initiative:misty-ii-barcelona"
    assert link.author_label == ("iesi-kg machine-assisted coding",) and link.mapping_date == "2026-11-22"
    assert (link.subject_source, link.object_source) == ("peer:iesi", "peer:jrc-ips")
    assert found.expand(link.object_id).value == "https://w3id.org/iesi-kg/id/peer/jrc-ips/10147"


def test_a_pair_that_was_read_and_rejected_is_told_with_the_reason_and_not_stated() -> None:
    found = sssom.read(assets.text("data/mappings/iesi-jrc-ips.sssom.tsv"), "x")
    (told,) = (item for item in found.mappings if item.is_negative and item.object_id == "jrc-ips:10153")
    assert (told.subject_id, told.subject_label) == ("initiative:elfe-bremen", "ELFE - Einfach Leistungen für Eltern")
    assert "Kinderleicht zum Kindergeld" in told.comment
    pair = found.expand(told.subject_id), found.expand(told.object_id)
    assert not [triple for triple in sssom.triples(found) if (triple.subject, triple.object) == pair]


def test_each_country_of_ours_has_its_counterpart_of_the_union() -> None:
    found = sssom.read(assets.text("data/mappings/iesi-eu-country.sssom.tsv"), "x")
    ours = {item.subject_id.rpartition("/")[2] for item in found.mappings}
    assert ours <= {concept.notation for concept in CodeLists.load().concepts("country")}
    assert ("codes:country/AT", "eu-country:AUT") in {(item.subject_id, item.object_id) for item in found.mappings}


def test_the_reference_implementation_finds_nothing_wrong(tmp_path: Path) -> None:
    """And it does find what we plant, so that its silence says something."""
    broken = tmp_path / "broken.sssom.tsv"
    text = assets.text("data/mappings/iesi-sdg.sssom.tsv")
    broken.write_text(text.replace("skos:closeMatch", "nope:closeMatch"), encoding="utf-8")
    paths = [str(assets.root() / path) for path in FILES]
    command = [sys.executable, "-W", "ignore", str(REFERENCE), *paths, str(broken)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    told = json.loads(done.stdout)
    assert told.pop(str(broken))["messages"]
    assert {name_of(path): about["rows"] for path, about in told.items()} == ROWS
    assert not [message for about in told.values() for message in about["messages"]]
