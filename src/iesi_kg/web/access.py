"""Turns the ``Authorization`` header of a request into who asks and what they may do (RFC 6750)."""

from __future__ import annotations

import hmac
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from iesi_kg.errors import Forbidden, RequestError, TokensUnusable, Unauthorized
from iesi_kg.operations.attempts import Attempts
from iesi_kg.operations.tokens import PATTERN, SCOPES, Tokens
from iesi_kg.operations.uses import Uses
from iesi_kg.settings import Settings

_CHALLENGE = 'Bearer realm="iesi-kg"'
_MARKS = (b"ikg_", b"access_token=")
_KEY = "iesi_kg.caller"
_log = logging.getLogger("iesi_kg.web")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the name of the token, None for anybody; ``graphs`` are what the scope ``write`` reaches."""

    name: str | None
    scopes: frozenset[str]
    graphs: tuple[str, ...]

    def may(self, scope: str) -> bool:
        """Whether the caller has this scope; ``admin`` has all."""
        if scope not in SCOPES:
            raise ValueError(scope)
        return scope in self.scopes or "admin" in self.scopes

    def require(self, scope: str) -> None:
        """Raises Unauthorized for a request without a token, Forbidden for a token without this scope."""
        if self.may(scope):
            return
        if self.name is None:
            raise Unauthorized(f"this needs a token with the scope {scope}", challenge=_CHALLENGE)
        raise Forbidden(
            f"the token {self.name!r} does not have the scope {scope}",
            hint=f"ask those who run the service for a token with the scope {scope}",
            challenge=f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"',
        )


ANYBODY = Caller(None, frozenset(), ())


class Gate:
    """What tells callers apart in one running service."""

    def __init__(self, settings: Settings) -> None:
        self.tokens = Tokens(settings.state_folder)
        self.uses = Uses(settings.state_folder)
        self.attempts = Attempts()

    def require_only(self, token: str, header: str, address: str) -> None:
        """Let through who shows the one token of a scratch store. Raises Unauthorized, TooManyAttempts."""
        clock = time.monotonic()
        self.attempts.admit(address, clock)
        scheme, _, given = header.strip().partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()):
            return
        if header:
            self.attempts.failed(address, clock)
        raise Unauthorized(
            "this store is written with its token only",
            hint="send the value of IESI_KG_TOKEN as `Authorization: Bearer ...`",
            challenge=_CHALLENGE,
        )

    def caller(self, header: str, address: str) -> Caller:
        """The caller that an ``Authorization`` header names. Raises Unauthorized, TooManyAttempts, TokensUnusable."""
        clock = time.monotonic()
        self.attempts.admit(address, clock)
        try:
            now = datetime.now(UTC)
            token = self.tokens.check(_bearer(header), now)
            self.uses.note(token.id, now)
        except Unauthorized:
            self.attempts.failed(address, clock)
            raise
        except TokensUnusable as error:
            _log.error("%s (%s)", error.detail, error.hint)  # the path is for those who run the service
            raise TokensUnusable(
                "tokens cannot be checked at present", hint="tell those who run the service; its log says why"
            ) from None
        return Caller(token.name, token.scopes, token.graphs)


def caller(scope: Any) -> Caller:  # noqa: ANN401  (ASGI)
    """Who sent the request of this ASGI scope; without ``Authorization`` it is anybody.

    Raises Unauthorized (401), TooManyAttempts (429), TokensUnusable (503).
    """
    known: Caller | None = scope.get(_KEY)
    if known is None:
        known = scope[_KEY] = _caller(scope)
    return known


def refuse_in_address(scope: Any) -> None:  # noqa: ANN401
    """Raise RequestError for a token in the address, where every log and every proxy on the way keeps it."""
    for part in (scope["query_string"], scope.get("raw_path") or b""):
        if (_MARKS[0] in part or _MARKS[1] in part) and (PATTERN.search(part.decode("latin-1")) or _MARKS[1] in part):
            raise RequestError(
                "a token does not belong into an address, which logs and histories keep",
                hint="send it as `Authorization: Bearer ...`; revoke the one you sent: `iesi-kg token revoke`",
            )


def _caller(scope: Any) -> Caller:  # noqa: ANN401
    values = [value for name, value in scope["headers"] if name == b"authorization"]
    if not values:
        return ANYBODY
    if len(values) > 1:
        raise RequestError("the header Authorization came more than once")
    address = scope.get("client") or ("", 0)
    gate: Gate = scope["app"].state.gate
    return gate.caller(values[0].decode("latin-1"), str(address[0]))


def _bearer(header: str) -> str:
    scheme, _, text = header.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized("only tokens are understood here: `Authorization: Bearer ...`", challenge=_CHALLENGE)
    return text.strip()
