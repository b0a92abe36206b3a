"""Saves, drafts and values on a real file: durable, in order, once."""

import json
import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from app.device.folder import IN_BROWSER
from app.domain.message import Message
from app.ports import Busy, InvalidRecord, NotebookError, NotSaved
from app.store import StoreDamaged, StoreTooNew, StoreUnopened, discard_store, open_store
from app.store.mark import MARK
from app.store.schema import FILE, MIGRATIONS, SPOOL
from sync.protocol import Head, Item, PushResult, record_hash
from tests.store.ground import KEY, MovableClock, case, file_bytes, opened, page, records
from tests.support.sealers import sealer_of


async def test_a_record_is_there_after_a_restart_and_its_draft_is_gone(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.save_draft("a1", b'{"case_id":"case-1"}')
    await store.save_draft("other", b"{}")
    [entry] = await store.append(records(store, "a1"), ["a1"])
    await store.close()
    store = await opened(tmp_path)
    assert await store.journal() == [entry]
    assert (entry.seq, entry.state) == (1, "waiting")
    assert [d for d, _ in await store.drafts()] == ["other"]
    assert await store.head() == Head(1, record_hash(entry.record))
    assert await store.doctor() == []
    await store.close()


async def test_records_of_one_save_are_chained_and_the_next_save_goes_on(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1", "a2"))
    await store.append(records(store, "a3"))
    entries = await store.journal()
    assert [(e.activity_id, e.seq) for e in entries] == [("a1", 1), ("a2", 2), ("a3", 3)]
    prevs = [json.loads(e.record)["prev"] for e in entries]
    assert prevs == ["0" * 64, *(record_hash(e.record) for e in entries[:2])]
    await store.close()


async def test_a_file_put_back_from_a_backup_goes_on_behind_what_the_branch_has_of_it(
    tmp_path: Path,
) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1"))
    theirs = Head(4, "b" * 64)
    await store.acknowledge(theirs, [PushResult("a1", "created")])
    assert await store.head() == theirs
    [entry] = await store.append(records(store, "a5"))
    assert (entry.seq, json.loads(entry.record)["prev"]) == (5, theirs.hash)
    assert await store.head() == Head(5, record_hash(entry.record))
    assert [i.id for i in (await store.records_after(theirs.seq, 10, 10_000)).items] == ["a5"]
    await store.close()


async def test_a_refused_record_leaves_journal_and_draft_as_they_were(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.save_draft("a1", b"{}")

    def refuse(head: Head) -> list[Item]:
        raise InvalidRecord(Message("The amount is missing."), "amount")

    with pytest.raises(InvalidRecord):
        await store.append(refuse, ["a1"])
    assert await store.journal() == []
    assert await store.drafts() == [("a1", b"{}")]
    await store.close()


async def test_saving_the_same_draft_twice_keeps_one_record(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    [first] = await store.append(records(store, "a1"))
    await store.save_draft("a1", b"{}")
    again = await store.append(records(store, "a1", note="changed meanwhile"), ["a1"])
    assert again == [first]
    assert await store.journal() == [first]
    assert await store.drafts() == []
    await store.close()


async def test_a_save_of_which_a_part_is_there_already_is_refused_whole(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1"))
    with pytest.raises(NotSaved, match="part of this was saved"):
        await store.append(records(store, "a1", "a2"))
    assert [e.activity_id for e in await store.journal()] == ["a1"]
    assert await store.doctor() == []
    await store.close()


async def test_drafts_come_back_oldest_first_with_their_last_words(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    for draft_id, body in (("d1", b"one"), ("d2", b"two"), ("d1", b"one more")):
        await store.save_draft(draft_id, body)
    await store.close()
    store = await opened(tmp_path)
    assert await store.drafts() == [("d1", b"one more"), ("d2", b"two")]
    await store.drop_draft("d1")
    assert await store.drafts() == [("d2", b"two")]
    await store.close()


async def test_values_are_kept_changed_and_removed(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    assert await store.get("preference.language") is None
    await store.put("preference.language", b"zh")
    await store.put("preference.language", b"en")
    await store.close()
    store = await opened(tmp_path)
    assert await store.get("preference.language") == b"en"
    await store.put("preference.language", None)
    assert await store.get("preference.language") is None
    with pytest.raises(ValueError, match=r"store\.feed"):
        await store.put("store.feed", b"[]")
    await store.close()


async def test_the_device_id_stays_with_the_file(tmp_path: Path) -> None:
    ids = []
    for folder in (tmp_path / "a", tmp_path / "a", tmp_path / "b"):
        folder.mkdir(exist_ok=True)
        store = await opened(folder)
        ids.append(store.device_id)
        await store.close()
    assert ids[0] == ids[1] != ids[2]


async def test_the_offset_is_kept_with_the_moment_it_was_measured(tmp_path: Path) -> None:
    clock = MovableClock()
    store = await open_store(tmp_path, await sealer_of(KEY), clock)
    assert await store.offset() is None
    await store.note_offset(-4_200)
    measured = clock.wall
    clock.passes(60)
    assert await store.offset() == (-4_200, measured)
    await store.close()


async def test_every_commit_is_flushed_to_the_disk(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    pragma = {
        name: store._db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "secure_delete", "fullfsync")
    }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "fullfsync": 1}
    await store.close()


async def test_only_its_owner_can_read_the_files(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1"))
    assert modes(tmp_path) == {
        FILE: 0,
        f"{FILE}-wal": 0,
        **({} if IN_BROWSER else {f"{FILE}-shm": 0}),
        SPOOL: 0,
        MARK: 0,
    }
    await store.close()


async def test_nothing_of_a_borrower_is_readable_in_the_folder(tmp_path: Path) -> None:
    secrets = [
        "张桂兰",
        "13800001234",
        "青石镇",
        "1234.50",
        "见到本人",
        "token-of-the-phone",
        "quarantined because",
    ]
    store = await opened(tmp_path)
    await store.apply(page(case("case-1"), cursor="cursor-13800001234", snapshot=True))
    await store.put("binding", b"token-of-the-phone")
    await store.save_draft("d1", "13800001234 青石镇".encode())
    [entry] = await store.append(records(store, "a1", note="见到本人 1234.50"))
    head = await store.head()
    await store.acknowledge(head, [PushResult("a1", "quarantined", "quarantined because")])
    await store.append(records(store, "a2", note="13800001234"))
    await store.apply(page(removed=(("case", "case-1"),), cursor="c2"))
    hashes = [record_hash(entry.record), head.hash]
    open_files = file_bytes(tmp_path)
    await store.close()
    for name, content in [*open_files.items(), *file_bytes(tmp_path).items()]:
        for secret in [*secrets, *hashes]:
            for written in (secret.encode(), secret.encode("utf-16-le"), secret.encode("gb18030")):
                assert written not in content, f"{secret} in {name}"
    assert any(name.endswith("-wal") and len(content) > 10_000 for name, content in open_files.items())


async def test_a_file_of_an_older_app_is_brought_up_to_date_step_by_step(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    [entry] = await store.append(records(store, "a1"))
    await store.close()

    def later(db: Database) -> None:
        db.execute("CREATE TABLE later (id TEXT PRIMARY KEY)")

    store = await open_store(tmp_path, await sealer_of(KEY), MovableClock(), migrations=(*MIGRATIONS, later))
    assert await store.journal() == [entry]
    assert store._db.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS) + 1
    assert "later" in store._db.table_names()
    await store.close()


async def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    [entry] = await store.append(records(store, "a1"))
    await store.close()

    def broken(db: Database) -> None:
        db.execute("DROP TABLE journal")
        db.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StoreUnopened):
        await open_store(tmp_path, await sealer_of(KEY), MovableClock(), migrations=(*MIGRATIONS, broken))
    store = await opened(tmp_path)
    assert await store.journal() == [entry]
    await store.close()


async def test_a_file_of_a_newer_app_is_refused_and_left_alone(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreTooNew, match="newer app"):
        await opened(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before


async def test_a_schema_that_is_no_text_any_more_is_damage_and_not_a_crash(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    kept = await store.append(records(store, "a1"))
    await store.close()
    file = tmp_path / FILE
    broken = bytearray(file.read_bytes())
    name, statement = broken.index(b"tabledocument") + 5, broken.index(b"CREATE TABLE document")
    broken[name : name + 8] = broken[statement : statement + 8] = b"\xb1" * 8
    file.write_bytes(broken)
    store = await opened(tmp_path)
    assert await store.journal() == kept
    assert await store.rebuilt() is not None
    await store.close()


async def test_another_key_opens_nothing(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1"))
    await store.close()
    with pytest.raises(StoreDamaged):
        await opened(tmp_path, bytes(32))
    store = await opened(tmp_path, KEY)
    assert len(await store.journal()) == 1
    await store.close()


async def test_closing_lets_the_folder_go_once_and_so_does_a_refusal(tmp_path: Path) -> None:
    released: list[int] = []
    store = await open_store(
        tmp_path, await sealer_of(KEY), MovableClock(), released=lambda: released.append(1)
    )
    await store.close()
    await store.close()
    assert released == [1]
    with pytest.raises(StoreDamaged):
        await open_store(
            tmp_path, await sealer_of(bytes(32)), MovableClock(), released=lambda: released.append(2)
        )
    assert released == [1, 2]


async def test_a_store_with_waiting_records_is_not_discarded(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.close()
    await discard_store(tmp_path)
    assert modes(tmp_path) == {}
    store = await opened(tmp_path)
    await store.append(records(store, "a1"))
    await store.close()
    with pytest.raises(NotebookError, match="not sent"):
        await discard_store(tmp_path)
    assert (tmp_path / FILE).exists()


async def test_a_file_another_program_is_writing_is_busy_not_damaged(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.close()
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy):
        await opened(tmp_path)
    other.close()
    await (await opened(tmp_path)).close()


def modes(folder: Path) -> dict[str, int]:
    """What others than the owner may do with each file."""
    return {p.name: p.stat().st_mode & 0o077 for p in folder.iterdir()}
