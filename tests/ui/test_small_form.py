"""要求担保人, 核对, 上报, 备注."""

from __future__ import annotations

from tests.ui.case_file import WANG, case_open


async def test_a_guarantors_answer_takes_three_taps_and_a_promise_is_asked_for_who_pays() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="form-demand")
        await case.choose("guarantor-g1", "agreed-pays")
        await case.save()
        [demand] = case.notebook.recorded
        assert (demand.kind, demand.body) == (
            "guarantor_demand",
            {"guarantor_id": "g1", "method": "call", "agreed": "pays"},
        )
        await case.screen.tap(key="to-promise")
        assert case.route.endswith("/promise")


async def test_a_contact_is_confirmed_in_two_taps() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="form-check")
        before = case.screen.taps
        await case.choose("check-borrower-phone-0-confirmed")
        await case.save()
        assert case.screen.taps - before <= 2
        [check] = case.notebook.recorded
        assert (check.body["party"], check.body["field"], check.body["state"]) == (
            "borrower",
            "phone",
            "confirmed",
        )


async def test_a_changed_number_needs_the_new_one() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="form-check")
        await case.choose("check-borrower-phone-0-changed")
        assert case.screen.find(key="save").disabled
        await case.screen.write("13900000000", key="new")
        await case.save()
        assert case.notebook.recorded[0].body["new"] == "13900000000"


async def test_a_referral_needs_a_reason() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="form-referral")
        await case.choose("to-legal")
        assert case.screen.find(key="save").disabled
        await case.screen.write("长期拖欠", key="why")
        await case.save()
        assert case.notebook.recorded[0].body == {"to": "legal", "why": "长期拖欠"}


async def test_a_note_is_words_and_one_save() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="form-note")
        await case.screen.write("不列入：家中变故", key="text")
        await case.save()
        assert case.notebook.recorded[0].body == {"text": "不列入：家中变故"}
