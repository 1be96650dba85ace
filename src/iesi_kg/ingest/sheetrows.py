"""The events of a sheet's XML to lines of text (ECMA-376 part 1, section 18.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
EPOCH, EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
_FALSE_LEAP_DAY = 60
_YEARS = range(1900, 2101)
_EXACT = 1e15
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")

Attributes = dict[str, str]


@dataclass(slots=True)
class Line:
    """One row as it is stored: texts by column counted from 0, formulas, those without result, years kept as dates."""

    number: int
    hidden: bool = False
    texts: dict[int, str] = field(default_factory=dict)
    formulas: dict[int, str] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)
    years: set[int] = field(default_factory=set)


class SheetReader:
    """Collects the lines of one sheet from the events of its XML (section 18.3)."""

    def __init__(self, strings: list[str], formats: list[str], epoch: datetime) -> None:
        self._strings, self._formats, self._epoch = strings, formats, epoch
        self._done: list[Line] = []
        self._line = Line(0)
        self._place, self._type, self._format = -1, "n", ""
        self._formula: str | None = None
        self._value: str | None = None
        self._taking: list[str] | None = None
        self._silent = False

    def taken(self) -> list[Line]:
        """The lines that were completed since the last time."""
        done, self._done = self._done, []
        return done

    def start(self, name: str, attributes: Attributes) -> None:
        name = local(name)
        if name == "c":
            self._cell(attributes)
        elif name == "v" or (name == "t" and self._type == "inlineStr" and not self._silent):
            self._taking = []
        elif name == "row":
            number = int(attributes.get("r", self._line.number + 1))
            if not self._line.number < number <= LAST_ROW:
                raise ValueError(f"row {number} after row {self._line.number}")
            self._line = Line(number, attributes.get("hidden") in ("1", "true"))
            self._place = -1
        elif name == "f":
            self._taking = []
        elif name == "rPh":
            self._silent = True

    def end(self, name: str) -> None:
        name = local(name)
        if name == "v":
            self._value, self._taking = "".join(self._taking or ()), None
        elif name == "c":
            self._complete()
        elif name == "row":
            self._done.append(self._line)
        elif name == "t" and self._taking is not None:
            self._value, self._taking = (self._value or "") + "".join(self._taking), None
        elif name == "f":
            self._formula, self._taking = "".join(self._taking or ()), None
        elif name == "rPh":
            self._silent = False

    def text(self, data: str) -> None:
        if self._taking is not None:
            self._taking.append(data)

    def _cell(self, attributes: Attributes) -> None:
        reference = attributes.get("r")
        self._place = column(reference.rstrip("0123456789")) if reference else self._place + 1
        self._type = attributes.get("t", "n")
        style = int(attributes.get("s", 0))
        self._format = self._formats[style] if style < len(self._formats) else ""
        self._formula = self._value = None

    def _complete(self) -> None:
        line, value = self._line, self._value
        if self._formula is not None:
            line.formulas[self._place] = f"={self._formula}"
            if not value and self._type != "str":
                line.unknown.add(self._place)
        if not value:
            return
        if self._type in ("str", "inlineStr"):
            line.texts[self._place] = unescaped(value)
        elif self._type == "s":
            line.texts[self._place] = self._strings[int(value)]
        elif self._type == "n" and self._format:
            line.texts[self._place] = self._dated(value)
        else:
            line.texts[self._place] = _AS_TEXT.get(self._type, _written)(value)

    def _dated(self, value: str) -> str:
        """A number shown as a date, in ISO 8601; as the year it shows or surely is, where it is no more than that."""
        number = float(value)
        if number in _YEARS:
            self._line.years.add(self._place)
            return str(int(number))
        if self._epoch is EPOCH and number < _FALSE_LEAP_DAY:
            number += 1  # Excel takes 1900 for a leap year (section 18.17.4.1)
        try:
            moment = self._epoch + timedelta(seconds=round(number * 86_400))
        except OverflowError:
            return value
        if 0 <= float(value) < 1:
            return moment.time().isoformat()
        if self._format == "year":
            self._line.years.add(self._place)
            return str(moment.year)
        return _day(moment)


def _number(value: str) -> str:
    """A number as a steward would have typed it: whole ones without a point.

    >>> _number("2019.0"), _number("0.30000000000000004"), _number("1E+3")
    ('2019', '0.30000000000000004', '1000')
    """
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < _EXACT else value


def _moment(value: str) -> str:
    return _day(datetime.fromisoformat(value))


def _day(moment: datetime) -> str:
    midnight = (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
    return moment.date().isoformat() if midnight else moment.isoformat()


def _truth(value: str) -> str:
    return "true" if value in ("1", "true") else "false"


def _written(value: str) -> str:
    return value


_AS_TEXT: Mapping[str, Callable[[str], str]] = {"n": _number, "b": _truth, "d": _moment}


def unescaped(text: str) -> str:
    """A text in which characters that XML cannot hold were written as numbers (section 22.9.2.19).

    >>> unescaped("a_x000D_b"), unescaped("_x005F_x000D_")
    ('a\\rb', '_x000D_')
    """
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def local(name: str) -> str:
    """An element's name without its prefix."""
    return name.rpartition(":")[2] if ":" in name else name


def column(letters: str, known: dict[str, int] = {}) -> int:  # noqa: B006  (kept between calls)
    """The place of a column by its letters.

    >>> column("A"), column("AV")
    (0, 47)
    """
    if letters not in known:
        place = 0
        for letter in letters:
            place = place * 26 + ord(letter) - 64
        if not letters.isalpha() or not 0 < place <= LAST_COLUMN:
            raise ValueError(f"no column {letters[:9]!r}")
        known[letters] = place - 1
    return known[letters]
