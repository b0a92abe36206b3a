"""A process that has imported a command's modules and forks once for each run: a fault costs a fork, not a start.

python -m tests.faults.ready app.__main__      (what `Ready` starts; it is spoken to in lines of JSON)
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
HAVE_STRACE: Final = shutil.which("strace") is not None
STRACE: Final = ("strace", "-f", "-q")
ENDS_WITHIN_S: Final = 60.0
_PR_SET_PTRACER: Final = 0x59616D61
_ANYONE: Final = ctypes.c_ulong(-1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; `code` as subprocess has it, `felt`: the fault befell it, `threads`: so many made such calls."""

    code: int
    stdout: str
    stderr: str
    felt: bool
    threads: int


class Ready:
    """Forks runs of `module`'s `main`. `paths` of a run: on which files a fault counts."""

    def __init__(self, module: str) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="waifang-ready-")
        self._runs = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, module],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **question: Any) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps(question) + "\n")
        stdin.flush()
        answer = stdout.readline()
        assert answer, "the process that forks has ended"
        return json.loads(answer)

    def start(
        self,
        words: Sequence[str],
        *,
        env: Mapping[str, str] = {},
        stdin: str = "",
        paths: Sequence[Path] = (),
        fault: str = "",
        stopped: bool = False,
    ) -> Run:
        """Begin a run; with a `fault` (what strace injects, e.g. `pwrite64:signal=KILL:when=3`) from its first call on.

        `stopped`: it stands still until it is watched.
        """
        self._runs += 1
        at = Path(self._scratch.name, str(self._runs))
        for end, content in ((".in", stdin), (".out", ""), (".err", "")):
            at.with_suffix(end).write_text(content, "utf-8")
        run = Run(self, at)
        run.pid = self.ask(words=list(words), env=dict(env), at=str(at), stopped=stopped or bool(fault))
        if fault:
            run.inject(paths, fault)
        return run

    def run(self, words: Sequence[str], **how: Any) -> Outcome:
        """To its end."""
        return self.start(words, **how).end()

    def close(self) -> None:
        self._process.communicate(timeout=ENDS_WITHIN_S)
        self._scratch.cleanup()


class Run:
    """One forked process."""

    def __init__(self, ready: Ready, at: Path) -> None:
        self._ready = ready
        self._at = at
        self._log = at.with_suffix(".log")
        self._strace: subprocess.Popen[bytes] | None = None
        self._call = ""
        self.pid = 0

    def inject(self, paths: Sequence[Path], fault: str) -> None:
        """Attach strace to the process, which stands still until it has hold of every thread."""
        self._call = fault.split(":")[0]
        of = [word for path in paths for word in ("-P", str(path))]
        self.watch(*of, "-e", f"trace={self._call}", "-e", f"inject={fault}")

    def watch(self, *wanted: str) -> None:
        """The same with any of strace's own words."""
        os.kill(self.pid, signal.SIGSTOP)
        self._strace = subprocess.Popen(
            [*STRACE, "-o", str(self._log), *wanted, "-p", str(self.pid)], stderr=subprocess.DEVNULL
        )
        while not all("TracerPid:\t0\n" not in status.read_text() for status in self._threads()):
            assert self._strace.poll() is None, "strace may not attach here"
            time.sleep(0.001)
        os.kill(self.pid, signal.SIGCONT)

    def _threads(self) -> list[Path]:
        return list(Path(f"/proc/{self.pid}/task").glob("*/status"))

    @property
    def log(self) -> str:
        """What strace saw, once it has ended."""
        return self._log.read_text("utf-8", "replace")

    @property
    def stdout(self) -> str:
        """What it has said so far."""
        return self._at.with_suffix(".out").read_text("utf-8")

    def until_it_speaks(self) -> None:
        """Returns when it has said something. Raises AssertionError with its complaint where it ends before."""
        while not self.stdout:
            state = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
            assert state != "Z", self.end().stderr
            time.sleep(0.005)

    def end(self, number: int = 0) -> Outcome:
        """Wait for its end, after the signal `number` if one is given. Raises AssertionError where it does not end."""
        code = self._ready.ask(wait=self.pid, signal=number)
        assert code is not None, "it did not end"
        log = ""
        if self._strace is not None:
            self._strace.wait(ENDS_WITHIN_S)
            log = self.log
        felt = code == -signal.SIGKILL or "(INJECTED)" in log
        at_work, _, _ = log.partition("--- SIGTERM")  # its end is not what is looked at
        threads = set(re.findall(rf"^(\d+) +{self._call}\(", at_work, re.MULTILINE))
        complaint = self._at.with_suffix(".err").read_text("utf-8")
        return Outcome(code, self.stdout, complaint, felt, len(threads))


def _serve(module: str) -> None:
    main = importlib.import_module(module).main
    for line in sys.stdin:
        asked = json.loads(line)
        answer = _ended(**asked) if "wait" in asked else _forked(main, **asked)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _forked(main: Any, words: list[str], env: dict[str, str], at: str, stopped: bool) -> int:
    pid = os.fork()
    if pid:
        if stopped:
            os.waitpid(pid, os.WUNTRACED)
        return pid
    code = 1
    try:
        for number, end in enumerate((".in", ".out", ".err")):
            handle = os.open(at + end, os.O_RDONLY if number == 0 else os.O_WRONLY)
            os.dup2(handle, number)
            os.close(handle)
        sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115 - the process ends with it
        os.environ.update(env)
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYONE, 0, 0, 0)  # strace is no parent of it
        if stopped:
            os.kill(os.getpid(), signal.SIGSTOP)
        code = main(words) or 0
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter's own end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _ended(wait: int, signal: int) -> int | None:
    if signal:
        os.kill(wait, signal)
    until = time.monotonic() + ENDS_WITHIN_S
    while time.monotonic() < until:
        pid, status = os.waitpid(wait, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    return None


if __name__ == "__main__":
    _serve(sys.argv[1])
