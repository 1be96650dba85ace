"""Bytes that are not UTF-8, judged: whether they read as words in windows-1252 (https://encoding.spec.whatwg.org/)."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

NAME = "windows-1252"
_PIECE = 1 << 20
_WORD = re.compile(r"[^\W\d_]*[^\x00-\x7f][^\s,;|\t\"]*")
# Bytes that windows-1252 leaves undefined, and halves of UTF-16 pairs that somebody wrote as UTF-8.
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]|\xed[\xa0-\xbf][\x80-\xbf]")
# Letters that windows-1252 shows in the middle of a word where a Polish, Czech or Hungarian letter was meant.
_NO_LETTER = re.compile(r"[^\W\d_][¡-©«-´¶¸-º»-¿×÷€ƒ†‡ˆ‰][^\W\d_]|\b[£¥§¯¿¹³¼¾][^\W\d_]")
_FOREIGN_SHARE = 0.1


def is_utf8(content: bytes) -> bool:
    """Whether all of it is UTF-8, found without a second copy of it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), _PIECE):
            decoder.decode(content[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def reads_well(content: bytes) -> bool:
    """Whether bytes that are not UTF-8 are very likely windows-1252, of which Latin-1 is a part.

    >>> reads_well("Café social, Düsseldorf".encode("latin-1")), reads_well("Opieka społeczna".encode("cp1250"))
    (True, False)
    >>> reads_well("Βοήθεια στο σπίτι".encode("iso8859-7")), reads_well("Café, ".encode() + b"Caf\\xe9")
    (False, False)
    """
    if _UNDEFINED.search(content) or _damaged(content):
        return False
    words = Counter(_words(content))
    odd = sum(number for word, number in words.items() if _NO_LETTER.search(word) or _mostly_accents(word))
    return odd <= _FOREIGN_SHARE * words.total()


def _damaged(content: bytes) -> bool:
    """Whether it is UTF-8 in which some bytes were changed: as many sequences that are right as wrong."""
    right = wrong = 0
    for line in content.splitlines():
        if not line.isascii():
            text = line.decode("utf-8", "surrogateescape")
            wrong += sum("\udc80" <= character <= "\udcff" for character in text)
            right += sum(character > "\x7f" and not "\udc80" <= character <= "\udcff" for character in text)
    return right >= wrong


def _words(content: bytes) -> Iterator[str]:
    for line in content.splitlines():
        if not line.isascii():
            yield from _WORD.findall(line.decode(NAME, "replace"))


def _mostly_accents(word: str) -> bool:
    letters = [character for character in word if unicodedata.category(character).startswith("L")]
    return len(letters) > 3 and 2 * sum(not character.isascii() for character in letters) > len(letters)
