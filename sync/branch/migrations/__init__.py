"""The branch's tables as numbered steps (Alembic); `bring_up_to_date` applies what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from app.domain.message import Message
from sync.branch.errors import NewerData, NotInitialised

# Compared on every start, so that Alembic is loaded only where there is something to do.
LATEST: Final = "0006"


def bring_up_to_date(conn: Connection, *, new: bool = False) -> None:
    """Apply missing steps; `new` makes the tables. Raises NotInitialised, or NewerData when a newer program was here."""
    at = _revision(conn)
    if at is None and not new:
        raise NotInitialised(Message("There is no branch in this data folder. Run `init` first."))
    if at == LATEST:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = conn
    try:
        if at is not None:
            ScriptDirectory.from_config(config).get_revision(at)
        command.upgrade(config, "head")
    except CommandError as e:
        raise NewerData(
            Message("This data folder was written by a newer version of the program. Install that version.")
        ) from e


def is_current(conn: Connection) -> bool:
    """Whether nothing is missing; asked first, as bringing up to date takes the write lock."""
    return _revision(conn) == LATEST


def is_initialised(conn: Connection) -> bool:
    """Whether there are tables of a branch."""
    return _revision(conn) is not None


def _revision(conn: Connection) -> str | None:
    if not inspect(conn).has_table("alembic_version"):
        return None
    revision: str | None = conn.scalar(text("SELECT version_num FROM alembic_version"))
    return revision
