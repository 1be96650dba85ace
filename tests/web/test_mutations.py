"""Valid queries with random damage: each is answered or refused in words, and the service lives on."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from running_server import Server, fill, serving

SAMPLE, ALL = 300, 10_000
CLIENTS = 8
TOLD = {200, 400, 403, 422, 503, 504}
PIECE = re.compile(r"\s+|\w+|.", re.S)
ODD = (
    "{", "}", "(", ")", "[", "]", "<", ">", "'", '"', '\\', ".", ";", ",", "*", "/", "|", "^", "!", "?", "$", "@",
    "#", '\x00', '\ufeff', '\ud7ff', '\U0001f4a5', '\u202e', 'e\u0301', '\r', '\\u0000', '\\ud800', "1e999999", "-0",
    "''''''", "99999999999999999999999", "<<", ">>", "<<(", "~", "{|", "|}", "@en--ltr", "^^", "_:b", ":", "a:",
    "<a b>", "UNDEF", "SERVICE", "LOAD", "GRAPH", "FROM", "VALUES", "MINUS", "LATERAL", "BIND(", "EXISTS", "GROUP BY",
    "HAVING", "LIMIT -1", "OFFSET 99999999999", "REDUCED", "COUNT(DISTINCT *)", "REGEX('a', '(a+)+$')", "IRI('')",
    "STRLANG('', '')",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("mutations") / "store"
    fill(store, "".join(f"<http://example.org/{n}> <http://example.org/p> {n} .\n" for n in range(300)))
    with serving(store, query_seconds=1, query_requests=0, query_memory=900_000_000) as running:
        yield running


def valid(root: Path) -> list[str]:
    folders = ("examples", "competency", "pages", "reports")
    found = [file.read_text("utf-8") for name in folders for file in sorted((root / "queries" / name).rglob("*.rq"))]
    assert len(found) > 50
    return found


def mutated(queries: list[str], dice: random.Random) -> str:
    """One to four changes: pieces lost, doubled, swapped, moved over from another query, or odd ones put in."""
    pieces = PIECE.findall(dice.choice(queries))
    for _ in range(dice.randint(1, 4)):
        at, other = dice.randrange(len(pieces)), dice.randrange(len(pieces))
        kind = dice.randrange(6)
        if kind == 0:
            del pieces[at : at + dice.randint(1, 8)]
            pieces = pieces or ["ASK"]
        elif kind == 1:
            pieces[at:at] = pieces[at : at + dice.randint(1, 20)]
        elif kind == 2:
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif kind == 3:
            donor = PIECE.findall(dice.choice(queries))
            start = dice.randrange(len(donor))
            pieces[at:at] = donor[start : start + dice.randint(1, 30)]
        elif kind == 4:
            pieces[at] = dice.choice(ODD) * dice.choice((1, 1, 1, 2, 50))
        else:
            pieces.insert(at, dice.choice(ODD))
    return "".join(pieces)


def storm(server: Server, root: Path, number: int, seed: int) -> Counter[int]:
    dice = random.Random(seed)
    queries = valid(root)
    texts = [mutated(queries, dice) for _ in range(number)]

    def ask(text: str) -> int:
        headers = {"Content-Type": "application/sparql-query"}
        reply = server.ask("POST", "/sparql", headers, text.encode("utf-8", "surrogatepass"))
        if reply.status != 200:
            assert reply.headers["Content-Type"] == "application/problem+json", (text, reply.text)
        assert reply.status in TOLD, (text, reply.text)
        return reply.status

    with ThreadPoolExecutor(CLIENTS) as clients:
        statuses = Counter(clients.map(ask, texts))
    assert server.process.poll() is None
    assert server.query("ASK {} # after the storm").status == 200
    return statuses


def test_a_sample_of_mutations(server: Server, root: Path) -> None:
    statuses = storm(server, root, SAMPLE, seed=20_261_122)
    assert statuses[200] > 10
    assert statuses[400] > 100


@pytest.mark.long
def test_ten_thousand_mutations(server: Server, root: Path) -> None:
    statuses = storm(server, root, ALL, seed=1)
    assert statuses[200] > 300
    assert statuses[400] > 3_000
