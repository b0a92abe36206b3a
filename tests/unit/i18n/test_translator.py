from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from app.domain.message import Code, Message, Text
from app.i18n import LANGUAGES, Translator, mark, translator

SHANGHAI = timezone(timedelta(hours=8))


@pytest.fixture
def t(tmp_path: Path) -> Translator:
    """Speaks Chinese from a catalogue of its own."""
    folder = tmp_path / "zh" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    for domain, entries in {
        "ui": {"Hello {who}": "{who}，您好", "Both": "屏幕的"},
        "core": {"Due {due}: {amount}": "{due}应还{amount}", "Both": "核心的", "the yard": "院子"},
        "codes": {"outcome:promised": "承诺还款"},
    }.items():
        catalogue = Catalog("zh")
        for msgid, words in entries.items():
            catalogue.add(msgid, words)
        with (folder / f"{domain}.mo").open("wb") as f:
            write_mo(f, catalogue)
    return Translator("zh", tmp_path)


@pytest.fixture
def english() -> Translator:
    return translator("en")


def test_a_sentence_is_said_in_the_language_with_its_gaps_filled(t: Translator) -> None:
    assert t("Hello {who}", who="赵敏") == "赵敏，您好"


def test_the_first_catalogue_that_knows_a_sentence_says_it(t: Translator) -> None:
    assert t("Both") == "屏幕的"


def test_a_sentence_no_catalogue_knows_is_said_in_english(t: Translator) -> None:
    assert t("Nobody translated {this}.", this=3) == "Nobody translated 3."


def test_without_any_catalogue_english_is_said(tmp_path: Path) -> None:
    assert Translator("zh", tmp_path)("Hello {who}", who="you") == "Hello you"


def test_an_empty_sentence_is_empty_and_not_the_catalogues_header(t: Translator) -> None:
    assert t("") == ""


def test_a_gap_nobody_fills_stays_and_nothing_raises(t: Translator) -> None:
    assert t("Hello {who}") == "{who}，您好"
    assert t('{"json": {0} {x!r} {who}', who="a") == '{"json": {0} {x!r} a'


def test_values_are_shown_by_their_type(t: Translator, english: Translator) -> None:
    due = {"due": date(2026, 11, 23), "amount": Decimal("1234.5")}
    assert t("Due {due}: {amount}", **due) == "11月23日应还¥1,234.50"
    assert english("Due {due}: {amount}", **due) == "Due 23\u00a0Nov: ¥1,234.50"
    assert t("Hello {who}", who=datetime(2026, 11, 23, 9, 5, tzinfo=SHANGHAI)) == "11月23日 09:05，您好"
    assert t("Hello {who}", who=Code("outcome", "promised")) == "承诺还款，您好"
    assert t("Hello {who}", who=None) == "—，您好"
    assert t("Hello {who}", who=12) == "12，您好"


def test_a_list_is_joined_as_the_language_does(t: Translator, english: Translator) -> None:
    assert t("Hello {who}", who=["甲", "乙"]) == "甲、乙，您好"
    assert english("{who}", who=("a", Decimal(1))) == "a, ¥1.00"


def test_a_message_is_said_with_the_messages_inside_it(t: Translator) -> None:
    assert t.say(Message("Hello {who}", {"who": Message("the yard")})) == "院子，您好"
    assert t("Hello {who}", who=Text({"zh": "{n}号", "en": "No. {n}"}, {"n": 7})) == "7号，您好"


def test_a_text_that_came_as_data_is_said_in_the_language_or_in_one_it_has(english: Translator) -> None:
    both = Text({"zh": "再上门", "en": "Visit again, {when}"}, {"when": date(2026, 1, 2)})
    assert english.say(both) == "Visit again, 2\u00a0Jan"
    assert english.say(Text({"zh": "再上门"})) == "再上门"
    assert english.say(Text({})) == ""


def test_anything_with_a_text_and_params_can_be_said(t: Translator) -> None:
    @dataclass
    class Warned:
        text: str
        params: dict[str, Any] = field(default_factory=dict)

    assert t.say(Warned("the yard")) == "院子"
    assert t.say("the yard") == "院子"


def test_an_unknown_code_is_shown_as_it_is(t: Translator) -> None:
    assert t.code("outcome", "promised") == "承诺还款"
    assert t.code("outcome", "abducted") == "abducted"
    assert t.code("", "") == ""


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "¥0.00"),
        ("12470.5", "¥12,470.50"),
        ("0.005", "¥0.01"),
        ("-1234.567", "-¥1,234.57"),
        ("-0.001", "¥0.00"),
        ("1234567890123.45", "¥1,234,567,890,123.45"),
        ("1E+3", "¥1,000.00"),
    ],
)
def test_money_has_separators_two_places_and_the_sign_first(t: Translator, amount: str, shown: str) -> None:
    assert t.money(Decimal(amount)) == shown


def test_money_that_is_no_number_is_shown_rather_than_raised(t: Translator) -> None:
    assert t.money(Decimal("NaN")) == "NaN"


def test_days_and_weekdays_are_written_as_the_language_does(t: Translator, english: Translator) -> None:
    d = date(2026, 11, 23)
    assert (t.date(d), t.full_date(d), t.weekday(d)) == ("11月23日", "2026年11月23日", "周一")
    assert (english.date(d), english.full_date(d), english.weekday(d)) == (
        "23\u00a0Nov",
        "23\u00a0Nov\u00a02026",
        "Mon",
    )


def test_the_year_is_said_when_it_is_not_this_year(t: Translator) -> None:
    assert t.date(date(2025, 12, 31), today=date(2026, 1, 1)) == "2025年12月31日"
    assert t.date(date(2026, 12, 31), today=date(2026, 1, 1)) == "12月31日"


def test_an_instant_of_today_is_said_as_the_time_alone(t: Translator) -> None:
    at = datetime(2026, 11, 23, 1, 5, tzinfo=UTC)
    assert t.when(at, today=date(2026, 11, 23)) == "01:05"
    assert t.when(at.astimezone(SHANGHAI)) == "11月23日 09:05"
    assert t.when(at, today=date(2027, 1, 1)) == "2026年11月23日 01:05"


def test_a_language_nobody_speaks_is_answered_in_the_branchs_own() -> None:
    assert translator("fr").language == "zh"
    assert [translator(x).language for x in LANGUAGES] == ["zh", "en"]
    assert translator("en") is translator("en")


def test_marking_a_sentence_leaves_it_as_it_is() -> None:
    assert mark("Call") == "Call"


def test_english_says_one_of_a_thing_in_its_own_form_and_chinese_needs_none() -> None:
    en, zh = translator("en"), translator("zh")
    assert [en("{n} days overdue", n=n) for n in (0, 1, 2)] == [
        "0 days overdue", "1 day overdue", "2 days overdue",
    ]  # fmt: skip
    wrong = Message("Wrong PIN. Wait {seconds} seconds; {left} tries are left.", {"seconds": 30, "left": 1})
    assert en.say(wrong) == "Wrong PIN. Wait 30 seconds; 1 try is left."
    still_two = Message(wrong.text, {"seconds": 1, "left": 2})
    assert en.say(still_two) == "Wrong PIN. Wait 1 seconds; 2 tries are left."
    assert zh("{n} days overdue", n=1) == "逾期 1 天"


def test_a_truth_and_an_amount_are_not_a_number_of_things() -> None:
    en = translator("en")
    assert en("{n} days overdue", n=True) == "True days overdue"
    assert en("{n} days overdue", n=Decimal(1)) == "¥1.00 days overdue"
