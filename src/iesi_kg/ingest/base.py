"""The hidden sheet of a filled workbook: what every cell said in the version that it was taken from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyoxigraph import NamedNode

from iesi_kg.ingest.form import BASE_HEADER, VERSION
from iesi_kg.records import Base, Finding, Row

_LAYOUT = "layout"


def rows(base: Base) -> Iterator[tuple[str, str, str, str]]:
    """The base as rows of its sheet, below the header."""
    yield "", VERSION, "", str(base.version)
    for sheet, columns in base.layout.items():
        for place, column in enumerate(columns):
            yield sheet, _LAYOUT, str(place), column
    for subject, cells in base.cells.items():
        for (column, position), text in cells.items():
            yield subject.value, column, str(position), text


def read(items: Sequence[Row | Finding]) -> Base | None:
    """The base from the rows of its sheet, the header first; None where they are not as they were written."""
    told = [item.texts for item in items if isinstance(item, Row)]
    if len(told) != len(items) or not told or told[0][:4] != BASE_HEADER:
        return None
    version, cells, layout = -1, dict[NamedNode, dict[tuple[str, int], str]](), dict[str, dict[int, str]]()
    try:
        for about, column, position, text in (texts[:4] for texts in told[1:]):
            if column == _LAYOUT:
                layout.setdefault(about, {})[int(position)] = text
            elif column == VERSION and not about:
                version = int(text)
            else:
                cells.setdefault(NamedNode(about), {})[column, int(position)] = text
    except ValueError:
        return None
    return (
        Base(version, cells, {k: [v[place] for place in sorted(v)] for k, v in layout.items()})
        if version >= 0
        else None
    )
