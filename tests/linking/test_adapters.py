"""The databases of others, read from their real files: expected values were read off the raw files by eye."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, NamedNode, Quad, RdfFormat, parse

from iesi_kg import assets
from iesi_kg.linking import adapters
from iesi_kg.linking.adapters import Adapted
from iesi_kg.linking.crosswalk import Crosswalk
from iesi_kg.linking.entities import Entity, of_quads
from iesi_kg.records import SourceFile
from iesi_kg.vocabulary import curies, iris
from iesi_kg.vocabulary.codelists import CodeLists

FILES = {
    "jrc-ips": "jrc_ips/cases-2022.json",
    "jrc-ips-catalogue": "jrc_ips/catalogues/*.csv",
    "jrc-ai-watch": "jrc_ai_watch/9-services-ai-watch-t6-jrc120399.json",
    "pstw": "jrc_pstw_blockchain/bc4sdgs_202507_merged_upd_pub.csv",
    "dsi4eu": "dsi4eu/*.json",
}
COUNTS = {"jrc-ips": 853, "jrc-ips-catalogue": 385, "jrc-ai-watch": 143, "pstw": 306, "dsi4eu": 829 + 1228}
ORGANISATIONS = 1228  # records of DSI4EU that are organisations


class Database:
    """What an adapter made of the files of a database."""

    def __init__(self, name: str, files: Iterable[Path]) -> None:
        sources = [SourceFile(path.name, path.read_bytes()) for path in files]
        self.read: Adapted = adapters.load(name).read(sources)
        self.quads: list[Quad] = list(self.read.quads)
        self.entities: dict[str, Entity] = {entity.curie: entity for entity in of_quads(self.quads, name)}
        self.facts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for quad in self.quads:
            subject = quad.subject
            assert isinstance(subject, NamedNode)
            assert not isinstance(quad.object, BlankNode)
            self.facts[subject.value][quad.predicate.value].append(quad.object.value)  # type: ignore[union-attr]

    def of(self, subject: NamedNode, term: str) -> list[str]:
        """The values of a property of a thing, sorted."""
        return sorted(self.facts[subject.value][curies.expand(term).value])


@lru_cache(maxsize=8)
def database(name: str, shared: Path) -> Database:
    """Read once for all tests."""
    return Database(name, sorted((shared / "data").glob(FILES[name])))


@pytest.mark.parametrize("name", COUNTS)
def test_every_record_is_there_once_with_its_key(name: str, shared: Path) -> None:
    found = database(name, shared)
    initiatives = sum(entity.kind == "initiative" for entity in found.entities.values())
    assert found.read.records == COUNTS[name]
    assert initiatives == COUNTS[name] - (ORGANISATIONS if name == "dsi4eu" else 0)
    assert len(found.quads) == len(set(found.quads))
    assert found.of(found.read.graph, "void:triples") == [str(len(found.quads))]
    assert found.of(found.read.graph, "void:entities") == [str(COUNTS[name])]
    assert {quad.graph_name for quad in found.quads} == {found.read.graph}


def test_the_four_databases_of_the_joint_research_centre_have_1687_records() -> None:
    editions = [adapters.load(name).editions[0] for name in COUNTS if name != "dsi4eu"]
    assert sum(edition.records for edition in editions) == 1687


def test_a_case_of_the_explorer(shared: Path) -> None:
    case = database("jrc-ips", shared).entities["jrc-ips:10100"]
    assert case.names == ("ModEst - Student Flow Modeling",)
    assert (case.countries, case.start_year, case.end_year, case.status) == (("PT",), 2019, 2022, "in-development")
    assert case.organisations == ("Direção-Geral de Estatísticas de Educação e Ciência",)
    assert case.topics == ("GF09", "GF0908", "ai", "education-training")
    assert case.pages == ("https://www.lasige.pt/project/modest/",)
    assert case.identifiers == ("10100",)


def test_what_the_mapping_cannot_read_is_kept_as_text_and_told_once(shared: Path) -> None:
    found = database("jrc-ips", shared)
    assert [(one.code, one.column, one.value) for one in found.read.findings if one.code == "not-mapped"] == [
        ("not-mapped", "secondary_sector", "Public services"),
        ("not-mapped", "secondary_sector", "Security"),
        ("not-mapped", "url", "Crisis Prevention: PREVIEW"),
    ]
    record = iris.peer_record("jrc-ips", "10767")
    assert found.of(record, "iesi:country") == ["http://publications.europa.eu/resource/authority/country/RUS"]
    assert found.facts[record.value][iris.peer_field("jrc-ips", "geocoverage").value] == ["Russia"]


def test_the_codes_that_the_explorer_leaves_empty_are_read_off_the_names(shared: Path) -> None:
    """The file has no code for Czech Republic (2), European Union (12), Russia (7), Andorra (1), San Marino (2)."""
    countries = [
        c for one in database("jrc-ips", shared).entities.values() if one.kind == "initiative" for c in one.countries
    ]
    assert [countries.count(code) for code in ("CZ", "EU", "RUS", "AND", "SMR", "NL")] == [2, 12, 7, 1, 2, 153]
    assert len(countries) == 853


def test_the_collection_date_of_ai_watch_is_no_start(shared: Path) -> None:
    found = database("jrc-ai-watch", shared)
    kamu = found.entities["jrc-ai-watch:90034"]
    assert (kamu.names, kamu.countries) == (("Kamu - Chatbot about immigration processes",), ("FI",))
    assert (kamu.start_year, kamu.status, kamu.topics) == (None, "", ("GF01", "GF0106", "ai"))
    assert kamu.organisations == ("Finnish Immigration Service",)
    assert all(one.start_year is None and one.status == "" for one in found.entities.values())
    texts = {value for facts in found.facts.values() for values in facts.values() for value in values}
    assert texts.isdisjoint({"Unknown", "2021/01/01"})


def test_the_table_of_ai_watch_gives_the_keys_of_its_json(shared: Path) -> None:
    path = shared / "data" / "jrc_ai_watch" / "9-services-ai-watch-t6-jrc120399.csv"
    table = Database("jrc-ai-watch", [path])
    same = database("jrc-ai-watch", shared)
    assert table.read.version == same.read.version == "2021"
    assert {key: one.names for key, one in table.entities.items()} == {k: one.names for k, one in same.entities.items()}


def test_letters_that_were_decoded_wrongly_twice_are_read_as_meant(shared: Path) -> None:
    found = database("pstw", shared)
    gijon, heritage = found.entities["pstw:PSTW-2560"], found.entities["pstw:PSTW-1958"]
    assert gijon.names == ("IMPULSE Project - Gijón public services app",)
    assert (gijon.organisations, gijon.places) == (("City Council of Gijón",), ("ES120",))
    assert heritage.organisations == ("Córdoba City Council",)
    repaired = {one.column: one.message.split()[0] for one in found.read.findings if one.code == "repaired-misread"}
    assert repaired == {"name": "9", "description": "119", "responsible_organisation": "21"}
    assert found.entities["pstw:PSTW-756"].end_year is None  # its cell holds a no-break space decoded wrongly twice


def test_a_case_of_tech_watch_with_a_stray_letter_and_flags(shared: Path) -> None:
    found = database("pstw", shared)
    voting, record = found.entities["pstw:PSTW-684"], iris.peer_record("pstw", "PSTW-684")
    assert (voting.pages, voting.countries, voting.status) == (("https://ivoting.pl/en/",), ("PL",), "running")
    flags = [name for name in found.facts[record.value] if found.facts[record.value][name] == ["true"]]
    assert sorted(name.partition("#")[2] for name in flags) == [
        "improved_public_control_influence",
        "improved_public_service",
        "increased_public_participation",
        "increased_transparency_of_public_sector_operations",
        "more_responsive_efficient_cost_effective_services",
        "open_government_capabilities",
        "public_citizen_centered_services",
    ]
    assert found.of(iris.fragment(record, "record"), "dct:modified") == ["2024-10-09"]
    field = iris.peer_field("pstw", "improved_public_service").value
    assert sum(facts.get(field) == ["true"] for facts in found.facts.values()) == 243


def test_a_case_of_a_catalogue_knows_its_catalogue(shared: Path) -> None:
    found = database("jrc-ips-catalogue", shared)
    una, record = found.entities["jrc-ips-catalogue:90004"], iris.peer_record("jrc-ips-catalogue", "90004")
    assert (una.names, una.countries, una.status) == (("Chatbot UNA",), ("LV",), "running")
    assert (una.start_year, una.identifiers) == (2018, ("90004",))
    (catalogue,) = found.of(record, "dct:isPartOf")
    assert found.of(NamedNode(catalogue), "dct:title")[0].startswith("AI Watch - Artificial Intelligence in public")
    assert found.entities["jrc-ips-catalogue:60104"].countries == ("LI",)  # written Liechenstein
    assert found.entities["jrc-ips-catalogue:70035"].countries == ("GB",)  # written UK
    assert found.entities["jrc-ips-catalogue:140022"].names == ("Radar Covid",)


def test_projects_and_organisations_of_dsi4eu(shared: Path) -> None:
    found = database("dsi4eu", shared)
    map_, body = found.entities["dsi4eu-project:12"], found.entities["dsi4eu-organisation:239"]
    assert (map_.names, map_.start_year) == (("Wheelmap.org",), None)
    assert map_.topics == ("civic-engagement", "crowdsourcing", "gis", "mobile-web-apps", "open-data", "open-source")
    assert found.of(map_.iri, "iesi:involves") == [iris.peer_record("dsi4eu-organisation", "343").value]
    assert (body.names, body.countries, body.places) == (("ICS Dr. G. Roscher GmbH",), ("DE",), ("Klein Ammensleben",))
    assert found.of(body.iri, "org:classification") == [iris.concept("organisation-type", "private").value]
    assert found.entities["dsi4eu-organisation:720"].countries == ("KR",)
    links = sum(quad.predicate == curies.expand("iesi:involves") for quad in found.quads)
    assert links == 946
    texts = [v for facts in found.facts.values() for values in facts.values() for v in values]
    assert "1970-01-01" not in texts
    assert not [text for text in texts if "<p" in text or "&nbsp;" in text]


@pytest.mark.parametrize("name", COUNTS)
def test_licence_source_and_files_stand_in_the_graph(name: str, shared: Path) -> None:
    found = database(name, shared)
    adapter, graph = adapters.load(name), found.read.graph
    assert found.of(graph, "dct:license") == [adapter.about.licence.address]
    assert graph == iris.peer_graph(name, adapter.version)
    files = sorted(path.name for path in (shared / "data").glob(FILES[name]))
    derived = [NamedNode(node) for node in found.of(graph, "prov:wasDerivedFrom")]
    assert sorted(found.of(node, "dct:title")[0] for node in derived) == files
    assert found.of(graph, "skos:editorialNote") == sorted(adapter.about.defects)


def test_only_dsi4eu_must_not_be_handed_on() -> None:
    assert [name for name in adapters.names() if not adapters.load(name).about.licence.shareable] == ["dsi4eu"]
    assert adapters.names() == tuple(sorted(COUNTS))


def test_codes_mean_codes_that_there_are() -> None:
    known = {concept.iri for scheme in CodeLists.load() for concept in scheme.concepts}
    for name in adapters.names():
        for scheme, text, code in adapters.load(name).walk.codes():
            for meant in code.means:
                assert meant in known or meant == code.iri, (name, scheme, text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("EL", "GR"),
        ("UK", "GB"),
        ("GRC", "GR"),
        ("SVN", "SI"),
        ("Czech Republic", "CZ"),
        ("the Netherlands", "NL"),
        ("Macedonia, the former Yugoslav Republic of", "MK"),
        ("Côte d'Ivoire", "CIV"),
        ("Korea, Republic of", "KR"),
        ("Turkey", "TR"),
        ("Kosovo", "XKX"),
        ("EU", "EU"),
    ],
)
def test_countries_in_every_spelling(text: str, code: str) -> None:
    found = Crosswalk.of_assets(["countries"]).find("country", text)
    assert found is not None
    assert [meant.value.rpartition("/")[2] for meant in found.means] == [code]


def test_mappings_to_the_functions_of_government_are_those_of_the_alignment() -> None:
    aligned = {
        (quad.object, quad.predicate, quad.subject)
        for quad in parse(assets.content("ontology/alignments/cofog.ttl"), RdfFormat.TURTLE)
        if quad.predicate.value == "http://www.w3.org/2004/02/skos/core#closeMatch"
    }
    mapped = {
        (quad.subject, quad.predicate, quad.object)
        for quad in parse(assets.content("data/adapters/crosswalks/cofog.ttl"), RdfFormat.TURTLE)
        if quad.predicate.value == "http://www.w3.org/2004/02/skos/core#closeMatch"
    }
    assert mapped == {fact for fact in aligned if "/cofog/" in str(fact[0]) and "/policy-area/" in str(fact[2])}
