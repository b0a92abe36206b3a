"""`audit list`: who read and exported what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from app.domain.message import Code, Message
from sync.branch.audit import AuditLine, lines
from sync.branch.console import JsonFlag, console
from sync.branch.said import moment

audit = typer.Typer(no_args_is_help=True, help="查阅记录 · Who read and exported what.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(audit, name="audit")


@audit.command("list")
def audit_list(
    ctx: typer.Context,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="起始日 · Of that day or later.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """查阅记录 · Who read and exported what, the oldest first."""
    run = console(ctx, as_json)
    with run.office() as office:
        found = lines(office, since.date() if since else None)
    run.answer(
        {"audit": [line.to_json() for line in found]},
        *(
            Message(
                "{at} {who}: {action}",
                {
                    "at": moment(line.at),
                    "who": line.who if line.device_id is None else f"{line.who} @ {line.device_id}",
                    "action": _done(line),
                },
            )
            for line in found
        ),
        *([] if found else [Message("Nothing was read or exported.")]),
    )


def _done(line: AuditLine) -> Code | Message:
    done, said = Code("audit", line.action), line.subject
    if said is None:
        return done
    word, _, day = said.partition(" ")
    days = {"since": Message("since {day}", {"day": day}), "for": Message("for {day}", {"day": day})}
    return Message("{action} ({about})", {"action": done, "about": days.get(word, said)})
