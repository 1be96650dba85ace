"""Random requests: the change found out operation by operation must leave what the engine leaves when it runs them."""

from __future__ import annotations

import random

import pytest
from pyoxigraph import NamedNode, RdfFormat, Store

from iesi_kg.endpoint.protocol import Update
from iesi_kg.endpoint.syntax import Guards
from iesi_kg.endpoint.update import plan
from iesi_kg.errors import UpdateFailed
from iesi_kg.settings import Settings
from iesi_kg.store.amending import Amendment, amend
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.changes import apply

GIVEN = Settings()
GUARDS = Guards(GIVEN.query_length, GIVEN.query_nesting, GIVEN.query_patterns, GIVEN.query_path, GIVEN.query_values)
DATA = "<urn:s> <urn:p> 1 , 2 . <urn:g1> { <urn:s> <urn:p> 2 , 3 . } <urn:g2> { <urn:t> <urn:q> <urn:s> . }"
GRAPHS = ("<urn:g1>", "<urn:g2>", ":g3", "<urn:g4>")
PLACES = (*(f"GRAPH {graph}" for graph in GRAPHS), "DEFAULT")
TRIPLES = ("<urn:s> <urn:p> 1", "<urn:s> <urn:p> 2", "<urn:t> <urn:q> <urn:s>", ":u :p 'x;}'")
PATTERNS = ("?s ?p ?o", "?s <urn:p> ?o", "<urn:t> ?p ?o ; ?q ?o")


def quads(chance: random.Random) -> str:
    parts = chance.sample(TRIPLES, 2)
    graph = chance.choice(GRAPHS)
    return chance.choice(
        (f"{parts[0]} .", f"GRAPH {graph} {{ {parts[0]} }}", f"{parts[0]} . GRAPH {graph} {{ {parts[1]} }} {parts[1]}")
    )


def pattern(chance: random.Random) -> str:
    inner = chance.choice(PATTERNS)
    return chance.choice((inner, f"GRAPH {chance.choice(GRAPHS)} {{ {inner} }}", f"GRAPH ?g {{ {inner} }}"))


def operation(chance: random.Random) -> str:
    silent = chance.choice(("SILENT", "SILENT", ""))
    graph, one, two = chance.choice(GRAPHS), *chance.sample(PLACES, 2)
    scope = chance.choice((*PLACES, "NAMED", "ALL"))
    template = chance.choice(("?s ?p ?o", f"GRAPH {graph} {{ ?s ?p ?o }}", "GRAPH ?g { ?s ?p ?o }"))
    where = pattern(chance)
    using = chance.choice(("", "", f"USING {graph}", f"USING {graph} USING NAMED <urn:g2>"))
    pairs = (one.removeprefix("GRAPH "), two.removeprefix("GRAPH "))
    return chance.choice(
        (
            f"INSERT DATA {{ {quads(chance)} }}",
            f"DELETE DATA {{ {quads(chance)} }}",
            f"DELETE WHERE {{ {where} }}",
            f"{chance.choice(('', f'WITH {graph}'))} DELETE {{ {template} }} WHERE {{ {where} }}",
            f"INSERT {{ {template} . ?s :is ?o }} {using} WHERE {{ {where} FILTER(isIRI(?s)) }}",
            f"WITH {graph} DELETE {{ ?s ?p ?o }} INSERT {{ {template} }} WHERE {{ {where} }}",
            f"{chance.choice(('CLEAR', 'DROP'))} {silent} {scope}",
            f"CREATE {silent} GRAPH {graph}",
            f"{chance.choice(('ADD', 'MOVE', 'COPY'))} {silent} {pairs[0]} TO {pairs[1]}",
        )
    )


def filled() -> Store:
    store = Store()
    store.load(DATA, RdfFormat.TRIG)
    return store


@pytest.mark.parametrize("seed", range(400))
def test_the_same_is_left(seed: int) -> None:
    chance = random.Random(seed)
    text = "PREFIX : <urn:> " + " ;\n".join(operation(chance) for _ in range(chance.randint(1, 4)))
    ours, engines = filled(), filled()
    before = set(ours), set(ours.named_graphs())
    planned = plan(Update(text), GUARDS)
    change = ChangeSet("")
    try:
        engines.update(text)
    except RuntimeError:
        with pytest.raises(UpdateFailed):
            amend(ours, Amendment("update", operations=planned.operations))
    else:
        change = amend(ours, Amendment("update", operations=planned.operations)).change
    assert (set(ours), set(ours.named_graphs())) == before
    size = len(ours)
    assert apply(ours, change) == len(ours) - size
    assert (set(ours), set(ours.named_graphs())) == (set(engines), set(engines.named_graphs())), text
    assert NamedNode("urn:x-iesi-kg:merged") not in set(ours.named_graphs())
