"""A thing to the small page that other programs show in a frame of theirs (Reconciliation API 0.2, preview)."""

from __future__ import annotations

from collections.abc import Iterator

from iesi_kg.linking import reconciliation_answers as answers
from iesi_kg.linking import reconciliation_values as values
from iesi_kg.linking.reconciliation_offer import properties_of
from iesi_kg.linking.reconciliation_things import Thing, Things
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary import iris
from iesi_kg.web.pages.rendering import environment
from iesi_kg.web.pages.wording import wording

_FACTS, _VALUES, _LONGEST = 7, 4, 120


def preview(reader: Reader, known: Things, thing: Thing, language: str, chosen: str) -> str:
    """The page; ``chosen`` is the language that its link is to keep."""
    path = iris.local_path(thing.iri) or "/"
    return (
        environment()
        .get_template("preview.html")
        .render(
            lang=language,
            t=wording(language),
            name=thing.name(language),
            kind=known.types[thing.type].title(language),
            note=answers.short(thing.note(language)),
            facts=list(_facts(reader, known, thing, language)),
            page=f"{path}?lang={chosen}" if chosen else path,
        )
    )


def _facts(reader: Reader, known: Things, thing: Thing, language: str) -> Iterator[tuple[str, str]]:
    """The first properties of its type that are short."""
    shown = set[str]()
    for found in properties_of(thing.type):
        terms = values.spoken(found, values.of(reader, found, [thing]).get(thing.id, ()), language)
        texts = [_text(values.as_json(known, term, language)) for term in terms[:_VALUES]]
        line = ", ".join(texts) + (" …" if len(terms) > _VALUES else "")
        if texts and len(line) <= _LONGEST and line not in shown:
            yield found.title(language), line
            shown.add(line)
        if len(shown) == _FACTS:
            return


def _text(told: object) -> str:
    assert isinstance(told, dict)
    return str(told.get("name") or next(iter(told.values()), "")).removesuffix("T00:00:00Z")
