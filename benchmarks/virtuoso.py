"""The configuration of ``deploy/virtuoso``, with other ports and sizes: the one that tests and benchmarks run."""

from __future__ import annotations

import io
from collections.abc import Mapping
from configparser import RawConfigParser
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "deploy" / "virtuoso" / "virtuoso.ini"
SMALL = {"NumberOfBuffers": 8_000, "MaxDirtyBuffers": 6_000, "SchedulerInterval": 0, "CheckpointInterval": 0}


def ini(sql: int, http: int, changed: Mapping[str, int]) -> str:
    """The text for a server on two ports of loopback; ``changed`` are values by their names.

    >>> "ServerPort = 127.0.0.1:2" in ini(1, 2, {"ServerThreads": 10})
    True
    """
    values = RawConfigParser()
    values.optionxform = str  # type: ignore[assignment,method-assign]  # names as they are written
    values.read(FILE, "utf-8")
    values["Parameters"]["ServerPort"], values["HTTPServer"]["ServerPort"] = (f"127.0.0.1:{n}" for n in (sql, http))
    for name, value in changed.items():
        for section in (own for own in values.sections() if name in values[own]):
            values[section][name] = str(value)
    text = io.StringIO()
    values.write(text)
    return text.getvalue()
