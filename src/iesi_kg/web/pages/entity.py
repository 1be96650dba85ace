"""A described thing to its page: a template and a folder of queries for each kind, plain statements for the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastapi import Request
from fastapi.responses import HTMLResponse
from pyoxigraph import Literal, NamedNode

from iesi_kg.analysis import browse
from iesi_kg.analysis.browse import Iri, PageRow
from iesi_kg.analysis.exports import Profile
from iesi_kg.endpoint.entity import Description
from iesi_kg.publication.linkage_queue import elsewhere
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary import iris
from iesi_kg.web.pages.language import spoken
from iesi_kg.web.pages.ontology import Asked, more
from iesi_kg.web.pages.rendering import reader, render

_PLAIN, _PEER = "entity", "peer"


def entity_html(request: Request, description: Description, profiles: Sequence[Profile] = ()) -> HTMLResponse:
    """The page of one thing, its labels in the reader's language; ``profiles`` are those that describe it too."""
    source = reader(request)
    iri = description.iri.value
    kind = browse.kind(source, iri)
    language = spoken(request).code
    peer = iris.is_peer(description.iri)
    found = browse.sections(source, _PEER if peer else _PLAIN, iri, language)
    if not found["outgoing"]:
        found["outgoing"] = list(_told(description))
    context: dict[str, object] = {"iri": iri, "version": source.version, "found": found, "profiles": profiles}
    context |= {"peer": peer, "elsewhere": elsewhere(source, description.iri) if peer else []}
    if kind:
        page = browse.sections(source, kind, iri, language)
        context |= {
            "page": page,
            **more(kind, iri, page, Asked(request, source, language)),
            **_linked(source, kind, iri),
        }
    return render(request, f"{kind or _PLAIN}.html", context)


def _linked(source: Reader, kind: str, iri: str) -> dict[str, object]:
    """The same initiative in other databases."""
    return {"elsewhere": elsewhere(source, NamedNode(iri))} if kind == "initiative" else {}


def _told(description: Description) -> Iterator[PageRow]:
    """What is said of a thing that no page query finds: it is described by a profile alone."""
    for triple in description.outgoing:
        if triple.subject == description.iri:
            value = triple.object
            yield {
                "property": Iri(triple.predicate.value),
                "value": Iri(value.value) if isinstance(value, NamedNode) else getattr(value, "value", str(value)),
                "language": (value.language or "") if isinstance(value, Literal) else "",
            }
