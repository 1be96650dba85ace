"""Looks at the machine that the service is to run on: Python, packages, memory, descriptors, confinement, port."""

from __future__ import annotations

import errno
import http.client
import json
import os
import platform
import re
import resource
import socket
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from iesi_kg import __version__
from iesi_kg.operations.diagnosis import Finding, Weight
from iesi_kg.settings import Settings
from iesi_kg.store.confinement import deny_network

PYTHON = (3, 11)
_PACKAGE = "iesi-kg"
_REQUIREMENT = re.compile(r"([A-Za-z0-9_.\-]+)\s*(?:\[[^\]]*\])?\s*([^;]*)(?:;(.*))?")
_BOUND = re.compile(r"(>=|<=|==|!=|<|>)\s*([0-9.]+)")
_HELD = {
    ">=": lambda there, bound: there >= bound,
    "<=": lambda there, bound: there <= bound,
    "==": lambda there, bound: there == bound,
    "!=": lambda there, bound: there != bound,
    "<": lambda there, bound: there < bound,
    ">": lambda there, bound: there > bound,
}
_SPARE_DESCRIPTORS = 200
_LEAST_MEMORY = 500_000_000
_BYTES_PER_TRIPLE = 410  # of a version held in memory, measured
_SECONDS = 2.0


def python() -> Finding:
    """The interpreter."""
    here = f"Python {platform.python_version()} ({platform.python_implementation()}) on {platform.machine()}"
    if sys.version_info < PYTHON:
        wanted = ".".join(map(str, PYTHON))
        return Finding("python", Weight.FAILURE, f"{here} is too old", f"install Python {wanted} or newer")
    return Finding("python", Weight.OK, here)


def packages(requirements: list[str] | None = None) -> Iterator[Finding]:
    """Each package that is missing or of another version than this software was made for."""
    try:
        wanted = metadata.requires(_PACKAGE) or [] if requirements is None else requirements
    except metadata.PackageNotFoundError:
        yield Finding("packages", Weight.NOTE, "run from a checkout: versions were not compared")
        return
    for text in wanted:
        found = _REQUIREMENT.match(text)
        if found is None or "extra ==" in (found[3] or ""):
            continue
        name, bounds = found[1], found[2].strip()
        try:
            there = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Finding("packages", Weight.FAILURE, f"{name} is missing", f"pip install '{name}{bounds}'")
            continue
        if not all(_HELD[sign](*_alike(there, bound)) for sign, bound in _BOUND.findall(bounds)):
            what = f"{name} is of version {there}; this software was tested with {bounds}"
            yield Finding("packages", Weight.WARNING, what, f"pip install '{name}{bounds}'")


def confinement() -> Finding:
    """Whether query processes can be kept from the network, tried in a process of its own."""
    child = os.fork()
    if not child:
        os._exit(0 if deny_network() else 1)
    _, status = os.waitpid(child, 0)
    if status == 0:
        return Finding("confinement", Weight.OK, "query processes have no network (seccomp)")
    return Finding(
        "confinement",
        Weight.WARNING,
        "no filter for system calls (seccomp) here: only the check of its text keeps a query from the network",
        "serve the public from Linux on x86-64 or ARM64; in a container, allow seccomp filters",
    )


def memory(settings: Settings, triples: int) -> Finding:
    """Whether the copies of the current version fit into what is free."""
    free = available_memory()
    copies = settings.query_processes + (1 if triples <= settings.express_triples else 0)
    needed = _LEAST_MEMORY + triples * _BYTES_PER_TRIPLE * copies
    what = f"{free:,} bytes free, about {needed:,} needed by {settings.query_processes} query processes"
    if free >= needed:
        return Finding("memory", Weight.OK, what)
    return Finding("memory", Weight.WARNING, what, "fewer IESI_KG_QUERY_PROCESSES, or more memory")


def available_memory() -> int:
    """Bytes that a new process may take, within the limit of its container."""
    facts = dict(re.findall(r"^(\w+):\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE))
    free = int(facts.get("MemAvailable", 0)) * 1024
    try:
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        return min(free, limit - int((group / "memory.current").read_text()))
    except (OSError, ValueError):  # no limit
        return free


def descriptors(settings: Settings, files: int) -> Finding:
    """Whether as many connections and files may be open as the settings allow."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.connections + files + _SPARE_DESCRIPTORS
    what = f"{soft:,} open files allowed, {needed:,} needed for {settings.connections} connections and the store"
    if soft >= needed or soft == resource.RLIM_INFINITY:
        return Finding("descriptors", Weight.OK, what)
    remedy = f"ulimit -n {needed}, LimitNOFILE={needed} in the unit, or fewer IESI_KG_CONNECTIONS"
    return Finding("descriptors", Weight.WARNING, what, remedy)


def port(settings: Settings, version: int) -> Finding:
    """Whether the address is free, or taken by this very service on this version of the store."""
    place = f"port {settings.port} on {settings.host}"
    try:
        family, _, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            why = (error.strerror or str(error)).lower()
            return Finding("port", Weight.FAILURE, f"{place} cannot be used: {why}", "IESI_KG_HOST, IESI_KG_PORT")
        return _running(settings, place, version)
    return Finding("port", Weight.OK, f"{place} is free: no service runs there")


def _running(settings: Settings, place: str, version: int) -> Finding:
    health = _health(settings)
    if health is None:
        what = f"{place} is taken by another program, or by a service that does not answer"
        return Finding("port", Weight.FAILURE, what, "end that program, or choose another port: IESI_KG_PORT")
    software, serves = str(health["software"]), int(str(health["version"]))
    what = f"iesi-kg {software} answers there with version {serves} of the store"
    if software != __version__:
        return Finding("port", Weight.WARNING, f"{what}; installed is {__version__}", "restart the service")
    if serves < version:
        remedy = "look again in a few seconds; if it stays: /health/ready, the lines of the service, then restart it"
        return Finding("port", Weight.WARNING, f"{what}; the store is at {version}", remedy)
    return Finding("port", Weight.OK, what)


def _health(settings: Settings) -> dict[str, object] | None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    connection = http.client.HTTPConnection(host, settings.port, timeout=_SECONDS)
    try:
        connection.request("GET", "/health")
        found = json.loads(connection.getresponse().read(10_000))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return found if isinstance(found, dict) and {"software", "version"} <= found.keys() else None


def _alike(*versions: str) -> tuple[tuple[int, ...], ...]:
    """Versions as numbers, of one length.

    >>> _alike("0.5.13", "0.6")
    ((0, 5, 13), (0, 6, 0))
    """
    parts = [[int(part) for part in re.findall(r"\d+", version.partition("+")[0])][:4] for version in versions]
    longest = max(map(len, parts))
    return tuple(tuple(part + [0] * (longest - len(part))) for part in parts)
