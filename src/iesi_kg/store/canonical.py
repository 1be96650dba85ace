"""Turns N-Quads into canonical order: the lines sorted by code point, none twice, in bounded memory.

https://www.w3.org/TR/rdf-canon/#canonical-quads : one quad a line in canonical form, as the engine writes it.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO


def in_order(lines: Iterable[bytes], *, at_once: int, folder: Path | None = None) -> Iterator[bytes]:
    """The lines in order; of more than ``at_once`` sorted parts are set aside in the folder, else where systems do."""
    with ExitStack() as stack:
        parts: list[Iterable[bytes]] = []
        source = iter(lines)
        while chunk := sorted(itertools.islice(source, at_once)):
            parts.append(_set_aside(chunk, stack, folder) if len(chunk) == at_once else chunk)
        for line, _ in itertools.groupby(heapq.merge(*parts)):
            yield line


def _set_aside(lines: list[bytes], stack: ExitStack, folder: Path | None) -> IO[bytes]:
    file = stack.enter_context(TemporaryFile(dir=folder))  # noqa: SIM115  (closed by the stack)
    file.writelines(lines)
    file.seek(0)
    return file
