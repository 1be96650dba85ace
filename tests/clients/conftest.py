"""One server for the client tests on a small graph of towns and what they run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from running_server import Server, fill, serving

TOWNS = """
@prefix ex: <http://example.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

ex:riga ex:people 605802 ; skos:prefLabel "Riga"@en, "Rīga"@lv .
ex:porto ex:people 231800 ; skos:prefLabel "Porto"@en ; skos:note "a, \\"quoted\\"\\nnote" .
ex:oulu ex:people 214000 ; skos:prefLabel "Oulu"@fi .
"""


@pytest.fixture(scope="session")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("clients") / "store"
    fill(store, TOWNS, {"http://example.org/graph/old": "<http://example.org/riga> <http://example.org/people> 1 ."})
    with serving(store, query_seconds=5) as running:
        yield running
