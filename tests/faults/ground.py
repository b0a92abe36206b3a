"""What the faults are done to: a phone with its real store and engine, and the branch behind a port without a wire."""

from __future__ import annotations

import hashlib
import secrets
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from app import VERSION
from app.device.sealing import AesGcmSealer
from app.domain.record import encode_record
from app.ports import Blob
from app.store.opening import open_store
from app.store.sealed import SealedStore
from sync.branch import uploads
from sync.branch.enrolment import enrol
from sync.branch.intake import push
from sync.branch.office import Office
from sync.branch.problems import Problem
from sync.branch.pull import read_page
from sync.engine import Branch, Engine, SyncReport
from sync.protocol import (
    EnrolAnswer,
    EnrolRequest,
    Head,
    Hello,
    Item,
    Page,
    PushAnswer,
    PushRequest,
    Refused,
    Unreachable,
    record_hash,
)
from tests.support.branch_server import RunningBranch

_T = TypeVar("_T")
PAGE = 100  # documents; small, so that a snapshot has pages


class WanderingClock:
    """A phone's clocks: the wall clock can be set to anything, the other only goes on."""

    def __init__(self) -> None:
        self.off = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off

    def wall_ms(self) -> int:
        return int(self.now().timestamp() * 1000)

    def monotonic_ms(self) -> int:
        return int((datetime.now(UTC) - datetime(2026, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


class DirectBranch:
    """The branch's own functions behind the engine's port, every frame through its bytes. `luck` names what befalls
    a call: `before` (never arrives), `after` (done, the answer is lost), or nothing.
    """

    def __init__(self, office: Office, secret: str, luck: Callable[[], str] = lambda: "") -> None:
        self._office = office
        self._secret = secret
        self._luck = luck

    async def hello(self) -> Hello:
        raise AssertionError("a sync does not ask")

    async def enrol(self, request: EnrolRequest) -> EnrolAnswer:
        return EnrolAnswer.decode(enrol(self._office, request).encode())

    async def push(self, request: PushRequest) -> PushAnswer:
        whole = PushRequest.decode(request.encode())
        return PushAnswer.decode(self._call(lambda: push(self._office, self._secret, whole).encode()))

    async def pull(self, cursor: str, *, own: bool = False) -> Page:
        return Page.decode(self._call(lambda: read_page(self._office, self._secret, cursor, PAGE, own=own)))

    async def create_upload(self, activity_id: str, sha256: str, size: int) -> str:
        named = {"activity_id": activity_id, "sha256": sha256}
        return self._call(lambda: uploads.create(self._office, self._secret, size, named)).upload_id

    async def upload_offset(self, address: str) -> int:
        return self._call(lambda: uploads.find(self._office, self._secret, address)).offset

    async def send_chunk(self, address: str, offset: int, chunk: bytes) -> int:
        return self._call(lambda: uploads.append(self._office, self._secret, address, offset, chunk)).offset

    async def file(self, activity_id: str, sha256: str) -> bytes:
        return self._call(lambda: uploads.read_file(self._office, self._secret, activity_id, sha256))

    async def close(self) -> None:
        """Nothing is held."""

    def _call(self, work: Callable[[], _T]) -> _T:
        luck = self._luck()
        if luck == "before":
            raise Unreachable("no_connection")
        try:
            answer = work()
        except Problem as e:
            raise Refused(e.status, e.code, e.to_json()) from e
        if luck == "after":
            raise Unreachable("cut")
        return answer


class Phone:
    """One device of an officer over its own folder. `saved`: what was confirmed, in order; `photos`: their files."""

    def __init__(self, folder: Path, officer_id: str = "w001") -> None:
        self.folder = folder
        self.officer_id = officer_id
        self.clock = WanderingClock()
        self.secret = secrets.token_urlsafe(32)
        self.saved: list[str] = []
        self.photos: dict[str, bytes] = {}
        self.key = secrets.token_bytes(32)
        self.store: SealedStore

    async def open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store = await open_store(self.folder, AesGcmSealer(self.key), self.clock)

    async def enrol(self, branch: Branch, code: str) -> EnrolAnswer:
        return await branch.enrol(
            EnrolRequest(code, self.officer_id, self.store.device_id, self.secret, "phone", "linux", VERSION)
        )

    async def record(self, case_id: str, n: int = 1, photo: bytes = b"") -> list[str]:
        """Save notes of a case, each with the photo if one is given; their ids once they are durable."""
        ids = [str(uuid.uuid4()) for _ in range(n)]

        def make(head: Head) -> list[Item]:
            items = []
            for activity_id in ids:
                items.append(self._note(activity_id, case_id, head, photo))
                head = Head(head.seq + 1, record_hash(items[-1].record))
            return items

        files = [Blob(i, 0, photo) for i in ids if photo]
        done = [e.activity_id for e in await self.store.append(make, blobs=files)]
        self.saved += done
        self.photos |= {i: photo for i in done if photo}
        return done

    def _note(self, activity_id: str, case_id: str, head: Head, photo: bytes) -> Item:
        at = self.clock.now().isoformat(timespec="milliseconds")
        record: dict[str, Any] = {
            "activity_id": activity_id,
            "case_id": case_id,
            "kind": "note",
            "happened_at": at,
            "recorded_at": at,
            "device_id": self.store.device_id,
            "device_seq": head.seq + 1,
            "prev": head.hash,
            "officer_id": self.officer_id,
            "body": {"text": "在地里干活，傍晚以后在家。"},
        }
        if photo:
            sha256 = hashlib.sha256(photo).hexdigest()
            record["blobs"] = [
                {"sha256": sha256, "size": len(photo), "media_type": "image/jpeg", "role": "photo"}
            ]
        return Item(activity_id, encode_record(record))

    async def sync(self, branch: Branch) -> SyncReport:
        return await Engine(branch, self.store, self.clock).sync()

    async def send_files(self, branch: Branch) -> SyncReport:
        """Only the files that wait."""
        return await Engine(branch, self.store, self.clock).files()

    async def close(self) -> None:
        await self.store.close()


async def synced_phone(branch: RunningBranch, folder: Path, n: int) -> tuple[Phone, DirectBranch, str]:
    """A bound phone of w001 in `folder`, open, whose `n` records are at the branch; its way there, and their case."""
    phone, case_id = Phone(folder), branch.case()
    await phone.open()
    wire = DirectBranch(branch.office, phone.secret)
    await phone.enrol(wire, branch.code())
    await phone.sync(wire)
    await phone.record(case_id, n)
    await phone.sync(wire)
    return phone, wire, case_id


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
