"""A database spoiled on purpose: found, set aside, made anew, and nothing that was confirmed is gone."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.device.files import make_folder
from app.ports import Blob, NotSaved
from app.store import StoreDamaged, open_store
from app.store import rebuilding as rebuilding_module
from app.store.mark import MARK
from app.store.rebuilding import gaps
from app.store.salvaging import read_sealed
from app.store.schema import FILE, PLAN, SPOOL
from app.store.sealed import SealedStore
from sync.protocol import PushResult
from tests.store.ground import KEY, MovableClock, case, opened, page, records
from tests.support.sealers import sealer_of

if TYPE_CHECKING:
    from tests.faults.ground import DirectBranch, Phone
    from tests.support.branch_server import RunningBranch

SENT = [f"sent-{n}" for n in range(12)]
WAITING = [f"waiting-{n}" for n in range(8)]


async def filled(folder: Path) -> SealedStore:
    """Documents, sent and waiting records, a binding, a draft and a file; still open."""
    make_folder(folder)
    store = await opened(folder)
    await store.put("binding", b'{"secret":"s"}')
    await store.apply(page(*(case(f"case-{n:03}") for n in range(60)), cursor="c9", snapshot=True))
    await store.append(records(store, *SENT))
    await store.acknowledge(await store.head(), [PushResult(i, "created") for i in SENT])
    await store.tidy()
    await store.append(records(store, *WAITING), blobs=[Blob(WAITING[0], 0, b"photo" * 900)])
    await store.save_draft("draft", b"{}")
    return store


def set_aside(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{FILE}.damaged-*Z"))


@pytest.mark.parametrize("file", [FILE, f"{FILE}-wal"])
async def test_a_file_spoiled_anywhere_is_found_and_made_anew_or_no_record_is_changed(
    tmp_path: Path, file: str
) -> None:
    store = await filled(tmp_path / "sound")
    device, kept, head = store.device_id, await store.journal(), await store.head()
    if file == FILE:
        await store.close()
        whole = tmp_path / "sound"
    else:  # as a phone that died leaves it: with its write-ahead log
        whole = Path(shutil.copytree(tmp_path / "sound", tmp_path / "died"))
        await store.close()
    rng, rebuilt = random.Random(20261125), 0
    for trial in range(30):
        folder = Path(shutil.copytree(whole, tmp_path / f"trial-{trial}"))
        what = spoil(rng, folder / file)
        spoiled = (folder / file).read_bytes()
        again = await opened(folder)
        now = await again.journal()
        assert again.device_id == device, what
        assert [e for e in now if e.activity_id in WAITING] == kept[len(SENT) :], what
        assert all(e.record in {k.record for k in kept} for e in now), what
        assert await again.head() == head, what
        assert await again.get("binding") == b'{"secret":"s"}', what
        said = await again.rebuilt()
        if said is None:
            assert now == kept or file != FILE, what
        else:
            rebuilt += 1
            assert said[1] == len(WAITING), what
            [aside] = set_aside(folder)
            beside = aside.with_name(aside.name + file.removeprefix(FILE))
            assert file != FILE or beside.read_bytes() == spoiled, what
            assert await again.cursor() == "", what
        await again.append(records(again, "next"))
        await again.close()
        shutil.rmtree(folder)
    assert file != FILE or rebuilt > 10


def spoil(rng: random.Random, file: Path) -> str:
    content = bytearray(file.read_bytes())
    at = rng.randrange(100, len(content))  # a header that names a newer app is another test's
    if rng.random() < 0.2:
        file.write_bytes(content[:at])
        return f"cut at {at}"
    size = rng.choice((1, 8, 64, 512, 4096))
    content[at : at + size] = rng.randbytes(min(size, len(content) - at))
    file.write_bytes(content)
    return f"{size} bytes at {at}"


@pytest.mark.parametrize("spoiled", [b"", b"\0not a database" * 500, None])
async def test_a_database_that_is_gone_altogether_comes_back_as_the_same_phone(
    tmp_path: Path, spoiled: bytes | None
) -> None:
    store = await filled(tmp_path)
    device, head = store.device_id, await store.head()
    await store.close()
    if spoiled is None:
        (tmp_path / FILE).unlink()
    else:
        (tmp_path / FILE).write_bytes(spoiled)
    store = await opened(tmp_path)
    assert (store.device_id, await store.head()) == (device, head)
    assert (await store.acknowledged()).seq == len(SENT)
    assert [e.activity_id for e in await store.journal()] == WAITING
    assert await store.get("binding") == b'{"secret":"s"}'
    await store.close()


async def test_a_wrong_key_is_no_damage(tmp_path: Path) -> None:
    await (await filled(tmp_path)).close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreDamaged):
        await opened(tmp_path, bytes(32))
    (tmp_path / MARK).unlink()
    with pytest.raises(StoreDamaged):
        await opened(tmp_path, bytes(32))
    assert (tmp_path / FILE).read_bytes() == before
    assert set_aside(tmp_path) == []


async def test_without_mark_and_spool_a_dead_database_is_another_phone_that_asks_for_a_code(
    tmp_path: Path,
) -> None:
    store = await filled(tmp_path)
    device = store.device_id
    await store.close()
    for name in (MARK, SPOOL):
        (tmp_path / name).unlink()
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute("UPDATE value SET version = 9 WHERE name = 'store.acknowledged'")
    db.close()
    store = await opened(tmp_path)
    assert store.device_id != device
    assert await store.get("binding") is None
    await store.close()


class Cut(Exception):
    pass


async def test_cut_at_every_step_of_the_rebuilding_the_next_start_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await filled(tmp_path / "sound")).close()
    damaged = (tmp_path / "sound" / FILE).read_bytes()[:-9_000]
    steps = 0
    while True:
        folder = Path(shutil.copytree(tmp_path / "sound", tmp_path / f"cut-{steps}"))
        (folder / FILE).write_bytes(damaged)
        with monkeypatch.context() as patched:
            left = iter(range(steps))
            cut_after(patched, lambda left=left: next(left, None) is None)
            try:
                store = await opened(folder)
            except (Cut, NotSaved):
                store = None
        whole = store is not None
        store = store or await opened(folder)
        assert [e.activity_id for e in await store.journal()][-len(WAITING) :] == WAITING
        assert (await store.rebuilt()) is not None
        assert len(set_aside(folder)) == 1
        assert not (folder / PLAN).exists()
        await store.close()
        if whole:
            break
        steps += 1
    assert steps >= 5


def cut_after(patched: pytest.MonkeyPatch, is_cut: Callable[[], bool]) -> None:
    """Every rename, flush of the folder and removal of the rebuilding may be the last thing this process does."""
    real_replace, real_unlink, real_flush = Path.replace, Path.unlink, rebuilding_module.flush_folder

    def replace(self: Path, target: Path) -> Path:
        if is_cut():
            raise Cut
        return real_replace(self, target)

    def unlink(self: Path, missing_ok: bool = False) -> None:
        if is_cut():
            raise Cut
        real_unlink(self, missing_ok)

    def flush(folder: Path) -> None:
        if is_cut():
            raise Cut
        real_flush(folder)

    patched.setattr(Path, "replace", replace)
    patched.setattr(Path, "unlink", unlink)
    patched.setattr(rebuilding_module, "flush_folder", flush)


def test_gaps_are_the_runs_of_missing_numbers() -> None:
    assert gaps([], 0) == []
    assert gaps([], 3) == [[1, 3]]
    assert gaps([3, 4, 7], 9) == [[1, 2], [5, 6], [8, 9]]
    assert gaps([1, 2, 3], 2) == []


async def bound(tmp_path: Path) -> tuple[RunningBranch, Phone, DirectBranch, str]:
    """A phone with a feed, ten sent records and five that wait; still open."""
    from tests.faults.ground import synced_phone  # in here: the browser's own Python has no branch
    from tests.support.branch_server import RunningBranch

    branch = RunningBranch(tmp_path / "branch")
    branch.officer()
    phone, wire, case_id = await synced_phone(branch, tmp_path / "phone", 10)
    await phone.record(case_id, 5)
    return branch, phone, wire, case_id


async def test_a_phone_made_anew_syncs_and_has_each_record_once_and_so_has_the_branch(tmp_path: Path) -> None:
    branch, phone, wire, case_id = await bound(tmp_path)
    await phone.close()
    (phone.folder / FILE).write_bytes(b"gone")
    await phone.open()
    await phone.record(case_id, 2)
    await phone.sync(wire)
    journal = await phone.store.journal()
    assert [e.activity_id for e in journal] == phone.saved
    assert {e.state for e in journal} == {"uploaded"}
    assert await phone.store.doctor() == []
    assert branch.records() == phone.saved
    await phone.close()
    branch.close()


async def test_records_truly_lost_are_declared_and_the_chain_goes_on(tmp_path: Path) -> None:
    branch, phone, wire, case_id = await bound(tmp_path)
    await phone.close()
    gone = phone.saved[11:13]  # the second and third that wait: in the database and in the spool
    with sqlite3.connect(phone.folder / FILE) as db:
        db.executemany("UPDATE journal SET sealed = x'00' WHERE activity_id = ?", [(i,) for i in gone])
    db.close()
    spool = bytearray((phone.folder / SPOOL).read_bytes())
    for activity_id in gone:
        spool[spool.index(activity_id.encode())] ^= 0xFF
    (phone.folder / SPOOL).write_bytes(spool)
    await phone.open()
    assert (await phone.store.doctor()) != []
    await phone.record(case_id)
    await phone.sync(wire)
    left = [i for i in phone.saved if i not in gone]
    assert [e.activity_id for e in await phone.store.journal()] == left
    assert branch.records() == left
    assert {e.state for e in await phone.store.journal()} == {"uploaded"}
    assert await phone.store.doctor() == []
    with branch.office.reading() as conn:
        assert [tuple(r) for r in conn.exec_driver_sql("SELECT first_seq, last_seq FROM lost_records")] == [
            (12, 13)
        ]
    await phone.record(case_id)
    await phone.sync(wire)
    assert branch.records() == [i for i in phone.saved if i not in gone]
    await phone.close()
    branch.close()


async def test_the_spool_is_emptied_only_of_what_is_in_the_file_itself(tmp_path: Path) -> None:
    store = await filled(tmp_path / "phone")
    await store.acknowledge(await store.head(), [PushResult(i, "created") for i in WAITING])
    await store.tidy()
    died = Path(shutil.copytree(tmp_path / "phone", tmp_path / "died"))
    kept = await store.journal()
    await store.close()
    (died / f"{FILE}-wal").unlink()
    store = await open_store(died, await sealer_of(KEY), MovableClock())
    assert await store.journal() == kept
    assert await store.rebuilt() is None
    await store.close()


async def test_a_notebook_whose_making_anew_was_cut_is_handed_in_with_its_files(tmp_path: Path) -> None:
    store = await filled(tmp_path)
    await store.close()
    aside = f"{FILE}.damaged-20261125T000000000000Z"
    (tmp_path / PLAN).write_text(aside, "ascii")
    (tmp_path / FILE).rename(tmp_path / aside)

    found = read_sealed(tmp_path)

    assert (found.records, found.waiting, found.files) == (len(SENT) + len(WAITING), len(WAITING), 1)
