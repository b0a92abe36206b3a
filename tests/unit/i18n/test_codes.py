import pytest

from app.domain import codes
from app.i18n import translator

CODES = {
    "kind": codes.ACTIVITY_KINDS,
    "outcome": codes.CALL_OUTCOMES + codes.VISIT_OUTCOMES,
    "cause": codes.CAUSES,
    "reason": tuple(codes.REASONS),
    "reason_detail": tuple(d for details in codes.REASONS.values() for d in details),
    "business_state": codes.BUSINESS_STATES,
    "explained": codes.EXPLAINED,
    "contact_state": codes.CONTACT_STATES,
    "promise_state": codes.PROMISE_STATES,
    "place": codes.PLACES,
    "direction": codes.DIRECTIONS,
    "notice_method": codes.NOTICE_METHODS,
    "notice_result": codes.NOTICE_RESULTS,
    "demand_method": codes.DEMAND_METHODS,
    "agreed": codes.DEMAND_AGREED,
    "referral_to": codes.REFERRAL_TO,
    "blob_role": codes.BLOB_ROLES,
    "case_status": codes.CASE_STATUSES,
    "role": ("borrower", *codes.DEBTOR_ROLES, *codes.GUARANTOR_ROLES),
    "liability": codes.LIABILITIES,
    "method": codes.METHODS,
    "record_state": codes.RECORD_STATES,
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("group", "value"), [(g, v) for g, values in CODES.items() for v in values])
def test_every_code_has_words_in_both_languages(language: str, group: str, value: str) -> None:
    assert translator(language).code(group, value) != value


@pytest.mark.parametrize(
    ("group", "value", "words"),
    [
        ("outcome", "will_pay_undated", "愿还，日期未定"),
        ("outcome", "unsafe", "现场有风险，已离开"),
        ("cause", "underwriting", "贷前调查不足"),
        ("reason", "misuse", "疑似骗贷、挪用（待核实）"),
        ("reason_detail", "downturn", "行情、金融危机"),
        ("business_state", "gone", "人去楼空"),
        ("explained", "liability", "责任越拖越大"),
        ("promise_state", "to_verify", "待核到账"),
        ("contact_state", "unreachable", "未接通"),
        ("record_state", "quarantined", "待主管核查"),
        ("case_status", "off_list", "离册待核"),
    ],
)
def test_a_code_is_said_in_the_fields_own_words(group: str, value: str, words: str) -> None:
    assert translator("zh").code(group, value) == words


@pytest.mark.parametrize("group", ["outcome", "reason_detail", "promise_state", "case_status", "place"])
def test_no_two_codes_of_a_group_read_alike(group: str) -> None:
    for language in ("zh", "en"):
        words = [translator(language).code(group, value) for value in dict.fromkeys(CODES[group])]
        assert len(set(words)) == len(words)
