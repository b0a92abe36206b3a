import copy
import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.done import CONDITIONS
from app.domain.procedure import DONE, OPENINGS, Procedure, ProcedureError, procedures_from
from app.domain.steps import steps_of
from app.domain.windows import OPENERS
from app.i18n import translator
from tests.unit.domain.made_up import PROCEDURES, RULES, START, ZONE, d, file_of, the

FILES = sorted((Path(__file__).parents[3] / "assets" / "procedures").glob("*.toml"))
DOC: dict[str, Any] = tomllib.loads((FILES[1]).read_text("utf-8"))
Edit = Callable[[dict[str, Any]], object]


def test_the_bundled_procedures_are_the_two_the_products_need() -> None:
    assert set(PROCEDURES) == {"psbc_small_loan", "guarantee_company"}
    zh = translator("zh")
    assert PROCEDURES["psbc_small_loan"].notice_title["zh"] == "逾期催收函"
    assert PROCEDURES["guarantee_company"].notice_title["zh"] == "担保贷款逾期催收通知书"
    assert PROCEDURES["guarantee_company"].guarantor_title["zh"] == "反担保人"
    step = the(list(steps_of(file_of(), PROCEDURES["guarantee_company"], RULES, d(1), ZONE)), "first_visit")
    assert zh.say(step.title) == "首次上门"


def test_every_window_and_condition_a_procedure_may_name_exists() -> None:
    assert set(OPENERS) == set(OPENINGS)
    assert set(CONDITIONS) == set(DONE)


def test_a_branch_edits_days_and_words_and_nothing_in_the_app_changes() -> None:
    doc = copy.deepcopy(DOC)
    visit = next(s for s in doc["steps"] if s["step"] == "second_visit")
    visit["days"] |= {"from_day": 5, "due_day": 9}
    visit["texts"]["title"]["zh"] = "复访"
    setting = json.loads(json.dumps({"psbc_small_loan": doc}))
    edited = procedures_from(setting, PROCEDURES)
    assert edited["guarantee_company"] == PROCEDURES["guarantee_company"]
    found = [
        list(steps_of(file_of(), edited["psbc_small_loan"], RULES, START + timedelta(days=n), ZONE))
        for n in (4, 5)
    ]
    assert "second_visit" not in [s.step for s in found[0]]
    step = the(found[1], "second_visit")
    assert (step.due_on, translator("zh").say(step.title)) == (d(9), "复访")


def test_a_branch_may_leave_a_step_out() -> None:
    doc = copy.deepcopy(DOC)
    doc["steps"] = [s for s in doc["steps"] if s["step"] != "takeover_visit"]
    file = file_of(assigned_on=d(20))
    steps = steps_of(file, Procedure.read(doc), RULES, d(21), ZONE)
    asked = {s.step for s in steps}
    assert asked == {"first_visit", "contact_guarantors", "serve_notice"}


def test_no_setting_leaves_the_bundled_ones() -> None:
    assert procedures_from(None, PROCEDURES) == PROCEDURES == procedures_from({}, PROCEDURES)


@pytest.mark.parametrize(
    ("edit", "path"),
    [
        (lambda doc: doc.pop("name"), "name"),
        (lambda doc: doc.pop("steps"), "steps"),
        (lambda doc: doc.update(steps=[]), "steps"),
        (lambda doc: doc.update(steps=["x"]), "steps[0]"),
        (lambda doc: doc.pop("notice_title"), "notice_title"),
        (lambda doc: doc["notice_title"].pop("en"), "notice_title.en"),
        (lambda doc: doc.update(exact_amount_up_to="a little"), "exact_amount_up_to"),
        (lambda doc: doc.update(exact_amount_up_to="-1"), "exact_amount_up_to"),
        (lambda doc: doc.update(long_overdue_from="90"), "long_overdue_from"),
        (lambda doc: doc["capacities"].update(doors=-1), "capacities.doors"),
        (lambda doc: doc["steps"][3].pop("step"), "steps[3].step"),
        (lambda doc: doc["steps"][4].update(step="daily_call"), "steps[4].step"),
        (lambda doc: doc["steps"][3].update(kind="letter"), "steps[3].kind"),
        (lambda doc: doc["steps"][3].update(opens="whenever"), "steps[3].opens"),
        (lambda doc: doc["steps"][3].update(opens=["x"]), "steps[3].opens"),
        (lambda doc: doc["steps"][3].update(done="never"), "steps[3].done"),
        (lambda doc: doc["steps"][3]["days"].pop("to_day"), "steps[3].days.to_day"),
        (lambda doc: doc["steps"][3]["days"].update(to_day=True), "steps[3].days.to_day"),
        (lambda doc: doc["steps"][3].update(days=5), "steps[3].days"),
        (lambda doc: doc["steps"][3]["days"].update(to_day=0), "steps[3].days.to_day"),
        (lambda doc: doc["steps"][3]["days"].update(to_day=10**9), "steps[3].days.to_day"),
        (lambda doc: doc["steps"][5]["days"].update(due_working_day=0), "steps[5].days.due_working_day"),
        (lambda doc: doc["steps"][3].pop("texts"), "steps[3].texts"),
        (lambda doc: doc["steps"][3]["texts"].pop("why"), "steps[3].texts.why"),
        (lambda doc: doc["steps"][3]["texts"]["why"].update(zh=" "), "steps[3].texts.why.zh"),
    ],
)
def test_a_procedure_that_cannot_be_followed_names_the_key(edit: Edit, path: str) -> None:
    doc = copy.deepcopy(DOC)
    edit(doc)
    with pytest.raises(ProcedureError) as caught:
        Procedure.read(doc)
    assert caught.value.path == path
    if path != "name":
        with pytest.raises(ProcedureError) as named:
            procedures_from({"psbc_small_loan": doc}, PROCEDURES)
        assert named.value.path == f"psbc_small_loan.{path}"


@pytest.mark.parametrize("doc", [{"x": 5}, {"x": {**DOC, "name": "y"}}])
def test_a_setting_that_is_no_procedure_names_it(doc: dict[str, Any]) -> None:
    with pytest.raises(ProcedureError) as caught:
        procedures_from(doc, PROCEDURES)
    assert caught.value.path.startswith("x")


def test_a_variant_of_why_that_is_not_written_falls_back_to_why() -> None:
    rule = next(s for s in PROCEDURES["psbc_small_loan"].steps if s.step == "daily_call")
    assert rule.text("unseen") == rule.text("why")
    assert replace(rule, texts={**rule.texts, "unseen": {"zh": "x"}}).text("unseen") == {"zh": "x"}


@pytest.mark.parametrize(
    ("edit", "path"),
    [
        (lambda doc: doc.update(notice_titel={"zh": "x", "en": "x"}), "notice_titel"),
        (lambda doc: doc["steps"][0].update(day={}), "steps[0].day"),
        (lambda doc: doc["steps"][0]["texts"]["why"].update(zh="{amuont}"), "steps[0].texts.why.zh"),
        (lambda doc: doc["steps"][0]["texts"]["why"].update(en="{amount"), "steps[0].texts.why.en"),
        (lambda doc: doc.update(notice_text=["{to}：", "{sum}"]), "notice_text[1]"),
        (lambda doc: doc.update(guarantor_notice_text="x"), "guarantor_notice_text"),
    ],
)
def test_a_slip_of_the_pen_is_named_by_its_key(edit: Any, path: str) -> None:
    doc = copy.deepcopy(DOC)
    edit(doc)
    with pytest.raises(ProcedureError) as refused:
        Procedure.read(doc)
    assert refused.value.path == path
