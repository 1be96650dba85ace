"""Turns failed attempts of one address into a pause, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil

from iesi_kg.errors import TooManyAttempts

MOST = 10
WINDOW = 60.0
ADDRESSES = 4096
_IPV6_PREFIX = 64
_LONGEST = 64


class Attempts:
    """Failed attempts by address; after ``most`` within ``window`` seconds the next must wait until they are past.

    An IPv6 address counts as its /64 network, which is what one subscriber has. Of more than ``addresses``
    the one that was quiet for longest is forgotten.
    """

    def __init__(self, most: int = MOST, window: float = WINDOW, addresses: int = ADDRESSES) -> None:
        self._most, self._window, self._addresses = most, window, addresses
        self._failed: OrderedDict[str, list[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failed)

    def admit(self, address: str, now: float) -> None:
        """Raises TooManyAttempts while the address must wait; ``now`` is of a monotonic clock."""
        recent = [time for time in self._recall(network_of(address)) if now - time < self._window]
        if len(recent) < self._most:
            return
        wait = max(1, ceil(self._window - (now - recent[-self._most])))
        raise TooManyAttempts(
            f"{self._most} wrong tokens came from this address within {self._window:g} seconds", retry_after=wait
        )

    def failed(self, address: str, now: float) -> None:
        """Remember one failure."""
        network = network_of(address)
        times = [time for time in self._recall(network) if now - time < self._window]
        self._keep(network, [*times, now][-self._most :])

    def _recall(self, network: str) -> list[float]:
        return self._failed.get(network, [])

    def _keep(self, network: str, times: list[float]) -> None:
        self._failed[network] = times
        self._failed.move_to_end(network)
        while len(self._failed) > self._addresses:
            self._failed.popitem(last=False)


@lru_cache(maxsize=1024)
def network_of(address: str) -> str:
    """What counts as one caller: the address, of an IPv6 address the /64 network."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:_LONGEST]
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Address(int(found) >> _IPV6_PREFIX << _IPV6_PREFIX))
