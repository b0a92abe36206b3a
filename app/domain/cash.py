"""有钱的日子: when money is known to be in the borrower's hands (procedure.md, `cash_date`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from lunardate import LunarDate

from app.domain.frozen import frozen
from app.domain.limits import SettingError, unknown
from app.domain.message import Message
from app.domain.places import town_of, village_of
from app.domain.records import Activity, Case, day, money

_DAY: Final = timedelta(days=1)
_LUNAR_YEARS: Final = range(1901, 2099)  # what the lunar calendar's tables hold
_EVERY_MOST: Final = 31
SOURCES: Final = ("cash_outlook", "receivable", "market", "harvest")


@frozen
class CashDate:
    """A day on which money is expected: `source` is one of SOURCES, `amount` CNY where known, `about` in words.

    `activity_id` is the visit it was learned on; empty for markets and harvests.
    """

    on: date
    source: str
    amount: Decimal | None = None
    about: str = ""
    activity_id: str = ""


@frozen
class Market:
    """赶集日 of one place: days of the month, or every so many days from a known one.

    `figures` up to 9 are last figures (逢三逢八: the 3rd, 8th, 13th …); once one is larger they are whole days.
    """

    lunar: bool = False
    figures: frozenset[int] = frozenset()
    every: int = 0
    since: date | None = None
    dates: frozenset[date] = frozenset()

    def is_on(self, on: date) -> bool:
        """Whether that day is a market day."""
        if self.dates:
            return on in self.dates
        if self.every and self.since is not None:
            return (on - self.since).days % self.every == 0
        number = _day_of_lunar_month(on) if self.lunar else on.day
        if number is None:
            return False
        return (number if max(self.figures) >= 10 else number % 10) in self.figures


@frozen
class Harvest:
    """A season in which a trade has money: month and day of both ends; `trade` is part of the occupation's name."""

    trade: str
    first: tuple[int, int]
    last: tuple[int, int]

    def begins_on(self, year: int) -> date | None:
        """Its first day in a year; None where that year has no such day."""
        try:
            return date(year, *self.first)
        except ValueError:
            return None


@frozen
class MarketDays:
    """Markets by village or town, and harvests by trade."""

    places: Mapping[str, Market]
    harvests: tuple[Harvest, ...] = ()

    @classmethod
    def read(cls, doc: Mapping[str, Any] | None) -> MarketDays:
        """From the setting `market_days`. Raises SettingError naming the key.

        `{"villages": {"石桥村": {"calendar": "lunar", "days": [3, 8]}, "下两镇": {"every": 5, "from": "2026-11-23"}},
        "harvest": [{"trade": "茶叶", "from": "04-01", "until": "05-10"}]}`: `days` are last figures of the
        day of the month (whole days once one is 10 or more), of the lunar one unless `calendar` is "solar"; a town's name
        stands for all its villages. A list alone is its `days`, or the dates themselves; a document without these two
        members is the table of villages.
        """
        doc = doc or {}
        if doc and not {"villages", "harvest"} & set(doc):
            return cls({str(name): _market(str(name), entry) for name, entry in doc.items()})
        for name in doc:
            if name not in ("villages", "harvest"):
                raise SettingError(str(name), unknown(("villages", "harvest")))
        villages, harvests = doc.get("villages", {}), doc.get("harvest", [])
        if not isinstance(villages, Mapping):
            raise SettingError("villages", Message("a table of villages is needed"))
        if not isinstance(harvests, list):
            raise SettingError("harvest", Message("a list of seasons is needed"))
        return cls(
            {str(name): _market(f"villages.{name}", entry) for name, entry in villages.items()},
            tuple(_harvest(f"harvest[{n}]", entry) for n, entry in enumerate(harvests)),
        )

    def days(self, village: str, town: str, first: date, last: date) -> tuple[date, ...]:
        """Market days of a village (or, where it has none of its own, its town) from `first` to `last`, both counted."""
        market = self.places.get(village) or self.places.get(town)
        if market is None:
            return ()
        return tuple(on for on in _days(first, last) if market.is_on(on))

    def harvests_of(self, trade: str, first: date, last: date) -> tuple[tuple[date, Harvest], ...]:
        """Seasons of a trade that begin between `first` and `last`, each with its first day."""
        found = (
            (on, h)
            for h in self.harvests
            if h.trade in trade
            for year in range(first.year, last.year + 1)
            if (on := h.begins_on(year)) is not None and first <= on <= last
        )
        return tuple(found)


NO_MARKETS: Final = MarketDays({})


def cash_dates(
    known: Sequence[tuple[date, Activity]], case: Case, market: MarketDays, first: date, last: date
) -> tuple[CashDate, ...]:
    """Days from `first` to `last` on which money is expected, by day; `known` are standing activities, dated.

    What a later visit said of the same source (`source`, `from`) takes the earlier visit's place, money of another
    source stands beside it; market days and harvests are the branch's.
    """
    found = _told(known)
    village, town = village_of(case), town_of(case)
    if market.places:
        found += [
            CashDate(on, "market", about=village or town) for on in market.days(village, town, first, last)
        ]
    if market.harvests:
        found += [
            CashDate(on, "harvest", about=h.trade)
            for on, h in market.harvests_of(case.borrower.occupation, first, last)
        ]
    return tuple(sorted((c for c in found if first <= c.on <= last), key=_order))  # fmt: skip


def _order(c: CashDate) -> tuple[date, int, str, Decimal]:
    return c.on, SOURCES.index(c.source), c.about, c.amount or Decimal(0)


def _told(known: Sequence[tuple[date, Activity]]) -> list[CashDate]:
    """What was said at the door: of each source what the last visit that named it said, all its days."""
    visits = [
        a for _, a in known if a.kind == "visit" and ("cash_outlook" in a.body or "receivables" in a.body)
    ]
    standing: dict[tuple[str, str], list[CashDate]] = {}
    for a in sorted(visits, key=lambda a: (a.happened_at, a.activity_id)):
        said: dict[tuple[str, str], list[CashDate]] = {}
        for told in _named(a):
            said.setdefault((told.source, told.about.strip()), []).append(told)
        standing |= said
    return [told for days in standing.values() for told in days]


def _named(a: Activity) -> Iterator[CashDate]:
    """The money one visit spoke of; what names no day is left out."""
    outlook, receivables = a.body.get("cash_outlook"), a.body.get("receivables")
    listed = (
        [("receivable", "expected_on", "from", r) for r in receivables]
        if isinstance(receivables, list)
        else []
    )
    for source, on_member, about_member, told in (("cash_outlook", "on", "source", outlook), *listed):
        if isinstance(told, Mapping) and (on := day(told.get(on_member))) is not None:
            yield CashDate(
                on, source, money(told.get("amount")), _text(told.get(about_member)), a.activity_id
            )


def _market(path: str, entry: object) -> Market:
    if isinstance(entry, list):
        dates = [day(each) for each in entry]
        if entry and all(on is not None for on in dates):
            return Market(dates=frozenset(on for on in dates if on is not None))
        return Market(lunar=True, figures=_figures(path, entry))
    if not isinstance(entry, Mapping):
        raise SettingError(path, Message("a table with days, or with every and from, is needed"))
    for name in entry:
        if name not in ("calendar", "days", "every", "from"):
            raise SettingError(f"{path}.{name}", unknown(("calendar", "days", "every", "from")))
    calendar = entry.get("calendar", "lunar")
    if calendar not in ("lunar", "solar"):
        raise SettingError(f"{path}.calendar", Message("lunar or solar is needed"))
    if "every" in entry:
        every, since = entry["every"], day(entry.get("from"))
        if not isinstance(every, int) or isinstance(every, bool) or not 1 <= every <= _EVERY_MOST:
            raise SettingError(
                f"{path}.every", Message("a number of days from 1 to {most} is needed", {"most": _EVERY_MOST})
            )
        if since is None:
            raise SettingError(f"{path}.from", Message("a market day is needed, like 2026-11-23"))
        return Market(every=every, since=since)
    return Market(lunar=calendar == "lunar", figures=_figures(f"{path}.days", entry.get("days")))


def _figures(path: str, days: object) -> frozenset[int]:
    if not isinstance(days, list) or not days:
        raise SettingError(path, Message("a list of figures is needed, like [3, 8]"))
    for n, figure in enumerate(days):
        if not isinstance(figure, int) or isinstance(figure, bool) or not 0 <= figure <= 31:
            raise SettingError(f"{path}[{n}]", Message("a figure from 0 to 31 is needed"))
    return frozenset(days)


def _harvest(path: str, entry: object) -> Harvest:
    if not isinstance(entry, Mapping):
        raise SettingError(path, Message("a table with trade, from and until is needed"))
    trade = entry.get("trade")
    if not isinstance(trade, str) or not trade.strip():
        raise SettingError(f"{path}.trade", Message("a trade is needed, as the list names it"))
    return Harvest(
        trade, _month_day(f"{path}.from", entry.get("from")), _month_day(f"{path}.until", entry.get("until"))
    )


def _month_day(path: str, value: object) -> tuple[int, int]:
    on = day(f"2024-{value}") if isinstance(value, str) else None  # a leap year: 02-29 is a day
    if on is None:
        raise SettingError(path, Message('a month and day like "04-01" is needed'))
    return on.month, on.day


def _day_of_lunar_month(on: date) -> int | None:
    if on.year not in _LUNAR_YEARS:
        return None
    return int(LunarDate.from_solar_date(on.year, on.month, on.day).day)


def _days(first: date, last: date) -> list[date]:
    return [first + n * _DAY for n in range((last - first).days + 1)]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
