"""The position of an activity, as the phone's geolocator tells it."""

from __future__ import annotations

from datetime import UTC, datetime

import flet_geolocator as fg  # type: ignore[import-untyped]

from app.device.position import position_of
from app.domain.records import Position

AT = datetime(2026, 11, 23, 1, 40, tzinfo=UTC)


def test_a_fix_keeps_its_accuracy_its_time_and_whether_it_was_made_up() -> None:
    fix = fg.GeolocatorPosition(latitude=32.35, longitude=106.84, accuracy=12, mocked=True, timestamp=AT)
    assert position_of(fix) == Position(32.35, 106.84, 12.0, True, AT)


def test_a_time_without_its_zone_is_utc() -> None:
    fix = fg.GeolocatorPosition(latitude=32.35, longitude=106.84, timestamp=AT.replace(tzinfo=None))
    found = position_of(fix)
    assert found is not None
    assert found.fixed_at == AT
    assert found.accuracy_m is None


def test_a_fix_without_degrees_or_outside_the_world_is_none() -> None:
    assert position_of(None) is None
    assert position_of(fg.GeolocatorPosition(latitude=None, longitude=106.84)) is None
    assert position_of(fg.GeolocatorPosition(latitude=132.0, longitude=106.84)) is None
