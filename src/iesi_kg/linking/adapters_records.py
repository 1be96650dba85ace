"""The rows of one table of another database to statements in our ontology, by the adapter's mapping alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.linking import adapters_values as values
from iesi_kg.linking import crosswalk
from iesi_kg.linking.adapters_mapping import Column, Table, Thing, Use
from iesi_kg.linking.adapters_tables import Row
from iesi_kg.linking.crosswalk import Code, Crosswalk
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCT, RDF, XSD

_TYPE = NamedNode(RDF + "type")
_IDENTIFIER = NamedNode(DCT + "identifier")
_PLACE = re.compile(r"\{(\w[\w.]*)(?::(\d+))?\}")
_MOST_TOLD = 50_000
_MOST_NOTED = 10_000
_TRUE = frozenset(("x", "yes", "true", "1", "ja", "oui", "si"))
_FALSE = frozenset(("no", "false", "0", "nein", "non"))


@dataclass(slots=True)
class Seen:
    """What is noticed while the rows of all files of a database are read, so far as memory is to hold it.

    ``told`` are statements about nodes that many rows name, so that each is made once.
    """

    unmapped: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    repairs: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    first: dict[tuple[str, str, str], int] = field(default_factory=dict)
    columns: dict[str, set[str]] = field(default_factory=dict)
    repeated: list[tuple[str, str, int, int]] = field(default_factory=list)
    keyless: list[tuple[str, int]] = field(default_factory=list)
    told: set[Triple] = field(default_factory=set)

    def note(self, counter: Counter[tuple[str, str, str]], what: tuple[str, str, str], number: int) -> None:
        """Count something, and remember the record where it came first; at most so many different ones."""
        if what in counter or len(counter) < _MOST_NOTED:
            counter[what] += 1
            self.first.setdefault(what, number)


class Records:
    """Turns rows of one table into statements; remembers keys over all files of a database."""

    def __init__(self, database: str, table: Table, walk: Crosswalk, seen: Seen, *, mojibake: bool) -> None:
        self._database = database
        self._table = table
        self._walk = walk
        self._seen = seen
        self._mojibake = mojibake
        self._key_columns = frozenset(name for name, _ in _PLACE.findall(table.key))
        self._keys: dict[str, int] = {}
        self._times: Counter[str] = Counter()
        self._columns: dict[str, Column] = dict(table.columns)

    def statements(self, row: Row, extra: Mapping[str, str], file: str) -> Iterator[Triple]:
        """What one row states; ``extra`` are texts that stand outside the row, as in the name of the file."""
        yield from dict.fromkeys(self._of_row(row, extra, file))

    def _of_row(self, row: Row, extra: Mapping[str, str], file: str) -> Iterator[Triple]:
        seen = self._seen.columns.setdefault(self._table.name, set())
        seen.update(row.texts)
        told = ((name, self._cell(name, texts, row)) for name, texts in row.texts.items())
        cells = {name: found for name, found in told if found}
        context = {name: found[0] for name, found in cells.items()} | dict(extra)
        context["row"] = str(row.number)
        key = self._key(context, row, file)
        nodes = {thing.name: list(self._nodes(thing, key, cells, context)) for thing in self._table.things}
        yield from self._shape(nodes)
        record = nodes[self._table.things[0].name]
        yield from (Triple(node, _IDENTIFIER, Literal(key)) for node in record)
        for name, texts in cells.items():
            told_by_key = name in self._key_columns and key == values.plain(texts[0])
            yield from () if told_by_key else self._of_column(self._column(name), texts, row, nodes)

    def _column(self, name: str) -> Column:
        if name not in self._columns:
            self._columns[name] = Column(name, absent=self._table.absent, passed=self._table.is_left_out(name))
        return self._columns[name]

    def _cell(self, name: str, texts: Iterable[str], row: Row) -> tuple[str, ...]:
        """The texts of a column that say something; none of one that is passed over."""
        column = self._column(name)
        found: list[str] = []
        for whole in () if column.passed else filter(None, texts):
            for text in values.split(whole, column.separator):
                meant = self._repaired(name, text, row.number)
                if values.plain(meant).casefold() not in column.absent:
                    found.append(meant)
        if name in row.broken and found:
            self._seen.note(self._seen.repairs, (self._table.name, name, "bytes"), row.number)
        return tuple(found)

    def _repaired(self, name: str, text: str, number: int) -> str:
        if not self._mojibake or text.isascii():
            return text
        meant = values.mended(text)
        if meant != text and meant.strip():
            self._seen.note(self._seen.repairs, (self._table.name, name, "misread"), number)
        return meant

    def _key(self, context: Mapping[str, str], row: Row, file: str) -> str:
        key = filled(self._table.key, context).strip()
        if not key or not all(context.get(name, "") for name in self._key_columns):
            if len(self._seen.keyless) < _MOST_NOTED:
                self._seen.keyless.append((file, row.number))
            key = f"{file}-{row.number}"
        first = self._keys.setdefault(key, row.number)
        self._times[key] += 1
        if self._times[key] == 1:
            return key
        if len(self._seen.repeated) < _MOST_NOTED:
            self._seen.repeated.append((key, file, first, row.number))
        return self._apart(key, row.number)

    def _apart(self, key: str, number: int) -> str:
        """A key of its own for a record whose key stood before."""
        while (own := f"{key}.{self._times[key]}") in self._keys:
            self._times[key] += 1
        self._keys[own] = number
        self._times[own] += 1
        return own

    def _nodes(
        self, thing: Thing, key: str, cells: Mapping[str, tuple[str, ...]], context: Mapping[str, str]
    ) -> Iterator[NamedNode]:
        """The nodes of one thing of a row: one, none, or one for each value of a column."""
        if not all(cells.get(column) for column in thing.when):
            return
        if thing.each:
            for value in cells.get(thing.each, ()):
                yield self._node(thing, key, cells, {**context, "each": values.plain(value)})
        else:
            yield self._node(thing, key, cells, context)

    def _node(
        self, thing: Thing, key: str, cells: Mapping[str, tuple[str, ...]], context: Mapping[str, str]
    ) -> NamedNode:
        prefix = thing.prefix or self._table.prefix
        if thing.fragment:
            fragment = iris.slug(filled(thing.fragment, context))
            return iris.fragment(iris.peer_record(self._table.prefix, key), fragment)
        if thing.named:
            names = [self._name_part(column, cells.get(column, ()), context) for column in thing.named]
            return iris.peer_record(prefix, f"{thing.name}/{'-'.join(filter(None, names))}")
        return iris.peer_record(prefix, filled(thing.iri, context) if thing.iri else key)

    def _name_part(self, column: str, texts: tuple[str, ...], context: Mapping[str, str]) -> str:
        """A text as a part of an IRI; of a coded column the notation of its code."""
        text = texts[0] if texts else context.get(column, "")
        for use in self._column(column).uses:
            if use.kind == "code" and (code := self._code(use, text)) and code.means:
                return code.means[0].value.rpartition("/")[2].lower()
        return iris.slug(values.plain(text)) if text else ""

    def _shape(self, nodes: Mapping[str, list[NamedNode]]) -> Iterator[Triple]:
        """Classes of the nodes and how they hang together."""
        for thing in self._table.things:
            for position, node in enumerate(nodes[thing.name]):
                for kind in thing.types:
                    yield from self._once(node, Triple(node, _TYPE, kind))
                for predicate, value in thing.values:
                    yield from self._once(node, Triple(node, predicate, value))
                for predicate, other in thing.states:
                    for target in self._pairs(thing, other, position, nodes):
                        yield Triple(node, predicate, target)

    def _pairs(self, thing: Thing, other: str, position: int, nodes: Mapping[str, list[NamedNode]]) -> list[NamedNode]:
        """Nodes made of the same column belong together one by one; any others all with all."""
        targets = nodes.get(other, [])
        same = thing.each and thing.each == next((t.each for t in self._table.things if t.name == other), "")
        return targets[position : position + 1] if same else targets

    def _once(self, node: NamedNode, triple: Triple) -> Iterator[Triple]:
        """A statement about a node that many rows name, the first time; later ones may come again after very many."""
        if "#" in node.value:
            yield triple
        elif triple not in self._seen.told:
            if len(self._seen.told) < _MOST_TOLD:
                self._seen.told.add(triple)
            yield triple

    def _of_column(
        self, column: Column, texts: Sequence[str], row: Row, nodes: Mapping[str, list[NamedNode]]
    ) -> Iterator[Triple]:
        record = nodes[self._table.things[0].name]
        for place, text in enumerate(texts):
            said = False
            for use in column.uses:
                found = list(self._read(use, text))
                said = said or bool(found)
                for target in self._targets(use, place, len(texts), nodes):
                    for value in found:
                        yield from self._once(target, Triple(target, use.predicate, value))
                        yield from self._code_told(use, text, value)
            if not said and column.uses:
                yield from self._lost(column, text, row.number, record)
            if not self._word_for_word(column, text):
                yield from (self._kept(node, column.name, text) for node in record)

    def _targets(self, use: Use, place: int, many: int, nodes: Mapping[str, list[NamedNode]]) -> list[NamedNode]:
        targets = nodes[use.thing]
        each = next(thing.each for thing in self._table.things if thing.name == use.thing)
        return targets[place : place + 1] if each and len(targets) == many else targets

    def _word_for_word(self, column: Column, text: str) -> bool:
        """Whether the text itself stands in the graph already, so that it need not be kept beside it."""
        if values.has_markup(text):
            return any(use.kind == "text" for use in column.uses)
        shown = values.plain(text)
        for use in column.uses:
            if use.kind in ("text", "flag") or any(value.value == shown for value in self._read(use, text)):
                return True
        return False

    def _kept(self, record: NamedNode, column: str, text: str) -> Triple:
        return Triple(record, iris.peer_field(self._database, column), Literal(values.plain(text)))

    def _lost(self, column: Column, text: str, number: int, record: list[NamedNode]) -> Iterator[Triple]:
        shown = values.plain(text)
        if column.otherwise:
            yield from (Triple(node, column.otherwise, Literal(shown)) for node in record)
        known = any(use.kind == "code" and self._code(use, text) for use in column.uses)
        if not known and (column.text_only is None or not column.text_only.fullmatch(shown)):
            self._seen.note(self._seen.unmapped, (self._table.name, column.name, shown[:200]), number)

    def _code(self, use: Use, text: str) -> Code | None:
        shown = values.plain(text)
        found = self._walk.find(use.crosswalk, shown) if use.crosswalk else None
        return found or (crosswalk.ours(use.scheme, shown) if use.scheme else None)

    def _code_told(self, use: Use, text: str, value: NamedNode | Literal) -> Iterator[Triple]:
        """What a foreign code is, beside its first use."""
        code = self._code(use, text) if use.kind == "code" else None
        if code and code.iri == value:
            for triple in code.told:
                yield from self._once(code.iri, triple)

    def _read(self, use: Use, text: str) -> Iterator[NamedNode | Literal]:
        """What a use makes of a text; nothing where it cannot be read so."""
        shown = values.plain(text)
        match use.kind:
            case "text":
                yield Literal(shown, language=use.language) if use.language else Literal(shown)
            case "code":
                code = self._code(use, text)
                yield from dict.fromkeys((*([code.iri] if use.itself else ()), *code.means) if code else ())
            case "address":
                yield from filter(None, map(_iri, values.addresses(text)))
            case "iri":
                if use.pattern is None or use.pattern.fullmatch(shown):
                    whole = _iri(filled(use.iri, {"value": quote(shown, safe="-._~:/")})) if use.iri else None
                    yield whole or iris.peer_record(use.prefix or self._table.prefix, shown)
            case _:
                yield from _literal(use, shown)


def _iri(text: str) -> NamedNode | None:
    """An IRI; nothing where the text is none."""
    try:
        return NamedNode(text)
    except ValueError:
        return None


def _literal(use: Use, text: str) -> Iterator[Literal]:
    """A number, year, day or flag, within the bounds of its use."""
    match use.kind:
        case "year":
            found = values.year(text)
            if found is not None and _within(use, found):
                yield Literal(str(found), datatype=NamedNode(XSD + "integer"))
        case "date":
            day = values.day(text)
            if day is not None and _within(use, day.year):
                yield Literal(day.isoformat(), datatype=NamedNode(XSD + "date"))
        case "number":
            number = values.number(text)
            if number is not None and _within(use, float(number)):
                yield Literal(number, datatype=NamedNode(XSD + "decimal"))
        case "flag":
            if text.casefold() in _TRUE | _FALSE:
                yield Literal(str(text.casefold() in _TRUE).lower(), datatype=NamedNode(XSD + "boolean"))


def _within(use: Use, value: float) -> bool:
    return (use.minimum is None or value >= use.minimum) and (use.maximum is None or value <= use.maximum)


def filled(pattern: str, context: Mapping[str, str]) -> str:
    """A pattern with the texts of columns in their places; ``:4`` pads a number with zeros.

    >>> filled("{catalogue}{id:4}", {"catalogue": "10", "id": "1"})
    '100001'
    """

    def text(found: re.Match[str]) -> str:
        value = values.plain(context.get(found[1], ""))
        return value.zfill(int(found[2])) if found[2] else value

    return _PLACE.sub(text, pattern)
