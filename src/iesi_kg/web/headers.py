"""The HTTP headers that every answer of one kind shares, as ready-made byte pairs."""

from __future__ import annotations

from typing import TypeAlias

from iesi_kg.settings import Settings

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

VERSION = b"iesi-kg-version"
EXPOSED = (
    "Content-Location, ETag, IESI-KG-Limits, IESI-KG-Release, IESI-KG-Version, Link, Memento-Datetime, Retry-After"
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
PREFLIGHT: Headers = (
    (b"access-control-allow-headers", b"Accept, Accept-Encoding, Accept-Profile, Content-Type, If-None-Match"),
    (b"access-control-max-age", b"86400"),
)
SECURITY: Headers = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
NO_SNIFFING: Headers = ((b"x-content-type-options", b"nosniff"),)
VARY: Headers = ((b"vary", b"Accept, Accept-Encoding"),)
REVALIDATE: Headers = ((b"cache-control", b"public, no-cache"),)
NO_STORE: Headers = ((b"cache-control", b"no-store"),)


def limits(settings: Settings) -> Headers:
    """The limits of a query on every answer, as one dictionary of RFC 8941."""
    text = f"seconds={settings.query_seconds:g}, bytes={settings.query_bytes}, rows={settings.query_rows}"
    return ((b"iesi-kg-limits", text.encode()),)


def find(headers: list[tuple[bytes, bytes]], name: bytes) -> str | None:
    """The value of a request header; several are joined by commas (RFC 9110 section 5.3)."""
    values = [value.decode("latin-1") for key, value in headers if key == name]
    return ", ".join(values) if values else None
