import json
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from app.domain.record import encode_record, new_activity_id
from app.domain.records import Activity, Position
from tests.unit.domain.made_up import at, d

NOW = at(d(1))
MEMBERS = [
    "activity_id", "case_id", "kind", "happened_at", "recorded_at", "clock", "device_id", "device_seq", "prev",
    "officer_id", "position", "override", "body", "blobs",
]  # fmt: skip
RECORD = {
    "activity_id": "a1",
    "case_id": "c1",
    "kind": "note",
    "happened_at": NOW.isoformat(),
    "recorded_at": NOW.isoformat(),
    "officer_id": "w001",
    "device_id": "phone",
    "device_seq": 1,
    "prev": "0" * 64,
    "body": {"text": "龑：「好」"},
}


def test_an_id_is_a_version_7_uuid_of_its_moment() -> None:
    later = NOW + timedelta(days=3650)
    made = UUID(new_activity_id(later))
    assert made.version == 7
    assert made.int >> 80 == int(later.timestamp() * 1000)


def test_ids_rise_even_within_a_millisecond_and_when_the_clock_goes_back() -> None:
    later = NOW + timedelta(days=3651)
    made = [new_activity_id(later) for _ in range(5000)] + [new_activity_id(NOW)]
    assert all(a < b for a, b in pairwise(made))
    assert {UUID(i).version for i in made} == {7}


def test_every_member_is_written_in_one_order_whatever_order_it_came_in() -> None:
    shuffled = dict(reversed(RECORD.items()))
    assert encode_record(shuffled) == encode_record(RECORD)
    assert list(json.loads(encode_record(RECORD))) == MEMBERS


def test_the_bytes_are_compact_utf8_and_read_back_the_same() -> None:
    whole = {
        **RECORD,
        "clock": {"monotonic_ms": 5, "server_offset_ms": None, "offset_known_at": None},
        "position": Position(32.2, 106.7, 12.0, False, NOW).to_json(),
        "override": {"rule": "hours", "why": "agreed"},
        "blobs": [{"sha256": "0" * 64, "size": 1, "media_type": "image/jpeg", "role": "photo"}],
        "member_of_tomorrow": [1],
    }
    raw = encode_record(whole)
    assert "龑：「好」".encode() in raw
    assert b": " not in raw
    assert json.loads(raw) == whole
    activity = Activity.read(raw)
    assert (activity.happened_at, activity.position) == (NOW, Position(32.2, 106.7, 12.0, False, NOW))


@pytest.mark.parametrize("text", ["\ud800", "a\udfff"])
def test_half_a_surrogate_pair_cannot_be_written(text: str) -> None:
    with pytest.raises(ValueError, match="surrogates"):
        encode_record({**RECORD, "body": {"text": text}})


def test_a_number_that_is_none_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        encode_record({**RECORD, "body": {"n": float("nan")}})


def test_a_record_without_what_every_record_has_is_not_written() -> None:
    with pytest.raises(KeyError, match="prev"):
        encode_record({k: v for k, v in RECORD.items() if k != "prev"})
