import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.branch.founding import found
from sync.branch.office import Office
from sync.branch.officers import add_officer
from sync.branch.recovery import RecoveryKeys

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("founded")
    found(folder, "试点支行", now=lambda: NOW, keys=RecoveryKeys("public", b"private", "words"))
    office = Office.open(folder, now=lambda: NOW)
    for number, name in (("w001", "赵敏"), ("w002", "李国强"), ("w003", "陈晓燕")):
        add_officer(office, number, name)
    with office.database.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    office.close()
    return folder


@pytest.fixture
def office(founded: Path, tmp_path: Path) -> Iterator[Office]:
    """A branch with w001, w002 and w003; it is the 24th of November 2026, ten in the morning."""
    folder = tmp_path / "office"
    shutil.copytree(founded, folder)
    opened = Office.open(folder, now=lambda: NOW)
    yield opened
    opened.close()
