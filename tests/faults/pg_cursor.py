"""Does a reader behind a cursor lose rows on PostgreSQL while others write? The branch's own feed, and two controls.

    .venv/bin/python -m tests.faults.pg_cursor --rows 100000

Eight writers hold their transactions open for up to --open-ms before they commit; a reader pulls all the while. The feed
(sync/branch/feed.py: the officer's counter row, taken last) must miss nothing; a BIGSERIAL and a timestamp must miss
some, or this proves nothing (exit 1).
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg
from sqlalchemy import insert, select

from sync.branch import tables as t
from sync.branch.database import Database
from sync.branch.feed import publishing
from tests.support.postgres import empty_database

OFFICER = "w001"
WRITERS = 8
Read = Callable[[], None]


@dataclass(frozen=True)
class Outcome:
    """What a reader missed of what was written."""

    cursor: str
    written: int
    missed: int
    twice: int
    seconds: float


def _run(name: str, write: Callable[[int, int], int], read: Callable[[list[str]], None]) -> Outcome:
    """All writers to the end, one reader beside them and once after them."""
    got: list[str] = []
    over = threading.Event()

    def reader() -> None:
        while not over.is_set():
            read(got)
            time.sleep(0.002)
        read(got)

    started = time.monotonic()
    reading = threading.Thread(target=reader)
    reading.start()
    try:
        with ThreadPoolExecutor(WRITERS) as pool:
            written = sum(pool.map(lambda k: write(k, WRITERS), range(WRITERS)))
    finally:
        over.set()
        reading.join()
    distinct = len(set(got))
    return Outcome(name, written, written - distinct, len(got) - distinct, time.monotonic() - started)


def feed(url: str, rows: int, open_ms: float, batch: int) -> Outcome:
    """The branch's own: `batch` activities a transaction, as a push has them."""
    database = Database(url)
    with database.writing() as conn, publishing(conn, 0) as changes:
        changes.add_officer(OFFICER, "试")
        case_id = str(uuid.uuid4())
        conn.execute(insert(t.case_).values(case_id=case_id, contract_no="1"))
        changes.assign({case_id: OFFICER})
    cursor = 0

    def write(k: int, writers: int) -> int:
        spread, done = random.Random(k), 0
        while done < rows // writers:
            several = min(batch, rows // writers - done)
            with database.writing(alone=False) as conn, publishing(conn, 0) as changes:
                conn.execute(select(t.case_.c.case_id)).all()
                time.sleep(spread.uniform(0, open_ms / 1000))
                for _ in range(several):
                    changes.created(case_id, str(uuid.UUID(int=spread.getrandbits(128))))
            done += several
        return done

    def read(got: list[str]) -> None:
        nonlocal cursor
        item = t.feed_item.c
        with database.reading() as conn:
            newest = conn.scalar(select(t.feed.c.seq).where(t.feed.c.officer_id == OFFICER))
            found = conn.execute(
                select(item.seq, item.doc_id)
                .where(item.officer_id == OFFICER, item.seq > cursor, item.kind == "activity")
                .order_by(item.seq)
            ).all()
        got.extend(row.doc_id for row in found)
        cursor = newest or 0

    try:
        return _run("counter row (the feed)", write, read)
    finally:
        database.close()


def control(url: str, column: str, rows: int, open_ms: float) -> Outcome:
    """A cursor over `n` (BIGSERIAL) or `at` (a timestamp), which must lose rows."""
    plain = url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as c:
        c.execute("DROP TABLE IF EXISTS control")
        c.execute(
            "CREATE TABLE control (n BIGSERIAL PRIMARY KEY, at TIMESTAMPTZ DEFAULT clock_timestamp(), v TEXT)"
        )
    after: object = 0 if column == "n" else "2000-01-01"
    asked = f"SELECT {column}, v FROM control WHERE {column} > %s ORDER BY {column}"

    def write(k: int, writers: int) -> int:
        spread = random.Random(k)
        with psycopg.connect(plain) as c:
            for i in range(rows // writers):
                c.execute("INSERT INTO control (v) VALUES (%s)", (f"{k}-{i}",))
                time.sleep(spread.uniform(0, open_ms / 1000))
                c.commit()
        return rows // writers

    def read(got: list[str]) -> None:
        nonlocal after
        with psycopg.connect(plain, autocommit=True) as c:
            found = c.execute(asked, (after,)).fetchall()  # type: ignore[call-overload]
        if found:
            after = found[-1][0]
            got.extend(row[1] for row in found)

    return _run({"n": "BIGSERIAL", "at": "timestamp"}[column], write, read)


def run(rows: int, control_rows: int, open_ms: float, batch: int) -> list[Outcome]:
    """The feed first, then the two controls, each on the same cluster."""
    with empty_database() as url:
        return [
            feed(url, rows, open_ms, batch),
            control(url, "n", control_rows, open_ms),
            control(url, "at", control_rows, open_ms),
        ]


def main() -> int:
    """Print what each cursor missed."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rows", type=int, default=100_000)
    words.add_argument("--control-rows", type=int, default=2_000)
    words.add_argument("--open-ms", type=float, default=50)
    words.add_argument("--batch", type=int, default=20)
    asked = words.parse_args()
    outcomes = run(asked.rows, asked.control_rows, asked.open_ms, asked.batch)
    for o in outcomes:
        sys.stdout.write(
            f"{o.cursor:24} written {o.written:7} missed {o.missed:6} twice {o.twice:5} in {o.seconds:.1f} s\n"
        )
    ours, *controls = outcomes
    return 0 if ours.missed == ours.twice == 0 and all(c.missed for c in controls) else 1


if __name__ == "__main__":
    sys.exit(main())
