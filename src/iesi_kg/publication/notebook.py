"""A folder, or the data that come with the software, to the client of a notebook; it answers as a service does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from iesi_kg.client.notebook import RESULTS, Client, connect
from iesi_kg.linking import reconciliation_answers as answers
from iesi_kg.linking import reconciliation_queries as queries
from iesi_kg.linking import reconciliation_things as things
from iesi_kg.linking.reconciliation import Reconciler
from iesi_kg.linking.reconciliation_offer import properties_of
from iesi_kg.linking.reconciliation_scoring import Judges
from iesi_kg.publication.bundled import load_bundled
from iesi_kg.store.embedded import EmbeddedStore

_LANGUAGE = "en"
_AT_ONCE = 1_000


class Folder:
    """A store of this machine, as it is when it is opened; ``draft`` is removed with it."""

    batch = _AT_ONCE

    def __init__(self, path: Path, draft: TemporaryDirectory[str] | None = None) -> None:
        self._draft = draft
        self._reader = EmbeddedStore.open(path).reader()
        self._known: things.Things | None = None
        self._reconciler: Reconciler | None = None

    def select(self, query: str) -> bytes:
        """The results of a query."""
        return self._reader.answer(query, RESULTS).body

    def reconcile(self, asked: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
        """The results of a batch."""
        known, reconciler = self._read()
        found = queries.batch(dict(asked), _AT_ONCE)
        return {id_: answers.result(known, reconciler.answer(query), _LANGUAGE) for id_, query in found.items()}

    def extend(self, ids: Sequence[str], properties: Sequence[str]) -> Mapping[str, Any]:
        """The values of properties."""
        wanted = queries.Wanted(tuple(ids), tuple((name, {}) for name in properties))
        return answers.extension(self._reader, self._read()[0], wanted, _LANGUAGE)

    def properties(self, type_: str) -> Sequence[str]:
        """The ids of the properties of a type."""
        return [found.id for found in properties_of(type_)]

    def _read(self) -> tuple[things.Things, Reconciler]:
        if self._known is None or self._reconciler is None:
            self._known = things.read(self._reader)
            self._reconciler = Reconciler(self._reader, self._known, Judges(self._known))
        return self._known, self._reconciler


def open_client(where: str | Path | None = None, *, frames: str = "pandas") -> Client:
    """A client of a service at an address, of the store in a folder, or of the data that come with the software.

    Tables are data frames of pandas, or with ``frames="polars"`` of polars.
    """
    if isinstance(where, str) and where.startswith(("http://", "https://")):
        return connect(where, frames=frames)
    if where is not None:
        return Client(Folder(Path(where)), frames=frames)
    draft = TemporaryDirectory(prefix="iesi-kg-")
    store = EmbeddedStore.open(Path(draft.name) / "store", create=True)
    load_bundled(store, at=datetime.now(UTC))
    store.close()
    return Client(Folder(Path(draft.name) / "store", draft), frames=frames)
