"""Records for the tests of copies, and a way to publish them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from iesi_kg.operations.mirror import Mirror
from iesi_kg.publication import workflow
from iesi_kg.records import SourceFile
from iesi_kg.store.base import Store

MakeCopy = Callable[..., Mirror]
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ALPHA = {
    "identifier": "alpha-lisboa",
    "name": "Alpha Lisboa",
    "country": "PT",
    "service_areas": "social-inclusion",
    "source_url": "https://example.org/alpha",
    "source_check": "read",
    "coded_by": "Jane Doe",
    "coding_date": "2026-11-19",
    "user_role": "beneficiary",
}
BETA = {name: value.replace("lpha", "eta").replace("eta-", "beta-") for name, value in ALPHA.items()} | {
    "identifier": "beta-porto",
    "name": "Beta Porto",
    "coded_by": "",
    "coding_date": "",
    "user_role": "",
}


def publish(store: Store, row: Mapping[str, str]) -> int:
    """Publish one record; the version after it."""
    text = ",".join(row) + "\n" + ",".join(row.values()) + "\n"
    done = workflow.publish(store, workflow.receive(SourceFile("one.csv", text.encode())), by="A steward", at=AT)
    assert done.changed
    return store.reader().version
