"""Photos in 上门 and 送达 and in the timeline: taken, seen, taken out again; never in the way of a save."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace

import pytest
from PIL import Image

from app.ui import routes
from app.ui.parts import photos
from app.views import FileView
from tests.support.fake_notebook import FakeNotebook, case_id_of
from tests.ui.case_file import WANG, ZHANG, CaseFile, case_open
from tests.ui.officer import inside


def photo(colour: str = "red", kind: str = "JPEG") -> bytes:
    """A small picture that holds only itself."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, kind)
    return out.getvalue()


def name_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def take(case: CaseFile, data: bytes, role: str = "photo") -> None:
    """Touch the button; the phone's chooser gives `data`."""
    case.device.photos.append(data)
    await case.choose(f"{role}-add")
    await case.screen.until(lambda: not case.device.photos)
    await case.screen.until(
        lambda: bool(case.screen.snack()) or any(case.notebook.kept_files) or bool(case.notebook.recorded)
    )


async def test_a_photo_of_a_visit_is_kept_with_the_draft_shown_and_saved_with_the_record() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        await case.choose("outcome-door_locked")
        taken = photo()
        await take(case, taken)
        await case.screen.until(lambda: bool(case.screen.find_all(key="photo-1")))
        [(draft_id, name)] = case.notebook.kept_files
        assert case.kept["photos"] == [{"name": name, "role": "photo", "media_type": "image/jpeg"}]
        assert case.notebook.kept_drafts[draft_id]
        await case.save()
        assert case.saved
        assert case.screen.shows("附 1 张照片")
        [blob] = case.notebook.recorded[0].blobs
        assert (blob.role, blob.media_type, name_of(blob.data)) == ("photo", "image/jpeg", name)


async def test_a_form_taken_up_again_still_has_its_photos_and_one_can_be_seen_large_or_taken_out() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        await take(case, photo("red"))
        await case.screen.until(lambda: bool(case.screen.find_all(key="photo-1")))
        await take(case, photo("blue", "PNG"))
        await case.screen.until(lambda: bool(case.screen.find_all(key="photo-2")))
        await case.screen.back()
        await case.open_form("visit")
        await case.screen.until(lambda: bool(case.screen.find_all(key="photo-2")))
        await case.choose("photo-1")
        assert any(d.open for d in case.screen.page._dialogs.controls)
        await case.choose("photo-remove-1")
        assert [p["media_type"] for p in case.kept["photos"]] == ["image/png"]
        assert len(case.notebook.kept_files) == 1


async def test_the_same_photo_chosen_twice_is_one() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        for _ in range(2):
            await take(case, photo())
            await case.screen.until(lambda: bool(case.screen.find_all(key="photo-1")))
        assert len(case.kept["photos"]) == 1


async def test_a_notice_takes_a_receipt_beside_its_signature() -> None:
    async with case_open(WANG) as case:
        await case.open_form("notice")
        await case.choose("method-posted")
        await take(case, photo(), "receipt")
        await case.screen.until(lambda: bool(case.screen.find_all(key="photo-1")))
        await case.save()
        assert case.saved
        assert [b.role for b in case.notebook.recorded[0].blobs] == ["receipt"]


async def test_what_is_no_photo_or_too_large_is_said_and_the_visit_is_saved_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(photos, "MOST", 200)
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        await case.choose("outcome-door_locked")
        await take(case, b"%PDF-1.7 something")
        assert "不是可以保存的照片" in case.screen.snack()
        await take(case, photo())
        await case.screen.until(lambda: "最多只能保存 8 MiB" in case.screen.snack())
        await case.save()
        assert case.saved
        assert case.notebook.recorded[0].blobs == ()


async def test_a_photo_that_cannot_be_read_any_more_does_not_hold_up_the_record() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        await case.choose("outcome-door_locked")
        await take(case, photo())
        await case.screen.until(lambda: bool(case.screen.find_all(key="photo-1")))
        case.notebook.kept_files.clear()
        await case.save()
        assert case.saved
        assert case.screen.shows("1 张照片已无法读取")


async def test_no_photo_chosen_changes_nothing() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        await case.choose("photo-add")
        assert not case.notebook.kept_drafts and not case.notebook.kept_files


async def test_the_timeline_shows_own_photos_small_and_fetches_a_colleagues_when_touched() -> None:
    notebook, own, theirs = FakeNotebook(), photo("red"), photo("blue")
    files = (
        FileView(name_of(own), len(own), "image/jpeg", "photo", "waiting"),
        FileView(name_of(theirs), len(theirs), "image/jpeg", "photo", "branch"),
        FileView("0" * 64, 1, "image/jpeg", "photo", "branch"),
    )
    visit = next(e for e in notebook.entries if e.activity.kind == "visit")
    at = visit.activity.activity_id
    notebook.entries = [replace(e, files=files) if e is visit else e for e in notebook.entries]
    notebook.own_files[at, name_of(own)] = own
    notebook.files_at_branch[at, name_of(theirs)] = theirs
    async with case_open(WANG, notebook) as case:
        await case.screen.until(lambda: bool(case.screen.find_all(key=f"file-{at}-1")))
        tile = case.screen.find(key=f"file-{at}-1")
        await case.screen.until(lambda: getattr(tile_content(case, f"file-{at}-1"), "src", None) == own)
        assert tile is not None
        assert case.screen.shows("1 张")
        await case.choose(f"file-{at}-2")
        [dialog] = [d for d in case.screen.page._dialogs.controls if d.open]
        assert any(getattr(c, "src", None) == theirs for c in case.screen.controls(dialog))
        await case.choose(f"file-{at}-3")
        assert "机构" in case.screen.snack()


async def test_photos_of_a_case_that_a_form_covers_do_not_keep_it_from_being_drawn() -> None:
    notebook, own = FakeNotebook(), photo()
    visit = next(e for e in notebook.entries if e.activity.kind == "visit")
    files = (FileView(name_of(own), len(own), "image/jpeg", "photo", "sent"),)
    notebook.entries = [replace(e, files=files) if e is visit else e for e in notebook.entries]
    route = routes.form_path(routes.case_path(case_id_of(WANG)), routes.NOTICE)
    async with inside(notebook, route=route) as officer:
        screen, tile = officer.screen, f"file-{visit.activity.activity_id}-1"
        await screen.until(
            lambda: any(c.key == tile for v in screen.views()[:-1] for c in screen.controls(v))
        )


def tile_content(case: CaseFile, key: str) -> object:
    """What stands on the tile now."""
    return case.screen.find(key=key).content
