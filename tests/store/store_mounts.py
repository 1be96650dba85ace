"""The type of the ``mount`` fixture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Mount = Callable[[str, str], Path]
