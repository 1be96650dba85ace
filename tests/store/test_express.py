"""The smallest queries are answered without a query process: only where little work is certain, and as by one."""

from __future__ import annotations

import asyncio
import io
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad, QueryResultsFormat, QuerySolutions, Store

from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.express import FEW, MOST_STEPS, Spread
from iesi_kg.store.plain import plain
from iesi_kg.store.workers import Job, Limits, Pool

JSON = "application/sparql-results+json"
LIMITS = Limits()
SEED = 20_261_123


def node(name: str) -> NamedNode:
    return NamedNode(f"urn:{name}")


def quads() -> Iterator[Quad]:
    """300 things of one class in 10 countries, each with one title and three parts; a hub with 400 members."""
    for number in range(300):
        thing = node(f"thing{number}")
        yield Quad(thing, node("type"), node("Thing"))
        yield Quad(thing, node("country"), node(f"country{number % 10}"))
        yield Quad(thing, node("title"), node(f"title{number}"))
        yield from (Quad(thing, node("part"), node(f"part{number}-{each}")) for each in range(3))
        yield Quad(node(f"part{number}-0"), node("holder"), node(f"holder{number % 7}"))
    yield from (Quad(node("hub"), node("member"), node(f"thing{number % 300}-{number}")) for number in range(400))


@pytest.fixture(scope="module")
def graph() -> Store:
    store = Store()
    store.extend(quads())
    return store


@pytest.fixture(scope="module")
def spread(graph: Store) -> Spread:
    return Spread.of(graph)


def test_spread(spread: Spread) -> None:
    assert spread.objects == {
        "<urn:type>": 1, "<urn:country>": 1, "<urn:title>": 1, "<urn:part>": 3, "<urn:holder>": 1, "<urn:member>": 400,
    }  # fmt: skip
    assert spread.triples == 400
    countries = {f"<urn:country{number}>": 30 for number in range(10)}
    holders = {f"<urn:holder{number}>": 43 if number < 6 else 42 for number in range(7)}  # 300 = 7 * 42 + 6
    assert spread.linking == {"<urn:Thing>": 300, **countries, **holders}
    assert spread.subjects == {
        ("<urn:type>", "<urn:Thing>"): 300,
        **{("<urn:country>", country): number for country, number in countries.items()},
        **{("<urn:holder>", holder): number for holder, number in holders.items()},
    }


@pytest.mark.parametrize(
    ("body", "steps"),
    [
        ("<urn:thing1> <urn:title> ?t", 1),
        ("<urn:thing1> ?p ?o", 400),
        ("<urn:thing1> <urn:part> ?part . ?part <urn:holder> ?h", 6),
        ("<urn:hub> <urn:member> ?m", 400),
        ("<urn:hub> <urn:member> ?m . ?m <urn:part> ?x", 2_400),
        ("?t <urn:country> <urn:country1>", 30),
        ("?t <urn:country> <urn:nowhere>", FEW),
        ("?t <urn:country> <urn:country1> ; <urn:title> ?n ; <urn:part> ?x", 30 * 3 * 3),
        ("?t <urn:type> <urn:Thing>", 300),
        ("?t <urn:country> <urn:country1> ; <urn:type> <urn:Thing>", 300 * 2),  # an engine could begin with the class
        ("?t ?p <urn:country1>", 30),
        ("?t ?p <urn:country1> ; <urn:title> ?n", 30 * 2),
        ("?t ?p <urn:country1> ; <urn:type> <urn:Thing>", 300 * 400 * 2),
        ("VALUES ?t { <urn:thing1> <urn:thing2> } ?t <urn:title> ?n ; a <urn:Thing>", 4),
        ("<urn:thing1> <urn:nothing> ?x", 1),
        ("<urn:thing1> <urn:part> ?a . <urn:thing2> <urn:part> ?b", 18),
        ("<urn:thing1> <urn:part>/<urn:holder> ?h", 6),
        ("<urn:thing1> <urn:part>/<urn:holder> ?h , ?i ; <urn:title> ?n", 3 * 3 * 5),
        ("<urn:thing1> <urn:part> ?p OPTIONAL { ?p <urn:holder> ?h }", 6),
        ("<urn:thing1> <urn:part> ?p OPTIONAL { ?p <urn:holder> ?h } OPTIONAL { <urn:thing1> <urn:title> ?t }", 9),
        (
            "VALUES ?t { <urn:thing1> <urn:thing2> } OPTIONAL { ?t <urn:part> ?p } OPTIONAL { ?t ?q ?r }",
            2 * 3 * 400 * 2,
        ),
        ("?t <urn:country> <urn:country1> OPTIONAL { ?t <urn:part> ?p }", 30 * 3 * 2),
        ("?t <urn:country> <urn:country1> ; <urn:part> ?p . ?p <urn:holder> <urn:holder1>", None),
        ("<urn:hub> <urn:type> ?t . ?t <urn:type> <urn:Thing>", 2),
        ("?t <urn:title> 'x'", None),  # literals are not counted
        ("?t <urn:title> ?n", None),
        ("?t ?p ?o", None),
        ("<urn:thing1> <urn:part> ?x . ?t <urn:part> ?x", None),  # against the direction
        ("?a <urn:part> ?b . ?b <urn:part> ?a", None),
        ("<urn:thing1> <urn:part> ?x . ?x <urn:part> ?x", None),
        ("<urn:thing1> ?p ?x . <urn:thing2> ?p ?y", None),
        ("<urn:thing1> ?p ?x . ?p <urn:title> ?y", None),
        ("VALUES ?t { <urn:thing1> } ?u <urn:country> <urn:country1>", None),
        ("?t <urn:part>/<urn:holder> <urn:holder1>", None),
        ("<urn:thing1> <urn:part> ?p OPTIONAL { ?p <urn:holder> ?h } OPTIONAL { ?h <urn:title> ?t }", None),  # unbound
        ("<urn:thing1> <urn:part> ?p OPTIONAL { ?p <urn:holder> ?h } OPTIONAL { ?p <urn:title> ?h }", None),
        ("<urn:thing1> <urn:part> ?p OPTIONAL { ?p <urn:holder> <urn:holder1> }", None),
        ("<urn:thing1> <urn:part> ?p OPTIONAL { ?x <urn:holder> ?h }", None),
        ("<urn:thing1> <urn:part> ?p OPTIONAL { <urn:thing2> <urn:part> ?p }", None),
        ("<urn:thing1> ?q ?p OPTIONAL { ?q <urn:title> ?t }", None),
        ("<urn:thing1> <urn:part> ?p OPTIONAL { ?p ?q ?q }", None),
    ],
)
def test_steps_by_hand(spread: Spread, body: str, steps: int | None) -> None:
    found = plain(f"SELECT * {{ {body} }}")
    assert found is not None
    assert spread.steps(found) == steps


def test_an_object_of_many_triples_begins_nothing() -> None:
    """Whatever the predicate: the engine looks for it among all triples of the object."""
    found = plain("SELECT * { ?t <urn:country> <urn:c> }")
    assert found is not None
    assert Spread({"<urn:country>": 1}, 5, {}, {"<urn:c>": 1_000}).steps(found) == FEW
    assert Spread({"<urn:country>": 1}, 5, {}, {"<urn:c>": 1_001}).steps(found) is None


def random_body(dice: random.Random) -> str:
    """A few patterns over the graph's own names; most of them join."""
    variables = ["?a", "?b", "?c", "?d"]
    subjects = ["<urn:thing1>", "<urn:part2-0>", "<urn:hub>", *variables]
    objects = ["<urn:country3>", "<urn:Thing>", "<urn:holder1>", *variables]
    names = ["<urn:type>", "<urn:country>", "<urn:part>", "<urn:holder>", "<urn:title>", "?p"]
    names += ["<urn:part>/<urn:holder>", "<urn:member>/<urn:part>"]
    required = " . ".join(
        f"{dice.choice(subjects)} {dice.choice(names)} {dice.choice(objects)}" for _ in range(dice.randint(1, 4))
    )
    new = [*variables, "?e", "?f", "?g"]
    return required + "".join(
        f" OPTIONAL {{ {dice.choice(subjects)} {dice.choice(names[:6])} {dice.choice(new)} }}"
        for _ in range(dice.choice([0, 0, 1, 2]))
    )


def test_no_query_has_more_rows_than_steps(graph: Store, spread: Spread) -> None:
    dice, seen = random.Random(SEED), 0
    for _ in range(3_000):
        found = plain(f"SELECT * {{ {random_body(dice)} }}")
        assert found is not None
        steps = spread.steps(found)
        if steps is not None and steps <= MOST_STEPS:
            answer = graph.query(found.text)
            assert isinstance(answer, QuerySolutions)
            assert sum(1 for _ in answer) <= steps
            seen += 1
    assert seen > 300


def filled(path: Path) -> EmbeddedStore:
    store = EmbeddedStore(path)
    with store.writer() as writer:
        writer.commit(ChangeSet("graph", add=tuple(quads())))
    return store


def test_answers_are_those_of_a_process_on_the_present_version_only(tmp_path: Path, graph: Store) -> None:
    store = filled(tmp_path)

    async def story() -> None:
        pool = Pool(tmp_path, workers=1)
        pool.keep_copy(10_000)
        await pool.start()
        try:
            for body in ("<urn:thing7> ?p ?o", "?t <urn:country> <urn:country1>", "<urn:none> ?p ?o"):
                text = f"SELECT * {{ {body} }} ORDER BY ?t ?p ?o"
                at_once = await answered_at_once(pool, text)
                expected = io.BytesIO()
                solutions = graph.query(text)
                assert isinstance(solutions, QuerySolutions)
                solutions.serialize(expected, QueryResultsFormat.JSON)
                in_process = await pool.run(Job(text, JSON), LIMITS)
                assert json.loads(at_once[0])["results"] == json.loads(expected.getvalue())["results"]
                assert (in_process.body, in_process.version) == at_once == (at_once[0], 1)
            with store.writer() as writer:
                writer.commit(ChangeSet("more", add=(Quad(node("thing7"), node("title"), node("another")),)))
            await pool.reach(2, 20)
            text = "SELECT ?o { <urn:thing7> <urn:title> ?o } ORDER BY ?o"
            small = plain(text)
            assert small is not None
            assert pool.at_once(small, JSON, LIMITS) is None  # the copy is of the version before
            body, version = await answered_at_once(pool, text)
            assert (body.count(b"urn:"), version) == (2, 2)
        finally:
            await pool.close()

    asyncio.run(story())


async def answered_at_once(pool: Pool, text: str) -> tuple[bytes, int]:
    """The answer once the copy stands."""
    small, deadline = plain(text), time.monotonic() + 20
    assert small is not None
    while (answer := pool.at_once(small, JSON, LIMITS)) is None:
        assert time.monotonic() < deadline, "no copy was made"
        await asyncio.sleep(0.02)
    return answer.body, answer.version


def test_what_passes_a_limit_is_left_to_a_process(tmp_path: Path) -> None:
    filled(tmp_path)

    async def story() -> None:
        pool = Pool(tmp_path, workers=1)
        pool.keep_copy(10_000)
        await pool.start()
        try:
            text = "SELECT ?m { <urn:hub> <urn:member> ?m }"
            small = plain(text)
            assert small is not None
            assert (await answered_at_once(pool, text))[0].count(b"urn:") == 400
            assert pool.at_once(small, JSON, Limits(rows=399)) is None
            assert pool.at_once(small, JSON, Limits(bytes=5_000)) is None
            assert pool.at_once(small, "text/turtle", LIMITS) is None
        finally:
            await pool.close()

    asyncio.run(story())


def test_a_large_version_is_not_copied(tmp_path: Path) -> None:
    filled(tmp_path)

    async def story() -> None:
        pool = Pool(tmp_path, workers=1)
        pool.keep_copy(100)
        await pool.start()
        try:
            small = plain("ASK {}")
            assert small is not None
            assert pool.at_once(small, JSON, LIMITS) is None
            await asyncio.sleep(0.7)
            assert pool.at_once(small, JSON, LIMITS) is None
        finally:
            await pool.close()

    asyncio.run(story())
