"""Lets a client stop its own query: ``DELETE /queries/{id}`` with the secret it sent along with the query."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from fastapi import APIRouter, Request
from starlette.responses import Response

from iesi_kg.endpoint.protocol import FORM, fields
from iesi_kg.errors import NotFound, QueryIdTaken, RequestError

PATH = "/queries/"
FIELDS = ("query-id", "query-secret")
ID = b"iesi-kg-query"
SECRET = b"iesi-kg-query-secret"
_ID = re.compile(r"[A-Za-z0-9_.~-]{8,100}")
_SECRET = re.compile(r"[\x21-\x7e]{16,200}")

router = APIRouter()


@dataclass(slots=True)
class Running:
    """A query under way that its client may stop; only a digest of the secret is kept."""

    id: str
    digest: bytes
    stopped: bool = False
    cancel: Callable[[], object] | None = None

    def stop(self) -> None:
        """End it; whoever waits for its answer is told."""
        self.stopped = True
        if self.cancel is not None:
            self.cancel()


class Queries:
    """The queries under way that were given an id by their clients."""

    def __init__(self) -> None:
        self._running: dict[str, Running] = {}

    def begin(self, id_: str, secret: str | None) -> Running:
        """A query begins. Raises RequestError for an id or a secret that cannot be, QueryIdTaken."""
        if not _ID.fullmatch(id_):
            raise RequestError("IESI-KG-Query must be 8 to 100 letters, digits or any of - _ . ~")
        if secret is None or not _SECRET.fullmatch(secret):
            raise RequestError(
                "IESI-KG-Query needs an IESI-KG-Query-Secret of 16 to 200 visible characters",
                hint="make both up at random; the secret is what DELETE /queries/{id} asks for",
            )
        if id_ in self._running:
            raise QueryIdTaken(f"a query with the id {id_} is running", hint="make up a new id for each query")
        running = self._running[id_] = Running(id_, _digest(secret))
        return running

    def end(self, running: Running) -> None:
        """The query has ended, however it did."""
        self._running.pop(running.id, None)

    def stopped(self, id_: str, secret: str) -> bool:
        """Stop a query; whether there was one of this id and secret."""
        running = self._running.get(id_)
        if not hmac.compare_digest(running.digest if running else bytes(32), _digest(secret)) or running is None:
            return False
        running.stop()
        return True


def of_form(content_type: str | None, body: bytes) -> tuple[str | None, str | None]:
    """Id and secret as a form sends them: it cannot set headers, and an address is no place for a secret."""
    if (content_type or "").partition(";")[0].strip().lower() != FORM:
        return None, None
    given = dict(fields(body, "the form"))
    return given.get(FIELDS[0]), given.get(FIELDS[1])


def _digest(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "replace")).digest()


@router.delete(PATH + "{query}", summary="Stop a query of your own", status_code=204)
async def stop(request: Request, query: str) -> Response:
    """Stops at once what the client sent with this id in ``IESI-KG-Query`` and this ``IESI-KG-Query-Secret``."""
    site, secret = request.app.state.site, request.headers.get(SECRET.decode(), "")
    if not site.queries.stopped(query, secret) and not await site.fellows.stop(query, secret):
        raise NotFound(  # for a wrong secret too, so that nobody learns which ids there are
            "no query of this id and secret is running",
            hint="it may have ended; send the secret of the query as IESI-KG-Query-Secret",
        )
    return Response(status_code=204, headers={"Cache-Control": "no-store"})
