"""要求担保人, 核对, 上报, 备注."""

from __future__ import annotations

import pytest

from app.ui.theme import FLOATING
from tests.support.fake_notebook import FakeNotebook
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
        await case.choose("check-borrower-phone-0-confirmed")
        assert case.saved
        assert case.screen.taps <= 2
        [check] = case.notebook.recorded
        assert (check.body["party"], check.body["field"], check.body["state"]) == (
            "borrower",
            "phone",
            "confirmed",
        )


async def test_one_contact_checked_leads_to_the_next() -> None:
    async with case_open(WANG) as case:
        await case.open_form("form-check")
        await case.choose("check-borrower-phone-0-confirmed")
        assert case.saved and case.screen.shows("139\u00a08102\u00a00007：属实")
        await case.screen.tap(key="again")
        assert not case.saved
        await case.choose("check-borrower-phone-1-invalid")
        await case.save()
        assert case.saved and case.screen.shows("136\u00a00803\u00a00003：无效")
        checks = [e.activity.body for e in case.notebook.entries if e.activity.kind == "contact_check"]
        assert [(c["old"], c["state"]) for c in checks] == [
            ("13981020007", "confirmed"),
            ("13608030003", "invalid"),
        ]


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
        assert case.screen.shows("还没填：提请事项、理由")
        await case.choose("to-legal")
        assert case.screen.find(key="save").disabled and case.screen.shows("还没填：理由")
        await case.screen.write("长期拖欠", key="why")
        assert not case.screen.shows("还没填")
        await case.save()
        assert case.notebook.recorded[0].body == {"to": "legal", "why": "长期拖欠"}


async def test_a_note_is_words_and_one_save() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="form-note")
        await case.screen.write("不列入：家中变故", key="text")
        await case.save()
        assert case.notebook.recorded[0].body == {"text": "不列入：家中变故"}


async def test_where_a_customer_is_to_be_found_is_kept_with_the_day_not_to_come_before() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="form-whereabouts")
        await case.screen.write("县城建材市场", key="place")
        await case.choose("when-2", "source-1")
        assert not case.screen.find(key="save").disabled
        await case.choose("avoid-7")
        await case.screen.write("老人住院", key="avoid_why")
        await case.save()
        [told] = case.notebook.recorded
        assert told.kind == "whereabouts"
        assert told.body == {
            "party": "borrower",
            "place": "县城建材市场",
            "when": "晚上",
            "source": "家属",
            "seen_on": "2026-11-23",
            "avoid": {"until": "2026-12-01T00:00:00+08:00", "why": "老人住院"},
        }
        await case.screen.tap(key="back-to-case")
        assert case.screen.shows("县城建材市场 · 晚上 · 11月30日（含）前勿访（老人住院） · 11月23日 家属")


async def test_what_a_customer_says_to_have_paid_is_kept_with_day_and_way() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="form-claim")
        await case.choose("amount-instalment", "paid--1")
        assert case.screen.find(key="save").disabled
        await case.choose("channel-0")
        await case.save()
        [claim] = case.notebook.recorded
        assert (claim.kind, claim.body) == (
            "payment_claim",
            {"party": "borrower", "amount": "2380.00", "paid_on": "2026-11-22", "channel": "柜台"},
        )


async def test_an_amount_typed_as_nothing_is_no_claim() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="form-claim")
        await case.choose("amount-other", "amount-0", "paid-0", "channel-0")
        assert case.screen.find(key="save").disabled
        await case.choose("amount-5")
        assert not case.screen.find(key="save").disabled


async def test_the_promise_of_a_guarantor_who_pays_is_theirs_without_asking() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="form-demand")
        await case.choose("guarantor-g2", "agreed-pays")
        await case.save()
        await case.screen.tap(key="to-promise")
        await case.choose("due-tomorrow")
        await case.save()
        assert case.notebook.recorded[-1].body["party"] == "g2"


async def test_a_small_form_left_unfinished_is_named_on_today_and_goes_on_from_there() -> None:
    async with case_open(WANG) as case:
        await case.screen.tap(key="form-note")
        await case.screen.write("门口有新车", key="text")
        await case.screen.back()
        await case.screen.back()
        assert case.screen.shows("备注：王喆")
        (draft,) = case.notebook.kept_drafts
        await case.screen.tap(key=f"draft-{draft}")
        assert case.route.endswith("/note")
        await case.save()
        assert case.notebook.recorded[0].body == {"text": "门口有新车"}


@pytest.mark.parametrize("size", ["100", "125", "200"])
async def test_a_fields_label_is_never_smaller_than_fourteen_also_above_what_is_written(size: str) -> None:
    notebook = FakeNotebook()
    notebook.preferences["text_size"] = size
    async with case_open(WANG, notebook) as case:
        await case.screen.tap(key="form-note")
        label = case.screen.find(key="text").label_style
        assert label.size * FLOATING >= 14


async def test_a_forms_bar_is_taller_only_where_a_large_title_takes_two_lines() -> None:
    for language, kind, tall in (("zh", "note", False), ("en", "claim", True)):
        notebook = FakeNotebook()
        notebook.preferences.update(text_size="200", language=language)
        async with case_open(WANG, notebook) as case:
            await case.screen.tap(key=f"form-{kind}")
            assert (case.screen.views()[-1].appbar.toolbar_height > 64) is tall
