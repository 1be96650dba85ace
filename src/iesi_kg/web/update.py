"""Answers the update operation of the SPARQL 1.1 Protocol at /update, and at /sparql where a POST carries an update.

https://www.w3.org/TR/sparql11-protocol/#update-operation
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

from iesi_kg.endpoint.protocol import parse_update
from iesi_kg.endpoint.update import Load, Plan, insertion, loads, plan
from iesi_kg.errors import IesiKgError, MethodNotAllowed, PeerError, QueryRefused, QuerySyntaxError
from iesi_kg.operations.amendments import Changes
from iesi_kg.operations.audit import Act
from iesi_kg.store.amending import Amended, Amendment
from iesi_kg.store.base import ChangeSet
from iesi_kg.web import headers, problem
from iesi_kg.web.body import receive_body
from iesi_kg.web.counted import counted
from iesi_kg.web.hangup import HangUp, watched
from iesi_kg.web.site import Site
from iesi_kg.web.sparql import preflight
from iesi_kg.web.writing import permit

PATH = "/update"
METHODS = "POST, OPTIONS"
_BYTES_PER_CHARACTER = 4
_FORM_ROOM = 65_536


class Updates:
    """The route; it takes up work when the service has started."""

    def __init__(self) -> None:
        self.site: Site
        self.amendments: Changes

    def start(self, site: Site, amendments: Changes) -> None:
        """Take up work on a started site."""
        self.site, self.amendments = site, amendments

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  (ASGI)
        try:
            if scope["method"] == "OPTIONS":
                await preflight(send, METHODS)
                return
            if scope["method"] != "POST":
                raise MethodNotAllowed(f"{scope['method']} is not a method of the update operation", allow=METHODS)
            permit(self.site, scope)  # before anything is read
            most = self.site.settings.query_length * _BYTES_PER_CHARACTER + _FORM_ROOM
            await self.answer(scope, receive, send, await receive_body(scope, receive, most))
        except HangUp:
            return
        except IesiKgError as error:
            await problem.send(error, scope, receive, send, html=False)
        except Exception as error:  # noqa: BLE001  (the edge: every fault becomes a problem document)
            await problem.send(problem.unexpected(error, PATH), scope, receive, send, html=False)

    async def answer(self, scope: Any, receive: Any, send: Any, body: bytes) -> None:  # noqa: ANN401
        """Make the update in a body that was read already. Raises what keeps it from being made."""
        site = self.site
        allowed = permit(site, scope)
        update = parse_update(scope["query_string"], headers.find(scope["headers"], b"content-type"), body)
        planned = plan(update, site.guards)
        caller, allowance = counted(site, scope)
        if "LOAD" in update.text.upper():
            planned = plan(update, site.guards, await watched(self._fetched(update.text, allowance.seconds), receive))
        amendment = Amendment("update", base=_address(scope), operations=planned.operations)
        act = Act(allowed.name, "http", "update", datetime.now(UTC), {"length": len(update.text)})

        def check(outcome: Amended, change: ChangeSet) -> None:
            planned.refuse()
            allowed.check(outcome, change)

        with site.turnstile.passage(caller, allowance):
            work = self.amendments.make(amendment, site.change_limits(allowance), check, act, caller)
            version = await watched(_explained(planned, work), receive)
        fields = ((headers.VERSION, str(version).encode()), *headers.NO_STORE, *headers.CORS)
        await send({"type": "http.response.start", "status": 204, "headers": fields})
        await send({"type": "http.response.body", "body": b""})

    async def _fetched(self, text: str, seconds: float) -> dict[Load, str]:
        """What the LOADs of a request insert, where the service fetches for its caller; a silent one may be absent.

        Raises QueryRefused and PeerError. An open scratch store fetches nothing: whoever may fetch shows a token.
        """
        site, found = self.site, dict[Load, str]()
        if site.federation is None or (site.scratch and not site.settings.token):
            return found
        for load in loads(text):
            try:
                content, media_type = await site.federation.load(load.document, seconds)
                found[load] = await asyncio.to_thread(insertion, load, content, media_type)
            except (PeerError, QueryRefused):
                if not load.silent:
                    raise
        return found


async def _explained(planned: Plan, work: Coroutine[None, None, tuple[Amended, int]]) -> int:
    try:
        _, version = await work
    except QuerySyntaxError as error:
        raise planned.explain(error) from None
    return version


def _address(scope: Any) -> str:  # noqa: ANN401
    host = headers.find(scope["headers"], b"host") or "localhost"
    return f"{scope.get('scheme', 'http')}://{host}{scope['path']}"
