"""Mapping files: read, written, as triples, and every fault at its line with its remedy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from iesi_kg.errors import IllFormedMappings
from iesi_kg.linking import sssom
from iesi_kg.linking.sssom import Mapping, MappingSet

HEAD = """#mapping_set_id: https://example.org/links
#license: https://creativecommons.org/licenses/by/4.0/
#mapping_set_title: "Ours: and theirs"
#creator_id:
#- orcid:0000-0002-1825-0097
#mapping_tool: iesi-kg
#subject_source: iesi:iesi
#mapping_date: 2026-11-01
#curie_map:
#  initiative: https://w3id.org/iesi-kg/id/initiative/
#  iesi: https://w3id.org/iesi-kg/ontology#
#  jrc-ips: https://w3id.org/iesi-kg/id/peer/jrc-ips/
#  orcid: "https://orcid.org/"
"""
COLUMNS = "subject_id\tsubject_label\tpredicate_id\tpredicate_modifier\tobject_id\tmapping_justification\tconfidence"
ROWS = (
    "initiative:smart\tSMART\tiesi:sameInitiativeAs\t\tjrc-ips:10000\tsemapv:ManualMappingCuration\t0.95",
    "initiative:smart\tSMART\tiesi:sameInitiativeAs\tNot\tjrc-ips:10001\tsemapv:MappingReview\t1",
)
TEXT = HEAD + "\n".join([COLUMNS, *ROWS]) + "\n"
TABLE = len(HEAD.splitlines()) + 1
SSSOM = "https://w3id.org/sssom/"


def faults(text: str) -> list[dict[str, object]]:
    with pytest.raises(IllFormedMappings) as caught:
        sssom.read(text, "links.sssom.tsv")
    assert caught.value.hint and "links.sssom.tsv" in caught.value.detail
    return caught.value.members["faults"]  # type: ignore[return-value]


def with_cell(column: str, value: str) -> str:
    """The file with another value in one column of its first row."""
    names, cells = COLUMNS.split("\t"), ROWS[0].split("\t")
    cells[names.index(column)] = value
    return HEAD + "\n".join([COLUMNS, "\t".join(cells), ROWS[1]]) + "\n"


def test_a_file_is_read_with_what_its_head_hands_down() -> None:
    found = sssom.read(TEXT, "links.sssom.tsv")
    assert found.mapping_set_id == "https://example.org/links"
    assert found.slots["mapping_set_title"] == "Ours: and theirs"
    assert found.slots["creator_id"] == ("orcid:0000-0002-1825-0097",)
    first, second = found.mappings
    assert (first.subject_id, first.object_id, first.confidence) == ("initiative:smart", "jrc-ips:10000", 0.95)
    assert (first.mapping_tool, first.mapping_date, first.subject_source) == ("iesi-kg", "2026-11-01", "iesi:iesi")
    assert (first.is_negative, second.is_negative) == (False, True)


def test_a_file_that_is_written_is_read_as_the_same() -> None:
    before = sssom.read(TEXT, "links.sssom.tsv")
    hard = replace(
        before.mappings[0],
        author_id=("orcid:1", "orcid:2"),
        match_string=("a|b", "c"),
        comment='"quoted" and: # with signs',
        mapping_date="2026-11-02",
        similarity_score=0.5,
    )
    slots = {**before.slots, "comment": "yes", "mapping_set_version": "1.10", "other": "a # b: - c"}
    before = replace(before, mappings=(hard, before.mappings[1]), slots=slots)
    text = sssom.write(before)
    after = sssom.read(text, "again")
    assert after == replace(before, slots=after.slots)
    assert {key: value for key, value in after.slots.items() if key != "sssom_version"} == slots
    assert sssom.write(after) == text


def test_other_ends_of_line_a_mark_at_the_start_and_empty_lines_do_no_harm() -> None:
    assert sssom.read("\ufeff" + TEXT.replace("\n", "\r\n") + "\r\n\r\n", "x") == sssom.read(TEXT, "x")


@pytest.mark.parametrize(
    ("column", "value", "message", "hint"),
    [
        ("subject_id", "initative:smart", "the prefix initative: in 'initative:smart' is not in", "mean initiative:?"),
        ("subject_id", "smart", "'smart' is neither an IRI nor a prefix and a name", "like initiative:smart"),
        ("subject_id", "initiative:sm art", "'initiative:sm art' does not make an IRI", "without blanks"),
        ("object_id", "", "object_id is empty", "every mapping needs it"),
        ("predicate_id", "skos:exactmatch", "no predicate known here", "did you mean skos:exactMatch?"),
        ("predicate_id", "iesi:sameInitativeAs", "no predicate known here", "did you mean iesi:sameInitiativeAs?"),
        ("predicate_id", "rdfs:label", "no predicate known here", "sameOrganisationAs"),
        ("predicate_modifier", "not", "'not' is no value of predicate_modifier", "did you mean Not?"),
        ("mapping_justification", "semapv:LexicalMatch", "no justification known here", "semapv:LexicalMatching?"),
        ("mapping_justification", "semapv:Guess", "no justification known here", "ManualMappingCuration"),
        ("confidence", "95", "'95' is not a number from 0 to 1", "1 for certain"),
        ("confidence", "nan", "'nan' is not a number from 0 to 1", "1 for certain"),
        ("confidence", "high", "'high' is not a number from 0 to 1", "1 for certain"),
    ],
)
def test_a_wrong_cell_is_named_with_its_place_and_remedy(column: str, value: str, message: str, hint: str) -> None:
    (fault,) = faults(with_cell(column, value))
    assert fault["line"] == TABLE + 1
    assert fault["column"] == COLUMNS.split("\t").index(column) + 1
    assert fault["slot"] == column
    assert message in str(fault["message"]) and hint in str(fault["hint"])


@pytest.mark.parametrize("value", ["01.02.2026", "2026-13-01", "2026", "2026-02-30"])
def test_a_wrong_date_of_the_head_is_named_with_its_line(value: str) -> None:
    (fault,) = faults(TEXT.replace("2026-11-01", value))
    assert (fault["line"], fault["slot"]) == (8, "mapping_date")
    assert "is not a date" in str(fault["message"]) and "YYYY-MM-DD" in str(fault["hint"])


def test_every_fault_of_a_file_is_told_at_once() -> None:
    text = with_cell("confidence", "2").replace("semapv:MappingReview", "semapv:Review")
    assert [(fault["line"], fault["column"]) for fault in faults(text)] == [(TABLE + 1, 7), (TABLE + 2, 6)]


@pytest.mark.parametrize(
    ("before", "after", "slot", "message"),
    [
        ("#license: https://creativecommons.org/licenses/by/4.0/\n", "", "license", "the head tells no license"),
        ("#mapping_set_id: https://example.org/links\n", "", "mapping_set_id", "the head tells no mapping_set_id"),
        ("\tobject_id\t", "\tobject\t", "object_id", "the table has no column object_id"),
        ("#mapping_tool: iesi-kg", "#maping_tool: iesi-kg", "maping_tool", "maping_tool is no slot of SSSOM"),
        ("by/4.0/\n", "by/4.0/\n#license: https://example.org/\n", "", "license is told twice, first in line 2"),
        ("#mapping_tool: iesi-kg", "#what is this", "", "'what is this' is not a slot of the head"),
        ("https://example.org/links", "links", "mapping_set_id", "'links' is not an address"),
        ('"https://orcid.org/"\n', "x\n#  initiative: https://x.org/\n", "", "stands for two things"),
    ],
)
def test_a_wrong_head_is_named(before: str, after: str, slot: str, message: str) -> None:
    assert before in TEXT
    found = [fault for fault in faults(TEXT.replace(before, after)) if message in str(fault["message"])]
    assert [fault["slot"] for fault in found] == [slot]


def test_a_row_longer_than_its_header_is_named() -> None:
    (fault,) = faults(TEXT.replace("\t0.95", "\t0.95\tmore"))
    assert (fault["line"], fault["column"]) == (TABLE + 1, 8)


def test_the_same_pair_accepted_and_rejected_at_once_is_refused_in_either_direction() -> None:
    turned = "jrc-ips:10000\t\tiesi:sameInitiativeAs\tNot\tinitiative:smart\tsemapv:MappingReview\t1"
    (fault,) = faults(TEXT + turned + "\n")
    assert fault["line"] == TABLE + 3 and f"see line {TABLE + 1}" in str(fault["message"])
    assert "keep the decision that holds" in str(fault["hint"])


def test_organisations_that_are_part_of_one_another_in_a_circle_are_refused() -> None:
    row = "jrc-ips:{}\t\torg:subOrganizationOf\t\tjrc-ips:{}\tsemapv:LexicalMatching\t1"
    rows = [row.format(*pair) for pair in ("ab", "bc", "ca")]
    head = HEAD + "#  org: http://www.w3.org/ns/org#\n"
    (fault,) = faults(head + "\n".join([COLUMNS, *rows]))
    assert (fault["line"], fault["column"]) == (TABLE + 2, 3)
    way = "jrc-ips:a is part of jrc-ips:b is part of jrc-ips:c is part of jrc-ips:a"
    assert fault["message"] == f"part of itself: {way}; see lines {TABLE + 2}, {TABLE + 3}, {TABLE + 4}"
    rows[2] = rows[2].replace("subOrganizationOf\t", "subOrganizationOf\tNot")
    assert len(sssom.read(head + "\n".join([COLUMNS, *rows]), "x").mappings) == 3


def test_another_reviewer_or_day_is_no_contradiction() -> None:
    other = COLUMNS + "\treviewer_label\treview_date"
    rows = [
        ROWS[0] + "\tAnna\t2026-01-01",
        ROWS[1].replace("10001", "10000") + "\tBen\t2026-01-01",
        ROWS[1].replace("10001", "10000") + "\tAnna\t2026-02-01",
    ]
    assert len(sssom.read(HEAD + "\n".join([other, *rows]), "x").mappings) == 3


def test_an_empty_table_is_an_empty_set() -> None:
    assert sssom.read(HEAD + COLUMNS + "\n", "x").mappings == ()
    (fault, *_) = faults(HEAD)
    assert "the table has no column subject_id" in str(fault["message"])


def test_the_triples_state_what_is_accepted_and_tell_what_is_rejected() -> None:
    found = list(sssom.triples(sssom.read(TEXT, "x")))
    same = NamedNode("https://w3id.org/iesi-kg/ontology#sameInitiativeAs")
    ours = NamedNode("https://w3id.org/iesi-kg/id/initiative/smart")
    theirs = [NamedNode(f"https://w3id.org/iesi-kg/id/peer/jrc-ips/{key}") for key in (10000, 10001)]
    assert Triple(ours, same, theirs[0]) in found
    assert Triple(ours, same, theirs[1]) not in found
    assert not [t for t in found if isinstance(t.subject, BlankNode) or isinstance(t.object, BlankNode)]
    axioms = {
        triple.subject: triple.object
        for triple in found
        if triple.predicate.value == "http://www.w3.org/2002/07/owl#annotatedTarget"
    }
    assert set(axioms.values()) == set(theirs)
    negated = [t.subject for t in found if t.predicate.value == SSSOM + "predicate_modifier"]
    assert [axioms[node] for node in negated] == [theirs[1]]
    double = NamedNode("http://www.w3.org/2001/XMLSchema#double")
    assert {t.object for t in found if t.predicate.value == SSSOM + "confidence"} == {
        Literal("0.95", datatype=double),
        Literal("1.0", datatype=double),
    }


def test_a_mapping_of_classes_is_told_and_not_stated() -> None:
    mapping = Mapping(
        subject_id="iesi:Initiative",
        predicate_id="skos:closeMatch",
        object_id="https://schema.org/Project",
        mapping_justification="semapv:ManualMappingCuration",
        subject_type="owl class",
    )
    space = {"iesi": "https://w3id.org/iesi-kg/ontology#"}
    found = MappingSet(
        mappings=(mapping,), mapping_set_id="https://e.org/m", license="https://e.org/l", curie_map=space
    )
    predicates = {triple.predicate.value for triple in sssom.triples(found)}
    assert "http://www.w3.org/2004/02/skos/core#closeMatch" not in predicates


def test_the_iri_of_a_mapping_is_stable_and_its_own() -> None:
    one = sssom.read(TEXT, "x")
    first, second = (sssom.identity(mapping, one) for mapping in one.mappings)
    assert first != second
    assert sssom.identity(replace(one.mappings[0], confidence=0.5, comment="seen again"), one) == first
