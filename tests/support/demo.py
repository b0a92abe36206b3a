"""The demo as a newcomer runs it: `main.py --demo`, and what it prints to stop and start its branch."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.support.branch_server import ROOT, free_port

STARTS_WITHIN_S = 120


class Demo:
    """One run of the demo over `folder`; its branch can be stopped and started with the printed commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._env = {**os.environ, "WAIFANG_KEYSTORE_DIR": str(folder.parent / "keystore")}
        self._app: subprocess.Popen[str] | None = None
        self._branch: subprocess.Popen[bytes] | None = None
        self.said = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Demo:
        """Returns when the page is served."""
        command = [sys.executable, "main.py", "--demo", "--data", str(self.folder), "--port", str(self.port)]
        self._app = subprocess.Popen(
            [*command, "--no-browser"], cwd=ROOT, env=self._env, text=True, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert self._app.stdout is not None
        self.said = ""
        for line in self._app.stdout:
            self.said += line
            if "Ctrl-C" in line:
                break
        assert "Ctrl-C" in self.said, self.said
        _until(lambda: _listens(self.port))
        return self

    def printed(self, label: str) -> str:
        """What stands behind a label of the printed text."""
        found = re.search(rf"{re.escape(label)}:?\s+(.+)$", self.said, re.MULTILINE)
        assert found, self.said
        return found[1].strip()

    def stop_branch(self) -> None:
        """As the demo says."""
        if self._branch is not None:
            self._branch.terminate()
            self._branch.wait(30)
            self._branch = None
        else:
            command = shlex.split(self.printed("stop the branch"))
            assert command[0] == "kill"
            os.kill(int(command[1]), signal.SIGTERM)
        _until(lambda: not _listens(self._branch_port()))

    def start_branch(self) -> None:
        """As the demo says."""
        self._branch = subprocess.Popen(
            shlex.split(self.printed("start it again")),
            cwd=ROOT, env=self._env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _until(lambda: _listens(self._branch_port()))

    def _branch_port(self) -> int:
        return int(self.printed("branch").rsplit(":", 1)[1])

    def exported(self, what: str = "activities") -> list[dict[str, Any]]:
        """What the branch's export says."""
        command = [sys.executable, "-m", "sync.branch", "--data", str(self.folder / "branch"), "export", what]
        done = subprocess.run(
            [*command, "--format", "jsonl"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def stop(self) -> None:
        """Everything, as Ctrl-C does."""
        if self._branch is not None:
            self._branch.terminate()
            self._branch.wait(30)
            self._branch = None
        if self._app is not None:
            self._app.send_signal(signal.SIGINT)
            self._app.communicate(timeout=60)
            self._app = None


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(condition: Any) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
