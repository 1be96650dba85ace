"""Characters that a reader does not see, or that a program would act on, found in a text (Unicode TR 36 and TR 39)."""

from __future__ import annotations

import re
import unicodedata

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200d\u2060-\u2064\u206a-\u206f\u3164\ufeff\ufff9-\ufffb"
)
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_FOUND = re.compile(
    rf"(?P<bidi>[{_BIDI}])|(?P<invisible>[{_INVISIBLE}\U000e0000-\U000e007f])"
    rf"|(?P<control>[{_CONTROL}])|(?P<replacement>\ufffd)|(?P<surrogate>[\ud800-\udfff])"
)
# Joiners belong to the spelling of these scripts (Unicode TR 31 section 2.3) and to emoji sequences.
_JOINERS = "\u200c\u200d"
_JOINING = re.compile("[\u0600-\u06ff\u0900-\u0dff\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]")
_ALIASES = {0: "NUL", 8: "BACKSPACE", 0x0B: "VERTICAL TAB", 0x0C: "FORM FEED", 0x1B: "ESCAPE", 0x7F: "DELETE"}


def suspicious(text: str) -> tuple[str, str] | None:
    """Kind and name of the first character that should not stand in a cell, or None.

    >>> suspicious("Hou\\u200bse")
    ('invisible', 'ZERO WIDTH SPACE (U+200B)')
    """
    for found in _FOUND.finditer(text):
        if found[0] in _JOINERS and _JOINING.match(text[found.start() - 1 : found.start()]):
            continue
        return str(found.lastgroup), name(found[0])
    return None


def name(character: str) -> str:
    """The Unicode name and code point of a character.

    >>> name("\\x00")
    'NUL (U+0000)'
    """
    code = ord(character)
    return f"{unicodedata.name(character, _ALIASES.get(code, 'CONTROL CHARACTER'))} (U+{code:04X})"


def shown(text: str) -> str:
    """A text with every such character written as an escape, so that it can be seen.

    >>> shown("a\\u202eb")
    'a\\\\u202eb'
    """
    return _FOUND.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)
