"""The words of the pages in one language: tables under ``wording/``, in which the English text itself is the key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from iesi_kg.analysis.drawings import WORDS

FOLDER = Path(__file__).resolve().parent / "wording"
ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Wording:
    """One language; in templates ``t``: called with an English text it gives that text in the language.

    ``singular`` are the numbers that take the singular, ``thousands`` and ``decimal`` the marks inside numbers.
    """

    code: str
    name: str
    singular: tuple[int, ...]
    thousands: str
    decimal: str
    words: Mapping[str, str]

    def __call__(self, text: str, /, **given: object) -> Markup:
        """A text of the templates; ``{name}`` in it is replaced by what is given, escaped."""
        found = Markup(self.words.get(text, text))
        return found.format(**given) if given else found

    def known(self, text: str) -> Markup:
        """A text that comes from data: in the language where the table has it, else as it is, escaped."""
        return Markup(self.words[text]) if text in self.words else escape(text)

    def count(self, number: int | str, one: str, many: str, /, **given: object) -> Markup:
        """One text for one thing, the other for several; ``{n}`` is the number."""
        return self(one if int(number) in self.singular else many, n=self.number(number), **given)

    def number(self, value: int | str) -> str:
        """A whole number with thousands apart.

        >>> wording("de").number("12345")
        '12.345'
        """
        return f"{int(value):,}".replace(",", self.thousands)

    def decimals(self, value: float, places: int) -> str:
        """A number with so many decimal places.

        >>> wording("fr").decimals(0.0625, 3)
        '0,062'
        """
        return f"{value:.{places}f}".replace(".", self.decimal)


@cache
def wordings() -> Mapping[str, Wording]:
    """Every language that the pages speak, by its code (BCP 47)."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.json"))}


def wording(code: str) -> Wording:
    """The words of one of these languages."""
    return wordings()[code]


def _read(path: Path) -> Wording:
    table = json.loads(path.read_text("utf-8"))
    return Wording(
        code=path.stem,
        name=table["name"],
        singular=tuple(table["singular"]),
        thousands=table["thousands"],
        decimal=table["decimal"],
        words=table["words"],
    )


def drawing_words(t: Wording) -> dict[str, str]:
    """What stands at the drawings, on the pages and on the command line."""
    return {key: str(t(text)) for key, text in WORDS.items()}
