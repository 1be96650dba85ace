"""A described thing to its page: a template and a folder of queries for each kind, plain statements for the rest."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse

from iesi_kg.analysis import browse
from iesi_kg.endpoint.entity import Description
from iesi_kg.web.pages.language import spoken
from iesi_kg.web.pages.ontology import Asked, more
from iesi_kg.web.pages.rendering import reader, render

_PLAIN = "entity"


def entity_html(request: Request, description: Description) -> HTMLResponse:
    """The page of one thing, its labels in the reader's language where the kind of page has them."""
    source = reader(request)
    iri = description.iri.value
    kind = browse.kind(source, iri)
    context: dict[str, object] = {
        "iri": iri,
        "version": source.version,
        "found": browse.sections(source, _PLAIN, iri),
    }
    if kind:
        asked = Asked(request, source, spoken(request))
        page = browse.sections(source, kind, iri, asked.spoken.code)
        context |= {"page": page, "spoken": asked.spoken, **more(kind, iri, page, asked)}
    return render(request, f"{kind or _PLAIN}.html", context)
