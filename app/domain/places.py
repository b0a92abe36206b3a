"""Where a case is visited, and how far that is. WGS-84 degrees; metres by geopy's geodesic."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from app.domain.records import Address, Case, Position

LatLon = tuple[float, float]


def door_of(case: Case) -> Address | None:
    """The address a visit goes to first: the business, else the home, else any."""
    return case.borrower.address("business", "home", "other")


def town_of(case: Case) -> str:
    """The town of that address, else the first one named; empty where none is."""
    door = door_of(case)
    if door is not None and door.town:
        return door.town.strip()
    return next((a.town.strip() for a in case.borrower.addresses if a.town), "")


def village_of(case: Case) -> str:
    """The village of that address, else the first one named."""
    door = door_of(case)
    if door is not None and door.village:
        return door.village.strip()
    return next((a.village.strip() for a in case.borrower.addresses if a.village), "")


def position_of(case: Case) -> LatLon | None:
    """The registered position of the business, else of the home, else of any address that has one."""
    for kind in ("business", "home", "other"):
        for a in case.borrower.addresses:
            if a.kind == kind and a.lat is not None and a.lon is not None:
                return a.lat, a.lon
    return None


def distance_m(case: Case, here: Position | None) -> int | None:
    """Metres from `here` to the case's registered position; None where either is not known."""
    there = position_of(case)
    return None if here is None or there is None else metres((here.lat, here.lon), there)


def ready_to_measure() -> None:
    """Load what measuring takes (geopy brings its HTTP clients along, a fifth of a second of a desk machine), so that the
    first plan need not wait for it."""
    import geopy.distance  # noqa: F401


@lru_cache(maxsize=8192)  # about 125 µs each, and the same doors are asked for all day
def metres(a: LatLon, b: LatLon) -> int:
    """Whole metres along the ellipsoid."""
    # geopy loads its geocoders and their HTTP clients with it (0.3 s): only where a distance is asked for.
    from geopy.distance import geodesic

    return round(float(geodesic(a, b).m))


def mean(positions: Iterable[LatLon]) -> LatLon | None:
    """The mean of positions near each other; None of none."""
    known = list(positions)
    if not known:
        return None
    return sum(p[0] for p in known) / len(known), sum(p[1] for p in known) / len(known)
