"""The agreement of two codings of the same initiatives, worked out from data/codings with csv and counting.

Kappa after Cohen (1960), with quadratic weights for ordered values (1968); the interval is that of 1,000 samples of the
records drawn with replacement, from a fixed seed.
``python tests/queries/agreement.py`` prints the table of the data sheet.
"""

from __future__ import annotations

import csv
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence

from iesi_kg import assets

CODINGS = assets.root() / "data" / "codings"
# Shown as examples in the codebook that the second coder used.
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


def interval(pairs: Sequence[Pair], measure: Measure) -> tuple[float, float]:
    """The middle 95 % of the measure over samples of the pairs."""
    draw = random.Random(SEED)
    samples = (measure(draw.choices(pairs, k=len(pairs))) for _ in range(SAMPLES))
    found = sorted(one for one in samples if one is not None)
    return found[round(0.025 * len(found))], found[round(0.975 * len(found)) - 1]


def pairs_of(column: str, *, without_examples: bool) -> list[Pair]:
    """Both codes of each initiative; of a column with one value, only where both coders gave one value."""
    first, second = (
        list(csv.DictReader((CODINGS / name).read_text("utf-8").splitlines())) for name in ("first.csv", "second.csv")
    )
    assert [line["identifier"] for line in first] == [line["identifier"] for line in second]
    kept = [
        (_cell(a[column], column), _cell(b[column], column))
        for a, b in zip(first, second, strict=True)
        if not (without_examples and a["identifier"] in EXAMPLES)
    ]
    return kept if column in MANY else [(a, b) for a, b in kept if a and b and "|" not in a + b]


def _cell(cell: str, column: str) -> str:
    values = [SPELT.get(value, value) for value in cell.split("|")]
    return "|".join(sorted(set(values)) if column in {*MANY, "evidence_level"} else values)


MANY = {"integration_types", "sip_objectives"}
MEASURES: list[tuple[str, str, Measure]] = [
    ("ict_potential", "nominal", kappa),
    ("ict_potential", "quadratic weights", weighted),
    ("integration_level", "nominal", kappa),
    ("integration_level", "quadratic weights", weighted),
    ("ict_role", "nominal", kappa),
    ("integration_types", "mean over values", by_value),
    ("sip_objectives", "mean over values", by_value),
]


def lines() -> list[str]:
    """The lines of the table in the data sheet: all records, then those that are no example in the codebook."""
    return [f"| {column} | {kind} | {_cells(column, measure)} |" for column, kind, measure in MEASURES]


def _cells(column: str, measure: Measure) -> str:
    cells = []
    for without_examples in (False, True):
        pairs = pairs_of(column, without_examples=without_examples)
        low, high = interval(pairs, measure)
        same = sum(a == b for a, b in pairs)
        cells.append(f"{same} of {len(pairs)} | {measure(pairs):.2f} ({low:.2f} to {high:.2f})")
    return " | ".join(cells)


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lines())
