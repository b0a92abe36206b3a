"""The notebook's commands over one data folder, each a process of its own that a fault may befall."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.faults.phone_command import PHOTO
from tests.faults.ready import Outcome, Ready, Run

PIN: Final = "135790"
NAMES: Final = (
    "waifang.db",
    "waifang.db-wal",
    "waifang.db-shm",
    "waifang.spool",
    "waifang.spool.new",
    "waifang.mark",
    "waifang.mark.new",
    "waifang.rebuild",
    "keys.json",
    "keys.json.new",
    "tries.json",
    "tries.json.new",
    "lock",
    "",  # the folder itself: it is flushed too
)


class CommandPhone:
    """One phone. `printed`: the ids of records it said were saved; `photos`: the photos of those that have one."""

    def __init__(self, app: Ready, folder: Path) -> None:
        self._app = app
        self.folder = folder
        self.printed: list[str] = []
        self.photos: dict[str, bytes] = {}

    def start(self, *words: str, stdin: str = "", fault: str = "", stopped: bool = False) -> Run:
        """Begin one command."""
        env = {"WAIFANG_PIN": PIN, "WAIFANG_KEYSTORE_DIR": str(self.folder.parent / "keystore")}
        words = ("--lang", "en", "--data", str(self.folder), *words)
        paths = [self.folder / name for name in NAMES]
        return self._app.start(words, env=env, stdin=stdin, paths=paths, fault=fault, stopped=stopped)

    def run(self, *words: str, stdin: str = "", fault: str = "") -> Outcome:
        """One command, to its end."""
        return self.start(*words, stdin=stdin, fault=fault).end()

    def bound(self) -> bool:
        """Whether its binding was through."""
        return self.run("status").code == 0

    def bind(self, server: str, code: str, fault: str = "") -> Outcome:
        return self.run("enrol", "--server", server, "--officer", "w001", "--code", code, fault=fault)

    def record(self, case_id: str, fault: str = "") -> Outcome:
        """One note; an id that was printed counts as promised."""
        done = self.run("record", stdin=self.note(case_id), fault=fault)
        self.printed += done.stdout.split()
        return done

    @staticmethod
    def note(case_id: str) -> str:
        """A line for `record`."""
        return json.dumps({"case_id": case_id, "kind": "note", "body": {"text": "在家"}}) + "\n"

    def photo(self, case_id: str, content: bytes, fault: str = "") -> Outcome:
        """One note with a photo, likewise."""
        file = self.folder.parent / f"{self.folder.name}.jpg"
        file.write_bytes(content)
        done = self.run(PHOTO, case_id, str(file), fault=fault)
        for activity_id in done.stdout.split():
            self.printed.append(activity_id)
            self.photos[activity_id] = content
        return done

    def json(self, *words: str) -> Any:
        """A command that has to succeed."""
        done = self.run(*words, "--json")
        if done.code:
            raise AssertionError(done.stdout + done.stderr)
        return json.loads(done.stdout)
