"""A text that means nothing to the nearest of the texts that do, for suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# Letters of other alphabets and the Latin ones that look the same (Unicode TR 39, confusables).
_LOOK = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03bd",
    "aeopcyxijsdhABEKMHOPCTYXIJSABEZHIKMNOPTYXov",
)
_SHORT, _LONG = 4, 9
_ENDING = 2


def nearest(text: str, known: Iterable[str], *, likeness: float, part: float | None = None) -> str | None:
    """The known text most like ``text`` by at least ``likeness`` of 100; else one that shares its words by ``part``.

    >>> nearest("contry", ["country", "name"], likeness=75)
    'country'
    """
    from rapidfuzz import fuzz, process

    choices = list(known)
    best = process.extractOne(text, choices, scorer=fuzz.ratio, score_cutoff=likeness)
    if best is None and part is not None:
        telling = [choice for choice in choices if len(choice) >= _SHORT]
        best = process.extractOne(text, telling, scorer=fuzz.token_set_ratio, score_cutoff=part)
    return best[0] if best else None


def only(text: str, known: Mapping[str, str]) -> str | None:
    """What a text can only mean: one slip away from it (two where it is long), and nothing else as near.

    ``known`` says what each known text means; several texts may mean the same.

    >>> only("socail inclusion", {"social inclusion": "si", "social assistance": "sa"})
    'si'
    >>> only("bast", {"cast": "c", "best": "b"})
    """
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    if len(text) < _SHORT:
        return None
    slips = 2 if len(text) >= _LONG else 1
    near = process.extract(text, list(known), scorer=OSA.distance, score_cutoff=slips + 1, limit=None)
    meant = {known[name] for name, _, _ in near}
    return meant.pop() if len(meant) == 1 and any(distance <= slips for _, distance, _ in near) else None


def is_slip(one: str, other: str) -> bool:
    """Whether two words may be one: a letter or two wrong by their length, or another ending.

    >>> is_slip("wien", "wiem"), is_slip("carer", "carers"), is_slip("crema", "cremona")
    (True, True, False)
    """
    from rapidfuzz.distance import OSA

    short, long = sorted((one, other), key=len)
    if len(short) >= _SHORT and long.startswith(short) and len(long) - len(short) <= _ENDING:
        return True
    return len(short) >= _SHORT and OSA.distance(one, other) <= (2 if len(short) >= _LONG else 1)


def latin(text: str) -> str:
    """A text with the letters of other alphabets that look like Latin ones replaced by those.

    >>> latin("\u0415S")
    'ES'
    """
    return text.translate(_LOOK)


def strangers(text: str) -> list[str]:
    """The letters that only look Latin, each once.

    >>> len(strangers("\u0415S"))
    1
    """
    return [character for character in dict.fromkeys(text) if ord(character) in _LOOK]


def likeness(one: str, other: str) -> float:
    """How like two names are, of 100, whatever the order of their words and whether they are written apart.

    >>> likeness("care net wien", "wien care net"), likeness("carenet wien", "care net wien")
    (100.0, 100.0)
    """
    from rapidfuzz import fuzz

    return float(max(fuzz.token_sort_ratio(one, other), fuzz.ratio(one.replace(" ", ""), other.replace(" ", ""))))
