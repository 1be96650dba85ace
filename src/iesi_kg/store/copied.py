"""Tells a store from a copy of one: the mark in the folder of a copy, which says of what store and how it stands."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from iesi_kg.errors import OnlyACopy, StoreDamaged
from iesi_kg.store.durable import store_error, write_atomically
from iesi_kg.store.versions import Layout


@dataclass(frozen=True, slots=True)
class Mark:
    """Of what a folder is a copy, and how the last look at the source went.

    ``id`` names the copy, ``store`` the source, ``version`` what was copied last and ``sha256`` its statements.
    ``seen`` is when the source was reached last; ``failing_since`` and ``problem`` say what has kept us from it since.
    ``clearing`` stays until no file holds what the source has forgotten.
    """

    primary: str
    id: str
    store: str = ""
    version: int = 0
    sha256: str = ""
    software: str = ""
    seen: str = ""
    failing_since: str = ""
    problem: str = ""
    clearing: bool = False

    def write(self, layout: Layout) -> None:
        """Put it in its place, durably."""
        write_atomically(layout.copied, json.dumps(asdict(self), indent=1).encode() + b"\n")


def mark_of(layout: Layout) -> Mark | None:
    """The mark of a copy; None for a store of its own. Raises StoreDamaged."""
    try:
        facts = json.loads(layout.copied.read_bytes())
        return Mark(**{field.name: facts[field.name] for field in fields(Mark) if field.name in facts})
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise store_error(error, layout.root) from error
    except (ValueError, TypeError):
        hint = "empty the folder and copy the store anew: `iesi-kg mirror ADDRESS --store DIR`"
        raise StoreDamaged(f"{layout.copied} is damaged", hint=hint) from None


def refuse_on_copy(layout: Layout) -> None:
    """Raise OnlyACopy where a change would be made to a copy, naming the store that takes it."""
    mark = mark_of(layout) if layout.copied.exists() else None
    if mark is not None:
        raise OnlyACopy(
            f"this is a copy of {mark.primary}, which alone takes changes",
            hint=f"send it to {mark.primary}; the copy follows",
            primary=mark.primary,
        )
