"""Updates cut into operations: what each may change, where its mistakes stand, which dataset the protocol gives it."""

from __future__ import annotations

import pytest

from iesi_kg.endpoint.protocol import Update
from iesi_kg.endpoint.syntax import Guards
from iesi_kg.endpoint.update import plan
from iesi_kg.errors import QueryRefused, QuerySyntaxError, RequestError
from iesi_kg.settings import Settings

DEFAULTS = Settings()
GUARDS = Guards(
    DEFAULTS.query_length,
    DEFAULTS.query_nesting,
    DEFAULTS.query_patterns,
    DEFAULTS.query_path,
    DEFAULTS.query_values,
)


def graphs(text: str) -> list[tuple[str, ...] | None]:
    return [operation.graphs for operation in plan(Update(text), GUARDS).operations]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INSERT DATA { <urn:s> <urn:p> 1 }", [("",)]),
        ("INSERT DATA { GRAPH <urn:g> { <urn:s> <urn:p> 1 } }", [("urn:g",)]),
        ("PREFIX : <urn:> DELETE WHERE { ?s ?p ?o . GRAPH :g { ?s ?p ?o } }", [("", "urn:g")]),
        ("DELETE { ?s ?p ?o } WHERE { GRAPH <urn:g> { ?s ?p ?o } }", [("",)]),
        ("WITH <urn:w> DELETE { ?s ?p 1 } INSERT { GRAPH <urn:g> { ?s ?p 2 } } WHERE {}", [("urn:w", "urn:g")]),
        ("INSERT { GRAPH ?g { ?s ?p ?o } } WHERE { GRAPH ?g { ?s ?p ?o } }", [None]),
        ("INSERT { GRAPH <relative> { ?s ?p ?o } } WHERE { ?s ?p ?o }", [None]),
        ("CLEAR DEFAULT ; CLEAR NAMED ; DROP ALL", [("",), None, None]),
        ("DROP SILENT GRAPH <urn:g>", [("urn:g",)]),
        ("COPY DEFAULT TO GRAPH <urn:g> ; MOVE SILENT <urn:g> TO <urn:h>", [("", "urn:g"), ("urn:g", "urn:h")]),
        ("", []),
    ],
)  # fmt: skip
def test_names_the_graphs_an_operation_may_change(text: str, expected: list[tuple[str, ...] | None]) -> None:
    assert graphs(text) == expected


def test_a_semicolon_inside_an_operation_does_not_cut_it() -> None:
    text = "INSERT DATA { <urn:s> <urn:p> 1 ; <urn:q> ';' } # ;\n ; DELETE DATA { <urn:s;x> <urn:p> 1 } ;"
    first, second = plan(Update(text), GUARDS).operations
    assert first.text == "INSERT DATA { <urn:s> <urn:p> 1 ; <urn:q> ';' }"
    assert second.text == r"DELETE DATA { <\u0075rn:s;x> <urn:p> 1 }"
    assert (first.data, second.data) == ("INSERT", "DELETE")


def test_every_operation_has_all_the_prologue_before_it() -> None:
    text = "BASE <http://e/> PREFIX a: <urn:a> CLEAR DEFAULT ; PREFIX b: <urn:b> CLEAR GRAPH b:c"
    operations = plan(Update(text), GUARDS).operations
    assert operations[0].text == "BASE <http://e/>\nPREFIX a: <urn:a>\nCLEAR DEFAULT"
    assert operations[1].text == "BASE <http://e/>\nPREFIX a: <urn:a>\nPREFIX b: <urn:b>\nCLEAR GRAPH b:c"
    assert operations[1].graphs == ("urn:bc",)


def test_the_dataset_of_the_protocol_becomes_using_clauses() -> None:
    dataset = {"using": ("urn:d",), "using_named": ("urn:n",)}
    using = "USING <urn:d> USING NAMED <urn:n>"
    modify = "INSERT { ?s ?p ?o } WHERE { SELECT * WHERE { ?s ?p ?o } }"
    (operation,) = plan(Update(modify, **dataset), GUARDS).operations
    assert operation.text.split() == modify.replace("} WHERE { SELECT", f"}} {using} WHERE {{ SELECT").split()
    (operation,) = plan(Update("DELETE WHERE { ?s ?p ?o }", **dataset), GUARDS).operations
    assert operation.text.split() == f"DELETE {{ ?s ?p ?o }} {using} WHERE {{ ?s ?p ?o }}".split()
    (operation,) = plan(Update("INSERT DATA { <urn:s> <urn:p> 1 }", **dataset), GUARDS).operations
    assert operation.text == "INSERT DATA { <urn:s> <urn:p> 1 }"
    for clause in ("WITH <urn:w> ", ""):
        text = f"{clause}DELETE {{ ?s ?p ?o }} {'' if clause else 'USING <urn:u>'} WHERE {{ ?s ?p ?o }}"
        with pytest.raises(RequestError, match="twice"):
            plan(Update(text, **dataset), GUARDS)


def test_a_blank_node_label_stands_in_one_insert_data() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        plan(Update("INSERT DATA { _:b <urn:p> 1 } ;\nINSERT DATA { _:b <urn:p> 2 }"), GUARDS)
    assert (caught.value.members["line"], caught.value.members["column"]) == (2, 15)
    assert (
        len(plan(Update("INSERT { _:b <urn:p> 1 } WHERE {} ; INSERT { _:b <urn:p> 2 } WHERE {}"), GUARDS).operations)
        == 2
    )


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("LOAD <http://e/>", "LOAD"),
        ("CLEAR ALL ; LOAD SILENT <http://e/> ; LOAD <http://e/> INTO GRAPH <urn:g>", "LOAD"),
        ("INSERT { ?s ?p ?o } WHERE { SERVICE SILENT <http://e/> { ?s ?p ?o } }", "SERVICE"),
        ("LOAD SILENT <http://e/>", ""),
        ("INSERT DATA { <urn:load> <urn:p> 'LOAD SERVICE' }", ""),
    ],
)
def test_requests_that_would_reach_out_are_tried_and_refused(text: str, keyword: str) -> None:
    planned = plan(Update(text), GUARDS)
    assert planned.refused == keyword
    if keyword:
        assert all(operation.tried for operation in planned.operations)
        with pytest.raises(QueryRefused, match=keyword):
            planned.refuse()
    else:
        planned.refuse()
        assert planned.operations[0].tried == text.startswith("LOAD")


def test_quads_of_insert_data_are_no_patterns() -> None:
    quads = " . ".join(f"<urn:s> <urn:p> {number}" for number in range(2_000))
    assert len(plan(Update(f"INSERT DATA {{ {quads} }}"), GUARDS).operations) == 1
    for where, word in (
        (f"?s {'/'.join(['<urn:p>'] * 150)} ?o", "path"),
        (f"VALUES ?x {{ {'1 ' * 20_000} }}", "VALUES"),
    ):
        with pytest.raises(QueryRefused, match=word):
            plan(Update(f"INSERT {{ <urn:s> <urn:p> 1 }} WHERE {{ {where} }}"), GUARDS)
    with pytest.raises(QueryRefused, match="patterns"):
        plan(Update(f"INSERT {{ <urn:s> <urn:p> 1 }} WHERE {{ {quads} }}"), GUARDS)


def test_several_using_graphs_are_merged() -> None:
    text = "PREFIX : <urn:> INSERT { ?s ?p ?o } USING :a USING NAMED :n USING <urn:b> WHERE { ?s ?p ?o }"
    operations = plan(Update(text), GUARDS).operations
    merged = "<urn:x-iesi-kg:merged>"
    assert [" ".join(operation.text.partition("\n")[2].split()) for operation in operations[:3]] == [
        f"ADD SILENT :a TO {merged}",
        f"ADD SILENT <urn:b> TO {merged}",
        f"INSERT {{ ?s ?p ?o }} USING {merged} USING NAMED :n WHERE {{ ?s ?p ?o }}",
    ]
    assert operations[3].text == f"DROP SILENT GRAPH {merged}"
    assert len(plan(Update("INSERT { ?s ?p ?o } USING <urn:a> USING <urn:a> WHERE {}"), GUARDS).operations) == 1


@pytest.mark.parametrize(
    ("text", "limit", "maximum"),
    [
        (" ; ".join(["CLEAR DEFAULT"] * 1_001), "query_patterns", 1_000),
        (f"PREFIX : <urn:{'a' * 30_000}> " + " ; ".join(["CLEAR DEFAULT"] * 500), "query_length", 5_000_000),
        (
            f"PREFIX : <urn:{'a' * 30_000}> INSERT {{}} {' '.join(f'USING :{n}' for n in range(900))} WHERE {{}}",
            "query_length",
            5_000_000,
        ),
    ],
    ids=["operations", "prologues", "merged graphs"],
)
def test_a_short_text_does_not_become_a_long_one(text: str, limit: str, maximum: int) -> None:
    assert len(text) < 63_000
    with pytest.raises(QueryRefused) as caught:
        plan(Update(text), GUARDS)
    assert caught.value.members == {"limit": limit, "maximum": maximum}


def test_as_many_operations_as_a_query_has_patterns_pass() -> None:
    text = "PREFIX : <urn:> " + " ; ".join(["CLEAR DEFAULT"] * 1_000)
    assert len(plan(Update(text), GUARDS).operations) == 1_000
