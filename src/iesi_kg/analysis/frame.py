"""The parts of a drawing to one SVG 1.1 document (https://www.w3.org/TR/SVG11/) with its title as text alternative."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from iesi_kg.analysis.listing import fold

FONT = "system-ui,'DejaVu Sans',sans-serif"
_PAPER = "#faf8f3"
_HEAD = 44  # for the title of a drawing that stands alone
_TEXT = (
    f"text{{font:14px {FONT};fill:#1f2430}}.head{{font-size:17px;font-weight:600}}.soft{{fill:#565c69}}"
    ".mid{text-anchor:middle}.end{text-anchor:end}"
)
_VOWELS = frozenset("aeiouy")
_PAIR = re.compile("[bcfgkp]l|[bcdfgkptv]r|ch|ck|gn|ph|qu|sh|th")  # two consonants that stay together
SHADES = ".s1{fill:#e3eeea}.s2{fill:#b9d8d2}.s3{fill:#7fb8b2}.s4{fill:#2f8584}.s5{fill:#0b5a5c}"


@dataclass(frozen=True, slots=True)
class Frame:
    """How a drawing is put down: its class, its box, its title, and the style that it carries where it stands alone."""

    kind: str
    left: float
    top: float
    width: float
    height: float
    title: str
    style: str = ""

    def around(self, parts: Iterable[str], *, alone: bool) -> str:
        """The document; one that stands alone is a picture with its title above and a style, one in a page a group."""
        top, height = (self.top - _HEAD, self.height + _HEAD) if alone else (self.top, self.height)
        place = f'x="{self.left:g}" y="{top:g}" width="{self.width:g}" height="{height:g}"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{self.kind}" '
            f'viewBox="{self.left:g} {top:g} {self.width:g} {height:g}" '
            f'role="{"img" if alone else "group"}" aria-label={quoteattr(self.title)}>',
            f"<title>{escape(self.title)}</title>",
            f"<style>{_TEXT}{self.style}</style>" if alone else "",
            f'<rect {place} fill="{_PAPER}"/>' if alone else "",
            f'<text class="head" x="{self.left + 16:g}" y="{top + 30:g}">{escape(self.title)}</text>' if alone else "",
            *parts,
            "</svg>",
        ]
        return "\n".join(filter(None, lines)) + "\n"


def folded(text: str, longest: int) -> list[str]:
    """Lines of about this length, broken at spaces and after hyphens.

    >>> folded("3 inter-governmental", 14)
    ['3 inter-', 'governmental']
    """
    lines = [""]
    for part in re.findall(r"[^\s-]+-?\s*", text):
        if lines[-1] and len((lines[-1] + part).rstrip()) > longest:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]


def hyphenated(text: str, longest: int) -> str:
    """Words longer than a line with hyphens where a syllable begins, so that ``folded`` can break them.

    >>> hyphenated("Kinderbetreuung und Beschäftigungsfähigkeit", 11)
    'Kinder-betreuung und Beschäfti-gungsfähig-keit'
    """
    return re.sub(rf"[^\W\d_]{{{longest + 1},}}", lambda word: "-".join(_pieces(word[0], longest - 1)), text)


def _pieces(word: str, longest: int) -> Iterator[str]:
    while len(word) > longest + 1:
        place = next((p for p in range(longest, 2, -1) if len(word) - p > 2 and _begins(word, p)), longest)
        yield word[:place]
        word = word[place:]
    yield word


def _begins(word: str, place: int) -> bool:
    """Whether a syllable begins with this letter: a consonant before a vowel, and not the second of a pair."""
    bare = fold(word[place - 1 : place + 2])
    return len(bare) == 3 and bare[1] not in _VOWELS and bare[2] in _VOWELS and not _PAIR.match(bare)


def cut(text: str, longest: int) -> str:
    """A text that is not longer than this.

    >>> cut("Ministry of Health and Social Affairs", 20)
    'Ministry of Health…'
    """
    return text if len(text) <= longest else text[: longest - 1].rstrip(" ,-–") + "…"
