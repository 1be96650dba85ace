"""Which application profile a client asks for: ``_profile=`` or ``Accept-Profile``.

Content Negotiation by Profile, https://www.w3.org/TR/dx-prof-conneg/ (a working draft), sections 7.1 and 7.2.
"""

from __future__ import annotations

import re

from starlette.requests import Request

from iesi_kg.analysis import exports
from iesi_kg.analysis.exports import Profile
from iesi_kg.errors import NotAcceptable

PARAMETER = "_profile"
HEADER = "accept-profile"
_WISH = re.compile(r"\s*<?([^<>;,\s]+)>?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*\Z")


def wanted(request: Request) -> Profile | None:
    """The known profile that the client likes best; None when it asks for none. The parameter outweighs the header.

    Raises NotAcceptable.
    """
    text = request.query_params.get(PARAMETER) or request.headers.get(HEADER, "")
    if not text.strip():
        return None
    known = {name: one for one in exports.profiles().values() for name in (one.name, one.address)}
    rated = [(weight, known[name.rstrip("/")]) for name, weight in _wishes(text) if name.rstrip("/") in known]
    quality, best = max(rated, key=lambda wish: wish[0], default=(0.0, None))
    if best is None or quality <= 0:
        raise unacceptable(f"no profile called {text.strip()[:100]!r} is known here")
    return best


def unacceptable(detail: str) -> NotAcceptable:
    """The refusal, with the profiles there are."""
    return NotAcceptable(
        detail,
        hint=f"{PARAMETER}=" + "|".join(exports.profiles()) + ", or none",
        available=[one.address for one in exports.profiles().values()],
    )


def _wishes(text: str) -> list[tuple[str, float]]:
    found = [_WISH.match(part) for part in text.split(",")]
    return [(wish[1], float(wish[2] or 1)) for wish in found if wish]
