"""送达: filled in, signed on the glass, in few taps."""

from __future__ import annotations

from app.domain.gate import Hindrance
from app.domain.message import Message
from app.ui.parts.signature import POINTS_MOST, svg_of
from tests.support.fake_notebook import FakeNotebook
from tests.ui.case_file import WANG, CaseFile, case_open


async def draw(case: CaseFile) -> None:
    """One stroke with the finger."""
    for event, points in (("pan_start", [(10, 10)]), ("pan_update", [(40, 60), (90, 20)])):
        for x, y in points:
            await case.screen.fire(
                event, {"l": {"x": x, "y": y}, "g": {"x": x, "y": y}, "k": "touch"}, key="signature"
            )
    await case.screen.fire(
        "pan_end", {"l": {"x": 90, "y": 20}, "g": {"x": 90, "y": 20}, "v": {"x": 0, "y": 0}}, key="signature"
    )


async def test_a_notice_is_served_and_signed_in_three_taps_and_one_stroke() -> None:
    async with case_open(WANG) as case:
        await case.open_form("notice")
        assert case.screen.shows("逾期催收函")
        await case.choose("result-signed")
        assert case.screen.find(key="save").disabled
        await draw(case)
        await case.save()
        assert case.saved
        assert case.screen.taps <= 6
        [notice] = case.notebook.recorded
        assert notice.body["title"] == "逾期催收函"
        assert notice.body["amount_claimed"] == "28310.07"
        assert (notice.body["method"], notice.body["result"]) == ("in_person", "signed")
        [blob] = notice.blobs
        assert (blob.role, blob.media_type) == ("signature", "image/svg+xml")
        assert blob.data.startswith(b"<svg") and b"M10.0 10.0 L40.0 60.0 L90.0 20.0" in blob.data


async def test_a_refusal_needs_a_witness_and_a_letter_sent_carries_its_number() -> None:
    async with case_open(WANG) as case:
        await case.open_form("notice")
        await case.choose("result-refused_witnessed")
        assert case.screen.find(key="save").disabled
        await case.screen.write("村主任", key="witness")
        await case.save()
        assert case.notebook.recorded[0].body["witness"] == "村主任"
    async with case_open(WANG) as case:
        await case.open_form("notice")
        await case.choose("method-posted")
        await case.screen.write("EMS1", key="post_no")
        await case.save()
        body = case.notebook.recorded[0].body
        assert (body["result"], body["post_no"]) == ("posted", "EMS1")


async def test_the_signature_is_part_of_the_draft_and_can_be_cleared() -> None:
    async with case_open(WANG) as case:
        await case.open_form("notice")
        await case.choose("result-signed")
        await draw(case)
        assert case.kept["strokes"] == [[[10, 10], [40, 60], [90, 20]]]
        await case.screen.tap(key="signature-clear")
        assert case.kept["strokes"] == []


async def test_a_guarantor_can_be_the_addressee() -> None:
    async with case_open(WANG) as case:
        await case.open_form("notice")
        await case.choose("addressee-g1", "method-left_at_place")
        await case.save()
        body = case.notebook.recorded[0].body
        assert (body["addressee"], body["result"]) == ("g1", "left")
        assert body["notice_no"].endswith("-1") or body["notice_no"].endswith("-2")


async def test_a_rule_against_it_is_said_and_going_on_needs_a_reason() -> None:
    notebook = FakeNotebook()
    notebook.hindered = (Hindrance("contact_hours", Message("Why")),)
    async with case_open(WANG, notebook) as case:
        await case.open_form("notice")
        await case.choose("method-left_at_place")
        await case.save()
        assert not case.saved
        assert case.screen.shows("有规定不允许")
        assert case.screen.find(key="save").disabled
        await case.choose("gate-why-1")
        await case.save()
        assert case.saved
        assert notebook.recorded[0].override == "已请示主管"


def test_a_signature_is_a_picture_in_the_pads_own_measures() -> None:
    assert svg_of([[[0, 0], [1, 1]]], 320).startswith(
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180">'
    )
    assert POINTS_MOST * 20 < 128 * 1024
