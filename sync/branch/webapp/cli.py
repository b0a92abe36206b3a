"""`webapp build` on the branch's command line."""

from __future__ import annotations

import typer

from app.domain.message import Message
from sync.branch.console import JsonFlag, console


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
