"""A token shown once in a form to a session that a cookie names: HttpOnly, SameSite=Strict, forgotten at a restart.

The cookie opens what the token opens, as long as the token is valid. Each form of a session carries a proof that a page
of ours made it (https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html).
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from iesi_kg.errors import CrossSite
from iesi_kg.web import access
from iesi_kg.web.access import ANYBODY, Caller, Gate

COOKIE = "iesi_kg_session"
SECONDS = 8 * 3600
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Session:
    """The id of the token that was shown, and when the session ends."""

    token: str
    ends: float


class Register(Protocol):
    """Where open sessions stand, by the digest of their cookie."""

    def put(self, digest: bytes, session: Session) -> None: ...

    def get(self, digest: bytes) -> Session | None: ...

    def drop(self, digest: bytes) -> None: ...


class OwnRegister:
    """The sessions of one process, in bounded memory."""

    def __init__(self) -> None:
        self._open: OrderedDict[bytes, Session] = OrderedDict()

    def put(self, digest: bytes, session: Session) -> None:
        """Open one; the oldest makes room."""
        self._open[digest] = session
        while len(self._open) > _MOST:
            self._open.popitem(last=False)

    def get(self, digest: bytes) -> Session | None:
        """One that is open."""
        return self._open.get(digest)

    def drop(self, digest: bytes) -> None:
        """Close one."""
        self._open.pop(digest, None)


class Sessions:
    """The sessions of one running service; ``key`` makes the proofs that its forms carry."""

    def __init__(self, gate: Gate, register: Register | None = None, key: bytes = b"") -> None:
        self._gate = gate
        self._key = key or secrets.token_bytes(32)
        self._open: Register = OwnRegister() if register is None else register

    def begin(self, text: str, address: str) -> str:
        """The cookie for whoever shows a valid token. Raises Unauthorized, TooManyAttempts, TokensUnusable."""
        self._gate.caller(f"Bearer {text.strip()}", address)
        token = self._gate.tokens.check(text.strip(), datetime.now(UTC))
        cookie = secrets.token_urlsafe(32)
        self._open.put(_digest(cookie), Session(token.id, time.monotonic() + SECONDS))
        return cookie

    def end(self, cookie: str) -> None:
        """Forget a session."""
        self._open.drop(_digest(cookie))

    def caller(self, cookie: str) -> Caller:
        """Whom a cookie stands for; anybody when it is unknown, too old, or its token is not valid any more."""
        session = self._open.get(_digest(cookie))
        if session is None or session.ends <= time.monotonic():
            return ANYBODY
        now = datetime.now(UTC)
        tokens = [token for token in self._gate.tokens.all() if token.id == session.token]
        if not tokens or tokens[0].state(now) != "valid":
            self.end(cookie)
            return ANYBODY
        return Caller(tokens[0].name, tokens[0].scopes, tokens[0].graphs)

    def proof(self, cookie: str) -> str:
        """What the forms of a session carry."""
        return hmac.digest(self._key, cookie.encode("utf-8", "replace"), "sha256").hex()


def asking(request: Request) -> Caller:
    """Who asks, by the header ``Authorization`` or by the cookie. Raises as ``access.caller`` does."""
    if "authorization" in request.headers:
        return access.caller(request.scope)
    cookie = request.cookies.get(COOKIE, "")
    return _sessions(request).caller(cookie) if cookie else ANYBODY


def proof(request: Request) -> str:
    """What a form on this page must carry."""
    cookie = request.cookies.get(COOKIE, "")
    return _sessions(request).proof(cookie) if cookie else ""


def require_proof(request: Request, given: str) -> None:
    """Raises CrossSite for a form that no page of this session made; a token in the header needs none."""
    cookie = request.cookies.get(COOKIE, "")
    if "authorization" in request.headers or not cookie:
        return
    if not hmac.compare_digest(_sessions(request).proof(cookie).encode(), given.encode("utf-8", "replace")):
        raise CrossSite("this form is not of your session", hint="open the page again and send the form from there")


def give(request: Request, response: Response, cookie: str) -> None:
    """Have the browser keep the cookie; an empty one ends it."""
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=SECONDS if cookie else 0,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.reception.sessions
    return sessions


def _digest(cookie: str) -> bytes:
    return sha256(cookie.encode("utf-8", "replace")).digest()
