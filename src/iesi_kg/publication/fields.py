"""The template to the fields of a form for one record, and what was filled in to a table of one row for the same walk.

A column that holds several values is filled place by place; the columns of a group are filled together, place by place.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from typing import Any

from iesi_kg import assets
from iesi_kg.publication import workflow
from iesi_kg.records import Finding, Report, SourceFile
from iesi_kg.vocabulary.codelists import CodeLists
from iesi_kg.vocabulary.told import tagged

MOST_PLACES = 30
_LANGUAGE = "en"

Filled = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Field:
    """One column as a field: its titles by language, its help, and where its values come from."""

    name: str
    titles: Mapping[str, str]
    help: str
    required: bool
    kind: str
    code_list: str | None
    long: bool

    def title(self, language: str) -> str:
        """What the field is called."""
        return self.titles.get(language) or self.titles.get(_LANGUAGE) or self.name


@dataclass(frozen=True, slots=True)
class Block:
    """Fields that are filled together; one that repeats is filled place by place."""

    name: str
    fields: tuple[Field, ...]
    repeats: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """What was filled in, judged: the file it makes, the verdict, and the findings at their fields and places.

    ``elsewhere`` are those of no field of the form.
    """

    source: SourceFile
    report: Report
    at: Mapping[str, Sequence[Finding]]
    elsewhere: Sequence[Finding]


@lru_cache(maxsize=64)
def blocks(part: str | None = None) -> tuple[Block, ...]:
    """The form: the basic columns, or those of a part of the template, in their order."""
    table = json.loads(assets.text("ontology/template.json"))
    columns = [facts for facts in table["tableSchema"]["columns"] if facts.get("iesi:part") == part]
    groups: dict[str, list[dict[str, Any]]] = {}
    for facts in columns:
        groups.setdefault(facts.get("iesi:group") or facts["name"], []).append(facts)
    return tuple(
        Block(name, tuple(_field(facts) for facts in found), "separator" in found[0]) for name, found in groups.items()
    )


def parts() -> tuple[str, ...]:
    """The parts of the template beside the basic columns."""
    return workflow.template().parts


def options(code_list: str, language: str) -> list[tuple[str, str]]:
    """The codes of a list with their labels, which a field understands as well."""
    concepts = CodeLists.load().concepts(code_list)
    return [(concept.notation, concept.labels.get(language, concept.label)) for concept in concepts]


def table(filled: Filled) -> SourceFile:
    """The table of one row that a form makes."""
    basic = {field.name for block in blocks() for field in block.fields}
    names, cells = [], []
    for name in workflow.template().by_name:
        texts = [text.strip() for text in filled.get(name, ())]
        while texts and not texts[-1]:
            texts.pop()
        if texts or name in basic:
            names.append(name)
            cells.append("|".join(text.replace("|", "/") for text in texts))
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([names, cells])
    return SourceFile("form.csv", text.getvalue().encode())


def placed(source: SourceFile, report: Report, filled: Filled) -> Checked:
    """The findings at the field, and the place of it, that they are about: ``name`` or ``name.2``."""
    at: dict[str, list[Finding]] = {}
    elsewhere: list[Finding] = []
    order = list(workflow.template().by_name)
    for finding in sorted(report.findings, key=lambda f: order.index(f.column) if f.column in order else -1):
        where = _place(finding, filled)
        (at.setdefault(where, []) if where else elsewhere).append(finding)
    return Checked(source, report, at, elsewhere)


def _place(finding: Finding, filled: Filled) -> str:
    column = finding.column or ""
    if column not in workflow.template().by_name:
        return ""
    texts = [text.strip() for text in filled.get(column, ())]
    return f"{column}.{texts.index(finding.value)}" if finding.value and finding.value in texts else column


def read(given: Mapping[str, str]) -> dict[str, list[str]]:
    """The texts of a form that was sent, by column and place; what is no field of the form is left out."""
    found: dict[str, dict[int, str]] = {}
    for key, text in given.items():
        name, _, place = key.rpartition(".")
        if name in workflow.template().by_name and place.isdigit() and int(place) < MOST_PLACES:
            found.setdefault(name, {})[int(place)] = text
    return {name: [places.get(n, "") for n in range(max(places) + 1)] for name, places in found.items()}


def places(block: Block, filled: Filled, more: str = "") -> int:
    """How many places of a block are shown: those that are filled, and one more where it was asked for."""
    shown = max((len(filled.get(field.name, ())) for field in block.fields), default=0) or 1
    return min(MOST_PLACES, shown + (block.name == more))


def _field(facts: Mapping[str, Any]) -> Field:
    datatype = facts.get("datatype", "string")
    base = datatype if isinstance(datatype, str) else datatype["base"]
    titles = {code: title if isinstance(title, str) else title[0] for code, title in facts.get("titles", {}).items()}
    return Field(
        name=facts["name"],
        titles=titles,
        help=tagged(facts.get("dc:description", "")),
        required=facts.get("required", False),
        kind=base,
        code_list=facts.get("iesi:codeList"),
        long=base == "string" and "lang" in facts and "separator" not in facts,
    )


def titles(language: str) -> dict[str, str]:
    """What each column is called."""
    every = (field for part in (None, *parts()) for block in blocks(part) for field in block.fields)
    return {field.name: field.title(language) for field in every}


def code_lists(shown: Sequence[Block]) -> Iterator[str]:
    """The code lists that the fields of some blocks take."""
    yield from dict.fromkeys(field.code_list for block in shown for field in block.fields if field.code_list)
