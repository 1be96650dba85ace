"""What a serving process has in common with the others of its service, or to itself when it serves alone."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from iesi_kg.operations.attempts import Attempts
from iesi_kg.settings import Settings
from iesi_kg.web.processes.commons import Commons
from iesi_kg.web.processes.fellows import Fellows, Nobody
from iesi_kg.web.processes.ledger import SharedAttempts, SharedRegister, SharedTurnstile
from iesi_kg.web.session import OwnRegister, Register
from iesi_kg.web.turnstile import Turnstile

HAND_INS = 10  # from one address without a token
HAND_IN_SECONDS = 600.0


@dataclass(slots=True, kw_only=True)
class Sharing:
    """Counts, sessions and the others; ``key`` signs forms, and ``begun`` is when the service began."""

    turnstile: Turnstile = field(default_factory=Turnstile)
    attempts: Attempts = field(default_factory=Attempts)
    hand_ins: Attempts = field(default_factory=lambda: Attempts(HAND_INS, HAND_IN_SECONDS))
    sessions: Register = field(default_factory=OwnRegister)
    key: bytes = b""
    begun: float = field(default_factory=time.monotonic)
    fellows: Fellows = field(default_factory=Nobody)


def shared(commons: Commons, seat: int, fellows: Fellows) -> Sharing:
    """What the process at this seat has in common with the others."""
    return Sharing(
        turnstile=SharedTurnstile(commons.callers, seat),
        attempts=SharedAttempts(commons.attempts),
        hand_ins=SharedAttempts(commons.hand_ins, HAND_INS, HAND_IN_SECONDS),
        sessions=SharedRegister(commons.sessions),
        key=commons.key,
        begun=commons.begun,
        fellows=fellows,
    )


def portion(settings: Settings, processes: int) -> Settings:
    """The settings of one of several processes: what they say of the whole service is divided among them."""

    def part(whole: int) -> int:
        return -(-whole // processes)

    return replace(
        settings,
        query_processes=part(settings.query_processes),
        query_queue=part(settings.query_queue),
        connections=part(settings.connections),
        cache_bytes=part(settings.cache_bytes),
        releases_open=part(settings.releases_open),
    )
