"""A template and its rows to an HTML response under a strict Content Security Policy (https://www.w3.org/TR/CSP3/)."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import quote, urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, pass_context
from jinja2.runtime import Context

from iesi_kg import __version__
from iesi_kg.analysis.browse import Iri
from iesi_kg.endpoint.negotiation import accepts_gzip
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import BASE, PREFIXES
from iesi_kg.web.pages.language import Spoken, addresses, spoken
from iesi_kg.web.pages.static import address
from iesi_kg.web.pages.wording import wordings

_LOCAL = re.compile(r"\w[\w-]*")
_SERVED = re.compile(r"/(?:id/[^/#]+/[^/#]+|id/peer/[^#]+|codes/[^/#]+(?:/[^/#]+)?|ontology(?:/[^/#]+)?)(?:#.*)?")
TEMPLATES = Path(__file__).resolve().parent / "templates"
_GZIP_LEVEL = 5
_LONGEST_ALTERNATE = 2_000
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{nonce}; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def reader(request: Request) -> Reader:
    """The graph as it stands for this request."""
    current: Reader = request.app.state.site.store.reader()
    return current


def render(
    request: Request, template: str, context: Mapping[str, object], *, status: int = 200, nonce: str | None = None
) -> HTMLResponse:
    """One page; ``nonce`` allows the one style element that the editor makes."""
    page = environment().get_template(template)
    asked = spoken(request)
    body = page.render({**_frame(request, asked), "nonce": nonce, **context})
    headers = {
        "Content-Language": asked.code,
        "Content-Security-Policy": _POLICY.format(nonce=f" 'nonce-{nonce}'" if nonce else ""),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
        "Vary": "Accept, Accept-Encoding, Accept-Language",
    }
    if accepts_gzip(request.headers.get("accept-encoding")):
        packed = gzip.compress(body.encode("utf-8"), _GZIP_LEVEL, mtime=0)
        return HTMLResponse(packed, status_code=status, headers={**headers, "Content-Encoding": "gzip"})
    return HTMLResponse(body, status_code=status, headers=headers)


def _frame(request: Request, asked: Spoken) -> dict[str, object]:
    """What every page knows: its own address, its language, and its address in the other languages."""
    others = addresses(request)
    return {
        "path": request.url.path,
        "host": str(request.base_url).rstrip("/"),
        "releases_kept": hasattr(request.app.state, "editions"),
        "spoken": asked,
        "lang": asked.code,
        "t": asked.wording,
        "languages": [(wording, others[code]) for code, wording in wordings().items()],
        "alternates": others if len(request.url.query) <= _LONGEST_ALTERNATE else {},
    }


def new_nonce() -> str:
    """A nonce for one response."""
    return token_urlsafe(16)


@cache
def environment() -> Environment:
    """Templates with the filters they use."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(href=_href, address=href, short=short, first_upper=first_upper, host_of=host_of)
    made.filters["term_path"] = iris.term_path
    made.tests["iri"] = lambda value: isinstance(value, Iri)
    made.globals.update(asset=address, software=__version__, base=BASE, to=to)
    return made


@pass_context
def to(context: Context, path: str, pairs: Iterable[tuple[str, str]] = ()) -> str:
    """A link to a page of ours that keeps the language a reader chose in the address."""
    bare, mark, fragment = path.partition("#")
    given = [*pairs, *context["spoken"].kept]
    return f"{bare}?{urlencode(given)}{mark}{fragment}" if given else path


@pass_context
def _href(context: Context, iri: str) -> str | None:
    """The link for an IRI, the language kept where it leads to a page of ours."""
    found = href(iri)
    return str(to(context, found)) if found and found.startswith("/") else found


def href(iri: str) -> str | None:
    """The address to link for an IRI: ours on this server, others as they are, none for what is not a web address."""
    local = iris.local_path(iri)
    if local is not None:
        local = iris.term_path(iri) or local
        return quote(local, safe="/#%:@!$&'()*+,;=~-._") if _SERVED.fullmatch(local) else None
    return iri if iri.startswith(("http://", "https://")) else None


def short(iri: str) -> str:
    """An IRI as a prefixed name where that can be written (Turtle 1.1 section 6.5, PN_LOCAL), ours else by their path.

    >>> short("http://www.w3.org/2004/02/skos/core#note"), short(BASE + "codes/country/FR")
    ('skos:note', 'codes/country/FR')
    """
    fits = [(len(space), name, space) for name, space in PREFIXES.items() if iri.startswith(space)]
    if fits:
        _, name, space = max(fits)
        if _LOCAL.fullmatch(iri[len(space) :]):
            return f"{name}:{iri[len(space) :]}"
    return iri.removeprefix(BASE)


def first_upper(text: str) -> str:
    """A label at the start of a line."""
    return text[:1].upper() + text[1:]


def host_of(address: str) -> str:
    """The host of a web address, as readers know it."""
    return (urlsplit(address).hostname or address).removeprefix("www.")
