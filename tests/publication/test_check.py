"""Every mistake a steward can make in a cell, a header or a file: one mistake, one finding, expected by hand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from iesi_kg.publication.workflow import check
from iesi_kg.records import Finding, Report, SourceFile
from submission_tables import GOOD, table


def of(*rows: Mapping[str, str]) -> Report:
    return check(SourceFile("file.csv", table(*rows)))


def short(finding: Finding) -> tuple[str, str, int | None, str | None, str | None, str | None]:
    return (
        finding.severity.value,
        finding.code,
        finding.row,
        finding.column,
        finding.value,
        finding.suggestion,
    )


def test_a_good_record_has_no_finding() -> None:
    assert of(GOOD) == Report(1)


V, W, N = "violation", "warning", "info"
FORMULA = "begin the text with a letter or a digit"
REMOVE = "type the text again, or paste it without formatting"
ADDRESS = "write the whole address, beginning with https:// or http://"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"country": "Frence"}, (V, "unknown-code", 2, "country", "Frence", "FR (France)")),
        ({"country": ""}, (V, "country-missing", 2, "country", None, None)),
        ({"country": "EL"}, (N, "read-as", 2, "country", "EL", "GR")),
        ({"country": "ES|UK"}, (N, "read-as", 2, "country", "UK", "GB")),
        ({"name": ""}, (V, "name-missing", 2, "name", None, None)),
        ({"name": "", "identifier": ""}, (V, "name-missing", 2, "name", None, None)),
        ({"description": ""}, (W, "description-missing", 2, "description", None, None)),
        ({"start_year": ""}, (W, "start-year-missing", 2, "start_year", None, None)),
        ({"start_year": "1815"}, (V, "start-year-range", 2, "start_year", "1815", None)),
        ({"start_year": "3013", "end_year": "2015"}, (V, "start-year-range", 2, "start_year", "3013", None)),
        ({"start_year": "2013.0"}, (V, "not-a-number", 2, "start_year", "2013.0", "2013")),
        ({"start_year": "since 2013"}, (V, "not-a-number", 2, "start_year", "since 2013", "2013")),
        ({"start_year": "long ago"}, (V, "not-a-number", 2, "start_year", "long ago", "write digits only")),
        ({"start_year": "9" * 40}, (V, "not-a-number", 2, "start_year", "9" * 40, "write digits only")),
        ({"end_year": "2011"}, (V, "end-before-start", 2, "end_year", "2011", None)),
        ({"start_date": "31/12/2013"}, (V, "not-a-date", 2, "start_date", "31/12/2013", "2013-12-31")),
        ({"start_date": "03/04/2013"}, (V, "not-a-date", 2, "start_date", "03/04/2013", "write YYYY-MM-DD")),
        (
            {"start_date": "2013-02-30"},
            (V, "not-a-date", 2, "start_date", "2013-02-30", "mend month or day"),
        ),
        (
            {"website": "javascript:x"},
            (V, "unsafe-address", 2, "website", "javascript:x", ADDRESS),
        ),
        (
            {"website": "www.example.org"},
            (V, "bad-address", 2, "website", "www.example.org", "https://www.example.org"),
        ),
        (
            {"website": "https://a.org/x y"},
            (V, "bad-address", 2, "website", "https://a.org/x y", "https://a.org/x%20y"),
        ),
        ({"identifier": "Vincles BCN"}, (V, "bad-form", 2, "identifier", "Vincles BCN", "vincles-bcn")),
        ({"nuts": "es511"}, (V, "bad-form", 2, "nuts", "es511", "ES511")),
        ({"service_areas": ""}, (V, "service-areas-missing", 2, "service_areas", None, None)),
        (
            {"service_areas": "socail inclusion"},
            (V, "unknown-code", 2, "service_areas", "socail inclusion", "social-inclusion"),
        ),
        (
            {"source_url": ""},
            (
                V,
                "value-without-subject",
                2,
                "source_url",
                None,
                "fill source_url, or empty source_read, source_check",
            ),
        ),
        (
            {"source_url": "", "source_check": "", "source_read": ""},
            (V, "source-missing", 2, "source_url", None, None),
        ),
        ({"source_url": "see website"}, (V, "bad-address", 2, "source_url", "see website", ADDRESS)),
        (
            {"outcome": "A", "outcome_source_url": "x"},
            (V, "bad-address", 2, "outcome_source_url", "x", ADDRESS),
        ),
        ({"coding_date": "nope"}, (V, "not-a-date", 2, "coding_date", "nope", "write YYYY-MM-DD")),
        (
            {"lead_organisation": "Ajunta\u00admunt"},
            (V, "invisible-character", 2, "lead_organisation", "Ajunta\\xadmunt", REMOVE),
        ),
        (
            {"name": "=SUM(A1)"},
            (W, "formula-like", 2, "name", "=SUM(A1)", FORMULA),
        ),
        ({"note": "@home"}, (W, "formula-like", 2, "note", "@home", FORMULA)),
        ({"name": "Vin\u200bcles"}, (V, "invisible-character", 2, "name", "Vin\\u200bcles", REMOVE)),
        ({"name": "Vincles \u202eNCB"}, (V, "bidi-character", 2, "name", "Vincles \\u202eNCB", REMOVE)),
        ({"name": "Vin\x00cles"}, (V, "control-character", 2, "name", "Vin\\x00cles", REMOVE)),
        ({"name": "Vin\ufffdcles"}, (V, "replacement-character", 2, "name", "Vin\\ufffdcles", REMOVE)),
        ({"country": "E\u200bS"}, (V, "invisible-character", 2, "country", "E\\u200bS", REMOVE)),
        (
            {"lead_organisation": "", "lead_org_type": ""},
            (W, "lead-missing", 2, "lead_organisation", None, None),
        ),
        (
            {"lead_organisation": ""},
            (
                V,
                "value-without-subject",
                2,
                "lead_organisation",
                None,
                "fill lead_organisation, or empty lead_org_type",
            ),
        ),
        ({"source_check": "red"}, (V, "unknown-code", 2, "source_check", "red", "read")),
        ({"source_read": ""}, (W, "source-read-missing", 2, "source_read", None, None)),
        (
            {"partner_organisations": "A|B", "partner_types": "public"},
            (
                W,
                "fewer-values",
                2,
                "partner_types",
                "public",
                "if that is meant, say so with empty places: public|",
            ),
        ),
        (
            {"partner_organisations": "A", "partner_types": "public|private"},
            (
                V,
                "value-without-subject",
                2,
                "partner_types",
                "private",
                "give one value for each of partner_organisations, with nothing between two bars where one is unknown: "
                "a||c",
            ),
        ),
    ],
)
def test_one_mistake_gives_one_finding(cells: dict[str, str], expected: tuple[object, ...]) -> None:
    assert [short(finding) for finding in of(GOOD | cells).findings] == [expected]


def test_messages_name_the_mistake_and_the_character() -> None:
    (finding,) = of(GOOD | {"name": "Vin\u200bcles"}).findings
    assert finding.message == (
        "The cell holds the character ZERO WIDTH SPACE (U+200B). It cannot be seen, so that two texts look the same "
        "and are not."
    )
    (finding,) = of(GOOD | {"country": "Frence"}).findings
    assert finding.message == "'Frence' is neither a code nor a label of the code list 'Country'."
    (finding,) = of(GOOD | {"end_year": "2011"}).findings
    assert finding.message == "The end year is before the start year. Correct one of the two."
    assert finding.shape == "https://w3id.org/iesi-kg/shapes#end-before-start"
    assert finding.focus_node == "https://w3id.org/iesi-kg/id/initiative/vincles"


def without(column: str) -> dict[str, str]:
    return {name: value for name, value in GOOD.items() if name != column}


SECOND = {"identifier": "second", "name": "Second"}


def test_a_required_column_that_is_missing_is_told_once() -> None:
    report = of(without("country"), without("country") | SECOND)
    assert report.records == 2
    assert [short(finding) for finding in report.findings] == [
        (V, "missing-column", 1, "country", None, "add a column named country and fill it for every record")
    ]


def test_a_mistyped_column_is_told_once_with_the_right_name() -> None:
    report = of(without("country") | {"contry": "ES"}, without("country") | {"contry": "FR"} | SECOND)
    (finding,) = report.findings
    assert short(finding) == (V, "unknown-column", 1, "contry", "contry", "country")
    assert finding.message == (
        "The column 'contry' is not in the template, so its cells (spreadsheet column L) would be lost."
    )


def test_an_unknown_column_is_not_silently_lost() -> None:
    (finding,) = of(GOOD | {"colour": "red"}).findings
    assert short(finding)[:4] == (V, "unknown-column", 1, "colour")
    assert finding.suggestion == "remove the column, or give it a name of the template"


def test_a_column_worth_having_is_asked_for_once() -> None:
    report = of(without("start_year"), without("start_year") | SECOND)
    assert [short(finding) for finding in report.findings] == [
        (
            W,
            "start-year-missing",
            1,
            "start_year",
            None,
            "add the column start_year where the facts are known",
        )
    ]


def test_a_duplicate_header_is_told_with_both_places() -> None:
    (finding,) = of(GOOD | {"Start Year": "2011"}).findings
    assert short(finding)[:5] == (V, "duplicate-column", 1, "Start Year", "Start Year")
    assert "(spreadsheet column M) stands twice; the first is spreadsheet column E" in finding.message


def test_findings_use_the_header_text_of_the_file() -> None:
    row = without("start_year") | {"Start Year": ""}
    assert [short(finding)[1:4] for finding in of(row).findings] == [("start-year-missing", 2, "Start Year")]


def test_titles_of_other_languages_are_headers_too() -> None:
    row = without("country") | {"Pays": "Espagne"}
    assert of(row) == Report(1)


def test_codes_may_be_labels_in_any_language_case_and_accent() -> None:
    assert of(GOOD | {"country": "espana|Grèce|united kingdom"}).findings == ()


def test_the_same_record_twice_is_told_at_the_second_row() -> None:
    report = of(GOOD, GOOD)
    (finding,) = report.findings
    assert report.records == 2
    assert short(finding)[:5] == (V, "duplicate-record", 3, "identifier", "vincles")
    assert finding.message == "Row 2 of this file already describes this record: both have the same identifier."


def test_a_name_that_makes_the_same_address_is_a_duplicate() -> None:
    (finding,) = of(GOOD, GOOD | {"identifier": "", "name": "Víncles"}).findings
    assert short(finding)[:5] == (V, "duplicate-record", 3, "name", "Víncles")


def test_each_wrong_value_of_a_list_is_told() -> None:
    report = of(GOOD | {"technologies": "blockchain|blokchain|qwertz"})
    assert report.findings[0].suggestion == "blockchain"
    assert [finding.value for finding in report.findings] == ["blokchain", "qwertz"]


def test_header_only() -> None:
    (finding,) = check(SourceFile("f", table(GOOD).splitlines()[0] + b"\n")).findings
    assert short(finding) == (V, "no-records", 1, None, None, "fill in one row for each initiative")


def test_a_ragged_row_is_one_record_with_one_finding() -> None:
    content = table(GOOD) + b"second,Second,,ES\n"
    report = check(SourceFile("f.csv", content))
    assert report.records == 2
    assert [(finding.code, finding.row) for finding in report.findings] == [("ragged-row", 3)]


def test_rows_after_a_broken_quote_are_not_guessed_at() -> None:
    content = table(GOOD) + b'"second,Second,,ES\nthird,Third,,ES\n'
    report = check(SourceFile("f.csv", content))
    assert [(finding.code, finding.row) for finding in report.findings] == [("unbalanced-quote", 3)]
    assert not report.conforms


def test_a_value_below_no_header_is_not_lost_in_silence() -> None:
    content = (
        b"name,,country,service_areas,source_url\nA,,ES,childcare,https://e.org/\nB,x,ES,childcare,https://e.org/\n"
    )
    found = [item for item in check(SourceFile("f.csv", content)).findings if item.severity.value == V]
    assert [(item.code, item.row, item.value) for item in found] == [("unnamed-column", 3, "x")]


def test_a_very_long_value_is_quoted_in_short() -> None:
    (finding,) = of(GOOD | {"country": "x" * 5_000}).findings
    assert len(finding.message) < 200
    assert finding.value == "x" * 5_000


def test_an_organisation_spelled_in_two_ways_is_told_once_at_the_latest() -> None:
    other = {"identifier": "b", "name": "B", "source_url": "https://example.org/b"}
    report = of(GOOD, GOOD | other | {"lead_organisation": "Bee", "partner_organisations": "C|Ajuntament De BARCELONA"})
    assert report.conforms
    assert [short(finding)[:5] for finding in report.findings] == [
        ("warning", "organisation-name-spelling", 3, "partner_organisations", "Ajuntament De BARCELONA")
    ]
    assert of(GOOD, GOOD | other).findings == ()
