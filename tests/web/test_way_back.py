"""The phone's own back, after the app's own: never into a form that was left."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.support.browser import HERE, open_phone
from tests.support.moved_day import MovedDay
from tests.web.one_borrower import opened

pytestmark = pytest.mark.browser

A_CASE = re.compile(r"/case/[^/]+$")
A_VISIT = re.compile(r"/case/[^/]+/visit$")
ABOVE_ALL_CASES = re.compile(r"^(?!.*/case/)")


async def test_the_phones_own_back_does_not_open_a_form_again_that_was_left_by_the_apps(
    office: MovedDay,
) -> None:
    await office.on_the_phone(lambda notebook: notebook.sync())
    office.open_app()
    async with open_phone(position=HERE) as phone:
        await opened(phone, office)
        page = phone.page
        for _ in range(2):
            await phone.tap("上门", role="button", exact=True)
            await expect(page).to_have_url(A_VISIT)
            await phone.shows("门锁无人")
            await page.get_by_role("button", name="返回").first.click()
            await expect(page).to_have_url(A_CASE)
            await phone.shows("补齐逾期")
        await page.go_back()
        await expect(page).to_have_url(ABOVE_ALL_CASES)
        await phone.shows("待办")


async def test_a_form_left_by_the_phones_own_back_leads_to_its_case(office: MovedDay) -> None:
    await office.on_the_phone(lambda notebook: notebook.sync())
    office.open_app()
    async with open_phone(position=HERE) as phone:
        await opened(phone, office)
        await phone.tap("上门", role="button", exact=True)
        await expect(phone.page).to_have_url(A_VISIT)
        await phone.page.go_back()
        await expect(phone.page).to_have_url(A_CASE)
        await phone.shows("补齐逾期")
