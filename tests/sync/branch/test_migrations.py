from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from sync.branch import migrations
from sync.branch.database import Database
from sync.branch.errors import BranchError, NotInitialised
from sync.branch.migrations import LATEST, bring_up_to_date
from sync.branch.tables import metadata
from tests.support.postgres import empty_database


def test_the_steps_end_at_the_revision_that_is_looked_for():
    script = ScriptDirectory(str(Path(migrations.__file__).parent))

    assert script.get_heads() == [LATEST]


def test_the_steps_make_the_tables_the_code_uses(tmp_path: Path, database_url: str | None):
    database = Database.of(tmp_path, database_url)
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


def test_postgresql_can_go_back_a_step_and_forward_again(tmp_path: Path):
    with empty_database() as url:
        database = Database(url)
        with database.writing() as conn:
            config = Config()
            config.set_main_option("script_location", str(Path(migrations.__file__).parent))
            config.attributes["connection"] = conn
            command.downgrade(config, "-1")
            bring_up_to_date(conn)
            assert compare_metadata(MigrationContext.configure(conn), metadata) == []
        database.close()


@pytest.mark.parametrize("url", ["mysql://u:secret@h/x", "no address", "sqlite+aiosqlite:///x", "oracle://"])
def test_another_database_is_refused_without_its_address_in_the_words(url: str):
    with pytest.raises(BranchError) as refused:
        Database(url)

    assert "secret" not in str(refused.value.message.params) + str(refused.value)


def test_a_file_is_opened_the_safe_way(tmp_path: Path):
    database = Database.in_folder(tmp_path)
    with database.reading() as conn:
        asked = {
            p: conn.exec_driver_sql(f"PRAGMA {p}").scalar()
            for p in ("journal_mode", "synchronous", "foreign_keys")
        }
    database.close()

    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
