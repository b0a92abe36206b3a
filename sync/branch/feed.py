"""What each officer's phone is to hold, and the numbers its changes are read by.

One feed per officer, the latest state of every document only. The numbers come from the officer's counter row,
taken as the last thing the writing transaction does and in sorted order of officers: a cursor over a sequence or
a timestamp loses rows under concurrent writers (protocol.md, 'Feed and cursor on the server'). The check's count
and sum are kept in the same row.

Use, always as the whole of a writing transaction:

    with branch.changing() as changes:
        changes.conn.execute(...)                         # rows of case_, payment, …
        changes.assign({"<case_id>": "w001"})             # the row of case_ is there already
        changes.store("case", {"<case_id>": document})    # → ids whose bytes changed
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Row,
    Select,
    Table,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy import and_ as both
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from sync.branch import tables as t
from sync.protocol import Check

PUT: Final = "put"
REMOVE: Final = "remove"
ACTIVITY_VERSION: Final = 1  # an activity is immutable
# A case's document is worth little before its settings, and its activities before it.
_ORDER: Final = {"settings": 0, "case": 1, "figures": 2}

Key = tuple[str, str]


@contextmanager
def publishing(conn: Connection, now_ms: int) -> Iterator[Changes]:
    """Collect what a transaction changes; on leaving without an error it is put into the feeds."""
    changes = Changes(conn, now_ms)
    yield changes
    changes.number()


class Changes:
    """What one writing transaction changes in the officers' feeds."""

    def __init__(self, conn: Connection, now_ms: int) -> None:
        self.conn = conn
        self._now_ms = now_ms
        self._stored: dict[Key, int] = {}
        self._moved: dict[str, str | None] = {}
        self._created: dict[str, list[str]] = {}
        self._never_fed: set[Key] = set()
        self._answered: dict[str, dict[Key, int]] = {}
        self._held_by: dict[str, str | None] = {}
        self._new_officers: list[str] = []

    def add_officer(self, officer_id: str, name: str) -> None:
        """Register an officer with a feed of their own; all settings are in it from the start."""
        self.conn.execute(insert(t.officer).values(officer_id=officer_id, name=name, added_ms=self._now_ms))
        self.conn.execute(insert(t.feed).values(officer_id=officer_id, seq=0, count=0, sum=f"{0:016x}"))
        self._new_officers.append(officer_id)

    def store(self, kind: str, bodies: Mapping[str, bytes]) -> set[str]:
        """Keep documents as these exact bytes; a version rises only where the bytes changed. Returns those ids.

        A `case` or `figures` document goes to the case's officer, `settings` to every officer.
        """
        have = {
            row.doc_id: row
            for row in among(
                self.conn,
                (t.document.c.doc_id, t.document.c.version, t.document.c.sha256),
                t.document.c.doc_id,
                list(bodies),
                t.document.c.kind == kind,
            )
        }
        new: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        for doc_id, body in bodies.items():
            known = have.get(doc_id)
            digest = hashlib.sha256(body).hexdigest()
            if known is not None and known.sha256 == digest:
                continue
            version = known.version + 1 if known is not None else 1
            self._stored[kind, doc_id] = version
            row = {"b_id": doc_id, "version": version, "body": body, "sha256": digest}
            (changed if known is not None else new).append(row | {"changed_ms": self._now_ms})
        _insert(self.conn, t.document, [{"kind": kind, "doc_id": r.pop("b_id"), **r} for r in new])
        same = both(t.document.c.kind == kind, t.document.c.doc_id == bindparam("b_id"))
        _update(self.conn, update(t.document).where(same), changed)
        return {doc_id for doc_id in bodies if (kind, doc_id) in self._stored}

    def assign(self, officers: Mapping[str, str]) -> set[str]:
        """Give cases (`case_id` → officer) to officers; returns the cases that changed hands.

        The rows of `case_` must be there. Both feeds are rewritten for the case, its figures and its activities.
        """
        case, given = t.case_.c, t.assignment.c
        now = {
            r.case_id: r.officer_id
            for r in among(self.conn, (case.case_id, case.officer_id), case.case_id, list(officers))
        }
        known = {
            (r.case_id, r.officer_id)
            for r in among(self.conn, (given.case_id, given.officer_id), given.case_id, list(officers))
        }
        moved = {case_id: to for case_id, to in officers.items() if now[case_id] != to}
        for case_id in moved:
            self._moved.setdefault(case_id, now[case_id])
        _update(
            self.conn,
            update(t.case_).where(case.case_id == bindparam("b_id")),
            [{"b_id": case_id, "officer_id": to} for case_id, to in moved.items()],
        )
        _insert(
            self.conn,
            t.assignment,
            [
                {"case_id": case_id, "officer_id": to, "since_ms": self._now_ms}
                for case_id, to in officers.items()
                if (case_id, to) not in known
            ],
        )
        return set(moved)

    def created(self, case_id: str, activity_id: str, *, new: bool = False) -> None:
        """An activity of a case was stored; the case's officer gets it. `new`: under a number nothing had before, so
        that no feed holds it.
        """
        self._created.setdefault(case_id, []).append(activity_id)
        if new:
            self._never_fed.add(("activity", activity_id))

    def held_by(self, officers: Mapping[str, str | None]) -> None:
        """Who has which case, where this transaction has read it already: it is not asked again."""
        self._held_by |= officers

    def answered(self, officer_id: str, activity_id: str, version: int) -> None:
        """The supervisor answered a quarantined record: its verdict goes to the officer who pushed it."""
        self._answered.setdefault(officer_id, {})["verdict", activity_id] = version

    def number(self) -> None:
        """Write everything collected into the feeds: the last statements of the transaction."""
        puts, removes = self._wanted()
        for officer_id in sorted(puts.keys() | removes.keys()):
            self._write(officer_id, puts.get(officer_id, {}), removes.get(officer_id, set()))

    def _wanted(self) -> tuple[dict[str, dict[Key, int]], dict[str, set[Key]]]:
        puts: dict[str, dict[Key, int]] = {}
        removes: dict[str, set[Key]] = {}
        settings = {k: v for k, v in self._stored.items() if k[0] == "settings"}
        if settings:
            for officer_id in self.conn.scalars(select(t.officer.c.officer_id)):
                puts.setdefault(officer_id, {}).update(settings)
        for officer_id in self._new_officers:
            puts.setdefault(officer_id, {}).update(self._all_settings())
        of_case = {k: v for k, v in self._stored.items() if k[0] in ("case", "figures")}
        touched = {doc_id for _, doc_id in of_case} | self._moved.keys()
        touched |= self._created.keys() - self._held_by.keys()
        holder = self._held_by | self._holders(touched)
        for key, version in of_case.items():
            if (to := holder.get(key[1])) is not None:
                puts.setdefault(to, {})[key] = version
        for case_id, activity_ids in self._created.items():
            if (to := holder.get(case_id)) is not None:
                puts.setdefault(to, {}).update((("activity", a), ACTIVITY_VERSION) for a in activity_ids)
        for officer_id, verdicts in self._answered.items():
            puts.setdefault(officer_id, {}).update(verdicts)
        for case_id, documents in self._whole_cases(self._moved.keys()).items():
            before, to = self._moved[case_id], holder.get(case_id)
            if before == to:
                continue
            if before is not None:
                removes.setdefault(before, set()).update(documents)
            if to is not None:
                puts.setdefault(to, {}).update(documents)
        return puts, removes

    def _all_settings(self) -> dict[Key, int]:
        doc = t.document.c
        rows = self.conn.execute(select(doc.doc_id, doc.version).where(doc.kind == "settings"))
        return {("settings", r.doc_id): r.version for r in rows}

    def _holders(self, case_ids: Iterable[str]) -> dict[str, str | None]:
        case = t.case_.c
        rows = among(self.conn, (case.case_id, case.officer_id), case.case_id, list(case_ids))
        return {r.case_id: r.officer_id for r in rows}

    def _whole_cases(self, case_ids: Iterable[str]) -> dict[str, dict[Key, int]]:
        """Per case: its case and figures documents and all its activities, with versions."""
        ids, doc, act = list(case_ids), t.document.c, t.activity.c
        found: dict[str, dict[Key, int]] = {case_id: {} for case_id in ids}
        if not ids:
            return found
        for row in among(
            self.conn,
            (doc.kind, doc.doc_id, doc.version),
            doc.doc_id,
            ids,
            doc.kind.in_(("case", "figures")),
        ):
            found[row.doc_id][row.kind, row.doc_id] = row.version
        created = act.status == "created"
        for row in among(self.conn, (act.case_id, act.activity_id), act.case_id, ids, created):
            found[row.case_id]["activity", row.activity_id] = ACTIVITY_VERSION
        return found

    def _write(self, officer_id: str, puts: Mapping[Key, int], removes: set[Key]) -> None:
        """Take the officer's counter (locked from here to the commit), then the items and the check."""
        seq, count, total = self.conn.execute(_TAKE_COUNTER, {"b_officer": officer_id}).one()
        asked = [*puts, *(k for k in removes if k not in puts)]
        have = self._items(officer_id, [k for k in asked if k not in self._never_fed])
        new: list[tuple[Any, ...]] = []
        changed: list[dict[str, Any]] = []
        coming: list[tuple[str, str, int]] = []
        going: list[tuple[str, str, int]] = []
        wanted = [(k, PUT, v) for k, v in puts.items()] + [
            (k, REMOVE, have[k].version) for k in removes if k in have and k not in puts
        ]
        for key, op, version in sorted(wanted, key=_feed_order):
            known = have.get(key)
            if known is not None and (known.op, known.version) == (op, version):
                continue
            seq += 1
            if known is not None and known.op == PUT:
                going.append((*key, known.version))
            if op == PUT:
                coming.append((*key, version))
            if known is None:
                new.append((officer_id, *key, version, seq, op))
            else:
                row = {"version": version, "seq": seq, "op": op}
                changed.append({"b_officer": officer_id, "b_kind": key[0], "b_id": key[1], **row})
        insert_rows(self.conn, t.feed_item, _ITEM, new)
        _update(self.conn, _CHANGE_ITEM, changed)
        if new or changed:
            check = Check(count, int(total, 16)).changed(coming, going)
            counted = {"seq": seq, "count": check.count, "sum": f"{check.sum:016x}"}
            self.conn.execute(_SET_COUNTER, {"b_officer": officer_id, **counted})

    def _items(self, officer_id: str, keys: Sequence[Key]) -> dict[Key, Row[Any]]:
        item = t.feed_item.c
        by_kind: dict[str, list[str]] = {}
        for kind, doc_id in keys:
            by_kind.setdefault(kind, []).append(doc_id)
        return {
            (row.kind, row.doc_id): row
            for kind, ids in by_kind.items()
            for row in among(
                self.conn,
                (item.kind, item.doc_id, item.version, item.op),
                item.doc_id,
                ids,
                item.officer_id == officer_id,
                item.kind == kind,
            )
        }


# Built once: every push of every phone asks these.
_INSERTS: Final[dict[Any, Any]] = {}
_ITEM: Final = ("officer_id", "kind", "doc_id", "version", "seq", "op")
_COUNTER: Final = update(t.feed).where(t.feed.c.officer_id == bindparam("b_officer"))
_TAKE_COUNTER: Final = _COUNTER.values(seq=t.feed.c.seq).returning(t.feed.c.seq, t.feed.c.count, t.feed.c.sum)
_SET_COUNTER: Final = _COUNTER.values({name: bindparam(name) for name in ("seq", "count", "sum")})
_CHANGE_ITEM: Final = (
    update(t.feed_item)
    .where(
        t.feed_item.c.officer_id == bindparam("b_officer"),
        t.feed_item.c.kind == bindparam("b_kind"),
        t.feed_item.c.doc_id == bindparam("b_id"),
    )
    .values({name: bindparam(name) for name in ("version", "seq", "op")})
)


def _feed_order(wanted: tuple[Key, str, int]) -> int:
    return _ORDER.get(wanted[0][0], len(_ORDER))


def among(
    conn: Connection,
    columns: Sequence[ColumnElement[Any]],
    column: ColumnElement[Any],
    values: Sequence[str],
    *where: ColumnElement[bool],
) -> Sequence[Row[Any]]:
    """Rows whose `column` is one of `values`."""
    return listed(conn, listing(columns, column).where(*where), values)


def listing(columns: Sequence[ColumnElement[Any]], column: ColumnElement[Any]) -> Select[Any]:
    """The statement `listed` asks: those rows whose `column` is one of its values."""
    return select(*columns).where(_AnyOf(column, bindparam("among", type_=NullType())))


def listed(
    conn: Connection, asked: Executable, values: Collection[str], **given: object
) -> Sequence[Row[Any]]:
    """The rows of a `listing` for these values; `given`: its other parameters."""
    every = list(values)
    if not every:
        return []
    among = json.dumps(every) if conn.dialect.name == "sqlite" else every
    return conn.execute(asked, {"among": among, **given}).all()


class _AnyOf(FunctionElement[bool]):
    """Whether the first is one of a list that comes as one parameter: as hundreds they cost more than the asking.

    It has no type: of a boolean one SQLAlchemy would ask SQLite whether it is 1, and no index helps with that.
    """

    inherit_cache = True


@compiles(_AnyOf, "sqlite")
def _any_of_json(element: _AnyOf, compiler: SQLCompiler, **given: Any) -> str:
    column, among = (compiler.process(part, **given) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({among}))"  # noqa: S608 - a column and a placeholder


@compiles(_AnyOf, "postgresql")
def _any_of_array(element: _AnyOf, compiler: SQLCompiler, **given: Any) -> str:
    column, among = (compiler.process(part, **given) for part in element.clauses)
    return f"{column} = ANY({among})"


def insert_rows(
    conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows of plain values in the order of `columns`, a day as its ISO text.

    Thousands of them at eight in the morning: made into statements by the driver alone, for a third of the time.
    """
    if not rows:
        return
    mark = "?" if conn.dialect.paramstyle == "qmark" else "%s"
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})"  # noqa: S608 - names of this program
    conn.exec_driver_sql(statement, list(rows))


def _insert(conn: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        conn.execute(_INSERTS.setdefault(table, insert(table)), rows)


def _update(conn: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        conn.execute(statement, rows)
