"""上门 (一趟办)."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import flet as ft
import pytest

from app.domain.codes import VISIT_OUTCOMES
from app.domain.gate import Hindrance
from app.domain.message import Message
from app.domain.records import Position
from tests.support.fake_notebook import TODAY, ZONE, FakeNotebook
from tests.ui.case_file import WANG, ZHANG, case_open
from tests.ui.officer import FakeDevice
from tests.ui.test_notice import draw

HERE = Position(32.3805, 106.8402, accuracy_m=12.4)


async def test_a_visit_that_met_nobody_takes_at_most_four_taps() -> None:
    async with case_open(ZHANG, position=HERE) as case:
        await case.open_form("visit")
        await case.choose("outcome-door_locked")
        await case.save()
        assert case.screen.taps <= 4
        (visit,) = case.notebook.recorded
        assert (visit.kind, visit.body["met"], visit.body["place"]) == ("visit", [], "business")
        assert case.saved


async def test_a_visit_that_met_the_borrower_with_its_promise_takes_at_most_nine_taps() -> None:
    async with case_open(ZHANG, position=HERE) as case:
        await case.open_form("visit")
        await case.choose("outcome-promised", "due-plus3", "business-operating", "reason-cash_flow")
        await case.choose("detail-receivable_unpaid", "explained-credit_report", "explained-penalty")
        await case.save()
        assert case.screen.taps <= 9
        visit, promise = case.notebook.recorded
        assert visit.body["met"] == ["borrower"]
        assert visit.body["business_state"] == "operating"
        assert visit.body["explained"] == ["credit_report", "penalty"]
        assert promise.body["amount"] == "1866.32"
        assert promise.body["due_on"] == (TODAY + timedelta(days=3)).isoformat()


@pytest.mark.parametrize("kind", ["visit", "notice", "promise", "note"])
async def test_a_form_is_there_in_its_first_frame_without_a_ring(kind: str) -> None:
    book = FakeNotebook()
    book.waits = False
    async with case_open(WANG, book, position=HERE) as case:
        before = len(case.screen.client.sent)
        case.screen.page.navigate(f"{case.route}/{kind}")
        await case.screen.until(lambda: bool(case.screen.find_all(key="save")))
        shown = case.screen.client.sent[before:]
        assert any(b"FilledButton" in message for message in shown)
        assert not any(b"ProgressRing" in message for message in shown)


async def test_every_outcome_of_a_visit_can_be_chosen() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        for outcome in VISIT_OUTCOMES:
            assert case.screen.find_all(key=f"outcome-{outcome}"), outcome


async def test_the_position_is_taken_by_itself_and_shown_with_accuracy_and_distance() -> None:
    async with case_open(ZHANG, position=HERE) as case:
        await case.open_form("visit")
        assert case.screen.shows("误差 12 米")
        assert case.screen.shows("距登记地址 50\u00a0米")
        await case.choose("outcome-not_home")
        await case.save()
        assert case.notebook.recorded[0].position == HERE


class SlowDevice(FakeDevice):
    """The fix does not come until the gate opens."""

    def __init__(self) -> None:
        super().__init__(HERE)
        self.gate = asyncio.Event()

    async def locate(self) -> Position | None:
        await self.gate.wait()
        return self.position


async def test_a_fix_that_does_not_come_holds_nothing_up() -> None:
    device = SlowDevice()
    async with case_open(ZHANG, device=device) as case:
        await case.open_form("visit")
        assert case.screen.shows("正在定位")
        await case.choose("outcome-door_locked")
        await case.save()
        assert case.saved
        assert case.notebook.recorded[0].position is None
        device.gate.set()
        await case.screen.settle()
        assert case.notebook.kept_drafts == {}  # a late fix does not bring the draft back


async def test_no_position_is_said_and_can_be_asked_for_again() -> None:
    async with case_open(ZHANG, position=None) as case:
        await case.open_form("visit")
        assert case.screen.shows("没有定位")
        case.device.position = HERE
        await case.screen.tap(key="position-again")
        assert case.screen.shows("已定位")


async def test_opening_the_form_alone_leaves_no_draft() -> None:
    async with case_open(ZHANG, position=HERE) as case:
        await case.open_form("visit")
        assert case.notebook.kept_drafts == {}


async def test_what_was_chosen_before_the_page_locked_itself_is_there_after_the_pin() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        await case.choose("outcome-door_locked")
        case.device.notice("away")
        case.notebook.moment += timedelta(minutes=6)
        case.device.notice("back")
        await case.screen.until(lambda: case.screen.shows("请输入 6 位 PIN"))
        await case.enter_pin()
        await case.save()
        assert [r.body["outcome"] for r in case.notebook.recorded] == ["door_locked"]


async def test_what_a_first_visit_still_lacks_is_listed_and_blocks_nothing() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        assert case.screen.shows("首次上门还缺")
        for member in ("met", "outcome", "business_state", "reason", "explained"):
            assert case.screen.find_all(key=f"missing-{member}"), member
        await case.choose("outcome-unable", "business-reduced")
        for member in ("met", "outcome", "business_state"):
            assert not case.screen.find_all(key=f"missing-{member}"), member
        assert case.screen.find_all(key="missing-reason")
        await case.save()
        assert case.saved


async def test_a_complete_first_visit_says_so() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        await case.choose("outcome-unable", "business-reduced", "reason-market", "explained-legal")
        assert case.screen.shows("首次上门已齐")


async def test_the_list_is_not_shown_where_no_first_visit_is_asked_for() -> None:
    async with case_open(WANG) as case:
        await case.open_form("visit")
        assert not case.screen.find_all(key="first-visit")


async def test_who_was_met_follows_the_outcome_until_the_officer_says_otherwise() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        await case.choose("outcome-met_family")
        assert case.chosen("met-other:family")
        await case.choose("outcome-refused")
        assert case.chosen("met-borrower")
        await case.choose("met-d1")
        await case.choose("outcome-change", "outcome-unable")
        assert case.chosen("met-d1")
        await case.save()
        assert case.notebook.recorded[0].body["met"] == ["borrower", "d1"]


async def test_conduct_colleague_place_and_door_are_kept() -> None:
    async with case_open(WANG) as case:
        await case.open_form("visit")
        await case.choose(
            "door-g1", "place-home", "outcome-unable", "checklist-identified", "checklist-consent"
        )
        await case.screen.write("李国强", key="with-officer")
        await case.save()
        body = case.notebook.recorded[0].body
        assert (body["party"], body["place"], body["with_officer"]) == ("g1", "home", "李国强")
        assert body["checklist"] == ["identified", "consent"]
        assert body["met"] == ["g1"]


async def test_money_coming_in_is_kept_with_from_amount_and_day() -> None:
    async with case_open(WANG) as case:
        await case.open_form("visit")
        await case.choose("outcome-unable", "receivable-add")
        await case.screen.write("镇供销社", key="receivable-from-0")
        await case.screen.write("3200", key="receivable-amount-0")
        await case.save()
        assert case.notebook.recorded[0].body["receivables"] == [
            {"from": "镇供销社", "amount": "3200", "expected_on": None}
        ]


async def test_none_said_is_an_answer() -> None:
    async with case_open(WANG) as case:
        await case.open_form("visit")
        await case.choose("outcome-unable", "receivable-none")
        await case.save()
        assert case.notebook.recorded[0].body["receivables"] == []


async def test_a_visit_of_yesterday_is_entered_with_its_day_in_the_branchs_zone() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        await case.choose("outcome-door_locked", "happened-day")
        (picker,) = [d for d in case.screen.page._dialogs.controls if isinstance(d, ft.DatePicker)]
        # what Flet sends for the 21st picked at +8
        picked = datetime.fromisoformat("2026-11-20T16:00:00+00:00")
        case.screen.session.apply_patch(picker._i, {"value": picked})
        await case.screen.session.dispatch_event(picker._i, "change", None)
        await case.screen.settle()
        assert case.screen.shows("补记")
        await case.save()
        happened = case.notebook.recorded[0].happened_at
        assert happened is not None
        assert happened.astimezone(ZONE).date() == date(2026, 11, 21)


async def test_a_visit_form_is_found_again_after_the_page_was_closed() -> None:
    notebook = FakeNotebook()
    async with case_open(ZHANG, notebook, position=HERE) as case:
        await case.open_form("visit")
        await case.choose("outcome-promised", "due-tomorrow", "business-reduced", "receivable-add")
        await case.screen.write("老王", key="receivable-from-0")
    async with case_open(ZHANG, notebook) as case:
        await case.open_form("visit")
        for key in ("outcome-promised", "due-tomorrow", "business-reduced"):
            assert case.chosen(key), key
        assert case.screen.find(key="receivable-from-0").value == "老王"
        await case.save()
        assert (
            case.notebook.recorded[0].position == HERE
        )  # where it began, not where the page was opened again


async def test_the_no_cash_line_is_there() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        assert case.screen.shows("不得代收现金")
        assert not case.screen.shows("语气平和")
        await case.choose("business-operating")
        assert case.screen.shows("语气平和")


async def test_one_save_closes_visit_promise_notice_and_the_guarantor_at_one_door() -> None:
    async with case_open(WANG, position=HERE) as case:
        await case.open_form("visit")
        await case.choose(
            "outcome-promised", "due-plus3", "met-g1", "agreed-g1-urges_borrower", "notice-signed"
        )
        assert case.screen.find(key="save").disabled
        await draw(case)
        await case.save()
        visit, promise, demand, notice = case.notebook.recorded
        assert [r.kind for r in case.notebook.recorded] == ["visit", "promise", "guarantor_demand", "notice"]
        assert len({r.activity_id for r in case.notebook.recorded}) == 4
        assert visit.body["met"] == ["borrower", "g1"]
        assert promise.body["party"] == "borrower"
        assert demand.body == {"guarantor_id": "g1", "method": "visit", "agreed": "urges_borrower"}
        assert (notice.body["addressee"], notice.body["result"]) == ("borrower", "signed")
        assert notice.position == visit.position == demand.position == HERE
        assert notice.blobs[0].data.startswith(b"<svg")
        assert case.screen.shows("送达：已签收")


async def test_a_notice_refused_at_the_door_needs_its_witness_and_a_second_tap_takes_it_back() -> None:
    async with case_open(WANG) as case:
        await case.open_form("visit")
        await case.choose("outcome-refused", "notice-refused_witnessed")
        assert case.screen.find(key="save").disabled
        await case.choose("notice-refused_witnessed")
        await case.save()
        assert [r.kind for r in case.notebook.recorded] == ["visit"]


async def test_a_notice_left_at_a_guarantors_door_is_addressed_to_that_guarantor() -> None:
    async with case_open(WANG) as case:
        await case.open_form("visit")
        await case.choose("door-g2", "outcome-door_locked", "notice-left")
        await case.save()
        _, notice = case.notebook.recorded
        assert (notice.body["addressee"], notice.body["method"]) == ("g2", "left_at_place")


async def test_the_day_when_there_will_be_money_is_kept_with_where_it_comes_from() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        await case.choose("outcome-unable", "cash-7", "cash-from-0")
        await case.save()
        (visit,) = case.notebook.recorded
        assert visit.body["cash_outlook"] == {"on": "2026-11-30", "source": "卖粮、卖牲畜"}


@pytest.mark.parametrize("reason", ["under_deposit", "wrong_account"])
async def test_too_little_or_the_wrong_account_says_the_exact_amount_and_the_account(reason: str) -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        await case.choose("outcome-going_to_deposit", f"reason-{reason}")
        assert case.screen.find(key="exactly").value == "准确差额 ¥1,776.07，请存入尾号 3903 的还款账户。"


async def test_what_is_worth_knowing_before_a_visit_stands_above_the_form_and_stops_nobody() -> None:
    notebook = FakeNotebook()
    notebook.hindered = (Hindrance("avoid", Message("Not before 30 November."), None, None, blocks=False),)
    async with case_open(ZHANG, notebook) as case:
        await case.open_form("visit")
        assert case.screen.find_all(key="warning-avoid")
        await case.choose("outcome-not_home")
        await case.save()
        assert case.saved


async def test_a_visit_that_hears_it_is_paid_goes_on_to_what_they_say() -> None:
    async with case_open(ZHANG) as case:
        await case.open_form("visit")
        await case.choose("outcome-claims_paid")
        await case.save()
        await case.screen.tap(key="to-claim")
        assert case.route.endswith("/claim")
