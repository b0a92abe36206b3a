"""Photos and signatures from a real notebook to a real branch, over a link that is cut anywhere."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from app.bootstrap import open_notebook
from app.notebook import Notebook
from app.ports import NoConnection
from app.views import NewActivity, NewBlob
from tests.support.branch_server import RunningBranch, running_branch

PHOTO = bytes(range(256)) * 4  # 1 KiB


class CutLink:
    """Passes bytes on to the branch; the connection dies after `left` bytes of them, counted both ways."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.left: int | None = None
        self.address = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[CutLink]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up, back = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            await asyncio.gather(self._pass(reader, back, writer), self._pass(up, writer, back))
        finally:
            for end in (writer, back):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, other: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while piece := await source.read(1 if self.left is not None and self.left < 64 else 256):
                if self.left is not None:
                    piece = piece[: self.left]
                    self.left -= len(piece)
                sink.write(piece)
                await sink.drain()
                if self.left == 0:
                    break
        sink.close()
        other.close()


@pytest.fixture
def branch(tmp_path: Path) -> AsyncIterator[RunningBranch]:
    with running_branch(tmp_path / "branch") as running:
        running.case(case_id="c1")
        yield running


async def bound(folder: Path, branch: RunningBranch, link: CutLink) -> Notebook:
    notebook = open_notebook(folder)
    await notebook.bind(link.address, "w001", branch.code(), "246810")
    await notebook.sync()
    return notebook


async def test_a_photo_whose_link_is_cut_again_and_again_arrives_once_and_text_never_waits(
    tmp_path: Path, branch: RunningBranch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAIFANG_KEYSTORE_DIR", str(tmp_path / "keystore"))
    async with CutLink(branch.port).open() as link:
        notebook = await bound(tmp_path / "phone", branch, link)
        photo = NewBlob("photo", "image/jpeg", PHOTO)
        [activity_id] = await notebook.record([NewActivity("c1", "note", {"text": "照片"}, blobs=(photo,))])
        cut_files = 0
        for allowed in range(150, 9000, 173):
            link.left = allowed
            try:
                report = await notebook.sync()
            except NoConnection:
                continue
            finally:
                link.left = None
            cut_files += report.files_trouble is not None
            if report.files_trouble is not None:
                state = await notebook.sync_state()
                assert (state.waiting, state.files_waiting) == (0, 1)
                assert state.files_error is not None
            elif report.files_waiting == 0:
                break
        assert cut_files > 3
        report = await notebook.sync()
        [entry] = await notebook.journal()
        assert [f.state for f in entry.files] == ["sent"]
        assert (await notebook.sync_state()).files_waiting == 0
        digest = hashlib.sha256(PHOTO).hexdigest()
        assert branch.office.blobs.get(digest) == PHOTO
        assert await notebook.blob(activity_id, digest) == PHOTO
        assert await notebook.doctor() == []
        await notebook.lock()


async def test_a_colleague_of_the_case_sees_the_photo_after_the_case_has_moved(
    tmp_path: Path, branch: RunningBranch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAIFANG_KEYSTORE_DIR", str(tmp_path / "keystore"))
    async with CutLink(branch.port).open() as link:
        notebook = await bound(tmp_path / "phone", branch, link)
        [activity_id] = await notebook.record(
            [NewActivity("c1", "note", {"text": "照片"}, blobs=(NewBlob("photo", "image/jpeg", PHOTO),))]
        )
        await notebook.sync()
        branch.officer("w002", "钱试")
        branch.move("c1", "w002")
        other = open_notebook(tmp_path / "other")
        await other.bind(link.address, "w002", branch.code("w002"), "246810")
        await other.sync()
        [entry] = (await other.case("c1")).timeline
        assert [(f.state, f.role) for f in entry.files] == [("branch", "photo")]
        assert await other.file(activity_id, entry.files[0].sha256) == PHOTO
        await other.lock()
        await notebook.lock()
