"""The head of a mapping file, lines of YAML behind ``#``, to slots with their lines, and back.

https://mapping-commons.github.io/sssom/spec-formats-tsv/ . The head is YAML of two levels: texts, lists of texts, and
one dictionary of prefixes; more than that has no meaning there, and is refused with its line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from iesi_kg.errors import IllFormedMappings

Value = str | list[str] | dict[str, str]
_KEY = re.compile(r"([A-Za-z_][\w.-]*|\"[^\"]*\"|'[^']*'):(?:\s+(.*))?$")
_PLAIN = re.compile(r"[A-Za-z0-9_/(][^\n\"'#{}\[\]&*!|>%@`]*")
_TOLD_OTHERWISE = re.compile(r"(?i)(true|false|yes|no|on|off|null|~|[-+.0-9][\d.e+_-]*|\d{4}-\d\d-\d\d.*|0[xo].*)$")


@dataclass(slots=True)
class Head:
    """The slots of a head, and the line on which each stands."""

    values: dict[str, Value] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def read(lines: Sequence[str], name: str) -> Head:
    """The slots of the lines, without their ``#``. Raises IllFormedMappings."""
    head, key = Head(), ""
    indent = min((len(text) - len(text.lstrip()) for text in lines if text.strip()), default=0)
    for number, line in enumerate(lines, start=1):
        text = line[indent:].rstrip()
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        is_top = not text.startswith((" ", "\t", "-"))
        entry = _KEY.match(text.strip())
        if is_top and entry:
            key = _scalar(entry[1])
            _refuse_repeated(head, key, number, name)
            head.values[key] = _inline(entry[2] or "", number, name)
            head.lines[key] = number
        elif is_top or not key:
            raise _ill_formed(name, number, f"{text.strip()!r} is not a slot of the head", "write it as `slot: value`")
        else:
            _add(head, key, text.strip(), number, name)
    return head


def _refuse_repeated(head: Head, key: str, number: int, name: str) -> None:
    if key in head.values:
        first = head.lines[key]
        raise _ill_formed(name, number, f"{key} is told twice, first in line {first}", "keep one of the two")


def _add(head: Head, key: str, text: str, number: int, name: str) -> None:
    """One line of a list or a dictionary, under its key."""
    value = head.values[key]
    entry = _KEY.match(text)
    if text.startswith("- ") and (value == "" or isinstance(value, list)):
        items = value if isinstance(value, list) else []
        head.values[key] = [*items, _scalar(text[2:].strip())]
    elif entry and (value == "" or isinstance(value, dict)):
        known = value if isinstance(value, dict) else {}
        prefix, space = _scalar(entry[1]), _scalar(entry[2] or "")
        if known.get(prefix, space) != space:
            raise _ill_formed(name, number, f"the prefix {prefix}: stands for two things", "keep one of the two")
        head.values[key] = {**known, prefix: space}
    else:
        raise _ill_formed(name, number, f"{text!r} does not belong under {key}", "write lists as `- value`")


def _inline(text: str, number: int, name: str) -> Value:
    """What stands behind a key in its line: a text, or a list or dictionary in JSON's form."""
    if not text.startswith(("[", "{")):
        return _scalar(text)
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, list):
        return [str(item) for item in value]
    if isinstance(value, dict):
        return {str(prefix): str(space) for prefix, space in value.items()}
    raise _ill_formed(name, number, f"{text!r} cannot be read", "write lists as lines of `- value`")


def _scalar(text: str) -> str:
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        try:
            return str(json.loads(text))
        except ValueError:
            return text[1:-1]
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        return text[1:-1].replace("''", "'")
    return re.sub(r"\s+#.*$", "", text)


def written(values: Mapping[str, Value]) -> Iterator[str]:
    """The lines of a head, each with its ``#``."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield f"#{key}:"
            yield from (f"#  {_quoted(prefix)}: {_quoted(space)}" for prefix, space in sorted(value.items()))
        elif isinstance(value, list):
            yield f"#{key}:"
            yield from (f"#- {_quoted(item)}" for item in value)
        else:
            yield f"#{key}: {_quoted(value)}"


def _quoted(text: str) -> str:
    """A text as YAML reads it back as that text; the form of JSON strings is YAML's too."""
    plain = _PLAIN.fullmatch(text) and not _TOLD_OTHERWISE.match(text) and ": " not in text
    return text if plain and text == text.strip() and not text.endswith(":") else json.dumps(text, ensure_ascii=False)


def _ill_formed(name: str, line: int, message: str, hint: str) -> IllFormedMappings:
    fault = {"line": line, "column": 1, "slot": "", "message": message, "hint": hint}
    return IllFormedMappings(f"{name}, line {line}: {message}", hint=hint, line=line, column=1, faults=[fault])
