"""The ontology, its terms and its code lists to their pages: definition, standing, uses, search and a diagram."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request

from iesi_kg.analysis import search
from iesi_kg.analysis.browse import Iri, PageRow
from iesi_kg.analysis.examples import Example, examples
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.namespaces import RDFS
from iesi_kg.vocabulary.uses import links, uses
from iesi_kg.web.pages.diagram import WIDTH, Link, draw
from iesi_kg.web.pages.shelf import shelf

Page = Mapping[str, list[PageRow]]
_LONGEST_SEARCH = 100
_MOST_HITS = 60
_KIND = f"{RDFS}subClassOf"


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that the search found, as it is shown."""

    thing: Iri
    kind: str
    row: PageRow


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page is made for: the request, the graph it sees, and the language of its labels."""

    request: Request
    source: Reader
    language: str


def more(kind: str, iri: str, page: Page, asked: Asked) -> dict[str, object]:
    """What the page of this kind shows beside its queries; nothing for kinds that have no more."""
    match kind:
        case "term":
            return _used(iri)
        case "scheme":
            return _used(iri, *(row["term"] for row in page["properties"]))
        case "ontology":
            return _whole(page, asked)
        case _:
            return {}


def _used(*iris: str) -> dict[str, object]:
    found = uses(*iris)
    by_slug: dict[str, Example] = {example.slug: example for example in examples()}
    asked = [by_slug[question.slug] for question in found.questions if question.slug in by_slug]
    return {"uses": found, "questions": asked}


def _whole(page: Page, asked: Asked) -> dict[str, object]:
    text = asked.request.query_params.get("q", "").strip()[:_LONGEST_SEARCH]
    terms = [*page["classes"], *page["properties"]]
    hits = _hits(text, asked) if text else []
    return {
        "asked": text,
        "hits": hits[:_MOST_HITS],
        "hit_count": len(hits),
        "drawing": draw(_links(page, {row["term"] for row in page["classes"]})),
        "box_width": WIDTH,
        "known": {row["term"]: row for row in terms},
    }


def _hits(text: str, asked: Asked) -> list[Hit]:
    kept, lang = shelf(asked.request), asked.language
    things = kept.get("search", asked.source, search.index)
    names = kept.get(f"search {lang}", asked.source, lambda source: search.names(source, lang))
    return [Hit(found.thing, found.kind, names.get(found.thing, {})) for found in search.search(things, text)]


def _links(page: Page, classes: set[str]) -> list[Link]:
    declared = [Link(row["from"], row["term"], row["to"], row["term"] == _KIND) for row in page["diagram"]]
    joined = {(link.start, link.end) for link in declared}
    written = [Link(*link) for link in links() if (link[0], link[2]) not in joined]
    return [link for link in (*declared, *written) if {link.start, link.end} <= classes]
