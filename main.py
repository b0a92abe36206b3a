"""Starts the officer's app; with `--demo` also a branch beside it, as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.bootstrap import open_notebook, packaged, serve, show
from app.held import DEFAULT_ZONE
from app.i18n import translator
from app.ports import NotebookError

APP_PORT = 8550
BRANCH_PORT = 8551
PORT_MOST = 65_535
DEMO_PIN = "246810"
BRANCH_STARTS_WITHIN_S = 60


def main() -> int:
    """Parse the command line and run until stopped; inside a packaged app there is none."""
    if packaged():
        show()
        return 0
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    parser = argparse.ArgumentParser(
        description="Waifang 外访: the field notebook of loan-recovery officers."
    )
    parser.add_argument("--data", type=Path, help="data folder; the platform's own where none is given")
    parser.add_argument(
        "--port",
        type=_port,
        help=f"port of the app's page on 127.0.0.1 (default {APP_PORT}; 0 takes a free one)",
    )
    parser.add_argument("--no-browser", action="store_true", help="only serve the page, open nothing")
    parser.add_argument(
        "--demo", action="store_true", help="start a branch with made-up cases beside the app"
    )
    options = parser.parse_args()
    port = _free_port(APP_PORT if options.port is None else options.port)
    if options.port not in (None, 0, port):
        sys.stderr.write(
            f"端口 {options.port} 已被占用，请换一个（--port）或关掉占用它的程序。\n"
            f"Port {options.port} is taken. Choose another one (--port) or stop the program that has it.\n"
        )
        return 1
    if not options.demo:
        serve(options.data, port=port, browser=not options.no_browser)
        return 0
    folder = (options.data or Path(".demo") / _branch_day()).resolve()
    try:
        set_up = _set_up(folder / "branch")
        with _branch(folder) as (address, pid, restart):
            phone = folder / "phone"
            told = asyncio.run(_bind(phone, set_up, address))
            _say({**set_up, **told}, f"http://127.0.0.1:{port}", address, pid, restart)
            serve(phone, port=port, browser=not options.no_browser)
    except DemoFailed as e:
        sys.stderr.write(f"{e}\n")
        return 1
    except NotebookError as e:
        sys.stderr.writelines(translator(language).say(e.message) + "\n" for language in ("zh", "en"))
        return 1
    return 0


def _branch_day() -> str:
    """The demo's list is of the branch's today, which need not be this machine's."""
    return datetime.now(ZoneInfo(DEFAULT_ZONE)).date().isoformat()


def _port(text: str) -> int:
    """A port that can be; ArgumentTypeError is how argparse hears of another."""
    if not text.isdecimal() or int(text) > PORT_MOST:
        raise argparse.ArgumentTypeError(f"{text} 不是端口号（not a port: 0 – {PORT_MOST}）")
    return int(text)


class DemoFailed(Exception):
    """The demo could not be set up; the text says what to do."""


@contextlib.contextmanager
def _branch(folder: Path) -> Iterator[tuple[str, int, str]]:
    """The demo's branch on a free port, stopped at the end; yields address, process id and restart command."""
    data = folder / "branch"
    port = _free_port(BRANCH_PORT)
    command = [sys.executable, "-m", "sync.branch", "--data", str(data), "serve", "--no-webapp"]
    command += ["--port", str(port)]
    with (folder / "branch.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=Path(__file__).parent)
        try:
            _wait_for(port, process, folder / "branch.log")
            yield f"http://127.0.0.1:{port}", process.pid, " ".join(command)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _set_up(data: Path) -> dict[str, Any]:
    """A branch with the demo lists and a code for its first officer. Raises DemoFailed with what the branch said."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise DemoFailed(f"数据文件夹 {data} 无法建立（the data folder cannot be made）") from e
    command = [sys.executable, "-m", "sync.branch", "--data", str(data), "demo", "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", cwd=Path(__file__).parent
    )
    if done.returncode != 0:
        raise DemoFailed(
            f"演示机构无法建立（the demo branch could not be set up）:\n{done.stderr.strip()}\n"
            "已装好 '.[branch]' 吗？ Is '.[branch]' installed?"
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + BRANCH_STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise DemoFailed(f"演示机构没有启动，原因见 {log}（the demo branch did not start; see that file）")


async def _bind(phone: Path, set_up: dict[str, Any], address: str) -> dict[str, Any]:
    """Bind the demo phone, or bind it again when the branch has moved to another port; then one sync."""
    notebook = open_notebook(phone)
    try:
        if notebook.state == "locked":
            await notebook.unlock(DEMO_PIN)
        if notebook.state != "open" or notebook.server != address:
            await notebook.bind(address, set_up["officer_id"], set_up["code"], DEMO_PIN)
        await notebook.sync()
        plan = await notebook.today()
        return {
            "officer": f"{notebook.officer_name} ({notebook.officer_id})",
            "branch": notebook.branch_name,
            "cases": len(await notebook.customers()),
            "visits": len(plan.visits),
            "calls": len(plan.calls),
        }
    finally:
        await notebook.lock()


def _say(told: dict[str, Any], app: str, branch: str, pid: int, restart: str) -> None:
    report = told["imported"]
    refused = "、".join(str(r["line"]) for r in report["rejected"])
    stop = f"taskkill /PID {pid}" if os.name == "nt" else f"kill {pid}"
    sys.stdout.write(
        f"""
外访 Waifang — 演示（demo；名单为虚构 / all people are made up）

  名单 list        收下 taken {report["taken"]}，未变 unchanged {report["unchanged"]}，退回第 {refused} 行 rejected lines
  信贷员 officer   {told["officer"]}，{told["branch"]}
  逾期客户 cases   {told["cases"]}；今日 today: 上门 {told["visits"]}，电话 {told["calls"]}
  打开 open        {app}
  PIN              {DEMO_PIN}
  机构 branch      {branch}

  停机构 stop the branch:   {stop}
  再启动 start it again:    {restart}
  全部停止 stop everything: Ctrl-C

"""
    )
    sys.stdout.flush()


def _free_port(wanted: int) -> int:
    """`wanted` when nobody listens there, otherwise one the system gives."""
    for port in (wanted, 0):
        with contextlib.closing(socket.socket()) as probe, contextlib.suppress(OSError):
            if (
                os.name != "nt"
            ):  # a port just given back is free; on Windows the option would mean the opposite
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            found: int = probe.getsockname()[1]
            return found
    raise OSError("no free port on 127.0.0.1")


if __name__ == "__main__":
    with contextlib.suppress(AttributeError, ValueError):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)  # Ctrl-C is how it is meant to be stopped
