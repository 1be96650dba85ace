"""Statements of a record back to the cells of its row, by the template alone: the inverse of ``mapping`` (CSVW 4.6).

What no row can say is left out here; whoever changes a record keeps it as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.ingest.template import Column, Node, Template
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.codelists import CodeLists
from iesi_kg.vocabulary.namespaces import RDF, XSD

_TYPE = NamedNode(RDF + "type")
_SUBJECT, _PREDICATE, _OBJECT = (NamedNode(RDF + name) for name in ("subject", "predicate", "object"))
_KINDS = {"string": XSD + "string", "integer": XSD + "integer", "decimal": XSD + "decimal", "date": XSD + "date"}

Place = tuple[str, int]
Cells = Mapping[Place, str]


@dataclass(frozen=True)
class CellReader:
    """Reads the cells of records from what is stated of them: the text by column and position (0 outside groups)."""

    template: Template
    lists: CodeLists

    def cells(self, subject: NamedNode, triples: Iterable[Triple]) -> dict[Place, str]:
        """The cells of one record; none where its IRI is none that a row can name."""
        (key,) = self.template.nodes[0].key
        name = subject.value.rsplit("/", 1)[1]
        if iris.initiative(name) != subject:
            return {}
        stated = _Stated(self.template, subject, triples)
        found: dict[Place, str] = {(key, 0): name}
        for column in self.template.columns:
            if column.property is not None:
                found |= self._of_column(column, stated)
        for node in self.template.nodes:
            if node.reifies:
                found |= self._sourced(node, stated, found)
        return found

    def _of_column(self, column: Column, stated: _Stated) -> Iterator[tuple[Place, str]]:
        for position, iri in stated.nodes.get(column.node, {}).items():
            values = stated.objects(iri, column.property)
            texts = sorted({text for text in (self.text(column, value) for value in values) if text})
            if texts:
                several = column.separator is not None and column.group is None
                yield (column.name, position), (column.separator or "").join(texts) if several else texts[0]
            elif column.default_from and column.null and not values:
                yield (column.name, position), min(column.null)

    def text(self, column: Column, value: object) -> str | None:
        """The text that the column reads as this value; None where it reads none so."""
        if column.names:
            return next(
                (c.name for c in self.template.columns if c.property == value and self._nameable(column, c)), None
            )
        text = self._plain(column, value)
        barred = text is not None and column.separator is not None and column.separator in text
        return None if text is None or barred or text != text.strip() else text

    def _nameable(self, column: Column, named: Column) -> bool:
        return self.template.named(column, named.name) is named

    def _plain(self, column: Column, value: object) -> str | None:
        if column.code_list:
            return self._notations.get((column.code_list, value))
        if isinstance(value, NamedNode):
            return _variable(column, value)
        if isinstance(value, Literal) and not column.value_url:
            kind = value.datatype.value
            if column.language_after:
                return self._with_language(column, value)
            if column.lang:
                return value.value if value.language == column.lang else None
            return value.value if kind == _KINDS.get(column.base) else None
        return None

    def _with_language(self, column: Column, value: Literal) -> str | None:
        text = f"{value.value}{column.language_after}{value.language}"
        return text if value.language and column.format and column.format.fullmatch(text) else None

    @cached_property
    def _notations(self) -> Mapping[tuple[str, object], str]:
        return {(scheme.name, code.iri): code.notation for scheme in self.lists for code in scheme.concepts}

    def _sourced(self, node: Node, stated: _Stated, found: Cells) -> Iterator[tuple[Place, str]]:
        """The columns whose statements have a source of their own, by the position of that source."""
        by_place = {
            (stated.nodes.get(c.node, {}).get(p), c.property): c
            for c in self.template.columns
            if not c.language_after
            for p in _places(c, found)
        }
        for position, target in stated.sources_of(node).items():
            for fact in stated.pointing(target, node.statements[0].property):
                about = (
                    next(iter(stated.objects(fact, _SUBJECT)), None),
                    next(iter(stated.objects(fact, _PREDICATE)), None),
                )
                column = by_place.get(about)  # type: ignore[arg-type]
                if column is not None and node.reifies:
                    yield (node.reifies, position), column.name


class _Stated:
    """What is stated about one record, with the nodes of the template found in it."""

    def __init__(self, template: Template, subject: NamedNode, triples: Iterable[Triple]) -> None:
        self._template = template
        self._about: dict[tuple[object, NamedNode], list[object]] = {}
        self._pointing: dict[tuple[object, NamedNode], list[NamedNode]] = {}
        subjects: set[NamedNode] = set()
        for triple in triples:
            self._about.setdefault((triple.subject, triple.predicate), []).append(triple.object)
            if isinstance(triple.subject, NamedNode):
                subjects.add(triple.subject)
                if isinstance(triple.object, NamedNode):
                    self._pointing.setdefault((triple.object, triple.predicate), []).append(triple.subject)
        self.nodes: dict[str, dict[int, NamedNode]] = {template.nodes[0].name: {0: subject}}
        for node in template.nodes[1:]:
            if node.fragment:
                self.nodes[node.name] = dict(_fragments(node, subject, subjects))
        for node in template.nodes[1:]:
            if node.key:
                self.nodes[node.name] = dict(self._referred(node))

    def objects(self, node: object, prop: NamedNode | None) -> list[object]:
        return self._about.get((node, prop), []) if prop else []

    def pointing(self, node: object, prop: NamedNode) -> list[NamedNode]:
        return sorted(self._pointing.get((node, prop), []), key=str)

    def sources_of(self, node: Node) -> Mapping[int, NamedNode]:
        """The nodes which a reifying node points to, by position."""
        names = [name for statement in node.statements for name in statement.to]
        return self.nodes.get(names[0], {}) if names else {}

    def _referred(self, node: Node) -> Iterator[tuple[int, NamedNode]]:
        """The nodes with an IRI of their own, found by what points at them from the same position."""
        for owner in self._template.nodes[1:]:
            for statement in owner.statements if owner.group == node.group else ():
                for position, iri in self.nodes.get(owner.name, {}).items() if node.name in statement.to else ():
                    targets = sorted(
                        (o for o in self.objects(iri, statement.property) if isinstance(o, NamedNode)), key=str
                    )
                    if targets:
                        yield position, targets[0]


def _fragments(node: Node, subject: NamedNode, subjects: Iterable[NamedNode]) -> Iterator[tuple[int, NamedNode]]:
    before, numbered, after = node.fragment.partition("{position}")
    if not numbered:
        iri = iris.fragment(subject, node.fragment)
        if iri in subjects:
            yield 0, iri
        return
    shape = re.compile(re.escape(f"{subject.value}#{before}") + r"([1-9][0-9]{0,3})" + re.escape(after))
    for iri in subjects:
        if found := shape.fullmatch(iri.value):
            yield int(found[1]) - 1, iri


def _places(column: Column, found: Cells) -> list[int]:
    return [position for name, position in found if name == column.name]


def _variable(column: Column, value: NamedNode) -> str | None:
    """The text from which the column's URI template makes this IRI."""
    if column.value_url is None:
        return value.value if column.base == "anyURI" else None
    whole, part = f"{{+{column.name}}}", f"{{{column.name}}}"
    before, _, after = column.value_url.partition(whole if whole in column.value_url else part)
    if not (value.value.startswith(before) and value.value.endswith(after)):
        return None
    text = value.value[len(before) : len(value.value) - len(after)]
    return text if whole in column.value_url else unquote(text)


def row(template: Template, cells: Cells) -> dict[str, str]:
    """The cells as one row: positions of a group are joined by the separator of their column."""
    columns: dict[str, dict[int, str]] = {}
    for (name, position), text in cells.items():
        columns.setdefault(name, {})[position] = text
    return {
        name: (template.by_name[name].separator or "").join(texts.get(place, "") for place in range(max(texts) + 1))
        for name, texts in columns.items()
    }
