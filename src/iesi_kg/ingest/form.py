"""``ontology/sheets.json`` turned into the sheets of a workbook: which columns stand where, and the words on them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from iesi_kg import assets
from iesi_kg.ingest.csv import name_of
from iesi_kg.ingest.template import Column, Node, Template

LANGUAGES = ("en", "fr", "de", "es", "it")
LINK, MARK, IRI, VERSION = "link", "mark", "iri", "version"
BASE = "iesi-kg base"
BASE_HEADER = (IRI, "column", "position", "text")


@dataclass(frozen=True, slots=True)
class Given:
    """A column of a directory: what it says of a thing is given to these columns wherever the thing is named."""

    name: str
    titles: Mapping[str, str]
    gives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SheetForm:
    """One sheet: the records themselves, the rows of one aligned group, or a directory of things by their name."""

    name: str
    titles: Mapping[str, str]
    group: str | None
    directory: tuple[Given, ...]
    always: bool

    @property
    def is_root(self) -> bool:
        """Whether its rows are the records."""
        return self.group is None and not self.directory


@dataclass(frozen=True)
class Form:
    """All sheets in their order, the columns beside those of the template, and the words in each language."""

    sheets: tuple[SheetForm, ...]
    aside: Mapping[str, Mapping[str, str]]
    words: Mapping[str, Any]

    @staticmethod
    @cache
    def load() -> Form:
        """The form of the bundle, read once."""
        facts = json.loads(assets.text("ontology/sheets.json"))
        return Form(tuple(map(_sheet, facts["sheets"])), facts["aside"], facts["words"])

    @cached_property
    def root(self) -> SheetForm:
        """The sheet of the records."""
        return next(sheet for sheet in self.sheets if sheet.is_root)

    @cached_property
    def directory(self) -> SheetForm:
        """The sheet of things that others name."""
        return next(sheet for sheet in self.sheets if sheet.directory)

    @cached_property
    def aside_by_header(self) -> Mapping[str, str]:
        """The columns beside the template's by every text that their header may have."""
        return {name_of(text): name for name, titles in self.aside.items() for text in (name, *titles.values())}

    def known(self, template: Template) -> frozenset[str]:
        """Every text that a header of a sheet may have."""
        given = (
            name_of(text) for column in self.directory.directory for text in (column.name, *column.titles.values())
        )
        return frozenset((*template.by_header, *self.aside_by_header, *given))

    def named(self, title: str) -> SheetForm | None:
        """The sheet that a title means, in any language."""
        wanted = name_of(title)
        return next((s for s in self.sheets if wanted in (s.name, *map(name_of, s.titles.values()))), None)

    def is_book(self, titles: Iterable[str]) -> bool:
        """Whether these are the sheets of such a workbook, and not of one with a single table."""
        found = [self.named(title) for title in titles]
        return BASE in titles or any(sheet is not None and not sheet.is_root for sheet in found)

    def mentions(self, template: Template) -> Iterator[tuple[Column, list[tuple[Given, Column]]]]:
        """Each column that names a thing of the directory, with the columns of its node that the directory fills."""
        first, *others = self.directory.directory
        for name in first.gives:
            mention = template.by_name[name]
            given = ((other, template.by_name[c]) for other in others for c in other.gives)
            yield mention, [(other, column) for other, column in given if column.node == mention.node]


def columns_of(sheet: SheetForm, columns: Iterable[Column]) -> list[Column]:
    """Those of the columns that stand on a sheet."""
    return [] if sheet.directory else [column for column in columns if column.group == sheet.group]


def row_node(template: Template, group: str) -> Node:
    """The node that one row of a group stands for."""
    return next(node for node in template.nodes if node.group == group and node.fragment)


def word(texts: Mapping[str, str], lang: str) -> str:
    """A text in a language, else in English."""
    return texts.get(lang) or texts["en"]


def _sheet(facts: Mapping[str, Any]) -> SheetForm:
    given: Sequence[Mapping[str, Any]] = facts.get("directory", ())
    directory = tuple(Given(item["name"], item["titles"], tuple(item["gives"])) for item in given)
    return SheetForm(facts["name"], facts["titles"], facts.get("group"), directory, facts.get("always", False))
