"""Turns what another server answers instead of what was asked for into the error that says whose fault it is."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Mapping
from typing import Any

from iesi_kg.errors import (
    BackendCut,
    BackendError,
    BackendLied,
    BackendRefused,
    BackendTimeout,
    BackendUnreachable,
    IesiKgError,
    QuerySyntaxError,
)
from iesi_kg.store.evaluation import POSITION, syntax_error
from iesi_kg.store.remote.profiles import Location

SHOWN = 200

log = logging.getLogger(__name__)

_SYNTAX = re.compile(r"syntax error|parse error|parsing|expected|malformed|encountered \"", re.I)
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,200})", re.I)
_TEXT_TYPES = ("text/plain", "application/problem+json", "application/json", "")
_CREDENTIALS = "see IESI_KG_STORE_USER and IESI_KG_STORE_PASSWORD, and what the account may do there"


def unreachable(where: Location, error: Exception) -> BackendError:
    """What kept a connection from being made: a name, a port, a certificate; the address goes to the log alone."""
    product = where.profile.title
    log.info("%s at %s cannot be reached: %s", product, where.base, error)
    if (certificate := _certificate(error)) is not None:
        return BackendUnreachable(
            f"{product} shows a certificate that is not valid: {certificate}",
            hint="renew it, or name its authority in SSL_CERT_FILE; nothing was sent",
            backend=product,
        )
    return BackendUnreachable(
        f"{product} cannot be reached: {_words(error)}",
        hint="see whether it runs, and whether IESI_KG_STORE or --store names its address; nothing was sent",
        backend=product,
    )


def broken(where: Location, error: Exception, *, writing: bool) -> BackendError:
    """A connection that ended in the middle."""
    after = "whether it did what was asked is not known: the journal is compared at the next opening" if writing else ""
    return BackendCut(
        f"{where.profile.title} broke the connection off: {_words(error)}",
        hint=after or "try again; if it stays, see its log",
        backend=where.profile.title,
    )


def late(where: Location, seconds: float, *, writing: bool = False) -> BackendTimeout:
    """No whole answer within the time that was given."""
    after = "whether it did what was asked is not known" if writing else "ask for less, or see what else it is doing"
    return BackendTimeout(
        f"{where.profile.title} gave no whole answer within {seconds:.3g} seconds",
        hint=after,
        backend=where.profile.title,
        limit_seconds=round(seconds, 3),
    )


def redirected(where: Location, status: int, target: str) -> BackendError:
    """A redirect, which is never followed: it could lead credentials and queries anywhere."""
    return BackendRefused(
        f"{where.profile.title} answered with a redirect ({status}) to {_plain(target)!r}, which is not followed",
        hint="give the address that it redirects to as the store, if it is the right one",
        backend=where.profile.title,
        backend_status=status,
    )


def partial(where: Location, state: str, message: str) -> BackendError:
    """A part of an answer, sent as if it were the whole and told by a header alone."""
    return BackendCut(
        f"{where.profile.title} sent a part of the answer as if it were whole ({_plain(state)})",
        hint=_plain(message.partition("Activity")[0]) or "ask for less",
        backend=where.profile.title,
    )


def capped(where: Location, rows: int) -> BackendError:
    """An answer that ends where the server always ends."""
    return BackendCut(
        f"{where.profile.title} cut the answer at {rows:,} rows",
        hint="ask for less, or have its operator raise that number above IESI_KG_QUERY_ROWS",
        backend=where.profile.title,
    )


def cut(where: Location, reason: str) -> BackendError:
    """An answer that ends before its end."""
    return BackendCut(
        f"the answer of {where.profile.title} {_plain(reason)}", hint="try again", backend=where.profile.title
    )


def lied(where: Location, said: str, wanted: str, body: bytes = b"") -> BackendError:
    """An answer of another type than was asked for, or that is not what its type says."""
    title = _TITLE.search(body[:20_000])
    words = f" (a page titled {_plain(title[1].decode('utf-8', 'replace'))!r})" if title else ""
    return BackendLied(
        f"{where.profile.title} answered with {_plain(said) or 'no media type'}{words}, not with {wanted}",
        hint="see whether the address is that of its SPARQL service, and whether something stands in front of it",
        backend=where.profile.title,
    )


def refused(where: Location, status: int, headers: Mapping[str, str], body: bytes, *, updating: bool) -> IesiKgError:
    """What a status other than 2xx means."""
    product, said = where.profile.title, _said(headers, body)
    facts: dict[str, Any] = {"backend": product, "backend_status": status}
    words = f": {said}" if said else ""
    if any(word in said for word in where.profile.timeout_words) or status in (408, 504):
        return BackendTimeout(f"{product} stopped at its own time limit{words}", hint="ask for less", **facts)
    if status in (401, 403, 407):
        return BackendRefused(f"{product} refuses the account ({status}){words}", hint=_CREDENTIALS, **facts)
    if status in (429, 503):
        wait = headers.get("retry-after", "")
        later = {"retry_after": int(wait)} if wait.isdigit() else {}
        return BackendUnreachable(f"{product} is too busy ({status}){words}", hint="try again later", **facts, **later)
    if status == 400 and not updating and _SYNTAX.search(said):
        return _syntax(said)
    if status == 404:
        return BackendRefused(
            f"{product} has nothing at the address of the store{words}",
            hint="see the address in IESI_KG_STORE or --store",
            **facts,
        )
    return BackendRefused(f"{product} answered with status {status}{words}", hint="see its log", **facts)


def _syntax(said: str) -> QuerySyntaxError:
    _, found, engine = said.partition(POSITION)
    return syntax_error(found + engine) if found else QuerySyntaxError(said)


def _said(headers: Mapping[str, str], body: bytes) -> str:
    """What a server says about its failure, where it says it in text."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TEXT_TYPES:
        return ""
    return _plain(body[: 4 * SHOWN].decode("utf-8", "replace").partition("SPARQL query:")[0])


def _certificate(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return str(error.verify_message)
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return _plain(str(error).partition("failed: ")[2] or str(error))
        error = error.__cause__ or error.__context__
    return None


def _words(error: Exception) -> str:
    return _plain(str(error)) or type(error).__name__


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:SHOWN]
