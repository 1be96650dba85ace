"""Says why a query has no rows: a name the ontology does not have, or the pattern that matches nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

from pyoxigraph import NamedNode

from iesi_kg.endpoint.negotiation import CSV
from iesi_kg.endpoint.protocol import Query
from iesi_kg.endpoint.runner import Runner
from iesi_kg.endpoint.syntax import position
from iesi_kg.endpoint.tree import required_patterns
from iesi_kg.errors import IesiKgError
from iesi_kg.store.workers import Job, Limits
from iesi_kg.vocabulary.declared import meant, undeclared
from iesi_kg.vocabulary.namespaces import IESI

_LONGEST = 20_000
_SECONDS = 0.25
_ALL_SECONDS = 1.0
_SHOWN = 120
_STRINGS = re.compile(r'"{3}.*?"{3}|\'{3}.*?\'{3}|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|(?<!\S)#[^\n]*', re.S)
_PREFIX = re.compile(r"PREFIX\s+([\w.\-]*):\s*<([^<>\s]*)>", re.I)


def misspelt(text: str) -> str | None:
    """What is wrong with the first name of our namespace that the ontology does not declare.

    >>> misspelt("PREFIX i: <https://w3id.org/iesi-kg/ontology#> ASK { ?s i:contry ?o }")
    'the ontology has no term contry; the nearest is country'
    """
    if len(text) > _LONGEST or IESI not in text:
        return None
    for term in _own_terms(_STRINGS.sub(" ", text)):
        if undeclared(term):
            name, nearest = term.value.removeprefix(IESI), meant(term)
            suggestion = f"; the nearest is {nearest.removeprefix(IESI)}" if nearest else ""
            return f"the ontology has no term {name[:_SHOWN]}{suggestion}"
    return None


def _own_terms(text: str) -> Iterator[NamedNode]:
    yield from (NamedNode(IESI + name) for name in re.findall(rf"<{re.escape(IESI)}([\w.\-]+)>", text))
    for prefix, namespace in _PREFIX.findall(text):
        if namespace == IESI:
            names = re.findall(rf"(?<![\w:.\-]){re.escape(prefix)}:([\w\-]+(?:\.[\w\-]+)*)", text)
            yield from (NamedNode(IESI + name) for name in names)


async def explain(query: Query, pool: Runner, limits: Limits, caller: str = "") -> str | None:
    """Which pattern of a query without rows matches nothing, as far as that is found out within a second."""
    spelling = misspelt(query.text)
    begun = monotonic()
    brief = replace(limits, seconds=min(_SECONDS, limits.seconds), rows=1, bytes=1_000)
    found = required_patterns(query.text)
    for pattern in found:
        if monotonic() - begun > _ALL_SECONDS:
            return spelling
        job = Job(pattern.question, CSV.name, query.default_graphs, query.named_graphs, caller)
        try:
            answer = await pool.run(job, brief)
        except IesiKgError:
            continue  # too long or too much for a glance
        if answer.body.strip() == b"false":
            line, _ = position(query.text, pattern.offset)
            place = f"line {line}: nothing matches `{' '.join(pattern.text.split())[:_SHOWN]}`"
            return f"{place}; {spelling}" if spelling else place
    if spelling or len(found) < 2:
        return spelling
    return "each pattern matches something by itself; no solution satisfies all of them and the filters together"
