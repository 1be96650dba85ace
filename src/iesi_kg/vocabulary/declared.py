"""A name of our namespace to whether the ontology declares it, and to the declared name most like it."""

from __future__ import annotations

from functools import cache
from typing import TypeGuard

from pyoxigraph import NamedNode

from iesi_kg.vocabulary import terms
from iesi_kg.vocabulary.namespaces import IESI
from iesi_kg.vocabulary.spelling import nearest


@cache
def _names() -> frozenset[str]:
    return frozenset(term.value for term in vars(terms).values() if isinstance(term, NamedNode))


def undeclared(term: object) -> TypeGuard[NamedNode]:
    """Whether a term stands in our namespace and the ontology does not declare it."""
    return isinstance(term, NamedNode) and term.value.startswith(IESI) and term.value not in _names()


def meant(term: NamedNode) -> str | None:
    """The declared name that was most likely meant."""
    local = nearest(term.value.removeprefix(IESI), [name.removeprefix(IESI) for name in _names()], likeness=80)
    return IESI + local if local else None
