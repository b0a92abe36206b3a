"""电话结果."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from app.domain.codes import CALL_OUTCOMES
from app.domain.gate import Hindrance
from app.domain.message import Message
from tests.support.fake_notebook import TODAY, FakeNotebook, case_id_of
from tests.ui.case_file import CHEN, WANG, case_open


async def test_a_call_is_recorded_in_three_taps_from_the_case() -> None:
    async with case_open(CHEN) as case:
        await case.dial()
        await case.choose("outcome-no_answer")
        await case.save()
        assert case.screen.taps <= 3
        assert case.saved
        (call,) = case.notebook.recorded
        assert (call.kind, call.case_id) == ("call", case_id_of(CHEN))
        assert call.body == {
            "party": "borrower",
            "number": "13981020042",
            "direction": "out",
            "outcome": "no_answer",
            "explained": [],
        }
        assert case.notebook.kept_drafts == {}


async def test_every_outcome_of_a_call_can_be_chosen() -> None:
    async with case_open(CHEN) as case:
        await case.dial()
        for outcome in CALL_OUTCOMES:
            assert case.screen.find_all(key=f"outcome-{outcome}"), outcome


async def test_a_promise_on_the_telephone_is_saved_with_the_call() -> None:
    async with case_open(CHEN) as case:
        await case.dial()
        await case.choose("outcome-promised", "amount-instalment", "due-tomorrow")
        await case.save()
        call, promise = case.notebook.recorded
        assert (call.kind, promise.kind) == ("call", "promise")
        assert promise.body["amount"] == "2380.00"
        assert promise.body["due_on"] == (TODAY + timedelta(days=1)).isoformat()
        assert promise.body["party"] == "borrower"
        assert case.screen.shows("¥2,380.00")


async def test_a_promise_without_a_day_does_not_hold_up_the_call_and_is_asked_for_next() -> None:
    async with case_open(CHEN) as case:
        await case.dial()
        await case.choose("outcome-promised")
        await case.save()
        assert case.saved
        assert [a.kind for a in case.notebook.recorded] == ["call"]
        await case.screen.tap(key="to-promise")
        assert case.route.endswith("/promise")


async def test_a_reached_call_asks_why_and_what_was_explained() -> None:
    async with case_open(CHEN) as case:
        await case.dial()
        assert not case.screen.find_all(key="reason-cash_flow")
        await case.choose("outcome-unable", "reason-cash_flow", "detail-receivable_unpaid")
        await case.choose("explained-credit_report", "explained-penalty", "cause-capacity")
        await case.save()
        body = case.notebook.recorded[0].body
        assert (body["reason"], body["reason_detail"], body["cause"]) == (
            "cash_flow",
            "receivable_unpaid",
            "capacity",
        )
        assert body["explained"] == ["credit_report", "penalty"]


async def test_another_reason_takes_the_detail_of_the_first_away() -> None:
    async with case_open(CHEN) as case:
        await case.dial()
        await case.choose("outcome-unable", "reason-cash_flow", "detail-receivable_unpaid", "reason-market")
        assert case.kept["reason_detail"] == ""


async def test_every_change_is_a_draft() -> None:
    async with case_open(CHEN) as case:
        await case.dial()
        await case.choose("outcome-callback")
        assert case.kept["outcome"] == "callback"
        await case.screen.write("明天再打", key="note")
        assert case.kept["note"] == "明天再打"
        await case.choose("direction-in")
        assert case.kept["direction"] == "in"


async def test_a_page_closed_in_the_middle_finds_the_form_again_as_it_was() -> None:
    notebook = FakeNotebook()
    async with case_open(CHEN, notebook) as case:
        await case.dial()
        await case.choose("outcome-unable", "reason-family", "detail-illness")
        await case.screen.write("住院", key="note")
        born_with = case.kept["activity_id"]
    async with case_open(CHEN, notebook) as case:
        await case.dial()  # the call that was never saved comes first
        assert case.device.dialled == []
        assert case.chosen("outcome-unable")
        assert case.chosen("detail-illness")
        assert case.screen.find(key="note").value == "住院"
        assert case.screen.find_all(key="restored")
        await case.save()
        assert notebook.recorded[0].activity_id == born_with


async def test_a_full_phone_dials_all_the_same_and_says_that_it_is_full() -> None:
    notebook = FakeNotebook()
    notebook.disk_full = True
    async with case_open(CHEN, notebook) as case:
        await case.dial()
        assert len(case.device.dialled) == 1
        assert "空间" in case.screen.snack()


async def test_a_draft_taken_up_later_happened_when_it_was_begun() -> None:
    notebook = FakeNotebook()
    begun = notebook.moment
    async with case_open(CHEN, notebook) as case:
        await case.dial()
        await case.choose("outcome-busy")
    notebook.moment += timedelta(hours=5)
    async with case_open(CHEN, notebook) as case:
        await case.dial()
        await case.save()
        assert notebook.recorded[0].happened_at == begun


async def test_discarding_a_draft_begins_anew_under_another_id() -> None:
    notebook = FakeNotebook()
    async with case_open(CHEN, notebook) as case:
        await case.dial()
        await case.choose("outcome-busy")
        first = case.kept["activity_id"]
    async with case_open(CHEN, notebook) as case:
        await case.dial()
        await case.screen.tap(key="discard")
        assert notebook.kept_drafts == {}
        assert not case.chosen("outcome-busy")
        await case.choose("outcome-no_answer")
        assert case.kept["activity_id"] != first


async def test_a_save_that_fails_says_why_and_keeps_everything() -> None:
    async with case_open(CHEN) as case:
        await case.dial()
        await case.choose("outcome-busy")
        case.notebook.disk_full = True
        await case.save()
        assert not case.saved
        assert case.screen.find_all(key="form-error")
        assert case.chosen("outcome-busy")
        case.notebook.disk_full = False
        await case.save()
        assert case.saved
        assert len(case.notebook.recorded) == 1


async def test_two_taps_on_save_save_once() -> None:
    async with case_open(CHEN) as case:
        await case.dial()
        await case.choose("outcome-busy")
        target = case.screen.find(key="save")
        await asyncio.gather(
            *(case.screen.session.dispatch_event(target._i, "click", None) for _ in range(2))
        )
        await case.screen.settle()
        assert len(case.notebook.recorded) == 1


async def test_saved_is_said_only_when_the_notebook_has_it() -> None:
    class Slow(FakeNotebook):
        gate: asyncio.Event

        async def record(self, *args, **kwargs):  # type: ignore[no-untyped-def]
            await self.gate.wait()
            return await super().record(*args, **kwargs)

    notebook = Slow()
    notebook.gate = asyncio.Event()
    async with case_open(CHEN, notebook) as case:
        await case.dial()
        await case.choose("outcome-busy")
        target = case.screen.find(key="save")
        saving = asyncio.create_task(case.screen.session.dispatch_event(target._i, "click", None))
        await case.screen.until(lambda: case.screen.find(key="save").disabled)
        assert not case.saved
        notebook.gate.set()
        await saving
        await case.screen.settle()
        assert case.saved


async def test_after_saving_the_next_of_the_call_list_is_dialled_with_one_tap() -> None:
    async with case_open("欧阳晓燕") as case:
        await case.dial()
        await case.choose("outcome-no_answer")
        await case.save()
        assert case.screen.shows(CHEN)
        taps = case.screen.taps
        await case.screen.tap(key="next")
        assert case.screen.taps == taps + 1
        assert case.device.dialled[-1] == "13981020042"
        assert case.route == f"/case/{case_id_of(CHEN)}/call"
        assert not case.saved
        assert not case.screen.find_all(key="outcome-no_answer")[0].icon  # nothing of the last form is left
        await case.choose("outcome-busy")
        await case.save()
        assert [a.case_id for a in case.notebook.recorded] == [case_id_of("欧阳晓燕"), case_id_of(CHEN)]


async def test_one_can_go_back_to_the_case_instead() -> None:
    async with case_open(CHEN) as case:
        await case.dial()
        await case.choose("outcome-no_answer")
        await case.save()
        await case.screen.tap(key="back-to-case")
        assert case.route == f"/case/{case_id_of(CHEN)}"
        assert case.screen.shows("无人接听")


async def test_a_form_with_changes_says_on_leaving_that_the_draft_is_kept() -> None:
    async with case_open(WANG) as case:
        await case.dial()
        await case.choose("outcome-busy")
        view = case.screen.views()[-1]
        assert not view.can_pop
        await case.screen.session.dispatch_event(view._i, "confirm_pop", None)
        await case.screen.settle()
        assert "草稿" in case.screen.snack()
        assert ("confirm_pop", {"should_pop": True}) in case.screen.client.calls


async def test_a_form_can_be_left_freely_once_it_is_saved() -> None:
    async with case_open(WANG) as case:
        await case.dial()
        await case.choose("outcome-busy")
        await case.save()
        assert case.screen.views()[-1].can_pop


async def test_a_callback_can_be_given_its_time() -> None:
    async with case_open(CHEN) as case:
        await case.dial()
        await case.choose("outcome-callback")
        tomorrow = f"callback-{(TODAY + timedelta(days=1)).isoformat()}T09:00:00+08:00"
        await case.choose(tomorrow)
        await case.save()
        assert case.notebook.recorded[0].body["callback_at"] == tomorrow.removeprefix("callback-")


async def test_a_rule_against_a_call_is_said_before_anything_is_dialled() -> None:
    notebook = FakeNotebook()
    notebook.hindered = (Hindrance("contact_hours", Message("Why")),)
    async with case_open(CHEN, notebook) as case:
        await case.dial()
        assert case.device.dialled == []
        assert case.screen.shows("有规定不允许")
        assert case.screen.find(key="dial-anyway").disabled
        await case.choose("gate-why-0", "dial-anyway")
        assert len(case.device.dialled) == 1
        await case.choose("outcome-no_answer")
        await case.save()
        assert case.saved
        assert notebook.recorded[0].override == "对方约定此时联系"


async def test_a_guarantor_on_the_telephone_is_asked_to_pay_in_the_same_save() -> None:
    async with case_open(WANG) as case:
        await case.dial()
        assert not case.screen.find_all(key="agreed-g1-refuses")
        await case.choose("dialled-g1-13990100777", "outcome-refused", "agreed-g1-refuses")
        await case.save()
        call, demand = case.notebook.recorded
        assert (call.body["party"], demand.kind) == ("g1", "guarantor_demand")
        assert demand.body == {"guarantor_id": "g1", "method": "call", "agreed": "refuses"}


async def test_an_answer_of_a_guarantor_who_was_not_reached_after_all_is_not_kept() -> None:
    async with case_open(WANG) as case:
        await case.dial()
        await case.choose("dialled-g1-13990100777", "outcome-refused", "agreed-g1-refuses")
        await case.choose("outcome-change", "outcome-busy")
        await case.save()
        assert [r.kind for r in case.notebook.recorded] == ["call"]
