"""The submission template: which column makes which statement, read from data (CSVW metadata, docs/reference)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from pyoxigraph import NamedNode

from iesi_kg import assets
from iesi_kg.ingest.csv import name_of
from iesi_kg.records import Finding, Row, Severity
from iesi_kg.vocabulary.spelling import nearest, only
from iesi_kg.vocabulary.told import say, tagged


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how its cells are read and which property their values have.

    ``lang`` is the language of its texts; behind ``language_after`` each text says its own.
    """

    name: str
    titles: tuple[str, ...]
    description: str
    required: bool
    separator: str | None
    base: str
    format: re.Pattern[str] | None
    lang: str | None
    language_after: str | None
    property: NamedNode | None
    value_url: str | None
    default: str | None
    default_from: str | None
    code_list: str | None
    node: str
    group: str | None
    years_ahead: int | None
    null: frozenset[str]
    names: str | None = None
    part: str | None = None
    merged: NamedNode | None = None
    title: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a node states besides its columns: other nodes, a constant, the properties of filled columns, the values of
    other columns, or those of the column that a cell names.
    """

    property: NamedNode
    to: tuple[str, ...]
    value: NamedNode | None
    property_of: tuple[str, ...]
    value_of: tuple[str, ...] = ()
    value_named_by: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One kind of node that a row makes, once or once for each position of its group.

    One with ``reifies`` is made for each statement of the column which a cell of that column names (RDF Schema 5.3).
    """

    name: str
    mint: str
    key: tuple[str, ...]
    fragment: str
    group: str | None
    when: tuple[str, ...]
    types: tuple[NamedNode, ...]
    statements: tuple[Statement, ...]
    reifies: str | None = None


@dataclass(frozen=True)
class Template:
    """The columns in their order and the nodes of a row, the record's own node first."""

    columns: tuple[Column, ...]
    nodes: tuple[Node, ...]

    @staticmethod
    @cache
    def bundled() -> Template:
        """The template of the bundle, read once."""
        return Template.load(assets.text("ontology/template.json"))

    @classmethod
    def load(cls, text: str) -> Template:
        """The template from its CSVW description."""
        table = json.loads(text)
        nodes = tuple(_node(facts) for facts in table["iesi:nodes"])
        columns = tuple(_column(facts, nodes[0].name) for facts in table["tableSchema"]["columns"])
        return cls(columns, nodes)

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The parts that may be added to the basic columns, in the order of the columns."""
        return tuple(dict.fromkeys(column.part for column in self.columns if column.part))

    def only(self, mint: str, predicate: NamedNode) -> Column | None:
        """The column of a property of which a thing of this kind has one value."""
        nodes = {node.name for node in self.nodes if node.mint == mint}
        found = (column for column in self.columns if column.property == predicate and column.node in nodes)
        return next((column for column in found if column.separator is None), None)

    def named(self, column: Column, text: str) -> Column | None:
        """The column that a cell of ``column`` names: any that states something, or any coded one of the record."""
        found = self.by_header.get(name_of(text))
        if found is None or found.property is None or found.group == column.group:
            return None
        coded = found.code_list is not None and found.node == self.nodes[0].name
        return found if coded or column.names == "column" else None

    @cached_property
    def by_header(self) -> Mapping[str, Column]:
        """The columns by every text a header may use: the name and the title in each language."""
        titles = {name_of(title): column for column in self.columns for title in column.titles}
        return titles | {column.name: column for column in self.columns}

    def header(self, row: Row) -> tuple[dict[str, int], list[Finding]]:
        """Where each column stands in the file, and what is wrong with the header."""
        places: dict[str, int] = {}
        findings: list[Finding] = []
        for place, text in enumerate(row.texts):
            if not text.strip():
                continue  # said at the first row that has something below it
            column = self.by_header.get(name_of(text))
            if column is None:
                findings.append(unknown_column(row, place, self.nearest(text), self._meant(text, row)))
            elif column.name in places:
                findings.append(duplicate_column(row, place, places[column.name]))
            else:
                places[column.name] = place
        meant = {finding.suggestion for finding in findings}
        missing = (column.name for column in self.columns if column.required and column.name not in places)
        findings.extend(_missing(row, name) for name in missing if name not in meant)
        return places, findings

    def _meant(self, text: str, row: Row) -> str | None:
        """The one column that a header a slip away can only mean, unless the file has that column already."""
        near = self.nearest(text)
        others = {column.name for other in row.texts if (column := self.by_header.get(name_of(other)))}
        known = {name: column.name for name, column in self.by_header.items()}
        return near if near and near not in others and only(name_of(text), known) == near else None

    def nearest(self, text: str) -> str | None:
        """The name of the column whose header is most like a text."""
        best = nearest(name_of(text), self.by_header, likeness=75)
        return self.by_header[best].name if best else None


def letters(place: int) -> str:
    """The letters a spreadsheet shows above a column counted from 0.

    >>> letters(0), letters(25), letters(26)
    ('A', 'Z', 'AA')
    """
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def unknown_column(row: Row, place: int, nearest: str | None, fix: str | None = None) -> Finding:
    """A header that names nothing we know."""
    text = row.texts[place]
    return Finding(
        Severity.VIOLATION,
        "unknown-column",
        say("unknown-column", text=text.strip(), letters=letters(place)),
        sheet=row.sheet,
        row=row.number,
        column=text,
        value=text,
        suggestion=nearest or say("unknown-column.remedy"),
        fix=fix,
    )


def duplicate_column(row: Row, place: int, first: int) -> Finding:
    """A header that names what another one names already."""
    return Finding(
        Severity.VIOLATION,
        "duplicate-column",
        say("duplicate-column", text=row.texts[place].strip(), letters=letters(place), first=letters(first)),
        sheet=row.sheet,
        row=row.number,
        column=row.texts[place],
        value=row.texts[place],
        suggestion=say("duplicate-column.remedy"),
    )


def _missing(row: Row, name: str) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "missing-column",
        say("missing-column", name=name),
        sheet=row.sheet,
        row=row.number,
        column=name,
        suggestion=say("missing-column.remedy", name=name),
    )


def _column(facts: Mapping[str, Any], root: str) -> Column:
    datatype = facts.get("datatype", "string")
    shape: Mapping[str, Any] = datatype if isinstance(datatype, dict) else {"base": datatype}
    return Column(
        name=facts["name"],
        titles=tuple(_texts(facts.get("titles", {}))),
        description=tagged(facts.get("dc:description", "")),
        required=facts.get("required", False),
        separator=facts.get("separator"),
        base=shape["base"],
        format=re.compile(shape["format"]) if "format" in shape else None,
        lang=facts.get("lang"),
        language_after=facts.get("iesi:languageAfter"),
        property=NamedNode(facts["propertyUrl"]) if "propertyUrl" in facts else None,
        value_url=facts.get("valueUrl"),
        default=facts.get("default"),
        default_from=facts.get("iesi:defaultFrom"),
        code_list=facts.get("iesi:codeList"),
        node=facts.get("iesi:node", root),
        group=facts.get("iesi:group"),
        years_ahead=facts.get("iesi:yearsAhead"),
        null=frozenset(map(str.casefold, _strings(facts.get("null", ())))),
        names=facts.get("iesi:names"),
        part=facts.get("iesi:part"),
        merged=NamedNode(facts["iesi:merged"]) if "iesi:merged" in facts else None,
        title={lang: next(iter(_strings(text))) for lang, text in facts.get("titles", {}).items()},
    )


def _texts(titles: Mapping[str, str | list[str]]) -> Iterator[str]:
    for title in titles.values():
        yield from _strings(title)


def _strings(value: str | Iterable[str]) -> Iterable[str]:
    """What CSVW allows as one string or as several."""
    return [value] if isinstance(value, str) else value


def _node(facts: Mapping[str, Any]) -> Node:
    return Node(
        name=facts["iesi:name"],
        mint=facts["iesi:mint"],
        key=tuple(facts.get("iesi:key", ())),
        fragment=facts.get("iesi:fragment", ""),
        group=facts.get("iesi:group"),
        when=tuple(facts.get("iesi:when", ())),
        types=_nodes(facts.get("iesi:type", ())),
        statements=tuple(_statement(item) for item in facts.get("iesi:statements", ())),
        reifies=facts.get("iesi:reifies"),
    )


def _nodes(iris: Iterable[str]) -> tuple[NamedNode, ...]:
    return tuple(NamedNode(iri) for iri in iris)


def _statement(facts: Mapping[str, Any]) -> Statement:
    return Statement(
        property=NamedNode(facts["iesi:property"]),
        to=tuple(facts.get("iesi:to", ())),
        value=NamedNode(facts["iesi:value"]) if "iesi:value" in facts else None,
        property_of=tuple(facts.get("iesi:propertyOf", ())),
        value_of=tuple(facts.get("iesi:valueOf", ())),
        value_named_by=facts.get("iesi:valueNamedBy"),
    )
