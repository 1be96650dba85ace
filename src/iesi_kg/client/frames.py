"""Columns to the data frames of pandas or polars, and back; neither is needed for anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from iesi_kg.errors import UsageError

LIBRARIES = ("pandas", "polars")


def frame(columns: Mapping[str, Sequence[object]], library: str) -> Any:  # noqa: ANN401  (of either library)
    """A data frame. Raises UsageError where the library is unknown or not installed."""
    if library not in LIBRARIES:
        raise UsageError(f"{library!r} is no library of data frames", hint=f"one of {', '.join(LIBRARIES)}")
    try:
        return import_module(library).DataFrame(dict(columns))
    except ModuleNotFoundError:
        raise UsageError(f"{library} is not installed", hint=f"pip install 'iesi-kg[{library}]'") from None


def library_of(table: Any) -> str:  # noqa: ANN401
    """The library that made a data frame. Raises UsageError."""
    name = type(table).__module__.partition(".")[0]
    if name not in LIBRARIES:
        raise UsageError(f"a {type(table).__name__} is no data frame", hint=f"one of {', '.join(LIBRARIES)}")
    return name


def column(table: Any, name: str) -> list[Any]:  # noqa: ANN401
    """The values of a column, None where there is none. Raises UsageError for a column that is not there."""
    if name not in list(table.columns):
        known = ", ".join(map(str, table.columns))
        raise UsageError(f"there is no column {name!r}", hint=f"the columns are {known}")
    return [None if value is None or value != value else value for value in table[name].to_list()]
