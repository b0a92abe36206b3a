"""The same notebook from the command line, for support staff and scripts: `python -m app --data DIR …`.

Exit code 0 only if it did what it says; 1 refused, 2 wrong usage or a refused line, 3 the branch was not reached
(nothing is lost). Standard output holds the answer alone; sentences go to standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from app.bootstrap import open_notebook
from app.device.files import write_durably
from app.domain.message import Message
from app.domain.people import PersonView
from app.domain.plan import PlanItem
from app.domain.promises import PromiseView
from app.domain.records import read_position
from app.domain.steps import Step
from app.i18n import Translator, translator
from app.misused import in_words
from app.notebook import Notebook
from app.ports import NoConnection, NotebookError
from app.views import CaseView, NewActivity, TimelineEntry
from sync.protocol import Unreachable

REFUSED, USAGE, UNREACHED = 1, 2, 3
PLANNED_YEARS = range(1900, 2200)  # a rule looks days back and ahead, which the calendar's ends do not have


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    for stream in (sys.stdout, sys.stderr):  # whatever the machine's own: names have characters GBK lacks
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser(translator(_language(given))).parse_args(given)
    t = translator(options.lang)
    run: Callable[[argparse.Namespace, Notebook, Translator], Awaitable[int]] = options.run
    if sys.stdout is None:
        _complain(t("Standard output is closed: the answer would be lost. Nothing was done."))
        return REFUSED
    try:
        if options.command == "salvage":
            return _salvage(options, t)
        if options.command == "handin":
            return _hand_in(options, t)
        return asyncio.run(_with_notebook(options, run, t))
    except NoConnection as e:
        _complain(t.say(e.message))
        return UNREACHED
    except NotebookError as e:
        _complain(t.say(e.message))
        return REFUSED
    except BrokenPipeError:  # who read the answer has enough of it
        _let_go_of_output()
        return REFUSED
    except OSError as e:
        _let_go_of_output()
        _complain(t("The answer could not be written: {why}.", why=e.strerror or str(e)))
        return REFUSED
    except KeyboardInterrupt:
        _complain(t("Stopped. What was saved stays saved."))
        return REFUSED


async def _with_notebook(
    options: argparse.Namespace,
    run: Callable[[argparse.Namespace, Notebook, Translator], Awaitable[int]],
    t: Translator,
) -> int:
    notebook = open_notebook(options.data)
    try:
        if run is not _enrol:
            if notebook.state == "unbound":
                raise NotebookError(
                    Message("This data folder is not bound to a branch yet. Run enrol first.")
                )
            await notebook.unlock(_pin(t))
            if notebook.state == "binding":
                raise NotebookError(
                    Message(
                        "The branch has not confirmed this notebook yet. Run enrol again with the same code."
                    )
                )
        return await run(options, notebook, t)
    finally:
        await notebook.lock()


async def _enrol(options: argparse.Namespace, notebook: Notebook, t: Translator) -> int:
    await notebook.bind(
        options.server, options.officer, options.code, _pin(t, new=notebook.state == "unbound")
    )
    _answer(
        options,
        {
            "officer_id": notebook.officer_id,
            "officer_name": notebook.officer_name,
            "branch": notebook.branch_name,
        },
        lambda: t(
            "Bound: {officer} at {branch}.", officer=notebook.officer_name, branch=notebook.branch_name
        ),
    )
    return 0


async def _sync(options: argparse.Namespace, notebook: Notebook, t: Translator) -> int:
    report = await notebook.sync()
    state = await notebook.sync_state()
    _answer(
        options,
        {
            "pushed": report.pushed,
            "quarantined": report.quarantined,
            "pulled": report.pulled,
            "removed": report.removed,
            "started_anew": report.started_anew,
            "restored": report.restored,
            "mismatch": report.mismatch,
            "waiting": state.waiting,
            "files_sent": report.files_sent,
            "files_waiting": report.files_waiting,
        },
        lambda: t("Sent {pushed}, received {pulled}, waiting {waiting}.", pushed=report.pushed, pulled=report.pulled, waiting=state.waiting),
    )  # fmt: skip
    if state.clock_off_s:
        _complain(_clock_off(state.clock_off_s, t))
    if report.restored:
        _complain(
            t("The branch was put back from a backup. What it had lost was sent again from this phone.")
        )
    if report.mismatch:
        _complain(t("The notebook does not match the branch even after a new start. Please tell the branch."))
        return REFUSED
    trouble = notebook.files_trouble(report)
    if trouble is not None:
        _complain(t("{n} files wait: {why}", n=report.files_waiting, why=t.say(trouble)))
        return UNREACHED if isinstance(report.files_trouble, Unreachable) else REFUSED
    return 0


async def _today(options: argparse.Namespace, notebook: Notebook, t: Translator) -> int:
    plan = await notebook.today(options.on)
    lists = {"visits": plan.visits, "calls": plan.calls, "waiting": plan.waiting}
    titles = {"visits": t("Visits"), "calls": t("Calls"), "waiting": t("Not planned today")}
    _answer(
        options,
        {"date": plan.date.isoformat()}
        | {name: [_item(i, t) for i in items] for name, items in lists.items()},
        lambda: "\n".join(
            [f"{plan.date.isoformat()} {t.weekday(plan.date)}"]
            + [line for name, items in lists.items() for line in _lines(titles[name], items, t)]
        ),
    )
    return 0


def _lines(title: str, items: Iterable[PlanItem], t: Translator) -> list[str]:
    rows = list(items)
    return [f"\n{title} {len(rows)}"] + [
        "  ".join(
            (
                i.contract_no,
                i.name,
                t("{n} days overdue", n=i.dpd),
                t.money(i.amount_due),
                " ".join(("✓" if s.done else "") + t.say(s.title) for s in i.steps),
            )
        )
        for i in rows
    ]


async def _case(options: argparse.Namespace, notebook: Notebook, t: Translator) -> int:
    view = await notebook.case(options.case)
    _answer(
        options,
        {
            "case": view.case.raw,
            "figures": view.figures.raw,
            "steps": [_step(s, t) for s in view.steps],
            "promises": [_promise(p) for p in view.promises],
            "timeline": [_timeline(e) for e in view.timeline],
            "people": [_person(p, t) for p in view.people],
            "limitation": _limitation(view, t),
            "mix": dict(view.mix),
            "unclear_date": view.unclear_date,
            "long_overdue": view.long_overdue,
            "whereabouts": [dict(a.body) for a in view.whereabouts],
            "reasons": [
                {"on": r.on.isoformat(), "cause": r.cause, "reason": r.reason, "reason_detail": r.detail}
                for r in view.reasons
            ],
            "group": [
                {
                    "case_id": g.case_id,
                    "contract_no": g.contract_no,
                    "name": g.name,
                    "dpd": g.dpd,
                    "amount_due": _money(g.amount_due),
                }
                for g in view.group
            ],
            "cash": [
                {
                    "on": c.on.isoformat(),
                    "source": c.source,
                    "amount": _money(c.amount) if c.amount is not None else None,
                    "about": c.about,
                }
                for c in view.cash
            ],
        },
        lambda: _case_text(view, t),
    )
    return 0


def _case_text(view: CaseView, t: Translator) -> str:
    head = (
        view.case.contract_no,
        view.case.borrower.name,
        t("{n} days overdue", n=view.dpd),
        t.money(view.figures.amount_due),
    )
    lines = ["  ".join(head)]
    lines += [("✓ " if s.done else "· ") + t.say(s.why) for s in view.steps]
    lines += [
        "  ".join((t.full_date(p.due_on), t.money(p.amount), t.code("promise_state", p.state)))
        for p in view.promises
    ]
    lines += [
        "  ".join(
            (t.when(e.activity.happened_at), t.code("kind", e.activity.kind), t.code("record_state", e.state))
        )
        for e in view.timeline
    ]
    return "\n".join(lines)


async def _record(options: argparse.Namespace, notebook: Notebook, t: Translator) -> int:
    """One line, one record; a bad line is refused by its number and the others stand.

    A rule that only warns is told of what was saved: standard output stays the ids alone.
    """
    refused = False
    for number, raw in enumerate(sys.stdin.buffer, 1):
        if not raw.strip():
            continue
        try:
            new = _new(raw, notebook)
            warned = [h for h in notebook.hindrances([new]) if not h.blocks]  # before it counts itself
            [activity_id] = await notebook.record([new])
        except NotebookError as e:
            refused = True
            _complain(t("Line {n}: {why}", n=number, why=t.say(e.message)))
        else:
            for hindrance in warned:
                _complain(t("Line {n}, a warning: {why}", n=number, why=t.say(hindrance.text)))
            _out(json.dumps({"activity_id": activity_id}) if options.json else activity_id)
    return USAGE if refused else 0


def _new(raw: bytes, notebook: Notebook) -> NewActivity:
    """Read one line of input. Raises NotebookError."""
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError) as e:
        raise NotebookError(Message("This is not a JSON object.")) from e
    if not isinstance(line, dict):
        raise NotebookError(Message("This is not a JSON object."))
    case_id, kind, body = (line.get(k) for k in ("case_id", "kind", "body"))
    if not isinstance(case_id, str) or not isinstance(kind, str) or not isinstance(body, dict):
        raise NotebookError(Message("It needs case_id, kind and body."))
    position = None
    if line.get("position") is not None:
        position = read_position(line["position"])
        if position is None:
            raise NotebookError(Message("The position needs lat and lon in degrees."))
    return NewActivity(
        case_id=notebook.case_id_of(case_id),
        kind=kind,
        body=body,
        happened_at=_instant(line.get("happened_at"), notebook),
        position=position,
        override=_why(line.get("override")),
    )


def _instant(value: object, notebook: Notebook) -> datetime | None:
    """An ISO instant; one without offset is meant in the branch's zone."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value if isinstance(value, str) else "")
        # At the calendar's ends a time may not exist in another zone, nor the day after, to which the rules count.
        at = at.astimezone(notebook.zone) if at.tzinfo else at.replace(tzinfo=notebook.zone)
        date.fromordinal(at.toordinal() + 1)
    except (ValueError, OverflowError) as e:
        raise NotebookError(Message("happened_at is not a date and time (2026-11-23T10:05:00+08:00).")) from e
    return at


def _why(value: object) -> str | None:
    if isinstance(value, dict):
        value = value.get("why")
    return value if isinstance(value, str) and value.strip() else None


def _tell_rebuilt(notebook: Notebook, t: Translator) -> None:
    """A notebook made anew says so beside the answer."""
    rebuilt = notebook.rebuilt()
    if rebuilt is not None:
        _complain(t.say(rebuilt))


async def _status(options: argparse.Namespace, notebook: Notebook, t: Translator) -> int:
    _tell_rebuilt(notebook, t)
    state = await notebook.sync_state()
    rows = await notebook.customers()
    _answer(
        options,
        {
            "officer_id": notebook.officer_id,
            "officer_name": notebook.officer_name,
            "branch": notebook.branch_name,
            "server": notebook.server,
            "cases": len(rows),
            "waiting": state.waiting,
            "uploaded": state.uploaded,
            "quarantined": state.quarantined,
            "files_waiting": state.files_waiting,
            "rejected": state.rejected,
            "drafts": len(await notebook.drafts()),
            "last_sync_at": state.last_at.isoformat() if state.last_at else None,
            "last_error": t.say(state.error) if state.error else None,
            "clock_off_s": state.clock_off_s,
        },
        lambda: "\n".join(
            (
                f"{notebook.officer_name}  {notebook.branch_name}  {notebook.server}",
                t("{n} cases", n=len(rows)),
                t("Not sent {waiting}, sent {uploaded}, with the supervisor {quarantined}", waiting=state.waiting, uploaded=state.uploaded, quarantined=state.quarantined),
                t("Last sync: {when}", when=state.last_at) if state.last_at else t("Never synced"),
                *([t.say(state.error)] if state.error else []),
                *([_clock_off(state.clock_off_s, t)] if state.clock_off_s else []),
            )
        ),
    )  # fmt: skip
    return 0


def _clock_off(seconds: int, t: Translator) -> str:
    minutes = max(1, round(abs(seconds) / 60))
    return t("This phone's clock is {n} minutes off. Set it right; the records keep both times.", n=minutes)


async def _doctor(options: argparse.Namespace, notebook: Notebook, t: Translator) -> int:
    _tell_rebuilt(notebook, t)
    found = await notebook.doctor()
    state = await notebook.sync_state()
    _answer(
        options,
        {"sound": not found, "problems": [t.say(m) for m in found], "waiting": state.waiting},
        lambda: (
            "\n".join(map(t.say, found))
            if found
            else t("Sound. {n} records wait to be sent.", n=state.waiting)
        ),
    )
    return REFUSED if found else 0


def _salvage(options: argparse.Namespace, t: Translator) -> int:
    """Needs no PIN and opens nothing: what it writes is as sealed as it lies here."""
    found = asyncio.run(open_notebook(options.data).salvage())
    try:
        write_durably(options.out.absolute(), found.content)
    except OSError as e:
        raise NotebookError(Message("{file} cannot be written.", {"file": options.out.name})) from e
    counts = {"records": found.records, "waiting": found.waiting, "files": found.files}
    _answer(
        options,
        {"file": str(options.out), **counts, "damaged": found.damaged},
        lambda: t("{records}, {waiting} of them not sent, and {files}, all still sealed: {file}", file=options.out.name, **found.counted),
    )  # fmt: skip
    if found.damaged:
        _complain(t("The notebook's file is damaged: what could be read of it was taken."))
    return 0


def _hand_in(options: argparse.Namespace, t: Translator) -> int:
    """Needs no PIN either: the branch gets what `salvage` writes."""
    found = asyncio.run(open_notebook(options.data).hand_in(options.server))
    counts = {"records": found.records, "waiting": found.waiting, "files": found.files}
    _answer(
        options,
        {**counts, "damaged": found.damaged},
        lambda: t("Handed in, still sealed: {records}, {waiting} of them not sent, and {files}. Tell the branch.", **found.counted),
    )  # fmt: skip
    return 0


def _item(item: PlanItem, t: Translator) -> dict[str, Any]:
    return {
        "case_id": item.case_id,
        "contract_no": item.contract_no,
        "name": item.name,
        "dpd": item.dpd,
        "amount_due": _money(item.amount_due),
        "steps": [_step(s, t) for s in item.steps],
        "distance_m": item.distance_m,
    }


def _step(step: Step, t: Translator) -> dict[str, Any]:
    return {
        "step": step.step,
        "kind": step.kind,
        "party": step.party,
        "why": t.say(step.why),
        "due_on": step.due_on.isoformat() if step.due_on else None,
        "done": step.done,
    }


def _promise(promise: PromiseView) -> dict[str, Any]:
    return {
        "activity_id": promise.activity_id,
        "party": promise.party,
        "amount": _money(promise.amount),
        "due_on": promise.due_on.isoformat(),
        "made_on": promise.made_on.isoformat(),
        "instalment": promise.instalment,
        "paid": _money(promise.paid),
        "note": promise.note,
        "state": promise.state,
    }


def _person(person: PersonView, t: Translator) -> dict[str, Any]:
    clock = person.clock
    return {
        "party": person.party,
        "name": person.name,
        "role": person.role,
        "liability": person.liability or None,
        "contacts": [
            {"field": p.field, "value": p.value, "state": p.state or None, "unconfirmed": p.unconfirmed}
            for p in person.points
        ],
        "last_contact_on": person.last_contact_on.isoformat() if person.last_contact_on else None,
        "agreed": person.agreed or None,
        "clock": None
        if clock is None
        else {
            "ends_on": clock.ends_on.isoformat() if clock.ends_on else None,
            "days_left": clock.days_left,
            "task": clock.task,
            "met_on": clock.met_on.isoformat() if clock.met_on else None,
            "how": t.say(how) if (how := clock.how or clock.unknown) else None,
            "caution": t.say(clock.caution) if clock.caution else None,
        },
        "also_in": [e.contract_no for e in person.also_in],
    }


def _limitation(view: CaseView, t: Translator) -> dict[str, Any] | None:
    found = view.limitation
    if found is None:
        return None
    how = found.how or found.unknown
    return {
        "expires_on": found.expires_on.isoformat() if found.expires_on else None,
        "days_left": found.days_left,
        "how": t.say(how) if how else None,
        "ledger": [
            {
                "on": line.on.isoformat(),
                "kind": line.kind,
                "effect": line.effect,
                "why": t.say(line.why),
                "missing": list(line.missing),
                "expires_on": line.expires_on.isoformat() if line.expires_on else None,
            }
            for line in found.lines
        ],
    }


def _timeline(entry: TimelineEntry) -> Mapping[str, Any]:
    return {**entry.activity.raw, "state": entry.state, "own": entry.own, "late": entry.late}


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _pin(t: Translator, *, new: bool = False) -> str:
    given = os.environ.get("WAIFANG_PIN")
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise NotebookError(Message("The PIN is needed: set WAIFANG_PIN or run this in a terminal."))
    pin = getpass.getpass(t("PIN (six digits): "))
    if new and getpass.getpass(t("The same PIN again: ")) != pin:
        raise NotebookError(Message("The two PINs differ. Nothing was changed; run the command again."))
    return pin


def _answer(options: argparse.Namespace, value: Mapping[str, Any], text: Callable[[], str]) -> None:
    _out(json.dumps(value, ensure_ascii=False) if options.json else text())


def _out(line: str) -> None:
    """Flushed line by line: an id on standard output is a promise that the record is durable."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _let_go_of_output() -> None:
    """What is left in the buffer cannot be written either: at the end Python would complain of it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _complain(line: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(line + "\n")


def _days(t: Translator) -> Callable[[str], date]:
    """Reads an ISO day a plan can be made for; what is none is a usage error."""

    def read(text: str) -> date:
        try:
            day = date.fromisoformat(text)
        except ValueError as e:
            raise argparse.ArgumentTypeError(t("{given} is not a day like 2026-11-23", given=text)) from e
        if day.year not in PLANNED_YEARS:
            first, last = str(PLANNED_YEARS.start), str(PLANNED_YEARS.stop - 1)
            raise argparse.ArgumentTypeError(
                t("{given} is not between the years {first} and {last}", given=text, first=first, last=last)
            )
        return day

    return read


def _language(arguments: list[str]) -> str:
    """The language asked for, before the arguments are read: what is wrong with them has to be said in it."""
    asked = [given.removeprefix("--lang=") for given in arguments if given.startswith("--lang=")]
    asked += [word for option, word in pairwise(arguments) if option == "--lang"]
    return "en" if asked[-1:] == ["en"] else "zh"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command in the language asked for; `told` is given to its commands too."""

    told: Translator = translator("zh")

    def error(self, message: str) -> NoReturn:
        """Usage, the sentence, exit 2."""
        self.print_usage(sys.stderr)
        self.exit(
            USAGE, self.told("The command cannot be read: {why}", why=in_words(message, self.told)) + "\n"
        )


def _add_common(parser: argparse.ArgumentParser, **defaults: object) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        default=defaults["data"],
        help="data folder; the platform's own where none is given",
    )
    parser.add_argument("--json", action="store_true", default=defaults["json"], help="answer in JSON")
    parser.add_argument(
        "--lang", choices=("zh", "en"), default=defaults["lang"], help="language of the sentences"
    )


def _parser(t: Translator) -> argparse.ArgumentParser:
    """`--data`, `--json` and `--lang` are taken before and after the command."""
    parser = _Parser(prog="python -m app", description=__doc__)
    parser.told = t
    _add_common(parser, data=None, json=False, lang="zh")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, help_: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_)
        sub.told = t
        # Without defaults of its own: they would undo what was said before the command.
        _add_common(sub, data=argparse.SUPPRESS, json=argparse.SUPPRESS, lang=argparse.SUPPRESS)
        sub.set_defaults(run=run, command=name)
        return sub

    enrol = command("enrol", _enrol, "bind this notebook to the branch")
    enrol.add_argument("--server", required=True, metavar="URL")
    enrol.add_argument("--officer", required=True, metavar="ID")
    enrol.add_argument("--code", required=True)
    command("sync", _sync, "one attempt to send and receive")
    today = command("today", _today, "the day's plan")
    today.add_argument("--on", type=_days(t), metavar="DATE")
    case = command("case", _case, "one case, by case_id or contract number")
    case.add_argument("case", metavar="CASE")
    command("record", _record, "activities as JSON lines on standard input")
    command("status", _status, "whose notebook, what waits, the last sync")
    salvaged = command("salvage", _salvage, "the sealed journal as one file for the branch; needs no PIN")
    salvaged.add_argument("--out", type=Path, required=True, metavar="FILE")
    handed = command(
        "handin", _hand_in, "the same straight to the branch server; needs no PIN and no binding"
    )
    handed.add_argument("--server", required=True, metavar="URL")
    command("doctor", _doctor, "check file, chain and counts")
    return parser


if __name__ == "__main__":
    sys.exit(main())
