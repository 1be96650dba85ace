"""Ontology, shapes, queries and curated data as text: from the wheel's bundle, else from the checkout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from iesi_kg.errors import NotFound

_PACKAGE = Path(__file__).resolve().parent


def root() -> Path:
    """The folder that holds ``ontology/ shapes/ queries/ data/iesi``."""
    bundle = _PACKAGE / "_bundle"
    return bundle if bundle.is_dir() else _PACKAGE.parent.parent


def text(path: str) -> str:
    """The text of one asset, e.g. ``text("ontology/iesi.ttl")``. Raises NotFound."""
    return content(path).decode("utf-8")


def content(path: str) -> bytes:
    """The bytes of one asset. Raises NotFound."""
    try:
        return (root() / path).read_bytes()
    except FileNotFoundError:
        raise NotFound(f"no asset {path} under {root()}") from None


def names(folder: str, suffix: str = "") -> Iterator[str]:
    """Paths of the files in a folder of assets, sorted, e.g. ``names("ontology/codelists", ".ttl")``."""
    for path in sorted((root() / folder).iterdir()):
        if path.is_file() and path.name.endswith(suffix):
            yield f"{folder}/{path.name}"


def folders(folder: str) -> Iterator[str]:
    """Names of the folders in a folder of assets, sorted; none where there is no such folder."""
    path = root() / folder
    for inside in sorted(path.iterdir()) if path.is_dir() else ():
        if inside.is_dir():
            yield inside.name
