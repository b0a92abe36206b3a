"""The branch's command line: `python -m sync.branch --data DIR …`.

Exit codes: 0 it did what it says; 1 it could not, and nothing was changed; 2 an import took some rows and
rejected others.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.exc import DatabaseError

from app.domain.message import Message
from sync.binding import Binding
from sync.branch.audit import note
from sync.branch.auditing import register as register_auditing
from sync.branch.console import Console, JsonFlag, console
from sync.branch.database import trouble_of
from sync.branch.deciding import register as register_deciding
from sync.branch.enrolment import issue_code, write_qr
from sync.branch.errors import BranchError
from sync.branch.exporting.cli import register as register_exports
from sync.branch.founding import DEFAULT_ZONE, found
from sync.branch.holiday import put_by_clerk
from sync.branch.importing.cli import register as register_imports
from sync.branch.misused import in_words
from sync.branch.officers import add_officer, list_officers
from sync.branch.printing.cli import register as register_papers
from sync.branch.recovering import register as register_recovering
from sync.branch.reviewing import register as register_reviewing
from sync.branch.said import devices, in_both
from sync.branch.securing import register as register_securing
from sync.branch.settings import put_setting
from sync.branch.status import status
from sync.branch.webapp.cli import put_webapp_together
from sync.branch.webapp.cli import register as register_webapp

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
officers = typer.Typer(no_args_is_help=True, help="信贷员 · Officers.")
settings = typer.Typer(no_args_is_help=True, help="设置 · Settings.")
app.add_typer(officers, name="officer")
app.add_typer(settings, name="settings")


@app.callback()
def branch(
    ctx: typer.Context,
    data: Annotated[Path, typer.Option(help="数据文件夹 · The branch's data folder.")],
    database_url: Annotated[
        str | None,
        typer.Option(
            envvar="WAIFANG_DATABASE_URL",
            show_envvar=False,
            help="数据库 · postgresql+psycopg://…; else SQLite in the data folder.",
        ),
    ] = None,
    blobs: Annotated[
        str | None,
        typer.Option(
            "--blobs-url",
            "--blobs",
            envvar=["WAIFANG_BLOBS_URL", "WAIFANG_BLOBS"],
            show_envvar=False,
            help="文件存储 · Where files lie, e.g. s3://bucket/prefix; else in the data folder.",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """外访 Waifang: the branch's end."""
    ctx.obj = Console(data, as_json, blobs, database_url)


@app.command()
def init(
    ctx: typer.Context,
    name: Annotated[str, typer.Option(help="机构名称 · The branch's name.")],
    zone: Annotated[str, typer.Option(help="时区 · The zone that decides what day it is.")] = DEFAULT_ZONE,
    with_app: Annotated[
        bool, typer.Option("--webapp/--no-webapp", help="手机端 · Also put the app for phones together.")
    ] = True,
    as_json: JsonFlag = False,
) -> None:
    """建立机构 · Make a branch; prints the recovery key's passphrase once, then puts the app for phones together."""
    run = console(ctx, as_json)
    made = found(run.folder, name, zone, database_url=run.database_url)
    run.answer(
        {
            "branch_id": made.branch_id,
            "name": made.name,
            "zone": made.zone,
            "recovery_key_file": str(made.key_file),
            "passphrase": made.passphrase,
        },
        Message("The branch {name} is ready in {folder}.", {"name": made.name, "folder": str(run.folder)}),
        Message(
            "Passphrase of the recovery key, shown only now: {passphrase}", {"passphrase": made.passphrase}
        ),
        Message(
            "Write it down, keep it apart, and move {file} to a medium that is kept offline.",
            {"file": str(made.key_file)},
        ),
    )
    if with_app:
        put_webapp_together(run)


@officers.command("add")
def officer_add(
    ctx: typer.Context,
    officer_id: Annotated[str, typer.Argument(metavar="ID")],
    name: Annotated[str, typer.Argument(metavar="NAME")],
    as_json: JsonFlag = False,
) -> None:
    """登记信贷员 · Register an officer."""
    run = console(ctx, as_json)
    with run.office() as office:
        added = add_officer(office, officer_id, name)
    run.answer(
        {"id": added.officer_id, "name": added.name},
        Message("Officer {officer} {name} is registered.", {"officer": added.officer_id, "name": added.name}),
    )


@officers.command("list")
def officer_list(ctx: typer.Context, as_json: JsonFlag = False) -> None:
    """信贷员名单 · Who is registered, with cases and devices."""
    run = console(ctx, as_json)
    with run.office() as office:
        listed = list_officers(office)
    run.answer(
        {"officers": [o.to_json() for o in listed]},
        *(
            Message(
                "{officer} {name}: {cases}, {devices}",
                {
                    "officer": o.officer_id,
                    "name": o.name,
                    "cases": Message("{n} cases assigned", {"n": o.cases}),
                    "devices": devices(o.devices),
                },
            )
            for o in listed
        ),
    )


@settings.command("put")
def settings_put(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    as_json: JsonFlag = False,
) -> None:
    """更改设置 · Replace a setting from a TOML or JSON file."""
    run = console(ctx, as_json)
    with run.office() as office:
        changed = put_setting(office, name, file)
        if name == "holidays":
            with office.changing() as changes:
                put_by_clerk(changes)
    run.answer(
        {"name": name, "changed": changed},
        Message("The setting {name} is in force; phones get it with their next sync.", {"name": name})
        if changed
        else Message("The setting {name} was like that already.", {"name": name}),
    )


@app.command()
def enrol(
    ctx: typer.Context,
    officer_id: Annotated[str, typer.Argument(metavar="OFFICER")],
    server: Annotated[
        str | None, typer.Option(help="本机构服务器地址 · This server's address, as phones reach it.")
    ] = None,
    qr: Annotated[
        Path | None, typer.Option(help="二维码 · Write a QR code with it (.svg or .png); needs --server.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """绑定码 · A code that binds one phone to an officer."""
    run = console(ctx, as_json)
    if qr is not None and not (
        server and server.startswith(("https://", "http://")) and qr.suffix.lower() in (".svg", ".png")
    ):
        raise BranchError(
            Message(
                "A QR code needs --server with an address that begins with https://, and a file that ends in .svg or .png."
            )
        )
    with run.office() as office:
        issued = issue_code(office, officer_id)
        note(office, "enrol", subject=officer_id)
    if server is not None and qr is not None:
        write_qr(Binding(server, officer_id, issued.code), qr)
    shown = f"{issued.code[:5]}-{issued.code[5:]}"
    run.answer(
        {"code": issued.code, "expires_at": issued.expires_at.isoformat()},
        Message("Code for {officer}: {code}", {"officer": officer_id, "code": shown}),
        Message("Good for one phone, until {until}.", {"until": issued.expires_at}),
    )


@app.command("status")
def show_status(ctx: typer.Context, as_json: JsonFlag = False) -> None:
    """概况 · What this branch holds."""
    run = console(ctx, as_json)
    with run.office() as office:
        now = status(office)
    run.answer(now.to_json(), *now.sentences())


@app.command()
def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="监听地址 · Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="端口 · Port; 0 takes a free one.")] = 8551,
    behind: Annotated[
        str | None,
        typer.Option(
            "--behind-proxy",
            help="代理地址 · Proxy whose X-Forwarded-For counts; without it that header is ignored.",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", help="证书 · PEM file; the server speaks https with it.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="私钥 · Its key.")] = None,
    with_app: Annotated[
        bool, typer.Option("--webapp/--no-webapp", help="手机端 · Also hand out the app for phones, at /.")
    ] = True,
    as_json: JsonFlag = False,
) -> None:
    """启动服务 · Serve the phones until stopped."""
    from sync.branch.http.serving import Tls, is_loopback, listen, serve_until_stopped

    run = console(ctx, as_json)
    if (tls_cert is None) != (tls_key is None):
        raise BranchError(Message("A certificate needs its key: --tls-cert and --tls-key together."))
    tls = Tls(tls_cert, tls_key) if tls_cert is not None and tls_key is not None else None
    with run.office() as office, listen(host, port) as socket:
        if tls is None and not is_loopback(socket):
            run.warn(Message("Other machines can reach this address: put a proxy with TLS in front of it."))

        def tell(address: str) -> None:
            run.answer({"address": address}, Message("The branch listens at {address}", {"address": address}))

        serve_until_stopped(
            office,
            socket,
            tell,
            behind_proxy=behind,
            tls=tls,
            webapp_in=run.folder if with_app else None,
        )


register_auditing(app)
register_deciding(app, settings)
register_exports(app)
register_imports(app)
register_papers(app)
register_recovering(app)
register_reviewing(app)
register_securing(app)
register_webapp(app)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    if sys.stdout is None:
        return _failed(Message("Standard output is closed: the answer would be lost. Nothing was done."))
    try:
        code: Any = app(args=arguments, prog_name="python -m sync.branch", standalone_mode=False)
    except BranchError as e:
        return _failed(e.message)
    except DatabaseError as e:
        return _failed(trouble_of(e))
    except BrokenPipeError:  # who read the answer has enough of it
        _let_go_of_output()
        return 1
    except OSError as e:
        _let_go_of_output()
        return _failed(
            Message(
                "Writing or reading failed: {why}.", {"why": f"{e.strerror or e} {e.filename or ''}".strip()}
            )
        )
    except (typer.Abort, KeyboardInterrupt):
        return _failed(Message("Stopped. What was not finished is as it was before."))
    except Exception as e:
        # Typer's usage errors: Click's own class, or that of the copy newer versions carry.
        usage = getattr(e, "format_message", None)
        if usage is None:
            raise
        why = usage()  # empty where no command was given: the help was shown
        if not why:
            return 1
        return _failed(Message("The command cannot be read: {why} Try --help.", {"why": in_words(why)}))
    return code if isinstance(code, int) else 0


def _failed(message: Message) -> int:
    if sys.stderr is not None:
        sys.stderr.write(in_both(message) + "\n")
    return 1


def _let_go_of_output() -> None:
    """What is left in the buffer cannot be written either: at the end Python would complain of it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
