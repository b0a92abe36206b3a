"""`notices` and `dossier`: papers as PDF."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.domain.message import Message
from sync.branch.audit import note
from sync.branch.console import Console, JsonFlag, console

Out = Annotated[Path, typer.Option("--out", metavar="FILE.pdf", help="输出文件 · The PDF to write.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("notices")(notices)
    app.command("dossier")(dossier)


def notices(
    ctx: typer.Context,
    on: Annotated[
        datetime, typer.Option("--for", formats=["%Y-%m-%d"], help="送达日 · The day they are to be served.")
    ],
    out: Out,
    officer: Annotated[str | None, typer.Option("--officer", help="信贷员 · Of one officer only.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """待送达的函 · Print the notices due on a day, ready for signing."""
    from sync.branch.printing.files import put_file
    from sync.branch.printing.notices import letters_for, notices_pdf

    run = console(ctx, as_json)
    with run.office() as office:
        note(office, "notices", subject=f"for {on.date()}" + (f", {officer}" if officer else ""))
        letters = letters_for(office, on.date(), officer)
        name = office.name
    if not letters:
        run.answer(
            {"notices": 0, "file": None}, Message("No notice is due on that day; nothing was written.")
        )
        return
    made, missing = notices_pdf(letters, name)
    put_file(out, made)
    _tell_missing(run, missing)
    run.answer(
        {"notices": len(letters), "file": str(out)},
        Message("Notices in {file}: {n}.", {"n": str(len(letters)), "file": str(out)}),
    )


def dossier(
    ctx: typer.Context,
    case: Annotated[str, typer.Argument(metavar="CASE", help="case_id or contract number")],
    out: Out,
    as_json: JsonFlag = False,
) -> None:
    """案卷 · The file of a case for the lawyer."""
    from sync.branch.printing.dossier import dossier_pdf
    from sync.branch.printing.files import put_file

    run = console(ctx, as_json)
    with run.office() as office:
        note(office, "dossier", subject=case)
        made, chains, missing = dossier_pdf(office, case)
    put_file(out, made)
    _tell_missing(run, missing)
    broken = [c.device_id for c in chains if c.first_wrong is not None]
    run.answer(
        {"file": str(out), "chains": len(chains), "broken": broken},
        Message("The file of the case is {file}.", {"file": str(out)}),
        *(
            Message("The journal of device {device} is not unbroken: see the last table.", {"device": d})
            for d in broken
        ),
    )


def _tell_missing(run: Console, missing: frozenset[str]) -> None:
    if missing:
        run.warn(Message("The font lacks {n} characters; they are printed as 〓.", {"n": str(len(missing))}))
