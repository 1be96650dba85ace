"""The settings, declared once: one table for the command line, the documentation and the reader of the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from iesi_kg.errors import UsageError

PREFIX = "IESI_KG_"


def _setting(default: Any, text: str) -> Any:  # noqa: ANN401  (the type is the annotation of the field)
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting with its default; each is read from ``IESI_KG_<NAME>``."""

    host: str = _setting("127.0.0.1", "address the service listens on")
    port: int = _setting(8080, "port the service listens on")
    store: Path = _setting(Path("iesi-kg-store"), "folder of the store; created and filled on first start")  # noqa: RUF009
    workers: int = _setting(2, "processes that evaluate queries")
    query_seconds: float = _setting(30.0, "time limit of one query")
    query_bytes: int = _setting(64_000_000, "largest result of one query, in bytes")
    query_rows: int = _setting(1_000_000, "largest result of one query, in rows (solutions or triples)")
    query_memory: int = _setting(2_000_000_000, "address space one query process may use, in bytes")
    query_length: int = _setting(100_000, "longest query text, in characters")
    query_nesting: int = _setting(100, "deepest nesting of brackets in a query")
    query_patterns: int = _setting(1_000, "most triple patterns in a query")
    query_queue: int = _setting(64, "queries that may wait for a process before the service says it is busy")
    upload_bytes: int = _setting(20_000_000, "largest file that may be checked or submitted, in bytes")
    cache_bytes: int = _setting(64_000_000, "memory for cached query results, in bytes")
    lock_seconds: float = _setting(10.0, "how long a writer waits for another writer")
    releases_open: int = _setting(2, "releases that may be open for queries at once, each with a process of its own")
    releases_idle_seconds: float = _setting(300.0, "how long a release stays open that nobody asks")
    keep_versions: int = _setting(3, "published versions kept on disk")


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table, for help texts and documentation."""

    name: str
    variable: str
    type: type
    default: object
    help: str


def table() -> Iterator[Setting]:
    """Every setting in declaration order."""
    for item in fields(Settings):
        yield Setting(item.name, PREFIX + item.name.upper(), type(item.default), item.default, item.metadata["help"])


def load(environ: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Settings from the environment, overridden by the ``given`` values that are not None.

    Raises UsageError for a value of the wrong type and for an ``IESI_KG_`` variable nobody declared.
    """
    environ = os.environ if environ is None else environ
    known = {row.variable: row for row in table()}
    values: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        if variable not in known:
            raise UsageError(f"unknown setting {variable}", hint="`iesi-kg settings` lists every setting")
        values[known[variable].name] = _cast(known[variable], text)
    values.update({name: value for name, value in given.items() if value is not None})
    return Settings(**values)


def _cast(row: Setting, text: str) -> object:
    cast: Callable[[str], object] = Path if issubclass(row.type, Path) else row.type
    try:
        return cast(text)
    except ValueError:
        raise UsageError(
            f"{row.variable}={text!r} is not of type {row.type.__name__}", hint=f"default: {row.default}"
        ) from None
