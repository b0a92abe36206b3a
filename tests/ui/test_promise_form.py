"""承诺."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import flet as ft
import pytest

from app.domain.records import Figures
from app.ui.parts.moment_picker import picked_day
from app.ui.parts.promise_form import amount_choices, due_choices, instalments_of, press
from tests.support.fake_notebook import TODAY, ZONE, FakeNotebook
from tests.ui.case_file import CHEN, WANG, CaseFile, case_open

OUYANG = "欧阳晓燕"


async def test_a_promise_takes_at_most_four_taps() -> None:
    async with case_open(CHEN) as case:
        await case.open_form("promise")
        await case.choose("amount-half", "due-tomorrow")
        await case.save()
        assert case.screen.taps <= 4
        (promise,) = case.notebook.recorded
        assert promise.body == {
            "party": "borrower",
            "amount": "451.64",
            "due_on": (TODAY + timedelta(days=1)).isoformat(),
        }
        assert case.saved


async def test_everything_overdue_is_offered_first() -> None:
    async with case_open(CHEN) as case:
        await case.open_form("promise")
        assert case.chosen("amount-all")
        await case.choose("due-plus7")
        await case.save()
        assert case.notebook.recorded[0].body["amount"] == "903.27"


async def test_nothing_can_be_saved_without_a_day_and_the_form_says_so() -> None:
    async with case_open(CHEN) as case:
        await case.open_form("promise")
        assert case.screen.find(key="save").disabled
        assert case.screen.shows("请选还款日")


async def test_another_amount_is_typed_on_the_pad() -> None:
    async with case_open(CHEN) as case:
        await case.open_form("promise")
        await case.choose("amount-other", "amount-5", "amount-0", "amount-0", "amount-9", "amount-back")
        assert case.screen.shows("¥500")
        await case.choose("amount-0")
        assert (
            case.screen.find(key="amount-typed").value == "¥5,000"
        )  # a thousand too many is seen while typing
        await case.choose("amount-back", "amount-.", "amount-5", "due-today")
        await case.save()
        assert case.notebook.recorded[0].body["amount"] == "500.50"


async def test_digits_of_an_amount_pressed_faster_than_they_are_drawn_all_count() -> None:
    async with case_open(CHEN) as case:
        await case.open_form("promise")
        await case.choose("amount-other")
        keys = [case.screen.find(key=f"amount-{key}") for key in ("4", "5", "0", "back", "7")]
        for key in keys:
            await case.screen.session.dispatch_event(key._i, "click", None)
        await case.screen.settle()
        assert case.kept["promise"]["amount"] == "457"
        assert case.screen.find(key="amount-typed").value == "¥457"


async def test_what_follows_is_said_when_it_is_checked_and_what_the_penalty_is() -> None:
    async with case_open(WANG) as case:
        await case.open_form("promise")
        await case.choose("due-plus3")
        assert case.screen.shows("11月26日 周四核实到账")
        assert case.screen.shows("到那天罚息约增")


async def test_an_open_promise_is_replaced_unless_the_officer_keeps_both() -> None:
    async with case_open(OUYANG) as case:
        (earlier,) = [
            e
            for e in case.notebook.entries
            if e.activity.case_id == case.notebook.entries[-1].activity.case_id
        ]
        await case.open_form("promise")
        await case.choose("due-plus7")
        assert case.chosen("promise-replaces")
        await case.save()
        assert case.notebook.recorded[0].body["replaces"] == earlier.activity.activity_id


async def test_both_promises_can_stand() -> None:
    async with case_open(OUYANG) as case:
        await case.open_form("promise")
        await case.choose("due-plus7", "promise-replaces")
        await case.save()
        assert "replaces" not in case.notebook.recorded[0].body


async def test_a_guarantors_promise_does_not_replace_the_borrowers() -> None:
    async with case_open(WANG) as case:
        await case.open_form("promise")
        await case.choose("payer-g1", "due-plus3")
        await case.save()
        assert case.notebook.recorded[0].body["party"] == "g1"
        assert "replaces" not in case.notebook.recorded[0].body


async def test_the_promise_form_says_no_cash() -> None:
    async with case_open(CHEN) as case:
        await case.open_form("promise")
        assert case.screen.shows("不得代收现金")


async def test_every_change_of_a_promise_is_a_draft_and_comes_back() -> None:
    notebook = FakeNotebook()
    async with case_open(CHEN, notebook) as case:
        await case.open_form("promise")
        await case.choose("amount-instalment")
        assert case.kept["promise"]["amount"] == "2380.00"
        await case.choose("due-plus3")
        assert case.kept["promise"]["due_kind"] == "plus3"
    async with case_open(CHEN, notebook) as case:
        await case.open_form("promise")
        assert case.chosen("amount-instalment")
        assert case.chosen("due-plus3")
        await case.save()
        assert notebook.kept_drafts == {}


async def test_a_draft_that_cannot_be_kept_is_said_at_once() -> None:
    async with case_open(CHEN) as case:
        await case.open_form("promise")
        case.notebook.disk_full = True
        await case.choose("due-plus3")
        assert case.screen.find_all(key="form-error")
        assert case.chosen("due-plus3")
        case.notebook.disk_full = False
        await case.choose("due-plus7")
        assert not case.screen.find_all(key="form-error")


async def test_an_invalid_promise_is_refused_with_a_sentence_and_kept() -> None:
    async with case_open("刘桂兰") as case:  # nothing overdue: no amount is offered
        await case.open_form("promise")
        await case.choose("amount-other", "due-today")
        assert case.screen.find(key="save").disabled


async def pick_day(case: CaseFile, midnight: str) -> None:
    """The calendar is open; it sends the local midnight of the day in UTC."""
    (picker,) = [d for d in case.screen.page._dialogs.controls if isinstance(d, ft.DatePicker)]
    case.screen.session.apply_patch(picker._i, {"value": datetime.fromisoformat(midnight)})
    await case.screen.session.dispatch_event(picker._i, "change", None)
    await case.screen.settle()


async def test_another_day_is_the_one_the_calendar_showed() -> None:
    async with case_open(CHEN) as case:
        await case.open_form("promise")
        await case.choose("due-other")
        await pick_day(case, "2026-12-14T16:00:00+00:00")
        assert case.chosen("due-other")
        assert case.screen.find(key="due-other").content.endswith("12月15日 周二")
        await case.save()
        assert case.notebook.recorded[0].body["due_on"] == "2026-12-15"


def test_the_day_a_picker_sends_is_read_in_the_branchs_zone() -> None:
    assert picked_day(datetime.fromisoformat("2026-11-14T16:00:00+00:00"), ZONE) == date(2026, 11, 15)
    assert picked_day(datetime.fromisoformat("2026-11-15T00:00:00+00:00"), ZONE) == date(2026, 11, 15)
    assert picked_day(None, ZONE) is None


@pytest.mark.parametrize(
    ("today", "days"),
    [
        (date(2026, 11, 23), ["2026-11-23", "2026-11-24", "2026-11-26", "2026-11-30"]),
        (date(2026, 11, 5), ["2026-11-05", "2026-11-06", "2026-11-08", "2026-11-12", "2026-11-30"]),
        (date(2026, 12, 31), ["2026-12-31", "2027-01-01", "2027-01-03", "2027-01-07"]),
        (date(2028, 2, 28), ["2028-02-28", "2028-02-29", "2028-03-02", "2028-03-06"]),
    ],
)
def test_the_date_chips_name_each_day_once(today: date, days: list[str]) -> None:
    assert [c.on.isoformat() for c in due_choices(today)] == days


def test_the_amount_chips_name_each_amount_once_and_none_of_zero() -> None:
    owed = Figures(overdue_principal=Decimal("100.01"), instalment_due=Decimal("100.01"))
    assert amount_choices(owed) == (("all", Decimal("100.01")), ("half", Decimal("50.01")))
    assert amount_choices(Figures()) == ()


def test_the_pad_writes_an_amount_with_two_decimals_at_most() -> None:
    typed = ""
    for key in "0123.4567":
        typed = press(typed, key)
    assert typed == "123.45"
    assert press(press(typed, "back"), "back") == "123."
    assert press("", ".") == "0."


async def test_a_promise_in_three_parts_names_each_day_and_loses_no_cent() -> None:
    async with case_open(CHEN) as case:
        await case.open_form("promise")
        await case.choose("due-plus7", "parts-3", "every-half_month")
        await case.save()
        (promise,) = case.notebook.recorded
        assert promise.body["instalments"] == [
            {"amount": "301.09", "due_on": "2026-11-30"},
            {"amount": "301.09", "due_on": "2026-12-15"},
            {"amount": "301.09", "due_on": "2026-12-30"},
        ]
        assert (promise.body["amount"], promise.body["due_on"]) == ("903.27", "2026-12-30")


def test_what_cannot_be_shared_out_is_in_the_last_part_and_a_months_end_stays_one() -> None:
    promise = {"amount": "100.00", "due_on": "2027-01-31", "parts": 3, "every": "month"}
    assert [(str(a), on.isoformat()) for a, on in instalments_of(promise)] == [
        ("33.33", "2027-01-31"),
        ("33.33", "2027-02-28"),
        ("33.34", "2027-03-31"),
    ]


async def test_what_will_be_owed_on_the_day_is_said_as_an_estimate() -> None:
    async with case_open(CHEN) as case:
        await case.open_form("promise")
        await case.choose("due-plus7")
        assert case.screen.shows("估算，以柜面为准")


async def test_a_day_without_an_open_counter_says_so() -> None:
    async with case_open(CHEN) as case:
        await case.open_form("promise")
        await case.choose("due-other")
        await pick_day(case, "2026-11-27T16:00:00+00:00")
        assert case.screen.find(key="due-other").content.endswith("11月28日 周六（休）")
