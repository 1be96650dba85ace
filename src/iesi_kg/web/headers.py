"""The HTTP headers that every answer of one kind shares, as ready-made byte pairs."""

from __future__ import annotations

from typing import TypeAlias

from iesi_kg.endpoint.allowance import Allowance

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

VERSION = b"iesi-kg-version"
ROWS = b"iesi-kg-rows"
HINT = b"iesi-kg-hint"
REWRITTEN = b"iesi-kg-rewritten"
TIMING = b"server-timing"
MISS: Headers = ((b"iesi-kg-cache", b"miss"),)
HIT: Headers = ((b"iesi-kg-cache", b"hit"),)
EXPOSED = (
    "Content-Location, ETag, IESI-KG-Cache, IESI-KG-Hint, IESI-KG-Limits, IESI-KG-Release, IESI-KG-Rewritten, "
    "IESI-KG-Rows, IESI-KG-Services, IESI-KG-Version, Link, Memento-Datetime, Retry-After, Server-Timing"
)

# A page may load its own files and nothing else; the editor carries its style in a nonce-less file of ours.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

CORS: Headers = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", EXPOSED.encode()),
)
_SENT = (
    "Accept, Accept-Encoding, Accept-Profile, Authorization, Content-Type, IESI-KG-Query, IESI-KG-Query-Secret, "
    "If-None-Match"
)
PREFLIGHT: Headers = (
    (b"access-control-allow-headers", _SENT.encode()),
    (b"access-control-max-age", b"86400"),
)
SECURITY: Headers = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"x-frame-options", b"DENY"),
)
# What a query makes may be shaped like a page with a script (RDF/XML is XML): no browser may run it in our name.
INERT: Headers = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"x-content-type-options", b"nosniff"),
)
VARY: Headers = ((b"vary", b"Accept, Accept-Encoding"),)
REVALIDATE: Headers = ((b"cache-control", b"public, no-cache"),)
NONE: Headers = ()
GZIP: Headers = ((b"content-encoding", b"gzip"),)
NO_STORE: Headers = ((b"cache-control", b"no-store"),)


def limits(allowance: Allowance) -> Headers:
    """The limits of the caller on every answer, as one dictionary of RFC 8941."""
    names = ("seconds", "bytes", "rows", "memory", "concurrent", "requests")
    text = ", ".join(f"{name}={getattr(allowance, name):.12g}" for name in names)
    return ((b"iesi-kg-limits", f"class={allowance.name}, {text}".encode()),)


def find(headers: list[tuple[bytes, bytes]], name: bytes) -> str | None:
    """The value of a request header; several are joined by commas (RFC 9110 section 5.3)."""
    values = [value.decode("latin-1") for key, value in headers if key == name]
    return ", ".join(values) if values else None
