"""Turns a token into who may do what, and keeps nothing from which the token could be made again.

A token is ``ikg_`` + 8 hex digits that name it + ``_`` + 256 random bits. At rest there is an HMAC-SHA-256 of it, keyed
by a salt of the file. A slow hash protects passwords because they can be guessed; 256 random bits cannot, and a slow
hash would let anybody who sends wrong tokens keep the service busy. Bearer tokens: https://www.rfc-editor.org/rfc/rfc6750
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyoxigraph import NamedNode

from iesi_kg.errors import NotFound, StoreError, TokensUnusable, Unauthorized, UsageError
from iesi_kg.store.durable import locked, make_folder, store_error, write_atomically
from iesi_kg.vocabulary import iris

SCOPES = {
    "read-more": "higher limits for queries",
    "submit": "hand in records over HTTP",
    "review": "decide on records that were handed in",
    "write": "SPARQL Update and Graph Store on the workspace graphs named with it",
    "mirror": "copy the whole store, where not anybody may",
    "admin": "everything but writing: the graphs for that are named with the scope write",
}
FOLDER = "operations"
PATTERN = re.compile(r"ikg_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_FORMAT = 1
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,80}")
_OTHERS = 0o077
_LOCK_SECONDS = 5.0
_NO_DIGEST = "0" * 64


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; the secret is not."""

    id: str
    name: str
    scopes: frozenset[str]
    graphs: tuple[str, ...]
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    digest: str

    def state(self, now: datetime) -> str:
        """``valid``, ``expired`` or ``revoked``."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= now else "valid"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a new token is to open, and until when (None: until it is revoked)."""

    name: str
    scopes: frozenset[str]
    graphs: tuple[str, ...] = ()
    expires: datetime | None = None


Record = Callable[[str, Token], None]


class Tokens:
    """The tokens of one store folder. A change by another process is seen at the next question.

    ``record`` is told of a change before it is made; what it raises stops the change.
    """

    def __init__(self, store: Path, record: Record | None = None) -> None:
        self.path = store / FOLDER / "tokens.json"
        self._record = record
        self._stamp: tuple[int, ...] = ()
        self._salt = b""
        self._known: dict[str, Token] = {}

    def all(self) -> tuple[Token, ...]:
        """Every token ever made, oldest first. Raises TokensUnusable."""
        self._refresh()
        return tuple(self._known.values())

    def check(self, text: str, now: datetime) -> Token:
        """The valid token that ``text`` is. Raises Unauthorized, TokensUnusable."""
        self._refresh()
        parts = PATTERN.fullmatch(text)
        token = self._known.get(parts[1]) if parts else None
        matches = hmac.compare_digest(token.digest if token else _NO_DIGEST, _digest(self._salt, text))
        if token is None or not matches:
            raise Unauthorized("this token is not known here", challenge=_invalid("unknown token"))
        if token.state(now) == "revoked":
            raise Unauthorized("this token was revoked", challenge=_invalid("revoked token"))
        if token.state(now) == "expired":
            raise Unauthorized(f"this token expired on {_text(token.expires)}", challenge=_invalid("expired token"))
        return token

    def create(self, grant: Grant, now: datetime) -> tuple[Token, str]:
        """A new token and its secret text, which nothing can show a second time. Raises UsageError."""
        _refuse_nonsense(grant, now)
        with self._changing():
            if any(token.name == grant.name and token.state(now) == "valid" for token in self._known.values()):
                raise UsageError(
                    f"there is a valid token called {grant.name!r} already",
                    hint="revoke it first, or choose another name",
                )
            identifier = secrets.token_hex(4)
            while identifier in self._known:
                identifier = secrets.token_hex(4)
            text = f"ikg_{identifier}_{secrets.token_urlsafe(32)}"
            salt = self._salt or secrets.token_bytes(32)
            token = Token(
                identifier, grant.name, grant.scopes, grant.graphs, now, grant.expires, None, _digest(salt, text)
            )
            self._write(salt, token, "token created")
        return token, text

    def revoke(self, which: str, now: datetime) -> Token:
        """End the token of this id, or the valid one of this name. Raises NotFound, UsageError."""
        with self._changing():
            named = [t for t in self._known.values() if t.id == which]
            named = named or [t for t in self._known.values() if t.name == which and t.revoked is None]
            if not named:
                raise NotFound(f"there is no token {which!r} to revoke", hint="`iesi-kg token list` shows all tokens")
            if len(named) > 1:
                raise UsageError(
                    f"several tokens are called {which!r}", hint=f"name one by its id: {', '.join(t.id for t in named)}"
                )
            if named[0].revoked is not None:
                raise UsageError(f"the token {which} was revoked on {_text(named[0].revoked)}")
            ended = replace(named[0], revoked=now)
            self._write(self._salt, ended, "token revoked")
        return ended

    def _refresh(self) -> None:
        try:
            with self.path.open("rb") as file:
                facts = os.fstat(file.fileno())
                stamp = (facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size, facts.st_mode)
                if stamp == self._stamp:
                    return
                if facts.st_mode & _OTHERS:
                    raise _unusable(self.path, "others than its owner may read or change it", f"chmod 600 {self.path}")
                self._salt, self._known = _decode(file.read())
                self._stamp = stamp
        except FileNotFoundError:
            self._stamp, self._salt, self._known = (), b"", {}
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise _unusable(self.path, why, "run the command as the user that runs the service") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            hint = "restore it from a backup, or move it away and make new tokens: the old ones end with it"
            raise _unusable(self.path, "it is damaged", hint) from None

    def _changing(self) -> _Changing:
        return _Changing(self)

    def _write(self, salt: bytes, changed: Token, what: str) -> None:
        known = {**self._known, changed.id: changed}
        if self._record is not None:
            self._record(what, changed)
        content = {"format": _FORMAT, "salt": salt.hex(), "tokens": [_encode(token) for token in known.values()]}
        write_atomically(self.path, json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n", mode=0o600)


class _Changing:
    """The tokens as they stand, while no other process may change them."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._folder = tokens.path.parent

    def __enter__(self) -> None:
        try:
            make_folder(self._folder)
            self._lock = locked(self._folder / "LOCK", _LOCK_SECONDS)
            self._lock.__enter__()
        except OSError as error:
            raise store_error(error, self._folder) from error
        try:
            self._tokens._refresh()
        except StoreError:
            self._lock.__exit__(None, None, None)
            raise

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._lock.__exit__(None, None, None)
        if isinstance(error, OSError):
            raise store_error(error, self._folder) from error


def _refuse_nonsense(grant: Grant, now: datetime) -> None:
    unknown = sorted(grant.scopes - set(SCOPES))
    if unknown or not grant.scopes:
        what = f"unknown scope {unknown[0]!r}" if unknown else "a token needs a scope"
        raise UsageError(what, hint=f"scopes: {', '.join(SCOPES)}")
    if not _NAME.fullmatch(grant.name) or grant.name != grant.name.strip():
        raise UsageError("the name of a token is a line of 1 to 80 characters")
    if grant.expires is not None and grant.expires <= now:
        raise UsageError(f"the token would have expired on {_text(grant.expires)} already")
    if "write" in grant.scopes and not grant.graphs:
        raise UsageError(
            "the scope write goes with the graphs that may be written",
            hint="--scope write --graph https://example.org/my-graph (repeat --graph for several)",
        )
    if grant.graphs and "write" not in grant.scopes:
        raise UsageError("graphs go with the scope write", hint="--scope write, or leave --graph out")
    for graph in grant.graphs:
        _refuse_what_is_no_workspace(graph)


def _refuse_what_is_no_workspace(graph: str) -> None:
    try:
        NamedNode(graph)
    except ValueError:
        raise UsageError(f"{graph!r} is not an absolute IRI") from None
    if not iris.is_workspace(graph):
        raise UsageError(
            f"{graph} holds what is published, which changes by submissions only",
            hint=f"an IRI of your own, or one below {iris.graph('workspace').value}/",
        )


def _digest(salt: bytes, text: str) -> str:
    return hmac.digest(salt, text.encode("utf-8", "replace"), "sha256").hex()


def _encode(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "graphs": list(token.graphs),
        "created": _text(token.created),
        "expires": _text(token.expires),
        "revoked": _text(token.revoked),
        "hmac_sha256": token.digest,
    }


def _decode(content: bytes) -> tuple[bytes, dict[str, Token]]:
    facts: dict[str, Any] = json.loads(content)
    if facts["format"] != _FORMAT:
        raise ValueError(facts["format"])
    salt, tokens = bytes.fromhex(facts["salt"]), [_token(entry) for entry in facts["tokens"]]
    if len(salt) < 16 or len({token.id for token in tokens}) != len(tokens):
        raise ValueError("salt or ids")
    return salt, {token.id: token for token in tokens}


def _token(entry: dict[str, Any]) -> Token:
    created = _time(entry["created"])
    digest = str(entry["hmac_sha256"])
    if created is None or len(bytes.fromhex(digest)) != 32:
        raise ValueError("token")
    return Token(
        str(entry["id"]),
        str(entry["name"]),
        frozenset(entry["scopes"]) & frozenset(SCOPES),
        tuple(str(graph) for graph in entry["graphs"]),
        created,
        _time(entry["expires"]),
        _time(entry["revoked"]),
        digest,
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _invalid(why: str) -> str:
    return f'Bearer realm="iesi-kg", error="invalid_token", error_description="{why}"'


def _unusable(path: Path, why: str, hint: str) -> TokensUnusable:
    return TokensUnusable(f"the tokens in {path} cannot be used: {why}", hint=hint)
