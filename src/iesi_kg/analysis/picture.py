"""A drawing in SVG to the same as PNG (https://www.w3.org/TR/png-3/): THE door to resvg and to the font it writes with.

The font comes with a package, so that one drawing gives the same picture on every machine.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from iesi_kg.errors import NotInstalled

_FONT = "font_roboto"
_FACES = ("Roboto-Regular.ttf", "Roboto-Medium.ttf", "Roboto-Bold.ttf")
_ZOOM = 2.0  # for a screen of many dots, and for print
_HINT = "pip install 'resvg-py>=0.5,<0.6' 'font-roboto'; the same drawing is there as SVG"


@lru_cache(maxsize=64)
def png(svg: str) -> bytes:
    """The picture, two dots for each unit of the drawing. Raises NotInstalled."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise NotInstalled("a picture in PNG needs the library resvg-py, which is not installed", hint=_HINT) from None
    drawn = svg_to_bytes(
        svg_string=svg,
        zoom=_ZOOM,
        skip_system_fonts=True,
        font_files=_faces(),
        font_family="Roboto",
        sans_serif_family="Roboto",
    )
    return bytes(drawn)


def _faces() -> list[str]:
    found = find_spec(_FONT)
    if found is None or not found.submodule_search_locations:
        raise NotInstalled("a picture in PNG needs the font Roboto, which is not installed", hint=_HINT)
    folder = Path(found.submodule_search_locations[0]) / "files"
    return [str(folder / name) for name in _FACES]
