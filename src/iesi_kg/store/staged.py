"""A version and a change to a reader of what would stand after the change, in memory: nothing is committed."""

from __future__ import annotations

from itertools import chain

from pyoxigraph import Store

from iesi_kg.store.base import ChangeSet, Reader
from iesi_kg.store.reader import EmbeddedReader, View


def staged(reader: Reader, change: ChangeSet) -> EmbeddedReader:
    """A reader of the version of ``reader`` with a change made; it takes memory for every quad there is."""
    store, leaving = Store(), set(change.remove)
    store.bulk_extend(chain((quad for quad in reader.quads() if quad not in leaving), change.add))
    return EmbeddedReader(View(store), reader.version + 1)
