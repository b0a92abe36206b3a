"""`webapp build` on the branch's command line."""

from __future__ import annotations

import sys
from typing import Final

import typer

from app.domain.message import Message
from sync.branch.console import Console, JsonFlag, console
from sync.branch.errors import BranchError

_NOT_YET: Final = Message("The app for phones is not put together yet; `serve` does it by itself.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="手机端 · The app that phones install from this server.")
    group.command("build")(webapp_build)
    app.add_typer(group, name="webapp")


def webapp_build(ctx: typer.Context, as_json: JsonFlag = False) -> None:
    """生成手机端 · Put the app for phones together; `serve` does it by itself where it is missing."""
    from sync.branch.webapp.build import build

    run = console(ctx, as_json)
    with run.office():  # a slip in --data would leave an app in a folder of its own
        built = build(run.folder)
    told = built.to_json()
    run.answer(
        told,
        Message(
            "The app for phones is ready: build {build}, {mb} MB to download the first time.",
            {"build": built.build, "mb": f"{max(told['first_load'].values()) / 1_000_000:.1f}"},
        ),
    )


def put_webapp_together(run: Console) -> None:
    """After the command's own answer, which does not depend on it: `serve` tries again by itself."""
    from sync.branch.webapp.build import build

    sys.stdout.flush()
    try:
        build(run.folder)
    except BranchError as e:
        run.warn(_NOT_YET, e.message)
    except OSError as e:
        run.warn(_NOT_YET, Message("The system says: {why}", {"why": e.strerror or type(e).__name__}))
