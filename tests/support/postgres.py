"""A PostgreSQL of the tests' own: a cluster in a temporary folder, on 127.0.0.1, gone when the tests are.

Debian's binaries do it, run by an account that is not root, as PostgreSQL demands.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest

from sync.branch.database import Database
from sync.branch.migrations import bring_up_to_date
from tests.support.ports import free_port

NEEDED = "WAIFANG_NEED_POSTGRES"
TEMPLATE = "waifang_template"


def binaries() -> Path | None:
    """Where `initdb` and `pg_ctl` lie; Debian does not put them on the path."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return versions[-1].parent if versions else None


class Cluster:
    """One server; every database in it is a copy of a template that has the tables already. `durable`: as a bank's."""

    def __init__(self, tools: Path, *, durable: bool = False) -> None:
        self._tools = tools
        self._folder = Path(tempfile.mkdtemp(prefix="waifang-pg-"))
        self._account = "postgres" if hasattr(os, "getuid") and os.getuid() == 0 else None
        self.port = free_port()
        if self._account is not None:
            shutil.chown(self._folder, self._account)
        data = self._folder / "data"
        self._run(
            "initdb", "-D", str(data), "-U", "waifang", "--auth=trust", "-E", "UTF8", "--locale=C", "-N"
        )
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._folder,
            "fsync": "on" if durable else "off",  # the tests' data need not outlive the machine
            "full_page_writes": "on" if durable else "off",
            "max_connections": 200,
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._run("pg_ctl", "-D", str(data), "-w", "-l", str(self._folder / "log"), "-o", options, "start")
        atexit.register(self.stop)
        self.create(TEMPLATE, "template0")
        database = Database(self.url(TEMPLATE))
        with database.writing() as conn:
            bring_up_to_date(conn, new=True)
        database.close()

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://waifang@127.0.0.1:{self.port}/{name}"

    def create(self, name: str, template: str = TEMPLATE) -> None:
        self._admin(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def drop(self, name: str) -> None:
        self._admin(f'DROP DATABASE "{name}" WITH (FORCE)')

    def dump(self, name: str) -> None:
        """Back a database up; the dump lies with the cluster."""
        self._run("pg_dump", *self._where, "-Fc", "-f", f"{name}.dump", name)

    def put_back(self, name: str) -> None:
        """The database as its last dump has it; whatever it holds now is gone."""
        self.drop(name)
        self.create(name, "template0")
        self._run("pg_restore", *self._where, "-d", name, f"{name}.dump")

    @property
    def _where(self) -> tuple[str, ...]:
        return "-h", "127.0.0.1", "-p", str(self.port), "-U", "waifang"

    def _admin(self, statement: str) -> None:
        with psycopg.connect(
            f"postgresql://waifang@127.0.0.1:{self.port}/postgres", autocommit=True
        ) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

    def _run(self, tool: str, *words: str) -> None:
        # Output to a file: pg_ctl's server would keep a pipe open for as long as it lives.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [str(self._tools / tool), *words],
                user=self._account,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            )
            said.seek(0)
            assert done.returncode == 0, said.read().decode(errors="replace")


@cache
def cluster() -> Cluster | None:
    """The one of this test run; None where the machine has no PostgreSQL."""
    tools = binaries()
    return None if tools is None else Cluster(tools)


def required_cluster() -> Cluster:
    """Skips the test where there is no PostgreSQL, unless it must be there (CI)."""
    found = cluster()
    if found is None:
        if os.environ.get(NEEDED):
            pytest.fail(f"no PostgreSQL on this machine, and {NEEDED} is set")
        pytest.skip("no PostgreSQL on this machine (Debian: apt install postgresql)")
    return found


@contextmanager
def empty_database() -> Iterator[str]:
    """The address of a database with the tables and nothing in them; dropped at the end."""
    server, name = required_cluster(), f"t_{uuid.uuid4().hex}"
    server.create(name)
    try:
        yield server.url(name)
    finally:
        server.drop(name)
