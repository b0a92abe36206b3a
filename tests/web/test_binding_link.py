"""The branch's QR code, opened by a phone's camera: 绑定 is filled in and the address forgets the code."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from sync.binding import Binding
from tests.bench.in_browser import served
from tests.support.browser import open_phone

pytestmark = pytest.mark.browser

BRANCH = "https://branch.example:8443"


async def test_the_link_fills_in_the_form_and_leaves_no_code_in_the_address(tmp_path: Path) -> None:
    code = "ABCDE12345"
    fragment = Binding(BRANCH, "w001", code).link().removeprefix(BRANCH)
    async with (
        served("main.py", "--data", str(tmp_path), "--no-browser", "--port") as app,
        open_phone() as phone,
    ):
        asked: list[str] = []
        phone.page.on("request", lambda r: asked.append(r.url))
        await phone.goto(app.rstrip("/") + fragment)
        await phone.shows("绑定本机")
        for label, value in (("机构服务器地址", BRANCH), ("信贷员工号", "w001"), ("绑定码", code)):
            field = phone.page.get_by_label(label).first
            await field.click()  # Flutter tells a field's words to the page only while it is written in
            await expect(field).to_have_value(value)
        await phone.page.wait_for_url(app)
        await phone.picture("enrol_from_link")
        assert not [url for url in asked if code in url.partition("#")[0]]
