"""Turns the text of ``--store`` into a folder, or into the address of a SPARQL server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from iesi_kg.settings import REMOTE, Place


class StorePlace(click.ParamType[Place]):
    """A folder that is none yet or is one, or the address of a SPARQL server."""

    name = "place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:  # noqa: ANN401
        if isinstance(value, str) and value.startswith(REMOTE):
            return value
        found: Path = click.Path(file_okay=False, path_type=Path).convert(value, param, ctx)
        return found


PLACE = StorePlace()
