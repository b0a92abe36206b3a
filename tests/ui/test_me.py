import asyncio
from datetime import date
from decimal import Decimal

import flet as ft

from app.ui.parts.day_figures import figures_of
from sync.protocol import Refused
from tests.support.fake_notebook import TODAY, ZONE, FakeNotebook
from tests.ui.officer import FakeDevice, FakeInstallation, inside


async def test_records_are_counted_by_what_became_of_them() -> None:
    notebook = FakeNotebook()
    notebook.online = False
    async with inside(notebook, tab="me") as officer:
        counts = {
            s: officer.screen.find(key=f"count-{s}").value for s in ("waiting", "uploaded", "quarantined")
        }
        assert counts == {"waiting": "3", "uploaded": "2", "quarantined": "1"}


async def test_the_last_error_is_said_and_goes_away_when_it_works_again() -> None:
    notebook = FakeNotebook()
    notebook.online = False
    async with inside(notebook, tab="me") as officer:
        assert officer.screen.find(key="sync-error")
        notebook.online = True
        await officer.screen.tap(key="sync-now")
        assert not officer.screen.find_all(key="sync-error")
        assert officer.screen.find(key="count-waiting").value == "0"
        assert officer.screen.shows("已上传 3 条，已下载 12 项")


async def test_a_sync_under_way_shows_counts_and_never_blocks_the_other_tabs() -> None:
    notebook = FakeNotebook()
    notebook.sync_gate = asyncio.Event()
    async with inside(notebook, tab="me") as officer:
        assert officer.screen.find(key="sync-progress").value == "正在上传 0／3"
        assert officer.screen.find(key="sync-now").disabled
        await officer.go_to("today")
        assert officer.screen.shows("王喆")
        await officer.go_to("me")
        notebook.sync_gate.set()
        await officer.screen.settle()
        assert officer.screen.find(key="count-waiting").value == "0"
        assert notebook.syncs == 1


async def test_each_record_is_listed_with_its_state_those_under_review_first() -> None:
    async with inside(tab="me") as officer:
        await officer.screen.tap(key="records")
        states = [
            c.value
            for c in officer.screen.controls()
            if isinstance(c, ft.Text) and c.value in ("未上传", "已上传", "待主管核查")
        ]
        assert states[3:] == ["待主管核查"] + ["已上传"] * 5
        assert officer.screen.shows("原因：记录时间早于本机开通时间")


async def test_the_language_changes_at_once_and_is_kept() -> None:
    async with inside(tab="me") as officer:
        await officer.screen.tap(key="language-en")
        assert officer.screen.shows("Sync now")
        assert officer.notebook.preferences["language"] == "en"
        assert officer.screen.page.locale_configuration.current_locale.language_code == "en"
        assert officer.screen.taps == 1


async def test_what_was_chosen_is_there_at_the_next_start() -> None:
    notebook = FakeNotebook()
    async with inside(notebook, tab="me") as officer:
        await officer.screen.tap(key="theme-dark")
        await officer.screen.tap(key="text_size-200")
    await notebook.lock()
    async with inside(notebook) as officer:
        assert officer.screen.page.theme_mode == ft.ThemeMode.DARK
        todo = officer.screen.find(key="todo")
        assert todo.size > 40


async def test_text_at_two_hundred_percent_is_twice_as_large_to_read() -> None:
    async with inside(tab="me") as officer:
        before = officer.screen.find(text="本机催记").size
        await officer.screen.tap(key="text_size-200")
        assert officer.screen.find(text="本机催记").size == 2 * before


async def test_a_preference_nobody_can_read_counts_as_not_chosen() -> None:
    notebook = FakeNotebook()
    notebook.preferences.update(text_size="huge", language="zh")
    async with inside(notebook) as officer:
        assert officer.screen.shows("王喆")


async def test_what_protects_less_than_it_should_is_said() -> None:
    async with inside(tab="me") as officer:
        assert officer.screen.find(key="weakness")
        assert officer.screen.shows("机构服务器：http://127.0.0.1:8765")


def test_my_day_counts_what_was_recorded_for_the_day_in_the_branchs_zone() -> None:
    entries = FakeNotebook().entries
    assert figures_of(entries, TODAY, ZONE)["calls"] == 1
    day_before = figures_of(entries, date(2026, 11, 22), ZONE)
    assert (day_before["visits"], day_before["reached"], day_before["promised"]) == (1, 1, Decimal("5000.00"))


async def test_locking_takes_one_tap_and_hides_everything() -> None:
    async with inside(tab="me") as officer:
        await officer.screen.tap(key="lock")
        assert officer.notebook.state == "locked"
        assert not officer.screen.shows("林致远")
        assert officer.screen.taps == 1


async def test_what_is_saved_during_a_sync_goes_with_the_next_at_once() -> None:
    notebook = FakeNotebook()
    notebook.sync_gate = asyncio.Event()
    async with inside(notebook) as officer:
        await officer.screen.tap(key="sync-chip")
        notebook.sync_gate.set()
        await officer.screen.settle()
        assert notebook.syncs == 2


async def test_a_week_without_a_call_or_visit_says_so_instead_of_an_empty_chart() -> None:
    async with inside(FakeNotebook(empty=True), tab="me") as officer:
        assert officer.screen.shows("近 7 天还没有电话和上门记录")


async def test_a_newer_build_is_told_and_taken_only_after_the_notebook_was_closed() -> None:
    installation, seen = FakeInstallation(), []
    async with inside(tab="me", device=FakeDevice(installation=installation)) as officer:
        assert not officer.screen.find_all(key="newer-build")
        installation.newer = "0.2.0"
        await officer.screen.settle()
        assert officer.screen.shows("有新版本：0.2.0")
        installation.on_switch = lambda: seen.append(officer.notebook.state)
        await officer.screen.tap(key="switch-build")
        assert seen == ["locked"]


async def test_a_newer_build_that_did_not_open_is_told_as_such() -> None:
    installation = FakeInstallation(newer="0.2.0", failed=True)
    async with inside(tab="me", device=FakeDevice(installation=installation)) as officer:
        assert officer.screen.shows("上次没有打开")


async def test_a_browser_that_may_throw_the_data_away_is_told_in_words() -> None:
    installation = FakeInstallation(keeps=True)
    async with inside(tab="me", device=FakeDevice(installation=installation)) as officer:
        assert not officer.screen.find_all(key="may-be-thrown-away")
        installation.keeps = False
        await officer.screen.settle()
        assert officer.screen.shows("浏览器没有答应长期保存")


async def test_a_branch_that_sends_nothing_to_this_version_makes_the_phone_look_for_a_newer_one() -> None:
    installation = FakeInstallation()
    notebook = FakeNotebook()
    async with inside(notebook, tab="me", device=FakeDevice(installation=installation)) as officer:
        assert installation.looked == 0
        notebook.refused = Refused(426, "app_too_old")
        await officer.screen.tap(key="sync-now")
        assert installation.looked == 1
