"""An adapter's description in JSON to what is done with each column of a file (docs/how-to/add-a-database.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from pyoxigraph import NamedNode

from iesi_kg.errors import IesiKgError, UnreadableFile
from iesi_kg.vocabulary.codelists import CodeLists
from iesi_kg.vocabulary.curies import expand
from iesi_kg.vocabulary.spelling import nearest

KINDS = ("text", "year", "date", "address", "number", "flag", "code", "iri")
FORMATS = ("csv", "json")
_PLACE = re.compile(r"\{(\w[\w.]*)(?::\d+)?\}")
USE_KEYS = frozenset(
    [
        "name",
        "to",
        "of",
        "kind",
        "language",
        "crosswalk",
        "scheme",
        "itself",
        "pattern",
        "iri",
        "prefix",
        "minimum",
        "maximum",
        "separator",
        "absent",
        "text_only",
        "otherwise",
        "required",
    ]
)
THING_KEYS = frozenset(["name", "iri", "prefix", "fragment", "named", "type", "states", "values", "when", "each"])
TABLE_KEYS = frozenset(
    [
        "name",
        "title",
        "format",
        "file",
        "items",
        "prefix",
        "key",
        "counted",
        "things",
        "columns",
        "left_out",
        "optional",
    ]
)


@dataclass(frozen=True, slots=True)
class Use:
    """One statement that is made of a column: of which thing, with which property, and how its text is read."""

    predicate: NamedNode
    thing: str
    kind: str = "text"
    language: str | None = None
    crosswalk: str | None = None
    scheme: str | None = None
    itself: bool = False
    pattern: re.Pattern[str] | None = None
    iri: str = ""
    prefix: str = ""
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name in the file: what is made of it, and which of its texts mean nothing.

    A text that no use can read goes to ``otherwise``; one that fits ``text_only`` is not missed there. One that is
    ``passed`` is left out on purpose.
    """

    name: str
    uses: tuple[Use, ...] = ()
    separator: str = ""
    absent: frozenset[str] = frozenset()
    text_only: re.Pattern[str] | None = None
    otherwise: NamedNode | None = None
    required: bool = False
    passed: bool = False


@dataclass(frozen=True, slots=True)
class Thing:
    """A node that a row describes: the record, one of its parts, or what it names.

    Its IRI is a key, a fragment of the record, or made of the texts of the columns ``named``; ``each`` has one node
    for every value of a column.
    """

    name: str
    iri: str = ""
    prefix: str = ""
    fragment: str = ""
    named: tuple[str, ...] = ()
    types: tuple[NamedNode, ...] = ()
    states: tuple[tuple[NamedNode, str], ...] = ()
    values: tuple[tuple[NamedNode, NamedNode], ...] = ()
    when: tuple[str, ...] = ()
    each: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of file of a database."""

    name: str
    title: str
    format: str
    prefix: str
    key: str
    things: tuple[Thing, ...]
    columns: Mapping[str, Column]
    file: re.Pattern[str] | None = None
    items: str = "item"
    counted: bool = True
    left_out: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset(("",))

    @property
    def required(self) -> list[str]:
        """The columns without which a file is not this table."""
        return [column.name for column in self.columns.values() if column.required]

    def is_left_out(self, column: str) -> bool:
        """Whether a column is passed over on purpose."""
        return any(fnmatchcase(column, pattern) for pattern in self.left_out)


def table(told: Mapping[str, Any], absent: frozenset[str], where: str) -> Table:
    """One table of a description. Raises UnreadableFile that names the place."""
    _known(told, TABLE_KEYS, where)
    if told.get("format") not in FORMATS:
        raise UnreadableFile(
            f"{where}: format {told.get('format')!r} is not known", hint=f"one of {', '.join(FORMATS)}"
        )
    try:
        things = _things(told["things"], where)
        columns: dict[str, list[Mapping[str, Any]]] = {}
        for entry in told["columns"]:
            columns.setdefault(entry["name"], []).append(entry)
        made = Table(
            name=told["name"],
            title=told.get("title", told["name"]),
            format=told["format"],
            prefix=told["prefix"],
            key=told["key"],
            things=things,
            columns={name: _column(name, uses, things, absent, where) for name, uses in columns.items()},
            file=_pattern(told.get("file"), where),
            items=told.get("items", "item"),
            counted=told.get("counted", True),
            left_out=told.get("left_out", {}),
            optional=frozenset(told.get("optional", ())),
            absent=absent,
        )
    except KeyError as missing:
        raise UnreadableFile(f"{where}: {missing.args[0]!r} is missing") from None
    for name in _PLACE.findall(made.key):
        if name not in made.columns and name != "row" and name not in (made.file.groupindex if made.file else ()):
            raise UnreadableFile(f"{where}: the key is made of {name!r}, which is no column of the table")
    return made


def _things(told: Sequence[Mapping[str, Any]], where: str) -> tuple[Thing, ...]:
    things = tuple(_thing(entry, where) for entry in told)
    known = {thing.name for thing in things}
    for thing in things:
        for _, other in thing.states:
            if other not in known:
                raise UnreadableFile(f"{where}, thing {thing.name!r}: there is no thing {other!r} to lead to")
    if not things:
        raise UnreadableFile(f"{where}: a table needs a thing, the record")
    return things


def _thing(told: Mapping[str, Any], where: str) -> Thing:
    here = f"{where}, thing {told.get('name')!r}"
    _known(told, THING_KEYS, here)
    return Thing(
        name=told["name"],
        iri=told.get("iri", ""),
        prefix=told.get("prefix", ""),
        fragment=told.get("fragment", ""),
        named=tuple(told.get("named", ())),
        types=tuple(_term(text, here) for text in told.get("type", ())),
        states=tuple((_term(property, here), other) for property, other in told.get("states", {}).items()),
        values=tuple((_term(property, here), _term(value, here)) for property, value in told.get("values", {}).items()),
        when=tuple(told.get("when", ())),
        each=told.get("each", ""),
    )


def _column(
    name: str, entries: list[Mapping[str, Any]], things: tuple[Thing, ...], absent: frozenset[str], where: str
) -> Column:
    here = f"{where}, column {name!r}"
    together: dict[str, Any] = {}
    for entry in entries:
        _known(entry, USE_KEYS, here)
        together |= entry
    otherwise = together.get("otherwise")
    return Column(
        name,
        tuple(_use(entry, things, here) for entry in entries if "to" in entry),
        together.get("separator", ""),
        absent | {text.casefold() for text in together.get("absent", ())},
        _pattern(together.get("text_only"), here),
        _term(otherwise, here) if otherwise else None,
        together.get("required", False),
    )


def _use(told: Mapping[str, Any], things: tuple[Thing, ...], where: str) -> Use:
    kind = told.get("kind", "code" if "crosswalk" in told or "scheme" in told else "text")
    thing = told.get("of", things[0].name)
    if kind not in KINDS:
        raise UnreadableFile(f"{where}: kind {kind!r} is not known", hint=f"one of {', '.join(KINDS)}")
    if told.get("scheme", "country") not in CodeLists.load().schemes:
        raise UnreadableFile(
            f"{where}: we have no code list {told['scheme']!r}", hint="docs/reference/ontology.md has all"
        )
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", told.get("language", "en")):
        raise UnreadableFile(f"{where}: {told['language']!r} is no language", hint="write it like en or pt-BR")
    if thing not in {one.name for one in things}:
        raise UnreadableFile(f"{where}: there is no thing {thing!r}", hint="name one of the things of the table")
    return Use(
        _term(told["to"], where),
        thing,
        kind,
        told.get("language"),
        told.get("crosswalk"),
        told.get("scheme"),
        told.get("itself", False),
        _pattern(told.get("pattern"), where),
        told.get("iri", ""),
        told.get("prefix", ""),
        told.get("minimum"),
        told.get("maximum"),
    )


def _known(told: Mapping[str, Any], keys: frozenset[str], where: str) -> None:
    for key in told:
        if key not in keys:
            near = nearest(key, keys, likeness=60)
            raise UnreadableFile(f"{where}: {key!r} is not known" + (f"; did you mean {near!r}?" if near else ""))


def _term(text: str, where: str) -> NamedNode:
    try:
        return expand(text)
    except IesiKgError as error:
        raise UnreadableFile(f"{where}: {error.detail}", hint=error.hint) from None


def _pattern(text: str | None, where: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise UnreadableFile(f"{where}: {text!r} is not a pattern: {error}") from None
