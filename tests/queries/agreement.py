"""The agreement of two codings of the same initiatives, worked out from data/codings with csv and counting.

Kappa after Cohen (1960), with quadratic weights for ordered values (1968); the interval is that of 1,000 samples of the
records drawn with replacement, from a fixed seed. What is coded for each outcome is compared outcome by outcome, and
the outcomes of a record are drawn together.
``python tests/queries/agreement.py`` prints the table of the data sheet for each round that is there.
"""

from __future__ import annotations

import csv
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain

from iesi_kg import assets

CODINGS = assets.root() / "data" / "codings"
# Shown as examples in the codebook that the second coder of round 1 used; in later rounds none is drawn.
EXAMPLES = {
    "prostofer-slovenia",
    "ipcko-slovakia",
    "mastery-over-dementia",
    "dreaming-trial",
    "walcheren-integrated-care",
    "virtuall-portugal",
    "tele-centar-niste-sami-petrinja",
    "fit-fastrack-ireland",
    "pass-homelessness-ireland",
    "virtu-baltic-islands",
    "spis-lithuania",
    "adopta-un-abuelo",
    "bratislava-monitoring-wristbands",
    "nattfrid-gothenburg",
}
SPELT = {"causal, one study": "causal-single", "service delivery": "service-delivery"}
SAMPLES, SEED = 1000, 2026

Pair = tuple[str, str]
Measure = Callable[[Sequence[Pair]], float | None]


def kappa(pairs: Sequence[Pair], weight: Callable[[str, str], float] = lambda a, b: float(a != b)) -> float | None:
    """One less the disagreement found over that expected by chance; nothing where chance leaves no room."""
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    expected = sum(m * n * weight(a, b) for a, m in first.items() for b, n in second.items()) / len(pairs)
    return 1 - sum(weight(a, b) for a, b in pairs) / expected if expected else None


def weighted(pairs: Sequence[Pair]) -> float | None:
    return kappa(pairs, lambda a, b: float((int(a) - int(b)) ** 2))


def by_value(pairs: Sequence[Pair]) -> float | None:
    """The mean of the kappas of each value, taken as there or not there."""
    sets = [(set(a.split("|")), set(b.split("|"))) for a, b in pairs]
    values = sorted({value for both in sets for one in both for value in one} - {""})
    found = [kappa([(str(value in a), str(value in b)) for a, b in sets]) for value in values]
    known = [one for one in found if one is not None]
    return sum(known) / len(known) if known else None


def interval(records: Sequence[Sequence[Pair]], measure: Measure) -> tuple[float, float] | None:
    """The middle 95 % of the measure over samples of the records, where one can be told."""
    draw = random.Random(SEED)
    samples = (measure(list(chain(*draw.choices(records, k=len(records))))) for _ in range(SAMPLES))
    found = sorted(one for one in samples if one is not None)
    return (found[round(0.025 * len(found))], found[round(0.975 * len(found)) - 1]) if found else None


def rounds() -> list[int]:
    """The numbers of the rounds of which both codings are there."""
    return sorted(int(path.name.split("-")[1]) for path in CODINGS.glob("round-*-second.csv"))


def records_of(column: str, *, number: int, without_examples: bool = False) -> list[list[Pair]]:
    """Both codes of each initiative, or of each of its outcomes; in round 1 of a column with one value, only where both
    coders gave one value."""
    first, second = (_read(number, who) for who in ("first", "second"))
    assert [line["identifier"] for line in first] == [line["identifier"] for line in second]
    kept = [
        _pairs(a[column], b[column], column, number)
        for a, b in zip(first, second, strict=True)
        if not (without_examples and a["identifier"] in EXAMPLES)
    ]
    return [pairs for pairs in kept if pairs]


def pairs_of(column: str, *, number: int, without_examples: bool = False) -> list[Pair]:
    return list(chain(*records_of(column, number=number, without_examples=without_examples)))


def _read(number: int, who: str) -> list[dict[str, str]]:
    return list(csv.DictReader((CODINGS / f"round-{number}-{who}.csv").read_text("utf-8").splitlines()))


def _pairs(a: str, b: str, column: str, number: int) -> list[Pair]:
    if column in MANY:
        return [(_several(a), _several(b))]
    if number == 1:
        a, b = (_several(cell) if column == "evidence_level" else cell for cell in (a, b))
        return [(a, b)] if a and b and "|" not in a + b else []
    if column in EACH_OUTCOME:
        return [pair for pair in zip(a.split("|"), b.split("|"), strict=True) if a + b]
    return [(a, b)]


def _several(cell: str) -> str:
    return "|".join(sorted({SPELT.get(value, value) for value in cell.split("|")}))


def _coded(records: list[list[Pair]]) -> list[list[Pair]]:
    """What a distance can be told of: both coders gave a step."""
    return [kept for pairs in records if (kept := [(a, b) for a, b in pairs if a and b])]


MANY = {"integration_types", "sip_objectives"}
EACH_OUTCOME = {"evidence_level", "outcome_types"}
MEASURES: list[tuple[str, str, Measure]] = [
    ("ict_potential", "nominal", kappa),
    ("ict_potential", "quadratic weights", weighted),
    ("integration_level", "nominal", kappa),
    ("integration_level", "quadratic weights", weighted),
    ("ict_role", "nominal", kappa),
    ("integration_types", "mean over values", by_value),
    ("sip_objectives", "mean over values", by_value),
]
OF_OUTCOMES: list[tuple[str, str, Measure]] = [
    ("evidence_level", "nominal", kappa),
    ("outcome_types", "nominal", kappa),
]


def lines(number: int) -> list[str]:
    """The lines of a round's table in the data sheet; of round 1 all records, then those that are no example."""
    measures = MEASURES if number == 1 else MEASURES + OF_OUTCOMES
    return [f"| {column} | {kind} | {_cells(column, measure, number)} |" for column, kind, measure in measures]


def _cells(column: str, measure: Measure, number: int) -> str:
    cells = []
    for without_examples in (False, True)[: 2 if number == 1 else 1]:
        records = records_of(column, number=number, without_examples=without_examples)
        records = _coded(records) if measure is weighted else records
        pairs = list(chain(*records))
        found, ends = measure(pairs), interval(records, measure)
        same = sum(a == b for a, b in pairs)
        told = "not defined" if found is None or ends is None else f"{found:.2f} ({ends[0]:.2f} to {ends[1]:.2f})"
        cells.append(f"{same} of {len(pairs)} | {told}")
    return " | ".join(cells)


if __name__ == "__main__":
    for one in rounds():
        sys.stdout.writelines([f"Round {one}\n", *(f"{line}\n" for line in lines(one))])
