"""Many records to the pairs worth comparing: those that share telling words, a page or a body, in small blocks.

Each record has a bounded number of keys and each block a bounded number of records, so that the work grows with the
number of records and not with its square.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from iesi_kg.linking.profiles import Corpus, Profile

LARGEST = 64  # records of a block; a larger one is no block, its key tells too little
_NAME_KEYS, _TEXT_KEYS, _BODY_KEYS = 6, 10, 3
MOST = 40  # records that one record is compared with: those with which it shares the most
_VOWELS = re.compile(r"[aeiouy]|(.)(?=\1)")
_LONG_WORD = 6


def pairs(profiles: Sequence[Profile], corpus: Corpus, *, within: bool = True) -> Iterator[tuple[int, int]]:
    """The pairs worth comparing, each once and in order, by the places of their records in the sequence.

    ``within`` says whether records of one database are compared with one another.
    """
    blocks = _blocks(profiles, corpus)
    keys: list[list[tuple[str, float]]] = [[] for _ in profiles]
    for key, (weight, members) in blocks.items():
        for member in members:
            keys[member].append((key, weight))
    for place, own in enumerate(keys):
        shared: dict[int, float] = defaultdict(float)
        for key, weight in own:
            for other in blocks[key][1]:
                if other > place:
                    shared[other] += weight
        yield from ((place, other) for other in _best(shared, place, profiles, within))


def _best(shared: dict[int, float], place: int, profiles: Sequence[Profile], within: bool) -> list[int]:
    own = profiles[place].entity
    found = [
        other
        for other in shared
        if (within or profiles[other].entity.database != own.database) and profiles[other].entity.kind == own.kind
    ]
    if len(found) > MOST:
        found = sorted(found, key=lambda other: (-shared[other], other))[:MOST]
    return sorted(found)


def _blocks(profiles: Sequence[Profile], corpus: Corpus) -> dict[str, tuple[float, list[int]]]:
    """The records of each key, for keys that more than one and not too many records have."""
    members: dict[str, list[int]] = defaultdict(list)
    weights: dict[str, float] = {}
    for place, profile in enumerate(profiles):
        for key, weight in keys(profile, corpus).items():
            block = members[key]
            if len(block) <= LARGEST:  # one more says that it is too large
                block.append(place)
                weights[key] = weight
    return {key: (weights[key], block) for key, block in members.items() if 1 < len(block) <= LARGEST}


def keys(profile: Profile, corpus: Corpus) -> dict[str, float]:
    """What a record is found by, with how much it tells."""
    found = {f"= {title}": 1.0 + telling for title, telling in profile.titles.items()}
    for name, squashed in zip(profile.names, profile.squashed, strict=True):
        found[f"= {squashed}"] = 2.0
        for word in _top(name.items(), _NAME_KEYS):
            found[f"w {word}"] = name[word]
            if len(word) >= _LONG_WORD and word.isalpha():
                found[f"v {_VOWELS.sub('', word)}"] = name[word] / 2  # a slip of the pen often leaves the consonants
    for word in _top(profile.text.items(), _TEXT_KEYS):
        found[f"w {word}"] = max(found.get(f"w {word}", 0.0), corpus.weight(word))
    for body in profile.bodies:
        for country in profile.entity.countries or ("",):
            found[f"o {body.squashed} {country}"] = 0.5 * body.rare
    found.update((f"u {page.host}{page.path}", 1.0) for page in profile.pages if page.is_deep)
    found.update((f"k {key}", 3.0) for key in profile.keys)
    return found


def _top(weighted: Iterable[tuple[str, float]], most: int) -> list[str]:
    telling = sorted(weighted, key=lambda item: (-item[1], item[0]))[:most]
    return [word for word, weight in telling if weight > 0.0]
