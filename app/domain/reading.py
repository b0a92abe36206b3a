"""One case as it is known on a day: what windows and done-conditions look at."""

from __future__ import annotations

from datetime import date, timedelta, tzinfo
from functools import cached_property

from app.domain.ageing import day_of_episode
from app.domain.calendar import Calendar
from app.domain.codes import REACHED
from app.domain.corrections import known_on
from app.domain.promises import PromiseView, judge_known
from app.domain.records import Activity, CaseFile

Dated = tuple[date, Activity]
_REACHED = frozenset(REACHED)
_GONE = ("gone", "transferred")


class Reading:
    """A case file read for `today`: activities corrected, dated, of this episode only (D ≥ 1), oldest id first.

    `takeover_slot`: which working day from `assigned_on` (0 = the first) a takeover visit is due on.
    """

    def __init__(
        self,
        file: CaseFile,
        calendar: Calendar,
        today: date,
        zone: tzinfo,
        takeover_slot: int = 0,
        known: tuple[Dated, ...] | None = None,
    ) -> None:
        self.case = file.case
        self.figures = file.figures
        self.calendar = calendar
        self.today = today
        self.takeover_slot = takeover_slot
        self.known = known_on(file.activities, today, zone) if known is None else known
        self._file = file
        self._zone = zone

    @property
    def has_news(self) -> bool:
        """Whether anything counts for today itself."""
        return any(on == self.today for on, _ in self.known)

    def before_today(self) -> Reading:
        """The same case as the day began."""
        earlier = tuple(d for d in self.known if d[0] < self.today)
        return Reading(self._file, self.calendar, self.today, self._zone, self.takeover_slot, earlier)

    def day(self, d: int) -> date:
        """The date of D `d`; the case must have an episode."""
        assert self.case.episode_start is not None
        return self.case.episode_start + timedelta(days=d)

    @cached_property
    def d(self) -> int:
        """D today."""
        return day_of_episode(self.case, self.today)

    @cached_property
    def d_assigned(self) -> int:
        """D when the case was assigned; 0 where that is not known."""
        return day_of_episode(self.case, self.case.assigned_on) if self.case.assigned_on else 0

    @cached_property
    def episode(self) -> tuple[Dated, ...]:
        """What counts for this episode: from D 1 on."""
        start = self.case.episode_start
        return tuple(d for d in self.known if start is None or d[0] > start)

    @cached_property
    def calls(self) -> list[Dated]:
        """Telephone calls of the episode."""
        return [d for d in self.episode if d[1].kind == "call"]

    @cached_property
    def visits(self) -> list[Dated]:
        """Visits of the episode, attempts included."""
        return [d for d in self.episode if d[1].kind == "visit"]

    @cached_property
    def contacts(self) -> list[Dated]:
        """Conversations with a debtor: reached calls, and reached visits that met one."""
        return [d for d in (*self.calls, *self.visits) if self.talked_to_debtor(d[1])]

    @cached_property
    def attempts(self) -> list[Dated]:
        """Calls and visits to a debtor that were no conversation with one."""
        return [
            d
            for d in (*self.calls, *self.visits)
            if self.case.is_debtor(d[1].party) and not self.talked_to_debtor(d[1])
        ]

    @cached_property
    def promises(self) -> tuple[PromiseView, ...]:
        """Every promise as it stands today."""
        return judge_known(self.case, self.figures, self.known, self.today)

    def talked_to_debtor(self, a: Activity) -> bool:
        """Contact: a reached call to, or a reached visit that met, the borrower, spouse or a co-borrower."""
        if a.body.get("outcome") not in _REACHED:
            return False
        return self.met_debtor(a) if a.kind == "visit" else self.case.is_debtor(a.party)

    def talked_to(self, a: Activity, party: str) -> bool:
        """Contact with `party`; any debtor speaks for the others."""
        if self.case.is_debtor(party):
            return self.talked_to_debtor(a)
        if a.body.get("outcome") not in _REACHED:
            return False
        return party in met(a) if a.kind == "visit" else a.party == party

    def met_debtor(self, a: Activity) -> bool:
        """Whether a visit met the borrower, spouse or a co-borrower."""
        return any(self.case.is_debtor(p) for p in met(a))

    def visited(self, a: Activity, party: str) -> bool:
        """Whether a visit was to the door of `party`, or met them; any debtor's door is the debtor's."""
        if self.case.is_debtor(party):
            return self.case.is_debtor(a.party) or self.met_debtor(a)
        return a.party == party or party in met(a)

    @cached_property
    def trade_places(self) -> tuple[str, ...]:
        """Where the trade is visited: the business; the home where there is none, or where it was found gone."""
        borrower = self.case.borrower
        if borrower.address("business") is None:
            return ("home",) if borrower.address("home") else ("business", "home", "other")
        states = [a.body.get("business_state") for _, a in self.visits if a.body.get("business_state")]
        return ("business", "home") if states and states[-1] in _GONE else ("business",)


def met(a: Activity) -> list[str]:
    """Who was met on a visit; empty for an attempt."""
    listed = a.body.get("met")
    return [p for p in listed if isinstance(p, str)] if isinstance(listed, list) else []
