"""Each rule of the profile is broken once, on a record that otherwise satisfies all of them."""

from __future__ import annotations

import pytest
from rdflib import SH, Graph, Literal, URIRef
from rdflib.term import Node

from .conftest import CODE, Engine, one_of_a_kind, profile

EXAMPLE = "https://w3id.org/iesi-kg/id/initiative/example"
V, W = "Violation", "Warning"

PREFIXES = f"""
PREFIX x: <{EXAMPLE}#>
PREFIX adms: <http://www.w3.org/ns/adms#>
PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX iesi: <https://w3id.org/iesi-kg/ontology#>
PREFIX m8g: <http://data.europa.eu/m8g/>
PREFIX org: <http://www.w3.org/ns/org#>
PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX schema: <https://schema.org/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
CITY = "<https://w3id.org/iesi-kg/id/organisation/city-es>"
PAGE = "<https://w3id.org/iesi-kg/id/document/example-1>"
X = f"<{EXAMPLE}>"


def without(subject: str, *predicates: str) -> str:
    return ";".join(f"DELETE WHERE {{ {subject} {predicate} ?o }}" for predicate in predicates)


def instead(subject: str, predicate: str, value: str) -> str:
    return f"{without(subject, predicate)}; INSERT DATA {{ {subject} {predicate} {value} }}"


def also(subject: str, predicate: str, value: str) -> str:
    return f"INSERT DATA {{ {subject} {predicate} {value} }}"


BROKEN = [
    ("name-missing", V, without(X, "dct:title")),
    ("name-one", V, also(X, "dct:title", '"Second name"')),
    ("name-text", V, instead(X, "dct:title", '"  "')),
    ("description-missing", W, without(X, "dct:description")),
    ("description-language", V, also(X, "dct:description", '"Another."@en')),
    ("country-missing", V, without(X, "iesi:country")),
    ("nuts-form", W, instead(X, "dct:spatial", "<http://data.europa.eu/nuts/code/es511>")),
    ("start-year-missing", W, without(X, "iesi:startYear")),
    ("start-year-range", V, instead(X, "iesi:startYear", "1850")),
    ("end-year-range", V, instead(X, "iesi:endYear", "20200")),
    ("end-before-start", V, instead(X, "iesi:endYear", "2012")),
    ("end-date-before-start-date", V, instead(X, "schema:endDate", '"2013-03-31"^^xsd:date')),
    ("website-address", V, instead(X, "foaf:homepage", "<javascript:alert(1)>")),
    ("website-address", V, instead(X, "foaf:homepage", '"example.org"')),
    ("service-areas-missing", V, without(X, "m8g:thematicArea")),
    ("target-groups-missing", W, without(X, "dct:audience", "iesi:targetGroupText")),
    ("lead-missing", W, instead("x:lead", "m8g:role", "<https://w3id.org/iesi-kg/codes/participation-role/funder>")),
    ("source-missing", V, without(X, "iesi:hasSourceReading")),
    ("participation-kind", V, f"{without('x:partner-1', 'a')}"),
    ("participant-missing", V, without("x:partner-1", "m8g:hasParticipant")),
    ("participant-one", V, also("x:partner-1", "m8g:hasParticipant", CITY)),
    ("participant-kind", V, without(CITY, "a")),
    ("role-missing", V, without("x:partner-1", "m8g:role")),
    ("organisation-name-missing", V, without(CITY, "skos:prefLabel")),
    ("organisation-name-spelling", W, also(CITY, "skos:prefLabel", '"CITY"')),
    ("organisation-name-text", V, instead(CITY, "skos:prefLabel", '""')),
    ("organisation-homepage-address", V, also(CITY, "foaf:homepage", '"www.city.example"')),
    ("organisation-identifier-register", W, also(CITY, "dct:identifier", '"02qjrjx09"')),
    ("source-document-missing", V, without("x:source-1", "iesi:document")),
    ("source-document-one", V, also("x:source-1", "iesi:document", "<http://a/> . <http://a/> a iesi:SourceDocument ; foaf:page <http://a/>")),  # noqa: E501
    ("source-check-missing", W, without("x:source-1", "iesi:readingStatus")),
    ("source-read-missing", W, without("x:source-1", "iesi:dateRead")),
    ("source-read-form", V, instead("x:source-1", "iesi:dateRead", '"2026"^^xsd:gYear')),
    ("source-address-missing", V, without(PAGE, "foaf:page")),
    ("source-address", V, instead(PAGE, "foaf:page", "<file:///etc/passwd>")),
    ("outcome-missing", V, without("x:outcome-1", "dct:description")),
    ("outcome-source-missing", W, without("x:outcome-1", "dct:source")),
    ("outcome-source-kind", V, instead("x:outcome-1", "dct:source", "<https://example.org/>")),
    ("record-topic", V, without("x:record", "foaf:primaryTopic")),
    ("coded-by-missing", W, without("x:coding", "prov:wasAttributedTo")),
    ("coding-date-missing", W, without("x:coding", "dct:date")),
]  # fmt: skip


def test_the_record_satisfies_every_rule(example: Graph, submission: Graph, findings: Engine) -> None:
    assert findings(example, submission) == set()


@pytest.mark.parametrize(("code", "severity", "update"), one_of_a_kind(BROKEN))
def test_one_mistake_makes_one_finding_in_both_engines(
    example: Graph, submission: Graph, agreed: Engine, code: str, severity: str, update: str
) -> None:
    example.update(PREFIXES + update)
    assert agreed(example, submission) == {(code, severity)}


@pytest.mark.parametrize(
    ("found", "update"),
    [
        ({"start-year-range", "end-before-start"}, instead(X, "iesi:startYear", '"about 2013"')),
        ({"start-date-form", "end-date-before-start-date"}, instead(X, "schema:startDate", '"spring 2013"')),
    ],
)
def test_what_is_no_date_cannot_be_compared_either(
    example: Graph, submission: Graph, findings: Engine, found: set[str], update: str
) -> None:
    """SHACL section 4.5.3: values that cannot be compared are a result. A table never gets here: cells are typed."""
    example.update(PREFIXES + update)
    assert findings(example, submission) == {(code, V) for code in found}


def test_a_part_without_its_document_type_is_said_at_both_ends(
    example: Graph, submission: Graph, findings: Engine
) -> None:
    example.update(PREFIXES + without(PAGE, "a"))
    assert findings(example, submission) == {("source-document-kind", V), ("outcome-source-kind", V)}


def test_the_address_of_an_initiative_follows_from_its_identifier(
    example: Graph, submission: Graph, findings: Engine
) -> None:
    wrong = "<https://w3id.org/iesi-kg/id/initiative/Two--Hyphens>"
    example.update(f"{PREFIXES} DELETE {{ {X} ?p ?o }} INSERT {{ {wrong} ?p ?o }} WHERE {{ {X} ?p ?o }}")
    example.update(PREFIXES + instead("x:record", "foaf:primaryTopic", wrong))
    assert findings(example, submission) == {("identifier-form", V)}


def _simple(code: str, shapes: Graph) -> URIRef:
    """The path of a property shape that constrains one predicate."""
    path = shapes.value(shapes.value(predicate=CODE, object=Literal(code)), SH.path)
    assert isinstance(path, URIRef)
    return path


def _family(end: str) -> list[tuple[str]]:
    shapes = profile("submission")
    done = {code for code, _, _ in BROKEN} | {"amount-one", "currency-one", "funding-share-one"}  # with the framework
    return sorted((c,) for code in shapes.objects(None, CODE) if (c := str(code)).endswith(end) and c not in done)


@pytest.mark.parametrize("code", one_of_a_kind(_family("-code")))
def test_a_value_outside_its_code_list_is_found(full: Graph, submission: Graph, agreed: Engine, code: str) -> None:
    path = _simple(code, submission)
    right = next((s, o) for s, o in full.subject_objects(path) if _focus(s, code, full, submission))
    full.remove((right[0], path, right[1]))
    full.add((right[0], path, URIRef("https://w3id.org/iesi-kg/codes/map-edition/2020")))
    assert (code, V) in agreed(full, submission)


@pytest.mark.parametrize("code", one_of_a_kind(_family("-one")))
def test_a_second_value_where_one_belongs_is_found(full: Graph, submission: Graph, agreed: Engine, code: str) -> None:
    path = _simple(code, submission)
    subject, value = next((s, o) for s, o in full.subject_objects(path) if _focus(s, code, full, submission))
    full.add((subject, path, _another(value, full)))
    assert (code, V) in agreed(full, submission)


@pytest.mark.parametrize("code", one_of_a_kind(_family("-date-form")))
def test_a_day_that_is_no_date_is_found(full: Graph, submission: Graph, agreed: Engine, code: str) -> None:
    path = _simple(code, submission)
    subject = next(s for s in full.subjects(path) if _focus(s, code, full, submission))
    full.set((subject, path, Literal("22/11/2026")))
    assert (code, V) in agreed(full, submission)


def _focus(subject: Node, code: str, data: Graph, shapes: Graph) -> bool:
    shape = shapes.value(predicate=CODE, object=Literal(code))
    owners = shapes.subjects(SH.property, shape)
    return any((subject, None, target) in data for owner in owners for target in shapes.objects(owner, SH.targetClass))


def _another(value: object, data: Graph) -> URIRef | Literal:
    """A second value of the same kind, which alone would be right."""
    if isinstance(value, URIRef):
        scheme = str(value).rsplit("/", 1)[0]
        return next(s for s in data.subjects() if str(s).startswith(f"{scheme}/") and s != value)  # type: ignore[return-value]
    assert isinstance(value, Literal)
    text = str(value)
    later = text.replace("2026", "2025") if text.startswith("2026") else text.replace("20", "19", 1)
    return Literal(later, datatype=value.datatype)


def covered() -> set[str]:
    """The rules that a test of this file breaks."""
    families = {code for end in ("-code", "-one", "-date-form") for (code,) in _family(end)}
    return {code for code, _, _ in BROKEN} | {"source-document-kind", "identifier-form"} | families
