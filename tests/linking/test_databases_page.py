"""``docs/reference/databases.md`` says of every adapter what its folder says; this file, run by itself, writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from iesi_kg import assets
from iesi_kg.linking import adapters
from iesi_kg.linking.adapters import Adapter
from iesi_kg.linking.adapters_mapping import Column, Table, Use
from iesi_kg.vocabulary.curies import shorten
from iesi_kg.vocabulary.namespaces import SKOS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "databases.md"
CROSSWALKS = ("data/adapters/crosswalks/public-services.ttl", "data/adapters/dsi4eu/codes.ttl")
INTRODUCTION = """# Databases that can be read

What `iesi-kg adapt` makes of each database: whence it comes, under which licence, what is known to be wrong in it,
and what becomes of each column. [Another database](../how-to/add-a-database.md) is added by a folder like theirs
(`data/adapters`). Databases without a file to read: [crosswalks](crosswalks.md).

None of these data comes with iesi-kg: they are read from the files that you bring, fetched from the address given.
For each record the graph of a database holds its own key (`dct:identifier`), what is mapped, in the terms of our
records, and each other text as it came, under a property for the column
(`https://w3id.org/iesi-kg/id/peer/NAME#COLUMN`); about itself it holds title, licence, attribution, known defects,
files with SHA-256, and the counts. An empty text, `unknown`, `n/a`, `-` and `1970-01-01` are no statement. A key that
stands twice keeps both records, the later one with `.2` after its key.
"""
CODES = """\
`exactMatch`, `closeMatch` and `broadMatch` (theirs is a kind of ours) are stated; `relatedMatch` is not. Countries
are read in English in several spellings, as ISO codes of two or three letters, as EL and UK
(`data/adapters/crosswalks/countries.ttl`); one that our list lacks keeps its address in the EU authority table.
Functions of government: `data/adapters/crosswalks/cofog.ttl`.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, *(section(adapters.load(name)) for name in adapters.names()), codes()]
    return "\n".join(parts)


def section(adapter: Adapter) -> str:
    about = adapter.about
    editions = dict.fromkeys(f"{known.version}: {known.records:,} records" for known in adapter.editions)
    lines = [
        f"## `{adapter.name}`: {about.title}",
        "",
        about.description,
        "",
        f"* Publisher: {about.publisher}. Found at <{about.address}>. Tried on edition {'; '.join(editions)}.",
        f"* Licence: [{about.licence.name}](<{about.licence.address}>). {about.licence.note}".rstrip(),
        f"* Attribution: {about.attribution}",
        *(f"* Known: {defect}" for defect in about.defects),
    ]
    for table in adapter.tables:
        lines += ["", *of_table(table)]
    return "\n".join([*lines, ""])


def of_table(table: Table) -> Iterator[str]:
    counted = "" if table.counted else "; its rows are not counted as records"
    yield f"`{table.title}` ({table.format.upper()}): key `{table.prefix}:{table.key}`{counted}."
    yield ""
    yield "| column | becomes |"
    yield "|---|---|"
    for column in table.columns.values():
        yield f"| `{column.name}` | {of_column(column, table)} |"
    if table.left_out:
        yield ""
        yield f"Left out: {'; '.join(f'`{name}` ({reason})' for name, reason in table.left_out.items())}."


def of_column(column: Column, table: Table) -> str:
    if column.uses:
        return "; ".join(of_use(use, table) for use in column.uses)
    made = [thing.name for thing in table.things if thing.each == column.name]
    each = f"for each value the {' and the '.join(made)}; " if made else ""
    return "the key" if column.name in table.key else f"{each}text"


def of_use(use: Use, table: Table) -> str:
    thing = "" if use.thing == table.things[0].name else f" of the {use.thing}"
    walk = " or ".join(
        filter(None, (use.crosswalk and f"crosswalk {use.crosswalk}", use.scheme and f"our {use.scheme}"))
    )
    kind = walk or ("" if use.kind == "text" else use.kind)
    predicate = "a flag under its own name" if use.kind == "flag" else f"`{shorten(use.predicate).strip('<>')}`"
    return f"{predicate}{thing}" + (f" ({kind})" if kind and use.kind != "flag" else "")


def codes() -> str:
    """Every code that a crosswalk maps, as it stands there; countries and functions of government are too many."""
    lines = [
        "## What codes mean",
        "",
        *CODES.splitlines(),
        "",
        "| scheme | their code | ours |",
        "|---|---|---|",
    ]
    return "\n".join([*lines, *(row for path in CROSSWALKS for row in mapped(path)), ""])


def mapped(path: str) -> Iterator[str]:
    facts: dict[NamedNode, dict[str, list[str]]] = {}
    for quad in parse(assets.content(path), RdfFormat.TURTLE):
        assert isinstance(quad.subject, NamedNode)
        assert isinstance(quad.object, NamedNode | Literal)
        told = facts.setdefault(quad.subject, {})
        told.setdefault(quad.predicate.value.removeprefix(SKOS), []).append(quad.object.value)
    for told in facts.values():
        if "inScheme" in told:
            scheme = told["inScheme"][0].rpartition("/")[2]
            names = ", ".join(told["prefLabel"] + told.get("altLabel", []))
            ours = [
                f"{kind} `{target.rpartition('/')[2]}`"
                for kind in told
                if kind.endswith("Match")
                for target in told[kind]
            ]
            yield f"| {scheme} | {names} | {'; '.join(ours) or 'none'} |"


def test_the_page_says_what_the_adapters_say() -> None:
    assert PAGE.read_text("utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
