"""A phone that is only the wire: it chains records and speaks protocol 1, with none of the app's own code."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

import httpx

NO_HASH = "0" * 64


@dataclass(frozen=True)
class Answer:
    """A pull's page, split by its declared lengths."""

    line: dict[str, Any]
    docs: dict[tuple[str, str], bytes]

    @property
    def keys(self) -> list[tuple[str, str]]:
        return [(d[0], d[1]) for d in self.line["docs"]]


class WirePhone:
    """One device of `officer_id` at the branch behind `url`."""

    def __init__(self, url: str, officer_id: str = "w001") -> None:
        self.officer_id = officer_id
        self.device_id = str(uuid.uuid4())
        self.secret = secrets.token_urlsafe(32)
        self.head: list[Any] = [0, NO_HASH]
        self.http = httpx.Client(base_url=url, timeout=30, headers={"Waifang-App": "0.1.0"})

    def close(self) -> None:
        self.http.close()

    def enrol(self, code: str, /, **members: Any) -> httpx.Response:
        body = {
            "code": code,
            "officer_id": self.officer_id,
            "device_id": self.device_id,
            "device_secret": self.secret,
            "device": {"name": "test phone", "platform": "test", "app": "0.1.0"},
        } | members
        return self.http.post("/v1/enrol", json=body)

    def record(
        self, case_id: str, kind: str = "note", body: dict[str, Any] | None = None, **members: Any
    ) -> tuple[str, bytes]:
        """The next record of the chain: its id and bytes; the head moves on."""
        raw: dict[str, Any] = {
            "activity_id": str(uuid.uuid4()),
            "case_id": case_id,
            "kind": kind,
            "happened_at": "2026-11-23T10:00:00+08:00",
            "recorded_at": "2026-11-23T10:00:00+08:00",
            "clock": {"monotonic_ms": 1000, "server_offset_ms": None, "offset_known_at": None},
            "device_id": self.device_id,
            "device_seq": self.head[0] + 1,
            "prev": self.head[1],
            "officer_id": self.officer_id,
            "position": None,
            "override": None,
            "body": {"text": "已电话联系"} if body is None else body,
            "blobs": [],
        }
        raw |= members
        return self.chain(raw["activity_id"], json.dumps(raw, ensure_ascii=False).encode())

    def chain(self, activity_id: str, record: bytes) -> tuple[str, bytes]:
        """Any bytes as the next record."""
        self.head = [self.head[0] + 1, hashlib.sha256(record).hexdigest()]
        return activity_id, record

    def frame(self, items: list[tuple[str, bytes]], /, **line: Any) -> bytes:
        first = {
            "protocol": 1,
            "head": self.head,
            "items": [[i, len(r), hashlib.sha256(r).hexdigest()] for i, r in items],
        } | line
        return json.dumps(first).encode() + b"\n" + b"".join(r + b"\n" for _, r in items)

    def push(self, items: list[tuple[str, bytes]], /, **line: Any) -> httpx.Response:
        return self.push_bytes(self.frame(items, **line))

    def push_bytes(self, body: bytes, **headers: str) -> httpx.Response:
        return self.http.post("/v1/push", content=body, headers={**self.auth(), **headers})

    def pull(self, cursor: str = "", **query: Any) -> Answer:
        response = self.pull_raw(cursor, **query)
        assert response.status_code == 200, response.text
        line, _, rest = response.content.partition(b"\n")
        first = json.loads(line)
        docs, at = {}, 0
        for kind, doc_id, _, size in first["docs"]:
            docs[kind, doc_id] = rest[at : at + size]
            assert rest[at + size : at + size + 1] == b"\n"
            at += size + 1
        assert at == len(rest)
        return Answer(first, docs)

    def pull_raw(self, cursor: str = "", **query: Any) -> httpx.Response:
        return self.http.get("/v1/pull", params={"cursor": cursor, **query}, headers=self.auth())

    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}
