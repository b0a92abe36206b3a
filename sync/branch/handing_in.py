"""A phone's sealed journal opened with the branch's recovery key and taken in as if that phone had pushed it.

What the branch has already stays a duplicate. Records behind a gap keep their numbers and the gap is written down as
lost. Records that stand where the branch has others of the same device (its data folder was copied) are quarantined under
a device of their own, `copy_of` that one, so that neither account is lost.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, insert, or_, select

from app.domain.message import Message
from app.i18n import mark
from sync.branch import tables as t
from sync.branch.audit import note
from sync.branch.devices import Device, secret_hash
from sync.branch.errors import BranchError
from sync.branch.feed import Changes
from sync.branch.handins import note_taken
from sync.branch.intake import CREATED, QUARANTINED, Intake, log_lost
from sync.branch.office import Office
from sync.branch.reading import read_record
from sync.protocol import NO_HASH, Head, Item, PushRequest, record_hash
from sync.salvage import NoRecovery, SealedRow, open_row, recover_data_key, unpack_entry, unpack_salvage


@dataclass(frozen=True, slots=True)
class Opened:
    """A record and where its device had it."""

    device_id: str
    activity_id: str
    seq: int
    record: bytes

    @property
    def hash(self) -> str:
        """Of its exact bytes."""
        return record_hash(self.record)


@dataclass(frozen=True, slots=True)
class Journal:
    """What a sealed file held: records by device and sequence number, files by (activity, place); `unreadable` rows
    were damaged on the phone; `sha256` is the sealed file's own."""

    sha256: str
    records: tuple[Opened, ...]
    files: dict[tuple[str, int], bytes]
    unreadable: int


@dataclass(slots=True)
class Taken:
    """What became of it; `files` kept."""

    created: int = 0
    duplicate: int = 0
    quarantined: int = 0
    files: int = 0
    unreadable: int = 0

    def to_json(self) -> dict[str, Any]:
        """All members."""
        return asdict(self)


# What sync.salvage, which knows no catalogue, says is needed.
_NEEDED: Final = (
    mark("a sealed journal made by `salvage`"),
    mark("a sealed journal that is whole"),
    mark("a key file of a phone"),
    mark("the private recovery key and its passphrase"),
    mark("an RSA private key"),
    mark("the recovery key of the branch this phone was bound to"),
)


def open_journal(content: bytes, private_pem: bytes, passphrase: str) -> Journal:
    """Raises BranchError where file, key or passphrase do not fit; nothing was changed then."""
    try:
        keys_file, rows = unpack_salvage(content)
        data_key = recover_data_key(keys_file, private_pem, passphrase.encode() or None)
    except NoRecovery as e:
        raise BranchError(
            Message(
                "This cannot be opened; needed is {what}. Nothing was changed.", {"what": Message(str(e))}
            )
        ) from e
    records: dict[tuple[str, int, str], Opened] = {}
    files: dict[tuple[str, int], bytes] = {}
    broken: set[tuple[str, str, int]] = set()
    for row in rows:
        plain = _plain(data_key, row)
        if plain is None:
            broken.add((row.table, row.activity_id, row.number))
        elif row.table == "blob":
            files[row.activity_id, row.number] = plain
        else:
            record, _ = unpack_entry(plain)
            key = (row.device_id, row.number, row.activity_id)
            records.setdefault(key, Opened(row.device_id, row.activity_id, row.number, record))
    read = {("journal", r.activity_id, r.seq) for r in records.values()}
    ordered = tuple(records[key] for key in sorted(records))
    return Journal(
        hashlib.sha256(content).hexdigest(),
        ordered,
        files,
        len(broken - read - {("blob", *key) for key in files}),
    )


def _plain(data_key: bytes, row: SealedRow) -> bytes | None:
    try:
        return open_row(data_key, row.aad, row.sealed)
    except NoRecovery:
        return None


def accept_journal(office: Office, journal: Journal) -> Taken:
    """Take it in, in one transaction. Raises BranchError where its officer is not registered."""
    taken = Taken(unreadable=journal.unreadable)
    for record in journal.records:
        for sha256, content in _files_of(record, journal.files):
            office.blobs.put(sha256, content)
    with office.changing() as changes:
        for device_id in dict.fromkeys(r.device_id for r in journal.records):
            note(office, "accept-journal", subject=device_id, conn=changes.conn)
            _take_device(office, changes, [r for r in journal.records if r.device_id == device_id], taken)
        for record in journal.records:
            taken.files += _keep_files(office, changes.conn, record, journal.files)
        note_taken(changes.conn, journal.sha256, office.now_ms())
    return taken


def _take_device(office: Office, changes: Changes, records: Sequence[Opened], taken: Taken) -> None:
    conn = changes.conn
    device = _device(office, conn, records)
    act, dev = t.activity.c, t.device.c
    asked = select(act.activity_id, act.hash).join(t.device, dev.device_id == act.device_id)
    mine = or_(dev.device_id == device.device_id, dev.copy_of == device.device_id)
    known = {(row.activity_id, row.hash) for row in conn.execute(asked.where(mine))}
    fresh = [r for r in records if (r.activity_id, r.hash) not in known]
    taken.duplicate += len(records) - len(fresh)
    head = device.head
    on: list[Opened] = []
    copied: list[Opened] = []
    for r in fresh:
        prev = read_record(r.record, office.zone).prev
        if copied or r.seq <= head.seq or (r.seq == head.seq + 1 and prev not in (None, head.hash)):
            copied.append(r)
        else:
            on.append(r)
            head = Head(r.seq, r.hash)
    _push(office, changes, device, on, taken)
    if copied:
        _push(office, changes, _copy(office, conn, device, copied), copied, taken)


def _push(office: Office, changes: Changes, device: Device, records: Sequence[Opened], taken: Taken) -> None:
    """Runs without a gap, one after another; before each the gap is written down."""
    head, rest = device.head, list(records)
    while rest:
        run = [r for n, r in enumerate(rest) if r.seq == rest[0].seq + n]
        rest = rest[len(run) :]
        readings = [read_record(r.record, office.zone) for r in run]
        if run[0].seq > head.seq + 1:
            log_lost(changes.conn, device.device_id, head.seq + 1, run[0].seq - 1, office.now_ms())
            head = Head(run[0].seq - 1, readings[0].prev or NO_HASH)
        items = tuple(Item(r.activity_id, r.record) for r in run)
        request = PushRequest(Head(run[-1].seq, run[-1].hash), items)
        at = replace(device, head=head)
        intake = Intake(office.now_ms(), changes, at, request, readings)
        results = intake.take()
        intake.store()
        head = intake.head
        taken.created += sum(r.status == CREATED for r in results)
        taken.quarantined += sum(r.status == QUARANTINED for r in results)


def _device(office: Office, conn: Connection, records: Sequence[Opened]) -> Device:
    """The device as the branch knows it; one it lost (or never knew) is written down again, without a secret."""
    device_id = records[0].device_id
    row = conn.execute(select(t.device).where(t.device.c.device_id == device_id)).one_or_none()
    if row is not None:
        head = Head(row.head_seq, row.head_hash)
        return Device(row.device_id, row.officer_id, head, row.revoked_ms is not None)
    officers = (read_record(r.record, office.zone).officer_id for r in records)
    officer_id = next((o for o in officers if o), "")
    if conn.execute(select(t.officer.c.name).where(t.officer.c.officer_id == officer_id)).first() is None:
        raise BranchError(
            Message("No officer {officer} is registered. See `officer list`.", {"officer": officer_id})
        )
    return _add_device(office, conn, device_id, officer_id, Head())


def _copy(office: Office, conn: Connection, device: Device, copied: Sequence[Opened]) -> Device:
    first = copied[0]
    copy_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{device.device_id} {first.hash}"))
    if first.seq > 1:
        before = read_record(first.record, office.zone).prev or NO_HASH
        made = _add_device(
            office, conn, copy_id, device.officer_id, Head(first.seq - 1, before), device.device_id
        )
        log_lost(conn, copy_id, 1, first.seq - 1, office.now_ms())
        return made
    return _add_device(office, conn, copy_id, device.officer_id, Head(), device.device_id)


def _add_device(
    office: Office, conn: Connection, device_id: str, officer_id: str, head: Head, copy_of: str | None = None
) -> Device:
    conn.execute(
        insert(t.device).values(
            device_id=device_id,
            officer_id=officer_id,
            secret_hash=secret_hash(secrets.token_hex(32)),
            head_seq=head.seq,
            head_hash=head.hash,
            declared_seq=head.seq,
            declared_hash=head.hash,
            enrolled_ms=office.now_ms(),
            revoked_ms=office.now_ms() if copy_of is not None else None,
            copy_of=copy_of,
        )
    )
    copied = copy_of is not None
    return Device(device_id, officer_id, head, revoked=copied, copied=copied)


def _keep_files(
    office: Office, conn: Connection, record: Opened, files: Mapping[tuple[str, int], bytes]
) -> int:
    """Write down which files the record has, all of them kept before; how many were new."""
    kept = 0
    for declared, content in _files_of(record, files):
        same = (t.blob.c.activity_id == record.activity_id, t.blob.c.sha256 == declared)
        if conn.execute(select(t.blob.c.size).where(*same)).first() is None:
            conn.execute(
                insert(t.blob).values(
                    activity_id=record.activity_id,
                    sha256=declared,
                    size=len(content),
                    kept_ms=office.now_ms(),
                )
            )
            kept += 1
    return kept


def _files_of(record: Opened, files: Mapping[tuple[str, int], bytes]) -> Iterator[tuple[str, bytes]]:
    """The files a record declares and the sealed journal holds, byte for byte: SHA-256 and content."""
    for place, declared in enumerate(_declared(record.record)):
        content = files.get((record.activity_id, place))
        if content is not None and hashlib.sha256(content).hexdigest() == declared:
            yield str(declared), content


def _declared(record: bytes) -> list[object]:
    try:
        blobs = json.loads(record).get("blobs")
    except (ValueError, AttributeError, RecursionError):
        return []
    return (
        [b.get("sha256") if isinstance(b, dict) else None for b in blobs] if isinstance(blobs, list) else []
    )


def write_out(journal: Journal, folder: Path) -> None:
    """The plain records, one a line, and the files, for the branch's own eyes. Raises BranchError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=False)
        lines = b"".join(r.record.replace(b"\n", b" ") + b"\n" for r in journal.records)
        (folder / "journal.jsonl").write_bytes(lines)
        for (activity_id, place), content in journal.files.items():
            name = hashlib.sha256(content).hexdigest()
            (folder / f"{uuid.uuid5(uuid.NAMESPACE_OID, activity_id)}-{place}-{name[:16]}").write_bytes(
                content
            )
    except OSError as e:
        raise BranchError(
            Message("{folder} cannot be written, or is there already.", {"folder": folder.name})
        ) from e
