"""Answers the Reconciliation API 0.2 at /reconcile as a raw ASGI route, for programs and pages of any origin.

https://reconciliation-api.github.io/specs/0.2/ ; what is found and how it is scored is the affair of ``linking``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import Any, TypeVar

from iesi_kg.errors import IesiKgError, MethodNotAllowed, ServiceBusy
from iesi_kg.web import headers, problem
from iesi_kg.web.body import receive_body
from iesi_kg.web.counted import counted
from iesi_kg.web.hangup import HangUp, watched
from iesi_kg.web.headers import Headers
from iesi_kg.web.reconcile_request import METHODS, PATH, Asked, parse
from iesi_kg.web.reconcile_work import HTML, Content, Stop, Work, queries_in
from iesi_kg.web.site import Site
from iesi_kg.web.sparql import preflight
from iesi_kg.web.validators import matches

T = TypeVar("T")
_MOST_BODY = 4_000_000
_THREADS = 2
_VARY: Headers = ((b"vary", b"Accept-Language"),)
# Other programs show the preview in a frame of theirs; it holds no script and sends nothing.
_FRAMED: Headers = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
)


class Reconcile:
    """The route; it takes up work when the service has started, and reads a version when it is first asked.

    While a newer version is read, the former one answers; each answer says from which version it is.
    """

    def __init__(self) -> None:
        self.site: Site
        self._work: Work | None = None
        self._reading = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._waiting = 0

    def start(self, site: Site) -> None:
        """Take up work on a started site."""
        self.site = site
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="reconcile")

    def close(self) -> None:
        """Begin nothing more."""
        if self._renewal is not None:
            self._renewal.cancel()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  (ASGI)
        try:
            await self._answer(scope, receive, send)
        except HangUp:
            return
        except IesiKgError as error:
            await problem.send(error, scope, receive, send, html=False)
        except Exception as error:  # noqa: BLE001  (the edge: every fault becomes a problem document)
            await problem.send(problem.unexpected(error, PATH), scope, receive, send, html=False)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        method: str = scope["method"]
        if method == "OPTIONS":
            await preflight(send, METHODS)
            return
        if method not in METHODS.split(", "):
            raise MethodNotAllowed(f"{method} is not a method of reconciliation", allow=METHODS)
        body = await receive_body(scope, receive, _MOST_BODY) if method == "POST" else b""
        asked = parse(scope, body)
        content, version = await self._found(asked, scope, receive)
        await _send(send, scope, content, version)

    async def _found(self, asked: Asked, scope: Any, receive: Any) -> tuple[Content, int]:  # noqa: ANN401
        """The answer and the version it is from. Counted as so many queries as it holds."""
        caller, allowance = counted(self.site, scope)
        stop = Stop(allowance.seconds)
        most = self.site.settings.reconcile_batch
        with self.site.turnstile.passage(caller, allowance):
            payload, version = await self._run(lambda: (asked.payload(), self.site.store.reader().version))
            self.site.turnstile.charge(caller, allowance, min(queries_in(payload), most) - 1)
            work = await self._current(version)
            try:
                return await watched(self._run(lambda: self._do(work, asked, payload, stop)), receive), work.version
            finally:
                stop.end()

    def _do(self, work: Work, asked: Asked, payload: tuple[str, Any], stop: Stop) -> Content:
        return work.do(asked, payload, self.site.store.reader(), stop, self.site.settings.reconcile_batch)

    async def _run(self, do: Callable[[], T]) -> T:
        """Beside the event loop, in one of a few threads; no more wait for them than for the processes of queries."""
        if self._waiting >= self.site.settings.query_queue:
            raise ServiceBusy("too many requests wait for reconciliation")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, do)
        finally:
            self._waiting -= 1

    async def _current(self, version: int) -> Work:
        """What answers for a version, else for the one before while that is read, once for all who ask."""
        if self._work is None:
            async with self._reading:
                if self._work is None:
                    await self._renew()
        elif self._work.version < version and (self._renewal is None or self._renewal.done()):
            before, self._renewal = self._renewal, asyncio.create_task(self._renew())
            if before is not None:
                before.result()  # what went wrong with it is told to whoever asks next
        assert self._work is not None
        return self._work

    async def _renew(self) -> None:
        self._work = await asyncio.to_thread(lambda: Work.read(self.site.store.reader()))


async def _send(send: Any, scope: Any, content: Content, version: int) -> None:  # noqa: ANN401
    """What was read may be asked again with its tag; the answer to a POST is for this one request."""
    kind = ((b"content-type", content.media_type.encode()),)
    fields: Headers = (*_VARY, *headers.CORS, *(_FRAMED if content.media_type == HTML else headers.INERT))
    fields = ((headers.VERSION, str(version).encode()), *fields)
    status, body = 200, content.body
    if scope["method"] == "POST":
        fields = (*headers.NO_STORE, *fields)
    else:
        tag = f'"{blake2b(content.body, digest_size=16).hexdigest()}"'
        fields = ((b"etag", tag.encode()), *headers.REVALIDATE, *fields)
        known = headers.find(scope["headers"], b"if-none-match")
        if known and matches(known, tag):
            status, body = 304, b""
    size = ((b"content-length", str(len(body)).encode()),) if status == 200 else ()
    await send({"type": "http.response.start", "status": status, "headers": (*kind, *size, *fields)})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
