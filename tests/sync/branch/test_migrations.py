from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from sync.branch import migrations
from sync.branch.database import Database
from sync.branch.errors import NotInitialised
from sync.branch.migrations import LATEST, bring_up_to_date
from sync.branch.tables import metadata


def test_the_steps_end_at_the_revision_that_is_looked_for():
    script = ScriptDirectory(str(Path(migrations.__file__).parent))

    assert script.get_heads() == [LATEST]


def test_the_steps_make_the_tables_the_code_uses(tmp_path: Path):
    database = Database.in_folder(tmp_path)
    with database.writing() as conn:
        bring_up_to_date(conn, new=True)
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    database.close()


def test_steps_that_fail_leave_nothing(tmp_path: Path):
    database = Database.in_folder(tmp_path)
    with pytest.raises(KeyError), database.writing() as conn:
        bring_up_to_date(conn, new=True)
        raise KeyError
    with pytest.raises(NotInitialised), database.writing() as conn:
        bring_up_to_date(conn)
    database.close()


def test_the_tables_can_be_made_on_postgresql_too():
    dialect = postgresql.dialect()
    for table in metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))


def test_a_file_is_opened_the_safe_way(tmp_path: Path):
    database = Database.in_folder(tmp_path)
    with database.reading() as conn:
        asked = {
            p: conn.exec_driver_sql(f"PRAGMA {p}").scalar()
            for p in ("journal_mode", "synchronous", "foreign_keys")
        }
    database.close()

    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
