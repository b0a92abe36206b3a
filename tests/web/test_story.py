"""The main job, end to end, as a newcomer does it: the demo, a browser the size of a phone, the branch off and on."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import HERE, PhonePage, open_phone
from tests.support.demo import Demo
from tests.web.one_borrower import fill_in_a_visit

pytestmark = pytest.mark.browser


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path / "demo").start()
    try:
        yield demo
    finally:
        demo.stop()


async def unlock(phone: PhonePage, demo: Demo) -> None:
    await phone.goto(demo.address)
    await phone.shows("请输入 6 位 PIN")
    await phone.enter_pin(demo.printed("PIN"))
    await phone.shows("今日到期承诺")


async def back_to_the_case(phone: PhonePage, name: str) -> None:
    """From 已保存; the case is there before anything on it is touched."""
    await phone.tap(f"返回 {name}")
    await phone.hides("已加密存在本机")
    await phone.shows("补齐逾期")


async def listed(phone: PhonePage) -> list[str]:
    """The names on today's plan as far as they are drawn, in order."""
    rows = phone.page.get_by_role("button").filter(has_text="逾期")
    return [words.split()[0] for words in await rows.all_inner_texts() if words.split()]


async def test_a_day_without_signal_reaches_the_branch_exactly_once(demo: Demo) -> None:
    count = Counter(c["borrower"]["name"] for c in demo.exported("cases"))
    async with open_phone(position=HERE) as phone:
        await unlock(phone, demo)
        await phone.picture("story-1-today")
        await asyncio.to_thread(demo.stop_branch)

        name = next(n for n in await listed(phone) if count[n] == 1)
        await phone.tap(name)
        await phone.shows("补齐逾期")
        await phone.picture("story-2-case")
        before = phone.taps
        await phone.tap("拨号")
        await phone.tap("无人接听")
        assert [link[:8] for link in await phone.dialled()] == ["tel:1990"]
        await phone.tap("保存：无人接听")
        await phone.shows("已保存")
        assert phone.taps - before <= 3
        await phone.picture("story-3-call-saved")

        await back_to_the_case(phone, name)
        before = phone.taps
        await fill_in_a_visit(phone)
        await phone.picture("story-4-visit")

    async with open_phone(position=HERE) as phone:
        await unlock(phone, demo)
        await phone.shows("未完成的记录")
        await phone.picture("story-5-draft-kept")
        await phone.tap(name)
        await phone.tap("保存：愿还，日期未定")
        await phone.shows("已保存")
        await back_to_the_case(phone, name)
        before = phone.taps
        await phone.tap("承诺", exact=True)
        await phone.tap("3 天后")
        await phone.tap("保存：", role="button")
        await phone.shows("已保存")
        assert phone.taps - before <= 4
        await phone.picture("story-6-promise-saved")

        await asyncio.to_thread(demo.start_branch)
        await back_to_the_case(phone, name)
        await phone.tap("返回", role="button", exact=True)
        await phone.tap("我的", role="tab")
        await phone.tap("立即同步")
        await phone.shows("条，已下载")  # by the tap, or by the sync that went by itself just before
        await phone.picture("story-7-synced")

    records = demo.exported()
    assert [r["kind"] for r in records] == ["call", "visit", "promise"]
    assert [r["device_seq"] for r in records] == [1, 2, 3]
    assert len({r["activity_id"] for r in records}) == 3
    visit = records[1]
    assert (visit["position"]["lat"], visit["position"]["lon"]) == (HERE["latitude"], HERE["longitude"])
    assert visit["body"]["business_state"] == "operating"
    assert [p["state"] for p in demo.exported("promises")] == ["open"]


async def test_nothing_of_a_borrower_is_readable_in_the_phones_folder(demo: Demo) -> None:
    stored = b"".join(p.read_bytes() for p in (demo.folder / "phone").rglob("*") if p.is_file())
    assert stored
    for case in demo.exported("cases"):
        person = case["borrower"]
        plain = [
            person["name"],
            *(p["number"] for p in person["phones"]),
            *(a["text"] for a in person["addresses"]),
        ]
        for words in plain:
            assert words.encode() not in stored
            assert json.dumps(words).strip('"').encode() not in stored
