"""What a real browser says of a page put away, taken up again, and of the network coming back."""

from contextlib import closing
from datetime import date, time
from pathlib import Path

import pytest
from playwright.async_api import TimeoutError as PlaywrightTimeout
from playwright.async_api import expect

from tests.support.browser import HERE, PhonePage, open_phone
from tests.support.moved_day import PIN, MovedDay
from tests.sync.branch.importing.lists import row

pytestmark = pytest.mark.browser

ON = date(2026, 11, 10)


def listed(number: int, name: str) -> dict[str, str]:
    """A borrower since yesterday."""
    fallen = {"数据日期": "2026-11-10", "最早未还应还日": "2026-11-09", "逾期天数": "1"}
    return row(number, 客户姓名=name, **fallen)


async def visible(phone: PhonePage, state: str) -> None:
    """What the browser does when another app covers the page, and when it is taken up again."""
    await phone.page.evaluate(
        """state => {
            Object.defineProperty(document, 'visibilityState', {value: state, configurable: true});
            Object.defineProperty(document, 'hidden', {value: state === 'hidden', configurable: true});
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        state,
    )


async def appears(phone: PhonePage, words: str) -> bool:
    """Whether these words come up within a moment."""
    try:
        await phone.seen(words).wait_for(state="attached", timeout=3_000)
    except PlaywrightTimeout:
        return False
    return True


async def test_a_page_put_away_too_long_asks_for_the_pin_and_a_network_that_returns_is_used_at_once(
    tmp_path: Path,
) -> None:
    with closing(MovedDay(tmp_path, ON)) as office:
        office.branch.start()
        office.listed([listed(1, "试一帆")])
        await office.on_the_phone(lambda notebook: notebook.sync())
        office.open_app()
        async with open_phone(position=HERE) as phone:
            await phone.goto(office.address)
            await phone.enter_pin(PIN)
            await phone.shows("试一帆")
            await visible(phone, "hidden")
            office.clock.move_to(ON, time(9, 3))
            await visible(phone, "visible")
            await phone.shows("试一帆")
            for minute in range(9, 60, 6):  # the clock may be turned before the app has heard of it
                await visible(phone, "hidden")
                office.clock.move_to(ON, time(9, minute))
                await visible(phone, "visible")
                if await appears(phone, "请输入 6 位 PIN"):
                    break
            await phone.shows("请输入 6 位 PIN")
            await expect(phone.page.get_by_text("试一帆")).to_have_count(0)

            await phone.enter_pin(PIN)
            await phone.shows("试一帆")
            office.listed([listed(1, "试一帆"), listed(2, "试二帆")])
            await phone.page.evaluate("window.dispatchEvent(new Event('offline'))")
            await phone.page.evaluate("window.dispatchEvent(new Event('online'))")
            await phone.shows("试二帆")
