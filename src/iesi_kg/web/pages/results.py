"""A serialised answer to what the query page shows: a table, a yes or no, or the text of a graph."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from iesi_kg.analysis.browse import Iri
from iesi_kg.records import Answer, Form

MOST_ROWS = 500
_MOST_LINES = 1_000


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a result: its text, and the language or datatype beside it."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows of an answer; ``total`` counts all of it, ``rows`` and ``lines`` hold its beginning."""

    form: Form
    total: int = 0
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell | None, ...], ...] = ()
    boolean: bool = False
    lines: tuple[str, ...] = ()


def shown(answer: Answer) -> Shown:
    """Read a JSON result (SPARQL 1.1 Query Results JSON Format) or a Turtle document."""
    if answer.form is Form.GRAPH:
        lines = answer.body.decode("utf-8").splitlines()
        return Shown(answer.form, total=len(lines), lines=tuple(lines[:_MOST_LINES]))
    document = json.loads(answer.body)
    if answer.form is Form.BOOLEAN:
        return Shown(answer.form, boolean=document["boolean"])
    columns = tuple(document["head"]["vars"])
    found = document["results"]["bindings"]
    rows = tuple(tuple(_cell(binding.get(name)) for name in columns) for binding in found[:MOST_ROWS])
    return Shown(answer.form, total=len(found), columns=columns, rows=rows)


def _cell(term: Mapping[str, str] | None) -> Cell | None:
    if term is None:
        return None
    if term["type"] == "uri":
        return Cell(Iri(term["value"]))
    if term["type"] == "literal":
        return Cell(term["value"], term.get("xml:lang", ""))
    return Cell(json.dumps(term["value"]) if isinstance(term["value"], dict) else f"_:{term['value']}")
