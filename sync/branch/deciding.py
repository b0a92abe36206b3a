"""`contact list|confirm|reject`, `decide` and `settings holidays`: what a supervisor and a clerk answer."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from app.domain.message import Code, Message
from sync.branch.audit import note
from sync.branch.console import JsonFlag, console
from sync.branch.contacts import Reported, answer, reported
from sync.branch.decisions import decide
from sync.branch.holiday import take_from_library, years_around
from sync.branch.said import moment

contacts = typer.Typer(no_args_is_help=True, help="联系方式 · Contacts officers reported.")
Id = Annotated[str, typer.Argument(metavar="ID")]


class What(StrEnum):
    """What a supervisor decides."""

    LEGAL = "legal"
    BLACKLIST = "blacklist"
    MISUSE = "misuse"
    CLOSED = "closed"
    REFUSED = "refused"


def register(app: typer.Typer, settings: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(contacts, name="contact")
    app.command("decide")(decide_case)
    settings.command("holidays")(holidays)


@contacts.command("list")
def contact_list(ctx: typer.Context, as_json: JsonFlag = False) -> None:
    """待核实 · Changed and invalid contacts that wait for an answer."""
    run = console(ctx, as_json)
    with run.office() as office:
        note(office, "contact list")
        found = reported(office)
    run.answer(
        {"contacts": [r.to_json() for r in found]},
        *(
            Message(
                "{id}: {contract} {name}, {party}, {field}: {old} → {new} ({officer}, {at})",
                {
                    "id": r.id,
                    "contract": r.contract_no,
                    "name": r.name,
                    "party": r.person or Code("role", r.party),
                    "field": Code("contact_field", r.field),
                    "old": r.old,
                    "new": r.new or Code("contact_state", r.state),
                    "officer": r.officer_id,
                    "at": moment(r.happened_at),
                },
            )
            for r in found
        ),
        *([] if found else [Message("No contact waits for an answer.")]),
    )


@contacts.command("confirm")
def contact_confirm(ctx: typer.Context, activity_id: Id, as_json: JsonFlag = False) -> None:
    """确认 · Take the officer's word: it is in the case from now on."""
    run = console(ctx, as_json)
    with run.office() as office:
        done = answer(office, activity_id, accept=True)
    run.answer(_answered(done, "confirmed"), Message("Confirmed; phones get it with their next sync."))


@contacts.command("reject")
def contact_reject(ctx: typer.Context, activity_id: Id, as_json: JsonFlag = False) -> None:
    """不采纳 · The branch knows better; the old contact stands and the phone no longer shows the new one."""
    run = console(ctx, as_json)
    with run.office() as office:
        done = answer(office, activity_id, accept=False)
    run.answer(
        _answered(done, "rejected"),
        Message("Rejected; phones show the old contact again with their next sync."),
    )


def _answered(done: Reported, how: str) -> dict[str, str | None]:
    return {"id": done.id, "case_id": done.case_id, "answer": how}


def decide_case(
    ctx: typer.Context,
    case: Annotated[str, typer.Argument(metavar="CASE", help="case_id or contract number")],
    what: Annotated[What, typer.Argument(metavar="legal|blacklist|misuse|closed|refused")],
    why: Annotated[str, typer.Option("--why", help="理由 · The reason; it stays with the case.")],
    by: Annotated[str, typer.Option("--by", help="决定人 · Who decides.")] = "supervisor",
    as_json: JsonFlag = False,
) -> None:
    """主管决定 · A supervisor's decision on a case."""
    run = console(ctx, as_json)
    with run.office() as office:
        made = decide(office, case, what.value, why, by)
    run.answer(
        made,
        Message(
            "Decided: {what}. Phones get it with their next sync.", {"what": Code("decision", what.value)}
        ),
    )


def holidays(ctx: typer.Context, as_json: JsonFlag = False) -> None:
    """节假日 · Take China's public holidays from the library, in place of what was put."""
    run = console(ctx, as_json)
    with run.office() as office, office.changing() as changes:
        changed = take_from_library(changes, office.today())
        years = years_around(office.today())
    run.answer(
        {"name": "holidays", "changed": changed, "years": list(years)},
        Message(
            "Public holidays of {first} to {last} are in force. Years the State Council has not announced hold the statutory days alone.",
            {"first": str(years[0]), "last": str(years[-1])},
        ),
    )
