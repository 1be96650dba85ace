"""The address of a service to its manifest: what it is, what it offers, and where.

https://reconciliation-api.github.io/specs/0.2/#service-manifest
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iesi_kg import __version__
from iesi_kg.linking import reconciliation_offer as offer
from iesi_kg.vocabulary.namespaces import BASE, IESI

IDENTIFIERS = f"{BASE}id/"
_PREVIEW = {"width": 420, "height": 260}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service answers: its host, the path of its manifest, the query of links that keeps a language."""

    host: str
    path: str
    kept: str = ""
    logo: str = ""


def manifest(place: Place, language: str, batch: int) -> dict[str, Any]:
    """The manifest in a language."""
    at = f"{place.host}{place.path}"
    return {
        "versions": ["0.2"],
        "name": offer.said(offer.name(), language),
        "identifierSpace": IDENTIFIERS,
        "schemaSpace": IESI,
        "documentation": f"{place.host}/build{place.kept}",
        "serviceVersion": __version__,
        "logo": f"{place.host}{place.logo}",
        "defaultTypes": [
            {"id": found.id, "name": found.title(language)} for found in offer.kinds() if found.id != offer.CODE
        ],
        "view": {"url": f"{place.host}/id/{{{{id}}}}{place.kept}"},
        "feature_view": {"url": f"{at}/feature/{{{{id}}}}"},
        "preview": {"url": f"{at}/preview?id={{{{id}}}}", **_PREVIEW},
        "suggest": {kind: _suggest(place, kind) for kind in ("entity", "type", "property")},
        "extend": {
            "propose_properties": {"service_url": place.host, "service_path": f"{place.path}/properties"},
            "property_settings": [_setting(facts, language) for facts in offer.settings()],
        },
        "batchSize": batch,
    }


def _suggest(place: Place, kind: str) -> dict[str, str]:
    return {
        "service_url": place.host,
        "service_path": f"{place.path}/suggest/{kind}",
        "flyout_service_url": place.host,
        "flyout_service_path": f"{place.path}/flyout/{kind}?id=${{id}}",
    }


def _setting(facts: Mapping[str, Any], language: str) -> dict[str, Any]:
    choices = [
        {"value": value, "name": offer.said(titles, language)} for value, titles in facts.get("choices", {}).items()
    ]
    return {
        "name": facts["name"],
        "label": offer.said(facts["labels"], language),
        "type": facts["type"],
        "default": facts["default"],
        "help_text": offer.said(facts["helps"], language),
        **({"choices": choices} if choices else {}),
    }
