"""更正: from the timeline, with a reason; both records stay, and what is shown follows."""

from __future__ import annotations

from tests.support.fake_notebook import case_id_of
from tests.ui.case_file import WANG, CaseFile, case_open
from tests.ui.officer import inside


def entry_id(case: CaseFile, kind: str, outcome: str | None = None) -> str:
    return next(
        e.activity.activity_id
        for e in case.notebook.entries
        if e.activity.case_id == case_id_of(WANG)
        and e.activity.kind == kind
        and outcome in (None, e.activity.body.get("outcome"))
    )


async def test_a_wrong_outcome_is_corrected_with_a_reason_and_both_stay_in_the_timeline() -> None:
    async with case_open(WANG) as case:
        of = entry_id(case, "call", "busy")
        await case.screen.tap(key=f"correct-{of}")
        assert case.route.endswith("/correction")
        assert case.screen.find(key="save").disabled
        await case.choose("member-outcome-no_answer", "why-0")
        await case.save()
        [correction] = case.notebook.recorded
        assert correction.kind == "correction"
        assert correction.body["of"] == of
        assert correction.body["why"] == "点错了选项"
        assert correction.body["replacement"]["kind"] == "call"
        assert correction.body["replacement"]["body"]["outcome"] == "no_answer"
        await case.screen.tap(key="back-to-case")
        assert case.screen.find_all(key=f"entry-{of}")
        assert case.screen.shows("已更正")
        assert case.screen.shows("更正为：无人接听")


async def test_a_record_that_never_happened_is_taken_back_but_not_without_a_reason() -> None:
    async with case_open(WANG) as case:
        of = entry_id(case, "visit")
        await case.screen.tap(key=f"correct-{of}")
        await case.choose("how-withdraw")
        assert case.screen.find(key="save").disabled
        await case.screen.write("写成了别家的门", key="why")
        await case.save()
        assert case.notebook.recorded[0].body == {"of": of, "why": "写成了别家的门"}
        await case.screen.tap(key="back-to-case")
        assert case.screen.shows("更正为：已撤回")


async def test_a_correction_of_another_record_makes_room_for_the_one_begun_before() -> None:
    async with case_open(WANG) as case:
        first, second = entry_id(case, "call", "busy"), entry_id(case, "visit")
        await case.screen.tap(key=f"correct-{first}")
        await case.choose("why-1")
        await case.screen.back()
        await case.screen.tap(key=f"correct-{second}")
        assert case.kept["of"] == second
        assert case.screen.shows("上门 · 11月22日 09:10")


async def test_the_address_of_a_correction_nobody_began_says_where_to_begin() -> None:
    async with inside(route=f"/case/{case_id_of(WANG)}/correction") as officer:
        assert officer.screen.shows("没有要更正的记录")


async def test_the_timeline_can_be_read_by_kind() -> None:
    async with case_open(WANG) as case:
        assert len(timeline(case)) == 4
        await case.choose("timeline-call")
        assert len(timeline(case)) == 2
        await case.choose("timeline-all")
        assert len(timeline(case)) == 4


def timeline(case: CaseFile) -> list[str]:
    return [c.key for c in case.screen.controls() if isinstance(c.key, str) and c.key.startswith("entry-")]
