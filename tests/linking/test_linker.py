"""Databases to links and clusters: what is joined, what is held apart, and input with nothing in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iesi_kg.errors import UsageError
from iesi_kg.linking import linked_mappings, sssom
from iesi_kg.linking.entities import Entity
from iesi_kg.linking.linker import Decisions, Linked, link
from iesi_kg.linking.scoring import Band
from iesi_kg.linking.sssom import Mapping, MappingSet
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.formulas import neutral

TEXT = "A watch tells residents of a nursing home where they are, and carers agree how far each of them may walk alone."


def record(database: str, key: str, name: str, text: str = TEXT, **more: object) -> Entity:
    facts = {"countries": ("NL",), **more}
    return Entity(
        f"{database}:{key}",
        iris.peer_record(database, key),
        database,
        "initiative",
        (name,),
        text,
        **facts,  # type: ignore[arg-type]
    )


ONE = record("one", "1", "Smart Dementia", start_year=2021, status="pilot")
TWO = record("two", "1", "Smart Dementia project", start_year=2015, status="ended")
THREE = record("three", "1", "SmartDementia", countries=("BE",))


def pairs(found: Linked, band: Band = Band.ACCEPT) -> set[frozenset[str]]:
    return {frozenset((link.left.curie, link.right.curie)) for link in found.links if link.band is band}


def named(*curies: str) -> frozenset[str]:
    return frozenset(curies)


def test_three_databases_make_one_cluster_whatever_their_order() -> None:
    found = link([[ONE], [TWO], [THREE]])
    assert pairs(found) == {named("one:1", "two:1"), named("one:1", "three:1"), named("two:1", "three:1")}
    assert [{entity.curie for entity in members} for members in found.clusters] == [{"one:1", "two:1", "three:1"}]
    assert pairs(link([[THREE], [TWO], [ONE]])) == pairs(found)


def test_a_common_page_is_enough_to_be_compared() -> None:
    facts = {"pages": ("https://example.org/project/287607",), "organisations": ("University of Wolverhampton",)}
    one = record("one", "1", "FIRST reading support", "Documents that autistic people can understand.", **facts)
    other = record("two", "1", "FIRST - A Flexible Interactive Reading Support Tool", "Language technology.", **facts)
    assert pairs(link([[one], [other]])) == {named("one:1", "two:1")}


def test_what_the_records_of_a_cluster_disagree_on() -> None:
    found = {conflict.field: conflict.values for conflict in link([[ONE], [TWO], [THREE]]).conflicts}
    assert found == {
        "country": {"BE": ("three:1",), "NL": ("one:1", "two:1")},
        "start year": {"2015": ("two:1",), "2021": ("one:1",)},
        "status": {"ended": ("two:1",), "pilot": ("one:1",)},
    }


def test_duplicates_inside_one_database_unless_they_are_left_out() -> None:
    again = replace(ONE, curie="one:2", iri=iris.peer_record("one", "2"))
    assert pairs(link([[ONE, again]])) == {named("one:1", "one:2")}
    assert pairs(link([[ONE, again], [ONE, again]])) == {named("one:1", "one:2")}, "a database named twice is one"
    assert link([[ONE, again]], within=False).links == ()


def test_two_that_follow_through_a_third_are_linked_too() -> None:
    """The first and the last say too little of one another; both are like the one between them."""
    words = TEXT.split()
    left = record("one", "1", "Smart Dementia", " ".join(words[:12]))
    right = record("two", "1", "Wander watch", " ".join(words[10:]))
    between = record("three", "1", "Smart Dementia wander watch", TEXT)
    found = link([[left], [right], [between]])
    (followed,) = (item for item in found.links if item.follows)
    assert named(followed.left.curie, followed.right.curie) == named("one:1", "two:1")
    assert followed.sentence.endswith("both are the same as a third record")


@pytest.mark.parametrize("databases", [[], [[]], [[], []], [[ONE]], [[ONE], []]], ids=len)
def test_nothing_to_compare(databases: list[list[Entity]]) -> None:
    assert link(databases) == Linked((), (), ())


def test_a_record_without_a_name_is_left_out() -> None:
    nameless = replace(TWO, names=())
    assert link([[ONE], [nameless]]).links == ()


def test_a_name_of_marks_alone_is_like_no_other() -> None:
    marks = [record(name, "1", "???", "", countries=()) for name in ("one", "two")]
    assert pairs(link([[marks[0]], [marks[1]]])) == set()


def test_huge_texts_are_read_as_far_as_they_tell() -> None:
    long = TEXT + " ".join(f"word{number}" for number in range(200_000))
    found = link([[replace(ONE, description=long)], [replace(TWO, description=long)]])
    assert pairs(found) == {named("one:1", "two:1")}


def test_what_a_steward_decided_is_kept_and_nothing_computed_goes_against_it() -> None:
    other = record("four", "9", "Open air cinema", "Films by the lake.")
    decided = Decisions(same=frozenset({named("one:1", "four:9")}), other=frozenset({named("one:1", "two:1")}))
    found = link([[ONE], [TWO], [other]], decisions=decided)
    (kept,) = (item for item in found.links if item.decided)
    assert (kept.confidence, kept.band) == (1.0, Band.ACCEPT)
    assert named("one:1", "two:1") not in pairs(found) | pairs(found, Band.REVIEW)


def test_decisions_that_cannot_all_hold_are_told() -> None:
    decided = Decisions(
        same=frozenset({named("one:1", "two:1"), named("two:1", "three:1")}),
        other=frozenset({named("one:1", "three:1")}),
    )
    found = link([[ONE], [TWO], [THREE]], decisions=decided)
    assert [conflict.field for conflict in found.conflicts if conflict.field == "decision"] == ["decision"]
    assert pairs(found) == {named("one:1", "two:1"), named("two:1", "three:1")}, "each decision is kept"
    assert sorted(map(len, found.clusters)) == [2]


def mapping(subject: str, target: str, modifier: str = "", justification: str = "semapv:MappingReview") -> Mapping:
    return Mapping(
        subject_id=subject,
        predicate_id="iesi:sameInitiativeAs",
        predicate_modifier=modifier,
        object_id=target,
        mapping_justification=justification,
        reviewer_label=("A steward",) if justification.endswith("Review") else (),
    )


def mappings(*rows: Mapping) -> MappingSet:
    spaces = {name: iris.peer_record(name, "").value for name in ("one", "two", "three")}
    return MappingSet(
        mappings=rows,
        mapping_set_id="https://example.org/s",
        license="https://example.org/l",
        curie_map={**spaces, "iesi": "https://w3id.org/iesi-kg/ontology#"},
    )


def test_only_what_people_decided_is_a_decision() -> None:
    given = mappings(
        mapping("one:1", "two:1"),
        mapping("one:1", "three:1", "Not"),
        mapping("two:1", "three:1", justification="semapv:CompositeMatching"),
    )
    assert linked_mappings.decisions(given) == Decisions(
        frozenset({named("one:1", "two:1")}), frozenset({named("one:1", "three:1")})
    )


def test_contradictory_decisions_are_refused_by_their_places() -> None:
    given = mappings(mapping("one:1", "two:1"), mapping("one:1", "three:1"), mapping("two:1", "one:1", "Not"))
    with pytest.raises(UsageError, match=r"one:1 and two:1 are decided to be the same in mapping 1, .* mapping 3"):
        linked_mappings.decisions(given)


def test_the_file_keeps_every_decision_as_it_was_and_reads_back() -> None:
    no = mapping("one:1", "three:1", "Not")
    given = mappings(no)
    found = link([[ONE], [TWO], [THREE]], decisions=linked_mappings.decisions(given))
    made = linked_mappings.mapping_set(found, versions={"one": "1", "two": "2"}, kept=given, day="2026-11-23")
    assert made.mappings[0] == no
    again = sssom.read(sssom.write(made), "links.sssom.tsv")
    assert {(row.subject_id, row.object_id, row.predicate_modifier) for row in again.mappings} == {
        ("one:1", "three:1", "Not"),
        ("one:1", "two:1", ""),
    }
    (row,) = (row for row in again.mappings if not row.predicate_modifier)
    assert (row.subject_source, row.object_source_version) == ("peer:one", "2")
    assert row.mapping_justification == "semapv:CompositeMatching"
    assert row.confidence is not None
    assert row.confidence > 0.9
    assert "they disagree on start year" in row.comment
    assert "name=" in row.other


def test_ours_stands_first_and_no_cell_is_a_formula() -> None:
    ours = Entity(
        "initiative:smart", iris.initiative("smart"), "iesi", "initiative", ("Smart Dementia",), TEXT, ("NL",)
    )
    found = link([[record("one", "1", "=Smart Dementia()")], [ours]])
    made = linked_mappings.mapping_set(found, versions={"iesi": "7", "one": "1"}, day="2026-11-23")
    assert [(row.subject_id, row.object_id) for row in made.mappings] == [("initiative:smart", "one:1")]
    doubtful = replace(found, links=tuple(replace(item, band=Band.REVIEW) for item in found.links))
    assert neutral("=Smart Dementia()") in linked_mappings.review(doubtful)
