"""Prints the result of a SELECT or ASK query as a table (https://www.w3.org/TR/sparql11-results-json/)."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from iesi_kg.errors import PeerError
from iesi_kg.records import Answer
from iesi_kg.vocabulary.namespaces import PREFIXES

_WIDTH_OF_A_PIPE = 1_000


def show(answer: Answer) -> None:
    """One line per solution and the number of them; yes or no for ASK."""
    try:
        result = json.loads(answer.body)
        if "boolean" in result:
            click.echo("yes" if result["boolean"] else "no")
            return
        names, rows = result["head"]["vars"], result["results"]["bindings"]
    except (ValueError, KeyError, TypeError):
        raise PeerError("the answer is not a SPARQL result in JSON", hint="--format json shows it as it is") from None
    _table(names, [[_cell(row.get(name)) for name in names] for row in rows])
    click.echo(f"{len(rows):,} row{'' if len(rows) == 1 else 's'}", err=not sys.stdout.isatty())


def _table(names: list[str], rows: list[list[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    terminal = sys.stdout.isatty()
    Console(width=None if terminal else _WIDTH_OF_A_PIPE, highlight=False).print(table)


def _cell(term: Any) -> str:  # noqa: ANN401  (JSON)
    if term is None:
        return ""
    if term["type"] == "uri":
        return _short(term["value"])
    if term["type"] == "bnode":
        return f"_:{term['value']}"
    value = term["value"]
    return str(value if isinstance(value, str) else json.dumps(value)).translate(_VISIBLE)


def _short(iri: str) -> str:
    fits = [(len(space), name) for name, space in PREFIXES.items() if iri.startswith(space)]
    if not fits:
        return iri
    length, name = max(fits)
    local = iri[length:]
    return f"{name}:{local}" if local and "/" not in local else iri


_VISIBLE = dict.fromkeys((*range(9), *range(11, 32), 127, *range(128, 160)), "�")
_VISIBLE |= {0x0A: " ", 0x09: " "}
