"""Looks at settings that contradict one another, or what is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from iesi_kg.operations.diagnosis import Finding, Weight
from iesi_kg.settings import Settings
from iesi_kg.store.versions import Layout

_TOKENS = ("seconds", "bytes", "rows", "memory", "concurrent", "requests")
_POSITIVE = (
    "query_processes",
    "workers",
    "query_seconds",
    "query_bytes",
    "query_rows",
    "keep_versions",
    "connections",
    "query_queue",
)
_LOG_WAYS = ("hash", "text")


def contradictions(settings: Settings) -> Iterator[Finding]:
    """Each pair of settings that cannot both be meant, and each value that cannot work."""
    yield from (
        _wrong(f"{_variable(name)} is below 1", "leave it out") for name in _POSITIVE if _below_one(settings, name)
    )
    for name in _TOKENS:
        anybody, token = getattr(settings, f"query_{name}"), getattr(settings, f"token_{name}")
        if token and (token < anybody or not anybody):
            what = f"a token with read-more gets less than anybody: {_variable('token_' + name)} is {token:g}"
            yield _unwise(what, f"at least {_variable('query_' + name)}, which is {anybody:g}")
    if settings.federation and settings.service_seconds > settings.query_seconds:
        what = "IESI_KG_SERVICE_SECONDS is longer than a query may take: no SERVICE can wait so long"
        yield _unwise(what, "lower it, or raise IESI_KG_QUERY_SECONDS")
    cores = os.cpu_count() or 1
    if settings.query_processes > 4 * cores:
        yield _unwise(
            f"{settings.query_processes} query processes on {cores} processors",
            f"IESI_KG_QUERY_PROCESSES={cores} to {2 * cores}",
        )
    if settings.query_log_as not in _LOG_WAYS:
        yield _wrong(f"IESI_KG_QUERY_LOG_AS={settings.query_log_as!r} is not known", "hash or text")
    yield from _of_exposure(settings)
    yield from _of_files(settings)


def _of_exposure(settings: Settings) -> Iterator[Finding]:
    public = not _is_loopback(settings.host)
    scratch = Layout(settings.state_folder).scratch.exists()
    if settings.token and not scratch:
        yield _unwise("IESI_KG_TOKEN is set, and only a scratch store reads it", "`iesi-kg token create` makes tokens")
    if scratch and public and not settings.token:
        yield _wrong("a scratch store for a network without IESI_KG_TOKEN: it would not start", "set IESI_KG_TOKEN")
    if public and not settings.hosts:
        what = f"{settings.host} is reached under other names than this machine's, and IESI_KG_HOSTS names none"
        yield _unwise(what, "IESI_KG_HOSTS=the.name.people.use")
    if settings.hosts and not public and not settings.trusted_proxies:
        what = "names are served on loopback, so by a proxy, and no proxy is trusted: all callers count as one"
        yield _unwise(what, "IESI_KG_TRUSTED_PROXIES=127.0.0.1, or the address of the proxy")


def _of_files(settings: Settings) -> Iterator[Finding]:
    if settings.peers and not os.access(settings.peers, os.R_OK):
        yield _wrong(f"the list of peers {settings.peers} cannot be read", "IESI_KG_PEERS, or the rights of that file")
    if settings.query_log:
        log = Path(settings.query_log)
        if not os.access(log if log.exists() else log.parent, os.W_OK):
            yield _wrong(f"the query log {log} cannot be written", "IESI_KG_QUERY_LOG, or the rights of its folder")
        if log.absolute().is_relative_to(settings.state_folder.absolute()):
            yield _unwise(
                "the query log is in the folder of the store, and goes into every backup", "keep it elsewhere"
            )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _below_one(settings: Settings, name: str) -> bool:
    return bool(getattr(settings, name) <= 0)


def _variable(name: str) -> str:
    return f"IESI_KG_{name.upper()}"


def _wrong(what: str, remedy: str) -> Finding:
    return Finding("settings", Weight.FAILURE, what, remedy)


def _unwise(what: str, remedy: str) -> Finding:
    return Finding("settings", Weight.WARNING, what, remedy)
