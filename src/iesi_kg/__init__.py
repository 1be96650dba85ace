"""iesi_kg: an open knowledge graph of ICT-enabled social innovation, from submitted file to citable SPARQL answer."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iesi_kg.client.notebook import Client as Client
    from iesi_kg.errors import IesiKgError as IesiKgError
    from iesi_kg.publication.notebook import open_client as open_client
    from iesi_kg.publication.validated import validate as validate
    from iesi_kg.records import Answer as Answer
    from iesi_kg.records import Finding as Finding
    from iesi_kg.records import Report as Report
    from iesi_kg.records import SourceFile as SourceFile
    from iesi_kg.settings import Settings as Settings
    from iesi_kg.validation.outcome import ShaclReport as ShaclReport
    from iesi_kg.validation.outcome import ShaclResult as ShaclResult

__version__ = "0.1.0"

_HOMES = {
    "Answer": "records",
    "Client": "client.notebook",
    "Finding": "records",
    "IesiKgError": "errors",
    "ShaclReport": "validation.outcome",
    "Report": "records",
    "Settings": "settings",
    "ShaclResult": "validation.outcome",
    "SourceFile": "records",
    "open_client": "publication.notebook",
    "validate": "publication.validated",
}

__all__ = [
    "Answer",
    "Client",
    "Finding",
    "IesiKgError",
    "Report",
    "Settings",
    "ShaclReport",
    "ShaclResult",
    "SourceFile",
    "__version__",
    "open_client",
    "validate",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401  (PEP 562: the type depends on the name)
    """Load a public name on first use, so that ``import iesi_kg`` costs next to nothing (PEP 562)."""
    if name in _HOMES:
        return getattr(import_module(f"iesi_kg.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'iesi_kg' has no attribute {name!r}")
