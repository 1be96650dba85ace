"""The databases of others, read from their real files: expected values were read off the raw files by eye."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, NamedNode, Quad

from iesi_kg.linking import adapters
from iesi_kg.linking.adapters import Adapted
from iesi_kg.linking.entities import Entity, of_quads
from iesi_kg.records import SourceFile
from iesi_kg.vocabulary import curies

FILES = {
    "jrc-ips": "jrc_ips/cases-2022.json",
    "jrc-ips-catalogue": "jrc_ips/catalogues/*.csv",
    "jrc-ai-watch": "jrc_ai_watch/9-services-ai-watch-t6-jrc120399.json",
    "pstw": "jrc_pstw_blockchain/bc4sdgs_202507_merged_upd_pub.csv",
}
COUNTS = {"jrc-ips": 853, "jrc-ips-catalogue": 385, "jrc-ai-watch": 143, "pstw": 306}


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
    initiatives = [entity for entity in found.entities.values() if entity.kind == "initiative"]
    assert found.read.records == len(initiatives) == COUNTS[name]
    assert len(found.quads) == len(set(found.quads))
    assert found.of(found.read.graph, "void:triples") == [str(len(found.quads))]
    assert found.of(found.read.graph, "void:entities") == [str(COUNTS[name])]
    assert {quad.graph_name for quad in found.quads} == {found.read.graph}


def test_the_four_databases_of_the_joint_research_centre_have_1687_records() -> None:
    editions = [adapters.load(name).editions[0] for name in COUNTS]
    assert sum(edition.records for edition in editions) == 1687


def test_a_case_of_the_explorer(shared: Path) -> None:
    case = database("jrc-ips", shared).entities["jrc-ips:10100"]
    assert case.names == ("ModEst - Student Flow Modeling",)
    assert (case.countries, case.start_year, case.end_year, case.status) == (("PT",), 2019, 2022, "in-development")
    assert case.organisations == ("Direção-Geral de Estatísticas de Educação e Ciência",)
    assert case.topics == ("GF09", "GF0908", "ai", "education-training")
    assert case.pages == ("https://www.lasige.pt/project/modest/",)
    assert case.identifiers == ("10100",)
