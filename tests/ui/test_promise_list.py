from dataclasses import replace
from datetime import date
from decimal import Decimal

from app.domain.promises import PromiseView
from app.ui.screens.promises import DAY_GAP, by_state, sums
from tests.support.fake_notebook import FakeNotebook, case_id_of
from tests.ui.officer import Officer, inside

CASE = FakeNotebook().cases[case_id_of("王喆")][0]
VIEW = PromiseView(
    "a", "borrower", Decimal("100.00"), date(2026, 11, 23), date(2026, 11, 20), "open", Decimal("0.00")
)


async def test_promises_stand_by_state_the_pressing_ones_first() -> None:
    async with inside(tab="promises") as officer:
        words = officer.screen.texts()
        assert words.index("今日到期") < words.index("11月22日 周日到期")
        assert officer.screen.shows("11月22日 周日到期")


async def test_sums_say_what_is_to_come_and_what_was_not_kept() -> None:
    async with inside(tab="promises") as officer:
        assert officer.screen.find(key="sum-open").value == "¥4,000.00"
        assert officer.screen.find(key="sum-broken").value == "¥10,000.00"


async def test_a_promise_opens_its_case_and_back_leads_to_the_promises() -> None:
    async with inside(tab="promises") as officer:
        [first, *_] = [c for c in officer.screen.controls() if str(c.key).startswith("promise-")]
        await officer.screen.tap(key=first.key)
        assert officer.route.startswith("/promises/case/")
        await officer.screen.back()
        assert officer.route == "/promises"


async def test_without_a_promise_the_list_says_where_they_come_from() -> None:
    async with inside(FakeNotebook(empty=True), tab="promises") as officer:
        assert officer.screen.shows("还没有还款承诺")


def test_a_promise_kept_in_part_counts_with_those_not_kept_and_a_replaced_one_not_at_all() -> None:
    states = ("due_today", "open", "partial", "broken", "kept", "to_verify", "replaced")
    pledges = [(CASE, replace(VIEW, state=s)) for s in states]
    assert sums(pledges) == {
        "open": Decimal("200.00"),
        "kept": Decimal("100.00"),
        "broken": Decimal("200.00"),
        "to_verify": Decimal("100.00"),
    }


def test_within_a_state_the_earliest_day_comes_first() -> None:
    later, earlier = replace(VIEW, due_on=date(2026, 12, 1)), VIEW
    [(state, group)] = by_state([(CASE, later), (CASE, earlier)])
    assert state == "open"
    assert [p.due_on for _, p in group] == [earlier.due_on, later.due_on]


async def test_a_day_of_the_strip_shows_what_falls_due_on_it_and_a_second_tap_shows_all() -> None:
    async with inside(tab="promises") as officer:
        before = promised(officer)
        await officer.screen.tap(key="day-2026-11-23")
        assert promised(officer) == ["欧阳晓燕"]
        await officer.screen.tap(key="day-2026-11-23")
        assert promised(officer) == before
        await officer.screen.tap(key="day-2026-11-25")
        assert officer.screen.shows("这一天没有到期的承诺。")


def promised(officer: Officer) -> list[str]:
    keys = [c.key for c in officer.screen.controls() if isinstance(c.key, str)]
    ids = {e.activity.activity_id: e.activity.case_id for e in officer.notebook.entries}
    names = {i: case.borrower.name for i, (case, _) in officer.notebook.cases.items()}
    return [names[ids[k[8:-2]]] for k in keys if k.startswith("promise-")]


async def test_where_text_is_large_the_strip_begins_with_yesterday_so_that_today_is_in_sight() -> None:
    notebook = FakeNotebook()
    notebook.preferences["text_size"] = "200"
    async with inside(notebook, tab="promises") as officer:
        [(_, args)] = [c for c in officer.screen.client.calls if c[0] == "scroll_to"]
        step = officer.screen.find(key="day-2026-11-22").width + DAY_GAP
        assert args["offset"] == 2 * step


async def test_where_text_is_of_common_size_the_strip_stays_as_it_is() -> None:
    async with inside(tab="promises") as officer:
        assert [c for c in officer.screen.client.calls if c[0] == "scroll_to"] == []
