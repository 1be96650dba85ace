"""Makes a release or erases a record, and kills itself like kill -9 right before one of its steps on files.

Arguments: the store, ``release`` or ``erase``, and either a step as ``killing`` tells it or its number (0: none).
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from pyoxigraph import NamedNode

from iesi_kg.publication import erasure, release
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.store.embedded import EmbeddedStore
from killing import Watch

AT = datetime(2026, 11, 25, tzinfo=UTC)

store, action, wanted = sys.argv[1:]
opened = EmbeddedStore.open(Path(store))
watch = Watch(wanted)
if action == "release":
    release.make(opened, Shelf(Path(store)), "2026.3", at=AT)
else:
    thing = NamedNode("https://w3id.org/iesi-kg/id/initiative/alpha-lisboa")
    erasure.erase(opened, Shelf(Path(store)), erasure.Order(thing, "a test", AT))
opened.close()
sys.stdout.write(f"{watch.steps}\n")
