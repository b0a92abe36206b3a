"""What a power cut leaves of a folder: a disk that keeps for certain only what it was asked to flush.

Made from what strace saw of one command. A file is on the disk as of its last fsync or fdatasync, a name as of its
folder's last fsync; of what came after, any part may have arrived in any order.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

CALLS: Final = "openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink,mkdir,lseek"
TRACE: Final = ("-y", "-xx", "-s", "2000000", "-e", f"trace={CALLS}")
_IN_MEMORY: Final = "-shm"  # SQLite's index of its log, which it makes anew
_LINE: Final = re.compile(r"(\w+)\((.*)\) += (-?\d+)")
_ON_FD: Final = re.compile(r"(\d+)<((?:\\x[0-9a-f]{2})*)")
_BYTES: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(eq=False)
class File:
    """`now` as programs see it, `kept` as it is on the disk for certain; `since`: (place, bytes) or (length, None)."""

    now: bytearray = field(default_factory=bytearray)
    kept: bytes = b""
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def change(self, at: int, content: bytes | None) -> None:
        self.since.append((at, content))
        _apply(self.now, at, content)

    def flush(self) -> None:
        self.kept, self.since = bytes(self.now), []

    def after_a_cut(self, luck: random.Random | None) -> bytes:
        left = bytearray(self.kept)
        for at, content in self.since:
            if luck is not None and luck.random() < 0.5:
                _apply(left, at, content)
        return bytes(left)


def _bytes(told: str) -> bytes:
    """As strace writes them with -xx."""
    return bytes.fromhex(told.replace("\\x", ""))


def _apply(to: bytearray, at: int, content: bytes | None) -> None:
    if content is None:
        del to[at:]
    to.extend(bytes(max(0, at - len(to))))
    if content is not None:
        to[at : at + len(content)] = content


class Disk:
    """One folder and all in it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.now: dict[str, File | None] = {}  # None: a folder
        for path in root.rglob("*"):
            if not path.name.endswith(_IN_MEMORY):
                content = b"" if path.is_dir() else path.read_bytes()
                file = None if path.is_dir() else File(bytearray(content), content)
                self.now[str(path)] = file
        self._kept = dict(self.now)
        self._names: list[dict[str, File | bool | None]] = []  # changes since; False: the name is gone
        self._open: dict[str, tuple[File, bool]] = {}
        self._at: dict[str, int] = {}

    def follow(self, log: str) -> Iterator[tuple[str, str, bytes]]:
        """What the log tells, step by step: the call, what it was called on, and the bytes it wrote."""
        begun: dict[str, str] = {}
        for line in log.splitlines():
            thread, _, told = line.partition(" ")
            told = told.strip()
            if told.endswith("<unfinished ...>"):
                begun[thread] = told.removesuffix("<unfinished ...>")
                continue
            if told.startswith("<... "):
                told = begun.pop(thread) + told.partition(" resumed>")[2]
            found = _LINE.match(told)
            if found is not None and int(found[3]) >= 0:
                yield self._step(found[1], found[2], found[3], told)

    def _step(self, call: str, words: str, result: str, told: str) -> tuple[str, str, bytes]:
        strings = [_bytes(s) for s in _BYTES.findall(words)]
        on = _ON_FD.match(words)
        name = (_bytes(on[2]) if on is not None else strings[0] if strings else b"").decode()
        content = strings[0] if on is not None and strings else b""
        if call == "openat":
            name = strings[0].decode()
            self._opened(name, words, result)
        elif call == "rename":
            self._renamed(name, strings[1].decode())
        elif self._mine(name):
            self._on_file(call, name, on[1] if on is not None else "", words, result, content)
        return call, name, content

    def _mine(self, name: str) -> bool:
        return (name.startswith(f"{self._root}/") and not name.endswith(_IN_MEMORY)) or name == str(
            self._root
        )

    def _opened(self, name: str, words: str, fd: str) -> None:
        self._open.pop(fd, None)
        if (
            not self._mine(name)
            or name == str(self._root)
            or ("O_CREAT" not in words and name not in self.now)
        ):
            return
        if name not in self.now:
            self._name({name: File()})
        file = self.now[name]
        if file is None:
            return
        if "O_TRUNC" in words and file.now:
            file.change(0, None)
        self._open[fd], self._at[fd] = (file, "O_APPEND" in words), 0

    def _renamed(self, old: str, new: str) -> None:
        if self._mine(old):
            self._name({new: self.now[old], old: False})

    def _on_file(self, call: str, name: str, fd: str, words: str, result: str, content: bytes) -> None:
        if call == "mkdir":
            self._name({name: None})
        elif call == "unlink":
            self._name({name: False})
        elif (
            call in ("fsync", "fdatasync")
            and fd not in self._open
            and (name == str(self._root) or self.now.get(name, False) is None)
        ):
            self._flush_names(name)
        else:
            known = self.now.get(name)
            file, appends = self._open.get(fd) or (known if isinstance(known, File) else File(), False)
            if call in ("fsync", "fdatasync"):
                file.flush()
            elif call == "ftruncate":
                file.change(int(words.rpartition(",")[2]), None)
            elif call == "lseek":
                self._at[fd] = int(result)
            elif call == "pwrite64":
                file.change(int(words.rpartition(",")[2]), content)
            elif call == "write":
                at = len(file.now) if appends else self._at.get(fd, 0)
                file.change(at, content)
                self._at[fd] = at + len(content)

    def _name(self, change: dict[str, File | bool | None]) -> None:
        self._names.append(change)
        _rename(self.now, change)

    def _flush_names(self, folder: str) -> None:
        """The names in that folder; a change of a name is never across two."""
        mine = [c for c in self._names if all(str(Path(name).parent) == folder for name in c)]
        for change in mine:
            _rename(self._kept, change)
        self._names = [c for c in self._names if c not in mine]

    def after_a_cut(self, to: Path, luck: random.Random | None = None) -> None:
        """Write down what is left: nothing that was not flushed, or with `luck` any half of it."""
        names = dict(self._kept)
        for change in self._names:
            if luck is not None and luck.random() < 0.5:
                _rename(names, change)
        to.mkdir(parents=True)
        for name, file in sorted(names.items()):
            path = to / Path(name).relative_to(self._root)
            if not path.parent.is_dir():
                continue  # its folder is gone, and it with it
            if file is None:
                path.mkdir(mode=0o700)
            else:
                path.write_bytes(file.after_a_cut(luck))
                path.chmod(0o600)


def _rename(names: dict[str, File | None], change: dict[str, File | bool | None]) -> None:
    for name, file in change.items():
        if isinstance(file, bool):
            names.pop(name, None)
        else:
            names[name] = file
