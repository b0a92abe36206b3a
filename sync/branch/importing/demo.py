"""A branch to try things with: made-up officers, the bundled list with all its dates moved so that it is of today."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from app.domain.message import Message
from sync.branch.enrolment import issue_code
from sync.branch.errors import BranchError
from sync.branch.founding import found, is_founded
from sync.branch.importing import styles
from sync.branch.importing.overdue import import_overdue
from sync.branch.importing.places import import_places
from sync.branch.importing.report import BETWEEN, Report
from sync.branch.importing.styles import Unreadable
from sync.branch.office import Now, Office, setting, utc_now
from sync.branch.officers import add_officer, list_officers
from sync.branch.said import in_both
from sync.branch.settings import encode

ASSETS: Final = Path(__file__).parents[3] / "assets" / "demo"
LIST: Final = "overdue_2026-11-23.csv"
PLACES: Final = "places.csv"
LIST_DAY: Final = date(2026, 11, 23)
BRANCH: Final = "演示支行"
OFFICERS: Final = {"w001": "赵敏", "w002": "李国强", "w003": "陈晓燕"}
CARRIES_THE_PHONE: Final = "w001"
_SEPARATED: Final = re.compile(r"(\d{4})([-/年])(\d{1,2})([-/月])(\d{1,2})(日?)")


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo as it stands; `passphrase` only where the branch was made just now."""

    officer_id: str
    officer_name: str
    code: str
    imported: Report
    passphrase: str | None

    def to_json(self) -> dict[str, Any]:
        """`{"officer_id", "officer_name", "code", "imported", "passphrase", "note"}`."""
        note = Message("All people, numbers and places are made up; five rows are wrong on purpose.")
        return {
            "officer_id": self.officer_id,
            "officer_name": self.officer_name,
            "code": self.code,
            "imported": self.imported.to_json(),
            "passphrase": self.passphrase,
            "note": in_both(note, BETWEEN),
        }


def run_demo(
    folder: Path, today: date | None = None, now: Now = utc_now, database_url: str | None = None
) -> Demo:
    """Make the demo branch in `folder`, or find it there again, and issue a fresh code for its officer.

    The list is of `today` (the branch's own day where none is given) at the first run and stays so: run again,
    nothing is doubled. Raises BranchError where the folder holds a branch that is no demo.
    """
    lists = folder / "demo"
    passphrase = None
    if not is_founded(folder, database_url):
        passphrase = found(folder, BRANCH, now=now, database_url=database_url).passphrase
    office = Office.open(folder, now, database_url=database_url)
    try:
        if passphrase is not None:
            _no_quiet_hours(office)
        if office.name != BRANCH:
            raise BranchError(Message("The branch in this data folder is not the demo. Use another folder."))
        lists.mkdir(exist_ok=True)
        registered = {officer.officer_id for officer in list_officers(office)}
        for officer_id, name in OFFICERS.items():
            if officer_id not in registered:
                add_officer(office, officer_id, name)
        imported = import_overdue(office, _list(lists, today or office.today()), full_list=True)
        import_places(office, ASSETS / PLACES)
        code = issue_code(office, CARRIES_THE_PHONE).code
        return Demo(CARRIES_THE_PHONE, OFFICERS[CARRIES_THE_PHONE], code, imported, passphrase)
    finally:
        office.close()


def _no_quiet_hours(office: Office) -> None:
    """The demo is tried at any hour and in any zone: only its branch has no contact hours."""
    with office.changing() as changes:
        limits = setting(changes.conn, "limits") | {"quiet_from": "00:00", "quiet_until": "00:00"}
        changes.store("settings", {"limits": encode(limits)})


def _list(lists: Path, today: date) -> Path:
    """The list of the first run, written there and then."""
    written = sorted(lists.glob("overdue_????-??-??.csv"))
    if written:
        return written[0]
    path = lists / f"overdue_{today.isoformat()}.csv"
    rows = list(csv.reader(io.StringIO((ASSETS / LIST).read_bytes().decode("gb18030"), newline="")))
    out = io.StringIO(newline="")
    move = moved(today - LIST_DAY)
    dated = [heading.endswith("日") or heading == "数据日期" for heading in rows[0]]
    csv.writer(out, lineterminator="\r\n").writerows(
        [[move(cell) if is_date else cell for cell, is_date in zip(row, dated, strict=True)] for row in rows]
    )
    path.write_bytes(out.getvalue().encode("gb18030"))
    return path


def moved(by: timedelta) -> Callable[[str], str]:
    """Moves a cell's day in its own style; what is no day, an impossible one too, stays as it is."""

    def move(cell: str) -> str:
        try:
            day = styles.day(cell) + by
        except Unreadable:
            return cell
        if style := _SEPARATED.fullmatch(cell):
            padded = len(style[5]) == 2 and len(style[3]) == 2
            month, at = (f"{day.month:02}", f"{day.day:02}") if padded else (str(day.month), str(day.day))
            return f"{day.year}{style[2]}{month}{style[4]}{at}{style[6]}"
        return f"{day:%Y%m%d}"

    return move
