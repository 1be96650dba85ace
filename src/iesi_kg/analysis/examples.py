"""The queries under ``queries/examples`` and ``queries/competency``: their header comments to what they ask."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from iesi_kg import assets

EXAMPLES = "queries/examples"
COMPETENCY = "queries/competency"
_HEADER = re.compile(r"^#\s*(title|question|keywords|persona|missing|chart)\s*:\s*(.*)$", re.IGNORECASE)
_SERVICE = re.compile(r"^\s*SERVICE\b", re.MULTILINE)
_NUMBER = re.compile(r"\s*\(CQ [^()]*\)$")


@dataclass(frozen=True, slots=True)
class Example:
    """One example query with the question that it answers; ``missing`` says what the data cannot answer yet.

    A competency question is asked by a ``persona``, and its answer may be drawn as a ``chart``.
    """

    slug: str
    title: str
    question: str
    keywords: tuple[str, ...]
    query: str
    persona: str = ""
    missing: str = ""
    chart: str = ""

    @property
    def asks_others(self) -> bool:
        """Whether other services must be asked for the answer, which then is not ours to promise."""
        return bool(_SERVICE.search(self.query))


@cache
def examples() -> tuple[Example, ...]:
    """Every example in the order of the file names; none where the folder is missing."""
    return _in(EXAMPLES)


@cache
def competency() -> tuple[Example, ...]:
    """Every competency question in the order of the numbers."""
    return _in(COMPETENCY)


def asked() -> tuple[Example, ...]:
    """Both: every query whose answer is watched; those that ask other services are not."""
    return tuple(example for example in (*examples(), *competency()) if not example.asks_others)


def _in(folder: str) -> tuple[Example, ...]:
    try:
        paths = tuple(assets.names(folder, ".rq"))
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
    question = _NUMBER.sub("", header.get("question", ""))
    rest = (header.get(name, "") for name in ("persona", "missing", "chart"))
    return Example(slug, title, question, keywords, body, *rest)
