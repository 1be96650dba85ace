"""A table of links to review, as `iesi-kg link --review` writes it and a spreadsheet program keeps it, to mappings.

What somebody filled in under ``decision`` comes with it; nothing is decided by reading.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from io import StringIO

from iesi_kg.errors import IllFormedMappings
from iesi_kg.linking.sssom_model import Mapping, MappingSet
from iesi_kg.linking.sssom_reading import read
from iesi_kg.linking.sssom_writing import write
from iesi_kg.vocabulary import iris, sssom
from iesi_kg.vocabulary.curies import shorten
from iesi_kg.vocabulary.namespaces import BASE, IESI, ORG

DECISIONS = {
    "a": "accepted",
    "accept": "accepted",
    "accepted": "accepted",
    "r": "rejected",
    "reject": "rejected",
    "rejected": "rejected",
    "u": "unsure",
    "unsure": "unsure",
    "": "",
}
_LICENCE = "https://creativecommons.org/licenses/by/4.0/"
_NEEDED = ("left_id", "right_id", "decision")
_RELATIONS = {
    "same initiative": sssom.SAME_INITIATIVE,
    "same organisation": sssom.SAME_ORGANISATION,
    "part of": sssom.PART_OF,
}
_FOUND = "semapv:CompositeMatching"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The links of a table, and for each what was decided, or nothing, with its reason."""

    mappings: MappingSet
    decisions: tuple[tuple[str, str], ...]


def read_review(text: str, name: str) -> Reviewed:
    """The links of a table of values, separated as its first line is. Raises IllFormedMappings."""
    lines = text.removeprefix("\ufeff")
    first = lines.partition("\n")[0]
    rows = csv.DictReader(StringIO(lines, newline=""), delimiter=max(",;\t", key=first.count))
    missing = [column for column in _NEEDED if column not in (rows.fieldnames or ())]
    if missing:
        hint = "`iesi-kg link --review` writes such a table"
        raise _ill_formed(name, 1, f"the table has no column {missing[0]}", hint)
    found, decisions = list[Mapping](), list[tuple[str, str]]()
    for row in rows:
        told = (row.get("decision") or "").strip().casefold()
        if told not in DECISIONS:
            raise _ill_formed(name, rows.line_num, f"{told!r} is no decision", "write a, r or u, or leave it empty")
        found.append(_mapping(row))
        decisions.append((DECISIONS[told], (row.get("decision_reason") or "").strip()))
    return Reviewed(_checked(found, name), tuple(decisions))


def _mapping(row: Dictionary[str, str | None]) -> Mapping:
    cells = {column: (value or "").strip() for column, value in row.items() if isinstance(value, str)}
    kind = "organisation" if "organisation" in cells["left_id"].partition(":")[0] else "initiative"
    relation = "part of" if cells.get("relation") == "part of" else f"same {kind}"
    predicate = _RELATIONS[relation]
    sure = cells.get("confidence", "")
    return Mapping(
        subject_id=cells["left_id"],
        subject_label=cells.get("left_name", ""),
        predicate_id=shorten(predicate),
        object_id=cells["right_id"],
        object_label=cells.get("right_name", ""),
        mapping_justification=_FOUND,
        confidence=float(sure) if _is_number(sure) else None,
        comment=cells.get("reason", ""),
    )


def _checked(found: list[Mapping], name: str) -> MappingSet:
    """The mappings under the same rules as those of a mapping file."""
    used = {side.partition(":")[0] for item in found for side in (item.subject_id, item.object_id) if ":" in side}
    ours = {kind: f"{BASE}id/{kind}/" for kind in ("initiative", "organisation")}
    spaces = {prefix: ours.get(prefix, iris.peer_record(prefix, "").value) for prefix in used - {"http", "https"}}
    whole = MappingSet(
        mappings=tuple(found),
        mapping_set_id=iris.mapping_set("candidates").value,
        license=_LICENCE,
        curie_map={**spaces, "iesi": IESI, "org": ORG},
    )
    return read(write(whole), name)


def _is_number(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def _ill_formed(name: str, line: int, message: str, hint: str) -> IllFormedMappings:
    fault = {"line": line, "column": 1, "slot": "", "message": message, "hint": hint}
    return IllFormedMappings(f"{name}, line {line}: {message}", hint=hint, line=line, column=1, faults=[fault])
