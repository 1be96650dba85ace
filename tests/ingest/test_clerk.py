"""What a clerk types and a spreadsheet adds: each is told at its place, with what mends it, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

import openpyxl
import pytest

from iesi_kg import assets
from iesi_kg.errors import UnreadableFile
from iesi_kg.ingest import csv, rdf, xlsx
from iesi_kg.ingest.kinds import Kind
from iesi_kg.ingest.mapping import map_rows
from iesi_kg.ingest.template import Template
from iesi_kg.ingest.values import ValueReader
from iesi_kg.records import Finding, Severity, SourceFile, Submission
from iesi_kg.vocabulary.codelists import CodeLists

HEADER = ("name", "country", "start_year", "service_areas")
RECORD = ("Care Net", "ES", 2015, "childcare")


@pytest.fixture(scope="module")
def template() -> Template:
    return Template.load(assets.text("ontology/template.json"))


def told(found: Iterable[Submission]) -> list[Finding]:
    """The findings, without the one on a column that these small tables leave out."""
    findings = [finding for submission in found for finding in submission.findings]
    return [finding for finding in findings if finding.code != "missing-column"]


def of_table(template: Template, text: str) -> list[Finding]:
    source = SourceFile("f.csv", text.encode())
    found = map_rows(source, csv.read(source, template.by_header.keys()), template, ValueReader(CodeLists.load()))
    return told(found)


def of_workbook(template: Template, sheets: dict[str, list[tuple[object, ...]]]) -> list[Finding]:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    stream = BytesIO()
    book.save(stream)
    source = SourceFile("f.xlsx", stream.getvalue())
    found = map_rows(source, xlsx.read(source, template.by_header.keys()), template, ValueReader(CodeLists.load()))
    return told(found)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("start_year", "n/a"),
        ("country", "-"),
        ("website", "N/A"),
        ("technologies", "none"),
        ("lead_organisation", "n/a"),
        ("lead_organisation", "?"),
        ("start_year", "#N/A"),
    ],
)
def test_a_sign_for_nothing_is_no_value(template: Template, column: str, text: str) -> None:
    (finding,) = of_table(template, f"name,{column},service_areas,country\nA,{text},childcare,ES\n")[-1:]
    assert (finding.severity, finding.code, finding.row, finding.column) == (
        Severity.VIOLATION,
        "placeholder",
        2,
        column,
    )
    assert finding.suggestion == "empty the cell"


def test_a_word_that_is_a_sign_elsewhere_stays_in_free_text(template: Template) -> None:
    assert of_table(template, "name,country,service_areas,note\nA,ES,childcare,none\n") == []


def test_an_error_of_a_formula_is_no_text(template: Template) -> None:
    (finding,) = of_table(template, "name,country,service_areas\n#REF!,ES,childcare\n")
    assert (finding.code, finding.column, finding.value) == ("spreadsheet-error", "name", "#REF!")


@pytest.mark.parametrize(
    "text", ["older people; children", "older people and children", '"older people, children"', "older people/children"]
)
def test_several_codes_in_one_cell_are_told_apart(template: Template, text: str) -> None:
    (finding,) = of_table(template, f"name,country,service_areas,target_groups\nA,ES,childcare,{text}\n")
    assert (finding.code, finding.column, finding.suggestion) == (
        "several-codes",
        "target_groups",
        "older-people|children",
    )


@pytest.mark.parametrize("text", ["https://a.org; https://b.org", '"https://a.org, https://b.org"'])
def test_several_addresses_in_one_cell_are_told_apart(template: Template, text: str) -> None:
    (finding,) = of_table(template, f"name,country,service_areas,source_url\nA,ES,childcare,{text}\n")
    assert (finding.code, finding.suggestion) == ("several-addresses", "https://a.org|https://b.org")
    (finding,) = of_table(template, f"name,country,service_areas,website\nA,ES,childcare,{text}\n")
    assert (finding.code, finding.suggestion) == ("several-addresses", "https://a.org")


def test_ranks_are_suggested_with_their_meaning(template: Template) -> None:
    (finding,) = of_table(template, "name,country,service_areas,ict_potential\nA,ES,childcare,2.0\n")
    assert finding.suggestion is not None and finding.suggestion.startswith("2 (")
    (finding,) = of_table(template, "name,country,service_areas,ict_potential\nA,ES,childcare,high\n")
    assert finding.suggestion is not None and " 1 (" in finding.suggestion


def test_several_codes_where_one_is_taken(template: Template) -> None:
    (finding,) = of_table(template, "name,country,service_areas,lead_org_type\nA,ES,childcare,public/private\n")[:1]
    assert (finding.code, finding.suggestion) == ("several-codes", "choose one of public, private")


@pytest.mark.parametrize("row", ["TOTAL,3,,", "Total:,,,12", ",Summe,14,"])
def test_a_row_of_totals_is_told_once(template: Template, row: str) -> None:
    (finding,) = of_table(template, f"name,country,start_year,service_areas\nA,ES,2015,childcare\n{row}\n")
    assert (finding.code, finding.row, finding.suggestion) == ("total-row", 3, "delete the row")


def test_an_initiative_may_be_called_total(template: Template) -> None:
    assert of_table(template, "name,country,start_year,service_areas\nTotal,ES,2015,childcare\n") == []


def test_rows_above_the_header_are_told(template: Template) -> None:
    (finding,) = of_table(template, "Ministry of X\n\nname,country,service_areas\nA,ES,childcare\n")
    assert (finding.severity, finding.code, finding.row) == (Severity.INFO, "rows-above-header", 3)


def test_a_second_sheet_with_records_is_not_lost_in_silence(template: Template) -> None:
    (finding,) = of_workbook(template, {"Spain": [HEADER, RECORD], "France": [HEADER, ("B", "FR", 2016, "childcare")]})
    assert (finding.severity, finding.code, finding.sheet) == (Severity.VIOLATION, "second-sheet", "France")


def test_a_sheet_of_notes_or_of_names_alone_is_no_second_sheet(template: Template) -> None:
    notes: list[tuple[object, ...]] = [("How to fill this table",), ("country", "two letters")]
    assert of_workbook(template, {"Notes": notes, "Data": [HEADER, RECORD], "Empty": [HEADER]}) == []


def test_a_formula_without_its_result_is_not_lost_in_silence(template: Template) -> None:
    (finding,) = of_workbook(template, {"Data": [HEADER, RECORD, ("B", "ES", "=2000+15", "childcare")]})
    assert (finding.code, finding.sheet, finding.row, finding.column, finding.value) == (
        "formula-without-value",
        "Data",
        3,
        "start_year",
        "=2000+15",
    )


def of_rdf(template: Template, kind: Kind, text: str) -> list[Finding]:
    return list(rdf.submission(SourceFile("f", text.encode()), kind, template).findings)


def test_a_term_that_the_ontology_lacks_is_named_with_the_nearest(template: Template) -> None:
    findings = of_rdf(
        template,
        Kind.TURTLE,
        """@prefix iesi: <https://w3id.org/iesi-kg/ontology#> .
        <https://w3id.org/iesi-kg/id/initiative/x> a iesi:Initiative ; iesi:startyear 2015 ; iesi:colour "red" .""",
    )
    assert [(finding.code, finding.value, finding.suggestion) for finding in findings] == [
        (
            "unknown-term",
            "https://w3id.org/iesi-kg/ontology#startyear",
            "https://w3id.org/iesi-kg/ontology#startYear",
        ),
        (
            "unknown-term",
            "https://w3id.org/iesi-kg/ontology#colour",
            "use a term that /ontology lists, or one of a namespace of your own",
        ),
    ]


def test_a_context_that_stands_elsewhere_is_not_fetched_and_told_in_plain_words(template: Template) -> None:
    with pytest.raises(UnreadableFile, match="takes its @context from an address"):
        of_rdf(template, Kind.JSONLD, '{"@context": "https://schema.org", "@type": "Person"}')


@pytest.mark.parametrize(
    ("column", "wrong"),
    [("country", "Frence"), ("technologies", "telecaer"), ("ict_potential", "2.0"), ("target_groups", "older peple")],
)
def test_a_suggestion_typed_as_it_stands_is_accepted(template: Template, column: str, wrong: str) -> None:
    table = (
        "name,country,service_areas,{}\nA,ES,childcare,{}\n"
        if column != "country"
        else "name,service_areas,{}\nA,childcare,{}\n"
    )
    (finding,) = of_table(template, table.format(column, wrong))
    assert of_table(template, table.format(column, finding.suggestion)) == []


def test_a_code_with_the_label_of_another_is_refused(template: Template) -> None:
    (finding,) = of_table(template, "name,service_areas,country\nA,childcare,FR (Spain)\n")
    assert finding.code == "unknown-code"
