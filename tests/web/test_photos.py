"""A photo in the real page: through the browser's own file chooser into the form, the record and the timeline."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import ExifTags, Image

from app.notebook import Notebook
from tests.support.browser import HERE, open_phone
from tests.support.moved_day import MovedDay
from tests.web.one_borrower import opened

pytestmark = pytest.mark.browser

SECRET = b"serial 4711"


def shop_front(size: tuple[int, int] = (1500, 1000)) -> bytes:
    """What a camera gives: a MiB of noise under a coloured sky, lying on its side, with more beside it."""
    noise = Image.effect_noise(size, 90).convert("RGB")
    sky = Image.new("RGB", (size[0], size[1] // 2), (70, 140, 210))
    noise.paste(sky, (0, 0))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.ImageDescription] = SECRET.decode()
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=92, exif=exif)
    return out.getvalue()


async def photo_of_the_visit(notebook: Notebook) -> tuple[Any, bytes | None]:
    """What the record says of it, and the file itself."""
    [visit] = [e.activity for e in await notebook.journal() if e.activity.kind == "visit"]
    [blob] = visit.raw["blobs"]
    return blob, await notebook.blob(visit.activity_id, blob["sha256"])


async def test_a_photo_from_the_chooser_goes_with_the_visit_and_is_seen_in_the_timeline(
    office: MovedDay,
) -> None:
    taken = shop_front()
    await office.on_the_phone(lambda notebook: notebook.sync())
    office.open_app()
    async with open_phone(position=HERE) as phone:
        await opened(phone, office)
        await phone.tap("上门", role="button", exact=True)
        await phone.shows("已定位")
        await phone.tap("门锁无人")
        button = await phone.find_below("照片：拍照／相册")
        async with phone.page.expect_file_chooser() as chooser:
            await button.click()
        await (await chooser.value).set_files(
            {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": taken}
        )
        await phone.find_below("照片 1，点按看大图", step=100)
        await phone.page.wait_for_timeout(1_000)
        await phone.picture("photo-1-in-the-form")
        await phone.tap("照片 1，点按看大图")
        await phone.shows("大图", exact=True)
        await phone.page.wait_for_timeout(1_000)
        await phone.picture("photo-2-large")
        await phone.tap("关闭", role="button")
        await phone.tap("保存：", role="button")
        await phone.shows("附 1 张照片")
        await phone.tap("返回 ")
        await phone.shows("补齐逾期")
        tile = await phone.find_below("照片 1，点按看大图", step=200)
        await tile.scroll_into_view_if_needed()
        await phone.page.wait_for_timeout(1_000)
        await phone.picture("photo-3-in-the-timeline")

    office.close_app()
    blob, kept = await office.on_the_phone(photo_of_the_visit)
    assert (blob["role"], blob["media_type"]) == ("photo", "image/jpeg")
    assert kept is not None and SECRET in taken and SECRET not in kept
    shown, meant = Image.open(io.BytesIO(kept)), Image.open(io.BytesIO(taken))
    assert shown.tobytes() == meant.tobytes()
    assert dict(shown.getexif()) == {ExifTags.Base.Orientation: 6}
