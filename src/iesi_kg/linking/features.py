"""Two records to what speaks for and against their being the same: each feature a number with a meaning of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from iesi_kg.linking import normal
from iesi_kg.linking.profiles import Body, Corpus, Profile, Weights

_SLIP = 0.86  # how like two words must be to be one word with a slip in it
_SHORTEST_PLACE = 4
_LONG = 5  # shorter words are other words when a letter differs
_TELLING = 0.55  # a word of a name that tells by itself
_TOGETHER = 0.9  # words of a name that tell so much together
RARE = 0.8  # a word that tells in full by itself
_ALIKE = 0.6  # names that have so much in common differ on purpose
_OWN = 0.5  # the weight of the words of its own by which a name is another one
_LIKE = 0.75  # bodies are one, though each governs a place
_NAMED = 0.7  # the description of one names the body of the other
_SHORT_FORM = 0.95  # how like a name is to its short form
_FAR = 0.08  # texts that have less in common say nothing of the same
_THIRD = 0.3
_ENOUGH = 0.6  # what two texts share tells in full from here on
_SAID = 3  # words of a sentence about what two texts share


@dataclass(frozen=True, slots=True)
class Names:
    """The two names that are most alike, and how: weights of the words that both, or only one of them, have."""

    shared: float
    left: float
    right: float
    words: tuple[str, ...]
    only_left: tuple[str, ...]
    only_right: tuple[str, ...]
    rarest: float  # what the rarest word tells that both have; a whole name, letter by letter, tells in full
    squashed: bool

    @property
    def likeness(self) -> float:
        """The weight of the words that both names have, as a share of all."""
        whole = self.shared + (self.left + self.right) / 2
        return self.shared / whole if whole else 0.0

    @property
    def within(self) -> float:
        """How far the shorter name is part of the longer one."""
        whole = self.shared + min(self.left, self.right)
        return self.shared / whole if whole else 0.0


_NONE = Names(0.0, 0.0, 0.0, (), (), (), 0.0, False)


def near(a: Profile, b: Profile) -> bool:
    """Whether two records have so much in common that it is worth telling how much; cheap."""
    if a.keys & b.keys or a.squashed[:1] == b.squashed[:1]:
        return True
    if not b.titles.keys().isdisjoint(a.squashed[:1]) or not a.titles.keys().isdisjoint(b.squashed[:1]):
        return True
    if any(_share(left, right) for left in a.names for right in b.names):
        return True
    return any(page.is_deep and page in b.pages for page in a.pages) or text(a, b)[0] >= _FAR


def _share(left: Weights, right: Weights) -> bool:
    """Whether two names share a word that tells by itself, or several that do together."""
    shared = [weight for word, weight in left.items() if word in right]
    return bool(shared) and (max(shared) > _TELLING or sum(shared) > _TOGETHER)


def names(a: Profile, b: Profile) -> Names:
    """The likest of the names of two records."""
    found = [
        _names(left, right, squashed=a.squashed[i] == b.squashed[j] != "", alias=i + j > 0)
        for i, left in enumerate(a.names)
        for j, right in enumerate(b.names)
    ]
    return max(found, key=lambda names: (names.likeness, names.shared), default=_NONE)


def _names(left: Weights, right: Weights, *, squashed: bool = False, alias: bool = False) -> Names:
    """How alike two names are; of another name than the main one, what is shared counts by its rarest word."""
    if squashed:
        telling = sorted(left, key=lambda word: (-left[word], word))
        return Names(max(sum(left.values()), sum(right.values())), 0.0, 0.0, tuple(telling), (), (), 1.0, True)
    same = {word: weight for word, weight in left.items() if word in right}
    rest_left = [word for word in left if word not in same]
    rest_right = [word for word in right if word not in same]
    shared = sum(same.values())
    for word in list(rest_left):
        other = _slip(word, rest_right)
        if other:
            rest_left.remove(word)
            rest_right.remove(other)
            same[word] = _SLIP * (left[word] + right[other]) / 2
            shared += same[word]
    telling = sorted(same, key=lambda word: (-same[word], word))
    rarest = same[telling[0]] if telling else 0.0
    if alias:
        shared *= min(1.0, rarest / RARE)
    return Names(
        shared,
        sum(left[word] for word in rest_left),
        sum(right[word] for word in rest_right),
        tuple(telling),
        tuple(rest_left),
        tuple(rest_right),
        rarest,
        squashed,
    )


def _slip(word: str, others: Iterable[str]) -> str | None:
    """The word that is this one but for a slip of the pen."""
    if len(word) < _LONG or not word.isalpha():
        return None
    near = [other for other in others if len(other) >= _LONG and other[0] == word[0] and other.isalpha()]
    return next((other for other in near if OSA.normalized_similarity(word, other, score_cutoff=_SLIP) > 0), None)


def text(a: Profile, b: Profile) -> tuple[float, tuple[str, ...]]:
    """How far two descriptions say the same, less where they say little, and the words by which they do."""
    left, right = (a, b) if len(a.text) <= len(b.text) else (b, a)
    parts = {word: weight * right.text[word] for word, weight in left.text.items() if word in right.text}
    telling = sorted(parts, key=lambda word: (-parts[word], word))[:_SAID]
    likeness = min(1.0, sum(parts.values()))
    return likeness * min(1.0, likeness * left.said * right.said / _ENOUGH), tuple(telling)


def bodies(a: Profile, b: Profile) -> tuple[float, float] | None:
    """How like the likest organisations of two records are, and how much that tells; None where one has none.

    The likeness is -1 where each governs a place of its own.
    """
    if not a.bodies or not b.bodies:
        return None
    best, telling = max((_bodies(left, right), min(left.rare, right.rare)) for left in a.bodies for right in b.bodies)
    if best < _NAMED and (_named(a, b) or _named(b, a)):
        best = _NAMED
    govern = all(body.governs for body in (*a.bodies, *b.bodies))
    return (-1.0 if govern and not a.places & b.places and best < _LIKE else best), telling


def _named(a: Profile, b: Profile) -> bool:
    """Whether the description of one names an organisation of the other."""
    telling = ([word for word, weight in body.words.items() if weight > _TELLING] for body in a.bodies)
    return any(len(words) > 1 and all(word in b.text for word in words) for words in telling)


def _bodies(left: Body, right: Body) -> float:
    if left.squashed == right.squashed:
        return 1.0
    if left.short & right.short or left.squashed in right.short or right.squashed in left.short:
        return _SHORT_FORM
    return _names(left.words, right.words).likeness


def called(a: Profile, b: Profile) -> float:
    """How much the word tells by which both are called: "Kamu", "VeriPol"."""
    return max((weight for word, weight in a.heads.items() if word in b.heads), default=0.0)


def titled(a: Profile, b: Profile, corpus: Corpus) -> float:
    """How much it tells that the whole name of one stands by itself in the other's: "Kamu", "Kamu - Chatbot".

    Less for a name that several records of a database have, as the pilots of one project do.
    """
    return max(_titled(a, b, corpus), _titled(b, a, corpus))


def _titled(a: Profile, b: Profile, corpus: Corpus) -> float:
    title = a.squashed[0] if a.squashed else ""
    if title not in a.titles or title not in b.titles:
        return 0.0
    within = a.entity.database == b.entity.database
    uses = (corpus.titled(profile.entity.database, title) - within for profile in (a, b))
    return min(a.titles[title], b.titles[title]) / max(1, *uses)


def told(a: Profile, b: Profile) -> tuple[float, str]:
    """The most telling word of one's name that only the other's description says, and how much it tells."""
    return max(_told(a, b), _told(b, a))


def _told(a: Profile, b: Profile) -> tuple[float, str]:
    named = {word for names in b.names for word in names}
    place = a.places | b.places
    hits = (
        (weight, word)
        for names in a.names
        for word, weight in names.items()
        if weight > _TELLING and word in b.text and word not in named and word not in place and not word.isdecimal()
    )
    return max(hits, default=(0.0, ""))


def series(a: Profile, b: Profile, alike: Names) -> float:
    """1 where each name has a number, a country or a place of its own: members of a series, not one thing twice."""
    left = _marks(alike.only_left, a) - _marks_of(b)
    right = _marks(alike.only_right, b) - _marks_of(a)
    return 1.0 if left and right and not alike.squashed else 0.0


def _marks(said: Iterable[str], profile: Profile) -> set[str]:
    """What tells members of a series apart among the words of a name."""
    lexicon = normal.lexicon()
    marks = set()
    for word in said:
        if word.isdecimal():
            marks.add(word)
        elif word in lexicon.countries and lexicon.shares.get(word, 0.0) < 0.5:
            marks.add(lexicon.countries[word])
        elif word in profile.places:
            marks.add(word)
    return marks


def _marks_of(profile: Profile) -> set[str]:
    return _marks((word for name in profile.names for word in name), profile)


def variant(a: Profile, b: Profile, alike: Names, copied: float) -> float:
    """How far two records of one database are variants: names or texts alike, but each name has words of its own."""
    if a.entity.database != b.entity.database or alike.squashed:
        return 0.0
    same = max(copied, (alike.likeness - _ALIKE) / (1.0 - _ALIKE))
    return max(0.0, same) * min(1.0, alike.left / _OWN, alike.right / _OWN)


def page(a: Profile, b: Profile, corpus: Corpus) -> float:
    """1 for a page that each database names once, less for one that several records share or for a whole site."""
    return max((_page(a, b, page, corpus) for page in a.pages if page in b.pages), default=0.0)


def _page(a: Profile, b: Profile, page: normal.Address, corpus: Corpus) -> float:
    within = a.entity.database == b.entity.database
    uses = max(corpus.uses(a.entity.database, page) - within, corpus.uses(b.entity.database, page) - within, 1)
    return (1.0 if page.is_deep else 0.5) / uses


def years(a: Profile, b: Profile) -> float:
    """1 for the same year of start, 0 where one is unknown or they are near, down to -1 for ten years and more."""
    left, right = a.entity.start_year, b.entity.start_year
    if left is None or right is None:
        return 0.0
    apart = abs(left - right)
    return 1.0 if apart == 0 else 0.0 if apart <= 2 else -min(1.0, (apart - 2) / 8)


def countries(a: Profile, b: Profile) -> float:
    """1 for a common country, -1 for none in common, 0 where one is unknown."""
    wide = normal.lexicon().wide
    left, right = set(a.entity.countries) - wide, set(b.entity.countries) - wide
    if not left or not right:
        return 0.0
    return 1.0 if left & right else -1.0


def places(a: Profile, b: Profile) -> bool:
    """Whether two records name one place, in whatever spelling."""
    return any(left == right or _misspelt(left, right) for left in a.places for right in b.places)


def _misspelt(left: str, right: str) -> bool:
    """Whether two names of places differ by one letter: Gent and Ghent."""
    return min(len(left), len(right)) >= _SHORTEST_PLACE and OSA.distance(left, right, score_cutoff=1) <= 1


def identifiers(a: Profile, b: Profile) -> float:
    """1 where one record states the name of the other, less where both state one of a third database."""
    if a.entity.curie in b.keys or b.entity.curie in a.keys:
        return 1.0
    return _THIRD if a.keys & b.keys else 0.0
