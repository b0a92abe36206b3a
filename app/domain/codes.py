"""The fixed codes of the records, in the order an officer reads them. Words for them: app.i18n (`codes`)."""

from __future__ import annotations

from typing import Final

ACTIVITY_KINDS: Final = (
    "call", "visit", "promise", "contact_check", "whereabouts", "notice",
    "payment_claim", "guarantor_demand", "referral", "note", "correction",
)  # fmt: skip

REACHED: Final = (
    "promised", "will_pay_undated", "unable", "refused", "claims_paid", "disputed", "asks_relief",
    "going_to_deposit", "callback", "do_not_contact",
)  # fmt: skip
CALL_OUTCOMES: Final = (
    "promised", "will_pay_undated", "unable", "refused", "claims_paid", "disputed", "asks_relief",
    "going_to_deposit", "callback", "no_answer", "busy", "switched_off", "suspended", "wrong_number",
    "third_party", "do_not_contact", "deceased",
)  # fmt: skip
VISIT_OUTCOMES: Final = (
    "promised", "will_pay_undated", "unable", "refused", "claims_paid", "disputed", "asks_relief",
    "going_to_deposit", "callback", "third_party", "do_not_contact", "deceased", "met_family", "door_locked",
    "not_home", "migrant_work", "in_hospital", "missing", "moved", "unknown_here", "unsafe",
)  # fmt: skip
CAUSES: Final = ("underwriting", "capacity", "willingness")
REASONS: Final[dict[str, tuple[str, ...]]] = {
    "cash_flow": ("receivable_unpaid", "cheque_pending", "terms_not_due"),
    "market": ("crop_price", "livestock_price", "input_price", "downturn"),
    "family": ("divorce", "marriage", "schooling", "housing", "illness"),
    "under_deposit": (),
    "wrong_account": (),
    "misuse": ("gambling", "drink", "luxury", "unlawful_trade"),
}
BUSINESS_STATES: Final = ("operating", "reduced", "suspended", "transferred", "gone", "not_seen")
EXPLAINED: Final = ("credit_report", "future_loans", "interest_waiver_lost", "penalty", "liability", "legal")
CONTACT_STATES: Final = ("confirmed", "changed", "invalid", "unreachable")
PROMISE_STATES: Final = ("open", "due_today", "to_verify", "kept", "partial", "broken", "replaced")
PLACES: Final = ("business", "home", "other")
DIRECTIONS: Final = ("out", "in")
NOTICE_METHODS: Final = ("in_person", "left_at_place", "posted")
NOTICE_RESULTS: Final = ("signed", "fingerprint", "refused_witnessed", "left", "posted")
DEMAND_METHODS: Final = ("call", "visit", "notice")
DEMAND_AGREED: Final = ("pays", "urges_borrower", "refuses", "unreached")
REFERRAL_TO: Final = ("legal", "blacklist", "reassign", "supervisor")
BLOB_ROLES: Final = ("photo", "signature", "receipt")
CASE_STATUSES: Final = ("open", "watch", "off_list", "legal", "closed")
GUARANTOR_ROLES: Final = ("guarantor", "counter_guarantor", "joint_group_member")
LIABILITIES: Final = ("joint", "general", "unstated")
METHODS: Final = ("equal_instalments", "equal_principal", "interest_first", "bullet")
DEBTOR_ROLES: Final = ("spouse", "co_borrower")
RECORD_STATES: Final = ("waiting", "uploaded", "quarantined", "accepted", "rejected")
STAGES: Final = ("d1_3", "d4_6", "d7_29", "d30_89", "d90")
