"""A row cannot be moved, rolled back or relabelled, and the doctor says so; recovery opens all of it without the PIN."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlite_utils import Database

from app.device.folder import DataFolder
from app.device.keys import KeyRing
from app.device.keystore import FileKeystore
from app.store import doctor, open_store
from app.store.schema import FILE, SPOOL
from app.store.spool import Spool
from sync.protocol import Check, PushResult
from sync.salvage import (
    NoRecovery,
    document_aad,
    draft_aad,
    journal_aad,
    open_row,
    recover_data_key,
    unpack_entry,
    value_aad,
    wrap_for_recovery,
)
from tests.store.ground import MovableClock, case, figures, opened, page, records, shown

SQL = Callable[[sqlite3.Connection], object]


async def filled(folder: Path) -> None:
    store = await opened(folder)
    await store.apply(page(case("case-1", 1), snapshot=True))
    await store.close()  # in the browser one connection has the file alone
    old = sealed_of(folder, "document", "id = 'case-1'")
    store = await opened(folder)
    await store.apply(page(case("case-1", 2), case("case-2", 2), figures("case-1", 2), cursor="c2"))
    await store.append(records(store, "a1", "a2"))
    await store.put("preference.theme", b"dark")
    await store.save_draft("d1", b"one")
    await store.save_draft("d2", b"two")
    await store.close()
    (folder / "old").write_bytes(old)


def sealed_of(folder: Path, table: str, where: str) -> bytes:
    connection = sqlite3.connect(folder / FILE)
    [sealed] = connection.execute(f"SELECT sealed FROM {table} WHERE {where}").fetchone()
    connection.close()
    return bytes(sealed)


def changed(folder: Path, statement: str, *given: object) -> None:
    connection = sqlite3.connect(folder / FILE)
    assert connection.execute(statement, given).rowcount > 0
    connection.commit()
    connection.close()


async def test_a_document_rolled_back_to_an_older_seal_does_not_open(tmp_path: Path) -> None:
    await filled(tmp_path)
    changed(
        tmp_path,
        "UPDATE document SET sealed = ? WHERE kind = 'case' AND id = 'case-1'",
        (tmp_path / "old").read_bytes(),
    )
    store = await opened(tmp_path)
    assert await shown(store) == {("case", "case-2"), ("figures", "case-1")}
    assert [m.text for m in await store.doctor()] == [
        "{n} documents were changed from outside and do not open. Sync once to fetch them anew."
    ]
    await store.apply(page(case("case-1", 3), case("case-2", 3), cursor="s1", snapshot=True))
    assert {d.version for d in await store.documents()} == {3}
    assert await store.doctor() == []
    await store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE document SET sealed = (SELECT sealed FROM document WHERE id = 'case-2') WHERE kind = 'case' AND id = 'case-1'",
        "UPDATE document SET id = 'case-9' WHERE kind = 'case' AND id = 'case-1'",
        "UPDATE document SET kind = 'activity' WHERE kind = 'case' AND id = 'case-1'",
        "UPDATE document SET version = 3 WHERE kind = 'case' AND id = 'case-1'",
        "UPDATE document SET state = 'removed' WHERE kind = 'case' AND id = 'case-1'",
        "UPDATE document SET sealed = x'00' WHERE kind = 'case' AND id = 'case-1'",
    ],
)
async def test_a_document_moved_renumbered_or_relabelled_does_not_open(
    tmp_path: Path, statement: str
) -> None:
    await filled(tmp_path)
    changed(tmp_path, statement)
    store = await opened(tmp_path)
    assert await shown(store) == {("case", "case-2"), ("figures", "case-1")}
    assert any(m.text.startswith("{n} documents were changed from outside") for m in await store.doctor())
    assert await store.cursor() == ""
    await store.apply(page(case("case-1", 3), cursor="s1", snapshot=True))
    assert await store.documents() == [case("case-1", 3)]
    assert await store.check() == Check().add("case", "case-1", 3)
    assert await store.doctor() == []
    await store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET state = 'uploaded' WHERE seq = 1",
        "UPDATE journal SET sealed = (SELECT sealed FROM journal WHERE seq = 2) WHERE seq = 1",
        "UPDATE journal SET activity_id = 'a9' WHERE seq = 1",
    ],
)
async def test_a_record_moved_or_relabelled_does_not_open_and_is_not_sent(
    tmp_path: Path, statement: str
) -> None:
    await filled(tmp_path)
    (tmp_path / SPOOL).unlink()
    changed(tmp_path, statement)
    store = await opened(tmp_path)
    assert [e.activity_id for e in await store.journal()] == ["a2"]
    assert [i.id for i in (await store.records_after(0, 10, 10_000)).items] == ["a2"]
    assert await store.rebuilt() is not None
    assert ("Records {a} to {b} are not on this phone.", {"a": 1, "b": 1}) in [
        (m.text, dict(m.params)) for m in await store.doctor()
    ]
    await store.close()


async def test_drafts_and_values_do_not_open_in_each_others_place(tmp_path: Path) -> None:
    await filled(tmp_path)
    changed(tmp_path, "UPDATE draft SET sealed = (SELECT sealed FROM draft WHERE id = 'd2') WHERE id = 'd1'")
    changed(tmp_path, "UPDATE value SET version = 7 WHERE name = 'preference.theme'")
    store = await opened(tmp_path)
    assert await store.drafts() == [("d2", b"two")]
    assert await store.get("preference.theme") is None
    assert await store.rebuilt() is not None
    await store.close()


async def test_the_doctor_sees_a_record_taken_out_and_a_document_taken_out(tmp_path: Path) -> None:
    await filled(tmp_path)
    changed(tmp_path, "DELETE FROM journal WHERE seq = 1")
    changed(tmp_path, "DELETE FROM document WHERE id = 'case-2'")
    (tmp_path / SPOOL).unlink()
    store = await opened(tmp_path)
    assert [(m.text, dict(m.params)) for m in await store.doctor()] == [
        ("The documents held do not add up to what the branch sent. Sync once to fetch them anew.", {}),
        ("Records {a} to {b} are not on this phone.", {"a": 1, "b": 1}),
    ]
    await store.close()


async def test_the_doctor_sees_a_record_that_does_not_follow_the_one_before(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1"))
    make = records(store, "a2")
    await store.append(lambda head: make(type(head)(head.seq, "0" * 64)))
    assert [(m.text, dict(m.params)) for m in await store.doctor()] == [
        ("Record {n} does not follow the one before it.", {"n": 2})
    ]
    await store.close()


async def test_the_doctor_sees_a_page_that_breaks_while_the_notebook_is_open(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.apply(page(*(case(f"case-{n:04}") for n in range(200)), snapshot=True))
    await store.close()
    store = await opened(tmp_path)
    with (tmp_path / FILE).open("r+b") as file:
        file.seek(-4096, 2)
        file.write(b"\xff" * 4096)
    assert [m.text for m in await store.doctor()] == ["The notebook's file is damaged ({n} places)."]
    await store.close()


async def test_a_disk_that_failed_once_is_not_taken_for_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await opened(tmp_path)
    look, failures = doctor._damaged_places, [sqlite3.DatabaseError("database disk image is malformed")]

    def failing_once(db: Database) -> int:
        if failures:
            raise failures.pop()
        return look(db)

    monkeypatch.setattr(doctor, "_damaged_places", failing_once)
    assert await store.doctor() == []
    assert not failures
    await store.close()


def recovery_pair(passphrase: bytes, bits: int = 3072) -> tuple[bytes, str]:
    from cryptography.hazmat.primitives import serialization  # in here: the browser's own Python has none
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(65537, bits)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, public.decode()


async def test_with_the_recovery_key_every_row_of_a_copied_folder_opens_without_the_pin(
    tmp_path: Path,
) -> None:
    private, public = recovery_pair(b"said once")
    folder, copy = DataFolder(tmp_path / "phone"), tmp_path / "copy"
    sealer = await KeyRing(folder, MovableClock(), FileKeystore(tmp_path / "elsewhere")).create(
        "246810", public
    )
    store = await open_store(folder.path, sealer, MovableClock(), released=folder.release)
    await store.apply(page(case("case-1"), figures("case-1"), snapshot=True))
    await store.append(records(store, "a1", "a2"))
    await store.acknowledge(await store.head(), [PushResult("a1", "quarantined", "why")])
    await store.tidy()
    await store.save_draft("d1", b"unsaved")
    await store.put("binding", b"secret")
    shutil.copytree(folder.path, copy)  # as a stolen or salvaged phone gives it: nobody closed anything
    journal = await store.journal()
    await store.close()

    key = recover_data_key((copy / "keys.json").read_bytes(), private, b"said once")
    db = sqlite3.connect(copy / FILE)
    for kind, doc_id, version, state, sealed in db.execute(
        "SELECT kind, id, version, state, sealed FROM document"
    ):
        assert json.loads(open_row(key, document_aad(kind, doc_id, version, state), sealed))
    found = [
        (a, *unpack_entry(open_row(key, journal_aad(device, a, seq, state), sealed)))
        for a, device, seq, state, sealed in db.execute(
            "SELECT activity_id, device_id, seq, state, sealed FROM journal ORDER BY seq"
        )
    ]
    assert found == [(e.activity_id, e.record, e.reason) for e in journal]
    [draft] = db.execute("SELECT id, version, sealed FROM draft")
    assert open_row(key, draft_aad(*draft[:2]), draft[2]) == b"unsaved"
    values = {
        n: open_row(key, value_aad(n, v), s)
        for n, v, s in db.execute("SELECT name, version, sealed FROM value")
    }
    assert values["binding"] == b"secret"
    db.close()
    spool = Spool(copy / SPOOL)
    assert [
        unpack_entry(open_row(key, journal_aad(r.device_id, r.activity_id, r.seq, "waiting"), r.sealed))[0]
        for r in spool.records
    ] == [journal[1].record]
    spool.close()


async def test_recovery_says_what_does_not_fit(tmp_path: Path) -> None:
    private, public = recovery_pair(b"said once")
    other, _ = recovery_pair(b"said once")
    key = bytes(range(32))
    kept = json.dumps({"format": 1, "recovery": wrap_for_recovery(key, public)}).encode()
    assert recover_data_key(kept, private, b"said once") == key
    with pytest.raises(NoRecovery, match="passphrase"):
        recover_data_key(kept, private, b"guessed")
    with pytest.raises(NoRecovery, match="branch this phone was bound to"):
        recover_data_key(kept, other, b"said once")
    with pytest.raises(NoRecovery, match="key file"):
        recover_data_key(b"{}", private, b"said once")
    with pytest.raises(NoRecovery, match="at this place"):
        open_row(key, b"aad", bytes(40))


def test_a_recovery_key_that_is_none_or_too_small_is_refused() -> None:
    _, small = recovery_pair(b"x", 2048)
    with pytest.raises(NoRecovery, match="3072"):
        wrap_for_recovery(bytes(32), small)
    with pytest.raises(NoRecovery, match="PEM"):
        wrap_for_recovery(bytes(32), "not a key")
