"""A writer that dies by SIGKILL at one request of its commit: before that is sent, or after it was answered."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contract_quads import after_kill

from iesi_kg.settings import Settings
from iesi_kg.store import opening
from iesi_kg.store.remote.client import Client


def dying(real: Callable[..., Any], left: list[int], *, sent: bool) -> Callable[..., Any]:
    """A way of sending that is the last one when its turn comes."""

    def send(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        left[0] -= 1
        if left[0] == 0 and not sent:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = real(*given, **named)
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return send


def main(address: str, user: str, password: str, state: str, turn: str, when: str) -> None:
    settings = Settings(store=address, state=Path(state), store_user=user, store_password=password)
    store = opening.open_store(settings)
    with store.writer() as writer:
        left = [int(turn)]
        for name in ("update", "post_graph"):
            setattr(Client, name, dying(getattr(Client, name), left, sent=when == "after"))
        writer.commit(after_kill())
    raise SystemExit("there were fewer requests")


if __name__ == "__main__":
    main(*sys.argv[1:])
