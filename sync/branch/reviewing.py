"""`quarantine list|show|accept|reject`: the supervisor's view of what did not fit."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from app.domain.message import Code, Message
from sync.branch.audit import note
from sync.branch.console import Console, JsonFlag, console
from sync.branch.quarantine import Held, answer, find, held, reasons

quarantine = typer.Typer(no_args_is_help=True, help="待主管核查 · Records that wait for the supervisor.")
Id = Annotated[
    str,
    typer.Argument(metavar="ID", help="编号或催记号 · Its number, or the activity's id where one has it."),
]
By = Annotated[str, typer.Option("--by", help="核查人 · Who answers.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(quarantine, name="quarantine")


@quarantine.command("list")
def quarantine_list(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="含已核查 · Also those answered before.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """待核查 · What waits, with the reason."""
    run = console(ctx, as_json)
    with run.office() as office:
        note(office, "quarantine list")
        found = held(office, answered=everything)
    run.answer(
        {"quarantine": [h.to_json() for h in found]},
        *reasons(found),
        *([] if found else [Message("Nothing waits for the supervisor.")]),
    )


@quarantine.command("show")
def quarantine_show(ctx: typer.Context, record: Id, as_json: JsonFlag = False) -> None:
    """查看 · One record as it came."""
    run = console(ctx, as_json)
    with run.office() as office:
        found, told = find(office, record)
        note(office, "quarantine show", subject=found.activity_id)
    run.answer(
        found.to_json() | told,
        *reasons([found]),
        *([Message("It can only be answered: {why}", {"why": found.cannot_feed})] if found.cannot_feed else []),
        *([_answered(found)] if found.answer else []),
        Message("{record}", {"record": json.dumps(next(iter(told.values())), ensure_ascii=False, indent=1)}),
    )  # fmt: skip


@quarantine.command("accept")
def quarantine_accept(
    ctx: typer.Context,
    record: Id,
    why: Annotated[str, typer.Option("--why", help="说明 · A word to the officer.")] = "",
    by: By = "supervisor",
    as_json: JsonFlag = False,
) -> None:
    """认可 · It counts from now on for everybody; one that cannot is only answered."""
    run = console(ctx, as_json)
    with run.office() as office:
        done = answer(office, record, accept=True, why=why, by=by)
    _say(run, done)


@quarantine.command("reject")
def quarantine_reject(
    ctx: typer.Context,
    record: Id,
    why: Annotated[str, typer.Option("--why", help="理由 · The reason; the officer reads it.")],
    by: By = "supervisor",
    as_json: JsonFlag = False,
) -> None:
    """不认可 · It stays as evidence and does not count."""
    run = console(ctx, as_json)
    with run.office() as office:
        done = answer(office, record, accept=False, why=why, by=by)
    _say(run, done)


def _say(run: Console, done: Held) -> None:
    assert done.answer is not None
    if done.answer.fed:
        said = Message("Accepted: record {n} counts from now on.", {"n": done.n})
    elif done.answer.verdict == "accepted":
        said = Message(
            "Record {n} is answered only, it cannot be passed on: {why}",
            {"n": done.n, "why": done.cannot_feed},
        )
    else:
        said = Message("Rejected: record {n} stays as evidence and does not count.", {"n": done.n})
    run.answer(done.to_json(), said, Message("The officer's phone gets the answer with its next sync."))


def _answered(found: Held) -> Message:
    assert found.answer is not None
    given = found.answer
    return Message(
        "{verdict} on {on} by {by}: {why}",
        {"verdict": Code("verdict", given.verdict), "on": given.on, "by": given.by, "why": given.why or "-"},
    )
