"""`accept-journal` and `recovery init|open`: what the branch's recovery key is for."""

from __future__ import annotations

import os
import sys
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from app.domain.message import Message
from sync.branch.audit import note
from sync.branch.console import JsonFlag, console
from sync.branch.errors import BranchError
from sync.branch.founding import write_private
from sync.branch.handing_in import Journal, accept_journal, open_journal, write_out
from sync.branch.handins import handed_in, sealed
from sync.branch.office import put_meta
from sync.branch.recovery import make_recovery_keys
from sync.branch.said import files, moment, records

recovery = typer.Typer(no_args_is_help=True, help="恢复密钥 · The branch's recovery key.")
handins = typer.Typer(no_args_is_help=True, help="交来的封存台账 · Sealed journals that phones handed in.")
File = Annotated[Path, typer.Argument(metavar="FILE", help="封存台账 · As `python -m app salvage` wrote it.")]
Key = Annotated[
    Path, typer.Option("--recovery-key", metavar="KEY", help="恢复私钥 · The private key's file.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(recovery, name="recovery")
    app.add_typer(handins, name="handin")
    app.command("accept-journal")(accept)


def accept(ctx: typer.Context, file: File, recovery_key: Key, as_json: JsonFlag = False) -> None:
    """收取封存台账 · Take in a phone's sealed journal as if it had been pushed; exit 2 where rows do not open."""
    run = console(ctx, as_json)
    opened = _open(file, recovery_key)
    with run.office() as office:
        taken = accept_journal(office, opened)
    run.answer(
        taken.to_json(),
        Message(
            "{created} taken in, {duplicate} known before, {quarantined} for the supervisor, {files}; {unreadable}.",
            {
                "created": records(taken.created),
                "duplicate": taken.duplicate,
                "quarantined": taken.quarantined,
                "files": files(taken.files),
                "unreadable": Message("{n} rows do not open", {"n": taken.unreadable}),
            },
        ),
    )
    if taken.unreadable:
        raise typer.Exit(2)


@recovery.command("init")
def recovery_init(ctx: typer.Context, as_json: JsonFlag = False) -> None:
    """更换恢复密钥 · A new pair; phones wrap to it with their next sync. The old one still opens what was wrapped to it."""
    run = console(ctx, as_json)
    keys = make_recovery_keys()
    with run.office() as office, office.changing() as changes:
        made = office.now().astimezone(UTC)
        file = run.folder / f"recovery_key-{made:%Y%m%dT%H%M%SZ}.pem"
        note(office, "recovery init", conn=changes.conn)
        put_meta(changes.conn, {"recovery_key": keys.public})
        try:
            write_private(file, keys.private)
        except OSError as e:
            raise BranchError(Message("The file {file} cannot be written.", {"file": file.name})) from e
    run.answer(
        {"recovery_key_file": str(file), "passphrase": keys.passphrase},
        Message(
            "Passphrase of the recovery key, shown only now: {passphrase}", {"passphrase": keys.passphrase}
        ),
        Message(
            "Write it down, keep it apart, and move {file} to a medium that is kept offline.",
            {"file": str(file)},
        ),
        Message("Keep the old key too: journals that were sealed before open with it alone."),
    )


@recovery.command("open")
def recovery_open(
    ctx: typer.Context,
    file: File,
    recovery_key: Key,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="输出文件夹 · A new folder.")],
    as_json: JsonFlag = False,
) -> None:
    """打开封存台账 · Write a phone's plain records and files into a new folder; leaves a line in the audit."""
    run = console(ctx, as_json)
    opened = _open(file, recovery_key)
    with run.office() as office:
        note(office, "recovery open", subject=", ".join(dict.fromkeys(r.device_id for r in opened.records)))
    write_out(opened, out)
    run.answer(
        {"records": len(opened.records), "files": len(opened.files), "unreadable": opened.unreadable},
        Message(
            "{records} and {files} can be read in {folder}: borrowers' data, keep it closed.",
            {
                "records": records(len(opened.records)),
                "files": files(len(opened.files)),
                "folder": str(out),
            },
        ),
    )


@handins.command("list")
def handin_list(ctx: typer.Context, as_json: JsonFlag = False) -> None:
    """封存台账名单 · What was handed in, by number."""
    run = console(ctx, as_json)
    with run.office() as office:
        found = list(handed_in(office))
    run.answer(
        {"handins": [h.to_json() for h in found]},
        *(
            Message(
                "{n}: {records}, {size} bytes, received {received}{taken}",
                {
                    "n": h.n,
                    "records": records(h.records),
                    "size": h.size,
                    "received": moment(h.received_at),
                    "taken": Message(", taken in {on}", {"on": moment(h.taken_at)}) if h.taken_at else "",
                },
            )
            for h in found
        ),
        *([] if found else [Message("No sealed journal was handed in.")]),
    )


@handins.command("save")
def handin_save(
    ctx: typer.Context,
    n: Annotated[int, typer.Argument(metavar="N", help="编号 · Its number.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="输出文件 · A new file.")],
    as_json: JsonFlag = False,
) -> None:
    """存出封存台账 · Write one out, still sealed, to be taken to where the recovery key is kept."""
    run = console(ctx, as_json)
    with run.office() as office:
        content = sealed(office, n)
        note(office, "handin save", subject=str(n))
    try:
        write_private(out, content)
    except OSError as e:
        raise BranchError(
            Message("{folder} cannot be written, or is there already.", {"folder": out.name})
        ) from e
    run.answer(
        {"file": str(out), "size": len(content)},
        Message("Sealed journal {n} is in {file}.", {"n": n, "file": str(out)}),
    )


def _open(file: Path, recovery_key: Path) -> Journal:
    try:
        content, private = file.read_bytes(), recovery_key.read_bytes()
    except OSError as e:
        raise BranchError(
            Message("The file {file} cannot be read.", {"file": Path(e.filename or file).name})
        ) from e
    passphrase = os.environ.get("WAIFANG_RECOVERY_PASSPHRASE")
    if passphrase is None:
        if not sys.stdin.isatty():
            raise BranchError(
                Message(
                    "The passphrase is needed: set WAIFANG_RECOVERY_PASSPHRASE or run this in a terminal."
                )
            )
        passphrase = typer.prompt("口令 · Passphrase", hide_input=True)
    return open_journal(content, private, passphrase)
