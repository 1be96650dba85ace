"""The example queries under ``queries/examples``: their header comments to title, question and keywords."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from iesi_kg import assets

_HEADER = re.compile(r"^#\s*(title|question|keywords)\s*:\s*(.*)$", re.IGNORECASE)
_NUMBER = re.compile(r"\s*\(CQ [^()]*\)$")


@dataclass(frozen=True, slots=True)
class Example:
    """One example query with the question that it answers."""

    slug: str
    title: str
    question: str
    keywords: tuple[str, ...]
    query: str


@cache
def examples() -> tuple[Example, ...]:
    """Every example in the order of the file names; none where the folder is missing."""
    try:
        paths = tuple(assets.names("queries/examples", ".rq"))
    except FileNotFoundError:
        return ()
    return tuple(parse(path.rpartition("/")[2].removesuffix(".rq"), assets.text(path)) for path in paths)


def parse(slug: str, text: str) -> Example:
    """One file; what its header leaves out is told by its name.

    >>> parse("007-x", "# title: All\\n# keywords: a, b\\nASK {}").keywords
    ('a', 'b')
    >>> parse("x", "# question: How many? (CQ 8)\\nASK {}").question  # the number is the maintainers' own
    'How many?'
    """
    header: dict[str, str] = {}
    for line in text.splitlines():
        if found := _HEADER.match(line):
            header.setdefault(found[1].lower(), found[2].strip())
    title = header.get("title") or slug.lstrip("0123456789-").replace("-", " ").capitalize()
    keywords = tuple(word.strip() for word in header.get("keywords", "").split(",") if word.strip())
    body = "\n".join(line for line in text.splitlines() if not _HEADER.match(line)).strip() + "\n"
    return Example(slug, title, _NUMBER.sub("", header.get("question", "")), keywords, body)
