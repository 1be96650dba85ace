"""Two records and two days, and a way to publish them, for the tests of releases."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime

from iesi_kg.publication import workflow
from iesi_kg.records import SourceFile
from iesi_kg.store.embedded import EmbeddedStore

FIRST = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SECOND = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ALPHA = {
    "identifier": "alpha-lisboa",
    "name": "Alpha Lisboa",
    "description": "A meeting place, led by Jane Doe.",
    "country": "PT",
    "start_year": "2012",
    "service_areas": "social-inclusion",
    "lead_organisation": "Casa Alpha",
    "lead_org_type": "third-sector",
    "source_url": "https://example.org/alpha",
    "source_check": "read",
    "coded_by": "Jane Doe",
    "coding_date": "2026-11-19",
    "user_role": "beneficiary",
}
BETA = {
    "identifier": "beta-porto",
    "name": "Beta Porto",
    "description": "A workshop for all.",
    "country": "PT",
    "start_year": "2015",
    "service_areas": "social-inclusion",
    "source_url": "https://example.org/beta",
    "source_check": "read",
}


def submit(store: EmbeddedStore, at: datetime, *rows: Mapping[str, str]) -> None:
    """Publish rows as one file."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    receipt = workflow.receive(SourceFile("test.csv", text.getvalue().encode()))
    assert workflow.publish(store, receipt, by="A steward", at=at).changed
