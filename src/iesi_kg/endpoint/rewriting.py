"""Turns a query into one that this engine answers faster and the same: five rules on its tree, each in its own module.

Which rules there are, when they apply and why they are sound: docs/reference/rewriting.md and the modules. A rule that
may cost more than it gains bets on numbers of solutions, which are counted first. Whatever goes wrong here, the query
runs as it was written.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from iesi_kg.endpoint import rewriting_constants, rewriting_exists, rewriting_paths, rewriting_top
from iesi_kg.endpoint.rewriting_changes import Bet, Change, applied, spelt_out
from iesi_kg.endpoint.rewriting_scope import Source, read
from iesi_kg.endpoint.syntax import wavers
from iesi_kg.errors import IesiKgError

Rule = Callable[[Source], Iterator[Change]]
Weigh = Callable[[Bet], Awaitable[bool]]

RULES: tuple[Rule, ...] = (
    rewriting_constants.changes,
    rewriting_paths.changes,
    rewriting_top.changes,
    rewriting_exists.changes,
)
_MOST_CHANGES = 8
_REMEMBERED = 512
_LONGEST = 3_000  # a longer one may take more time than it gains
_NUMBERED = re.compile(r"\b(?:limit|offset)\b", re.IGNORECASE)
_REPEATS = re.compile(r"[\w>)\-][*+]|[>)]\s+[*+]|[\w>)\-]\?(?!\w)")
_ONE_OF = re.compile(
    r"[?$]\w+\s*=\s*(?:<|[\w.\-]*:)|[\w>\-]\s*=\s*[?$]|sameterm|[?$]\w+\s+in\s*\(\s*(?:<|[\w.\-]*:)", re.IGNORECASE
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """One application of a rule and the part it was about; one that was not ``taken`` would have cost more."""

    rule: str
    about: str
    taken: bool = True


@dataclass(frozen=True, slots=True)
class Rewriting:
    """The text to evaluate in place of the query, and the steps that led there."""

    text: str
    steps: tuple[Step, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that were applied, each once."""
        return tuple(dict.fromkeys(step.rule for step in self.steps if step.taken))


class Rewriter:
    """Rewrites queries; what comes of a text is remembered where it does not depend on the data."""

    def __init__(self, rules: Sequence[Rule] = RULES) -> None:
        self._rules = tuple(rules)
        self._known: OrderedDict[str, Rewriting | None] = OrderedDict()

    async def rewritten(self, text: str, weigh: Weigh) -> Rewriting | None:
        """What to evaluate in place of a query, and what was weighed; None where no rule has anything to say."""
        if not may_gain(text):
            return None
        if text in self._known:
            self._known.move_to_end(text)
            return self._known[text]
        try:
            found, fixed = await self._rewritten(text, weigh)
        except IesiKgError:
            return None  # whatever is wrong is said when the query runs
        except Exception:  # the edge: a fault of a rule must not cost its asker the answer
            log.exception("a query could not be rewritten and runs as it is written")
            found, fixed = None, True
        if fixed:
            self._known[text] = found
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    async def _rewritten(self, text: str, weigh: Weigh) -> tuple[Rewriting | None, bool]:
        source = None if wavers(_NUMBERED.sub("", text)) else read(text)
        if source is None:
            return None, True
        steps: list[Step] = []
        fixed = True
        for rule in self._rules:
            declined: set[str] = set()
            while len(steps) < _MOST_CHANGES:
                change = next((found for found in rule(source) if found.about not in declined), None)
                if change is None:
                    break
                fixed = fixed and change.bet is None
                taken = change.bet is None or await weigh(change.bet)
                steps.append(Step(change.rule, change.about, taken))
                if not taken:
                    declined.add(change.about)
                    continue
                after = _after(source, change)
                if after is None:
                    return None, fixed
                source = after
        return (Rewriting(str(source.text), tuple(steps)) if steps else None), fixed


def _after(source: Source, change: Change) -> Source | None:
    """The query with a change; None where it cannot be read any more."""
    edits = [change]
    if source.star is not None:
        star = spelt_out(source)
        if star is None or not star[2]:
            return None
        edits.append(Change(change.rule, "", (star,)))
    return read(applied(source.text, edits))


def may_gain(text: str) -> bool:
    """Whether a query holds what some rule begins with: a glance at its text, before anything is parsed.

    >>> may_gain("SELECT ?o { <urn:a> <urn:p> ?o } LIMIT 3"), may_gain("ASK { ?s <urn:p>* <urn:o> }")
    (False, True)
    """
    if len(text) > _LONGEST:
        return False
    low = text.lower()
    if "exists" in low or _REPEATS.search(text) or ("filter" in low and _ONE_OF.search(text)):
        return True
    return "optional" in low and "limit" in low and "order" in low
