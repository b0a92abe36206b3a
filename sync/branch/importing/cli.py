"""`import`, `import-payments`, `import-places` and `demo` of the branch's command line.

Exit codes: 0 every row was taken or known already, 2 some rows were rejected, 1 nothing could be read.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from app.domain.message import Message
from sync.branch.console import Console, JsonFlag, console
from sync.branch.importing.demo import run_demo
from sync.branch.importing.overdue import import_overdue
from sync.branch.importing.payments import import_payments
from sync.branch.importing.places import import_places
from sync.branch.importing.report import Report

SHOWN_MAX: Final = 80
File = Annotated[Path, typer.Argument(metavar="FILE")]
Mapping = Annotated[
    Path | None,
    typer.Option("--mapping", help='对照表 · TOML for other headings: "theirs" = "ours", one a line.'),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import")(import_list)
    app.command("import-payments")(payments)
    app.command("import-places")(places)
    app.command("demo")(demo)


def import_list(
    ctx: typer.Context,
    file: File,
    full_list: Annotated[
        bool, typer.Option("--full-list", help="全量名单 · The file is the whole list of its day.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="确认 · Go on though more than a third of the cases are missing.")
    ] = False,
    mapping: Mapping = None,
    as_json: JsonFlag = False,
) -> None:
    """导入逾期名单 · Import an overdue list (CSV or XLSX)."""
    run = console(ctx, as_json)
    with run.office() as office:
        report = import_overdue(office, file, full_list=full_list, yes=yes, mapping=mapping)
    _tell(run, report)


def payments(
    ctx: typer.Context,
    file: File,
    covers: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="数据截至日 · Payment data is complete up to this day."),
    ] = None,
    mapping: Mapping = None,
    as_json: JsonFlag = False,
) -> None:
    """导入还款 · Import payments."""
    run = console(ctx, as_json)
    with run.office() as office:
        report = import_payments(office, file, covers=covers.date() if covers else None, mapping=mapping)
    _tell(run, report)


def places(ctx: typer.Context, file: File, mapping: Mapping = None, as_json: JsonFlag = False) -> None:
    """导入位置 · Import positions of places of business."""
    run = console(ctx, as_json)
    with run.office() as office:
        report = import_places(office, file, mapping=mapping)
    _tell(run, report)


def demo(
    ctx: typer.Context,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="今天 · The day the demo's list is of.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """演示 · A branch with made-up cases, dated today; may be run again on the same folder."""
    run = console(ctx, as_json)
    made = run_demo(run.folder, today=_day(today), database_url=run.database_url)
    run.answer(
        made.to_json(),
        *_sentences(made.imported),
        *(
            [
                Message(
                    "Passphrase of the recovery key, shown only now: {passphrase}",
                    {"passphrase": made.passphrase},
                )
            ]
            if made.passphrase
            else []
        ),
        Message(
            "Code for {officer} {name}: {code}",
            {"officer": made.officer_id, "name": made.officer_name, "code": made.code},
        ),
    )


def _day(at: datetime | None) -> date | None:
    return at.date() if at else None


def _tell(run: Console, report: Report) -> None:
    run.answer(report.to_json(), *_sentences(report))
    if not run.json:
        run.warn(*report.warnings)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _sentences(report: Report) -> list[Message]:
    said = [
        Message(
            "Taken: {taken}; unchanged: {unchanged}; rejected: {rejected}.",
            {
                "taken": str(report.taken),
                "unchanged": str(report.unchanged),
                "rejected": str(report.rejected_rows),
            },
        )
    ]
    if report.counts.get("watch") or report.counts.get("off_list"):
        said.append(
            Message(
                "No longer on the list: {watch} repaid, {off_list} not explained by payments.",
                {
                    "watch": str(report.counts.get("watch", 0)),
                    "off_list": str(report.counts.get("off_list", 0)),
                },
            )
        )
    said += [
        Message(
            "Line {line}, {column}, “{value}”: {reason}",
            {
                "line": str(p.line),
                "column": p.column or "—",
                "value": "".join(c if c.isprintable() else "·" for c in p.value[:SHOWN_MAX]),
                "reason": p.reason,
            },
        )
        for p in report.rejected
    ]
    if report.rejected_file:
        said.append(Message("Mend {file} and import it again.", {"file": str(report.rejected_file)}))
    return said
