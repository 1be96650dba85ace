"""Exports conform to SEMIC's own shapes, and two records say what the CSV says, worked out by hand."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import pyoxigraph
import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

import iesi_kg
from iesi_kg.analysis import exports
from iesi_kg.errors import IllFormedShapes, UsageError
from iesi_kg.records import Severity
from iesi_kg.store.base import Reader
from iesi_kg.validation.engine import PySHACL, Result

SHAPES = Path(__file__).parent / "shapes"
SHACL = {
    "cpsv-ap": ("cpsv-ap-SHACL.ttl",),
    "cpov": ("core-public-organisation-ap-SHACL.ttl",),
    "dcat-ap": ("dcat-ap-SHACL.ttl", "dcat-ap-ranges.ttl"),
}
SH = "http://www.w3.org/ns/shacl#"
PREFIXES = """
@prefix adms: <http://www.w3.org/ns/adms#> . @prefix codes: <https://w3id.org/iesi-kg/codes/> .
@prefix cpsv: <http://purl.org/vocab/cpsv#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix iesi: <https://w3id.org/iesi-kg/ontology#> . @prefix m8g: <http://data.europa.eu/m8g/> .
@prefix nuts: <http://data.europa.eu/nuts/code/> . @prefix org: <http://www.w3.org/ns/org#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix void: <http://rdfs.org/ns/void#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @base <https://w3id.org/iesi-kg/id/> .
"""
BY_HAND = {
    "cpsv-ap": (
        "initiative/wemi-milano#service",
        """
        <initiative/wemi-milano#service> a cpsv:PublicService ;
          dct:identifier "https://w3id.org/iesi-kg/id/initiative/wemi-milano#service" ;
          dct:title "WeMi Milano"@und ;
          dct:description "On a platform of the city, residents find babysitters, home care, domestic help and many \
other services of accredited non-profit providers, alone or shared with others. Physical WeMi points in the quarters \
belong to it. The city wanted to open municipal welfare to families who were outside it."@en,
            "Su una piattaforma della città gli abitanti trovano baby-sitter, assistenza domiciliare, colf e molti \
altri servizi di enti non profit accreditati, da soli o condivisi con altri. Ne fanno parte gli spazi WeMi nei \
quartieri. Il Comune voleva aprire il welfare municipale alle famiglie che ne restavano fuori."@it ;
          m8g:hasCompetentAuthority <organisation/comune-di-milano-it> ;
          m8g:hasParticipation <initiative/wemi-milano#lead>, <initiative/wemi-milano#partner-1>,
            <initiative/wemi-milano#partner-2> ;
          m8g:thematicArea <../codes/policy-area/social-services>, <../codes/policy-area/childcare>,
            <../codes/policy-area/aha-independent-living>, <../codes/policy-area/social-inclusion> ;
          dct:audience <../codes/target-group/families>, <../codes/target-group/older-people>,
            <../codes/target-group/people-with-disabilities>, <../codes/target-group/children> ;
          m8g:isClassifiedBy <../codes/technology/citizen-portal>, <../codes/technology/marketplace>,
            <../codes/ict-role/enabler>, <../codes/governance-level/local>, <../codes/sip-objective/PR4>,
            <../codes/integration-level/4> ;
          dct:spatial nuts:ITC4C, <http://publications.europa.eu/resource/authority/country/ITA> ;
          adms:status <../codes/status/running> ;
          foaf:homepage <http://www.wemi.milano.it> .
        """,
    ),
    "cpov": (
        "organisation/barcelona-city-council-es",
        """
        <organisation/barcelona-city-council-es> a m8g:PublicOrganisation, org:Organization ;
          dct:identifier "https://w3id.org/iesi-kg/id/organisation/barcelona-city-council-es" ;
          skos:prefLabel "Barcelona City Council"@und ;
          skos:altLabel "Ajuntament de Barcelona"@und ;
          foaf:homepage <http://ajuntament.barcelona.cat/> ;
          org:classification <../codes/organisation-type/public> ;
          dct:spatial <http://publications.europa.eu/resource/authority/country/ESP> .
        """,
    ),
}


def shapes_of(name: str) -> tuple[str, set[str]]:
    """SEMIC's shapes of a profile as one text, and the property shapes it names but does not define."""
    quads = [quad for file in SHACL[name] for quad in pyoxigraph.parse((SHAPES / file).read_bytes(), RdfFormat.TURTLE)]
    defined = {quad.subject for quad in quads if quad.predicate.value == SH + "path"}
    empty = {quad for quad in quads if quad.predicate.value == SH + "property" and quad.object not in defined}
    kept = dict.fromkeys(quad.triple for quad in quads if quad not in empty)
    text = (pyoxigraph.serialize(kept, format=RdfFormat.TURTLE) or b"").decode()
    return text, {quad.object.value for quad in empty}


def validate(triples: list[Triple], shapes: str) -> list[Result]:
    """What the reference engine finds."""
    return list(PySHACL(shapes)(pyoxigraph.serialize(triples, format=RdfFormat.N_TRIPLES) or b""))


def test_the_shapes_are_those_of_semic() -> None:
    listed = (SHAPES / "README.md").read_text(encoding="utf-8")
    files = sorted(SHAPES.glob("*.ttl"))
    assert len(files) == 5
    assert [path.name for path in files if sha256(path.read_bytes()).hexdigest() not in listed] == []


@pytest.mark.parametrize(("name", "undefined"), [("cpsv-ap", 0), ("cpov", 0), ("dcat-ap", 5)])
def test_everything_published_conforms(published: Reader, name: str, undefined: int) -> None:
    text, empty = shapes_of(name)
    assert len(empty) == undefined
    assert validate(exports.export(published, exports.profile(name)), text) == []


@pytest.mark.parametrize(("files", "undefined"), [(SHACL["dcat-ap"][:1], 2), (SHACL["dcat-ap"], 5)])
def test_dcat_ap_as_it_is_published_is_refused_with_the_shapes_named(files: tuple[str, ...], undefined: int) -> None:
    """SHACL section 2.3.1: a value of sh:property is a property shape, and one without sh:path is none."""
    with pytest.raises(IllFormedShapes) as caught:
        iesi_kg.validate([], [SHAPES / name for name in files])
    assert caught.value.exit_code == 2
    lines = caught.value.detail.splitlines()
    assert len(lines) == undefined
    assert all(
        re.match(r"the shape <https://semiceu\S+#dcat:\w+>: sh:property: .* not defined", line) for line in lines
    )
    assert "load the file that defines it too" in str(caught.value.hint)


def test_dcat_ap_uses_the_authority_tables(published: Reader) -> None:
    """No violation; the warnings are about a publisher that is no body of the EU."""
    made = exports.export(published, exports.profile("dcat-ap"))
    found = validate(made, (SHAPES / "dcat-ap-mdr-vocabularies.shape.ttl").read_text(encoding="utf-8"))
    assert {(one.severity, one.path) for one in found} == {(Severity.WARNING, "http://purl.org/dc/terms/publisher")}


@pytest.mark.parametrize(
    ("name", "predicate"),
    [
        ("cpsv-ap", "http://data.europa.eu/m8g/hasCompetentAuthority"),
        ("cpsv-ap", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"),
        ("dcat-ap", "http://purl.org/dc/terms/title"),
    ],
)
def test_the_shapes_do_look(published: Reader, name: str, predicate: str) -> None:
    """One predicate taken away, or the types of codes and places, and the same shapes complain."""
    made = exports.export(published, exports.profile(name))
    kept = {"http://purl.org/vocab/cpsv#PublicService", "http://data.europa.eu/m8g/Participation"}
    poorer = [one for one in made if one.predicate.value != predicate or str(one.object).strip("<>") in kept]
    assert len(poorer) < len(made)
    assert validate(poorer, shapes_of(name)[0]) != []


@pytest.mark.parametrize("name", BY_HAND)
def test_a_record_by_hand(published: Reader, name: str) -> None:
    thing, turtle = BY_HAND[name]
    subject = NamedNode(f"https://w3id.org/iesi-kg/id/{thing}")
    said = {one for one in exports.export(published, exports.profile(name)) if one.subject == subject}
    turtle = turtle.replace("<../codes/", "<https://w3id.org/iesi-kg/codes/")
    assert said == {quad.triple for quad in pyoxigraph.parse(PREFIXES + turtle, RdfFormat.TURTLE)}


def test_who_is_exported(published: Reader) -> None:
    """150 rows of the ten tables have a lead whose type is `public`; led by others, none is a service."""
    made = exports.export(published, exports.profile("cpsv-ap"))
    services = {one.subject for one in made if one.object == NamedNode("http://purl.org/vocab/cpsv#PublicService")}
    assert len(services) == 150
    assert NamedNode("https://w3id.org/iesi-kg/id/initiative/smart#service") not in services
    assert not any(one.object.value.endswith("Initiative") for one in made if isinstance(one.object, NamedNode))


def test_the_catalogue_counts_truly(published: Reader) -> None:
    made = exports.export(published, exports.profile("dcat-ap"), "https://example.org/sparql")
    dataset = NamedNode("https://w3id.org/iesi-kg/id/dataset/iesi-kg")
    said = {one.predicate.value.rsplit("/", 1)[1]: one.object for one in made if one.subject == dataset}
    everything = sum(1 for _ in published.quads(graph=pyoxigraph.DefaultGraph()))
    assert said["void#triples"] == Literal(everything)
    assert said["void#entities"] == Literal(359)
    assert said["dcat#version"] == Literal(str(published.version))
    date = NamedNode("http://www.w3.org/2001/XMLSchema#date")
    assert said["modified"] == Literal("2026-11-22", datatype=date)
    datasets = [one.subject for one in made if one.object == NamedNode("http://www.w3.org/ns/dcat#Dataset")]
    assert len(datasets) == 11  # the ten files and the whole
    assert not any("w3id.org/iesi-kg/sparql" in str(one) for one in made)


def test_equal_graphs_give_equal_exports(published: Reader) -> None:
    for profile in exports.profiles().values():
        assert exports.export(published, profile) == exports.export(published, profile)


@pytest.mark.parametrize(("name", "thing"), [(name, thing) for name, (thing, _) in BY_HAND.items()])
def test_one_thing_is_a_conforming_part_of_the_whole(published: Reader, name: str, thing: str) -> None:
    iri = NamedNode(f"https://w3id.org/iesi-kg/id/{thing.partition('#')[0]}")
    part = exports.export_thing(published, exports.profile(name), iri)
    assert part
    assert set(part) < set(exports.export(published, exports.profile(name)))
    assert validate(part, shapes_of(name)[0]) == []


def test_a_profile_that_does_not_apply_says_nothing(published: Reader) -> None:
    smart = NamedNode("https://w3id.org/iesi-kg/id/initiative/smart")
    assert [exports.export_thing(published, one, smart) for one in exports.profiles().values()] == [[], [], []]


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no profile 'cpsv'") as caught:
        exports.profile("cpsv")
    assert caught.value.hint == "one of cpsv-ap, cpov, dcat-ap"
