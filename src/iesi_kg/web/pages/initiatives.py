"""The list of initiatives with search and filters; its whole state is in the address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from iesi_kg.analysis.listing import NONE, Choice, Entry, Index, Value, as_query, is_code, words
from iesi_kg.validation import tables
from iesi_kg.web.pages.rendering import reader, render
from iesi_kg.web.pages.shelf import index

router = APIRouter()

PAGE = 25
_LONGEST_SEARCH = 200
_LONGEST_CODE = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, cleaned. A code that no initiative has stays: it finds none, rather than all."""

    search: str
    codes: dict[str, tuple[str, ...]]
    page: int

    @property
    def choice(self) -> Choice:
        return Choice(words(self.search), self.codes)

    def pairs(self, *, search: bool = True, page: int = 1) -> list[tuple[str, str]]:
        """The same state as pairs for an address."""
        found = [("q", self.search)] if search and self.search else []
        found += [(facet, code) for facet, codes in self.codes.items() for code in codes]
        return found + ([("page", str(page))] if page > 1 else [])

    def placed(self, codes: Mapping[str, str]) -> list[tuple[str, str]]:
        """The state with one code for each of these facets, whatever was set there; none where the code is empty."""
        kept = [pair for pair in self.pairs() if pair[0] not in codes]
        return [*kept, *((facet, code) for facet, code in codes.items() if code)]

    def toggled(self, facet: str, code: str) -> list[tuple[str, str]]:
        """The state with one code added, or removed where it is set."""
        pairs = self.pairs()
        return [pair for pair in pairs if pair != (facet, code)] if (facet, code) in pairs else [*pairs, (facet, code)]


@dataclass(frozen=True, slots=True)
class Option:
    """One value that a facet offers: a link to the list with it set or removed."""

    value: Value
    count: int
    chosen: bool
    pairs: list[tuple[str, str]]


@router.api_route("/initiatives", methods=["GET", "HEAD"])
def initiatives(request: Request) -> Response:
    """The list page."""
    listed = index(request)
    asked = asked_of(request, listed)
    found = listed.select(asked.choice)
    last = max(1, -(-len(found) // PAGE))
    page = min(asked.page, last)
    context = {
        "asked": asked,
        "total": len(found),
        "all": len(listed.entries),
        "page": page,
        "last": last,
        "hits": [_shown(entry, listed) for entry in found[(page - 1) * PAGE : page * PAGE]],
        "facets": [(facet, list(options_of(listed, facet.key, asked))) for facet in listed.facets],
        "chosen": [option for facet in listed.facets for option in chosen_of(listed, facet.key, asked)],
        "unknown": unknown(listed, asked),
        "query": as_query(listed, asked.choice),
        "csv": f"/initiatives.csv?{urlencode(asked.pairs())}".rstrip("?"),
        "version": listed.version,
    }
    return render(request, "initiatives.html", context)


@router.api_route("/initiatives.csv", methods=["GET", "HEAD"])
def as_csv(request: Request) -> Response:
    """The list as CSV for a spreadsheet: the query behind the page, on the same version."""
    listed = index(request)
    answer = reader(request).answer(as_query(listed, asked_of(request, listed).choice), "text/csv")
    headers = {"Content-Disposition": 'attachment; filename="initiatives.csv"', "X-Content-Type-Options": "nosniff"}
    return Response(tables.for_spreadsheets(answer.body), media_type=tables.MEDIA_TYPE, headers=headers)


def asked_of(request: Request, listed: Index) -> Asked:
    """What the address of a request asks for."""
    given = request.query_params
    codes = {}
    for facet in listed.facets:
        if wanted := tuple(
            dict.fromkeys(
                code[:_LONGEST_CODE] for code in given.getlist(facet.key) if code.strip() and code.isprintable()
            )
        ):
            codes[facet.key] = wanted
    page = given.get("page", "1")
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1
    search = "".join(c if c.isprintable() else " " for c in given.get("q", "")[:_LONGEST_SEARCH]).strip()
    return Asked(search, codes, max(number, 1))


def options_of(listed: Index, facet: str, asked: Asked) -> Iterator[Option]:
    """Every value of a facet that initiatives of the choice have, with its number; last those that have none."""
    chosen = asked.codes.get(facet, ())
    for value, count in sorted(listed.counts(facet, asked.choice), key=lambda pair: pair[0].code not in chosen):
        yield Option(value, count, value.code in chosen, asked.toggled(facet, value.code))
    if (count := listed.uncoded(facet, asked.choice)) or NONE in chosen:
        yield Option(Value("", NONE, NONE), count, NONE in chosen, asked.toggled(facet, NONE))


def chosen_of(listed: Index, facet: str, asked: Asked) -> Iterator[Option]:
    """What is set, a code that no initiative has among it."""
    yield from (option for option in options_of(listed, facet, asked) if option.chosen)
    for code in asked.codes.get(facet, ()):
        if code != NONE and code not in listed.values.get(facet, {}):
            yield Option(Value("", code, code), 0, True, asked.toggled(facet, code))


def unknown(listed: Index, asked: Asked) -> list[tuple[str, str, str]]:
    """The codes that are set and that no list has: the key of the filter, its title, the code."""
    titles = {facet.key: facet.title for facet in listed.facets}
    pairs = ((facet, code) for facet, codes in asked.codes.items() for code in codes)
    return [(facet, titles[facet], code) for facet, code in pairs if not is_code(listed, facet, code)]


def _shown(entry: Entry, listed: Index) -> dict[str, object]:
    tags = [
        (facet.key, listed.values[facet.key][code])
        for facet in listed.facets
        if facet.chart
        for code in entry.direct.get(facet.key, ())
    ]
    return {"iri": entry.iri, "row": entry.row, "tags": tags}
