"""A query to the lines that run it elsewhere: curl, Python, R, JavaScript; one text under ``snippets/`` for each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from iesi_kg.endpoint.negotiation import JSON, TURTLE
from iesi_kg.records import Form

FOLDER = Path(__file__).resolve().parent / "snippets"
_ORDER = ("curl", "SPARQLWrapper", "rdflib", "pandas", "R", "JavaScript")
_HOST = re.compile(r"https?://[\w.:\[\]-]+(?:/[\w./-]*)?")


@dataclass(frozen=True, slots=True)
class Snippet:
    """Lines to copy: what runs them, and the language they are in."""

    title: str
    language: str
    text: str


def snippets(query: str, form: Form, endpoint: str) -> list[Snippet]:
    """Every way there is to ask a query of this form."""
    if not _HOST.fullmatch(endpoint):
        return []  # an address with quotes in it is no address of ours, and must not reach anybody's shell
    return list(_filled(query.strip() + "\n", form, endpoint))


def _filled(query: str, form: Form, endpoint: str) -> Iterator[Snippet]:
    accept = (TURTLE if form is Form.GRAPH else JSON).name
    for title, (language, text) in _texts(form).items():
        fixed = text.replace("{{endpoint}}", endpoint).replace("{{accept}}", accept)
        yield Snippet(title, language, fixed.replace("{{query}}", _QUOTED[language](query)))


@cache
def _texts(form: Form) -> Mapping[str, tuple[str, str]]:
    found = {}
    for path in (FOLDER / form.value).glob("*.txt"):
        title, language = path.stem.split(".")
        found[title] = (language, path.read_text("utf-8").rstrip("\n"))
    return {title: found[title] for title in _ORDER if title in found}


def shell(text: str) -> str:
    """A text as one word of a POSIX shell.

    >>> shell("it's")
    "'it'\\\\''s'"
    """
    return "'" + text.replace("'", "'\\''") + "'"


def python(text: str) -> str:
    """A text as a Python literal, over several lines where that needs no escapes."""
    return (
        json.dumps(text, ensure_ascii=False)
        if "\\" in text or '"""' in text or text.endswith('"')
        else f'"""\n{text}"""'
    )


def r(text: str) -> str:
    """A text as a raw string of R 4."""
    dashes = "-" * next(n for n in range(len(text) + 2) if f'){"-" * n}"' not in text)
    return f'r"{dashes}(\n{text}){dashes}"'


def javascript(text: str) -> str:
    """A text as a template literal."""
    return "`\n" + re.sub(r"[\\`]|\$(?=\{)", r"\\\g<0>", text) + "`"


_QUOTED: Mapping[str, Callable[[str], str]] = {"sh": shell, "py": python, "R": r, "js": javascript}
