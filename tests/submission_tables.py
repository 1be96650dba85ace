"""A good record, and tables made of records, for the tests of the walk."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

GOOD = {
    "identifier": "vincles",
    "name": "Vincles BCN",
    "description": "A social network for older people who live alone.",
    "country": "ES",
    "start_year": "2013",
    "service_areas": "social-inclusion",
    "target_groups": "older-people",
    "lead_organisation": "Ajuntament de Barcelona",
    "lead_org_type": "public",
    "source_url": "https://example.org/vincles",
    "source_check": "read",
    "source_read": "2026-11-20",
}


def table(*rows: Mapping[str, str]) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
