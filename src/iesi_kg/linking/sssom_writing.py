"""A mapping set as the text of a file: SSSOM/TSV with its head; the same set gives the same bytes.

https://mapping-commons.github.io/sssom/spec-formats-tsv/
"""

from __future__ import annotations

import re

from iesi_kg.linking import sssom_header
from iesi_kg.linking.sssom_model import Mapping, MappingSet
from iesi_kg.vocabulary import sssom

_FIRST = (
    "record_id",
    "subject_id",
    "subject_label",
    "predicate_id",
    "predicate_modifier",
    "object_id",
    "object_label",
    "mapping_justification",
    "confidence",
    "similarity_score",
    "similarity_measure",
)
_COLUMNS = (*_FIRST, *(name for name in Mapping.__dataclass_fields__ if name not in _FIRST))


def write(mappings: MappingSet) -> str:
    """The text of a file; columns in which nothing stands, or only what the head tells of all, are left out."""
    told = mappings.slots
    columns = [
        name
        for name in _COLUMNS
        if name in sssom.NEEDED or any(_differs(getattr(item, name), told.get(name)) for item in mappings.mappings)
    ]
    head = {
        "sssom_version": sssom.VERSION,
        "mapping_set_id": mappings.mapping_set_id,
        **{name: list(value) if isinstance(value, tuple) else value for name, value in told.items()},
        "license": mappings.license,
        "curie_map": dict(mappings.curie_map),
    }
    rows = ["\t".join(_cell(getattr(item, name)) for name in columns) for item in mappings.mappings]
    return "\n".join([*sssom_header.written(head), "\t".join(columns), *rows]) + "\n"


def _differs(value: object, told: object) -> bool:
    return value not in ("", (), None) and value != told


def _cell(value: str | float | tuple[str, ...] | None) -> str:
    """A value as a cell; no tab and no end of line stands in one, as the format has no sign for them."""
    if isinstance(value, tuple):
        return "|".join(_cell(part).replace("|", "\\|") for part in value)
    if value is None:
        return ""
    if isinstance(value, float | int):
        return f"{value:.6g}"
    text = re.sub(r"\s+", " ", value).strip()
    return '"' + text.replace('"', '""') + '"' if text.startswith('"') else text
