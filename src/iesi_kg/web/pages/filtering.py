"""The filters of a page that draws: what may be chosen, what is set, and which of it is no code of its list."""

from __future__ import annotations

from collections.abc import Collection

from iesi_kg.analysis.listing import NONE, Index, fold
from iesi_kg.web.pages.initiatives import Asked, Option, chosen_of, options_of, unknown


def filtering(listed: Index, asked: Asked, without: Collection[str]) -> dict[str, object]:
    """What the form of the filters shows, the facets that are drawn themselves left out."""
    facets = [facet for facet in listed.facets if facet.key not in without]
    return {
        "asked": asked,
        "all": len(listed.entries),
        "filters": [(facet, offered(listed, facet.key, asked)) for facet in facets],
        "chosen": [option for facet in listed.facets for option in chosen_of(listed, facet.key, asked)],
        "unknown": unknown(listed, asked),
    }


def offered(listed: Index, facet: str, asked: Asked) -> list[Option]:
    """The values of a filter by name, the one of no code last."""
    return sorted(options_of(listed, facet, asked), key=lambda one: (one.value.code == NONE, fold(one.value.label)))
