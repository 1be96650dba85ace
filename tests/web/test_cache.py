"""The memory of finished answers: bounded, of one version, oldest use out first."""

from __future__ import annotations

from iesi_kg.web.cache import Entry, ResultCache


def entry(size: int) -> Entry:
    return Entry('"tag"', (), b"x" * size)


def test_the_least_recently_used_leaves_first() -> None:
    cache = ResultCache(40_000)
    for name in "abc":
        cache.put(1, name, entry(9_000), 0)
    assert cache.get(1, "a")
    cache.put(1, "d", entry(9_000), 0)
    cache.put(1, "e", entry(9_000), 0)
    assert [name for name in "abcde" if cache.get(1, name)] == ["a", "c", "d", "e"]
    assert cache.bytes <= 40_000


def test_a_new_version_empties_it_and_an_old_one_does_not_come_back() -> None:
    cache = ResultCache(40_000)
    cache.put(1, "a", entry(10), 0)
    cache.put(2, "b", entry(10), 0)
    assert cache.get(2, "a") is None
    assert cache.get(1, "a") is None
    cache.put(1, "late", entry(10), 0)
    assert cache.get(1, "late") is None
    assert cache.get(2, "late") is None
    assert cache.get(2, "b")


def test_one_answer_does_not_push_out_all_others() -> None:
    cache = ResultCache(40_000)
    cache.put(1, "small", entry(10), 0)
    cache.put(1, "large", entry(20_000), 0)
    assert cache.get(1, "large") is None
    assert cache.get(1, "small")


def test_the_same_key_counts_once() -> None:
    cache = ResultCache(40_000)
    for _ in range(50):
        cache.put(1, "a", entry(5_000), 100)
    assert cache.bytes == 6_100


def test_no_memory_is_no_cache() -> None:
    cache = ResultCache(0)
    cache.put(1, "a", entry(0), 0)
    assert cache.get(1, "a") is None
