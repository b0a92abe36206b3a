from datetime import UTC, timedelta

from sqlalchemy import update

from sync.branch import tables as t
from sync.branch.chains import Chain, check_chain
from tests.support.branch_server import RunningBranch
from tests.support.wire_phone import WirePhone


def chain_of(branch: RunningBranch, phone: WirePhone) -> Chain:
    with branch.office.reading() as conn:
        return check_chain(conn, phone.device_id)


def claims(chain: Chain) -> list[tuple[int, str]]:
    return [(c.seq, c.claim) for c in chain.claims]


def at(clock, **ago: float) -> dict[str, str]:
    instant = (clock().astimezone(UTC) - timedelta(**ago)).isoformat()
    return {"recorded_at": instant, "happened_at": instant}


def test_a_whole_chain_is_sound_and_names_the_heads_declared(branch: RunningBranch, phone: WirePhone, clock):
    case = branch.case()
    phone.push([phone.record(case, **at(clock))])
    phone.push([phone.record(case, **at(clock))])
    found = branch.cli_json("verify")
    assert found["sound"]
    [device] = found["devices"]
    assert [(h["seq"], h["met"]) for h in device["declared"]] == [(1, True), (2, True)]
    assert (device["broken"], device["claims"], device["lost"]) == (None, [], [])


def test_a_record_changed_in_the_database_breaks_the_chain_there(
    branch: RunningBranch, phone: WirePhone, clock
):
    case = branch.case()
    phone.push([phone.record(case, **at(clock)) for _ in range(3)])
    with branch.office.changing() as changes:
        act = t.activity.c
        changes.conn.execute(update(t.activity).where(act.seq == 2).values(record=b'{"changed": true}'))
    found = chain_of(branch, phone)
    assert (found.broken, found.why, found.sound) == (2, "bytes_changed", False)
    done = branch.cli("verify", "--device", phone.device_id)
    assert done.returncode == 1
    assert "breaks at record 2" in done.stdout


def test_a_record_exchanged_after_it_was_declared_is_named(branch: RunningBranch, phone: WirePhone, clock):
    case, start = branch.case(), list(phone.head)
    phone.record(case, **at(clock))
    phone.push([])
    phone.head = start
    phone.push([phone.record(case, body={"text": "别的话"}, **at(clock))])
    found = chain_of(branch, phone)
    assert (found.first_wrong, claims(found), found.sound) == (1, [(1, "replaced")], False)


def test_a_record_dated_before_the_phone_said_it_was_not_there_is_backdated(
    branch: RunningBranch, phone: WirePhone, clock
):
    case = branch.case()
    phone.push([phone.record(case, **at(clock))])
    clock.pass_by(hours=5)
    phone.push([])
    clock.pass_by(minutes=5)
    phone.push([phone.record(case, **at(clock, hours=3))])
    found = chain_of(branch, phone)
    assert (claims(found), found.sound) == ([(2, "backdated")], False)


def test_a_phone_whose_clock_is_behind_and_says_so_is_named_but_sound(
    branch: RunningBranch, phone: WirePhone, clock
):
    case = branch.case()
    phone.push([])
    phone.push([phone.record(case, **at(clock))])
    clock.pass_by(hours=5)
    phone.push([])
    offset = {"monotonic_ms": 1, "server_offset_ms": 3 * 3_600_000, "offset_known_at": None}
    phone.push([phone.record(case, clock=offset, **at(clock, hours=3))])
    found = chain_of(branch, phone)
    assert (claims(found), found.sound) == ([(2, "clock")], True)


def test_what_was_declared_and_has_not_come_and_what_was_lost_is_listed(
    branch: RunningBranch, phone: WirePhone, clock
):
    case = branch.case()
    phone.push([phone.record(case, **at(clock))])
    phone.head = [3, "0" * 64]
    item = phone.record(case, **at(clock))
    phone.push([item], lost=[2, 3])
    phone.record(case, **at(clock))
    phone.push([])
    found = chain_of(branch, phone)
    assert (found.lost, found.awaited, found.sound) == (((2, 3),), (5, 5), True)
