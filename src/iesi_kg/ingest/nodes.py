"""The nodes that one row makes and what they state, by the template's nodes (docs/reference/template-mapping.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.ingest.template import Column, Node, Statement, Template
from iesi_kg.ingest.values import Value
from iesi_kg.records import CellRef
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import RDF

_TYPE = NamedNode(RDF + "type")
_SUBJECT, _PREDICATE, _OBJECT = (NamedNode(RDF + name) for name in ("subject", "predicate", "object"))

Stated = tuple[Triple, CellRef]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of one row: its place, its texts by position, and the values that were read from them.

    ``refs`` are the places of the texts where they were gathered from several rows.
    """

    ref: CellRef
    texts: Sequence[str]
    values: Sequence[Value | None]
    refs: Sequence[CellRef] = ()

    def at(self, position: int) -> CellRef:
        """Where the text at a position stands."""
        return self.refs[position] if position < len(self.refs) else self.ref

    def key(self, position: int) -> str:
        """The text that names a node by the value at a position; empty where there is none."""
        value = self.values[position] if position < len(self.values) else None
        return value.key if value is not None else ""


class Nodes:
    """The nodes of a template, ready to be made for each row."""

    def __init__(self, template: Template) -> None:
        self.columns = template.columns
        self.column = template.by_name
        self.root = template.nodes[0]
        self.others = tuple(node for node in template.nodes[1:] if not node.reifies)
        self.reifying = tuple(node for node in template.nodes if node.reifies)
        self.by_name = {node.name: node for node in template.nodes}

    def mint_root(self, key: str) -> NamedNode:
        """The IRI of the record that a key names."""
        return _minted(self.root.mint, key)

    def filled(self, name: str, cells: Mapping[str, Cell]) -> dict[int, CellRef]:
        """The positions at which a row says something that makes this node, with the cell that does."""
        node = self.by_name[name]
        if not node.when:
            return {0: CellRef()}
        found: dict[int, CellRef] = {}
        for key in node.when:
            cell = cells.get(key)
            for position, text in enumerate(cell.texts if cell else ()):
                if cell and text:
                    found.setdefault(position if node.group else 0, cell.at(position))
        return found

    def of_row(self, subject: NamedNode, here: CellRef, cells: Mapping[str, Cell]) -> RowNodes:
        """The nodes of one row, whose record is ``subject``."""
        return RowNodes(self, subject, here, cells)


class RowNodes:
    """The nodes of one row: which exist at which position, and what is stated about them."""

    def __init__(self, nodes: Nodes, subject: NamedNode, here: CellRef, cells: Mapping[str, Cell]) -> None:
        self._nodes = nodes
        self._subject = subject
        self._cells = cells
        self._made: dict[tuple[str, int], tuple[NamedNode, CellRef]] = {(nodes.root.name, 0): (subject, here)}
        for node in nodes.others:
            for position, ref in nodes.filled(node.name, cells).items():
                iri = self._iri(node, position)
                if iri is not None:
                    self._made[node.name, position] = (iri, ref if ref.row else here)

    def _iri(self, node: Node, position: int) -> NamedNode | None:
        """The node's IRI; None where the value that names it could not be read."""
        if not node.key:
            return iris.fragment(self._subject, node.fragment.replace("{position}", str(position + 1)))
        cells = [self._cells.get(name) for name in node.key]
        keys = [cell.key(position) if cell else "" for cell in cells]
        return _minted(node.mint, *keys) if keys[0] else None

    def statements(self) -> Iterator[Stated]:
        """Every statement of the row with the cell it came from."""
        for (name, position), (iri, ref) in self._made.items():
            node = self._nodes.by_name[name]
            for kind in node.types:
                yield Triple(iri, _TYPE, kind), ref
            for statement in node.statements:
                for value, source in self._objects(node, position, statement, ref):
                    yield Triple(iri, statement.property, value), source
        for column, cell in self._filled_columns():
            yield from self._stated(column, cell)
        for node in self._nodes.reifying:
            yield from self._reified(node)

    def _stated(self, column: Column, cell: Cell) -> Iterator[Stated]:
        for position, read in enumerate(cell.values):
            made = self._made.get(self._place(column, position))
            if read is not None and made is not None and column.property is not None:
                yield Triple(made[0], column.property, read.term), cell.at(position)

    def _reified(self, node: Node) -> Iterator[Stated]:
        """A node for each statement of the columns that the row names, with what is said of the statement."""
        for position, ref in self._nodes.filled(node.name, self._cells).items():
            name = self._cells[node.reifies or ""].key(position)
            for fact, _ in self._stated(self._nodes.column[name], self._cells[name]) if name in self._cells else ():
                iri = cast(NamedNode, getattr(iris, node.mint)(fact))
                yield from ((Triple(iri, _TYPE, kind), ref) for kind in node.types)
                yield Triple(iri, _SUBJECT, fact.subject), ref
                yield Triple(iri, _PREDICATE, fact.predicate), ref
                yield Triple(iri, _OBJECT, fact.object), ref
                for statement in node.statements:
                    for value, source in self._objects(node, position, statement, ref):
                        yield Triple(iri, statement.property, value), source

    def unfounded(self) -> Iterator[tuple[Node, str, CellRef]]:
        """Where a source is given for no column, or for a column that is empty: the text of the cell and its place."""
        for node in self._nodes.reifying:
            naming = self._cells.get(node.reifies or "")
            for position, ref in sorted(self._given(node).items()):
                text = naming.texts[position] if naming and position < len(naming.texts) else ""
                name = naming.key(position) if naming else ""
                if not text or (name and name not in self._cells):
                    yield node, text, naming.at(position) if naming else ref

    def _given(self, node: Node) -> dict[int, CellRef]:
        """The positions of a node's group at which some cell is filled."""
        found: dict[int, CellRef] = {}
        for column, cell in self._filled_columns():
            for place, text in enumerate(cell.texts if column.group == node.group else ()):
                if text:
                    found.setdefault(place, cell.at(place))
        return found

    def _objects(
        self, node: Node, position: int, statement: Statement, ref: CellRef
    ) -> Iterator[tuple[NamedNode | Literal, CellRef]]:
        if statement.value is not None:
            yield statement.value, ref
        yield from self._values(node, position, statement)
        for name in statement.property_of:
            column, cell = self._nodes.column[name], self._cells.get(name)
            if cell is not None and column.property is not None and any(cell.values):
                yield column.property, ref
        for name in statement.to:
            aligned = node.group is not None and node.group == self._nodes.by_name[name].group
            for (other, place), made in self._made.items():
                if other == name and (place == position or not aligned):
                    yield made

    def _values(self, node: Node, position: int, statement: Statement) -> Iterator[tuple[NamedNode | Literal, CellRef]]:
        """The values of other columns that a node states too: those at its position, or all of a named column."""
        for name in statement.value_of:
            cell, column = self._cells.get(name), self._nodes.column[name]
            for place, read in enumerate(cell.values if cell else ()):
                if cell and read is not None and (place == position or column.group != node.group):
                    yield read.term, cell.at(place)
        naming = self._cells.get(statement.value_named_by or "")
        named = self._cells.get(naming.key(position)) if naming else None
        if naming and named:
            yield from ((read.term, naming.ref) for read in named.values if read is not None)

    def lost(self) -> Iterator[tuple[Node, dict[Column, list[str]]]]:
        """The values that belong to no node of the row, by the node they would describe and by column."""
        found: dict[str, dict[Column, list[str]]] = {}
        for column, cell in self._filled_columns():
            filled = self._nodes.filled(column.node, self._cells)
            for position, value in enumerate(cell.values):
                if value is not None and column.property and self._place(column, position)[1] not in filled:
                    found.setdefault(column.node, {}).setdefault(column, []).append(cell.texts[position])
        for name, columns in found.items():
            yield self._nodes.by_name[name], columns

    def _filled_columns(self) -> Iterator[tuple[Column, Cell]]:
        for column in self._nodes.columns:
            cell = self._cells.get(column.name)
            if cell is not None:
                yield column, cell

    def _place(self, column: Column, position: int) -> tuple[str, int]:
        """Which node a value at a position describes: nodes outside groups stand at position 0."""
        return column.node, position if self._nodes.by_name[column.node].group else 0


def _minted(mint: str, *keys: str) -> NamedNode:
    return cast(NamedNode, getattr(iris, mint)(*keys))
