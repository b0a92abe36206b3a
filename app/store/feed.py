"""The documents of the officer's feed: pulled, sealed, counted; hidden at once when they go, purged when nothing waits.

What is not in the feed any more leaves the check sum in the same transaction. Its row goes too, unless a record
or a draft of its case still waits: then it stays, hidden, until that is through.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlite_utils import Database

from app.ports import SealBroken, Sealer
from app.store.asking import in_pieces
from app.store.trouble import reading, saving
from app.store.values import Values
from sync.nesting import read_json
from sync.protocol import Check, Document, Page
from sync.salvage import document_aad

HELD: Final = "held"
REMOVED: Final = "removed"
STATE: Final = "store.feed"

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class FeedState:
    """Where the pull stands. `in_snapshot`: a new start is under way; documents of older generations go at its end."""

    cursor: str = ""
    generation: int = 0
    in_snapshot: bool = False
    check: Check = field(default_factory=Check)

    def encode(self) -> bytes:
        """For sealing."""
        return json.dumps(
            [self.cursor, self.generation, self.in_snapshot, self.check.count, self.check.sum]
        ).encode()

    @classmethod
    def decode(cls, plain: bytes) -> FeedState:
        """What `encode` gave."""
        cursor, generation, in_snapshot, count, total = json.loads(plain)
        return cls(cursor, generation, in_snapshot, Check(count, total))


@dataclass(frozen=True, slots=True)
class _Row:
    kind: str
    id: str
    version: int
    state: str
    sealed: bytes

    @property
    def key(self) -> Key:
        return self.kind, self.id

    @property
    def aad(self) -> bytes:
        return document_aad(self.kind, self.id, self.version, self.state)


class Feed:
    """The document table. All calls are made under the store's lock."""

    def __init__(self, db: Database, sealer: Sealer, values: Values) -> None:
        self._db = db
        self._sealer = sealer
        self._values = values
        self.state = FeedState()

    async def load(self) -> None:
        """Read where the pull stands. Raises SealBroken."""
        kept = await self._values.get(STATE)
        self.state = FeedState.decode(kept) if kept is not None else FeedState()

    async def start_anew(self) -> None:
        """Forget the cursor; the documents stay until a new snapshot is whole. Raises NotSaved."""
        await self._keep(replace(self.state, cursor="", in_snapshot=False))

    async def _keep(self, state: FeedState) -> None:
        value = await self._values.seal(STATE, state.encode())
        with saving(), self._db.atomic():
            self._values.write(value)
        self.state = state

    async def apply(
        self, page: Page, waiting_cases: set[str], also: Callable[[], None] = lambda: None
    ) -> None:
        """A page, its cursor and the check in one transaction. Raises NotSaved; then nothing of it is held.

        `waiting_cases`: cases of which a record or a draft waits; `also` writes with it.
        """
        old = self.state
        if not (page.docs or page.removed or page.snapshot or old.in_snapshot) and page.cursor == old.cursor:
            return  # nothing has changed: nothing to write, nothing to wait for
        begins = page.snapshot and (not old.cursor or not old.in_snapshot)
        in_snapshot = old.in_snapshot or begins
        generation = old.generation + begins
        docs = {(d.kind, d.id): d for d in page.docs}
        going = [r for k in dict.fromkeys(page.removed) if k not in docs for r in self._held(k)]
        if in_snapshot and not page.more:
            named = docs.keys() | {r.key for r in going}
            going += [r for r in self._unseen(generation) if r.key not in named]
        # A new start counts what is truly here, so that it mends a sum that had gone wrong.
        check = self._counted(self.recounted() if begins else old.check, docs.values(), going)
        hidden, purged = await self._sort_out(going, docs, waiting_cases)
        state = FeedState(page.cursor, generation, in_snapshot and page.more, check)
        sealed = await self._sealer.seal(
            [(document_aad(d.kind, d.id, d.version, HELD), d.body or b"") for d in docs.values()]
        )
        value = await self._values.seal(STATE, state.encode())
        with saving(), self._db.atomic():
            self._write(docs.values(), sealed, generation)
            self._hide(hidden)
            self._delete(purged)
            self._values.write(value)
            also()
        self.state = state

    async def documents(self, keys: Sequence[Key] | None) -> list[Document]:
        """Held documents, opened in one batch; one that does not open is left out here and named by the doctor."""
        if keys is None:
            with reading():
                rows = self._db.execute(
                    "SELECT kind, id, version, sealed FROM document WHERE state = 'held'"
                ).fetchall()
        else:
            rows = [(r.kind, r.id, r.version, r.sealed) for key in keys for r in self._held(key)]
        try:
            plains = await self._sealer.open(
                [
                    (document_aad(kind, doc_id, version, HELD), sealed)
                    for kind, doc_id, version, sealed in rows
                ]
            )
        except SealBroken:
            if self.state.cursor:
                await self.start_anew()  # the branch has them: the next sync brings them again
            return await self._one_by_one(rows)
        return [
            Document(kind, doc_id, version, plain or None)
            for (kind, doc_id, version, _), plain in zip(rows, plains, strict=True)
        ]

    async def _one_by_one(self, rows: Iterable[tuple[str, str, int, bytes]]) -> list[Document]:
        found = []
        for kind, doc_id, version, sealed in rows:
            try:
                [plain] = await self._sealer.open([(document_aad(kind, doc_id, version, HELD), sealed)])
            except SealBroken:
                continue
            found.append(Document(kind, doc_id, version, plain or None))
        return found

    async def purge(self, waiting_cases: set[str]) -> None:
        """Something that waited is through: hidden documents nobody waits for go. Raises NotSaved."""
        hidden = self._select("state = 'removed'")
        _, purged = await self._sort_out(hidden, {}, waiting_cases)
        if purged:
            with saving(), self._db.atomic():
                self._delete(purged)

    def has_hidden(self) -> bool:
        """Whether anything removed is still here."""
        with reading():
            row = self._db.execute("SELECT 1 FROM document WHERE state = 'removed' LIMIT 1").fetchone()
        return row is not None

    def recounted(self) -> Check:
        """The check over the rows themselves."""
        with reading():
            held = self._db.execute("SELECT kind, id, version FROM document WHERE state = 'held'").fetchall()
        return Check().changed(held, [])

    def rows(self) -> list[tuple[bytes, bytes]]:
        """`(aad, sealed)` of all documents, for the doctor."""
        return [(r.aad, r.sealed) for r in self._select("1")]

    def _counted(self, check: Check, docs: Collection[Document], going: Iterable[_Row]) -> Check:
        """The check after the page: kept incrementally, a replaced version leaves as the new one comes."""
        leaving = [(r.kind, r.id, r.version) for r in going]
        leaving += self._versions([(d.kind, d.id) for d in docs])
        return check.changed([(d.kind, d.id, d.version) for d in docs], leaving)

    def _versions(self, keys: Iterable[Key]) -> list[tuple[str, str, int]]:
        """Which of these documents are held, with their versions."""
        by_kind: dict[str, list[str]] = {}
        for kind, doc_id in keys:
            by_kind.setdefault(kind, []).append(doc_id)
        found: list[tuple[str, str, int]] = []
        with reading():
            for kind, ids in by_kind.items():
                for some, marks in in_pieces(ids):
                    found += self._db.conn.execute(
                        "SELECT kind, id, version FROM document "  # noqa: S608 - constants and question marks
                        f"WHERE kind = ? AND id IN ({marks}) AND state = 'held'",
                        (kind, *some),
                    )
        return found

    async def _sort_out(
        self, going: Sequence[_Row], coming: Iterable[Key], waiting_cases: set[str]
    ) -> tuple[list[tuple[_Row, bytes]], list[Key]]:
        """Which rows stay hidden (with their new seal) and which go for good.

        Whatever belongs to a waiting case stays, and activities of a case that is held always do.
        """
        if not going:
            return [], []
        left = {r.id for r in going if r.kind == "case"}
        held = (self._held_cases() - left) | {doc_id for kind, doc_id in coming if kind == "case"}
        stay: list[tuple[_Row, bytes]] = []
        purged: list[Key] = []
        opened = await self._plain(going) if waiting_cases or held else [b""] * len(going)
        for row, plain in zip(going, opened, strict=True):
            case_id = case_of(plain) if row.kind == "activity" else row.id
            if case_id in waiting_cases or (row.kind == "activity" and case_id in held):
                stay.append((row, plain))
            else:
                purged.append(row.key)
        relabelled = [(document_aad(r.kind, r.id, r.version, REMOVED), plain) for r, plain in stay]
        sealed = await self._sealer.seal(relabelled)
        return [(r, s) for (r, _), s in zip(stay, sealed, strict=True)], purged

    async def _plain(self, rows: Sequence[_Row]) -> list[bytes]:
        """What the rows say; nothing for one that does not open, which is leaving anyway."""
        try:
            return await self._sealer.open([(r.aad, r.sealed) for r in rows])
        except SealBroken:
            return [await self._plain_or_nothing(r) for r in rows]

    async def _plain_or_nothing(self, row: _Row) -> bytes:
        try:
            [plain] = await self._sealer.open([(row.aad, row.sealed)])
        except SealBroken:
            return b""
        return plain

    def _held_cases(self) -> set[str]:
        with reading():
            rows = self._db.execute("SELECT id FROM document WHERE kind = 'case' AND state = 'held'")
            return {row[0] for row in rows}

    def _held(self, key: Key) -> list[_Row]:
        return self._select("kind = ? AND id = ? AND state = 'held'", *key)

    def _unseen(self, generation: int) -> list[_Row]:
        return self._select("state = 'held' AND generation < ?", generation)

    def _select(self, where: str, *given: Any) -> list[_Row]:
        with reading():
            return [
                _Row(*row)
                for row in self._db.conn.execute(
                    f"SELECT kind, id, version, state, sealed FROM document WHERE {where}",  # noqa: S608 - constants of this module
                    given,
                )
            ]

    def _write(self, docs: Iterable[Document], sealed: Iterable[bytes], generation: int) -> None:
        self._db.conn.executemany(
            "INSERT INTO document (kind, id, version, generation, state, sealed) VALUES (?, ?, ?, ?, 'held', ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, generation = excluded.generation, "
            "state = excluded.state, sealed = excluded.sealed",
            [(d.kind, d.id, d.version, generation, s) for d, s in zip(docs, sealed, strict=True)],
        )

    def _hide(self, rows: Iterable[tuple[_Row, bytes]]) -> None:
        self._db.conn.executemany(
            "UPDATE document SET state = 'removed', sealed = ? WHERE kind = ? AND id = ?",
            [(sealed, r.kind, r.id) for r, sealed in rows],
        )

    def _delete(self, keys: Iterable[Key]) -> None:
        self._db.conn.executemany("DELETE FROM document WHERE kind = ? AND id = ?", list(keys))


def case_of(body: bytes) -> str | None:
    """The case a record, an activity document or a draft belongs to; None where it names none."""
    try:
        value = read_json(body)
    except (ValueError, RecursionError):
        return None
    case_id = value.get("case_id") if isinstance(value, dict) else None
    return case_id if isinstance(case_id, str) else None
