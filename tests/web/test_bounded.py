"""Whatever grows with callers, texts, versions or names has an end: a service that runs for months holds no more."""

from __future__ import annotations

import ast
import ctypes
from pathlib import Path

import pytest

from iesi_kg.analysis.listing import SEARCHES_KEPT, Searches
from iesi_kg.endpoint import syntax
from iesi_kg.endpoint.allowance import Allowance
from iesi_kg.operations.attempts import ADDRESSES, Attempts
from iesi_kg.store import allocator, settling
from iesi_kg.web.cache import Entry, ResultCache
from iesi_kg.web.meter import Meter, exposition, part_of
from iesi_kg.web.pages import shelf
from iesi_kg.web.queries import Queries
from iesi_kg.web.turnstile import Turnstile

MANY = 10_000
FREE = Allowance("free", 1.0, 1, 1, 1, concurrent=0, requests=0)


def test_callers_are_forgotten() -> None:
    turnstile, attempts = Turnstile(), Attempts()
    for n in range(MANY):
        caller = f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"
        with turnstile.passage(caller, FREE):
            pass
        attempts.failed(caller, float(n))
    assert len(turnstile._accounts) <= 4_097
    assert len(attempts) == ADDRESSES


def test_queries_that_ended_are_forgotten() -> None:
    queries = Queries()
    for n in range(MANY):
        queries.end(queries.begin(f"query-{n:08}", "s" * 16))
    assert not queries._running


def test_answers_are_kept_within_their_bytes_however_many_texts_and_versions_there_are() -> None:
    cache = ResultCache(1_000_000)
    for n in range(MANY):
        cache.put(n // 4_000, f"SELECT {n}", Entry('"tag"', (), bytes(500)), 30)
        assert cache.bytes <= 1_000_000
    assert len(cache._entries) == len(cache._sizes) <= 1_000_000 // 1_530


def test_searches_of_the_list_are_forgotten() -> None:
    searches = Searches()
    for n in range(MANY):
        assert searches.bits((f"word{n}",), ()) == 0
    assert len(searches.kept) <= SEARCHES_KEPT


def test_the_figures_of_the_service_have_as_many_rows_as_there_are_kinds_of_answers() -> None:
    meter = Meter()
    for n in range(MANY):
        part = part_of(f"/{n}/x")
        meter.enter(part)
        meter.leave(part, f"METHOD{n}", 200 + n % 3, 0.01)
    assert len(exposition(meter, ()).splitlines()) < 40
    assert len(meter.minutes) == 1


def test_pages_keep_one_version(tmp_path: Path) -> None:
    class Seen:
        def __init__(self, version: int) -> None:
            self.version = version

    kept = shelf.Shelf()
    for version in range(200):
        kept.get("index de", Seen(version), lambda source: source.version)  # type: ignore[arg-type]
        assert kept.get("counts", Seen(version), lambda source: source.version) == version  # type: ignore[arg-type]
    assert len(kept.kept) == 2


def test_what_is_kept_by_argument_has_a_largest_number_or_few_arguments(root: Path) -> None:
    """``lru_cache`` says how many it keeps; ``cache`` keeps all, and is for what the package itself names."""
    limits, endless = [], set()
    for path in (root / "src").rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "lru_cache":
                [size] = node.keywords
                limits.append(ast.literal_eval(size.value))
            if isinstance(node, ast.FunctionDef) and node.args.args and "cache" in _decorators(node):
                endless.add(f"{path.stem}.{node.name}")
    assert len(limits) > 8
    assert max(limits) <= 4_096
    shipped = {
        *("answers.expected", "browse.query", "browse._names", "crosswalk._shared", "documents._read"),
        *("shapes.profile", "snippets._texts"),
    }
    assert endless == shipped  # each by the name of a file


def _decorators(function: ast.FunctionDef) -> set[str]:
    return {getattr(each, "id", "") for each in function.decorator_list}


def test_long_texts_are_not_kept() -> None:
    guards = syntax.Guards(100_000, 100, 1_000)
    before = settling._short.cache_info().currsize, syntax._short.cache_info().currsize
    for n in range(20):
        syntax.inspect(f"SELECT * {{ ?s ?p '{n}{'x' * 3_000}' }}", guards)
    assert (settling._short.cache_info().currsize, syntax._short.cache_info().currsize) == before


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library")
def test_free_memory_is_given_back() -> None:
    """Every second block of 100 MB stays in use: what lies between is returned, although no arena ends there."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    size, count = 100_000, 1_000  # below the size from which blocks are apart anyway
    blocks = [libc.malloc(size) for _ in range(count)]
    for block in blocks:
        ctypes.memset(block, 1, size)
    for block in blocks[::2]:
        libc.free(block)
    full = _resident()
    allocator.give_back()
    assert full - _resident() > 0.8 * size * count / 2
    for block in blocks[1::2]:
        libc.free(block)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
