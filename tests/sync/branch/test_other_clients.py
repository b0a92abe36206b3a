"""Clients nobody here wrote, over plain sockets: what is HTTP is answered as protocol.md says, what is not is a problem
too, and nothing is ever a 500.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.branch_server import RunningBranch, running_branch
from tests.support.wire_phone import NO_HASH, WirePhone

EMPTY_HASH = hashlib.sha256(b"").hexdigest()


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBranch]:
    """One for all of this file, on SQLite: nothing here depends on the database, or on what another test did."""
    with running_branch(tmp_path_factory.mktemp("branch")) as made:
        yield made


@dataclass(frozen=True)
class Answered:
    """One answer as it came over the socket."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def refusal(self) -> tuple[int, str]:
        assert self.headers["content-type"] == "application/problem+json"
        assert self.headers["waifang-protocol"] == "1"
        problem = json.loads(self.body)
        assert problem["status"] == self.status
        return self.status, problem["code"]


class Wire:
    """Bytes to the branch, each time over a connection of its own."""

    def __init__(self, branch: RunningBranch, phone: WirePhone) -> None:
        self.port = branch.port
        self.phone = phone

    def ask(self, first: str, *headers: str, body: bytes = b"", bearer: bool = True) -> Answered:
        """`first` is the request line; Connection: close is added, so that the answer ends where the branch does."""
        known = ["Host: 127.0.0.1", "Connection: close"]
        known += [f"Authorization: Bearer {self.phone.secret}"] if bearer else []
        return self.send("\r\n".join((first, *known, *headers, "", "")).encode("latin-1") + body)

    def push(self, body: bytes, *headers: str) -> Answered:
        return self.ask("POST /v1/push HTTP/1.1", f"Content-Length: {len(body)}", *headers, body=body)

    def send(self, content: bytes) -> Answered:
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as wire:
            wire.sendall(content)
            got = b""
            while piece := wire.recv(65536):
                got += piece
        while got.startswith(b"HTTP/1.1 100"):
            got = got.partition(b"\r\n\r\n")[2]
        head, _, body = got.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return Answered(int(first.split()[1]), headers, body)


@pytest.fixture
def wire(branch: RunningBranch, phone: WirePhone) -> Wire:
    return Wire(branch, phone)


def frame(items: Any = None, rest: bytes = b"", **line: Any) -> bytes:
    """A push with nothing in it, but for what is given."""
    first = {"protocol": 1, "head": [0, NO_HASH], "items": [] if items is None else items, **line}
    return json.dumps(first).encode() + b"\n" + rest


# ---- HTTP itself


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
@pytest.mark.parametrize("path", ["/v1/pull", "/v1/pull?unknown=1&limit=1000", "/v1/hello?x=1&x=2"])
def test_old_and_new_http_and_unknown_parameters_are_answered(wire: Wire, version: str, path: str):
    answer = wire.ask(f"GET {path} {version}", "X-Unknown: 1", "X-Unknown: 2")

    assert answer.status == 200
    assert answer.headers["waifang-protocol"] == "1"
    assert len(answer.body) == int(answer.headers["content-length"])


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (("Transfer-Encoding: chunked",), b"%x\r\n%s\r\n0\r\n\r\n"),
        (("Transfer-Encoding: chunked",), b"%x;name=value\r\n%s\r\n0\r\nX-Trailer: 1\r\n\r\n"),
    ],
)
def test_a_body_in_chunks_is_a_body(wire: Wire, headers: tuple[str, ...], body: bytes):
    content = body % (len(frame()), frame())

    assert wire.ask("POST /v1/push HTTP/1.1", *headers, body=content).status == 200


def test_who_waits_for_leave_to_send_gets_it(wire: Wire):
    assert wire.push(frame(), "Expect: 100-continue").status == 200


@pytest.mark.parametrize(
    "content",
    [
        b"HELO there\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS to a plain port
        b"POST /v1/push HTTP/1.1\r\nContent-Length: -3\r\n\r\n",
        b"POST /v1/push HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"POST /v1/push HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"POST /v1/push HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_a_problem_too(wire: Wire, content: bytes):
    assert wire.send(content).refusal == (400, "malformed")


@pytest.mark.parametrize("path", ["/v1/pull/", "/v1/hello/", "/v1/blobs/", "/v1//hello", "/v1/../v1/hello"])
def test_another_spelling_of_an_address_is_another_address(wire: Wire, path: str):
    assert wire.ask(f"GET {path} HTTP/1.1").refusal == (404, "not_found")


def test_a_look_at_the_health_alone_has_no_body(wire: Wire):
    answer = wire.ask("HEAD /healthz HTTP/1.1", bearer=False)

    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "TRACE", "BREW"])
def test_a_method_a_call_does_not_take_is_named_so(wire: Wire, method: str):
    answer = wire.ask(f"{method} /v1/pull HTTP/1.1")

    if method == "BREW":  # not even a method
        assert answer.refusal == (400, "malformed")
    else:
        assert (answer.status, answer.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize(
    "query",
    ["limit=abc", "limit=0", "limit=-1", "limit=", "limit=1e3", "own=2", "own=", "limit=%D9%A5x"],
)
def test_a_parameter_that_is_no_number_is_malformed(wire: Wire, query: str):
    assert wire.ask(f"GET /v1/pull?{query} HTTP/1.1").refusal == (400, "malformed")


@pytest.mark.parametrize("cursor", ["%00", "%ff%fe", "A" * 50_000, "=", "-_-_", "%F0%9F%90%BC"])
def test_a_cursor_of_any_shape_has_expired(wire: Wire, cursor: str):
    assert wire.ask(f"GET /v1/pull?cursor={cursor} HTTP/1.1").refusal == (410, "cursor_expired")


# ---- bodies and their packing


@pytest.mark.parametrize(
    "media_type", [None, "application/json", "multipart/form-data; boundary=x", "\xff;;=", ""]
)
def test_what_a_push_calls_itself_does_not_matter(wire: Wire, media_type: str | None):
    told = [] if media_type is None else [f"Content-Type: {media_type}"]

    assert wire.push(frame(), *told).status == 200


@pytest.mark.parametrize(
    ("encodings", "packed", "expected"),
    [
        (["gzip"], True, 200),
        (["  GZip "], True, 200),
        (["x-gzip"], True, 200),
        (["identity"], False, 200),
        ([""], False, 200),
        (["gzip"], False, 400),
        (["identity"], True, 400),
        (["zstd"], False, 415),
        (["br"], False, 415),
        (["gzip, gzip"], True, 415),
        (["gzip", "identity"], True, 415),
        (["identity", "gzip"], True, 415),
    ],
)
def test_a_body_is_read_as_it_says_it_is_packed(
    wire: Wire, encodings: list[str], packed: bool, expected: int
):
    body = gzip.compress(frame()) if packed else frame()
    answer = wire.push(body, *(f"Content-Encoding: {e}" for e in encodings))

    assert answer.status == expected
    if expected != 200:
        assert answer.refusal[1] == {400: "malformed", 415: "unsupported_encoding"}[expected]


@pytest.mark.parametrize(
    "packed",
    [b"", gzip.compress(frame()) * 2, gzip.compress(frame()) + b"x", gzip.compress(frame())[:-1]],
    ids=["nothing", "two members", "bytes after it", "cut"],  # a member says when it was packed
)
def test_a_packed_body_is_one_whole_member(wire: Wire, packed: bytes):
    assert wire.push(packed, "Content-Encoding: gzip").refusal == (400, "malformed")


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ([], False),
        (["identity"], False),
        (["zstd, br"], False),
        (["gzip;q=0, *"], False),
        (["*;q=0, gzip"], True),
        (["br;q=1", "gzip;q=0.1"], True),
        (["*"], True),
    ],
)
def test_an_answer_is_packed_only_for_who_takes_it(wire: Wire, accepted: list[str], packed: bool):
    answer = wire.ask("GET /v1/pull HTTP/1.1", *(f"Accept-Encoding: {a}" for a in accepted))

    assert answer.status == 200
    assert (answer.headers.get("content-encoding") == "gzip") is packed
    plain = gzip.decompress(answer.body) if packed else answer.body
    assert plain.startswith(b'{"protocol":1,')


# ---- the frame of a push


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"x",
        b"{}",
        b"\n",
        b"[]\n",
        b"null\n",
        b"\xff\xfe{}\n",
        b"[" * 100_000 + b"\n",
        b'{"a":' * 5_000 + b"\n",
        b'{"n":' + b"9" * 6_000 + b"}\n",
        frame(protocol=2),
        frame(protocol="1"),
        frame(protocol=True),
        frame(protocol=1.0),
        frame(head=None),
        frame(head=[0]),
        frame(head=[-1, NO_HASH]),
        frame(head=[1, "00"]),
        frame(head=[10**23, NO_HASH]),
        frame(lost=[]),
        frame(lost=[5, 2]),
        frame(lost="all"),
        frame(items={}),
        frame([["a", 1]], b"x\n"),
        frame([["a", -1, EMPTY_HASH]]),
        frame([["a", 10**20, EMPTY_HASH]]),
        frame([["a", 1.0, EMPTY_HASH]], b"x\n"),
        frame([["a", 1, EMPTY_HASH]], b"x\n"),  # not its hash
        frame([["a", 1, hashlib.sha256(b"x").hexdigest()]], b"x"),  # cut
        frame([["a", 1, hashlib.sha256(b"x").hexdigest()]], b"x\nmore"),
        frame([["a", 1, hashlib.sha256(b"x").hexdigest()]], b"xx"),
        frame([["", 0, EMPTY_HASH]], b"\n"),
        frame([["\ud800", 0, EMPTY_HASH]], b"\n"),
        frame([["a\nb", 0, EMPTY_HASH]], b"\n"),
        frame()[:-1],
    ],
)
def test_a_frame_that_does_not_add_up_is_malformed_and_stores_nothing(wire: Wire, line: bytes):
    assert wire.push(line).refusal == (400, "malformed")
    assert json.loads(wire.push(frame()).body)["head"] == [0, NO_HASH]


def test_members_nobody_knows_are_passed_over(wire: Wire):
    assert wire.push(frame(unknown={"a": [1]}, lost=None)).status == 200


def test_a_record_of_no_bytes_is_kept_for_the_supervisor(wire: Wire):
    answer = wire.push(frame([["a", 0, EMPTY_HASH]], b"\n"))

    assert [r["status"] for r in json.loads(answer.body)["results"]] == ["quarantined"]


# ---- binding


def test_a_binding_with_members_nobody_knows_is_a_binding(branch: RunningBranch, stranger: WirePhone):
    assert stranger.enrol(branch.code(), unknown=[1], device={"name": "x", "more": 1}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b'{"code":1}', b"{", b"\xff", b'"' + b"x" * 1000 + b'"', b"[" * 10_000],
)
def test_a_binding_that_is_none_is_malformed(wire: Wire, body: bytes):
    answer = wire.ask("POST /v1/enrol HTTP/1.1", f"Content-Length: {len(body)}", body=body, bearer=False)

    assert answer.refusal == (400, "malformed")


@pytest.mark.parametrize(
    "body", [b"", b"x", b"waifang salvage 1\n", b"waifang salvage 1\n{}\n", b"\x00" * 1000]
)
def test_a_journal_that_is_none_is_malformed(wire: Wire, body: bytes):
    answer = wire.ask("POST /v1/handin HTTP/1.1", f"Content-Length: {len(body)}", body=body, bearer=False)

    assert answer.refusal == (400, "malformed")


# ---- files


@pytest.mark.parametrize(
    "headers",
    [
        ["Upload-Length: 3"],
        ["Upload-Length: x", "Upload-Metadata: activity_id YQ==,sha256 YQ=="],
        ["Upload-Length: -1", "Upload-Metadata: activity_id YQ==,sha256 YQ=="],
        ["Upload-Length: 99999999999999999999", "Upload-Metadata: activity_id YQ==,sha256 YQ=="],
        ["Upload-Length: 3", "Upload-Metadata: activity_id ====,sha256"],
        ["Upload-Length: 3", "Upload-Metadata: ,,, ,"],
        ["Upload-Length: 3", "Upload-Metadata: activity_id /////w==,sha256 YQ=="],
    ],
)
def test_an_upload_that_says_nothing_sound_is_refused(wire: Wire, headers: list[str]):
    answer = wire.ask("POST /v1/blobs HTTP/1.1", "Tus-Resumable: 1.0.0", "Content-Length: 0", *headers)

    assert answer.refusal[0] in (400, 413, 460)


@pytest.mark.parametrize("told", [[], ["Tus-Resumable: 0.2.2"], ["Tus-Resumable: 1.0.0", "Tus-Resumable: 2"]])
def test_another_version_of_tus_is_named(wire: Wire, told: list[str]):
    answer = wire.ask("HEAD /v1/blobs/none HTTP/1.1", *told)

    assert answer.status == (412 if len(told) < 2 else 404)
