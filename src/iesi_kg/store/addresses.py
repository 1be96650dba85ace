"""Turns the address of another server into what may be connected to, or says why it may not be.

What is judged is the address that a connection is made to, after every name has been resolved; the rules of spelling
come first because resolvers read ``2130706433``, ``0x7f.1`` and ``127.1`` as 127.0.0.1.
Special addresses: https://www.iana.org/assignments/iana-ipv4-special-registry/ and iana-ipv6-special-registry.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from iesi_kg.errors import PeerError

Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]

_PLAIN = re.compile(r"[!-~]+")
_FORBIDDEN_CHARACTERS = re.compile(r"[\"<>\\^`{|}]")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FIRST_USER_PORT = 1024
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: what stands in ``Host``, and the path with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and, where it is not the scheme's own, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address in its one spelling."""
        return f"{self.scheme}://{self.authority}{self.path}"


def target(address: str, *, local: bool = False) -> Target:
    """The parts of an address that is spelt plainly; raises PeerError for any other.

    >>> target("https://Query.Wikidata.org/sparql").url
    'https://query.wikidata.org/sparql'
    """
    if not _PLAIN.fullmatch(address) or _FORBIDDEN_CHARACTERS.search(address):
        raise _refused(address, "it holds characters that no address holds")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise _refused(address, "its host or port cannot be read") from None
    if parts.scheme not in _DEFAULT_PORTS or not address[len(parts.scheme) :].startswith("://"):
        raise _refused(address, "only http:// and https:// are spoken")
    if "@" in parts.netloc:
        raise _refused(address, "it names a user")
    if "#" in address:
        raise _refused(address, "it holds a fragment")
    if parts.netloc.endswith(":") or (port is not None and not _usable(port, parts.scheme, local)):
        raise _refused(address, f"port {port} is no port of a web server" if port is not None else "its port is empty")
    host = _host(address, (parts.hostname or "").lower(), local)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], path)


def within(where: Target, start: Target) -> bool:
    """Whether an address is the other one or lies below it: the same server, and the same path or one inside of it.

    A path with ``.`` or ``..`` lies nowhere, however it is spelt: each server resolves it in its own way.

    >>> within(target("https://example.org/data/x"), target("https://example.org/data"))
    True
    >>> within(target("https://example.org/database"), target("https://example.org/data"))
    False
    """
    if (where.scheme, where.host, where.port) != (start.scheme, start.host, start.port):
        return False
    path = where.path.partition("?")[0]
    if _climbs(path):
        return False
    if "?" in start.path:
        return where.path == start.path
    return path == start.path or path.startswith(start.path.rstrip("/") + "/")


def obstacle(address: str, *, local: bool = False) -> str | None:
    """Why no connection may be made to a numeric address; None where one may.

    A ``local`` peer may be on this machine or in this network; what never is a web server stays forbidden.

    >>> obstacle("127.0.0.1"), obstacle("127.0.0.1", local=True), obstacle("1.1.1.1")
    ('a loopback address', None, None)
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return "no address"
    if isinstance(ip, IPv6Address):
        inner = _embedded(ip)
        if inner is not None:
            return f"an IPv4 address ({inner}) inside an IPv6 one"
    if ip.is_unspecified or ip.is_multicast or ip.is_link_local:
        return "an unspecified, multicast or link-local address"
    if ip.is_loopback:
        return None if local else "a loopback address"
    if ip.is_reserved or str(ip) == "255.255.255.255":
        return "a reserved address"
    if ip.is_global and (isinstance(ip, IPv4Address) or ip in _GLOBAL_UNICAST):
        return None
    return None if local else "an address of a private or shared network"


async def checked(where: Target, *, local: bool, resolve: Resolve) -> list[str]:
    """The numeric addresses behind a host; raises PeerError when it has none, or one that may not be connected to."""
    try:
        found = await resolve(where.host, where.port)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PeerError(f"the host {where.host} is not known: {reason}", host=where.host) from None
    for address in found:
        reason = obstacle(address, local=local)
        if reason is not None:
            # All of them must be fit: a name that mixes public and inner addresses is a trap.
            raise PeerError(f"the host {where.host} is {address}, {reason}: no connection is made", host=where.host)
    if not found:
        raise PeerError(f"the host {where.host} has no address", host=where.host)
    return found


async def system_resolve(host: str, port: int) -> list[str]:
    """The addresses of a host as this machine knows them, each once, in the order of preference."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _climbs(path: str) -> bool:
    while (plain := unquote(path)) != path:
        path = plain
    # Some servers read "..;x" as ".." with a parameter, and a backslash as a slash.
    return any(step.partition(";")[0] in (".", "..") for step in re.split(r"[/\\]", path))


def _usable(port: int, scheme: str, local: bool) -> bool:
    return port > 0 and (local or port >= _FIRST_USER_PORT or port in _DEFAULT_PORTS.values())


def _host(address: str, host: str, local: bool) -> str:
    if ":" in host:
        try:
            return str(IPv6Address(host)) if "%" not in host else _unfit(address)
        except ValueError:
            return _unfit(address)
    if _NUMBER.search(host.rstrip(".").rsplit(".", 1)[-1]):
        try:
            plain = str(IPv4Address(host)) == host
        except ValueError:
            plain = False
        return host if plain else _unfit(address)
    if not _NAME.fullmatch(host):
        return _unfit(address)
    if "." not in host and not local:
        raise _refused(address, "its host has no dot, so it is a name of this network only")
    return host


def _unfit(address: str) -> str:
    raise _refused(address, "its host is not spelt as a host name or as a plain numeric address")


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one carries in any of the known ways."""
    if ip.is_unspecified or ip.is_loopback:
        return None
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    if any(ip in network for network in _TRANSLATED):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


def _refused(address: str, reason: str) -> PeerError:
    return PeerError(f"{address[:200]!r} is not an address that may be asked: {reason}", address=address[:200])
