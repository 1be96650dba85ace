"""Tells the service manager how the service stands (sd_notify(3)), and takes the socket it holds (sd_listen_fds(3))."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress

from iesi_kg.settings import Manager

_FIRST_HANDED = 3


def say(manager: Manager, *lines: str) -> None:
    """Say this to the manager, if there is one; one that does not listen is no reason to fail."""
    if not manager.address:
        return
    place = "\0" + manager.address[1:] if manager.address.startswith("@") else manager.address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as letter:
        letter.sendto("\n".join(lines).encode(), place)


def reloading() -> tuple[str, str]:
    """What is said when new processes are started."""
    return "RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"


def handed(manager: Manager) -> socket.socket | None:
    """The listening socket that the manager holds for this very process."""
    if manager.sockets < 1 or manager.process != os.getpid():
        return None
    os.set_inheritable(_FIRST_HANDED, False)
    return socket.socket(fileno=_FIRST_HANDED)
