"""客户详情."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import flet as ft
import pytest

from app.domain.records import Position
from app.ui.theme import TOUCH
from app.views import NewActivity
from tests.support.fake_notebook import FakeNotebook, case_id_of
from tests.ui.case_file import CHEN, GONG, WANG, ZHANG, case_open
from tests.ui.officer import inside


async def test_the_head_says_what_is_owed_with_its_parts_and_what_is_missing() -> None:
    async with case_open(WANG) as case:
        for words in (
            "王喆",
            "逾期 7 天",
            "¥28,310.07",
            "¥27,347.53",
            "¥849.30",
            "¥113.24",
            "还差 ¥28,219.82",
        ):
            assert case.screen.shows(words), words
        assert case.screen.shows("尾号 3901")
        assert case.screen.shows("以柜面为准")


async def test_the_age_of_the_data_is_said() -> None:
    async with case_open(WANG) as case:
        assert case.screen.shows("数据截至 11月23日")
        assert case.screen.shows("还款数据到 11月22日")


async def test_data_of_days_ago_is_a_warning() -> None:
    notebook = FakeNotebook()
    notebook.moment += timedelta(days=4)
    async with case_open(WANG, notebook) as case:
        assert case.screen.shows("已过 4 天")


async def test_a_payment_that_came_later_stands_beside_and_is_not_subtracted() -> None:
    notebook = FakeNotebook()
    case_id = case_id_of("李堃")
    case, figures = notebook.cases[case_id]
    notebook.cases[case_id] = (case, replace(figures, as_of=figures.as_of - timedelta(days=5)))  # type: ignore[operator]
    async with case_open("李堃", notebook) as opened:
        assert opened.screen.shows("之后到账")
        assert opened.screen.shows("¥500.00")
        assert opened.screen.shows("¥6,204.11")


async def test_all_steps_of_today_are_listed_with_why() -> None:
    async with case_open(ZHANG) as case:
        for words in ("首次上门", "逾期第 2 天，先到经营场所看看", "每日电话", "逾期前 3 天每天一个电话"):
            assert case.screen.shows(words), words


async def test_the_next_steps_button_opens_its_form() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="next-step")
        assert case.route.endswith("/notice")
    async with case_open(GONG) as case:  # a broken promise: visit
        await case.screen.tap(key="next-step")
        assert case.route.endswith("/visit")


async def test_dialling_is_one_tap_and_the_draft_is_there_before_the_dialler_opens() -> None:
    async with case_open(CHEN) as case:
        drafts_when_dialled: list[int] = []
        dial = case.device.dial

        async def watch(number: str) -> None:
            drafts_when_dialled.append(len(case.notebook.kept_drafts))
            await dial(number)

        case.device.dial = watch  # type: ignore[method-assign]
        await case.dial()
        assert case.screen.taps == 1
        assert case.device.dialled == ["13981020042"]
        assert drafts_when_dialled == [1]
        assert case.kept["number"] == "13981020042"
        assert case.route.endswith("/call")


async def test_a_full_phone_dials_all_the_same_and_says_that_nothing_was_kept() -> None:
    async with case_open(CHEN) as case:
        case.notebook.disk_full = True
        await case.dial()
        assert case.device.dialled == ["13981020042"]
        assert "no space left" in case.screen.snack() or "空间" in case.screen.snack()


async def test_every_party_has_their_numbers_to_dial() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="dial-g2-13548100888")
        assert case.device.dialled == ["13548100888"]
        assert case.kept["party"] == "g2"


async def test_a_person_of_many_cases_has_two_links_and_the_others_in_a_line() -> None:
    async with case_open(WANG) as case:
        view = await case.notebook.case(case_id_of(WANG))
        spouse = next(p for p in view.people if p.role == "spouse")
        assert len(spouse.also_in) > 2
        assert case.screen.shows(f"也是{spouse.also_in[1].borrower}的配偶")
        assert not case.screen.shows(f"也是{spouse.also_in[2].borrower}的配偶")
        assert case.screen.shows("还出现在：" + "、".join(there.borrower for there in spouse.also_in[2:]))


async def test_a_guarantor_is_shown_with_liability_and_the_end_as_it_was_computed() -> None:
    async with case_open(WANG) as case:
        assert case.screen.shows("周海")
        assert case.screen.shows("一般")
        assert case.screen.shows("保证期间至 2027年9月13日，还剩 294 天")


async def test_the_map_opens_at_the_business() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="navigate")
        ((lat, lon, address),) = case.device.places
        assert (round(lat, 2), round(lon, 2)) == (32.36, 106.84)
        assert "农资门市" in address


async def test_promises_stand_with_what_became_of_them() -> None:
    async with case_open(WANG) as case:
        assert case.screen.shows("¥5,000.00")
        assert case.screen.shows("未兑现")


async def test_the_timeline_marks_what_is_not_uploaded_and_whose_it_is() -> None:
    notebook = FakeNotebook()
    case_id = case_id_of(WANG)
    told = NewActivity(case_id, "note", {"text": "搬到新店"}, happened_at=notebook.moment - timedelta(days=2))
    notebook._append(told, "uploaded")
    notebook.entries[-1] = replace(notebook.entries[-1], own=False)
    notebook.online = False  # nothing waiting is uploaded meanwhile
    async with case_open(WANG, notebook) as case:
        for words in ("未上传", "待主管核查", "补记", "同事", "搬到新店"):
            assert case.screen.shows(words), words


async def test_a_long_timeline_shows_its_first_entries_and_more_on_demand() -> None:
    notebook = FakeNotebook()
    body = {"party": "borrower", "number": "1", "direction": "out", "outcome": "busy"}
    for n in range(30):
        at = notebook.moment - timedelta(hours=n)
        notebook._append(NewActivity(case_id_of(CHEN), "call", body, happened_at=at), "uploaded")
    async with case_open(CHEN, notebook) as case:
        shown = len([t for t in case.screen.texts() if t == "占线"])
        assert shown == 12
        await case.screen.tap(key="timeline-more")
        assert len([t for t in case.screen.texts() if t == "占线"]) == 30


async def test_calls_alone_ask_for_another_way() -> None:
    notebook = FakeNotebook()
    body = {"party": "borrower", "number": "1", "direction": "out", "outcome": "busy"}
    for n in range(3):
        at = notebook.moment - timedelta(hours=n)
        notebook._append(NewActivity(case_id_of(CHEN), "call", body, happened_at=at), "uploaded")
    async with case_open(CHEN, notebook) as case:
        assert case.screen.shows("近7天：电话3 上门0 函0 担保人0")
        assert case.screen.shows("换个方式")
    async with case_open(WANG) as case:  # called twice, visited once
        assert not case.screen.shows("换个方式")


async def test_an_operating_business_asks_for_a_calm_voice() -> None:
    async with case_open(WANG) as case:
        assert case.screen.shows("语气平和")
    async with case_open(CHEN) as case:
        assert not case.screen.shows("语气平和")


async def test_a_case_that_is_not_in_the_notebook_says_so() -> None:
    async with inside(route="/case/nowhere") as officer:
        assert officer.screen.shows("没有")


@pytest.mark.parametrize("kind", ["", "/visit", "/call", "/notice", "/promise", "/note", "/correction"])
async def test_what_could_not_be_read_is_read_again_at_a_tap(kind: str) -> None:
    book = FakeNotebook()
    case_id = case_id_of(WANG)
    kept = book.cases.pop(case_id)
    async with inside(book, route=f"/case/{case_id}{kind}") as officer:
        book.cases[case_id] = kept
        await officer.screen.tap(key="retry")
        assert not officer.screen.find_all(key="retry")
        assert officer.screen.shows(WANG)


async def test_two_taps_on_dial_open_the_dialler_once() -> None:
    async with case_open(CHEN) as case:
        target = case.screen.find(key="dial")
        await asyncio.gather(
            *(case.screen.session.dispatch_event(target._i, "click", None) for _ in range(2))
        )
        await case.screen.settle()
        assert case.device.dialled == ["13981020042"]


async def test_the_four_actions_are_large_enough_for_a_thumb() -> None:
    async with case_open(WANG, position=Position(32.36, 106.84)) as case:
        for key in ("dial", "visit", "promise", "navigate"):
            padding = case.screen.find(key=key).style.padding
            assert padding.top + padding.bottom + 24 + 14 >= TOUCH  # icon and label


async def test_a_single_step_is_said_once() -> None:
    async with case_open(CHEN) as case:
        assert case.screen.shows("每日电话")
        assert not case.screen.shows("今日待办")


async def test_a_case_is_pinned_for_three_days_and_let_go_again() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="pin")
        assert len(case.notebook.pins) == 1
        assert case.chosen("pin")
        await case.screen.tap(key="pin")
        assert case.notebook.pins == {}


async def test_a_case_long_overdue_says_so() -> None:
    async with case_open("孙大海") as case:
        assert case.screen.shows("长期逾期")


async def test_a_repaid_case_says_that_it_is_watched_and_counts_no_days() -> None:
    notebook = FakeNotebook()
    case_id = case_id_of(WANG)
    case, figures = notebook.cases[case_id]
    notebook.cases[case_id] = (replace(case, status="watch", status_since=figures.as_of), figures)
    async with case_open(WANG, notebook) as shown:
        assert shown.screen.shows("已还清，之后三期还款仍要跟踪")
        assert shown.screen.shows("未逾期") and not shown.screen.shows("逾期 7 天")
        assert shown.screen.shows("还清前逾期") and not shown.screen.shows("还差")


async def test_a_name_too_long_to_share_the_bar_has_it_alone_and_the_days_overdue_stand_below() -> None:
    for name, in_the_bar in (("王喆", True), ("阿卜杜热合曼·买买提吐尔逊江", False)):
        notebook = FakeNotebook()
        case_id = case_id_of(WANG)
        case, figures = notebook.cases[case_id]
        borrower = replace(case.borrower, name=name)
        notebook.cases[case_id] = (replace(case, borrower=borrower), figures)
        async with case_open(WANG, notebook) as shown:
            bar = shown.screen.views()[-1].appbar
            assert isinstance(bar.title, ft.Row) is in_the_bar
            assert shown.screen.shows("逾期 7 天")
