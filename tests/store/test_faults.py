"""Bad luck while saving, in a process of its own: killed, out of room. Nothing confirmed is lost, nothing doubled."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.store.schema import SPOOL
from tests.store.ground import opened, records

ROOT = Path(__file__).parents[2]

SAVING = """
import asyncio, sys
from pathlib import Path
from tests.store.ground import opened, records

async def main(folder, run):
    store = await opened(folder)
    n = 0
    while True:
        n += 1
        await store.save_draft(f"{run}-{n}", b"{}")
        await store.append(records(store, f"{run}-{n}", note="x" * 3000), [f"{run}-{n}"])
        sys.stdout.write(f"{run}-{n}\\n")
        sys.stdout.flush()

asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
"""

NO_ROOM = """
import asyncio, os, resource, sys
from pathlib import Path
from app.ports import NotSaved
from tests.store.ground import opened, records

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def main(folder, name):
    store = await opened(folder)
    await store.append(records(store, "before"))
    await store.save_draft("d1", b"as it was")
    limit((folder / name).stat().st_size + 700)
    for attempt in range(3):
        try:
            await store.append(records(store, "a1", note="y" * 9000), ["d1"])
        except NotSaved as e:
            assert "no room" in str(e) or "could not write" in str(e), e
        else:
            raise SystemExit("saved without room")
        assert [e.activity_id for e in await store.journal()] == ["before"]
        assert await store.drafts() == [("d1", b"as it was")]
    limit(resource.RLIM_INFINITY)
    assert await store.doctor() == []
    await store.append(records(store, "a1", note="y" * 9000), ["d1"])
    await store.append(records(store, "a2"))
    assert await store.doctor() == []
    os._exit(7)

asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
"""


async def test_killed_while_saving_nothing_confirmed_is_lost_and_nothing_is_twice(tmp_path: Path) -> None:
    confirmed: list[str] = []
    for run in range(6):
        confirmed += _killed_after(tmp_path, run, 1 + 3 * run)
        store = await opened(tmp_path)
        ids = [e.activity_id for e in await store.journal()]
        assert [i for i in ids if i in set(confirmed)] == confirmed
        assert len(ids) == len(set(ids)) <= len(confirmed) + run + 1
        assert len(await store.drafts()) <= run + 1
        assert await store.doctor() == []
        await store.close()
    assert len(confirmed) >= 6


def _killed_after(folder: Path, run: int, saves: int) -> list[str]:
    """Start saving and kill without warning, somewhere in the saves behind so many; the ids confirmed until then."""
    with subprocess.Popen(
        [sys.executable, "-c", SAVING, str(folder), str(run)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = "".join(process.stdout.readline() for _ in range(saves))
        process.kill()
        told += process.stdout.read()
    return [line.rstrip("\n") for line in told.splitlines(keepends=True) if line.endswith("\n")]


def run_out_of_room(folder: Path, full: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", NO_ROOM, str(folder), full],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE")
@pytest.mark.parametrize("full", [SPOOL, "waifang.db-wal"])
async def test_out_of_room_a_save_is_refused_and_the_next_with_room_is_there_once(
    tmp_path: Path, full: str
) -> None:
    done = run_out_of_room(tmp_path, full)
    assert (done.returncode, done.stderr) == (7, "")
    store = await opened(tmp_path)
    assert [(e.activity_id, e.seq) for e in await store.journal()] == [("before", 1), ("a1", 2), ("a2", 3)]
    assert await store.drafts() == []
    assert await store.doctor() == []
    await store.close()


async def test_a_spool_that_cannot_be_written_leaves_no_record_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "before"))
    size = (tmp_path / SPOOL).stat().st_size

    async def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(store._spool, "append", full)
        with pytest.raises(Exception, match="no room"):
            await store.append(records(store, "a1"))
    assert (tmp_path / SPOOL).stat().st_size == size
    assert [e.activity_id for e in await store.journal()] == ["before"]
    await store.close()
