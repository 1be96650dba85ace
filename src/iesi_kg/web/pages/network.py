"""The network page: organisations by how many others they work with, and a picture of those that join initiatives."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from iesi_kg.analysis import network, network_drawing
from iesi_kg.analysis.listing import Choice, Entry, Index
from iesi_kg.web.pages.drawings import files
from iesi_kg.web.pages.filtering import filtering
from iesi_kg.web.pages.initiatives import Asked, asked_of
from iesi_kg.web.pages.language import spoken
from iesi_kg.web.pages.rendering import href, reader, render
from iesi_kg.web.pages.shelf import index, shelf
from iesi_kg.web.pages.wording import drawing_words

router = APIRouter()
PATH = "/network"
PAGE = 50


def _network(request: Request, listed: Index, asked: Asked) -> tuple[network.Network, list[network.Cluster]]:
    """The network of what is asked, and its parts; that of all initiatives is made once for a version."""
    kept, source = shelf(request), reader(request)
    found = kept.get("participations", source, network.read)

    def made(entries: Iterable[Entry]) -> tuple[network.Network, list[network.Cluster]]:
        whole = network.network(found, {entry.iri for entry in entries})
        return whole, network.clusters(whole)

    if asked.choice == Choice():
        return kept.get("network", source, lambda _: made(listed.entries))
    return made(listed.select(asked.choice))


@router.api_route(PATH, methods=["GET", "HEAD"])
def page(request: Request) -> Response:
    """The page."""
    listed, said = index(request), spoken(request)
    asked = asked_of(request, listed)
    whole, parts = _network(request, listed, asked)
    last = max(1, -(-len(whole.members) // PAGE))
    number = min(asked.page, last)

    def link(iri: str) -> str:
        path = href(iri) or quote(iri, safe="")
        return f"{path}?{urlencode(said.kept)}" if said.kept else path

    drawing = network_drawing.svg(whole, parts, drawing_words(said.wording)["network"], link)
    context = {
        **filtering(listed, asked, ()),
        "action": PATH,
        "network": whole,
        "drawn": [sum(len(part.members) for part in parts), sum(len(part.initiatives) for part in parts), len(parts)],
        "drawing": Markup(drawing),
        "files": files("network", [*asked.pairs(), *said.kept]),
        "members": whole.members[(number - 1) * PAGE : number * PAGE],
        "page": number,
        "last": last,
        "version": listed.version,
    }
    return render(request, "network.html", context)
