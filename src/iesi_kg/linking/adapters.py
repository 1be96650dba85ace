"""Files of another database to statements in our ontology, by a folder that describes it (data/adapters).

Nothing here knows a database: title, licence, columns, codes and counts stand in ``adapter.json`` of its folder, the
mappings of codes in SKOS beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pyoxigraph import Quad, Triple

from iesi_kg import assets
from iesi_kg.errors import NotFound, UnreadableFile, UsageError
from iesi_kg.linking import adapters_findings, adapters_mapping, adapters_tables, adapters_told
from iesi_kg.linking import adapters_values as values
from iesi_kg.linking.adapters_mapping import Table
from iesi_kg.linking.adapters_records import Records, Seen
from iesi_kg.linking.adapters_tables import Fingerprint, PeerFile
from iesi_kg.linking.adapters_told import About, Licence, Read
from iesi_kg.linking.crosswalk import Crosswalk
from iesi_kg.records import Finding, SourceFile
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.spelling import nearest

FOLDER = "data/adapters"
FILE = "adapter.json"
_SHARED = "crosswalks"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LIKE = 50.0


@dataclass(frozen=True, slots=True)
class Edition:
    """A version of a database that the adapter was tried on: its files by digest and how many records they hold."""

    version: str
    records: int
    files: frozenset[str]
    issued: str = ""


@dataclass(frozen=True, slots=True)
class Adapter:
    """How one database is read."""

    about: About
    editions: tuple[Edition, ...]
    tables: tuple[Table, ...]
    walk: Crosswalk
    mojibake: bool
    digest: str
    version: str

    @property
    def name(self) -> str:
        return self.about.name

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What its records are called by: the part of a CURIE before the key."""
        return tuple(dict.fromkeys(table.prefix for table in self.tables))

    def read(
        self, files: Sequence[SourceFile | PeerFile], *, version: str | None = None, at: datetime | None = None
    ) -> Adapted:
        """The statements of these files, made while they are read. Raises UnreadableFile at once or on the way."""
        opened = [adapters_tables.openable(file) for file in sorted(files, key=lambda file: file.name)]
        if not opened:
            raise UnreadableFile(f"no file was named for {self.name}", hint="name the files of the database")
        return Adapted(self, opened, version, at)


class Adapted:
    """One reading of a database. ``quads`` can be gone through once; what was found stands in ``findings`` then."""

    def __init__(self, adapter: Adapter, files: Sequence[PeerFile], version: str | None, at: datetime | None) -> None:
        self._adapter = adapter
        self._parts, strange = _told_apart(adapter, files)
        self.left_out = tuple(adapters_findings.left_out(strange))
        self._marks = [(file.name, adapters_tables.fingerprint(file)) for file, _, _ in self._parts]
        self._seen = Seen()
        self._at = at
        self.edition = _edition(adapter, [mark for _, mark in self._marks])
        self.version = version or (self.edition.version if self.edition else _unknown(adapter, self._marks))
        self.graph = iris.peer_graph(adapter.name, self.version)
        self.records = 0
        self.findings: Sequence[Finding] = ()
        self.quads: Iterator[Quad] = self._quads()

    def _quads(self) -> Iterator[Quad]:
        triples = 0
        for triple in self._triples():
            triples += 1
            yield Quad(triple.subject, triple.predicate, triple.object, self.graph)
        for triple in adapters_told.counts(self.graph, self.records, triples):
            yield Quad(triple.subject, triple.predicate, triple.object, self.graph)
        given = {mark.sha256 for _, mark in self._marks}
        found = adapters_findings.findings(self._adapter, self.edition, given, self.records, self._seen)
        self.findings = (*self.left_out, *found)

    def _triples(self) -> Iterator[Triple]:
        issued = self.edition.issued if self.edition else ""
        read = Read(self.graph, self.version, self._marks, self._adapter.digest, self._at, issued)
        kept = {name: name for _, table, names in self._parts for name in names if not table.is_left_out(name)}
        yield from adapters_told.statements(self._adapter.about, read, kept)
        makers: dict[str, Records] = {}
        for file, table, _ in self._parts:
            maker = makers.setdefault(table.name, self._maker(table))
            extra = _named(table, file)
            for row in adapters_tables.rows(file, table.format, table.items):
                self.records += table.counted
                yield from maker.statements(row, extra, file.name)

    def _maker(self, table: Table) -> Records:
        adapter = self._adapter
        return Records(adapter.name, table, adapter.walk, self._seen, mojibake=adapter.mojibake)


def names() -> tuple[str, ...]:
    """The databases that an adapter is shipped for."""
    return tuple(name for name in assets.folders(FOLDER) if name != _SHARED)


def load(name: str) -> Adapter:
    """The adapter of this name, or the one in a folder of the user. Raises UsageError, UnreadableFile."""
    if name in names():
        return _adapter(assets.content(f"{FOLDER}/{name}/{FILE}"), f"{name}/{FILE}", assets.root() / FOLDER / name)
    folder = Path(name)
    if (folder / FILE).is_file():
        return _adapter((folder / FILE).read_bytes(), str(folder / FILE), folder)
    if folder.is_dir():
        raise UsageError(f"the folder {name} has no file {FILE}", hint="docs/how-to/add-a-database.md shows one")
    near = nearest(name, names(), likeness=_LIKE)
    known = ", ".join(names())
    raise UsageError(
        f"there is no adapter {name!r}" + (f"; did you mean {near}?" if near else ""),
        hint=f"there are {known}; or name a folder of your own that holds {FILE}",
    )


def _adapter(content: bytes, where: str, folder: Path) -> Adapter:
    try:
        told = json.loads(content)
    except ValueError as error:
        raise UnreadableFile(f"{where} is not JSON: {error}") from None
    try:
        absent = frozenset(text.casefold() for text in ("", *told.get("absent", ())))
        tables = [adapters_mapping.table(entry, absent, where) for entry in told["tables"]]
        walk = Crosswalk.of_assets(told.get("crosswalks", ()), folder)
        return Adapter(
            _about(told, where),
            tuple(_told_edition(entry) for entry in told.get("editions", ())),
            tuple(tables),
            _checked(walk, tables, where),
            told.get("mojibake", False),
            sha256(content).hexdigest(),
            told["version"],
        )
    except KeyError as missing:
        raise UnreadableFile(f"{where}: {missing.args[0]!r} is missing") from None
    except NotFound as missing:
        raise UnreadableFile(f"{where}: {missing.detail}", hint="a crosswalk is a .ttl file beside it") from None


def _about(told: Mapping[str, Any], where: str) -> About:
    licence = told["licence"]
    for address in filter(None, (told["address"], licence["address"], told["publisher"].get("page"))):
        if values.addresses(address) != [address]:
            raise UnreadableFile(f"{where}: {address!r} is not a web address")
    if not _NAME.fullmatch(told["name"]):
        raise UnreadableFile(f"{where}: the name {told['name']!r} is not made of small letters, digits and hyphens")
    return About(
        told["name"],
        told["title"],
        told.get("description", told["title"]),
        told["publisher"]["name"],
        told["publisher"].get("page", ""),
        Licence(licence["address"], licence["name"], licence.get("shareable", False), licence.get("note", "")),
        told.get("attribution", ""),
        told["address"],
        told.get("language", "en"),
        tuple(told.get("defects", ())),
    )


def _told_edition(told: Mapping[str, Any]) -> Edition:
    return Edition(told["version"], told["records"], frozenset(told.get("sha256", ())), told.get("issued", ""))


def _checked(walk: Crosswalk, tables: Sequence[Table], where: str) -> Crosswalk:
    """Every crosswalk that a column asks for is there."""
    for table in tables:
        for column in table.columns.values():
            for use in column.uses:
                if use.crosswalk and not walk.has(use.crosswalk):
                    raise UnreadableFile(
                        f"{where}: no crosswalk holds the scheme {use.crosswalk!r} of column {column.name!r}",
                        hint="name its file under crosswalks; the scheme is the last step of skos:inScheme",
                    )
    return walk


def _told_apart(
    adapter: Adapter, files: Sequence[PeerFile]
) -> tuple[list[tuple[PeerFile, Table, list[str]]], dict[str, str]]:
    """The files with their tables; and what stands beside them in a folder and is no file of the database, with why.

    Raises UnreadableFile for a file that was named itself, and for a folder with no file of the database.
    """
    parts, strange = [], dict[str, UnreadableFile]()
    for file in files:
        try:
            parts.append((file, *_table_of(adapter, file)))
        except UnreadableFile as error:
            if file.named:
                raise
            strange[file.name] = error
    if not parts:
        raise next(iter(strange.values()))
    return parts, {name: error.detail for name, error in strange.items()}


def _table_of(adapter: Adapter, file: PeerFile) -> tuple[Table, list[str]]:
    """Which table of the database a file is, by its columns. Raises UnreadableFile that names what is missing."""
    form = adapters_tables.looks_like(file)
    fitting = [table for table in adapter.tables if table.format == form]
    if not form:
        raise UnreadableFile(f"{file.name} is empty", hint=f"hand in a file of {adapter.about.title}")
    if not fitting:
        wanted = " or ".join(sorted({table.format.upper() for table in adapter.tables}))
        raise UnreadableFile(f"{file.name} is {form.upper()}; {adapter.name} reads {wanted}")
    found = [(table, adapters_tables.header(file, form, table.items)) for table in fitting]
    table, columns = max(found, key=lambda pair: sum(name in pair[0].columns for name in pair[1]))
    if not columns:
        return table, []
    missing = [name for name in table.required if name not in columns]
    if missing:
        lacks = adapters_findings.lacks(missing, [name for name in columns if name not in table.columns])
        raise UnreadableFile(
            f"{file.name} is no file of {adapter.name} as known here: {lacks}",
            hint=f"its columns are {', '.join(columns[:30])}",
        )
    return table, columns


def _named(table: Table, file: PeerFile) -> dict[str, str]:
    """What the name of a file says, as the number of a catalogue."""
    if table.file is None:
        return {}
    found = table.file.search(file.name)
    if found is None:
        raise UnreadableFile(
            f"the name {file.name!r} does not say what the key of its records needs",
            hint=f"keep the name that the database gives it: {table.title}",
        )
    return {name: text for name, text in found.groupdict().items() if text is not None}


def _edition(adapter: Adapter, marks: Sequence[Fingerprint]) -> Edition | None:
    """The edition whose files these are."""
    given = {mark.sha256 for mark in marks}
    return next((edition for edition in adapter.editions if edition.files and given >= edition.files), None)


def _unknown(adapter: Adapter, marks: Sequence[tuple[str, Fingerprint]]) -> str:
    """A version for files that no edition knows; the declared one where the adapter knows none by digest."""
    if not any(edition.files for edition in adapter.editions):
        return adapter.version
    together = sha256("".join(sorted(mark.sha256 for _, mark in marks)).encode()).hexdigest()
    return f"{adapter.version}-{together[:12]}"
