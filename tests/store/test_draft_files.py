"""Photos of a form: there after a restart, gone with the form, and none of them readable in the file."""

from __future__ import annotations

from pathlib import Path

from app.ports import Blob
from tests.store.ground import file_bytes, opened, records

PHOTO = b"\xff\xd8\xff not really a photo " + bytes(range(256)) * 8


async def test_a_photo_of_a_form_survives_a_restart_and_lies_sealed(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.save_draft("a1", b'{"case_id":"case-1"}')
    await store.save_draft_file("a1", "p1", PHOTO)
    await store.close()
    assert b"not really a photo" not in file_bytes(tmp_path)
    store = await opened(tmp_path)
    assert await store.draft_file("a1", "p1") == PHOTO
    assert await store.draft_file("a1", "p2") is None
    assert await store.draft_file("a2", "p1") is None
    assert await store.doctor() == []
    await store.close()


async def test_it_goes_with_the_form_or_by_itself(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    for name in ("p1", "p2"):
        await store.save_draft_file("a1", name, PHOTO)
    await store.save_draft_file("a2", "p1", PHOTO)
    await store.drop_draft_file("a1", "p1")
    assert await store.draft_file("a1", "p1") is None
    assert await store.draft_file("a1", "p2") == PHOTO
    await store.drop_draft("a1")
    assert await store.draft_file("a1", "p2") is None
    assert await store.draft_file("a2", "p1") == PHOTO
    await store.close()


async def test_the_save_that_takes_it_into_the_record_takes_it_out_of_the_form(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.save_draft("a1", b'{"case_id":"case-1"}')
    await store.save_draft_file("a1", "p1", PHOTO)
    await store.append(records(store, "a1"), ["a1"], [Blob("a1", 0, PHOTO)])
    await store.close()
    store = await opened(tmp_path)
    assert await store.draft_file("a1", "p1") is None
    assert await store.drafts() == []
    assert await store.blob("a1", 0) == PHOTO
    await store.close()
