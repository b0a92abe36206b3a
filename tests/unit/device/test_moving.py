"""A notebook moves to the folder Flet names; a cut at any point of the way loses nothing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.bootstrap import open_notebook
from app.device import moving
from app.device.folder import DataFolder
from app.views import NewActivity
from tests.support.branch_server import running_branch

PIN = "135790"
FILES = {
    "notebook.db": b"rows",
    "notebook.db-wal": b"more rows",
    "spool/000001": b"a record",
    "tries.json": b"{}",
}


class Cut(BaseException):
    """The power goes."""


def old_notebook(folder: Path) -> Path:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "keys.json").write_text(json.dumps({"key_id": "abc"}), "utf-8")
    return folder


def whole(folder: Path) -> bool:
    present = all((folder / n).is_file() and (folder / n).read_bytes() == c for n, c in FILES.items())
    return present and (folder / "keys.json").is_file()


def cut_at(monkeypatch: pytest.MonkeyPatch, name: str, step: int, seen: list[int]) -> None:
    real: Callable[..., None] = getattr(moving, name)

    def counted(*args: object) -> None:
        seen.append(1)
        if len(seen) == step:
            raise Cut
        real(*args)

    monkeypatch.setattr(moving, name, counted)


@pytest.mark.parametrize("doing", ["write_durably", "flush_folder"])
@pytest.mark.parametrize("step", range(1, 9))
def test_a_move_cut_off_at_any_step_goes_on_and_one_folder_is_always_whole(
    doing: str, step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = old_notebook(tmp_path / "old"), tmp_path / "files" / "data"
    with monkeypatch.context() as patched:
        seen: list[int] = []
        cut_at(patched, doing, step, seen)
        try:
            moving.settle(new, [old])
        except Cut:
            assert whole(new) or whole(old)
            # Who opens a notebook looks for its keys: there is never one that lacks a file.
            assert whole(new) or not (new / "keys.json").exists()
    assert moving.settle(new, [old]) == new
    assert whole(new)
    assert not (old / "keys.json").exists()
    assert not (new / moving.MOVED).exists()
    assert not (new / moving.BEGUN).exists()


def test_without_room_the_notebook_stays_where_it_is_and_moves_another_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = old_notebook(tmp_path / "old"), tmp_path / "data"

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(moving, "write_durably", full)
        assert moving.settle(new, [old]) == old
        assert whole(old)
    assert moving.settle(new, [old]) == new
    assert whole(new)


def test_a_notebook_that_is_open_elsewhere_is_not_moved_under_its_feet(tmp_path: Path) -> None:
    old, new = old_notebook(tmp_path / "old"), tmp_path / "data"
    open_there = DataFolder(old)
    open_there.hold()
    assert moving.settle(new, [old]) == old
    open_there.release()
    assert moving.settle(new, [old]) == new


def test_a_folder_that_has_its_own_notebook_takes_in_no_other(tmp_path: Path) -> None:
    old, new = old_notebook(tmp_path / "old"), old_notebook(tmp_path / "data")
    (new / "keys.json").write_text(json.dumps({"key_id": "other"}), "utf-8")
    assert moving.settle(new, [old]) == new
    assert whole(old)


def test_an_old_copy_that_was_written_to_since_the_move_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = old_notebook(tmp_path / "old"), tmp_path / "data"
    with monkeypatch.context() as patched:
        patched.setattr(moving, "_clear", lambda _folder: None)
        moving.settle(new, [old])
    (old / "spool" / "000001").write_bytes(b"another record")
    moving.settle(new, [old])
    assert (old / "spool" / "000001").read_bytes() == b"another record"
    assert (old / "keys.json").exists()
    assert whole(new)


def left_a_copy(old: Path, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A move after which the former folder could not be cleared: nothing can be removed there."""

    def kept(_old: Path, _files: object) -> None:
        raise PermissionError(13, "read-only")

    with monkeypatch.context() as patched:
        patched.setattr(moving, "_remove", kept)
        assert moving.settle(new, [old]) == new
    assert whole(old)
    assert whole(new)


async def test_a_copy_left_in_the_former_folder_is_not_moved_in_again_once_its_notebook_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = old_notebook(tmp_path / "old"), tmp_path / "data"
    left_a_copy(old, new, monkeypatch)
    await DataFolder(new).set_aside("handed-in-1")
    with monkeypatch.context() as patched:  # it still cannot be cleared
        patched.setattr(moving, "_clear", lambda _folder: None)
        assert moving.settle(new, [old]) == new
    assert not (new / "keys.json").exists()
    assert moving.settle(new, [old]) == new
    assert not (new / "keys.json").exists()
    assert not (old / "keys.json").exists()


def test_a_copy_left_in_the_former_folder_is_not_moved_in_for_a_notebook_that_was_discarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = old_notebook(tmp_path / "old"), tmp_path / "data"
    left_a_copy(old, new, monkeypatch)
    (new / "keys.json").unlink()
    assert moving.settle(new, [old]) == new
    assert not (new / "keys.json").exists()


async def test_a_former_folder_that_was_written_to_after_the_move_is_a_notebook_and_is_moved_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = old_notebook(tmp_path / "old"), tmp_path / "data"
    left_a_copy(old, new, monkeypatch)
    await DataFolder(new).set_aside("handed-in-1")
    (old / "spool" / "000001").write_bytes(b"another record")
    assert moving.settle(new, [old]) == new
    assert (new / "spool" / "000001").read_bytes() == b"another record"
    assert (new / "keys.json").exists()


def test_the_secret_beside_the_old_folder_comes_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WAIFANG_KEYSTORE_DIR", raising=False)
    monkeypatch.setattr("app.device.keystore.sys.platform", "android")
    old, new = old_notebook(tmp_path / "a" / "old"), tmp_path / "b" / "data"
    (tmp_path / "a" / "keystore").mkdir()
    (tmp_path / "a" / "keystore" / "abc.secret").write_bytes(b"half of the key")
    moving.settle(new, [old])
    assert (tmp_path / "b" / "keystore" / "abc.secret").read_bytes() == b"half of the key"


async def test_a_packaged_app_finds_the_records_an_earlier_installation_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("WAIFANG_KEYSTORE_DIR", str(tmp_path / "secrets"))
    for name in ("FLET_APP_STORAGE_DATA", "FLET_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with running_branch(tmp_path / "branch") as branch:
        case_id = branch.case()
        before = open_notebook()
        await before.bind(branch.url, "w001", branch.code(), PIN)
        await before.sync()
        [made] = await before.record([NewActivity(case_id=case_id, kind="note", body={"text": "门口有人"})])
        await before.lock()

        monkeypatch.setenv("FLET_APP_STORAGE_DATA", str(tmp_path / "files" / "data"))
        monkeypatch.setenv("FLET_PLATFORM", "linux")
        after = open_notebook()
        await after.unlock(PIN)
        assert (await after.sync_state()).waiting == 1
        await after.sync()
        await after.lock()
        assert made in {a["activity_id"] for a in branch.exported()}
    assert (tmp_path / "files" / "data" / "keys.json").exists()
    assert not (tmp_path / "share" / "waifang" / "keys.json").exists()


def test_a_developers_run_takes_no_notebook_from_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("FLET_APP_STORAGE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("FLET_PLATFORM", raising=False)
    old = old_notebook(tmp_path / "share" / "waifang")
    assert moving.notebook_folder() == tmp_path / "data"
    assert whole(old)
