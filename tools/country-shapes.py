"""Natural Earth's countries to the outlines of Europe that the map page draws.

Maintainers run it once: ``npm pack world-atlas@2.0.2``, unpack, then ``python tools/country-shapes.py
package/countries-50m.json > src/iesi_kg/analysis/countries.json``. Natural Earth is in the public domain, world-atlas
under the ISC licence. Projection: Lambert azimuthal equal-area about 52 N, 10 E (that of EPSG:3035), on a sphere.
"""

from __future__ import annotations

import json
import sys
from math import cos, radians, sin, sqrt
from pathlib import Path

WEST, EAST, SOUTH, NORTH = -25.0, 45.0, 34.0, 71.5
WIDTH = 640
CODES = dict(
    pair.split(":")
    for pair in """040:AT 056:BE 100:BG 191:HR 196:CY 203:CZ 208:DK 233:EE 246:FI 250:FR 276:DE 300:GR 348:HU 372:IE
    380:IT
    428:LV 440:LT 442:LU 470:MT 528:NL 616:PL 620:PT 642:RO 703:SK 705:SI 724:ES 752:SE 826:GB 578:NO 352:IS 756:CH
    438:LI 804:UA 792:TR 688:RS 499:ME 807:MK 008:AL 070:BA 498:MD""".split()  # noqa: SIM905
)
Point = tuple[float, float]


def main(path: str) -> None:
    topology = json.loads(Path(path).read_text("utf-8"))
    arcs = [list(decoded(arc, topology["transform"])) for arc in topology["arcs"]]
    found: dict[str, list[list[Point]]] = {}
    for shape in topology["objects"]["countries"]["geometries"]:
        code = CODES.get(str(shape.get("id", "")))
        if code:
            polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
            rings = [ring for polygon in polygons if inside(ring := joined(polygon[0], arcs))]
            found[code] = [[projected(*point) for point in ring] for ring in rings]
    everything = [point for rings in found.values() for ring in rings for point in ring]
    left, top = min(x for x, _ in everything), min(y for _, y in everything)
    scale = WIDTH / (max(x for x, _ in everything) - left)
    height = round((max(y for _, y in everything) - top) * scale)
    paths = {}
    for code, rings in sorted(found.items()):
        placed = ([((x - left) * scale, (y - top) * scale) for x, y in ring] for ring in rings)
        drawn = [line for line in map(thinned, placed) if len(line) > 3]
        largest = max(rings, key=lambda ring: abs(area(ring)))
        paths[code] = {
            "path": "".join("M" + "L".join(f"{x:g} {y:g}" for x, y in line) + "Z" for line in drawn),
            "at": [round((value - edge) * scale, 1) for value, edge in zip(middle(largest), (left, top), strict=True)],
        }
    json.dump({"width": WIDTH, "height": height, "countries": paths}, sys.stdout, indent=0, sort_keys=True)
    sys.stdout.write("\n")


def decoded(arc: list[list[int]], transform: dict[str, list[float]]) -> list[Point]:
    """An arc of TopoJSON (quantised, differences) as longitudes and latitudes."""
    (wide, high), (left, top) = transform["scale"], transform["translate"]
    x = y = 0
    points = []
    for dx, dy in arc:
        x, y = x + dx, y + dy
        points.append((x * wide + left, y * high + top))
    return points


def joined(numbers: list[int], arcs: list[list[Point]]) -> list[Point]:
    """The arcs of a ring, one after another; a negative number means backwards."""
    points: list[Point] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += arc if not points else arc[1:]
    return points


def inside(ring: list[Point]) -> bool:
    """Whether a ring lies in the part of the world that is drawn: islands far away do not."""
    x, y = (sum(values) / len(ring) for values in zip(*ring, strict=True))
    return WEST <= x <= EAST and SOUTH <= y <= NORTH


def projected(longitude: float, latitude: float) -> Point:
    """Lambert azimuthal equal-area, y downwards (Snyder, Map Projections, 1987, section 24)."""
    east, north, centre = radians(longitude - 10), radians(latitude), radians(52)
    k = sqrt(2 / (1 + sin(centre) * sin(north) + cos(centre) * cos(north) * cos(east)))
    return k * cos(north) * sin(east), -k * (cos(centre) * sin(north) - sin(centre) * cos(north) * cos(east))


def thinned(line: list[Point]) -> list[Point]:
    """Tenths of a unit, points nearer than one unit left out."""
    kept: list[Point] = []
    for x, y in line:
        if not kept or (x - kept[-1][0]) ** 2 + (y - kept[-1][1]) ** 2 >= 1:
            kept.append((round(x, 1), round(y, 1)))
    return kept


def area(ring: list[Point]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1], strict=True)) / 2


def middle(ring: list[Point]) -> Point:
    """The centroid of a ring."""
    pairs = list(zip(ring, ring[1:] + ring[:1], strict=True))
    weights = [a[0] * b[1] - b[0] * a[1] for a, b in pairs]
    total = 3 * sum(weights)
    return tuple(sum((a[i] + b[i]) * w for (a, b), w in zip(pairs, weights, strict=True)) / total for i in (0, 1))  # type: ignore[return-value]


if __name__ == "__main__":
    main(sys.argv[1])
