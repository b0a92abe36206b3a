"""A PostgreSQL behind a firewall that forgot the link: nothing comes back, not even a refusal."""

import asyncio
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy.engine import make_url

from sync.branch.database import Database
from tests.support.branch_server import RunningBranch
from tests.support.postgres import empty_database
from tests.support.relay import relay_to
from tests.support.wire_phone import WirePhone


def asked_of(database: Database) -> tuple[dict[str, str], dict[str, str]]:
    """How the link to the database is watched: as its own end says it, and as the server does."""
    with database.engine.connect() as conn:
        link = conn.connection.driver_connection
        assert isinstance(link, psycopg.Connection)
        said = link.info.get_parameters()
        rows = conn.exec_driver_sql(
            "SELECT name, setting FROM pg_settings WHERE starts_with(name, 'tcp_') ORDER BY name"
        )
        return {k: v for k, v in said.items() if "alive" in k or "timeout" in k}, dict(map(tuple, rows))


def test_both_ends_of_a_silent_link_give_it_up_after_half_a_minute() -> None:
    with empty_database() as url, closing(Database(url)) as database:
        ours, theirs = asked_of(database)
    assert ours == {
        "connect_timeout": "10",
        "keepalives": "1",
        "keepalives_idle": "15",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "tcp_user_timeout": "30000",
    }
    assert theirs == {
        "tcp_keepalives_idle": "15",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "30000",
    }


def test_a_bank_whose_network_needs_more_time_says_so_in_the_address() -> None:
    with empty_database() as url, closing(Database(f"{url}?connect_timeout=25")) as database:
        assert asked_of(database)[0]["connect_timeout"] == "25"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can drop a link's packets for us")
async def test_a_push_into_the_silence_is_told_to_come_back_and_goes_in_when_the_database_speaks(
    tmp_path: Path,
) -> None:
    with empty_database() as direct:
        async with relay_to(make_url(direct).port or 0) as relay:
            # Three seconds instead of forty, or the test would wait them out; httpx gives up after thirty.
            port, soon = urlsplit(relay.address).port, {"tcp_user_timeout": "1000", "connect_timeout": "2"}
            url = make_url(direct).set(port=port).update_query_dict(soon)
            branch = await asyncio.to_thread(
                RunningBranch,
                tmp_path / "branch",
                database_url=url.render_as_string(hide_password=False),
            )
            phone = await asyncio.to_thread(bound, branch)
            items = [phone.record(await asyncio.to_thread(branch.case))]
            relay.forget()
            lost = await asyncio.to_thread(phone.push, items)
            relay.remember()
            again = await asyncio.to_thread(phone.push, items)
            phone.close()
            await asyncio.to_thread(branch.close)
    assert (lost.status_code, lost.json()["code"]) == (503, "busy")
    assert again.json()["results"][0]["status"] == "created"


def bound(branch: RunningBranch) -> WirePhone:
    """A phone of w001."""
    branch.officer()
    phone = WirePhone(branch.start().url)
    assert phone.enrol(branch.code()).status_code == 200
    return phone
