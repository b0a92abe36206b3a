from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import flet as ft

from app.domain.message import Text
from app.domain.steps import Step
from app.i18n import translator
from app.ui.parts.case_row import place_in_words
from app.ui.parts.steps import doors_first, steps_in_words
from app.ui.screens.today import since_last_sync
from app.views import Draft, NewActivity
from tests.support.fake_notebook import TODAY, ZONE, FakeNotebook, case_id_of
from tests.ui.case_file import case_open
from tests.ui.officer import Officer, inside

t = translator("zh")


def names_in_order(officer: Officer) -> list[str]:
    keys = [c.key for c in officer.screen.controls() if isinstance(c.key, str) and c.key.startswith("case-")]
    by_id = {f"case-{i}": case.borrower.name for i, (case, _) in officer.notebook.cases.items()}
    return [by_id[k] for k in keys]


async def test_the_head_says_which_day_it_is_where_and_how_old_the_data_are() -> None:
    notebook = FakeNotebook()
    notebook.online = False
    async with inside(notebook) as officer:
        assert officer.screen.shows("11月23日 周一 · 南江县支行")
        assert officer.screen.shows("距上次同步 2 天")
        assert officer.screen.shows("3 条待传")


async def test_the_strip_counts_the_plan_and_what_is_promised_for_today() -> None:
    async with inside() as officer:
        assert officer.screen.find(key="todo").value == "9"
        assert officer.screen.find(key="done").value == "0"
        assert officer.screen.find(key="promised").value == "¥4,000.00"
        assert officer.screen.shows("今日到期承诺 1 笔")


async def test_doors_come_first_then_telephone_calls_in_the_plans_order() -> None:
    async with inside() as officer:
        assert names_in_order(officer) == [
            "龚䶮", "王喆", "李堃", "张国强", "买买提江·吐尔逊", "欧阳晓燕", "陈玉珍", "赵铁柱", "刘桂兰",
        ]  # fmt: skip


async def test_a_row_says_who_how_long_how_much_what_and_why_how_late_and_where() -> None:
    async with inside() as officer:
        row = officer.screen.find(key=f"case-{case_id_of('龚䶮')}")
        words = [c.value for c in officer.screen.controls(row) if isinstance(c, ft.Text)]
        assert words == [
            "龚䶮",
            "逾期 9 天",
            "¥12,470.50",
            "承诺未还，上门、送达后每日电话：11月22日承诺的 ¥5,000.00 没有到账",
            "已超 1 天",
            "石桥镇 · 石桥村 · 2.3\u00a0公里",
        ]


async def test_cases_that_can_wait_are_folded_and_one_tap_away() -> None:
    async with inside() as officer:
        assert officer.screen.shows("待排 3 户")
        assert not officer.screen.shows("孙大海")
        await officer.screen.tap(key="waiting")
        assert officer.screen.shows("孙大海")
        assert officer.screen.taps == 1


async def test_a_done_row_moves_down_with_a_tick_and_the_strip_follows() -> None:
    notebook = FakeNotebook()
    await notebook.record(
        [NewActivity(case_id_of("欧阳晓燕"), "call", {"party": "borrower", "outcome": "promised"})]
    )
    async with inside(notebook) as officer:
        assert names_in_order(officer)[-1] == "欧阳晓燕"
        row = officer.screen.find(key=f"case-{case_id_of('欧阳晓燕')}")
        assert any(isinstance(c, ft.Icon) and c.icon == ft.Icons.CHECK for c in officer.screen.controls(row))
        assert officer.screen.shows("今日已办")
        assert officer.screen.find(key="done").value == "1"


async def test_a_row_opens_its_case_and_back_leads_to_today() -> None:
    async with inside() as officer:
        await officer.screen.tap(key=f"case-{case_id_of('王喆')}")
        assert officer.route == f"/case/{case_id_of('王喆')}"
        await officer.screen.back()
        assert officer.route == "/"


async def test_an_unfinished_record_is_shown_and_goes_on_with_one_tap() -> None:
    notebook = FakeNotebook()
    await notebook.save_draft(Draft("d1", case_id_of("王喆"), "visit", {}))
    async with inside(notebook) as officer:
        assert officer.screen.shows("未完成的记录")
        assert officer.screen.shows("上门：王喆")
        await officer.screen.tap(key="draft-d1")
        assert officer.route == f"/case/{case_id_of('王喆')}/visit"


async def test_many_unfinished_records_leave_the_plan_its_place_and_unfold() -> None:
    notebook = FakeNotebook()
    for n, kind in enumerate(("visit", "call", "note", "promise")):
        await notebook.save_draft(Draft(f"d{n}", case_id_of("王喆"), kind, {}))
    async with inside(notebook) as officer:
        assert [bool(officer.screen.find_all(key=f"draft-d{n}")) for n in range(4)] == [
            False,
            False,
            True,
            True,
        ]
        assert officer.screen.shows("还有 2 条")
        await officer.screen.tap(key="unfinished-more")
        assert all(officer.screen.find_all(key=f"draft-d{n}") for n in range(4))


async def test_an_empty_notebook_says_how_to_fill_it() -> None:
    async with inside(FakeNotebook(empty=True)) as officer:
        assert officer.screen.shows("还没有客户")
        assert officer.screen.shows("同步后，分给您的逾期客户会显示在这里。")


async def test_the_sync_starts_by_itself_and_says_so_when_all_is_sent() -> None:
    async with inside() as officer:
        assert officer.notebook.syncs == 1
        assert officer.screen.shows("已同步")


async def test_a_tap_on_the_chip_tries_again_once_the_branch_is_back() -> None:
    notebook = FakeNotebook()
    notebook.online = False
    async with inside(notebook) as officer:
        notebook.online = True
        before = notebook.syncs  # it also tries again by itself, after a time that chance decides
        await officer.screen.tap(key="sync-chip")
        assert not officer.screen.shows("3 条待传")
        assert notebook.syncs > before


async def test_pulling_beyond_the_top_syncs() -> None:
    async with inside() as officer:
        await officer.screen.scroll(key="today", pixels=0.0, overscroll=-20.0)
        assert officer.notebook.syncs == 2


async def test_a_plan_that_cannot_be_made_says_so_and_the_page_lives_on() -> None:
    class Broken(FakeNotebook):
        broken = True

        async def today(self, *args: object, **more: object) -> object:
            if self.broken:
                raise RuntimeError("made up")
            return await super().today()

    notebook = Broken()
    async with inside(notebook) as officer:
        assert officer.screen.shows("这里出了点问题")
        notebook.broken = False
        await officer.screen.tap(key="retry")
        assert officer.screen.shows("王喆")


async def test_a_new_day_is_planned_when_today_is_opened_again() -> None:
    async with inside() as officer:
        officer.notebook.moment += timedelta(days=1)
        await officer.go_to("me")
        await officer.go_to("today")
        assert officer.screen.shows("11月24日 周二")


def test_the_age_of_the_data_is_counted_in_days_of_the_calendar() -> None:
    late = FakeNotebook().moment.replace(hour=23, minute=50)
    assert since_last_sync(late - timedelta(days=1), TODAY, t) == "距上次同步 1 天"
    assert since_last_sync(late, TODAY, t) == "今日 23:50 已同步"
    assert since_last_sync(None, TODAY, t) == "还没有同步过"
    assert late.tzinfo is ZONE


def test_a_place_is_said_of_what_is_known() -> None:
    assert place_in_words("沙河镇", "", 350, t) == "沙河镇 · 350\u00a0米"
    assert place_in_words("", "", None, t) == ""


def a_step(step: str, kind: str, why: Text, *, done: bool = False) -> Step:
    return Step(step, kind, "borrower", Text({"zh": step}), why, TODAY, None, done)


LOOK = a_step("首次上门", "visit", Text({"zh": "到经营地看是否正常经营，问清逾期原因，讲明后果"}))
RING = a_step("每日电话", "call", Text({"zh": "逾期第 {day} 天：电话催要，讲明逾期的后果"}, {"day": 3}))
EXACT = a_step(
    "电话告知差额",
    "call",
    Text({"zh": "只差 {missing}：请存入还款账户；今天就去"}, {"missing": Decimal("3427.50")}),
)


def test_a_row_gives_the_first_words_of_the_procedures_reason_and_never_cuts_a_figure() -> None:
    assert steps_in_words([LOOK], t) == "首次上门：到经营地看是否正常经营"
    assert steps_in_words([LOOK, EXACT], t) == "首次上门、电话告知差额：只差 ¥3,427.50：请存入还款账户"


def test_an_english_row_reads_as_one_sentence() -> None:
    steps = [
        Step(k, "visit", "borrower", Text({"en": k}), Text({}), TODAY, None, False)
        for k in ("Second visit", "Contact the guarantor")
    ]
    assert steps_in_words(steps, translator("en")) == "Second visit, contact the guarantor"


def test_a_row_does_not_say_the_day_twice() -> None:
    assert steps_in_words([RING, LOOK], t) == "每日电话、首次上门"


async def test_where_text_is_large_one_unfinished_record_is_enough_before_the_plan() -> None:
    notebook = FakeNotebook()
    notebook.preferences["text_size"] = "200"
    for n, kind in enumerate(("visit", "call", "note")):
        await notebook.save_draft(Draft(f"d{n}", case_id_of("王喆"), kind, {}))
    async with inside(notebook) as officer:
        assert [bool(officer.screen.find_all(key=f"draft-d{n}")) for n in range(3)] == [False, False, True]
        assert officer.screen.shows("还有 2 条")


def test_at_a_door_the_door_comes_first() -> None:
    due = replace(RING, step="承诺今日到期", promise_id="p1")
    assert [s.step for s in doors_first([due, RING, LOOK])] == ["承诺今日到期", "首次上门", "每日电话"]


async def test_a_clock_that_is_off_is_said_at_the_head_of_the_day() -> None:
    notebook = FakeNotebook()
    notebook.clock_off_s = 1500
    async with inside(notebook) as officer:
        assert officer.screen.shows("本机时间相差 25 分钟")


async def test_a_form_left_with_the_phones_back_is_on_today_at_once() -> None:
    async with case_open("王喆") as case:
        await case.dial()
        await case.choose("outcome-no_answer")
        await case.screen.back()
        await case.screen.back()
        assert case.route == "/"
        assert case.screen.shows("未完成的记录")
        assert case.screen.shows("电话结果：王喆")
