"""What the tests of the store stand on: a clock one can move, chained records, and a store on a real file."""

import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.store import open_store
from app.store.sealed import SealedStore
from sync.protocol import Document, Head, Item, Page, record_hash
from tests.support.sealers import sealer_of

KEY = bytes(range(32))


class MovableClock:
    def __init__(self) -> None:
        self.wall = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self.mono = 1_000

    def now(self) -> datetime:
        return self.wall

    def monotonic_ms(self) -> int:
        return self.mono

    def passes(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.mono += int(seconds * 1000)


async def opened(folder: Path, key: bytes = KEY) -> SealedStore:
    return await open_store(folder, await sealer_of(key), MovableClock())


def records(
    store: SealedStore, *ids: str, case_id: str = "case-1", note: str = "见到本人"
) -> Callable[[Head], Sequence[Item]]:
    def make(head: Head) -> list[Item]:
        items = []
        for activity_id in ids:
            record = json.dumps(
                {
                    "activity_id": activity_id,
                    "case_id": case_id,
                    "device_id": store.device_id,
                    "device_seq": head.seq + 1,
                    "prev": head.hash,
                    "body": {"text": note},
                },
                ensure_ascii=False,
            ).encode()
            items.append(Item(activity_id, record))
            head = Head(head.seq + 1, record_hash(record))
        return items

    return make


def page(
    *docs: Document,
    cursor: str = "c1",
    more: bool = False,
    snapshot: bool = False,
    removed: tuple[tuple[str, str], ...] = (),
) -> Page:
    return Page(cursor, more, 1_000, snapshot, docs, removed)


def case(case_id: str, version: int = 1) -> Document:
    body = {"case_id": case_id, "borrower": {"name": "张桂兰"}}
    return Document("case", case_id, version, json.dumps(body, ensure_ascii=False).encode())


def figures(case_id: str, version: int = 1) -> Document:
    return Document("figures", case_id, version, b'{"overdue_principal":"1234.50"}')


def activity(activity_id: str, case_id: str, version: int = 1) -> Document:
    return Document("activity", activity_id, version, json.dumps({"case_id": case_id}).encode())


async def shown(store: SealedStore) -> set[tuple[str, str]]:
    return {(d.kind, d.id) for d in await store.documents()}


def file_bytes(*folders: Path) -> dict[str, bytes]:
    return {
        str(Path(root, name)): Path(root, name).read_bytes()
        for folder in folders
        for root, _, names in os.walk(folder)
        for name in names
    }
