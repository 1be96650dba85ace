"""An XML text to itself, held against XML 1.0 on its way: the engine's reader of RDF/XML takes a text that was cut off.

Entities may be declared, as many ontologies do, but not by one another, which could grow without end; and nesting that
would exhaust the stack of a reader is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO
from xml.parsers import expat

from iesi_kg.errors import UnreadableFile

_DEEPEST = 100


class CheckedXml:
    """A stream that raises where its text is not well-formed; ``broken`` makes the error."""

    def __init__(self, text: BinaryIO, broken: Callable[[int, str], UnreadableFile]) -> None:
        self._text, self._broken = text, broken
        self._parser = parser = expat.ParserCreate()
        self._depth = 0
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.EntityDeclHandler = self._declared

    def read(self, size: int) -> bytes:
        """The next bytes. Raises UnreadableFile."""
        piece = self._text.read(size)
        try:
            self._parser.Parse(piece, not piece)
        except expat.ExpatError as error:
            raise self._broken(error.lineno, f"not well-formed XML: {expat.ErrorString(error.code)}") from None
        return piece

    def _start(self, *_: object) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._broken(self._parser.CurrentLineNumber, f"elements are nested more than {_DEEPEST} deep")

    def _end(self, *_: object) -> None:
        self._depth -= 1

    def _declared(self, name: str, parameter: bool, value: str | None, *_: object) -> None:
        if parameter or value is None or "&" in value or "%" in value:
            reason = f"the entity {name} is declared by other entities or by another file"
            raise self._broken(self._parser.CurrentLineNumber, reason)
