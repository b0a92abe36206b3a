"""A tour of every screen, for whoever changed one and has to look at it.

    python -m tests.web.tour [--language zh|en] [--dark] [--text 100|200] [--width 390] [--long] [--only NAME …]

Each screen is shown over the made-up notebook of tests.support.fake_notebook, in a state where all of its parts are
there, and photographed into .artifacts/tour/: as the phone shows it (844 high), and in full length, cut into
columns of that height. `--long`: the longest names, villages and amounts, six guarantors, forty records.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from PIL import Image
from playwright.async_api import Error as PageError

from app.bootstrap import ASSETS
from app.device.page_server import serve_page
from app.domain.gate import Hindrance
from app.domain.message import Message
from app.ports import NotebookError
from app.ui import routes
from app.ui.parts.contact_form import fresh_call, fresh_visit
from app.ui.parts.correction_form import fresh_correction
from app.ui.parts.notice_form import fresh_notice
from app.ui.parts.promise_form import fresh_promise
from app.ui.parts.small_records import fresh
from app.ui.start import page_of
from app.views import Draft, FileView, NewActivity
from sync.binding import Binding
from tests.support.branch_server import free_port
from tests.support.browser import ARTIFACTS, HERE, open_phone
from tests.support.fake_notebook import PIN, TODAY, FakeNotebook, case_id_of
from tests.ui.officer import FakeDevice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.browser import PhonePage

CASE = case_id_of("王喆")
AT = routes.case_path(CASE)
SCREENS: dict[str, tuple[str, str]] = {  # name: state of the notebook, route
    "enrol": ("unbound", "/"),
    "unlock": ("wrong", "/"),
    "locked_for_good": ("stuck", "/"),
    "today": ("open", "/"),
    "customers": ("open", routes.CUSTOMERS),
    "promises": ("open", routes.PROMISES),
    "me": ("open", routes.ME),
    "case": ("open", AT),
    **{form: ("open", routes.form_path(AT, form)) for form in routes.FORMS},
    "call_before_dialling": ("hindered", routes.form_path(AT, routes.CALL)),
    "visit_warned": ("warned", routes.form_path(AT, routes.VISIT)),
    "me_records": ("open", routes.ME),
    "check_saved": ("open", routes.form_path(AT, routes.CHECK)),
    "promise_saved": ("open", routes.form_path(AT, routes.PROMISE)),
    "promise_other": ("open", routes.form_path(AT, routes.PROMISE)),
    "promise_day": ("open", routes.form_path(AT, routes.PROMISE)),
    "visit_photo": ("open", routes.form_path(AT, routes.VISIT)),
    "today_waiting": ("open", "/"),
    "forgotten_pin": ("wrong", "/"),
    "today_offline": ("offline", "/"),
    "me_offline": ("offline", routes.ME),
    "promise_full": ("offline", routes.form_path(AT, routes.PROMISE)),
    "today_empty": ("empty", "/"),
    "customers_empty": ("empty", routes.CUSTOMERS),
    "promises_empty": ("empty", routes.PROMISES),
    "me_empty": ("empty", routes.ME),
    "today_broken": ("broken", "/"),
    "case_broken": ("broken", AT),
    "visit_broken": ("broken", routes.form_path(AT, routes.VISIT)),
    "enrol_from_link": ("unbound", Binding("http://x", "w001", "ABCDE12345").link().removeprefix("http://x")),
}
TOUCHED = {  # what is touched before the picture, in either language
    "me_records": ("本机催记|Records on this phone",),
    "check_saved": ("^属实$|^Confirmed$",),
    "promise_saved": ("^保存|^Save",),
    "promise_other": ("^其他$|^Other$",),
    "promise_day": ("其他日期|Another day",),
    "visit_photo": ("照片 1|Photo 1",),
    "today_waiting": ("待排|waiting",),
    "forgotten_pin": ("忘记 PIN|Forgot",),
    "promise_full": ("^保存|^Save",),
}
NO_PLAN = ("unbound", "stuck", "wrong")
FULL_HEIGHT, SHOWN_HEIGHT = 4050, 844  # twice that many pixels, and no more fit into one picture
SETTLES_WITHIN = 40
PHOTO = (ASSETS / "icons" / "icon-192.png").read_bytes()


class BrokenNotebook(FakeNotebook):
    """One that opens and then cannot be read."""

    async def today(self, *_: Any, **__: Any) -> Any:
        raise NotebookError(Message("The data folder cannot be read."))

    case = customers = promise_book = today


def notebook_in(state: str, language: str, text: str, dark: bool, long: bool) -> FakeNotebook:
    """The made-up notebook with every form begun, so that all of its questions are drawn."""
    kind = BrokenNotebook if state == "broken" else FakeNotebook
    book = kind(state="unbound" if state == "unbound" else "locked", empty=state == "empty")
    book.preferences = {"language": language, "text_size": text, "theme": "dark" if dark else "light"}
    book.kept_look = book.preferences
    if state == "empty":
        book.last_sync = None
        return book
    if state == "offline":
        book.online, book.disk_full, book.clock_off_s = False, True, 5400
    if long:
        lengthen(book)
    book.wrong_pins = {"wrong": 2, "stuck": 10}.get(state, 0)
    if state in ("hindered", "warned"):
        words = (
            "{n} conversations with this person today, {most} are the most: possible from {possible_from}."
        )
        given = {"n": 3, "most": 3, "possible_from": datetime(2026, 11, 24, 8, tzinfo=book.moment.tzinfo)}
        book.hindered = (Hindrance("conversations", Message(words, given), None, None, state == "hindered"),)
    case, figures = book.cases[CASE]
    now = book.moment
    book.pins[CASE] = TODAY + timedelta(days=2)
    told = {
        "party": "borrower", "place": "县城建材市场", "when": "晚上", "source": "邻居", "seen_on": "2026-11-20",
        "best_time": "晚上八点以后", "avoid": {"until": "2026-12-01T00:00:00+08:00", "why": "老人住院"},
    }  # fmt: skip
    book._append(NewActivity(CASE, "whereabouts", told, happened_at=now - timedelta(days=3)), "uploaded")
    wrong = next(e.activity for e in book.entries if e.activity.body.get("outcome") == "busy")
    corrected = {
        "of": wrong.activity_id,
        "why": "点错了选项",
        "replacement": {**wrong.body, "outcome": "no_answer"},
    }
    book._append(NewActivity(CASE, "correction", corrected), "waiting")
    refused = next(e.activity.activity_id for e in book.entries if e.activity.kind == "call")
    book.entries = [
        replace(e, state="rejected", reason="与电话记录不符，请更正后重新上报")
        if e.activity.activity_id == refused
        else e
        for e in book.entries
    ]
    photos = (FileView("a" * 64, 1024, "image/jpeg", "photo", "sent"), FileView("b" * 64, 1024, "image/jpeg", "photo", "waiting"))  # fmt: skip
    book.entries = [replace(e, files=photos) if e.activity.kind == "visit" else e for e in book.entries]
    seen = next(e.activity.activity_id for e in book.entries if e.activity.kind == "visit")
    book.own_files = {(seen, p.sha256): PHOTO for p in photos}
    promise = {
        "amount_kind": "all", "amount": str(figures.amount_due), "due_kind": "plus7", "due_on": "2026-11-30",
        "parts": 3, "every": "month",
    }  # fmt: skip
    visit = fresh_visit(case, figures, now)
    visit |= {
        "outcome": "promised", "met": ["borrower", "g1"], "business_state": "operating", "reason": "under_deposit",
        "explained": ["credit_report"], "receivables": [{"from": "供销社", "amount": "3000", "expected_on": "2026-12-01"}],
        "cash_on": "2026-11-30", "promise": {**visit["promise"], **promise}, "notice_result": "refused_witnessed",
        "position": {"lat": 32.3504, "lon": 106.8402, "accuracy_m": 12.0, "fixed_at": now.isoformat()},
    }  # fmt: skip
    call = fresh_call(case, figures, now) | {"outcome": "callback", "undialled": state == "hindered"}
    forms: dict[str, dict[str, Any]] = {
        routes.VISIT: visit,
        routes.CALL: call | ({"outcome": ""} if state == "hindered" else {}),
        routes.PROMISE: fresh_promise(figures, now) | {"promise": {**visit["promise"], **promise}},
        routes.NOTICE: fresh_notice(now) | {"result": "signed"},
        routes.WHEREABOUTS: fresh(routes.WHEREABOUTS, now) | {"avoid_until": "2026-11-30"},
        routes.CLAIM: fresh(routes.CLAIM, now) | {"amount_kind": "other", "amount": "1200.5"},
        routes.CORRECTION: fresh_correction(book.entries[1].activity, now),
    }  # fmt: skip
    for kind, role in ((routes.VISIT, "photo"), (routes.NOTICE, "receipt")):
        forms[kind]["photos"] = [{"name": "a" * 64, "role": role, "media_type": "image/png"}]
        book.kept_files[kind, "a" * 64] = PHOTO
    for kind, form in forms.items():
        book.kept_drafts[kind] = Draft(kind, CASE, kind, form)
    return book


def lengthen(book: FakeNotebook) -> None:
    """Names, places and sums as long as they come."""
    case, figures = book.cases[CASE]
    name, town, village = (
        "阿卜杜热合曼·买买提吐尔逊江",
        "巴音郭楞蒙古族彝族自治镇",
        "上游水库移民新村第十四居民小组",
    )
    address = replace(case.borrower.addresses[0], text=f"{town}{village}农贸市场东侧三排 128 号附 2 号，{name}农资经营部", town=town, village=village)  # fmt: skip
    guarantors = tuple(
        replace(g, guarantor_id=f"g{n + 1}", name=f"{g.name}·帕提古丽{n + 1}", addresses=(address,))
        for n, g in enumerate(case.guarantors * 3)
    )
    sums = {m: getattr(figures, m) * 1000 for m in ("overdue_principal", "overdue_interest", "penalty_interest", "principal_outstanding", "instalment_due", "missing")}  # fmt: skip
    borrower = replace(case.borrower, name=name, addresses=(address, *case.borrower.addresses[1:]))
    book.cases[CASE] = (replace(case, borrower=borrower, guarantors=guarantors), replace(figures, **sums))
    item = book.items[CASE]
    book.items[CASE] = replace(item, name=name, town=town, village=village, amount_due=item.amount_due * 1000)
    for n in range(40):
        body = {"party": "borrower", "number": "13981020007", "direction": "out", "outcome": "no_answer", "note": "占线，隔十分钟再打"}  # fmt: skip
        book._append(NewActivity(CASE, "call", body, happened_at=book.moment - timedelta(hours=3 * n)), "uploaded")  # fmt: skip


@contextmanager
def app_in(state: str, args: argparse.Namespace) -> Iterator[str]:
    """The app over that notebook, in a process of its own."""
    port = free_port()
    command = [
        sys.executable, "-m", "tests.web.tour", "--serve", state, "--port", str(port),
        "--language", args.language, "--text", args.text, *(["--dark"] if args.dark else []),
        *(["--long"] if args.long else []),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


async def tour(args: argparse.Namespace) -> None:
    """All screens, or those that were asked for."""
    wanted = {n: s for n, s in SCREENS.items() if not args.only or n in args.only}
    mode = f"{args.language}-{'dark' if args.dark else 'light'}-{args.text}-{args.width}{'-long' if args.long else ''}"
    (ARTIFACTS / "tour").mkdir(parents=True, exist_ok=True)
    for state in dict.fromkeys(s for s, _ in wanted.values()):
        with app_in(state, args) as address:
            for name, (of, route) in wanted.items():
                if of == state:
                    try:
                        await photograph(address + route, f"tour/{mode}-{name}", state, args)
                    except PageError as e:
                        sys.stdout.write(f"{mode} {name}: {str(e).splitlines()[0]}\n")
                    else:
                        sys.stdout.write(f"{mode} {name}\n")
                    sys.stdout.flush()


async def photograph(address: str, name: str, state: str, args: argparse.Namespace) -> None:
    """One screen, short and long."""
    async with open_phone(dark=args.dark, position=HERE, width=args.width) as phone:
        phone.page.set_default_timeout(
            60_000
        )  # a loaded machine starts slowly; whoever waits here is looking
        for _ in range(600):
            try:
                await phone.goto(address)
            except PageError:  # the app is still starting
                await asyncio.sleep(0.2)
            else:
                break
        if state != "unbound":
            await phone.enter_pin("135790" if state == "wrong" else PIN)
        await _at_rest(phone)
        for words in TOUCHED.get(name.rsplit("-", 1)[-1], ()):
            await phone.page.set_viewport_size({"width": args.width, "height": FULL_HEIGHT})
            await _at_rest(phone)
            await phone.page.get_by_role("button", name=re.compile(words)).first.click()
            await _at_rest(phone)
            await phone.page.set_viewport_size({"width": args.width, "height": SHOWN_HEIGHT})
            await _at_rest(phone)
        await phone.picture(name)
        if state in NO_PLAN:
            return
        await phone.page.set_viewport_size({"width": args.width, "height": FULL_HEIGHT})
        await _at_rest(phone)
        in_columns(await phone.picture(f"{name}-full"))


async def _at_rest(phone: PhonePage) -> None:
    """Wait until three pictures in a row are the same; a ring that turns is given up on."""
    seen, same = b"", 0
    for _ in range(SETTLES_WITHIN):
        await phone.page.wait_for_timeout(400)
        now = await phone.page.screenshot()
        same = same + 1 if now == seen else 0
        if same == 2:
            return
        seen = now


def in_columns(picture: Path) -> None:
    """A long picture as columns side by side, so that it can be looked at whole; what is empty is left out."""
    whole = Image.open(picture).convert("RGB")
    width, height = whole.size
    high = SHOWN_HEIGHT * 2
    parts = [whole.crop((0, top, width, min(top + high, height))) for top in range(0, height, high)]
    parts = [p for p in parts if max(b - a for a, b in p.getextrema()) > 8]  # type: ignore[misc,operator]
    sheet = Image.new("RGB", ((width + 20) * len(parts), high), "magenta")
    for n, part in enumerate(parts):
        sheet.paste(part, (n * (width + 20), 0))
    sheet.save(picture)


def main() -> None:
    """See the module."""
    read = argparse.ArgumentParser(prog="python -m tests.web.tour")
    read.add_argument("--language", choices=("zh", "en"), default="zh")
    read.add_argument("--dark", action="store_true")
    read.add_argument("--text", default="100")
    read.add_argument("--width", type=int, default=390)
    read.add_argument("--long", action="store_true")
    read.add_argument("--only", nargs="*", default=[])
    read.add_argument("--serve", help=argparse.SUPPRESS)
    read.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    args = read.parse_args()
    if args.serve:
        book: Any = notebook_in(args.serve, args.language, args.text, args.dark, args.long)
        serve_page(page_of(book, lambda page: FakeDevice()), assets=ASSETS, port=args.port, browser=False)
        return
    asyncio.run(tour(args))


if __name__ == "__main__":
    main()
