"""The texts of findings, the rules of the shapes and the weights of scores to the reference page of findings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from iesi_kg.vocabulary import parts, told, uses

PAGE = "docs/reference/findings.md"
_SHARED = {  # remedies that several findings share
    "bad-address": "address.remedy",
    "unsafe-address": "address.remedy",
    "bidi-character": "character.remedy",
    "invisible-character": "character.remedy",
    "control-character": "character.remedy",
    "replacement-character": "character.remedy",
}
_HEAD = """# Findings

Made by `iesi-kg build` from `ontology/findings.json`, the shapes and `ontology/scoring.json`; not edited.

Every finding of `iesi-kg check` has a code that stays. A *violation* keeps a file from being published, a *warning*
does not, an *info* says how something was read. Words in braces are filled in. Each text is said in English, French,
German, Spanish and Italian (`--lang`). [How to check a file](../how-to/check-a-file.md) says what to do with findings.
"""
_SHAPES = """
## Found by the rules of the shapes

| code | severity | column | meaning and remedy |
|---|---|---|---|"""
_SCORES = """
## Scores

A record has 100 points when every part that applies to it is there; a part of a class (a source, an outcome) counts by
the share of its nodes that say it. The file has the mean of its records.

| score | part | counts |
|---|---|---|"""
_MEMBERS = """
## Members of the JSON

`conforms`, `records`, `findings` (each with `severity`, `sheet`, `row`, `column`, `value`, `message`, `suggestion`,
`code`, `shape`, `focus_node`; `file` where there are several, `line` where RDF shows it) and `score`
(`completeness`, `evidence`, `raise`, `records`).
"""


def page() -> str:
    """The page as it must be committed."""
    return "\n".join([_HEAD, *_reading(), *_of_shapes(), *_scores(), _MEMBERS])


def _reading() -> Iterator[str]:
    yield "## Found while reading, and by comparing\n\n| code | severity | meaning | remedy |\n|---|---|---|---|"
    keys = told.texts()
    for code, severity in sorted(told.severities().items()):
        meant = [key for key in keys if re.fullmatch(rf"{code}(?!\.remedy)(\.\w+)?", key)]
        mends = [key for key in keys if re.fullmatch(rf"{code}\.remedy(\.\w+)?", key)] or [_SHARED.get(code, "")]
        meaning, remedy = (_cell(*(keys[key]["en"] for key in found if key)) for found in (meant, mends))
        yield f"| `{code}` | {severity} | {meaning} | {remedy or 'what the suggestion says'} |"


def _of_shapes() -> Iterator[str]:
    yield _SHAPES
    for rule in sorted(uses.rules(), key=lambda rule: rule.code):
        column = f"`{rule.column}`" if rule.column else ""
        yield f"| `{rule.code}` | {rule.severity} | {column} | {_cell(rule.messages['en'])} |"


def _scores() -> Iterator[str]:
    yield _SCORES
    for part in parts.made():
        yield f"| {part.dimension} | `{part.column}` of {part.kind.rsplit('#', 1)[1]} | {part.weight} |"


def _cell(*sentences: str) -> str:
    return " / ".join(sentence.replace("|", "\\|") for sentence in sentences)
