"""Requests at the query endpoint to one JSON line each, without anything that tells who asked (https://jsonlines.org/)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from io import RawIOBase
from pathlib import Path
from typing import Any

from iesi_kg.endpoint.protocol import parse
from iesi_kg.endpoint.syntax import Guards, inspect
from iesi_kg.errors import IesiKgError, StartError, UsageError
from iesi_kg.settings import Settings
from iesi_kg.web import headers

TEXT, HASH = "text", "hash"
_WAYS = (HASH, TEXT)


class QueryLog:
    """The open file; each line is whole when it is there. A disk that is full stops the log, never the service."""

    def __init__(self, path: str, way: str, guards: Guards) -> None:
        if way not in _WAYS:
            raise UsageError(f"IESI_KG_QUERY_LOG_AS={way!r} is not known", hint="hash or text")
        try:
            # Kept open, and unbuffered: a line is one write, so that those of several processes stay whole.
            self._file: RawIOBase = Path(path).open("ab", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise StartError(f"the query log {path} cannot be written: {error.strerror}") from None
        self._text = way == TEXT
        self._guards = guards

    def write(self, request: Request) -> None:
        """One line."""
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **_told(request, self._guards, self._text),
        }
        try:
            self._file.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        except OSError:
            return

    def close(self) -> None:
        self._file.close()


def open_log(settings: Settings) -> QueryLog | None:
    """The log that the settings ask for."""
    if not settings.query_log:
        return None
    most = (settings.query_length, settings.query_nesting, settings.query_patterns)
    guards = Guards(*most, settings.query_path, settings.query_values)
    return QueryLog(settings.query_log, settings.query_log_as, guards)


class Request:
    """What of a request and its answer the line is made of."""

    __slots__ = ("body", "method", "query_string", "seconds", "sent", "status", "type")

    def __init__(self, scope: Any) -> None:  # noqa: ANN401  (ASGI)
        self.method: str = scope["method"]
        self.query_string: bytes = scope["query_string"]
        self.type = headers.find(scope["headers"], b"content-type")
        self.body = b""
        self.sent: Iterable[tuple[bytes, bytes]] = ()
        self.status = 0
        self.seconds = 0.0


def _told(request: Request, guards: Guards, whole: bool) -> dict[str, object]:
    text, form = _query(request, guards)
    given = dict(request.sent)
    rows = given.get(b"iesi-kg-rows")
    cached = given.get(b"iesi-kg-cache")
    return {
        "query": text if whole else sha256(text.encode("utf-8", "replace")).hexdigest() if text is not None else None,
        "form": form,
        "rows": int(rows) if rows else None,
        "ms": round(request.seconds * 1000, 1),
        "status": request.status,
        "cached": cached == b"hit" if cached else None,
    }


def _query(request: Request, guards: Guards) -> tuple[str | None, str | None]:
    """Text and form of the query; whatever cannot be read was answered with an error, and is none here."""
    text = None
    try:
        query = parse(request.method, request.query_string, request.type, request.body)
        text = query.text if query else None
        return text, inspect(text, guards).form.value if text is not None else None
    except IesiKgError:
        return text, None
