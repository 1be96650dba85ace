"""A row becomes the statements that were written down by hand, each with its cell; long files stream."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pyoxigraph
import pytest
from pyoxigraph import RdfFormat

from iesi_kg import assets
from iesi_kg.ingest.mapping import CHUNK, map_rows
from iesi_kg.ingest.template import Template, letters
from iesi_kg.ingest.values import ValueReader
from iesi_kg.records import Row, SourceFile, Submission
from iesi_kg.vocabulary.codelists import CodeLists

SOURCE = SourceFile("f.csv", b"")


@pytest.fixture(scope="module")
def template() -> Template:
    return Template.load(assets.text("ontology/template.json"))


def mapped(template: Template, **cells: str) -> Submission:
    rows = [Row(None, 1, tuple(cells)), Row(None, 2, tuple(cells.values()))]
    (submission,) = map_rows(SOURCE, rows, template, ValueReader(CodeLists.load()))
    return submission


def turtle(text: str) -> set[object]:
    prefixes = """
    @prefix : <https://w3id.org/iesi-kg/id/initiative/> . @prefix x: <https://w3id.org/iesi-kg/id/initiative/x#> .
    @prefix o: <https://w3id.org/iesi-kg/id/organisation/> . @prefix d: <https://w3id.org/iesi-kg/id/document/> .
    @prefix iesi: <https://w3id.org/iesi-kg/ontology#> . @prefix m8g: <http://data.europa.eu/m8g/> .
    @prefix dct: <http://purl.org/dc/terms/> . @prefix org: <http://www.w3.org/ns/org#> .
    @prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
    @prefix prov: <http://www.w3.org/ns/prov#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
    @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix country: <https://w3id.org/iesi-kg/codes/country/> .
    @prefix role: <https://w3id.org/iesi-kg/codes/participation-role/> . @prefix schema: <https://schema.org/> .
    @prefix type: <https://w3id.org/iesi-kg/codes/organisation-type/> .
    """
    return {quad.triple for quad in pyoxigraph.parse(prefixes + text, RdfFormat.TURTLE)}


RECORD = """
:x a iesi:Initiative . x:record a dcat:CatalogRecord ; foaf:primaryTopic :x .
"""


def test_plain_columns(template: Template) -> None:
    found = mapped(
        template,
        identifier="x",
        name=" X ",
        description="It helps.",
        country="EL|France",
        nuts="ES511",
        start_year="02013",
        start_date="2013-05-01",
        website="https://example.org/",
    )
    assert set(found.triples) == turtle(
        RECORD
        + """
        :x dct:title "X" ; dct:description "It helps."@en ; iesi:country country:GR, country:FR ;
          dct:spatial <http://data.europa.eu/nuts/code/ES511> ; iesi:startYear 2013 ;
          schema:startDate "2013-05-01"^^xsd:date ; foaf:homepage <https://example.org/> .
        """
    )


def test_a_group_keeps_its_positions_and_its_defaults(template: Template) -> None:
    found = mapped(
        template,
        identifier="x",
        country="FR|ES",
        partner_organisations="P1||P3",
        partner_roles="funder",
        partner_types="||private",
        partner_countries="BE||",
    )
    assert set(found.triples) == turtle(
        RECORD
        + """
        :x iesi:country country:FR, country:ES ; iesi:involves o:p1-be, o:p3-fr ;
          m8g:hasParticipation x:partner-1, x:partner-3 .
        x:partner-1 a iesi:Participation ; m8g:hasParticipant o:p1-be ; m8g:role role:funder .
        x:partner-3 a iesi:Participation ; m8g:hasParticipant o:p3-fr ; m8g:role role:partner .
        o:p1-be a org:Organization ; skos:prefLabel "P1" ; iesi:country country:BE .
        o:p3-fr a org:Organization ; skos:prefLabel "P3" ; iesi:country country:FR ; org:classification type:private .
        """
    )
    assert [finding.code for finding in found.findings if finding.column != "name"] == [
        "missing-column",
        "missing-column",
        "fewer-values",
    ]


def test_a_country_said_to_be_unknown_is_not_the_country_of_the_record(template: Template) -> None:
    found = mapped(
        template,
        identifier="x",
        country="NL",
        lead_organisation="Hart",
        lead_org_country="Unknown",
        partner_organisations="IBM|Gates|SchuldenlabNL",
        partner_countries="unknown|United States",
    )
    assert set(found.triples) == turtle(
        RECORD
        + """
        :x iesi:country country:NL ; m8g:hasParticipation x:lead, x:partner-1, x:partner-2, x:partner-3 ;
          iesi:involves o:hart, o:ibm, o:gates-us, o:schuldenlabnl-nl .
        x:lead a iesi:Participation ; m8g:role role:lead ; m8g:hasParticipant o:hart .
        x:partner-1 a iesi:Participation ; m8g:role role:partner ; m8g:hasParticipant o:ibm .
        x:partner-2 a iesi:Participation ; m8g:role role:partner ; m8g:hasParticipant o:gates-us .
        x:partner-3 a iesi:Participation ; m8g:role role:partner ; m8g:hasParticipant o:schuldenlabnl-nl .
        o:hart a org:Organization ; skos:prefLabel "Hart" .
        o:ibm a org:Organization ; skos:prefLabel "IBM" .
        o:gates-us a org:Organization ; skos:prefLabel "Gates" ; iesi:country country:US .
        o:schuldenlabnl-nl a org:Organization ; skos:prefLabel "SchuldenlabNL" ; iesi:country country:NL .
        """
    )
    assert [item.code for item in found.findings if item.code != "missing-column"] == ["fewer-values"]


def test_each_statement_knows_its_cell(template: Template) -> None:
    found = mapped(template, identifier="x", country="FR", lead_organisation="L")
    cells = {(t.subject.value, t.predicate.value): ref.column for t, ref in found.origin.items()}  # type: ignore[union-attr]
    lead = "https://w3id.org/iesi-kg/id/organisation/l-fr"
    assert cells[lead, "http://www.w3.org/2004/02/skos/core#prefLabel"] == "lead_organisation"
    assert cells[lead, "https://w3id.org/iesi-kg/ontology#country"] == "country"
    assert {ref.row for ref in found.origin.values()} == {2}


def test_a_record_without_identifier_is_marked(template: Template) -> None:
    found = mapped(template, name="Βοήθεια στο Σπίτι")
    (subject,) = found.subjects
    assert subject.value == "https://w3id.org/iesi-kg/id/initiative/voitheia-sto-spiti"
    assert found.derived == {subject}
    assert mapped(template, identifier="x", name="X").derived == frozenset()


def test_rows_are_taken_chunk_by_chunk(template: Template) -> None:
    pulled = 0

    def rows() -> Iterator[Row]:
        nonlocal pulled
        yield Row(None, 1, ("identifier", "name"))
        for number in range(10_000):
            pulled += 1
            yield Row(None, number + 2, (f"record-{number}", "x"))

    sizes = []
    for number, chunk in enumerate(map_rows(SOURCE, rows(), template, ValueReader(CodeLists.load())), start=1):
        sizes.append(chunk.records)
        assert pulled <= CHUNK * (number + 1)
        assert len(chunk.triples) == 4 * chunk.records
    assert sizes == [CHUNK] * (10_000 // CHUNK)


def test_spreadsheet_letters() -> None:
    assert [letters(place) for place in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


def test_a_year_after_next_year_is_refused_by_the_day_of_the_check(template: Template) -> None:
    column = template.by_name["start_year"]
    on_new_years_eve = ValueReader(CodeLists.load(), date(2026, 12, 31))
    assert on_new_years_eve.read(column, "2027")[1] is None
    value, problem = on_new_years_eve.read(column, "2028")
    assert value is None
    assert problem is not None
    assert (problem.code, problem.message, problem.suggestion) == (
        "year-ahead",
        "'2028' is later than 2027.",
        "write a year up to 2027",
    )
    assert on_new_years_eve.read(template.by_name["end_year"], "2030")[1] is None
