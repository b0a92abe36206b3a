"""Taps of every job from the case screen to 已保存, beside the most that screens.md allows.

pytest tests/ui/test_taps.py -rP      prints the list
"""

from __future__ import annotations

import pytest

from tests.ui.case_file import CHEN, WANG, ZHANG, case_open
from tests.ui.test_notice import draw

JOBS = {  # name: whose case, the keys tapped one after another, the most; STROKE is a finger on the glass
    "call outcome": (CHEN, "dial outcome-no_answer save", 3),
    "promise": (CHEN, "promise amount-half due-tomorrow save", 4),
    "visit that met the borrower": (
        ZHANG,
        "visit outcome-promised due-plus3 business-operating reason-cash_flow detail-receivable_unpaid"
        " explained-credit_report save",
        9,
    ),
    "visit that met nobody": (ZHANG, "visit outcome-door_locked save", 4),
    "contact confirmed": (WANG, "form-check check-borrower-phone-0-confirmed", 2),
    "notice served": (WANG, "notice result-signed STROKE save", 6),
}


@pytest.mark.parametrize("job", JOBS)
async def test_a_job_takes_no_more_taps_than_its_measure(job: str) -> None:
    name, keys, most = JOBS[job]
    async with case_open(name) as case:
        for key in keys.split():
            await (draw(case) if key == "STROKE" else case.choose(key))
        assert case.saved
        strokes = keys.split().count("STROKE")
        print(f"{job}: {case.screen.taps} taps of {most}" + (", one stroke" if strokes else ""))  # noqa: T201 - the list
        assert case.screen.taps + strokes <= most


async def test_dialling_takes_one_tap() -> None:
    async with case_open(CHEN) as case:
        await case.dial()
        print(f"dial: {case.screen.taps} tap of 1")  # noqa: T201 - the list
        assert case.device.dialled and case.screen.taps == 1
