"""The draw of a further round of double coding: rare values on purpose, from a fixed seed, without showing a code.

Left out are the examples of the codebook and what an earlier round holds. Of each pair of potential and integration
level up to four records are drawn, then further ones that hold a value which earlier rounds hardly had.
``python tests/queries/drawing.py`` prints the records that a fourth round would take. The draw depends on the first
codings of its day; that of round 3 was made from the tables before the codebook's third version changed any of them.
"""

from __future__ import annotations

import csv
import random
import re
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence

from agreement import CODINGS
from tables import records

from iesi_kg import assets

SEED, PER_PAIR = 20261123, 4
RARE = [
    ("integration_types", "funding", 3),
    ("integration_types", "service-delivery", 4),
    ("sip_objectives", "PR1", 3),
    ("sip_objectives", "PR2", 3),
    ("evidence_level", "associative", 2),
    ("evidence_level", "causal-single", 2),
    ("ict_role", "support", 2),
    ("ict_role", "driver", 2),
]

Row = Mapping[str, str]


def examples() -> set[str]:
    """The records that the codebook names."""
    book = (assets.root() / "docs" / "reference" / "codebook.md").read_text("utf-8")
    return set(re.findall(r"`([a-z0-9-]+)`", book)) & {row["identifier"] for row in records()}


def coded_before() -> set[str]:
    """The records of the rounds that are there."""
    return {
        row["identifier"]
        for path in CODINGS.glob("round-*-first.csv")
        for row in csv.DictReader(path.read_text("utf-8").splitlines())
    }


def drawn(rows: Sequence[Row], left_out: set[str], *, seed: int = SEED) -> list[str]:
    """The identifiers of a stratified draw, in the order of the alphabet."""
    pool = {row["identifier"]: row for row in rows if row["identifier"] not in left_out}
    pairs = defaultdict(list)
    for name in sorted(pool):
        pairs[pool[name]["ict_potential"], pool[name]["integration_level"]].append(name)
    draw, found = random.Random(seed), set[str]()
    for pair in sorted(pairs):
        found.update(draw.sample(pairs[pair], min(PER_PAIR, len(pairs[pair]))))
    for column, value, number in RARE:
        rest = sorted(name for name in pool if name not in found and value in pool[name][column].split("|"))
        found.update(draw.sample(rest, min(number, len(rest))))
    return sorted(found)


if __name__ == "__main__":
    sys.stdout.writelines(f"{name}\n" for name in drawn(records(), examples() | coded_before()))
