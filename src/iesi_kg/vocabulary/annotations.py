"""The annotations by which a shape names its column and the key of its findings, and a property its code list."""

from __future__ import annotations

from iesi_kg.vocabulary.terms import CODE, CODE_LIST, COLUMN

__all__ = ["CODE", "CODE_LIST", "COLUMN"]
