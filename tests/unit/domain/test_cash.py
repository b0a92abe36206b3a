from datetime import date
from typing import Any

import pytest

from app.domain.cash import CashDate, MarketDays, cash_dates
from app.domain.limits import SettingError
from app.domain.records import Activity, Borrower
from tests.unit.domain.made_up import d, made_case, visit

NO_MARKETS = MarketDays.read(None)
FIRST, LAST = d(0), d(40)


def dates_of(*activities: Activity, market: MarketDays = NO_MARKETS, **members: Any) -> list[CashDate]:
    known = [(a.happened_at.date(), a) for a in activities]
    return list(cash_dates(known, made_case(**members), market, FIRST, LAST))


def days(doc: dict[str, Any], first: date, last: date, village: str = "桑园村") -> list[int]:
    return [on.day for on in MarketDays.read(doc).days(village, "仁和镇", first, last)]


def test_every_third_and_eighth_of_the_solar_month() -> None:
    doc = {"villages": {"桑园村": {"calendar": "solar", "days": [3, 8]}}}
    assert days(doc, date(2026, 11, 1), date(2026, 11, 30)) == [3, 8, 13, 18, 23, 28]


def test_every_third_and_eighth_of_the_lunar_month() -> None:
    # 2026-11-24 is the 16th day of the tenth lunar month.
    doc = {"villages": {"桑园村": {"days": [3, 8]}}}
    assert days(doc, date(2026, 11, 24), date(2026, 12, 13)) == [26, 1, 6, 11]


def test_tenths_and_whole_days_and_every_so_many_days() -> None:
    first, last = date(2026, 11, 1), date(2026, 11, 30)
    assert days({"villages": {"桑园村": {"calendar": "solar", "days": [0, 5]}}}, first, last) == [
        5,
        10,
        15,
        20,
        25,
        30,
    ]
    assert days({"villages": {"桑园村": {"calendar": "solar", "days": [1, 15]}}}, first, last) == [1, 15]
    assert days({"villages": {"桑园村": {"every": 7, "from": "2026-11-22"}}}, first, last) == [
        1,
        8,
        15,
        22,
        29,
    ]


def test_a_town_stands_for_its_villages_and_elsewhere_there_is_no_market() -> None:
    doc = {"villages": {"仁和镇": {"calendar": "solar", "days": [5]}}}
    assert days(doc, date(2026, 11, 1), date(2026, 11, 9)) == [5]
    assert MarketDays.read(doc).days("别村", "别镇", date(2026, 11, 1), date(2026, 11, 9)) == ()


def test_a_plain_table_of_villages_with_days_or_dates() -> None:
    assert days({"桑园村": ["2026-11-05", "2026-11-19"]}, date(2026, 11, 1), date(2026, 11, 30)) == [5, 19]
    assert days({"桑园村": [3, 8]}, date(2026, 11, 24), date(2026, 12, 1)) == [26, 1]


def test_beyond_the_lunar_tables_there_is_no_market_and_no_crash() -> None:
    assert days({"villages": {"桑园村": {"days": [3]}}}, date(2190, 1, 1), date(2190, 1, 9)) == []


def test_what_was_said_at_the_door_is_a_cash_date() -> None:
    told = visit(
        d(1),
        receivables=[{"from": "粮站", "amount": "3000.00", "expected_on": d(9).isoformat()}],
        cash_outlook={"on": d(6).isoformat(), "amount": "800.00", "source": "卖猪"},
    )
    assert [(c.on, c.source, str(c.amount), c.about) for c in dates_of(told)] == [
        (d(6), "cash_outlook", "800.00", "卖猪"),
        (d(9), "receivable", "3000.00", "粮站"),
    ]


def test_a_later_visit_says_anew_when_money_comes() -> None:
    first = visit(d(1), cash_outlook={"on": d(6).isoformat()})
    later = visit(d(5), cash_outlook={"on": d(20).isoformat()})
    assert [c.on for c in dates_of(later, first)] == [d(20)]


def test_money_of_another_source_stands_beside_what_was_said_before() -> None:
    first = visit(
        d(1),
        receivables=[
            {"from": "粮站", "amount": "3000.00", "expected_on": d(9).isoformat()},
            {"from": "粮站", "amount": "3000.00", "expected_on": d(16).isoformat()},
            {"from": "学校", "amount": "500.00", "expected_on": d(12).isoformat()},
        ],
        cash_outlook={"on": d(6).isoformat(), "source": "卖猪"},
    )
    later = visit(
        d(5),
        receivables=[{"from": "学校", "amount": "500.00", "expected_on": d(14).isoformat()}],
        cash_outlook={"on": d(20).isoformat(), "source": "卖茶"},
    )
    assert [(c.on, c.about) for c in dates_of(later, first)] == [
        (d(6), "卖猪"),
        (d(9), "粮站"),
        (d(14), "学校"),
        (d(16), "粮站"),
        (d(20), "卖茶"),
    ]


def test_garbage_in_a_record_is_no_cash_date() -> None:
    assert dates_of(visit(d(1), receivables=["x", {"expected_on": "soon"}], cash_outlook={"on": 7})) == []


def test_a_harvest_belongs_to_its_trade() -> None:
    market = MarketDays.read({"harvest": [{"trade": "茶叶", "from": "11-10", "until": "12-20"}]})
    grower = Borrower("龚龑", occupation="茶叶种植")
    assert [(c.on, c.source) for c in dates_of(market=market, borrower=grower)] == [
        (date(2026, 11, 10), "harvest")
    ]
    assert dates_of(market=market, borrower=Borrower("龚龑", occupation="理发")) == []


@pytest.mark.parametrize(
    ("doc", "path"),
    [
        ({"villages": {}, "harvests": []}, "harvests"),
        ({"甲村": "always"}, "甲村"),
        ({"甲村": [3, 32]}, "甲村[1]"),
        ({"villages": []}, "villages"),
        ({"villages": {"甲村": 3}}, "villages.甲村"),
        ({"villages": {"甲村": {"days": []}}}, "villages.甲村.days"),
        ({"villages": {"甲村": {"days": [3, "八"]}}}, "villages.甲村.days[1]"),
        ({"villages": {"甲村": {"calendar": "moon", "days": [3]}}}, "villages.甲村.calendar"),
        ({"villages": {"甲村": {"every": 0, "from": "2026-11-01"}}}, "villages.甲村.every"),
        ({"villages": {"甲村": {"every": 5}}}, "villages.甲村.from"),
        ({"villages": {"甲村": {"day": [3]}}}, "villages.甲村.day"),
        ({"harvest": [{"trade": "", "from": "01-01", "until": "02-01"}]}, "harvest[0].trade"),
        ({"harvest": [{"trade": "茶", "from": "13-01", "until": "02-01"}]}, "harvest[0].from"),
    ],
)
def test_market_days_that_cannot_be_used_are_named_by_their_key(doc: dict[str, Any], path: str) -> None:
    with pytest.raises(SettingError) as refused:
        MarketDays.read(doc)
    assert refused.value.path == path
