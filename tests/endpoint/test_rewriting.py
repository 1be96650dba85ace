"""Each rule of rewriting: what becomes of a query, what is left alone, and the same answers on random graphs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from generated_queries import Query, graph
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Store

from iesi_kg.endpoint.explanation import RULES, readable
from iesi_kg.endpoint.rewriting import Rewriter, Rule, may_gain
from iesi_kg.endpoint.rewriting_changes import Change
from iesi_kg.endpoint.rewriting_counts import Counts
from iesi_kg.endpoint.rewriting_runner import RewritingRunner
from iesi_kg.endpoint.rewriting_scope import Source
from iesi_kg.errors import ServiceBusy
from iesi_kg.records import Answer
from iesi_kg.store.dataset import Evaluator
from iesi_kg.store.workers import Job, Limits
from rewriting_in_hand import Direct, rewritten, rows, same

CASES = {
    "filter for one IRI": (
        "SELECT ?s { ?s <urn:p> ?o . FILTER(?o = <urn:a>) }",
        "SELECT ?s { VALUES ?o { <urn:a> } ?s <urn:p> ?o . }",
    ),
    "the IRI first, in brackets, by sameTerm": (
        "PREFIX : <urn:> SELECT ?s { ?s :p ?o, ?n FILTER((:a = ?o)) FILTER sameTerm(?n, :b) }",
        "PREFIX : <urn:> SELECT ?s { VALUES ?o { :a } VALUES ?n { :b } ?s :p ?o, ?n }",
    ),
    "IN, an IRI twice under two names": (
        "PREFIX : <urn:> SELECT ?s { ?s :p ?o FILTER(?o IN (:a, <urn:a>, :b)) }",
        "PREFIX : <urn:> SELECT ?s { VALUES ?o { :a :b } ?s :p ?o }",
    ),
    "one side of a conjunction": (
        "SELECT ?s { ?s <urn:p> ?o ; <urn:q> ?n FILTER(?n > 1 && ?o = <urn:a> && ?n < 9) }",
        "SELECT ?s { VALUES ?o { <urn:a> } ?s <urn:p> ?o ; <urn:q> ?n FILTER(?n > 1 && ?n < 9) }",
    ),
    "a filter between triples": (
        "ASK { ?s <urn:p> ?o FILTER(?o = <urn:a>) ?s <urn:q> ?n }",
        "ASK { VALUES ?o { <urn:a> } ?s <urn:p> ?o FILTER(true) ?s <urn:q> ?n }",
    ),
    "in OPTIONAL": (
        "SELECT ?s ?o { ?s a ?t OPTIONAL { ?s <urn:p> ?o FILTER(?o = <urn:a>) } }",
        "SELECT ?s ?o { ?s a ?t OPTIONAL { VALUES ?o { <urn:a> } ?s <urn:p> ?o } }",
    ),
    "all variables asked, in the order of the query": (
        "SELECT * { ?s <urn:p> ?o FILTER(?o = <urn:a>) }",
        "SELECT ?s ?o { VALUES ?o { <urn:a> } ?s <urn:p> ?o }",
    ),
    "a path to a constant": (
        "SELECT ?i { ?i a <urn:T> ; <urn:p>/<urn:q>* <urn:c> }",
        "SELECT ?i { { SELECT ?step1 { ?step1 <urn:q>* <urn:c> } } ?i a <urn:T> ; <urn:p> ?step1 . }",
    ),
    "a path from a constant": (
        "SELECT ?i { ?i <urn:p> ?a . <urn:c> <urn:q>+ ?a }",
        "SELECT ?i { { SELECT ?a { <urn:c> <urn:q>+ ?a } } ?i <urn:p> ?a . }",
    ),
    "a path between variables": (
        "SELECT ?t { ?i <urn:p> ?a . ?a <urn:q>* ?t }",
        "SELECT ?t { { SELECT ?a ?t { { SELECT DISTINCT ?a { ?i <urn:p> ?a } } ?a <urn:q>* ?t } } ?i <urn:p> ?a . }",
    ),
    "NOT EXISTS": (
        "SELECT ?i { ?i a <urn:T> FILTER NOT EXISTS { ?i <urn:p> ?o FILTER(?o > 3) } }",
        "SELECT ?i { ?i a <urn:T> MINUS { ?i <urn:p> ?o FILTER(?o > 3) } }",
    ),
    "EXISTS of two patterns": (
        "SELECT ?i { ?i a <urn:T> . FILTER(EXISTS { ?i <urn:p> ?o . ?o <urn:q> ?v }) OPTIONAL { ?i <urn:r> ?l } }",
        "SELECT ?i { ?i a <urn:T> . { SELECT DISTINCT ?i { ?i <urn:p> ?o . ?o <urn:q> ?v } }"
        " OPTIONAL { ?i <urn:r> ?l } }",
    ),
    "EXISTS of a sequence, shared in part by what comes late": (
        "SELECT ?i { ?i a <urn:T> OPTIONAL { ?i <urn:r> ?l } ?i <urn:p> ?o . FILTER EXISTS { ?i <urn:p>/<urn:q> ?o } }",
        "SELECT ?i { ?i a <urn:T> OPTIONAL { ?i <urn:r> ?l } ?i <urn:p> ?o ."
        " { SELECT DISTINCT ?i ?o { ?i <urn:p>/<urn:q> ?o } } }",
    ),
    "the first rows before what is optional": (
        "SELECT * { ?i <urn:y> ?y OPTIONAL { ?i <urn:l> ?l } FILTER(?y > 3) BIND(STR(?l) AS ?n) }"
        " ORDER BY DESC(?y) LIMIT 5 OFFSET 2",
        "SELECT ?i ?y ?l ?n { { SELECT ?i ?y { ?i <urn:y> ?y FILTER(?y > 3) } ORDER BY DESC(?y) LIMIT 7 }"
        " OPTIONAL { ?i <urn:l> ?l } BIND(STR(?l) AS ?n) } ORDER BY DESC(?y) LIMIT 5 OFFSET 2",
    ),
}  # fmt: skip

ALONE = {
    "a literal": "SELECT ?s { ?s <urn:p> ?o FILTER(?o = 'a') }",
    "either of two tests": "SELECT ?s { ?s <urn:p> ?o FILTER(?o = <urn:a> || ?s = <urn:b>) }",
    "not equal": "SELECT ?s { ?s <urn:p> ?o FILTER(?o != <urn:a>) }",
    "a variable of OPTIONAL alone": "SELECT ?s { ?s a ?t OPTIONAL { ?s <urn:p> ?o } FILTER(?o = <urn:a>) }",
    "a relative IRI": "BASE <urn:b/> SELECT ?s { ?s <urn:p> ?o FILTER(?o = <a>) }",
    "the end of a path": "SELECT ?s { ?s <urn:p>* ?o FILTER(?o = <urn:a>) }",
    "in EXISTS": "SELECT ?s { ?s a ?t FILTER EXISTS { ?s <urn:p> ?o FILTER(?o = <urn:a>) } }",
    "a label of a blank node": "SELECT ?s { _:b <urn:p> ?s FILTER(?s = <urn:a>) }",
    "a sample, which may be any": "SELECT (SAMPLE(?s) AS ?x) { ?s <urn:p> ?o FILTER(?o = <urn:a>) }",
    "a graph that varies": "SELECT ?s { GRAPH ?g { ?s <urn:p> ?o FILTER(?o = <urn:a>) } }",
    "an alternative": "SELECT ?i { ?i <urn:p>|<urn:q>* <urn:c> }",
    "a path in OPTIONAL": "SELECT ?i { ?i a ?t OPTIONAL { ?i <urn:p>/<urn:q>* <urn:c> } }",
    "a path that a * would hand on": "SELECT ?i { { SELECT DISTINCT * { ?i <urn:p>/<urn:q>* <urn:c> } } }",
    "a path asked of one thing": "SELECT ?c { <urn:i> <urn:p>/<urn:q>* ?c }",
    "EXISTS asked of one thing": "SELECT ?o { <urn:i> <urn:p> ?o FILTER EXISTS { ?o a ?x . ?x a ?y } }",
    "nothing shared": "SELECT ?i { ?i a <urn:T> FILTER NOT EXISTS { ?x <urn:p> ?o } }",
    "shared, but perhaps not bound": "SELECT ?i { ?i a ?t OPTIONAL { ?i <urn:p> ?x } FILTER NOT EXISTS { ?x a ?y } }",
    "a filter on a variable outside": "SELECT ?i { ?i a ?t FILTER NOT EXISTS { ?i <urn:p> ?o FILTER(?o = ?t) } }",
    "EXISTS of one pattern": "SELECT ?i { ?i a <urn:T> FILTER EXISTS { ?i <urn:p> ?o } }",
    "one of two tests": "SELECT ?i { ?i a <urn:T> FILTER(EXISTS { ?i a ?x . ?x a ?y } || ?i = 3) }",
    "a filter of OPTIONAL's own": "SELECT ?i { ?i a ?t OPTIONAL { ?i <urn:p> ?o FILTER NOT EXISTS { ?o a ?t } } }",
    "a LIMIT that ends the work early": "SELECT ?i { ?i a ?t FILTER NOT EXISTS { ?i <urn:p> ?o } } LIMIT 3",
    "the order of an optional": "SELECT ?i { ?i <urn:y> ?y OPTIONAL { ?i <urn:l> ?l } } ORDER BY ?l LIMIT 5",
    "a filter on an optional": "SELECT ?i { ?i a ?y OPTIONAL { ?i <urn:l> ?l } FILTER(BOUND(?l)) } ORDER BY ?y LIMIT 5",
    "distinct rows": "SELECT DISTINCT ?y { ?i <urn:y> ?y OPTIONAL { ?i <urn:l> ?l } } ORDER BY ?y LIMIT 5",
    "groups": "SELECT (COUNT(*) AS ?n) { ?i a ?y OPTIONAL { ?i <urn:l> ?l } } GROUP BY ?y ORDER BY ?y LIMIT 5",
    "a join that may drop rows": "SELECT ?i { ?i <urn:y> ?y . ?i <urn:l> ?l } ORDER BY ?y LIMIT 5",
    "the first rows taken already": "SELECT ?i { { SELECT ?i ?y { ?i <urn:y> ?y } ORDER BY ?y LIMIT 5 }"
    " OPTIONAL { ?i <urn:l> ?l } } ORDER BY ?y LIMIT 5",
    "an OPTIONAL that reaches out": "SELECT ?s { ?s <urn:p> ?o . { ?a <urn:q> ?b OPTIONAL { ?b <urn:r> ?o } } "
    "FILTER(?o = <urn:a>) }",
}  # fmt: skip


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", CASES)
def test_a_query_becomes(name: str) -> None:
    before, after = CASES[name]
    found = rewritten(before)
    assert found is not None
    assert flat(readable(found.text)) == after
    assert set(found.rules) <= set(RULES)
    assert rewritten(found.text) is None, "once is enough"


@pytest.mark.parametrize("name", ALONE)
def test_a_query_is_left_alone(name: str) -> None:
    assert rewritten(ALONE[name]) is None


def test_a_query_without_any_of_the_shapes_is_not_parsed() -> None:
    assert not may_gain("SELECT ?o { <urn:a> <urn:p> ?o FILTER(LANG(?o) = 'en') } ORDER BY ?o LIMIT 3")
    assert not may_gain("SELECT * { ?s ?p ?o } #" + "?" * 30_000)


def check(seed: int) -> frozenset[str]:
    """Compare one random query on one random graph with what becomes of it; returns the rules that were applied."""
    random = Random(seed)
    store = Store()
    store.extend(graph(random))
    evaluator, query = Evaluator(store), Query(random)
    whole = rows(evaluator, query.whole)
    applied: set[str] = set()
    for text in (query.whole, query.ordered, query.cut):
        found = rewritten(text)
        if found is None:
            continue
        applied |= set(found.rules)
        after, told = rows(evaluator, found.text), f"seed {seed}\n{text}\n{found.text}"
        if text == query.cut:
            # Rows that the order leaves in one place may be any of them: as many, the same keys, all from the whole.
            before = rows(evaluator, text)
            assert len(after) == len(before), told
            assert not Counter(after) - Counter(whole), told
            assert keys(query, before) == keys(query, after), told
        else:
            assert same(whole, after), told
        if text == query.ordered:
            assert keys(query, rows(evaluator, text)) == keys(query, after), told
    return frozenset(applied)


def keys(query: Query, table: list[str]) -> list[tuple[str, ...]]:
    """What each row is sorted by, in order."""
    columns = table[0].split("\t")
    places = [columns.index(f"?{name}") for name in query.sorted_by if f"?{name}" in columns]
    return [tuple(line.split("\t")[place] for place in places) for line in table[1:]]


def test_random_queries_on_random_graphs_answer_the_same() -> None:
    """The same ones each time, and among them every rule."""
    applied = Counter(rule for seed in range(300) for rule in check(seed))
    assert set(applied) == set(RULES)
    assert min(applied.values()) >= 5, applied


@pytest.mark.long
@settings(max_examples=20_000, deadline=None)
@given(st.integers(1_000, 2**40))
def test_any_random_query_answers_the_same(seed: int) -> None:
    check(seed)


DATA = """
<urn:i1> <urn:p> <urn:a> ; <urn:y> 1 . <urn:i2> <urn:p> <urn:a> ; <urn:y> 2 . <urn:i3> <urn:p> <urn:b> ; <urn:y> 3 .
"""
FILTERED = "SELECT ?s { ?s <urn:p> ?o FILTER(?o = <urn:a>) } ORDER BY ?s"
EXPECTED = b"s\r\nurn:i1\r\nurn:i2\r\n"


def raises(_: Source) -> Iterator[Change]:
    raise KeyError("a rule that is wrong")


def unreadable(source: Source) -> Iterator[Change]:
    yield Change("constants", "", ((0, len(source.text), "SELECT {"),))


def refused(source: Source) -> Iterator[Change]:
    if "?s ?s" not in source.text:  # well-formed for the grammar, not for the engine
        yield Change("constants", "", ((0, len(source.text), "SELECT ?s ?s { ?s <urn:p> ?o FILTER(?o = <urn:a>) }"),))


@pytest.mark.parametrize("rule", [raises, unreadable, refused])
def test_whatever_goes_wrong_the_query_runs_as_it_is_written(rule: Rule) -> None:
    store = Store()
    store.load(DATA, RdfFormat.TURTLE)
    direct = Direct(store)
    answer = asyncio.run(RewritingRunner(Rewriter((rule,)), direct).run(Job(FILTERED, "text/csv"), Limits()))
    assert (answer.body, answer.rewritten) == (EXPECTED, ())
    assert direct.asked[-1] == FILTERED


def test_the_answer_names_the_rules() -> None:
    store = Store()
    store.load(DATA, RdfFormat.TURTLE)
    answer = asyncio.run(RewritingRunner(Rewriter(), Direct(store)).run(Job(FILTERED, "text/csv"), Limits()))
    assert (answer.body, answer.rewritten) == (EXPECTED, ("constants",))


@pytest.mark.parametrize(("rows_left", "rows_right", "taken"), [(40, 10, True), (2, 40, False), (0, 1, False)])
def test_a_set_is_made_in_full_only_where_enough_is_asked_of_it(rows_left: int, rows_right: int, taken: bool) -> None:
    """NOT EXISTS: where what is taken away has at most three times the rows of what it is taken from."""
    store = Store()
    left = [Quad(NamedNode(f"urn:i{n}"), NamedNode("urn:p"), Literal("x")) for n in range(rows_left)]
    right = [Quad(NamedNode(f"urn:i{2 * n}"), NamedNode("urn:q"), Literal(n)) for n in range(rows_right)]
    store.extend([*left, *right])
    text = "SELECT (COUNT(*) AS ?n) { ?i <urn:p> ?x FILTER NOT EXISTS { ?i <urn:q> ?y } }"
    answer = asyncio.run(RewritingRunner(Rewriter(), Direct(store)).run(Job(text, "text/csv"), Limits()))
    met = {2 * n for n in range(rows_right)} & set(range(rows_left))
    assert answer.body == f"n\r\n{rows_left - len(met)}\r\n".encode()
    assert answer.rewritten == (("not-exists",) if taken else ())


def test_what_was_counted_is_remembered_for_the_version() -> None:
    store = Store()
    store.extend(Quad(NamedNode(f"urn:i{n}"), NamedNode("urn:p"), Literal("x")) for n in range(40))
    text = "SELECT (COUNT(*) AS ?n) { ?i <urn:p> ?x FILTER NOT EXISTS { ?i <urn:q> ?y } }"
    direct, rewriter, job = Direct(store), Rewriter(), Job(text, "text/csv")

    def ask(version: int | None, asked: Job = job) -> int:
        before = len(direct.asked)
        answer = asyncio.run(RewritingRunner(rewriter, direct, version).run(asked, Limits()))
        assert (answer.body, answer.rewritten) == (b"n\r\n40\r\n", ("not-exists",))
        return len(direct.asked) - before

    renamed = Job(text.replace("?x", "?thing").replace("?i", "?one"), "text/csv")
    assert [ask(None), ask(None)] == [3, 3]  # both sides of the bet, and the query
    assert [ask(1), ask(1), ask(1, renamed), ask(2), ask(2)] == [3, 1, 1, 3, 1]


def test_a_count_goes_on_where_one_of_less_ended() -> None:
    asked: list[int] = []

    async def count(_: str, most: int) -> int:
        asked.append(most)
        return min(most, 50)

    async def story() -> list[int]:
        counts = Counts()
        kept, other = counts.kept(count, 1), counts.kept(count, 2)
        return [
            await kept("?a", 10),
            await kept("?b", 7),
            await kept("?a", 60),
            await kept("?c", 90),
            await other("?d", 5),
        ]

    assert asyncio.run(story()) == [10, 7, 50, 50, 5]
    assert asked == [10, 60, 5]


def test_what_could_not_be_counted_is_asked_again() -> None:
    class Busy(Direct):
        async def run(self, job: Job, limits: Limits) -> Answer:
            if "COUNT" in job.text and not job.text.startswith("SELECT (COUNT(*) AS ?n) { ?i"):
                self.asked.append(job.text)
                raise ServiceBusy("now")
            return await super().run(job, limits)

    text = "SELECT (COUNT(*) AS ?n) { ?i <urn:p> ?x FILTER NOT EXISTS { ?i <urn:q> ?y } }"
    busy = Busy(Store())
    runner = RewritingRunner(Rewriter(), busy, 1)
    for asked in (2, 4):
        assert asyncio.run(runner.run(Job(text, "text/csv"), Limits())).rewritten == ()
        assert len(busy.asked) == asked
