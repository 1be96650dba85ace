"""CSV and RDF that lie about what they are or hold what nobody sees: read and told about, or refused at their place."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import pytest
from raw_workbooks import HEADER, RECORD, row, workbook

from iesi_kg import assets
from iesi_kg.errors import UnreadableFile
from iesi_kg.ingest import csv, rdf
from iesi_kg.ingest.kinds import Kind, detect
from iesi_kg.ingest.mapping import map_rows
from iesi_kg.ingest.template import Template
from iesi_kg.ingest.values import ValueReader
from iesi_kg.publication.workflow import check
from iesi_kg.records import Finding, Row, Severity, SourceFile
from iesi_kg.vocabulary.codelists import CodeLists

INITIATIVE = "https://w3id.org/iesi-kg/id/initiative/x"


@pytest.fixture(scope="module")
def template() -> Template:
    return Template.load(assets.text("ontology/template.json"))


def table(*rows: Sequence[str]) -> str:
    return "".join(",".join(cells) + "\n" for cells in (HEADER, *rows))


def of_table(template: Template, content: bytes) -> list[Finding]:
    source = SourceFile("f.csv", content)
    made = map_rows(source, csv.read(source, template.by_header.keys()), template, ValueReader(CodeLists.load()))
    return [f for submission in made for f in submission.findings if f.code != "missing-column"]


def codes(name: str, content: bytes) -> list[str]:
    return [f.code for f in check(SourceFile(name, content)).findings if f.shape is None]


def test_a_table_named_as_a_workbook_is_read_as_a_table() -> None:
    named_rightly, named_wrongly = (codes(name, table(RECORD).encode()) for name in ("f.csv", "f.xlsx"))
    assert named_wrongly == named_rightly == ["missing-column"]


def test_a_workbook_named_as_a_table_is_read_as_a_workbook() -> None:
    content = workbook(row(1, *HEADER), row(2, *RECORD))
    assert detect(SourceFile("f.csv", content)) is Kind.XLSX
    assert codes("f.csv", content) == codes("f.xlsx", content) == ["missing-column"]


def test_numbers_as_texts_are_numbers(template: Template) -> None:
    assert of_table(template, table(("a", "A", "ES", '"2015"', "childcare")).encode()) == []


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_is_no_part_of_the_first_name(template: Template, mark: bytes) -> None:
    assert of_table(template, mark + table(RECORD).encode()) == []


@pytest.mark.parametrize(
    ("character", "words"),
    [
        ("\x00", "NUL (U+0000)"),
        ("\u202e", "RIGHT-TO-LEFT OVERRIDE (U+202E)"),
        ("\u2066", "LEFT-TO-RIGHT ISOLATE (U+2066)"),
        ("\x1b", "ESCAPE (U+001B)"),
        ("\ufffd", "REPLACEMENT CHARACTER (U+FFFD)"),
    ],
)
def test_what_nobody_sees_is_told_at_its_cell(template: Template, character: str, words: str) -> None:
    (finding,) = of_table(template, table(("a", f"Care{character}Net", "ES", "2015", "childcare")).encode())
    assert (finding.severity, finding.row, finding.column) == (Severity.VIOLATION, 2, "name")
    assert words in finding.message
    assert character not in (finding.value or "")


def test_a_lone_surrogate_in_utf_16_is_told_at_its_cell(template: Template) -> None:
    text = table(("a", "Care\ud800Net", "ES", "2015", "childcare"))
    content = b"\xff\xfe" + text.encode("utf-16-le", "surrogatepass")
    (finding,) = of_table(template, content)
    assert (finding.severity, finding.row, finding.column) == (Severity.VIOLATION, 2, "name")


def test_a_lone_surrogate_in_utf_8_is_told_at_its_cell(template: Template) -> None:
    content = table(("a", "Care\ud800Net", "ES", "2015", "childcare")).encode("utf-8", "surrogatepass")
    told = of_table(template, content)
    assert {(finding.row, finding.column) for finding in told} == {(2, "name")}
    assert Severity.VIOLATION in {finding.severity for finding in told}


def test_a_lone_surrogate_in_rdf_is_refused_at_its_place() -> None:
    content = f'<{INITIATIVE}> <http://e/p> "'.encode() + b'\xed\xa0\x80" .'
    with pytest.raises(
        UnreadableFile, match=r"f, line 1, column \d+: not well-formed N-Triples: the bytes are not UTF-8"
    ):
        list(rdf.read(SourceFile("f", content), Kind.NTRIPLES))
    with pytest.raises(UnreadableFile, match=r"f, line 1, column \d+"):
        list(rdf.read(SourceFile("f", f'<{INITIATIVE}> <http://e/p> "\\uD800" .'.encode()), Kind.TURTLE))


def test_a_cell_of_ten_thousand_characters_is_kept_whole(template: Template) -> None:
    source = SourceFile("f.csv", table(("a", "n" * 10_000, "ES", "2015", "childcare")).encode())
    (made,) = map_rows(source, csv.read(source, template.by_header.keys()), template, ValueReader(CodeLists.load()))
    assert [len(t.object.value) for t in made.triples if t.predicate.value.endswith("title")] == [10_000]  # type: ignore[union-attr]


def test_a_hundred_thousand_rows_are_read_in_bounded_memory() -> None:
    content = "".join(["identifier,name\n", *(f"{n},Care Net\n" for n in range(2, 100_001))]).encode()
    source = SourceFile("f.csv", content)
    for number, item in enumerate(csv.read(source, set(HEADER)), start=1):
        assert isinstance(item, Row) and item.number == number
    assert item == Row(None, 100_000, ("100000", "Care Net"))
    tracemalloc.start()
    for _ in zip(range(5_000), csv.read(source, set(HEADER)), strict=False):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)"])
def test_a_text_that_acts_as_a_formula_is_told_and_kept(template: Template, text: str) -> None:
    (finding,) = of_table(template, table(("a", text, "ES", "2015", "childcare")).encode())
    assert (finding.severity, finding.code, finding.row, finding.column) == (
        Severity.WARNING,
        "formula-like",
        2,
        "name",
    )


def test_entities_in_rdf_xml_are_refused_at_their_line() -> None:
    bomb = '<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]>\n'
    content = f'{bomb}<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'.encode()
    with pytest.raises(UnreadableFile, match=r"f, line 2: a DOCTYPE is not accepted"):
        list(rdf.read(SourceFile("f", content), Kind.RDFXML))


@pytest.mark.parametrize(
    "context",
    [
        '"https://schema.org/"',
        '["https://example.org/c", {"a": "http://e/a"}]',
        '{"@version": 1.1, "@import": "https://example.org/c"}',
        '{"a": {"@id": "http://e/a", "@context": "https://example.org/c"}}',
        '"../other.jsonld"',
    ],
)
def test_a_context_of_others_is_refused_with_a_remedy(context: str) -> None:
    content = f'{{"@context": {context}, "@id": "{INITIATIVE}", "a": {{"http://e/b": 1}}}}'.encode()
    with pytest.raises(UnreadableFile, match="takes its @context from an address") as caught:
        list(rdf.read(SourceFile("f", content), Kind.JSONLD))
    assert "https://w3id.org/iesi-kg/ontology" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "context",
    [
        '"https://w3id.org/iesi-kg/ontology"',
        '"context.jsonld"',
        '["https://w3id.org/iesi-kg/ontology/context.jsonld", {"y": "https://w3id.org/iesi-kg/ontology#startYear"}]',
    ],
)
def test_our_own_context_is_known_without_opening_its_address(context: str) -> None:
    content = f'{{"@context": {context}, "id": "{INITIATIVE}", "type": "iesi:Initiative"}}'.encode()
    (triple,) = rdf.read(SourceFile("f", content), Kind.JSONLD)
    assert str(triple.subject) == f"<{INITIATIVE}>"
    assert str(triple.object) == "<https://w3id.org/iesi-kg/ontology#Initiative>"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_rdf_is_read_in_any_encoding_that_can_be_told(encoding: str) -> None:
    source = SourceFile("f", f'<{INITIATIVE}> <http://e/p> "é" .\n'.encode(encoding))
    (triple,) = rdf.read(source, detect(source))
    assert str(triple.object) == '"é"'


def test_rdf_in_latin_1_is_refused_at_its_place() -> None:
    source = SourceFile("f", f'<{INITIATIVE}> <http://e/p> "x" .\n<{INITIATIVE}> <http://e/p> "é" .'.encode("latin-1"))
    with pytest.raises(UnreadableFile, match=rf"line 2, column {len(INITIATIVE) + 18}: .* not UTF-8"):
        list(rdf.read(source, detect(source)))
