"""The text of a mapping file to its set, or to every fault in it, each with line, column, cause and remedy.

https://mapping-commons.github.io/sssom/spec-formats-tsv/
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, fields
from datetime import date
from io import StringIO

from iesi_kg.errors import IllFormedMappings
from iesi_kg.linking import sssom_header
from iesi_kg.linking.circles import circles
from iesi_kg.linking.sssom_header import Head
from iesi_kg.linking.sssom_model import Mapping, MappingSet, Texts, expanded
from iesi_kg.vocabulary import sssom
from iesi_kg.vocabulary.namespaces import SEMAPV
from iesi_kg.vocabulary.spelling import nearest
from iesi_kg.vocabulary.sssom import Slot

MOST_FAULTS = 100
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_CUT = re.compile(r"(?<!\\)\|")
_FIELDS = frozenset(item.name for item in fields(Mapping))
Read = str | float | Texts


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one place: line and column are counted from 1, as an editor shows them."""

    line: int
    column: int
    slot: str
    message: str
    hint: str

    def told(self) -> dict[str, object]:
        return {"line": self.line, "column": self.column, "slot": self.slot, "message": self.message, "hint": self.hint}


def read(text: str, name: str) -> MappingSet:
    """The mapping set of a file. Raises IllFormedMappings with all its faults."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    length = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    head = sssom_header.read([line[1:] for line in lines[:length]], name)
    reading = _Reading(name, head, length)
    found = reading.mappings("\n".join(lines[length:]))
    if reading.faults:
        raise _refusal(name, reading.faults)
    return MappingSet(
        mappings=tuple(found),
        mapping_set_id=str(head.values["mapping_set_id"]),
        license=str(head.values["license"]),
        curie_map=reading.prefixes,
        slots=reading.slots,
    )


def _refusal(name: str, faults: list[Fault]) -> IllFormedMappings:
    first, more = faults[0], len(faults) - 1
    rest = f", and {more} more" if more else ""
    return IllFormedMappings(
        f"{name}, line {first.line}, column {first.column} ({first.slot}): {first.message}{rest}",
        hint=first.hint,
        line=first.line,
        column=first.column,
        faults=[fault.told() for fault in faults[:MOST_FAULTS]],
    )


class _Reading:
    """One file while it is read; faults are gathered, so that a file is mended in one go."""

    def __init__(self, name: str, head: Head, length: int) -> None:
        self.faults: list[Fault] = []
        self._name, self._head, self._length = name, head, length
        told = head.values.get("curie_map", {})
        self.prefixes: Dictionary[str, str] = told if isinstance(told, dict) else {}
        self._needs("mapping_set_id", "write `#mapping_set_id: https://...` above the table")
        self._needs("license", "write `#license: https://...` above the table")
        self.slots = dict(self._of_head())
        self._handed_down = {
            key: value for key, value in self.slots.items() if key in sssom.OF_SET and sssom.OF_SET[key].handed_down
        }

    def _fault(self, line: int, column: int, slot: str, message: str, hint: str) -> None:
        self.faults.append(Fault(line, column, slot, message, hint))

    def _needs(self, slot: str, hint: str) -> None:
        if not self._head.values.get(slot):
            self._fault(1, 1, slot, f"the head tells no {slot}", hint)

    def _of_head(self) -> Iterator[tuple[str, str | Texts]]:
        for key, value in self._head.values.items():
            line = self._head.lines[key]
            if key in ("curie_map", "extension_definitions"):
                continue
            slot = sssom.OF_SET.get(key)
            if slot is None:
                self._unknown(line, 1, key, sssom.OF_SET)
                continue
            for one in value if isinstance(value, list) else [value]:
                self._checked(str(one), slot, line, len(key) + 3)
            if key not in ("mapping_set_id", "license"):
                yield key, tuple(value) if isinstance(value, list) else (str(value),) if slot.many else str(value)

    def _unknown(self, line: int, column: int, name: str, known: Dictionary[str, Slot]) -> None:
        meant = nearest(name, known, likeness=75)
        if meant:
            self._fault(line, column, name, f"{name} is no slot of SSSOM", f"did you mean {meant}?")

    def mappings(self, table: str) -> list[Mapping]:
        """The rows of the table as mappings, those with a fault left out."""
        rows = csv.reader(StringIO(table, newline=""), delimiter="\t", strict=False)
        header = next(rows, [])
        line = self._length + 1
        for at, name in enumerate(header):
            if name not in sssom.OF_MAPPING:
                self._unknown(line, at + 1, name, sssom.OF_MAPPING)
        for slot in sssom.NEEDED:
            if slot not in header:
                self._fault(line, 1, slot, f"the table has no column {slot}", "add it: every mapping needs it")
        if self.faults:
            return []
        found, places = list[Mapping](), list[int]()
        for row in rows:
            line = self._length + rows.line_num
            if any(cell.strip() for cell in row) and (mapping := self._row(header, row, line)):
                found.append(mapping)
                places.append(line)
        self._refuse_contradictions(header, found, places)
        self._refuse_circles(header, found, places)
        return found

    def _row(self, header: list[str], row: list[str], line: int) -> Mapping | None:
        before = len(self.faults)
        if len(row) > len(header):
            self._fault(line, len(header) + 1, "", f"{len(row)} cells under {len(header)} columns", "remove the tab")
        values: dict[str, Read] = {}
        for at, (name, cell) in enumerate(zip(header, row, strict=False)):
            if name in _FIELDS and cell.strip():
                values[name] = self._cell(cell.strip(), sssom.OF_MAPPING[name], line, at + 1)
        for name in sssom.NEEDED:
            if name not in values:
                self._fault(line, header.index(name) + 1, name, f"{name} is empty", "every mapping needs it")
        if len(self.faults) > before:
            return None
        return Mapping(**{**self._handed_down, **values})  # type: ignore[arg-type]

    def _cell(self, cell: str, slot: Slot, line: int, column: int) -> Read:
        if slot.many:
            parts = tuple(part.strip().replace("\\|", "|") for part in _CUT.split(cell))
            for part in parts:
                self._checked(part, slot, line, column)
            return parts
        self._checked(cell, slot, line, column)
        return float(cell) if slot.kind == "number" and _is_share(cell) else cell

    def _checked(self, value: str, slot: Slot, line: int, column: int) -> None:
        """Note what is wrong with one value of a slot."""
        if wrong := self._wrong(value, slot):
            self._fault(line, column, slot.name, *wrong)

    def _wrong(self, value: str, slot: Slot) -> tuple[str, str] | None:
        if slot.kind == "entity":
            return self._wrong_entity(value, slot)
        if slot.kind == "uri" and not _URI.fullmatch(value):
            return f"{value!r} is not an address", "write it in full, like https://example.org/"
        if slot.kind == "date" and not _is_date(value):
            return f"{value!r} is not a date", "write it as YYYY-MM-DD, like 2026-11-23"
        if slot.kind == "number" and not _is_share(value):
            return f"{value!r} is not a number from 0 to 1", "write 1 for certain, 0.5 for as likely as not"
        known = sssom.VALUES.get(slot.kind)
        if known is not None and value not in known:
            meant = nearest(value, known, likeness=60)
            return f"{value!r} is no value of {slot.name}", f"did you mean {meant}?" if meant else _one_of(known)
        return None

    def _wrong_entity(self, value: str, slot: Slot) -> tuple[str, str] | None:
        iri = expanded(value, self.prefixes)
        if iri is None or not _URI.fullmatch(iri):
            return self._unknown_prefix(value)
        if slot.name == "predicate_id" and iri not in sssom.PREDICATES:
            return _not_among(value, iri, "predicate", sssom.PREDICATES, self.prefixes)
        if slot.name == "mapping_justification" and iri not in sssom.JUSTIFICATIONS:
            return _not_among(value, iri, "justification", sssom.JUSTIFICATIONS, {"semapv": SEMAPV})
        return None

    def _unknown_prefix(self, value: str) -> tuple[str, str]:
        prefix, colon, _ = value.partition(":")
        if not colon:
            return f"{value!r} is neither an IRI nor a prefix and a name", "write it like initiative:smart"
        known = {**sssom.BUILT_IN, **self.prefixes}
        near = nearest(prefix, known, likeness=60)
        asked = f"did you mean {near}:? else " if near and near != prefix else ""
        if prefix in known:
            return f"{value!r} does not make an IRI", "write the name behind the prefix without blanks"
        return (
            f"the prefix {prefix}: in {value!r} is not in the curie_map",
            f"{asked}add `{prefix}: https://...` under `#curie_map:` in the head",
        )

    def _refuse_contradictions(self, header: list[str], found: list[Mapping], places: list[int]) -> None:
        """The same pair accepted and rejected by the same reviewer, or by nobody, at the same time."""
        seen: dict[tuple[object, ...], tuple[bool, int]] = {}
        for mapping, line in zip(found, places, strict=True):
            pair = frozenset(expanded(name, self.prefixes) for name in (mapping.subject_id, mapping.object_id))
            when = mapping.review_date or mapping.mapping_date
            who = mapping.reviewer_id or mapping.reviewer_label or mapping.author_id or mapping.author_label
            key = (pair, expanded(mapping.predicate_id, self.prefixes), who, when)
            before = seen.setdefault(key, (mapping.is_negative, line))
            if before[0] != mapping.is_negative:
                self._fault(
                    line,
                    1 + header.index("predicate_modifier"),
                    "predicate_modifier",
                    f"{mapping.subject_id} and {mapping.object_id} are accepted and rejected by the same reviewer at "
                    f"the same time: see line {before[1]}",
                    "keep the decision that holds, or give the later one its later date",
                )

    def _refuse_circles(self, header: list[str], found: list[Mapping], places: list[int]) -> None:
        """Things that are part of themselves."""
        lines = {
            (mapping.subject_id, mapping.object_id): line
            for mapping, line in zip(found, places, strict=True)
            if expanded(mapping.predicate_id, self.prefixes) == sssom.PART_OF.value and not mapping.is_negative
        }
        for circle in circles(lines):
            steps = [lines[step] for step in zip(circle, (*circle[1:], circle[0]), strict=True)]
            self._fault(
                min(steps),
                1 + header.index("predicate_id"),
                "predicate_id",
                f"part of itself: {' is part of '.join((*circle, circle[0]))}; see lines {', '.join(map(str, steps))}",
                "a part is smaller than its whole: take one of these mappings out",
            )


def _not_among(
    value: str, iri: str, what: str, known: frozenset[str], prefixes: Dictionary[str, str]
) -> tuple[str, str]:
    local = {_local(one): one for one in known}
    near = nearest(_local(iri), local, likeness=80)
    if near is None:
        return f"{value!r} is no {what} known here", _one_of(local)
    spaces = {**sssom.BUILT_IN, **prefixes}.items()
    short = (f"{prefix}:{near}" for prefix, space in spaces if space + near == local[near])
    return f"{value!r} is no {what} known here", f"did you mean {next(short, local[near])}?"


def _local(iri: str) -> str:
    return re.split(r"[/#]", iri)[-1]


def _one_of(names: Iterable[str]) -> str:
    return f"one of {', '.join(sorted(names))}"


def _is_share(value: str) -> bool:
    try:
        return 0 <= float(value) <= 1
    except ValueError:
        return False


def _is_date(value: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value) and date.fromisoformat(value))
    except ValueError:
        return False
