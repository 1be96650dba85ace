"""Turns away requests before anything looks at them: strange ones, those for another name, those of another site."""

from __future__ import annotations

import re
from typing import Any

from iesi_kg.errors import CrossSite, RequestError
from iesi_kg.settings import Settings
from iesi_kg.web import access
from iesi_kg.web.hosts import Hosts

_SAFE = ("GET", "HEAD", "OPTIONS")
# Scripts of any site may query, releases too, reconcile, and stop their own queries by a secret that no browser sends
# unasked.
_OPEN = re.compile(r"(?:/v/[^/]+)?/sparql/?|/queries/.*|/reconcile(?:/[a-z]{2})?/?")
_OWN = ("same-origin", "none")
_LOOKED_AT = frozenset({b"origin", b"sec-fetch-site", b"authorization", b"transfer-encoding"})
_CONTROL = (b"\r", b"\n", b"\0")


class Guard:
    """The checks that every request passes."""

    def __init__(self, settings: Settings) -> None:
        self._hosts = Hosts(settings.hosts, settings.host)

    def admit(self, scope: Any) -> None:  # noqa: ANN401  (ASGI)
        """Raises RequestError, Misdirected, CrossSite."""
        host, fields = None, {}
        for name, value in scope["headers"]:
            if name == b"host":
                if host is not None:
                    raise RequestError("the header Host came more than once")
                host = value.decode("latin-1")
            elif name in _LOOKED_AT:
                fields[name] = value.decode("latin-1")
        if host is not None or scope["http_version"] != "1.0":
            server = scope.get("server") or ("", 0)
            self._hosts.require(host or "", str(server[0]))
        if b"transfer-encoding" in fields and scope["http_version"] == "1.0":  # RFC 9112 section 6.1
            raise RequestError("HTTP/1.0 has no Transfer-Encoding")
        access.refuse_in_address(scope)
        if scope["method"] not in _SAFE and not _OPEN.fullmatch(scope["path"]):
            shown = fields.get(b"authorization", "").lower().startswith("bearer ")
            if not shown:
                _refuse_other_sites(fields, host or "")


def _refuse_other_sites(fields: dict[bytes, str], host: str) -> None:
    """Cross-site request forgery: what a browser sends without being asked by a page of ours.

    Without cookies there is nothing to ride on but the place of the browser: behind a firewall, or on the machine of a
    scratch store. Browsers say where a request comes from (https://www.w3.org/TR/fetch-metadata/), programs send
    neither header, and a token is never sent by a browser unasked.
    """
    site, origin = fields.get(b"sec-fetch-site"), fields.get(b"origin")
    own = site in _OWN if site is not None else origin is None or origin.partition("://")[2].lower() == host.lower()
    if not own:
        raise CrossSite("a page of another site sent this", hint="use the form of this service, or a program of yours")


def harmless(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers of an answer, without the characters that would begin another header (CRLF injection)."""
    return [(name, value if not any(c in value for c in _CONTROL) else _flat(value)) for name, value in fields]


def _flat(value: bytes) -> bytes:
    for control in _CONTROL:
        value = value.replace(control, b" ")
    return value
