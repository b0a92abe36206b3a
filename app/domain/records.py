"""The records of collection: case, figures, activity, parsed from the JSON the wire carries.

Reading is tolerant: every list may be absent, unknown members and kinds are kept as they came (`raw`), and a
member that cannot be read counts as absent. Saying no is `validation`'s work, at save and at the branch.
Dates are `date`, instants are aware `datetime`, money is `Decimal` in CNY, coordinates WGS-84 degrees.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import MAXYEAR, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from app.domain.frozen import frozen
from sync.nesting import check_nesting

BORROWER: Final = "borrower"
ZERO: Final = Decimal("0.00")
CENT: Final = Decimal("0.01")
_TOO_MUCH: Final = Decimal(10) ** 15

_decoder = json.JSONDecoder()
_NUMBERS: Final = (int, float)  # as JSON has them; a bool is none


@frozen
class Phone:
    """A telephone number; `verified_on` is the day the branch last knew it to be right."""

    number: str
    label: str = ""
    source: str = ""
    verified_on: date | None = None


@frozen
class Address:
    """Where somebody is found; `kind` is `business`, `home` or `other`."""

    kind: str
    text: str
    town: str = ""
    village: str = ""
    lat: float | None = None
    lon: float | None = None
    source: str = ""


@frozen
class Borrower:
    """The person who owes."""

    name: str
    id_last4: str = ""
    phones: tuple[Phone, ...] = ()
    addresses: tuple[Address, ...] = ()
    occupation: str = ""

    def address(self, *kinds: str) -> Address | None:
        """The first address of the first of `kinds` there is one of; None where there is none."""
        return next((a for kind in kinds for a in self.addresses if a.kind == kind), None)


@frozen
class Debtor:
    """A spouse or co-borrower: a debtor too."""

    debtor_id: str
    role: str
    name: str
    phones: tuple[Phone, ...] = ()


@frozen
class Guarantor:
    """Somebody who answers for the debt; `liability` is `joint`, `general` or `unstated`."""

    guarantor_id: str
    name: str
    role: str
    liability: str = "unstated"
    guarantee_ends: date | None = None
    relation: str = ""
    phones: tuple[Phone, ...] = ()
    addresses: tuple[Address, ...] = ()


@frozen
class Loan:
    """The contract's terms. `annual_rate` and `penalty_uplift` are fractions (0.1458, 0.5)."""

    product: str = ""
    amount: Decimal = ZERO
    disbursed_on: date | None = None
    maturity: date | None = None
    method: str = ""
    instalment_dates: tuple[date, ...] = ()
    annual_rate: Decimal = ZERO
    penalty_uplift: Decimal = ZERO
    repayment_account: str = ""

    @property
    def account_tail(self) -> str:
        """The last four characters of the masked repayment account."""
        return self.repayment_account[-4:]


@frozen
class Payment:
    """Money that arrived; `payer` is `borrower`, a debtor_id or a guarantor_id."""

    payment_id: str
    date: date
    amount: Decimal
    payer: str = BORROWER


@frozen
class Decision:
    """What the supervisor decided: `what` is legal, blacklist, misuse, closed or refused."""

    what: str
    why: str
    by: str
    on: date | None


@frozen
class History:
    """What happened before this system."""

    first_visit_on: date | None = None
    notice_served_on: date | None = None
    last_contact_on: date | None = None


@frozen
class Case:
    """One overdue loan of one customer: the stable part. Raises nothing; see `Case.read`."""

    case_id: str
    contract_no: str
    customer_no: str
    procedure: str
    status: str
    borrower: Borrower
    loan: Loan
    group_no: str = ""
    status_since: date | None = None
    episode_start: date | None = None
    assigned_to: str = ""
    assigned_on: date | None = None
    history: History = History()
    decisions: tuple[Decision, ...] = ()
    rejected_contacts: frozenset[str] = (
        frozenset()
    )  # activity_id of the contact_checks the branch did not take
    debtors: tuple[Debtor, ...] = ()
    guarantors: tuple[Guarantor, ...] = ()
    payments: tuple[Payment, ...] = ()
    notes: str = ""
    source: bytes = field(default=b"{}", compare=False, repr=False)

    @classmethod
    def read(cls, document: bytes) -> Case:
        """Parse a case document. Raises ValueError when it is not a JSON object with a `case_id`."""
        raw = _object(document)
        if not isinstance(raw.get("case_id"), str):
            raise ValueError("not a case")
        b = _mapping(raw.get("borrower"))
        ln = _mapping(raw.get("loan"))
        h = _mapping(raw.get("history"))
        return cls(
            case_id=raw["case_id"],
            contract_no=_text(raw.get("contract_no")),
            customer_no=_text(raw.get("customer_no")),
            procedure=_text(raw.get("procedure")),
            status=_text(raw.get("status")) or "open",
            borrower=Borrower(
                name=_text(b.get("name")),
                id_last4=_text(b.get("id_last4")),
                phones=_phones(b.get("phones")),
                addresses=_addresses(b.get("addresses")),
                occupation=_text(b.get("occupation")),
            ),
            loan=Loan(
                product=_text(ln.get("product")),
                amount=money(ln.get("amount")) or ZERO,
                disbursed_on=day(ln.get("disbursed_on")),
                maturity=day(ln.get("maturity")),
                method=_text(ln.get("method")),
                instalment_dates=_days(_list(ln.get("instalment_dates"))),
                annual_rate=money(ln.get("annual_rate")) or ZERO,
                penalty_uplift=money(ln.get("penalty_uplift")) or ZERO,
                repayment_account=_text(ln.get("repayment_account")),
            ),
            group_no=_text(raw.get("group_no")),
            status_since=day(raw.get("status_since")),
            episode_start=_counted_from(raw.get("episode_start")),
            assigned_to=_text(raw.get("assigned_to")),
            assigned_on=_counted_from(raw.get("assigned_on")),
            history=History(
                day(h.get("first_visit_on")), day(h.get("notice_served_on")), day(h.get("last_contact_on"))
            ),
            decisions=tuple(
                Decision(_text(d.get("what")), _text(d.get("why")), _text(d.get("by")), day(d.get("on")))
                for d in _mappings(raw.get("decisions"))
            ),
            rejected_contacts=frozenset(
                _text(r.get("activity_id")) for r in _mappings(raw.get("rejected_contacts"))
            ),
            debtors=tuple(
                Debtor(
                    _text(d.get("debtor_id")),
                    _text(d.get("role")),
                    _text(d.get("name")),
                    _phones(d.get("phones")),
                )
                for d in _mappings(raw.get("debtors"))
            ),
            guarantors=tuple(
                Guarantor(
                    guarantor_id=_text(g.get("guarantor_id")),
                    name=_text(g.get("name")),
                    role=_text(g.get("role")),
                    liability=_text(g.get("liability")) or "unstated",
                    guarantee_ends=day(g.get("guarantee_ends")),
                    relation=_text(g.get("relation")),
                    phones=_phones(g.get("phones")),
                    addresses=_addresses(g.get("addresses")),
                )
                for g in _mappings(raw.get("guarantors"))
            ),
            payments=tuple(
                Payment(_text(p.get("payment_id")), on, amount, _text(p.get("payer")) or BORROWER)
                for p in _mappings(raw.get("payments"))
                if (on := day(p.get("date"))) is not None and (amount := money(p.get("amount"))) is not None
            ),
            notes=_text(raw.get("notes")),
            source=document,
        )

    @property
    def raw(self) -> Mapping[str, Any]:
        """The document's JSON, unknown members included."""
        return _object(self.source)

    def is_debtor(self, party: str) -> bool:
        """Whether `party` is the borrower, the spouse or a co-borrower: contacting them is no third-party contact."""
        return party == BORROWER or any(d.debtor_id == party for d in self.debtors)

    def guarantor(self, party: str) -> Guarantor | None:
        """The guarantor of that id, or None."""
        return next((g for g in self.guarantors if g.guarantor_id == party), None)

    def party_name(self, party: str) -> str:
        """The name behind a party reference; empty where nobody is known by it (`other:…`)."""
        if party == BORROWER:
            return self.borrower.name
        people: Iterable[Debtor | Guarantor] = (*self.debtors, *self.guarantors)
        for person in people:
            if party == (person.debtor_id if isinstance(person, Debtor) else person.guarantor_id):
                return person.name
        return ""


@frozen
class Figures:
    """What moves every day: amounts as of `as_of`."""

    as_of: date | None = None
    due_since: date | None = None
    principal_outstanding: Decimal = ZERO
    overdue_principal: Decimal = ZERO
    overdue_interest: Decimal = ZERO
    penalty_interest: Decimal = ZERO
    instalment_due: Decimal = ZERO
    account_balance: Decimal = ZERO
    missing: Decimal = ZERO
    longest_dpd: int = 0
    payments_cover: date | None = None
    source: bytes = field(default=b"{}", compare=False, repr=False)

    @classmethod
    def read(cls, document: bytes) -> Figures:
        """Parse a figures document. Raises ValueError when it is not a JSON object."""
        raw = _object(document)
        longest = raw.get("longest_dpd")
        return cls(
            as_of=day(raw.get("as_of")),
            due_since=day(raw.get("due_since")),
            principal_outstanding=money(raw.get("principal_outstanding")) or ZERO,
            overdue_principal=money(raw.get("overdue_principal")) or ZERO,
            overdue_interest=money(raw.get("overdue_interest")) or ZERO,
            penalty_interest=money(raw.get("penalty_interest")) or ZERO,
            instalment_due=money(raw.get("instalment_due")) or ZERO,
            account_balance=money(raw.get("account_balance")) or ZERO,
            missing=money(raw.get("missing")) or ZERO,
            longest_dpd=longest if type(longest) is int else 0,
            payments_cover=day(raw.get("payments_cover")),
            source=document,
        )

    @property
    def raw(self) -> Mapping[str, Any]:
        """The document's JSON, unknown members included."""
        return _object(self.source)

    @property
    def amount_due(self) -> Decimal:
        """补齐逾期: the three overdue parts as of `as_of`."""
        return self.overdue_principal + self.overdue_interest + self.penalty_interest

    @property
    def to_settle(self) -> Decimal:
        """全部结清, an estimate: outstanding principal, overdue interest and penalty."""
        return self.principal_outstanding + self.overdue_interest + self.penalty_interest


@frozen
class Position:
    """Where the phone was at an activity: WGS-84 degrees, accuracy in metres."""

    lat: float
    lon: float
    accuracy_m: float | None = None
    mocked: bool | None = None
    fixed_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """The record's `position` member."""
        return {
            "lat": self.lat,
            "lon": self.lon,
            "accuracy_m": self.accuracy_m,
            "mocked": self.mocked,
            "fixed_at": self.fixed_at.isoformat() if self.fixed_at else None,
        }


@frozen
class Activity:
    """催记: one immutable thing an officer did or learned. `source` is the record as it came.

    A phone holds tens of thousands: what a plan asks for is parsed once and kept, the rest is read when asked for.
    """

    activity_id: str
    case_id: str
    kind: str
    happened_at: datetime
    recorded_at: datetime
    officer_id: str
    device_id: str
    device_seq: int
    body: Mapping[str, Any]
    source: bytes | Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def read(cls, record: bytes) -> Activity:
        """Parse a record. Raises ValueError when it lacks what every activity has."""
        return cls._of(_object(record), record)

    @classmethod
    def of(cls, raw: object) -> Activity:
        """The same from the parsed JSON. Raises ValueError."""
        if not isinstance(raw, dict):
            raise ValueError("not an activity")
        return cls._of(raw, raw)

    @classmethod
    def _of(cls, raw: Mapping[str, Any], source: bytes | Mapping[str, Any]) -> Activity:
        try:
            written, said = raw["recorded_at"], raw.get("happened_at")
            recorded = datetime.fromisoformat(written)
            happened = datetime.fromisoformat(said) if said and said != written else recorded
            activity_id, case_id, kind, body = raw["activity_id"], raw["case_id"], raw["kind"], raw["body"]
            activity = cls(
                activity_id,
                case_id,
                kind,
                happened,
                recorded,
                raw["officer_id"],
                raw["device_id"],
                raw["device_seq"],
                body,
                source,
            )
        except (KeyError, TypeError, AttributeError) as e:
            raise ValueError("not an activity") from e
        if happened.tzinfo is None or recorded.tzinfo is None or not isinstance(body, dict):
            raise ValueError("not an activity")
        if not (isinstance(activity_id, str) and isinstance(case_id, str) and isinstance(kind, str)):
            raise ValueError("not an activity")
        return activity

    @property
    def raw(self) -> Mapping[str, Any]:
        """The record's JSON, unknown members included."""
        return _object(self.source) if isinstance(self.source, bytes) else self.source

    @property
    def position(self) -> Position | None:
        """The position taken with it, if there is a readable one."""
        return read_position(self.raw.get("position"))

    @property
    def party(self) -> str:
        """Whom the body names; empty where its kind names nobody."""
        value = self.body.get("party") or self.body.get("guarantor_id") or ""
        return value if isinstance(value, str) else ""


@frozen
class CaseFile:
    """Everything known of one case: what all rules look at. `activities` in no particular order."""

    case: Case
    figures: Figures = Figures()
    activities: tuple[Activity, ...] = ()


def read_position(value: object) -> Position | None:
    """A `position` member, or None where there is none that makes sense."""
    if not isinstance(value, dict):
        return None
    lat: Any = value.get("lat")
    lon: Any = value.get("lon")
    accuracy: Any = value.get("accuracy_m")
    mocked = value.get("mocked")
    if type(lat) not in _NUMBERS or type(lon) not in _NUMBERS:
        return None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    return Position(
        float(lat),
        float(lon),
        float(accuracy) if type(accuracy) in _NUMBERS else None,
        mocked if isinstance(mocked, bool) else None,
        instant(value.get("fixed_at")),
    )


def day(value: object) -> date | None:
    """An ISO date, or None."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _counted_from(value: object) -> date | None:
    """A day others are counted from: none in the calendar's last year, which has no year after it."""
    on = day(value)
    return on if on is not None and on.year < MAXYEAR else None


def _days(values: list[Any]) -> tuple[date, ...]:
    """Those that are dates."""
    try:
        return tuple(map(date.fromisoformat, values))
    except (ValueError, TypeError):
        return tuple(d for d in map(day, values) if d is not None)


def instant(value: object) -> datetime | None:
    """An ISO instant with offset, or None."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def money(value: object) -> Decimal | None:
    """A decimal string, or None; floats are not money, nor is what no arithmetic in fen can hold."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and -_TOO_MUCH < amount < _TOO_MUCH else None


def _object(document: bytes) -> dict[str, Any]:
    """Raises ValueError where the bytes are no JSON object in UTF-8, RecursionError where it nests too deep."""
    check_nesting(document)
    text = document.decode("utf-8")
    try:
        value, end = _decoder.raw_decode(text)
    except ValueError:
        end = -1
    if end != len(text):  # blanks around it, or no JSON
        value = _decoder.decode(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [m for m in _list(value) if isinstance(m, dict)]


def _phones(value: object) -> tuple[Phone, ...]:
    return tuple(
        Phone(
            _text(p.get("number")), _text(p.get("label")), _text(p.get("source")), day(p.get("verified_on"))
        )
        for p in _mappings(value)
        if p.get("number")
    )


def _addresses(value: object) -> tuple[Address, ...]:
    out = []
    for a in _mappings(value):
        at = read_position(a)
        out.append(
            Address(
                kind=_text(a.get("kind")) or "other",
                text=_text(a.get("text")),
                town=_text(a.get("town")),
                village=_text(a.get("village")),
                lat=at.lat if at else None,
                lon=at.lon if at else None,
                source=_text(a.get("source")),
            )
        )
    return tuple(out)
