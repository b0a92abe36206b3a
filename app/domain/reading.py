"""One case as it is known on a day: what windows and done-conditions look at."""

from __future__ import annotations

from datetime import date, tzinfo
from functools import cached_property

from app.domain.ageing import day_of_episode
from app.domain.clocks import GuaranteeClock, Limitation, guarantee_clocks, limitation
from app.domain.codes import REACHED
from app.domain.corrections import known_on
from app.domain.promises import PromiseView, judge_known
from app.domain.records import BORROWER, Activity, CaseFile
from app.domain.rules import Rules

Dated = tuple[date, Activity]
_HEARD = ("pays", "urges_borrower", "refuses")
_GONE = ("gone", "transferred")


class Reading:
    """A case file read for `today`: activities corrected and dated, by activity_id.

    Of this episode only (D ≥ 1): `episode`, and of those `calls`, `visits` (attempts included), `contacts`
    (conversations with a debtor), `attempts` (calls and visits to a debtor that were none), `reached` (conversations
    with anybody) and `notices` (to the borrower).
    `has_news`: something counts for today itself. `takeover_slot`: which working day from `assigned_on` (0 = the first) a takeover visit is due on.
    """

    def __init__(
        self,
        file: CaseFile,
        rules: Rules,
        today: date,
        zone: tzinfo,
        takeover_slot: int = 0,
        known: tuple[Dated, ...] | None = None,
    ) -> None:
        self.case = file.case
        self.figures = file.figures
        self.rules = rules
        self.calendar = rules.calendar
        self.today = today
        self.takeover_slot = takeover_slot
        self.known = known_on(file.activities, today, zone) if known is None else known
        self.debtors = {BORROWER, *(p.debtor_id for p in file.case.debtors)}
        self.d = day_of_episode(file.case, today)
        self.d_assigned = day_of_episode(file.case, file.case.assigned_on) if file.case.assigned_on else 0
        self.file = file
        self._start = file.case.episode_start.toordinal() if file.case.episode_start else None
        self._zone = zone
        self._promises: tuple[PromiseView, ...] | None = None
        self._of_episode: tuple[PromiseView, ...] | None = None
        self._came_in_old: bool | None = None
        self._before: Reading | None = None
        self._sort()

    def _sort(self) -> None:
        """One pass: a day's plan reads every activity of every case, so nothing is gone through twice."""
        start = self.case.episode_start or date.min
        self.episode: list[Dated] = []
        self.calls: list[Dated] = []
        self.visits: list[Dated] = []
        self.contacts: list[Dated] = []
        self.attempts: list[Dated] = []
        self.reached: list[Dated] = []
        self.notices: list[Dated] = []
        self._demands: list[Dated] = []
        self.has_news = False
        for dated in self.known:
            on, a = dated
            if on == self.today:
                self.has_news = True
            if on <= start:
                continue
            self.episode.append(dated)
            if a.kind not in ("call", "visit"):
                if a.kind == "notice" and a.body.get("addressee") == BORROWER:
                    self.notices.append(dated)
                elif a.kind == "guarantor_demand" and a.body.get("agreed") in _HEARD:
                    self._demands.append(dated)
                continue
            (self.calls if a.kind == "call" else self.visits).append(dated)
            if a.body.get("outcome") in REACHED:
                self.reached.append(dated)
                if self.met_debtor(a) if a.kind == "visit" else a.party in self.debtors:
                    self.contacts.append(dated)
                    continue
            if a.party in self.debtors:
                self.attempts.append(dated)

    def before_today(self) -> Reading:
        """The same case as the day began."""
        if self._before is None:
            earlier = tuple(d for d in self.known if d[0] < self.today)
            self._before = Reading(self.file, self.rules, self.today, self._zone, self.takeover_slot, earlier)
        self._before.takeover_slot = self.takeover_slot
        return self._before

    def day(self, d: int) -> date:
        """The date of D `d`; the case must have an episode."""
        assert self._start is not None
        return date.fromordinal(self._start + d)

    @property
    def promises(self) -> tuple[PromiseView, ...]:
        """Every promise as it stands today."""
        if self._promises is None:
            self._promises = judge_known(self.case, self.figures, self.known, self.today)
        return self._promises

    @property
    def promises_of_episode(self) -> tuple[PromiseView, ...]:
        """Those of this episode; what was promised of an earlier matter is over with it."""
        if self._of_episode is None:
            start = self.case.episode_start or date.min
            self._of_episode = tuple(p for p in self.promises if p.due_on >= start)
        return self._of_episode

    @cached_property
    def guarantee_clocks(self) -> tuple[GuaranteeClock, ...]:
        """保证期间 of each guarantor."""
        return guarantee_clocks(self.case, self.known, self.calendar, self.rules.limits, self.today)

    @cached_property
    def limitation(self) -> Limitation:
        """诉讼时效."""
        return limitation(self.case, self.known, self.calendar, self.rules.limits, self.today)

    def demands(self, guarantor_id: str) -> list[Dated]:
        """要求担保人履行责任 of this episode that were heard, in the order they happened."""
        found = [d for d in self._demands if d[1].body.get("guarantor_id") == guarantor_id]
        return sorted(found, key=lambda d: (d[1].happened_at, d[1].activity_id))

    def came_in_old(self, after_day: int) -> bool:
        """Assigned past D `after_day`, with nothing in `history` or the journal of this episode from before that day."""
        if self._came_in_old is None:
            self._came_in_old = self._nothing_before_assignment()
        return self._came_in_old and self.d_assigned > after_day

    def _nothing_before_assignment(self) -> bool:
        start, assigned, told = self.case.episode_start, self.case.assigned_on, self.case.history
        if start is None or assigned is None:
            return False
        days = (told.first_visit_on, told.notice_served_on, told.last_contact_on)
        return not any(on is not None and on >= start for on in days) and all(
            on >= assigned for on, _ in self.episode
        )

    def talked_to_debtor(self, a: Activity) -> bool:
        """Contact: a reached call to, or a reached visit that met, the borrower, spouse or a co-borrower."""
        if a.body.get("outcome") not in REACHED:
            return False
        return self.met_debtor(a) if a.kind == "visit" else a.party in self.debtors

    def talked_to(self, a: Activity, party: str) -> bool:
        """Contact with `party`; any debtor speaks for the others."""
        if party in self.debtors:
            return self.talked_to_debtor(a)
        if a.body.get("outcome") not in REACHED:
            return False
        return party in met(a) if a.kind == "visit" else a.party == party

    def met_debtor(self, a: Activity) -> bool:
        """Whether a visit met the borrower, spouse or a co-borrower."""
        return not self.debtors.isdisjoint(met(a))

    def visited(self, a: Activity, party: str) -> bool:
        """Whether a visit was to the door of `party`, or met them; any debtor's door is the debtor's."""
        if party in self.debtors:
            return a.party in self.debtors or self.met_debtor(a)
        return a.party == party or party in met(a)

    @property
    def trade_places(self) -> tuple[str, ...]:
        """Where the trade is visited: the business; the home where there is none, or where it was found gone."""
        borrower = self.case.borrower
        if borrower.address("business") is None:
            return ("home",) if borrower.address("home") else ("business", "home", "other")
        seen = [a for _, a in self.visits if a.body.get("business_state") not in (None, "", "not_seen")]
        last = max(seen, key=lambda a: (a.happened_at, a.activity_id), default=None)
        gone = last is not None and last.body["business_state"] in _GONE
        return ("business", "home") if gone else ("business",)


def met(a: Activity) -> list[str]:
    """Who was met on a visit; empty for an attempt."""
    listed = a.body.get("met")
    return [p for p in listed if isinstance(p, str)] if isinstance(listed, list) else []
