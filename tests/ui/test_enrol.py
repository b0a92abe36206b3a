from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import flet as ft

from app.domain.message import Message
from app.i18n import translator
from app.ports import NoConnection
from app.ui.screens.enrol import why_not_bound
from sync.binding import Binding
from sync.protocol import Unreachable
from tests.support.fake_notebook import CODE, PIN, SERVER, FakeNotebook
from tests.ui.officer import Officer, at_the_door


async def fill(officer: Officer, **values: str) -> None:
    for name, value in {
        "server": SERVER,
        "officer": "M017",
        "code": CODE,
        "pin": PIN,
        "again": PIN,
        **values,
    }.items():
        if officer.screen.find_all(key=f"enrol-{name}"):
            await officer.screen.write(value, key=f"enrol-{name}")


@asynccontextmanager
async def first_start(state: str = "unbound") -> AsyncIterator[Officer]:
    async with at_the_door(FakeNotebook(state=state)) as officer:
        yield officer


async def test_a_phone_that_was_never_bound_begins_with_binding() -> None:
    async with first_start() as officer:
        assert officer.screen.shows("绑定本机")
        assert officer.screen.shows("本机将保存")


async def test_a_page_opened_by_the_qr_code_is_filled_in_and_forgets_the_code_in_its_address() -> None:
    route = "/bind?" + Binding(SERVER, "M017", CODE).link().partition("?")[2]
    async with at_the_door(FakeNotebook(state="unbound"), route=route) as officer:
        fields = {
            name: officer.screen.find(key=f"enrol-{name}").value for name in ("server", "officer", "code")
        }
        assert fields == {"server": SERVER, "officer": "M017", "code": CODE}
        assert officer.route == "/"


async def test_binding_leads_straight_into_the_day() -> None:
    async with first_start() as officer:
        await fill(officer)
        await officer.screen.tap(key="bind")
        assert officer.screen.shows("王喆")
        assert officer.notebook.syncs == 1


async def test_a_missing_field_is_named_before_the_branch_is_asked() -> None:
    async with first_start() as officer:
        await fill(officer, server=" ")
        await officer.screen.tap(key="bind")
        assert officer.screen.shows("请填写机构服务器地址")
        assert officer.notebook.state == "unbound"


async def test_two_pins_that_differ_are_caught() -> None:
    async with first_start() as officer:
        await fill(officer, again="135791")
        await officer.screen.tap(key="bind")
        assert officer.screen.shows("两次输入的 PIN 不一致")


async def test_a_pin_of_five_digits_is_caught() -> None:
    async with first_start() as officer:
        await fill(officer, pin="12345", again="12345")
        await officer.screen.tap(key="bind")
        assert officer.screen.shows("PIN 为 6 位数字")


async def test_a_wrong_code_says_so_and_keeps_what_was_typed() -> None:
    async with first_start() as officer:
        await fill(officer, code="00000000")
        await officer.screen.tap(key="bind")
        assert officer.screen.find(key="enrol-failure")
        assert officer.screen.find(key="enrol-server").value == SERVER
        await officer.screen.write(CODE, key="enrol-code")
        await officer.screen.tap(key="bind")
        assert officer.screen.shows("王喆")


async def test_blanks_in_the_code_do_not_matter() -> None:
    async with first_start() as officer:
        await fill(officer, code=f" {CODE[:4]} {CODE[4:]} ")
        await officer.screen.tap(key="bind")
        assert officer.notebook.state == "open"


async def test_a_branch_out_of_reach_and_a_captive_portal_get_different_words() -> None:
    said = []
    for fault in ("offline", "portal"):
        async with first_start() as officer:
            officer.notebook.online = fault != "offline"
            officer.notebook.captive_portal = fault == "portal"
            await fill(officer)
            await officer.screen.tap(key="bind")
            failure = officer.screen.find(key="enrol-failure")
            said.append([c.value for c in officer.screen.controls(failure) if getattr(c, "value", None)])
    assert said[0] and said[1] and said[0] != said[1]


async def test_a_binding_that_was_cut_is_finished_with_the_pin_it_was_begun_with() -> None:
    async with first_start("binding") as officer:
        await officer.enter_pin()
        assert officer.screen.shows("上次绑定中断了")
        assert officer.screen.find(key="enrol-server").value == SERVER
        assert not officer.screen.find_all(key="enrol-again")
        await fill(officer)
        await officer.screen.tap(key="bind")
        assert officer.screen.shows("王喆")


async def test_the_code_can_be_typed_with_letters() -> None:
    async with at_the_door(FakeNotebook(state="unbound")) as officer:
        assert officer.screen.find(key="enrol-code").keyboard_type is not ft.KeyboardType.NUMBER


def test_a_first_start_that_reaches_nobody_says_what_to_check_not_that_records_are_kept() -> None:
    for reason in ("no_connection", "timeout"):
        error = NoConnection(Message("kept"))
        error.__cause__ = Unreachable(reason)
        assert translator("zh").say(why_not_bound(error)) == "连不上机构服务器。请核对地址和网络，再点绑定。"
    portal = NoConnection(Message("A sign-in page"))
    portal.__cause__ = Unreachable("not_the_branch")
    assert why_not_bound(portal).text == "A sign-in page"
