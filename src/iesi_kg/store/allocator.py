"""Has the C library give memory back that is free again: by itself it keeps what threads and the engine once needed.

The engine's writer takes and leaves blocks of megabytes with each checkpoint, the service's threads small ones from
as many arenas as there were threads at once. https://sourceware.org/glibc/manual/latest/html_node/Malloc-Tunable-Parameters.html
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path

M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8
MADV_COLLAPSE = 25
ARENAS = 2
LARGE_PAGE = 2 << 20
LARGE = 1 << 20  # blocks from here on are given back the moment they are free
AT_HAND = 500  # freed blocks of each size below a kilobyte that a thread keeps; by itself the library keeps 7
_TUNABLES = "GLIBC_TUNABLES"
_COUNT = "glibc.malloc.tcache_count"


def few_arenas() -> None:
    """Have all threads share few arenas; a C library without such a switch needs none."""
    _set(M_ARENA_MAX, ARENAS)


def large_apart() -> None:
    """Keep large blocks out of the arenas, also when many of them were freed before."""
    _set(M_MMAP_THRESHOLD, LARGE)


def roomy(variables: Mapping[str, str]) -> dict[str, str] | None:
    """The environment of a process whose threads keep more freed blocks, None where it says so or nobody would read it.

    A query of the engine takes and leaves thousands of small blocks: nearly half of its time went into sorting them.
    """
    given = variables.get(_TUNABLES, "")
    if _COUNT in given or not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"):
        return None
    return {**variables, _TUNABLES: f"{given}:{_COUNT}={AT_HAND}".removeprefix(":")}


def give_back() -> None:
    """Return free pages to the machine, those in the middle of an arena too: milliseconds, beside the event loop."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def on_large_pages() -> None:
    """Move what the process holds by now onto large pages: a query that follows links all over it then misses less.

    https://man7.org/linux/man-pages/man2/madvise.2.html (MADV_COLLAPSE, Linux 6.1); where the kernel cannot or the
    machine has none to give, everything stays where it is.
    """
    madvise = getattr(ctypes.CDLL(None), "madvise", None)
    if madvise is None:
        return
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for start, end in _writable():
        first, last = -(-start // LARGE_PAGE) * LARGE_PAGE, end // LARGE_PAGE * LARGE_PAGE
        if first < last:
            madvise(first, last - first, MADV_COLLAPSE)


def _writable() -> list[tuple[int, int]]:
    """The ranges of memory that the allocator has; none where the kernel does not tell."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    fields = [line.split() for line in lines]
    spans = [each[0].split("-") for each in fields if each[1] == "rw-p" and each[5:] in ([], ["[heap]"])]
    return [(int(start, 16), int(end, 16)) for start, end in spans]


def _set(parameter: int, value: int) -> None:
    change = getattr(ctypes.CDLL(None), "mallopt", None)
    if change is not None:
        change(parameter, value)
