"""What stands in memory is the same after it was moved onto large pages."""

from __future__ import annotations

import ctypes
import mmap

import pytest

from iesi_kg.store import allocator

SIZE = 4 * allocator.LARGE_PAGE


def test_memory_is_the_same_on_large_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    with mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory[:] = bytes(range(256)) * (SIZE // 256)
        held = ctypes.c_char.from_buffer(memory)
        start = ctypes.addressof(held)
        assert any(first <= start and start + SIZE <= last for first, last in allocator._writable())
        monkeypatch.setattr(allocator, "_writable", lambda: [(start, start + SIZE)])
        allocator.on_large_pages()
        del held
        assert memory[:] == bytes(range(256)) * (SIZE // 256)
