"""Shapes, example queries, template and alignments of the bundle turned into the uses of each term and code list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyoxigraph
from pyoxigraph import Literal, NamedNode, RdfFormat, Store

from iesi_kg import assets
from iesi_kg.vocabulary.namespaces import BASE, SH
from iesi_kg.vocabulary.told import in_language, spoken, tagged

EXAMPLES = "queries/examples"

_TEMPLATE = "ontology/template.json"
_NAMES = "shapes/generated/names.ttl"
_PREFIX = re.compile(r"^\s*PREFIX\s+([\w-]*):\s*<([^>]*)>", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|<([^<>\"{}|^`\\\s]+)>|#[^\n]*|([\w-]*):([\w.-]*\w)")
_TITLE = re.compile(r"^#\s*title\s*:\s*(.*)$", re.IGNORECASE | re.MULTILINE)
_CODES = f"{BASE}codes/"
_SEVERITIES = ("violation", "warning", "info")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the shapes: its key, its severity, its message by language, the classes and all that it names."""

    code: str
    name: str
    severity: str
    column: str
    messages: Mapping[str, str]
    targets: tuple[str, ...]
    mentioned: frozenset[str]

    def message(self, language: str) -> tuple[str, str]:
        """The message in a language, else in English, with the language it is in."""
        found = language if language in self.messages else "en"
        return self.messages.get(found, ""), found


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the template."""

    name: str
    titles: Mapping[str, str]
    description: str
    required: bool
    mentioned: frozenset[str]

    def title(self, language: str) -> tuple[str, str]:
        """The title in a language, else in English, with the language it is in."""
        found = language if language in self.titles else "en"
        return self.titles.get(found, self.name), found


@dataclass(frozen=True, slots=True)
class Question:
    """One example query: the name of its file, its title, and the IRIs in its text."""

    slug: str
    title: str
    mentioned: frozenset[str]


@dataclass(frozen=True, slots=True)
class Match:
    """A word of another vocabulary that is like a term of ours, and how."""

    term: str
    relation: str
    other: str


@dataclass(frozen=True, slots=True)
class Uses:
    """Where one term, or one code list with its codes, is used."""

    rules: tuple[Rule, ...]
    columns: tuple[Column, ...]
    questions: tuple[Question, ...]
    matches: tuple[Match, ...]


def uses(*iris: str) -> Uses:
    """Where any of these terms is used; for a code list, where it or one of its codes is.

    >>> [column.name for column in uses(f"{BASE}ontology#ictRole").columns]
    ['ict_role']
    """
    rules = (rule for rule in _rules() if _names({*rule.targets, *rule.mentioned}, iris))
    return Uses(
        rules=tuple(sorted(rules, key=lambda rule: (_SEVERITIES.index(rule.severity), rule.code))),
        columns=tuple(column for column in _columns() if _names(column.mentioned, iris)),
        questions=tuple(question for question in _questions() if _names(question.mentioned, iris)),
        matches=tuple(match for match in _matches() if match.term in iris),
    )


def _names(mentioned: Iterable[str], iris: Iterable[str]) -> bool:
    """Whether a text that mentions these IRIs is about one of those: a code list is meant by each of its codes."""
    return any(
        iri in mentioned or (iri.startswith(_CODES) and any(name.startswith(f"{iri}/") for name in mentioned))
        for iri in iris
    )


def message_in(code: str, message: str, language: str) -> tuple[str, str]:
    """What a rule of the shapes says, in a language where it says it there, with the language it is in.

    A message into which the rule wrote something of the record stays as it is.
    """
    if spoken(message, language) == language:
        return in_language(message, language), language
    for rule in _rules():
        if rule.code == code and message in rule.messages.values() and language in rule.messages:
            return rule.messages[language], language
    return message, "en"


def rules() -> tuple[Rule, ...]:
    """Every rule of the shapes that has a code."""
    return _rules()


def links() -> Iterator[tuple[str, str, str]]:
    """Class, property and class of each link that a row of the template makes between two nodes."""
    nodes = {node["iesi:name"]: node for node in json.loads(assets.text(_TEMPLATE))["iesi:nodes"]}
    made = (
        (source, statement["iesi:property"], target)
        for node in nodes.values()
        for statement in node.get("iesi:statements", ())
        for name in statement.get("iesi:to", ())
        for source in node["iesi:type"]
        for target in nodes[name]["iesi:type"]
    )
    yield from dict.fromkeys(made)


@cache
def _rules() -> tuple[Rule, ...]:
    store = _loaded("shapes")
    store.load(assets.content(_NAMES), RdfFormat.TURTLE)
    messages: dict[str, dict[str, str]] = {}
    for row in _rows(store, "messages"):
        message = row["message"]
        if isinstance(message, Literal):
            said = message.value.replace("{?value}", "…")  # the value is known only where the rule is broken
            messages.setdefault(_text(row, "code"), {})[message.language or "en"] = said
    found: dict[str, list[Any]] = {}
    for row in _rows(store, "rules"):
        found.setdefault(_text(row, "code"), []).append(row)
    return tuple(_rule(code, rows, messages[code]) for code, rows in found.items())


def _rule(code: str, rows: list[Any], messages: Mapping[str, str]) -> Rule:
    return Rule(
        code=code,
        name=_text(rows[0], "name"),
        severity=(_text(rows[0], "severity") or f"{SH}Violation").removeprefix(SH).lower(),
        column=_text(rows[0], "column"),
        messages=messages,
        targets=tuple(sorted({_text(row, "target") for row in rows} - {""})),
        mentioned=frozenset(_text(row, "mentioned") for row in rows),
    )


@cache
def _matches() -> tuple[Match, ...]:
    rows = _rows(_loaded("ontology/alignments"), "matches")
    return tuple(Match(_text(row, "term"), _text(row, "relation"), _text(row, "other")) for row in rows)


@cache
def _questions() -> tuple[Question, ...]:
    return tuple(_question(path, assets.text(path)) for path in assets.names(EXAMPLES, ".rq"))


def _question(path: str, text: str) -> Question:
    slug = path.rpartition("/")[2].removesuffix(".rq")
    title = _TITLE.search(text)
    return Question(slug, title[1].strip() if title else slug, frozenset(mentioned(text)))


def mentioned(query: str) -> Iterator[str]:
    """The IRIs that a SPARQL text names, outside its strings and comments; prefixes are no mention.

    >>> sorted(mentioned('PREFIX a: <urn:a#> SELECT * { ?x a:b <urn:c> ; a:d "a:e" } # a:f'))
    ['urn:a#b', 'urn:a#d', 'urn:c']
    """
    prefixes = dict(_PREFIX.findall(query))
    for found in _NAME.finditer(_PREFIX.sub("", query)):
        full, prefix, local = found.groups()
        if full:
            yield full
        elif local and prefix in prefixes:
            yield prefixes[prefix] + local


@cache
def _columns() -> tuple[Column, ...]:
    template = json.loads(assets.text(_TEMPLATE))
    columns = template["tableSchema"]["columns"]
    nodes = {node["iesi:name"]: node for node in template["iesi:nodes"]}
    about: dict[str, set[str]] = {column["name"]: set(_about(column, nodes)) for column in columns}
    for node in nodes.values():
        for statement in node.get("iesi:statements", ()):
            for name in [*_columns_behind(statement, nodes)] or node.get("iesi:when", ()):
                about[name].add(statement["iesi:property"])
    return tuple(
        Column(
            name=column["name"],
            titles={key: text for key, text in column["titles"].items() if key != "und"},
            description=tagged(column.get("dc:description", "")),
            required=column.get("required", False),
            mentioned=frozenset(about[column["name"]]),
        )
        for column in columns
    )


def _about(column: Mapping[str, Any], nodes: Mapping[str, Any]) -> Iterator[str]:
    """The property a column becomes, the code list of its values, the classes of the node that carries it."""
    first = next(iter(nodes))
    yield from nodes[column.get("iesi:node", first)].get("iesi:type", ())
    if "propertyUrl" in column:
        yield column["propertyUrl"]
    if "iesi:codeList" in column:
        yield _CODES + column["iesi:codeList"]


def _columns_behind(statement: Mapping[str, Any], nodes: Mapping[str, Any]) -> Iterator[str]:
    """The columns that make a statement of a node: those that call for a second node, or whose values it takes."""
    for name in statement.get("iesi:to", ()):
        yield from nodes[name].get("iesi:when", ())
    yield from (*statement.get("iesi:propertyOf", ()), *statement.get("iesi:valueOf", ()))
    if "iesi:valueNamedBy" in statement:
        yield statement["iesi:valueNamedBy"]


def _loaded(folder: str) -> Store:
    store = Store()
    for path in assets.names(folder, ".ttl"):
        store.load(assets.content(path), RdfFormat.TURTLE)
    return store


def _rows(store: Store, name: str) -> list[Any]:
    solutions = store.query(assets.text(f"queries/bundle/{name}.rq"))
    assert isinstance(solutions, pyoxigraph.QuerySolutions)
    return list(solutions)


def _text(row: Any, name: str) -> str:  # noqa: ANN401  (a solution of pyoxigraph, which has no common type)
    value = row[name]
    return value.value if isinstance(value, NamedNode | Literal) else ""
