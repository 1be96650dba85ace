"""Turns the ``Host`` of a request into whether this service answers under that name (RFC 9110 section 7.2).

A page of another site can make its own name resolve to this machine and then read what is served here as its own (DNS
rebinding); and links, citations and descriptions are made from the name that was asked. So a name must be known.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from iesi_kg.errors import Misdirected, RequestError

ANY = "*"
_SYNTAX = re.compile(r"([A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_REMEMBERED = 256


class Hosts:
    """The names of one service: those of the loopback, those of the settings, and the address a client came in by."""

    def __init__(self, configured: str, listening: str) -> None:
        names = [name.strip().lower().rstrip(".") for name in configured.split(",")]
        self._any = ANY in names
        self._names = {name for name in (*names, listening.lower()) if name}
        self._accepted: set[tuple[str, str]] = set()

    def require(self, header: str, arrived_at: str) -> None:
        """Raises RequestError for what is no host, Misdirected for a name that is not ours."""
        asked = (header, arrived_at)
        if asked in self._accepted:
            return
        found = _SYNTAX.fullmatch(header)
        if found is None:
            raise RequestError("the header Host does not hold a name or an address")
        name = found[1].lower().rstrip(".")
        if not (self._any or name in self._names or _is_loopback_name(name) or _is_address(name, arrived_at)):
            raise Misdirected(
                f"this service does not answer under the name {name}",
                hint=f"those who run it can name it: IESI_KG_HOSTS={name}",
            )
        if len(self._accepted) < _REMEMBERED:
            self._accepted.add(asked)


def _is_loopback_name(name: str) -> bool:
    """Names and addresses that mean the client's own machine wherever they are used (RFC 6761 section 6.3)."""
    return (
        name == "localhost"
        or name.endswith(".localhost")
        or _address(name).startswith("127.")
        or _address(name) == "::1"
    )


def _is_address(name: str, arrived_at: str) -> bool:
    """Whether the name is the address at which the connection arrived: no other site can have it as its name."""
    return bool(_address(name)) and _address(name) == _address(arrived_at)


def _address(name: str) -> str:
    try:
        found = ip_address(name.strip("[]"))
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)
