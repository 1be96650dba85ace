"""Turns the number beside a store into whether this software may open it, and brings an older store up to this one.

``FORMAT`` is one JSON object: the number, the engine and the software that wrote the folder last. A folder without it
is of format 0, as all were before there was a number. What an upgrade changes is kept as it was under ``kept/``, at
the price of hard links, until somebody deletes it or something is erased.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph

from iesi_kg import __version__
from iesi_kg.errors import StoreDamaged, StoreTooNew
from iesi_kg.store.durable import store_error, write_atomically

NAME = "FORMAT"
FORMAT = 1
ENGINE = pyoxigraph.__version__
KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Format:
    """How a store folder was written; of an older one nothing but its number is known."""

    number: int
    engine: str = ""
    software: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether nothing has to change before this software writes."""
        return self.number == FORMAT and self.engine == ENGINE

    @property
    def is_older(self) -> bool:
        """Whether the folder changes in a way that another software may not read: a copy is kept before."""
        return self.number < FORMAT or series(self.engine) < series(ENGINE)

    @property
    def name(self) -> str:
        """What a kept copy of such a folder is called."""
        return f"format-{self.number}" + (f"-engine-{self.engine}" if self.engine else "")


OURS = Format(FORMAT, ENGINE, __version__)


def read(root: Path) -> Format:
    """How a store folder was written. Raises StoreDamaged, StoreTooNew."""
    path = root / NAME
    try:
        facts = json.loads(path.read_bytes())
        found = Format(int(facts["format"]), str(facts["engine"]), str(facts["software"]))
    except (FileNotFoundError, NotADirectoryError):
        return Format(0)
    except OSError as error:
        raise store_error(error, path) from error
    except (ValueError, KeyError, TypeError):
        hint = f"restore the folder from a backup; if no newer software ever wrote it, delete {NAME} and start again"
        raise StoreDamaged(f"{path} is damaged", hint=hint) from None
    refuse_newer(root, found)
    return found


def refuse_newer(place: Path, found: Format) -> None:
    """Raise StoreTooNew where a store, or the backup of one, was written in a way that is not known here."""
    if found.number > FORMAT:
        raise _too_new(place, found, f"format {found.number}", f"format {FORMAT}")
    if series(found.engine) > series(ENGINE):
        raise _too_new(place, found, f"engine {found.engine}", f"engine {ENGINE}")


def write(root: Path) -> None:
    """Say that this software has written the folder."""
    facts = {"format": OURS.number, "engine": OURS.engine, "software": OURS.software}
    write_atomically(root / NAME, json.dumps(facts).encode() + b"\n")


def series(version: str) -> tuple[int, ...]:
    """What has to be equal for two engines to read each other's files.

    >>> series("0.5.13"), series("")
    ((0, 5), ())
    """
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _too_new(place: Path, found: Format, theirs: str, ours: str) -> StoreTooNew:
    return StoreTooNew(
        f"{place} was written by iesi-kg {found.software} with {theirs}; this is {__version__} with {ours}",
        hint=f"install iesi-kg {found.software} or newer, or restore a backup that was made before",
        found=found.number,
        known=FORMAT,
    )
