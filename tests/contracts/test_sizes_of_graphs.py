"""How many statements each graph has, on every place a store can stand: exact, or not said where it is too much."""

from __future__ import annotations

import pytest
from contract_ground import Ground
from contract_quads import commit, iri, quad

from iesi_kg.endpoint.sizes import sizes


@pytest.mark.on("folder", "oxigraph", "virtuoso")
def test_sizes_are_counted_as_far_as_they_are_bounded(ground: Ground) -> None:
    store = ground.open()
    small = [quad("a", "p", str(number), "small") for number in range(2)]
    large = [quad("a", "p", str(number), "large") for number in range(5)]
    commit(store, *small, *large, quad("a", "p", "1"), quad("b", "p", "1"))
    reader = store.reader()
    names = iri("small").value, iri("large").value
    counted = sizes(reader)
    assert (counted.merged, counted.graphs) == (2, dict(zip(names, (2, 5), strict=True)))
    bounded = sizes(reader, most=4)
    assert (bounded.merged, bounded.graphs) == (2, dict(zip(names, (2, None), strict=True)))
    assert sizes(reader, most=1).merged is None
    assert [graph.value for graph in reader.graphs()] == sorted(names)
