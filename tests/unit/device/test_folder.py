import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.device.folder import DataFolder, NoFolder, default_folder
from app.ports import Busy

ROOT = Path(__file__).parents[3]
HOLDING = """
import sys
from pathlib import Path
from app.device.folder import DataFolder
folder = DataFolder(Path(sys.argv[1]))
folder.hold()
sys.stdout.write("held\\n")
sys.stdout.flush()
sys.stdin.read()
"""


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "new" / "data")
    assert not folder.path.exists()
    folder.hold()
    folder.hold()
    assert folder.held
    if sys.platform != "win32":
        assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.release()
    folder.release()
    assert not folder.held


def test_a_second_app_on_the_folder_is_told_that_it_is_open_elsewhere(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.hold()
    with pytest.raises(Busy, match="already open"):
        second.hold()
    first.release()
    second.hold()
    second.release()


def test_a_killed_app_lets_the_folder_go(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Busy):
            DataFolder(tmp_path).hold()
        other.kill()
    mine = DataFolder(tmp_path)
    mine.hold()
    mine.release()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NoFolder) as caught:
        DataFolder(tmp_path / "file" / "data").hold()
    assert caught.value.message.params == {"folder": str(tmp_path / "file" / "data")}


def test_flet_says_where_the_data_is_kept_else_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLET_APP_STORAGE_DATA", str(tmp_path))
    assert default_folder() == tmp_path
    assert DataFolder().path == tmp_path
    monkeypatch.delenv("FLET_APP_STORAGE_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert default_folder() == tmp_path / "share" / "waifang"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "Local"))
    assert default_folder() == tmp_path / "Local" / "waifang"
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / "Library" / "Application Support" / "waifang"
    assert os.environ["HOME"] == str(tmp_path)
