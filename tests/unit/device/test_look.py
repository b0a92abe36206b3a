from pathlib import Path

import pytest

from app.device.folder import KEYS, LOOK, DataFolder
from app.device.look import KeptLook

CHOSEN = {"language": "en", "theme": "dark", "text_size": "150"}


async def test_a_look_is_there_at_the_next_start(tmp_path: Path) -> None:
    await KeptLook(DataFolder(tmp_path)).keep(CHOSEN)
    assert KeptLook(DataFolder(tmp_path)).read() == CHOSEN


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"language": 7}', b"[" * 100_000])
def test_a_look_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LOOK).write_bytes(content)
    assert KeptLook(DataFolder(tmp_path)).read() == {}


async def test_a_look_that_cannot_be_kept_is_nobodys_trouble(tmp_path: Path) -> None:
    folder = tmp_path / "not made yet"
    await KeptLook(DataFolder(folder)).keep(CHOSEN)
    assert not folder.exists()


async def test_the_look_stays_when_a_notebook_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / KEYS).write_bytes(b"{}")
    look = KeptLook(DataFolder(tmp_path))
    await look.keep(CHOSEN)
    await DataFolder(tmp_path).set_aside("handed-in")
    assert look.read() == CHOSEN
    assert (tmp_path / "handed-in" / KEYS).exists()
