"""The linker beside splink and beside every name with every name: quality, processor time and memory in one run.

Two databases of generated records, half of which have a twin in the other under an edited name and text; one in eight
belongs to a series of look-alikes (the same service in several towns), which are no twins. Each system runs in a
process of its own. ``splink`` compares name, country, year and organisation and learns its weights without labels;
``names`` takes pairs whose names are alike by rapidfuzz (token sort, 88), each with each, as far as that ends in time.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from iesi_kg.linking.entities import INITIATIVE, Entity
from iesi_kg.vocabulary import iris

SIZES = (1_000, 10_000, 100_000)
SECONDS = 3_600
LARGEST = {"splink": 100_000, "names": 10_000}
ROOT = Path(__file__).resolve().parent.parent
ALIKE = 88
SURE = 0.9
COUNTRIES = ("AT", "BE", "DE", "ES", "FI", "FR", "GR", "IE", "IT", "NL", "PL", "PT", "SE")
SYLLABLES = tuple(f"{start}{end}" for start in "bdfgklmnprstv" for end in "aeo")
KINDS = ("chatbot", "platform", "network", "portal", "register", "app", "pilot", "centre", "project", "assistant")
Pairs = set[tuple[str, str]]


def generated(size: int, seed: int = 7) -> tuple[list[Entity], list[Entity], Pairs]:
    """Two databases of so many records, and the pairs that are the same."""
    chance = random.Random(seed)
    words = [_word(chance) for _ in range(4_000 + size // 5)]
    towns = [_word(chance).title() for _ in range(400)]
    left = [_record(chance, "left", number, words, towns) for number in range(size)]
    for number in range(0, size - 1, 16):  # series: the same service in two towns
        common = left[number]
        left[number], left[number + 1] = (_member(chance, common, place, towns) for place in (number, number + 1))
    right = [_twin(chance, left[n], words) if n % 2 else _record(chance, "right", n, words, towns) for n in range(size)]
    return left, right, {(f"left:{number}", f"right:{number}") for number in range(1, size, 2)}


def _word(chance: random.Random) -> str:
    return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 5)))


def _some(chance: random.Random, words: list[str], count: int) -> list[str]:
    """Words as texts have them: a few often, most seldom."""
    return [words[int(len(words) * chance.random() ** 3)] for _ in range(count)]


def _record(chance: random.Random, database: str, number: int, words: list[str], towns: list[str]) -> Entity:
    town = chance.choice(towns)
    name = " ".join([*_some(chance, words, chance.randint(1, 3)), chance.choice(KINDS)]).title()
    return Entity(
        f"{database}:{number}",
        iris.peer_record(database, str(number)),
        database,
        INITIATIVE,
        (name,),
        " ".join(_some(chance, words, chance.randint(15, 60))),
        (chance.choice(COUNTRIES),) if chance.random() > 0.05 else (),
        start_year=chance.randint(1995, 2024) if chance.random() > 0.2 else None,
        organisations=(f"City of {town}" if chance.random() < 0.5 else f"{_word(chance).title()} Institute",),
    )


def _member(chance: random.Random, common: Entity, number: int, towns: list[str]) -> Entity:
    """A member of a series, in a town of its own."""
    town = chance.choice(towns)
    return Entity(
        f"left:{number}",
        iris.peer_record("left", str(number)),
        "left",
        INITIATIVE,
        (f"{common.name} {town}",),
        common.description,
        common.countries,
        start_year=common.start_year,
        organisations=(f"City of {town}",),
    )


def _twin(chance: random.Random, record: Entity, words: list[str]) -> Entity:
    """The same initiative as another database tells it."""
    number = record.curie.partition(":")[2]
    said = record.description.split()
    kept = [word for word in said if chance.random() > chance.choice((0.05, 0.3, 0.6))]
    year = record.start_year
    return Entity(
        f"right:{number}",
        iris.peer_record("right", number),
        "right",
        INITIATIVE,
        (_renamed(chance, record.name, words),),
        " ".join(kept + _some(chance, words, len(said) - len(kept))),
        record.countries if chance.random() > 0.04 else (chance.choice(COUNTRIES),),
        start_year=year + chance.choice((0, 0, 0, 1, -2)) if year else None,
        organisations=record.organisations if chance.random() > 0.3 else (),
    )


def _renamed(chance: random.Random, name: str, words: list[str]) -> str:
    kind = chance.random()
    if kind < 0.5:
        return name
    if kind < 0.7:
        return f"{name} - {' '.join(_some(chance, words, 4))}"
    if kind < 0.85:
        place = chance.randrange(1, len(name))
        return name[: place - 1] + name[place:]
    return " ".join(reversed(name.split()))


def ours(left: list[Entity], right: list[Entity]) -> Pairs:
    from iesi_kg.linking.linker import link

    found = link([left, right], within=False)
    return {tuple(sorted((item.left.curie, item.right.curie))) for item in found.accepted()}  # type: ignore[misc]


def names(left: list[Entity], right: list[Entity]) -> Pairs:
    from rapidfuzz import fuzz, process

    theirs, found = [record.name for record in right], set()
    for record in left:
        for _, _, place in process.extract(
            record.name, theirs, scorer=fuzz.token_sort_ratio, score_cutoff=ALIKE, limit=None
        ):
            found.add((record.curie, right[place].curie))
    return found


def splink(left: list[Entity], right: list[Entity]) -> Pairs:
    import pandas
    import splink.comparison_library as compare
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    def table(records: Iterable[Entity]) -> Any:  # noqa: ANN401  (pandas)
        told = [
            (r.curie, r.name, next(iter(r.countries), None), r.start_year, next(iter(r.organisations), None))
            for r in records
        ]
        return pandas.DataFrame(told, columns=["unique_id", "name", "country", "year", "body"])

    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            compare.JaroWinklerAtThresholds("name", [0.95, 0.88, 0.8]),
            compare.JaroWinklerAtThresholds("body", [0.95, 0.88]),
            compare.ExactMatch("country"),
            compare.ExactMatch("year"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("substr(name, 1, 6)"),
            block_on("body", "country"),
            block_on("substr(name, -8)", "country"),
        ],
    )
    linker = Linker([table(left), table(right)], settings, DuckDBAPI())
    linker.training.estimate_probability_two_random_records_match([block_on("name")], recall=0.5)
    linker.training.estimate_u_using_random_sampling(max_pairs=1_000_000)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("name"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("body"))
    told = linker.inference.predict(threshold_match_probability=SURE).as_pandas_dataframe()
    return {tuple(sorted(pair)) for pair in zip(told.unique_id_l, told.unique_id_r, strict=True)}


SYSTEMS: dict[str, Callable[[list[Entity], list[Entity]], Pairs]] = {"iesi-kg": ours, "splink": splink, "names": names}


def measured(system: str, size: int) -> dict[str, Any]:
    """One system on so many records of each database: what it found, in what time and memory."""
    left, right, same = generated(size)
    started, used = time.perf_counter(), time.process_time()
    found = SYSTEMS[system](left, right)
    right_ones = len(found & same)
    return {
        "precision": round(right_ones / len(found), 4) if found else None,
        "recall": round(right_ones / len(same), 4),
        "seconds": round(time.perf_counter() - started, 2),
        "processor": round(time.process_time() - used, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def run(sizes: Iterable[int] = SIZES) -> dict[str, Any]:
    """Every system at every size that it can end at."""
    return {
        "records of each database": {
            str(size): {
                system: _process(system, size) if size <= LARGEST.get(system, size) else "too many pairs to be run"
                for system in SYSTEMS
            }
            for size in sizes
        }
    }


def _process(system: str, size: int) -> dict[str, Any] | str:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.link", system, str(size)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS, cwd=ROOT)
    except subprocess.TimeoutExpired:
        return f"no result in {SECONDS:,} seconds"
    if done.returncode:
        missing = "ModuleNotFoundError" in done.stderr
        return "not installed" if missing else f"failed: {done.stderr.strip().splitlines()[-1]}"
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], int(sys.argv[2]))))
