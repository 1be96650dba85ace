"""Hostile shapes and data: a correct report, or an error that names its cause; in bounded time and memory."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from iesi_kg.errors import IllFormedShapes, InputError, UnreadableFile, ValidationStopped
from iesi_kg.validation import confined
from iesi_kg.validation.judge import Judge
from iesi_kg.validation.outcome import ShaclReport
from iesi_kg.validation.task import Part, Task

PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://e/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
"""
ON_C = "ex:S a sh:NodeShape ; sh:targetClass ex:C ; "
ONE = "ex:a a ex:C ; ex:p ex:a ."


def chain(links: int) -> str:
    return " ".join(f"ex:n{number} ex:p ex:n{number + 1} ." for number in range(links))


def task(shapes: str, data: str, engine: str | None = None) -> Task:
    parts = (
        Part(name, (PREFIXES + text).encode(), "text/turtle") for name, text in (("data", data), ("shapes", shapes))
    )
    return Task((next(parts),), (next(parts),), engine=engine)


def here(shapes: str, data: str = ONE) -> ShaclReport:
    """The report, judged in this process: for what must not reach an engine, or does no harm to one."""
    told = os.memfd_create("progress")
    try:
        return Judge(task(shapes, data), told).report()
    finally:
        os.close(told)


def apart(shapes: str, data: str = ONE, *, seconds: float = 30, memory: int = 2_000_000_000) -> ShaclReport:
    """The report, judged in a process of its own."""
    return confined.judge(task(shapes, data), seconds=seconds, memory=memory)


ILL_FORMED = {
    "recursion through a negation": ("sh:not ex:S .", "<http://e/S>", "leads back to itself through sh:not"),
    "a path that holds itself": (
        "sh:property [ sh:path _:x ] . _:x sh:inversePath _:x .",
        "in <http://e/S>",
        "the path holds itself",
    ),
    "a list without an end": (
        "sh:in _:l . _:l rdf:first ex:a ; rdf:rest _:l .",
        "<http://e/S>",
        "comes back to itself",
    ),
    "a list with two rests": (
        "sh:in _:l . _:l rdf:first ex:a ; rdf:rest rdf:nil, (ex:b) .",
        "<http://e/S>",
        "exactly one rdf:first and one rdf:rest",
    ),
    "a malformed pattern": (
        "sh:property [ sh:path ex:p ; sh:pattern '(a' ] .",
        "on <http://e/p>",
        "'(a' is no regular",
    ),
    "SERVICE in a constraint": (
        "sh:sparql [ sh:select 'SELECT $this WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }' ] .",
        "<http://e/S>",
        "SERVICE is not allowed",
    ),
    "a malformed query": ("sh:sparql [ sh:select 'SELECT $this WHERE {' ] .", "<http://e/S>", "the query is malformed"),
    "a query nested 3,000 deep": (
        f"sh:sparql [ sh:select 'SELECT $this WHERE {'{ ' * 3000} $this ?p ?o {'}' * 3000}' ] .",
        "<http://e/S>",
        "nested more than 100 deep",
    ),
    "a path nested 5,000 deep": (
        f"sh:property [ sh:path {'[ sh:inversePath ' * 5000} ex:p {']' * 5000} ] .",
        "in <http://e/S>",
        "nested more than 100 deep",
    ),
    "shapes nested 5,000 deep": (
        "sh:node ex:S0 . ex:S5000 sh:nodeKind sh:IRI . "
        + " ".join(f"ex:S{number} sh:node ex:S{number + 1} ." for number in range(5000)),
        "the shape <http://e/S",
        "nested more than 100 deep",
    ),
    "a path of a million parts": (
        "sh:property [ sh:path _:p0 ] . _:p20 sh:inversePath ex:p . "
        + " ".join(f"_:p{number} sh:alternativePath (_:p{number + 1} _:p{number + 1}) ." for number in range(20)),
        "in <http://e/S>",
        "more than 10,000 parts",
    ),
    "a number in words": (
        "sh:property [ sh:path ex:p ; sh:minCount 'one' ] .",
        "on <http://e/p>",
        '"one" is not a whole',
    ),
    "two paths": ("sh:property [ sh:path ex:p, ex:q ] .", "in <http://e/S>", "2 values of sh:path"),
    "a property shape without path": ("sh:property [ sh:minCount 1 ] .", "<http://e/S>", "is not a property shape"),
    "a property shape that no file defines": (
        "sh:property <http://e/elsewhere> .",
        "the shape <http://e/S>: sh:property: the property shape <http://e/elsewhere>",
        "is named and not defined",
    ),
    "an unknown node kind": ("sh:nodeKind sh:Thing .", "<http://e/S>", "is not one of the six node kinds"),
    "two datatypes": ("sh:datatype xsd:date, xsd:gYear .", "<http://e/S>", "2 values of sh:datatype"),
    "JavaScript": ("sh:js [ sh:jsFunctionName 'f' ] .", "<http://e/S>", "JavaScript is not run"),
}


@pytest.mark.parametrize(("shape", "named", "cause"), ILL_FORMED.values(), ids=ILL_FORMED)
def test_ill_formed_shapes_are_told_before_any_engine_runs(shape: str, named: str, cause: str) -> None:
    with pytest.raises(IllFormedShapes) as caught:
        here(ON_C + shape)
    assert named in caught.value.detail
    assert cause in caught.value.detail
    assert caught.value.hint
    assert caught.value.exit_code == 2
    faults = caught.value.members["faults"]
    assert isinstance(faults, list)
    assert faults[0].keys() == {"shape", "cause", "remedy"}


def test_recursion_has_the_largest_meaning() -> None:
    """Two who know one another conform as long as nothing shows the contrary; a fault is found, and who leads to it."""
    shapes = (
        ON_C
        + "sh:property ex:K . ex:K sh:path ex:p ; sh:node ex:S . ex:S sh:property [ sh:path ex:q ; sh:maxCount 0 ] ."
    )
    circle = "ex:a a ex:C ; ex:p ex:b . ex:b a ex:C ; ex:p ex:a ."
    assert here(shapes, circle).conforms
    report = here(shapes, circle + "ex:b ex:q 1 .")
    assert {(one.focus, one.component[1:-1].rpartition("#")[2]) for one in report.results} >= {
        ("<http://e/a>", "NodeConstraintComponent"),
        ("<http://e/b>", "MaxCountConstraintComponent"),
    }
    assert [note for note in report.notes if "lead back to themselves" in note]


def test_recursion_along_50_000_nodes_ends() -> None:
    shapes = ON_C + "sh:property [ sh:path ex:p ; sh:node ex:S ] ."
    with pytest.raises(ValidationStopped, match=r"nested too deeply.*<http://e/S>"):
        apart(shapes, f"ex:n0 a ex:C . {chain(50_000)}")


def test_a_catastrophic_pattern_takes_no_time_that_explodes() -> None:
    value = "a" * 5000 + "b"
    assert (
        len(
            here(
                ON_C + "sh:property [ sh:path ex:p ; sh:pattern '^(a+)+$' ] .", f"ex:a a ex:C ; ex:p '{value}' ."
            ).results
        )
        == 1
    )


def test_a_catastrophic_pattern_of_the_other_engine_is_ended_and_named() -> None:
    shapes = ON_C + "sh:property [ sh:path ex:p ; sh:pattern '^(?=a)(a+)+$' ] ."
    with pytest.raises(ValidationStopped, match=r"limit of 3 seconds.*on <http://e/p> in <http://e/S>"):
        apart(shapes, f"ex:a a ex:C ; ex:p '{'a' * 60}b' .", seconds=3)


def test_an_endless_constraint_is_ended_and_named() -> None:
    joins = " ".join(f"?a{number} ?b{number} ?c{number} ." for number in range(8))
    shapes = ON_C + f"sh:sparql [ sh:select 'SELECT $this WHERE {{ {joins} FILTER (?a1 = 5) }}' ] ."
    with pytest.raises(ValidationStopped, match=r"limit of|more memory") as caught:
        apart(shapes, ONE + chain(900), seconds=4)
    assert "it may be due to the shape <http://e/S>" in caught.value.detail


def test_a_constraint_that_eats_memory_is_ended() -> None:
    shapes = ON_C + "sh:property [ sh:path ex:p ; sh:minCount 1 ] ."
    with pytest.raises(ValidationStopped):
        apart(shapes, f"ex:n0 a ex:C . {chain(50_000)}", memory=60_000_000)


@contextmanager
def listening() -> Iterator[tuple[int, list[object]]]:
    """A server that notes who calls."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection, caller = server.accept()
                except TimeoutError:
                    continue
                calls.append(caller)
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], calls
        finally:
            stop.set()
            thread.join()


def test_nothing_is_fetched() -> None:
    """Neither an import of the shapes, nor one of the data, nor what a custom target or constraint names."""
    with listening() as (port, calls):
        address = f"<http://127.0.0.1:{port}/x>"
        none = "sh:property [ sh:path ex:p ; sh:maxCount 0 ] ."
        shapes = f"{address} owl:imports {address} ; sh:shapesGraph {address} . {ON_C} {none}"
        report = apart(shapes, f"{ONE} {address} owl:imports {address} .")
        assert [note for note in report.notes if "was not fetched" in note]
        advanced = f"""ex:T a sh:NodeShape ; sh:nodeKind sh:Literal ; sh:target [ a sh:SPARQLTarget ;
          sh:select "SELECT ?this WHERE {{ ?this ?p ?o OPTIONAL {{ SELECT * WHERE {{ ?o a {address} }} }} }}" ] ."""
        apart(advanced.replace("SELECT *", "SELECT ?this ?o"))
        assert calls == []


QUERIES = {
    "constraint": "sh:sparql [ sh:select 'SELECT $this WHERE { %s }' ]",
    "silent constraint": "sh:sparql [ sh:select 'SELECT $this WHERE { FILTER EXISTS { %s } }' ]",
    "target": "sh:nodeKind sh:Literal ; sh:target [ a sh:SPARQLTarget ; sh:select 'SELECT ?this WHERE { %s }' ]",
    "rule": "sh:rule [ a sh:SPARQLRule ; sh:construct 'CONSTRUCT { $this a <urn:D> } WHERE { %s }' ]",
}


@pytest.mark.parametrize(
    ("query", "judged"),
    [(query, apart if name == "constraint" else here) for name, query in QUERIES.items()],
    ids=QUERIES,
)
def test_service_in_a_query_of_the_shapes_asks_nobody_and_the_shape_is_named(
    query: str, judged: Callable[[str], ShaclReport]
) -> None:
    with listening() as (port, calls):
        for keyword in ("SERVICE", r"SERV\\u0049CE SILENT"):  # the same once its escape is read
            with pytest.raises(IllFormedShapes) as caught:
                judged(ON_C + query % f"{keyword} <http://127.0.0.1:{port}/sparql> {{ ?this ?p ?o }}" + " .")
            assert "<http://e/S>" in caught.value.detail
            assert caught.value.exit_code == 2
        assert calls == []


@pytest.mark.parametrize("members", [10_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_a_long_list(members: int) -> None:
    shapes = ON_C + f"sh:property [ sh:path ex:p ; sh:in ({' '.join(map(str, range(members)))}) ] ."
    found = apart(shapes, f"ex:a a ex:C ; ex:p {members - 1}, {members} .", seconds=600).results
    assert [(one.focus, one.value) for one in found] == [
        ("<http://e/a>", f'"{members}"^^<http://www.w3.org/2001/XMLSchema#integer>')
    ]


@pytest.mark.parametrize("members", [3_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_a_choice_of_many_shapes(members: int) -> None:
    shapes = ON_C + f"sh:or ({' '.join(f'[ sh:hasValue {number} ]' for number in range(members))}) ."
    assert len(apart(shapes, seconds=600).results) == 1


def test_a_long_list_is_named_before_an_engine_runs() -> None:
    """To look through a hundred thousand shapes takes seconds: whoever ends it then has a shape to name."""
    told = os.memfd_create("progress")
    choice = f"sh:or ({' '.join(f'[ sh:hasValue {number} ]' for number in range(1_001))}) ; sh:minLength 'one' ."
    with pytest.raises(IllFormedShapes):
        Judge(task(ON_C + choice, ONE), told).report()
    assert json.loads(os.pread(told, 10_000, 0)) == {
        "at": "looking whether the shapes are well-formed",
        "suspects": ["the shape <http://e/S>"],
    }
    os.close(told)


@pytest.mark.parametrize("members", [1_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_a_long_list_in_the_data(members: int) -> None:
    shapes = ON_C + "sh:property [ sh:path ([ sh:zeroOrMorePath rdf:rest ] rdf:first) ; sh:maxInclusive 5 ] ."
    data = f"ex:l a ex:C ; rdf:first 0 ; rdf:rest ({' '.join(map(str, range(members)))}) ."
    try:
        assert len(apart(shapes, data, seconds=120).results) == members - 6
    except ValidationStopped as error:
        assert "in <http://e/S>" in error.detail


def test_data_nested_20_000_deep() -> None:
    try:
        report = apart(
            ON_C + "sh:property [ sh:path ex:q ; sh:minCount 1 ] .",
            f"ex:a a ex:C ; ex:p {'[ ex:p ' * 20_000} 1 {']' * 20_000} .",
        )
    except InputError as error:
        assert error.exit_code == 2
    else:
        assert len(report.results) == 1


def test_numbers_beyond_any_counter() -> None:
    shapes = ON_C + f"sh:property [ sh:path ex:p ; sh:minCount {10**30} ], [ sh:path ex:p ; sh:maxCount {10**30} ] ."
    assert [one.component.rpartition("#")[2] for one in here(shapes).results] == ["MinCountConstraintComponent>"]


def test_data_that_is_no_rdf_is_told_with_its_line() -> None:
    with pytest.raises(UnreadableFile, match="data, line 4: not well-formed Turtle"):
        here(ON_C + "sh:nodeKind sh:IRI .", "ex:a ex:b")
