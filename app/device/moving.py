"""Moving a notebook to the folder the app is given now, from the one an earlier installation kept it in.

`keys.json` arrives last: until it is there, the old folder is the notebook and a move that was cut off begins again.
From then on the new folder is; the old one is cleared only where it still holds exactly what was copied, and a copy
that could not be cleared is never taken for a notebook again, also when the one it became was set aside.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from app.device.files import flush_folder, make_folder, write_durably
from app.device.folder import KEYS, LOCK, MOVED, DataFolder, default_folder, own_folder
from app.device.keystore import file_keystore
from app.ports import NotebookError

log = logging.getLogger(__name__)

BEGUN: Final = "moving-from.json"  # becomes MOVED once the keys are there
_STAYS: Final = frozenset({LOCK, BEGUN, MOVED})


def notebook_folder() -> Path:
    """The folder this app keeps its notebook in: the one Flet names, with what an earlier installation left moved in.

    Only a packaged app moves; a developer's `flet run` names a folder too and must not take the user's notebook.
    """
    folder = default_folder()
    if not os.environ.get("FLET_APP_STORAGE_DATA") or not os.environ.get("FLET_PLATFORM"):
        return folder
    try:
        former = [own_folder()]
    except RuntimeError:  # a phone has no home; nothing was ever kept there
        former = []
    return settle(folder, former)


def settle(folder: Path, former: Iterable[Path]) -> Path:
    """Move the notebook of the first former folder that has one into `folder`, unless that holds one already.

    Returns the folder to use: the former one where it could not be moved (no room, open elsewhere); the next start
    tries again. Nothing is lost by a cut at any point.
    """
    if not (folder / KEYS).exists():
        elsewhere = (f for f in former if f.absolute() != folder.absolute() and (f / KEYS).exists())
        old = next((f for f in elsewhere if not _came_from(f, folder)), None)
        if old is not None and not _copied(old, folder):
            return old
    _clear(folder)
    return folder


def _came_from(old: Path, folder: Path) -> bool:
    """Whether what lies in `old` is only the copy that a finished move into `folder` could not clear away.

    One that cannot be read counts as the copy; one that was written to since is a notebook of its own.
    """
    try:
        told = json.loads((folder / MOVED).read_bytes())
        return Path(told["from"]) == old.absolute() and _unchanged(old, told["files"])
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError) as e:
        log.warning("the former folder is taken for what was moved: %s", type(e).__name__)
        return True


def _copied(old: Path, folder: Path) -> bool:
    """Whether all of it is now in the new folder, durably. What an earlier try left there is written over."""
    source = DataFolder(old)
    try:
        source.hold()
        _copy(old, folder)
    except (OSError, NotebookError) as e:
        log.warning("the notebook stays in its former folder for now: %s", type(e).__name__)
        return False
    finally:
        source.release()
    return True


def _copy(old: Path, folder: Path) -> None:
    make_folder(folder)
    digests: dict[str, str] = {}
    for name in _names(old, folder):
        content = (old / name).read_bytes()
        digests[name] = _digest(content)
        if name != KEYS:
            make_folder((folder / name).parent)
            write_durably(folder / name, content)
    keys = (old / KEYS).read_bytes()
    _carry_secret(old, folder, keys)
    write_durably(folder / BEGUN, json.dumps({"from": str(old.absolute()), "files": digests}).encode())
    write_durably(folder / KEYS, keys)


def _names(old: Path, folder: Path) -> list[str]:
    """The files of a folder, relative; the new folder may lie inside the old one."""
    files = [p for p in old.rglob("*") if p.is_file() and not p.is_relative_to(folder)]
    return sorted(p.relative_to(old).as_posix() for p in files if p.name not in _STAYS)


def _carry_secret(old: Path, folder: Path, keys: bytes) -> None:
    """The file keystore of a phone lies beside the data folder, so it moves too. A keyring stays where it is."""
    key_id = str(json.loads(keys)["key_id"])
    source, target = (file_keystore(f).path_of(key_id) for f in (old, folder))
    if source != target and source.exists():
        make_folder(target.parent)
        write_durably(target, source.read_bytes())


def _clear(folder: Path) -> None:
    """Take away the copy a finished move left behind; one that was written to since is a notebook and stays."""
    note, begun = folder / MOVED, folder / BEGUN
    source: DataFolder | None = None
    try:
        if begun.exists() and (folder / KEYS).exists():
            begun.replace(note)
            flush_folder(folder)
        if not note.exists():
            return
        told = json.loads(note.read_bytes())
        old = Path(told["from"])
        if old.is_dir():
            source = DataFolder(old)
            source.hold()
            if _unchanged(old, told["files"]):
                _remove(old, told["files"])
        note.unlink()
        flush_folder(folder)
    except (OSError, ValueError, KeyError, TypeError, NotebookError) as e:
        log.warning("the former folder is not cleared yet: %s", type(e).__name__)
    finally:
        if source is not None:
            source.release()


def _unchanged(old: Path, files: Mapping[str, str]) -> bool:
    """Whether what is left in the old folder is still what was copied."""
    return all(_digest((old / n).read_bytes()) == d for n, d in files.items() if (old / n).exists())


def _remove(old: Path, files: Mapping[str, str]) -> None:
    """The keys first: from then on it is no notebook, whenever the rest goes."""
    for name in [KEYS, *(n for n in files if n != KEYS)]:
        (old / name).unlink(missing_ok=True)
        flush_folder(old)
    for part in sorted((p for p in old.rglob("*") if p.is_dir()), reverse=True):
        if not any(part.iterdir()):
            part.rmdir()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
