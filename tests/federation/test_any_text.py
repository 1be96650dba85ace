"""Whatever the text of a query with SERVICE, it is taken apart, refused or told its fault; nothing else happens."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pyoxigraph
import pytest
from test_same_as_the_engine import PREFIX, QUERIES

from iesi_kg.endpoint.clauses import Clause, Plan, plan
from iesi_kg.endpoint.syntax import Guards, inspect
from iesi_kg.errors import QueryRefused, QuerySyntaxError

GUARDS = Guards(length=100_000, nesting=100, patterns=1_000, services=5)
PIECES = re.compile(r"[?$]?\w+:?\w*|\s+|<[^>]*>|'[^']*'|.", re.DOTALL)
STRANGE = [
    "{ SERVICE <urn:y> { ?t ex:q ?m } }",
    " SERVICE ?x { ?t ex:q ?m } ",
    "}",
    "{",
    "#",
    "'",
    '"',
    "SERVICE",
    "SILENT",
    "<urn:x>",
    "é",
    "\U0001f600",
    "\\u0041",
    "\n",
    ".",
    "OPTIONAL",
    "VALUES",
]


def mutated(chance: random.Random, text: str) -> str:
    pieces = PIECES.findall(text)
    for _ in range(chance.randint(0, 3)):
        place = chance.randrange(len(pieces))
        change = chance.randrange(3)
        if change == 0:
            del pieces[place]
        elif change == 1:
            pieces.insert(place, chance.choice(STRANGE))
        else:
            pieces[place] = pieces[chance.randrange(len(pieces))]
    return "".join(pieces)


def answered(found: Plan, clause: Clause) -> Callable[[int, int], str]:
    """The text of a query in which the clauses before one have been answered."""
    before = [other for other in found.clauses if other.end <= clause.start]

    def render(start: int, end: int) -> str:
        piece = found.text[start:end]
        for other in reversed(before):
            if start <= other.start and other.end <= end:
                piece = piece[: other.start - start] + "VALUES () {()}" + piece[other.end - start :]
        return piece

    return render


def test_any_text() -> None:
    """What is sent to the engine and to the peer never holds a SERVICE, and what a plan cuts out is what it says."""
    chance = random.Random(20261123)
    planned = refused = faulty = 0
    for _ in range(1_500):
        text = mutated(chance, PREFIX + chance.choice(QUERIES).replace("SERVICE X", "SERVICE <urn:x>"))
        try:
            if not inspect(text, GUARDS).federated:
                continue
            found = plan(text)
        except QueryRefused:
            refused += 1
            continue
        except QuerySyntaxError:
            faulty += 1
            continue
        planned += 1
        for clause in found.clauses:
            assert text[clause.start : clause.start + 7].upper() == "SERVICE"
            assert text[clause.pattern.start] == "{" and text[clause.end - 1] == "}"
            probe = found.probe(clause)
            assert [len(line) for line in probe.split("\n")][:-1] == [
                len(line) for line in text[: clause.end].split("\n")
            ][:-1]
            local, _ = found.local(clause, ["t", "u", "m"], answered(found, clause), 10)
            for asked in (probe, local):  # of our own engine
                assert not asked or not inspect(asked, GUARDS).federated
            sent = found.remote(clause, 10, "")
            inner = text[clause.pattern.start : clause.end].upper()
            assert "SERVICE" in inner or not inspect(sent, GUARDS).federated
    assert min(planned, faulty) > 50 and refused > 5


@pytest.mark.parametrize("text", [query for query in QUERIES if "?t" in query])
def test_the_engine_reads_what_it_is_sent(text: str) -> None:
    """Each probe and each local query is well-formed: what is wrong with a query is said of the query itself."""
    text = PREFIX + text.replace("SERVICE X", "SERVICE <urn:x>")
    found = plan(text)
    for clause in found.clauses:
        pyoxigraph.Store().query(found.probe(clause))
        local, _ = found.local(clause, ["t", "u", "m", "c"], answered(found, clause), 10)
        if local:
            pyoxigraph.Store().query(local)
