"""The second copy of what waits: it brings back what the database lost, and doubles nothing."""

import os
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.schema import FILE, SPOOL
from app.store.spool import MAGIC, Spool, Spooled
from sync.protocol import Head, PushResult
from tests.store.ground import opened, records


def record(n: int) -> Spooled:
    return Spooled("device", f"a{n}", n, bytes([n]) * 40, ("d1",))


async def written(path: Path, *numbers: int) -> None:
    spool = Spool(path)
    await spool.append([record(n) for n in numbers])
    spool.close()


def read(path: Path) -> tuple[list[Spooled], int]:
    spool = Spool(path)
    spool.close()
    return spool.records, spool.spoiled


def size(path: Path) -> int:
    return path.stat().st_size


def damage(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


async def test_what_was_appended_is_read_again(tmp_path: Path) -> None:
    await written(tmp_path / "spool", 1, 2)
    await written(tmp_path / "spool", 3)
    assert read(tmp_path / "spool") == ([record(1), record(2), record(3)], 0)


@pytest.mark.parametrize("cut", [1, 4, 7, 8, 9, 30])
async def test_a_torn_tail_is_ignored_and_written_over(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "spool"
    await written(path, 1, 2)
    os.truncate(path, size(path) - cut)
    assert read(path) == ([record(1)], 0)
    await written(path, 3)
    assert read(path) == ([record(1), record(3)], 0)


@given(st.binary(max_size=60))
async def test_whatever_a_cut_write_left_behind_takes_nothing_of_what_stands(tail: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "spool")
        await written(path, 1)
        damage(path, size(path), tail)
        await written(path, 2)
        assert read(path)[0][:2] == [record(1), record(2)]


async def test_behind_a_spoiled_record_the_next_ones_are_found(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    await written(path, 1, 2, 3)
    damage(path, len(MAGIC), b"\xff\xff\xff\xff\xff")
    assert read(path) == ([record(2), record(3)], 1)


async def test_taking_back_leaves_what_was_there(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    await spool.append([record(1)])
    mark = spool.mark()
    await spool.append([record(2), record(3)])
    spool.cut_back(mark)
    await spool.append([record(4)])
    spool.close()
    assert read(tmp_path / "spool") == ([record(1), record(4)], 0)


async def test_a_record_in_the_spool_and_missing_in_the_database_is_put_back(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1"))
    await store.save_draft("a2", b"{}")
    await store.close()
    before = (tmp_path / FILE).read_bytes()
    store = await opened(tmp_path)
    await store.append(records(store, "a2"), ["a2"])
    kept = await store.journal()
    await store.close()
    (tmp_path / FILE).write_bytes(before)  # the disk lost what SQLite had written

    store = await opened(tmp_path)
    assert await store.journal() == kept
    assert await store.drafts() == []
    assert await store.doctor() == []
    await store.append(records(store, "a3"))
    assert await store.doctor() == []
    await store.close()


async def test_a_lost_database_goes_on_under_the_spools_device_with_all_that_waits(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1", "a2", "a3"))
    kept = await store.journal()
    await store.acknowledge(Head(1, "0" * 64), [PushResult("a1", "created")])
    await store.tidy()
    device = store.device_id
    await store.close()
    (tmp_path / FILE).unlink()

    store = await opened(tmp_path)
    assert store.device_id == device
    assert await store.journal() == kept[1:]
    assert [i.id for i in (await store.records_after(1, 10, 10_000)).items] == ["a2", "a3"]
    assert [dict(m.params) for m in await store.doctor()] == [{"a": 1, "b": 1}]
    await store.close()


async def test_the_spool_is_emptied_of_what_the_branch_has(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1", "a2", "a3"))
    full = size(tmp_path / SPOOL)
    await store.acknowledge(
        Head(2, "0" * 64), [PushResult("a1", "created"), PushResult("a2", "quarantined", "x")]
    )
    await store.tidy()
    assert len(MAGIC) < size(tmp_path / SPOOL) < full
    await store.append(records(store, "a4"))
    await store.acknowledge(Head(4, "0" * 64), [PushResult("a3", "created"), PushResult("a4", "duplicate")])
    await store.tidy()
    assert size(tmp_path / SPOOL) == len(MAGIC)
    assert await store.doctor() == []
    await store.close()
    store = await opened(tmp_path)
    assert [e.state for e in await store.journal()] == ["uploaded", "quarantined", "uploaded", "uploaded"]
    await store.close()


async def test_a_lost_spool_is_filled_again_with_what_waits(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1", "a2"))
    await store.close()
    full = (tmp_path / SPOOL).read_bytes()
    (tmp_path / SPOOL).unlink()
    store = await opened(tmp_path)
    assert await store.doctor() == []
    await store.close()
    assert len((tmp_path / SPOOL).read_bytes()) == len(full)


async def test_a_record_whose_save_failed_does_not_take_anothers_place(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "told-not-saved"))
    await store.close()
    stale = (tmp_path / SPOOL).read_bytes()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("DELETE FROM journal")
    connection.commit()
    connection.close()
    (tmp_path / SPOOL).unlink()
    store = await opened(tmp_path)
    await store.append(records(store, "saved"))
    await store.close()
    with (tmp_path / SPOOL).open("ab") as file:
        file.write(stale[len(MAGIC) :])

    store = await opened(tmp_path)
    assert [e.activity_id for e in await store.journal()] == ["saved"]
    await store.close()


async def test_what_does_not_open_with_this_key_stays_in_the_spool_and_is_told(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1"))
    await store.close()
    await written(tmp_path / SPOOL, 9)
    store = await opened(tmp_path)
    assert [e.activity_id for e in await store.journal()] == ["a1"]
    await store.acknowledge(await store.head(), [PushResult("a1", "created")])
    await store.tidy()
    assert [m.text for m in await store.doctor()] == ["{n} records of the spool are not in the journal."]
    await store.close()
    assert read(tmp_path / SPOOL) == ([record(9)], 0)
