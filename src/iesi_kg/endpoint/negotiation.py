"""Turns the form of a query and an Accept header into one media type (RFC 9110 section 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from iesi_kg.errors import NotAcceptable, RequestError
from iesi_kg.records import Form


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type: how clients name it in Accept, our short name, and the Content-Type of an answer."""

    name: str
    short: str
    content_type: str
    aliases: tuple[str, ...] = ()


HTML = MediaType("text/html", "html", "text/html; charset=utf-8", ("application/xhtml+xml",))
JSON = MediaType(
    "application/sparql-results+json", "json", "application/sparql-results+json", ("application/json", "text/json")
)
XML = MediaType(
    "application/sparql-results+xml", "xml", "application/sparql-results+xml", ("application/xml", "text/xml")
)
CSV = MediaType("text/csv", "csv", "text/csv; charset=utf-8; header=present")
TSV = MediaType("text/tab-separated-values", "tsv", "text/tab-separated-values; charset=utf-8")
_TURTLE_ALIASES = ("application/x-turtle", "application/turtle", "text/n3", "text/rdf+n3")
TURTLE = MediaType("text/turtle", "ttl", "text/turtle; charset=utf-8", _TURTLE_ALIASES)
N_TRIPLES = MediaType("application/n-triples", "nt", "application/n-triples", ("text/plain",))
RDF_XML = MediaType("application/rdf+xml", "rdf", "application/rdf+xml", ("application/xml", "text/xml"))
JSON_LD = MediaType("application/ld+json", "jsonld", "application/ld+json", ("application/json",))

TABLES = (JSON, XML, CSV, TSV)
GRAPHS = (TURTLE, N_TRIPLES, RDF_XML, JSON_LD)
_BY_FORM = {Form.SOLUTIONS: TABLES, Form.BOOLEAN: (JSON, XML, CSV, TSV), Form.GRAPH: GRAPHS}
_SHORT_ALIASES = {
    "turtle": "ttl", "n3": "ttl", "n-triples": "nt", "ntriples": "nt",
    "rdfxml": "rdf", "rdf+xml": "rdf", "rdf xml": "rdf", "json-ld": "jsonld",
}  # fmt: skip
_GENERIC = {"rdf": "xml", "jsonld": "json"}
_WEIGHT = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\Z")
_Range = tuple[str, str, float]


def choose(form: Form, accept: str | None, shorts: Sequence[str] = ()) -> MediaType:
    """The media type of the answer; ``shorts`` (our ``format=`` parameter) outweigh Accept.

    Raises NotAcceptable or RequestError.

    >>> choose(Form.GRAPH, "text/turtle;q=0.5, application/ld+json").short
    'jsonld'
    """
    offers = _BY_FORM[form]
    if shorts:
        return _named(offers, form, shorts)
    chosen = best(offers, accept)
    if chosen is None:
        raise NotAcceptable(
            f"none of the media types asked for can carry the {form} of this query",
            hint="name an available one in Accept, or by format=" + "|".join(offer.short for offer in offers),
            available=[offer.name for offer in offers],
        )
    return chosen


@lru_cache(maxsize=128)
def best(offers: tuple[MediaType, ...], accept: str | None) -> MediaType | None:
    """The offer the client likes best; among equals the first offered, None when it likes none."""
    if accept is None or not accept.strip():
        return offers[0]
    ranges = _ranges(accept)
    rated = [(_quality(offer, ranges), -index) for index, offer in enumerate(offers)]
    quality, index = max(rated)
    return offers[-index] if quality > 0 else None


@lru_cache(maxsize=128)
def prefers_html(accept: str | None) -> bool:
    """Whether the client names HTML and likes nothing of ours better, as browsers do."""
    if not accept or "html" not in accept.lower():
        return False
    ranges = _ranges(accept)
    html = max((q for kind, sub, q in ranges if f"{kind}/{sub}" in (HTML.name, *HTML.aliases)), default=0.0)
    data = max((q for kind, sub, q in ranges if kind != "*" and _is_data(f"{kind}/{sub}")), default=0.0)
    return html > 0 and html >= data


@lru_cache(maxsize=128)
def names_rdf(accept: str | None) -> bool:
    """Whether the client asks for a media type that carries nothing but RDF."""
    names = {f"{kind}/{sub}" for kind, sub, quality in _ranges(accept or "") if quality > 0}
    return any(_is_data(name) and name in (offer.name, *offer.aliases) for offer in GRAPHS for name in names)


@lru_cache(maxsize=64)
def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether the client takes gzip (RFC 9110 section 12.5.3)."""
    weights: dict[str, float] = {}
    for part in (accept_encoding or "").split(","):
        name, _, rest = part.partition(";")
        weights[name.strip().lower()] = _weight(rest)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _is_data(name: str) -> bool:
    # application/xml is what browsers send beside HTML; it must not turn a page into data.
    generic = ("application/xml", "text/xml", "text/plain", "application/json")
    return name not in generic and any(name in (offer.name, *offer.aliases) for offer in (*TABLES, *GRAPHS))


def _named(offers: Sequence[MediaType], form: Form, shorts: Sequence[str]) -> MediaType:
    """The first offer named by ``format=``: clients such as SPARQLWrapper send several spellings of one format."""
    for short in shorts:
        wanted = _SHORT_ALIASES.get(short.lower(), short.lower())
        for offer in offers:
            if wanted in (offer.short, offer.name, *offer.aliases) or wanted == _GENERIC.get(offer.short):
                return offer
    known = [offer.short for offer in offers]
    hint, shown = "one of " + ", ".join(known), shorts[0][:50]
    if any(_SHORT_ALIASES.get(shown.lower(), shown.lower()) == offer.short for offer in (*TABLES, *GRAPHS)):
        raise NotAcceptable(f"format={shown} cannot carry the {form} of this query", hint=hint, available=known)
    raise RequestError(f"unknown format {shown!r}", hint=hint, available=known)


def _ranges(accept: str) -> list[_Range]:
    ranges = []
    for part in accept.lower().split(","):
        name, _, parameters = part.partition(";")
        kind, _, sub = name.strip().partition("/")
        if kind:
            ranges.append((kind, sub.strip() or "*", _weight(parameters)))
    return ranges


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if _WEIGHT.match(value := value.strip()) else 0.0
    return 1.0


def _quality(offer: MediaType, ranges: list[_Range]) -> float:
    """The weight of the most specific range that names the offer; its own name is more specific than an alias."""
    found = (-1, 0.0)
    for kind, sub, weight in ranges:
        found = max(found, (_specificity(offer, kind, sub), weight)) if _specificity(offer, kind, sub) >= 0 else found
    return found[1]


def _specificity(offer: MediaType, kind: str, sub: str) -> int:
    name = f"{kind}/{sub}"
    if name == offer.name:
        return 3
    if name in offer.aliases:
        return 2
    if sub == "*":
        return 1 if offer.name.startswith(f"{kind}/") else 0 if kind == "*" else -1
    return -1
