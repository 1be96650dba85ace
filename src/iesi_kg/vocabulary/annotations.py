"""The annotations by which a shape says which column it is about and under which key its findings go."""

from __future__ import annotations

from iesi_kg.vocabulary.terms import CODE, COLUMN

__all__ = ["CODE", "COLUMN"]
