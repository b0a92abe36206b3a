"""Wire protocol 1: what phone and branch say to each other, as types and as bytes.

Documents are opaque here: `(kind, id, version, bytes)`. Everything that is framed declares its
lengths in line 1, and every body whose lengths or hashes do not match is refused whole: a cut
answer must never look like a short one.

Errors, all under `WireError`:

    WireError
    ├── Unreachable      no answer, or not the branch's answer (captive portal, cut body)
    ├── Malformed        bytes that are not a frame of this protocol
    └── Refused          the branch answered with a problem (RFC 9457) and a stable code
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from sync.nesting import read_json

PROTOCOL: Final = 1
BASE: Final = "/v1"
PROTOCOL_HEADER: Final = "Waifang-Protocol"
APP_HEADER: Final = "Waifang-App"
TUS_HEADER: Final = "Tus-Resumable"
TUS_VERSION: Final = "1.0.0"
BLOB_CHUNK_BYTES: Final = 256 * 1024
PUSH_MAX_ITEMS: Final = 200
PUSH_MAX_BYTES: Final = 256 * 1024
PAGE_MAX_DOCS: Final = 1000
PAGE_MAX_BYTES: Final = 4 * 1024 * 1024
BODY_MAX_BYTES: Final = 16 * 1024 * 1024
HANDIN_MAX_BYTES: Final = 64 * 1024 * 1024
RECORD_MAX_BYTES: Final = 64 * 1024
NO_HASH: Final = "0" * 64
GZIP_FROM: Final = 1024
GZIP_LEVEL: Final = 6


class WireError(Exception):
    """Anything that keeps a call from having succeeded."""


class Unreachable(WireError):
    """The branch did not answer, or what answered was not the branch.

    `why` is one of `no_connection`, `timeout`, `not_the_branch`, `cut`.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Malformed(WireError):
    """Bytes that are not a frame of this protocol."""


class Refused(WireError):
    """The branch said no.

    `status` is the HTTP status, `code` the problem's stable code, `extra` its other members,
    `retry_after` seconds from the header, if any.
    """

    def __init__(
        self, status: int, code: str, extra: Mapping[str, Any] | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.extra = dict(extra or {})
        self.retry_after = retry_after


class Head(NamedTuple):
    """The newest record of one device's chain: its sequence number and SHA-256 hex; (0, 64 zeros) before the first."""

    seq: int = 0
    hash: str = NO_HASH

    def to_wire(self) -> list[Any]:
        """`[seq, "hash"]`."""
        return [self.seq, self.hash]

    @classmethod
    def from_wire(cls, value: object) -> Head:
        """Read `[seq, "hash"]`; an abbreviated run of zeros stands for none. Raises Malformed."""
        if not (isinstance(value, list) and len(value) == 2):
            raise Malformed("head")
        seq, digest = value
        if type(seq) is not int or seq < 0 or not isinstance(digest, str):
            raise Malformed("head")
        if seq == 0:
            return cls()
        if len(digest) != 64 or any(c not in "0123456789abcdef" for c in digest):
            raise Malformed("head")
        return cls(seq, digest)


def record_hash(record: bytes) -> str:
    """SHA-256 hex of a record's exact bytes: the next record's `prev`."""
    return hashlib.sha256(record).hexdigest()


class Item(NamedTuple):
    """One record of a push: its id and the exact bytes stored on the phone."""

    id: str
    record: bytes


class Run(NamedTuple):
    """Records of one device that follow each other without a gap: the sequence number of the first, and the records."""

    first: int
    items: tuple[Item, ...] = ()

    @property
    def last(self) -> int:
        """The number of the last one; the one before `first` where there is none."""
        return self.first + len(self.items) - 1


class Packed(NamedTuple):
    """A body as it is sent."""

    content: bytes
    gzipped: bool

    @classmethod
    def of(cls, body: bytes) -> Packed:
        """Gzipped where that is worth it."""
        if len(body) < GZIP_FROM:
            return cls(body, gzipped=False)
        return cls(gzip.compress(body, GZIP_LEVEL, mtime=0), gzipped=True)


@dataclass(frozen=True)
class PushRequest:
    """The records a phone hands in, after the head it declares; `lost` = first and last sequence number gone for good."""

    head: Head
    items: tuple[Item, ...] = ()
    lost: tuple[int, int] | None = None
    checked: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def hashes(self) -> Sequence[str]:
        """The SHA-256 of each item; not reckoned again where `decode` has done it (`checked`)."""
        return self.checked or [record_hash(i.record) for i in self.items]

    @cached_property
    def packed(self) -> Packed:
        """As it is sent; made once, and where there is time for it: while the branch is busy with the one before."""
        return Packed.of(self.encode())

    def encode(self) -> bytes:
        """Line 1 with lengths and hashes, then each record followed by a newline."""
        line: dict[str, Any] = {
            "protocol": PROTOCOL,
            "head": self.head.to_wire(),
            "items": [
                (i.id, len(i.record), digest) for i, digest in zip(self.items, self.hashes(), strict=True)
            ],
        }
        if self.lost is not None:
            line["lost"] = list(self.lost)
        return _frame(line, [i.record for i in self.items])

    @classmethod
    def decode(cls, body: bytes) -> PushRequest:
        """Split by the declared lengths. Raises Malformed where a length or a hash does not match."""
        line, start = _first_line(body)
        declared = line.get("items")
        if not isinstance(declared, list):
            raise Malformed("items")
        sizes: list[int] = []
        for entry in declared:
            if not (
                isinstance(entry, list)
                and len(entry) == 3
                and isinstance(entry[0], str)
                and type(entry[1]) is int
                and isinstance(entry[2], str)
            ):
                raise Malformed("items")
            sizes.append(entry[1])
        records = _split(body, start, sizes)
        hashes = tuple(map(record_hash, records))
        if any(entry[2] != digest for entry, digest in zip(declared, hashes, strict=True)):
            raise Malformed("hash")
        lost = line.get("lost")
        if lost is not None and not (
            isinstance(lost, list) and len(lost) == 2 and all(type(n) is int and n > 0 for n in lost)
        ):
            raise Malformed("lost")
        return cls(
            Head.from_wire(line.get("head")),
            tuple(Item(entry[0], record) for entry, record in zip(declared, records, strict=True)),
            (lost[0], lost[1]) if lost else None,
            hashes,
        )


class PushResult(NamedTuple):
    """What became of one record: `created`, `duplicate` or `quarantined` with the reason."""

    id: str
    status: str
    reason: str | None = None

    @property
    def quarantined(self) -> bool:
        """Whether it waits for the supervisor; a duplicate (its first answer was cut) says so by its reason."""
        return self.status == "quarantined" or (self.status == "duplicate" and bool(self.reason))


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """The branch's answer to a push: its clock (ms since the epoch), its head for this device, a result per item."""

    time_ms: int
    head: Head
    results: tuple[PushResult, ...] = ()

    def encode(self) -> bytes:
        """One JSON object."""
        return _json(
            {
                "protocol": PROTOCOL,
                "time_ms": self.time_ms,
                "head": self.head.to_wire(),
                "results": [{"id": r.id, "status": r.status, "reason": r.reason} for r in self.results],
            }
        )

    @classmethod
    def decode(cls, body: bytes) -> PushAnswer:
        """Raises Malformed."""
        value = _object(body)
        results = value.get("results")
        if (
            value.get("protocol") != PROTOCOL
            or type(value.get("time_ms")) is not int
            or not isinstance(results, list)
        ):
            raise Malformed("push answer")
        out: list[PushResult] = []
        for r in results:
            if (
                not isinstance(r, dict)
                or not isinstance(r.get("id"), str)
                or not isinstance(r.get("status"), str)
            ):
                raise Malformed("push answer")
            out.append(PushResult(r["id"], r["status"], r.get("reason")))
        return cls(value["time_ms"], Head.from_wire(value.get("head")), tuple(out))


class Document(NamedTuple):
    """One document of the feed. `body` is None for the asking device's own activity, which it already has."""

    kind: str
    id: str
    version: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Check:
    """Number of documents in a feed and the sum modulo 2^64 of `weight` over them; kept incrementally on both sides."""

    count: int = 0
    sum: int = 0

    def add(self, kind: str, doc_id: str, version: int) -> Check:
        """The check with one document more."""
        return self.changed([(kind, doc_id, version)], [])

    def remove(self, kind: str, doc_id: str, version: int) -> Check:
        """The check with one document less."""
        return self.changed([], [(kind, doc_id, version)])

    def changed(
        self, coming: Collection[tuple[str, str, int]], going: Collection[tuple[str, str, int]]
    ) -> Check:
        """The check after these documents, `(kind, id, version)`, have come and gone."""
        total = self.sum + sum(weight(*d) for d in coming) - sum(weight(*d) for d in going)
        return Check(self.count + len(coming) - len(going), total % 2**64)

    def to_wire(self) -> dict[str, Any]:
        """`{"count", "sum": 16 hex digits}`."""
        return {"count": self.count, "sum": f"{self.sum:016x}"}

    @classmethod
    def from_wire(cls, value: object) -> Check:
        """Raises Malformed."""
        if (
            not isinstance(value, dict)
            or type(value.get("count")) is not int
            or not isinstance(value.get("sum"), str)
        ):
            raise Malformed("check")
        try:
            return cls(value["count"], int(value["sum"], 16))
        except ValueError as e:
            raise Malformed("check") from e


def weight(kind: str, doc_id: str, version: int) -> int:
    """The first 8 bytes, big-endian, of SHA-256 over `kind`, `id` and `version` with newlines between."""
    return int.from_bytes(hashlib.sha256(f"{kind}\n{doc_id}\n{version}".encode()).digest()[:8], "big")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the feed. `check` is there on the last page (`more` false)."""

    cursor: str
    more: bool
    time_ms: int
    snapshot: bool
    docs: tuple[Document, ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    check: Check | None = None

    def encode(self) -> bytes:
        """Line 1 with the lengths, then each document followed by a newline; an own activity has length 0."""
        docs = [(kind, doc_id, version, len(body or b"")) for kind, doc_id, version, body in self.docs]
        bodies = b"".join((body or b"") + b"\n" for _, _, _, body in self.docs)
        return self.framed(_json(docs), _json(self.removed), bodies)

    def framed(self, docs: bytes, removed: bytes, bodies: bytes) -> bytes:
        """The frame around what was put together elsewhere: the JSON of its `docs` and `removed`, and the documents,
        each with a newline behind it.
        """
        line: dict[str, Any] = {
            "protocol": PROTOCOL,
            "cursor": self.cursor,
            "more": self.more,
            "time_ms": self.time_ms,
            "snapshot": self.snapshot,
        }
        check = b"" if self.check is None else b',"check":' + _json(self.check.to_wire())
        return b"".join((_json(line)[:-1], b',"docs":', docs, b',"removed":', removed, check, b"}\n", bodies))

    @classmethod
    def decode(cls, body: bytes) -> Page:
        """Split by the declared lengths. Raises Malformed where they do not add up."""
        line, start = _first_line(body)
        docs, removed = line.get("docs"), line.get("removed")
        if (
            not isinstance(line.get("cursor"), str)
            or type(line.get("more")) is not bool
            or type(line.get("time_ms")) is not int
            or not isinstance(docs, list)
            or not isinstance(removed, list)
        ):
            raise Malformed("page")
        sizes: list[int] = []
        for d in docs:
            if not (
                isinstance(d, list)
                and len(d) == 4
                and isinstance(d[0], str)
                and isinstance(d[1], str)
                and type(d[2]) is int
                and type(d[3]) is int
            ):
                raise Malformed("docs")
            sizes.append(d[3])
        for r in removed:
            if not (isinstance(r, list) and len(r) == 2 and all(isinstance(x, str) for x in r)):
                raise Malformed("removed")
        bodies = _split(body, start, sizes)
        return cls(
            line["cursor"],
            line["more"],
            line["time_ms"],
            line.get("snapshot") is True,
            tuple(Document(d[0], d[1], d[2], b if d[3] else None) for d, b in zip(docs, bodies, strict=True)),
            tuple((r[0], r[1]) for r in removed),
            Check.from_wire(line["check"]) if line.get("check") is not None else None,
        )


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file of a pushed activity that the branch does not have whole: `place` is its index in the record's `blobs`.

    `address`: where its upload was begun (a path, known to this device alone); empty before.
    """

    activity_id: str
    place: int
    address: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Hello:
    """What the branch says of itself before anything is trusted to it. `recovery_key` is a PEM public key."""

    protocol_min: int
    protocol_max: int
    branch: str
    epoch: str
    time_ms: int
    recovery_key: str
    limits: Mapping[str, Any] = field(default_factory=dict)

    def encode(self) -> bytes:
        """One JSON object."""
        return _json(
            {
                "protocol": {"min": self.protocol_min, "max": self.protocol_max},
                "branch": self.branch,
                "epoch": self.epoch,
                "time_ms": self.time_ms,
                "limits": dict(self.limits),
                "recovery_key": self.recovery_key,
            }
        )

    @classmethod
    def decode(cls, body: bytes) -> Hello:
        """Raises Malformed."""
        value = _object(body)
        try:
            span = value["protocol"]
            hello = cls(
                span["min"],
                span["max"],
                value["branch"],
                value["epoch"],
                value["time_ms"],
                value["recovery_key"],
                value.get("limits") or {},
            )
        except (KeyError, TypeError) as e:
            raise Malformed("hello") from e
        if not (
            type(hello.protocol_min) is int and type(hello.protocol_max) is int and type(hello.time_ms) is int
        ):
            raise Malformed("hello")
        if not all(isinstance(s, str) for s in (hello.branch, hello.epoch, hello.recovery_key)):
            raise Malformed("hello")
        return hello


@dataclass(frozen=True, slots=True)
class EnrolRequest:
    """A phone asks to be bound. `device_secret` is the bearer token from then on."""

    code: str
    officer_id: str
    device_id: str
    device_secret: str
    device_name: str
    platform: str
    app: str

    def encode(self) -> bytes:
        """One JSON object."""
        return _json(
            {
                "code": self.code,
                "officer_id": self.officer_id,
                "device_id": self.device_id,
                "device_secret": self.device_secret,
                "device": {"name": self.device_name, "platform": self.platform, "app": self.app},
            }
        )


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What the branch has kept of a sealed journal: its SHA-256 (hex), its bytes, and how many records it names."""

    sha256: str
    size: int
    records: int

    def encode(self) -> bytes:
        """One JSON object."""
        return _json({"sha256": self.sha256, "size": self.size, "records": self.records})

    @classmethod
    def decode(cls, body: bytes) -> HandedIn:
        """Raises Malformed."""
        value = _object(body)
        sha256, size, records = value.get("sha256"), value.get("size"), value.get("records")
        if not isinstance(sha256, str) or type(size) is not int or type(records) is not int:
            raise Malformed("handin answer")
        return cls(sha256, size, records)


@dataclass(frozen=True, slots=True)
class EnrolAnswer:
    """Who the phone now belongs to, the branch's zone (IANA name), and the branch's head for this device."""

    officer_id: str
    officer_name: str
    branch_id: str
    branch_name: str
    zone: str
    head: Head

    def encode(self) -> bytes:
        """One JSON object."""
        return _json(
            {
                "officer": {"id": self.officer_id, "name": self.officer_name},
                "branch": {"id": self.branch_id, "name": self.branch_name, "zone": self.zone},
                "head": self.head.to_wire(),
            }
        )

    @classmethod
    def decode(cls, body: bytes) -> EnrolAnswer:
        """Raises Malformed."""
        value = _object(body)
        try:
            answer = cls(
                value["officer"]["id"],
                value["officer"]["name"],
                value["branch"]["id"],
                value["branch"]["name"],
                value["branch"]["zone"],
                Head.from_wire(value["head"]),
            )
        except (KeyError, TypeError) as e:
            raise Malformed("enrol answer") from e
        texts: Sequence[object] = (
            answer.officer_id,
            answer.officer_name,
            answer.branch_id,
            answer.branch_name,
            answer.zone,
        )
        if not all(isinstance(s, str) for s in texts):
            raise Malformed("enrol answer")
        return answer


class TooLarge(Malformed):
    """A compressed body that would inflate past the cap."""


def gunzip(body: bytes, cap: int = BODY_MAX_BYTES) -> bytes:
    """Inflate one gzip member, never past `cap` bytes. Raises TooLarge, or Malformed when cut or not gzip.

    httpx and zlib's one-shot calls take a truncated member for a short one; the end marker is checked here.
    """
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(body, cap + 1)
    except zlib.error as e:
        raise Malformed("gzip") from e
    if len(plain) > cap:
        raise TooLarge("gzip")
    if not inflater.eof or inflater.unused_data:
        raise Malformed("gzip")
    return plain


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = read_json(body)
    except (ValueError, RecursionError) as e:
        raise Malformed("json") from e
    if not isinstance(value, dict):
        raise Malformed("json")
    return value


def _frame(line: Mapping[str, Any], parts: Iterable[bytes]) -> bytes:
    return b"\n".join((_json(line), *parts, b""))


def _first_line(body: bytes) -> tuple[dict[str, Any], int]:
    """Line 1, and where what follows it begins."""
    end = body.find(b"\n")
    if end < 0:
        raise Malformed("line 1")
    line = _object(body[:end])
    if type(line.get("protocol")) is not int or line["protocol"] != PROTOCOL:  # 1.0 and true are equal to 1
        raise Malformed("protocol")
    return line, end + 1


def _split(body: bytes, at: int, sizes: Sequence[int]) -> list[bytes]:
    """The parts from `at` on, each with a newline behind it, and nothing else."""
    if (sizes and min(sizes) < 0) or sum(sizes) + len(sizes) != len(body) - at:
        raise Malformed("length")
    out: list[bytes] = []
    for n in sizes:
        end = at + n
        if body[end] != 0x0A:
            raise Malformed("length")
        out.append(body[at:end])
        at = end + 1
    return out
