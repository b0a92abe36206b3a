import gzip
import json
import logging
import random
import socket
import sqlite3
import threading
import tomllib
import uuid
import zlib
from typing import Any

import pytest
from sqlalchemy import event, select, update
from starlette.requests import Request

from sync.branch import tables as t
from sync.branch.http.bodies import answer, takes_gzip
from sync.branch.http.releases import RELEASED, may_pull
from sync.branch.office import read_meta
from sync.protocol import BODY_MAX_BYTES, gunzip
from tests.support.branch_server import ROOT, RunningBranch
from tests.support.wire_phone import WirePhone

CALLS = [
    ("GET", "/v1/hello"),
    ("POST", "/v1/enrol"),
    ("POST", "/v1/handin"),
    ("POST", "/v1/push"),
    ("GET", "/v1/pull"),
    ("GET", "/v1/openapi.json"),
]


@pytest.fixture
def database_url() -> None:
    """On SQLite alone: nothing here depends on which database it is."""


def refused(response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    return response.status_code, problem["code"]


def test_hello_says_what_the_branch_is(branch: RunningBranch, stranger: WirePhone):
    said = stranger.http.get("/v1/hello")
    with branch.office.reading() as conn:
        kept = read_meta(conn)

    assert said.headers["waifang-protocol"] == "1"
    assert said.headers["content-type"] == "application/json"
    assert said.json() == {
        "protocol": {"min": 1, "max": 1},
        "branch": "试点支行",
        "epoch": kept["epoch"],
        "time_ms": branch.office.now_ms(),
        "limits": said.json()["limits"],
        "recovery_key": kept["recovery_key"],
    }
    assert said.json()["limits"]["push_items"] == 200
    assert said.json()["recovery_key"].startswith("-----BEGIN PUBLIC KEY-----")


def test_healthz_answers_when_the_database_does(stranger: WirePhone):
    assert stranger.http.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/push"), ("GET", "/v1/pull")])
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", "Basic dTpw", "bearer\ttoken", "Bearer \xe9"],
)
def test_nothing_works_without_a_devices_secret(
    branch: RunningBranch, phone: WirePhone, method: str, path: str, authorization: str | None
):
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    response = phone.http.request(method, path, headers=headers, content=phone.frame([]))

    assert refused(response) == (401, "rebind")
    assert response.headers["waifang-protocol"] == "1"
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_secret_is_not_what_is_stored(branch: RunningBranch, phone: WirePhone):
    with branch.office.reading() as conn:
        phone.secret = conn.scalar(select(t.device.c.secret_hash))

    assert refused(phone.pull_raw()) == (401, "rebind")


def test_a_revoked_device_is_told_so(branch: RunningBranch, phone: WirePhone):
    with branch.office.changing() as changes:
        changes.conn.execute(update(t.device).values(revoked_ms=1))

    assert refused(phone.pull_raw()) == (401, "device_revoked")
    assert refused(phone.push([])) == (401, "device_revoked")
    assert refused(phone.enrol(branch.code())) == (401, "device_revoked")


def test_a_gzipped_push_is_taken(branch: RunningBranch, phone: WirePhone):
    body = gzip.compress(phone.frame([phone.record(branch.case())]))
    response = phone.push_bytes(body, **{"Content-Encoding": "gzip"})

    assert response.json()["results"][0]["status"] == "created"


@pytest.mark.parametrize("cut", [1, 8, 20])
def test_a_cut_gzip_body_is_malformed_and_stores_nothing(branch: RunningBranch, phone: WirePhone, cut: int):
    body = gzip.compress(phone.frame([phone.record(branch.case())]))
    response = phone.push_bytes(body[:-cut], **{"Content-Encoding": "gzip"})

    assert refused(response) == (400, "malformed")
    assert phone.push([]).json()["head"][0] == 0


def test_a_gzip_bomb_is_refused(phone: WirePhone):
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(100)) + packer.flush()
    response = phone.push_bytes(bomb, **{"Content-Encoding": "gzip"})

    assert len(bomb) < 200_000
    assert refused(response) == (413, "too_large")


def test_a_body_larger_than_the_cap_is_refused_and_the_client_sees_it(phone: WirePhone):
    assert refused(phone.push_bytes(bytes(BODY_MAX_BYTES + 1))) == (413, "too_large")
    assert phone.push([]).status_code == 200


def test_an_enrol_body_has_a_smaller_cap(stranger: WirePhone):
    assert refused(stranger.http.post("/v1/enrol", content=bytes(20_000))) == (413, "too_large")


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip"])
def test_other_encodings_are_named_as_unsupported(phone: WirePhone, encoding: str):
    assert refused(phone.push_bytes(b"x", **{"Content-Encoding": encoding})) == (415, "unsupported_encoding")


def test_a_large_answer_is_gzipped_for_who_takes_it(branch: RunningBranch, phone: WirePhone):
    branch.case()
    packed = phone.http.get("/v1/pull", headers={**phone.auth(), "Accept-Encoding": "gzip"})
    plain = phone.http.get("/v1/pull", headers={**phone.auth(), "Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content


@pytest.mark.parametrize("size", [1_024, 256 * 1024 - 1, 256 * 1024, 5_000_000])
def test_an_answer_of_any_size_is_one_whole_gzip_member(size: int):
    asked = Request({"type": "http", "headers": [(b"accept-encoding", b"gzip")]})
    body = random.Random(size).randbytes(size)

    assert gunzip(answer(asked, body, "text/plain").body) == body


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("", False), ("identity", False),
        ("gzip;q=0", False), ("gzip; q=0.000", False), ("GZIP", True), ("deflate", False),
    ],
)  # fmt: skip
def test_an_accept_encoding_is_read(accepted: str, takes: bool):
    assert takes_gzip(accepted) is takes


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/", "/docs", "/redoc", "/openapi.json", "/"])
def test_what_is_not_served_is_a_problem_too(stranger: WirePhone, path: str):
    assert refused(stranger.http.get(path)) == (404, "not_found")


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_another_method_is_a_problem_that_names_the_right_one(stranger: WirePhone, method: str, path: str):
    response = stranger.http.request("DELETE", path)

    assert refused(response) == (405, "method_not_allowed")
    assert response.headers["allow"] == method


@pytest.mark.parametrize(("method", "path"), [*CALLS, ("GET", "/healthz"), ("GET", "/v1/nothing")])
def test_every_answer_carries_the_security_headers(stranger: WirePhone, method: str, path: str):
    headers = stranger.http.request(method, path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "server" not in headers
    assert headers.get("waifang-protocol") == ("1" if path.startswith("/v1/") else None)


def test_what_a_device_gets_with_its_secret_carries_only_what_a_frame_needs(phone: WirePhone):
    for given in (phone.pull_raw(), phone.push([])):
        assert given.status_code == 200
        assert given.headers["x-content-type-options"] == "nosniff"
        assert given.headers["cache-control"] == "no-store"
        assert "content-security-policy" not in given.headers


def test_a_page_of_another_site_may_not_ask(branch: RunningBranch, phone: WirePhone):
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{branch.port + 1}"):
        response = phone.http.get("/v1/pull", headers={**phone.auth(), "Origin": origin})
        assert refused(response) == (403, "foreign_origin")
    own = phone.http.get("/v1/pull", headers={**phone.auth(), "Origin": branch.url})
    assert own.status_code == 200


def test_an_error_of_the_branch_is_a_problem_and_stores_nothing(
    branch: RunningBranch, phone: WirePhone, monkeypatch: pytest.MonkeyPatch
):
    items = [phone.record(branch.case())]
    with monkeypatch.context() as broken:
        broken.setattr("sync.branch.intake._log_declared", lambda *_: 1 / 0)
        response = phone.push(items)

    assert refused(response) == (500, "internal")
    assert response.headers["waifang-protocol"] == "1"
    assert phone.push(items).json()["results"][0]["status"] == "created"


def test_the_log_holds_no_token_no_cursor_and_no_borrower(
    branch: RunningBranch, phone: WirePhone, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    case_id = branch.case()
    with caplog.at_level(logging.DEBUG):
        cursor = phone.pull().line["cursor"]
        phone.pull(cursor)
        phone.push([phone.record(case_id, body={"text": "私事勿记"})])
        phone.http.get("/v1/试用户")
        monkeypatch.setattr("sync.branch.intake._log_declared", lambda *_: 1 / 0)
        phone.push([phone.record(case_id, body={"text": "私事勿记"})])
    ours = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    text = "\n".join(caplog.handler.format(r) for r in ours)

    assert "/v1/pull 200" in text
    assert "ZeroDivisionError" in text
    for secret in (phone.secret, cursor, "私事勿记", "试用户", "%E8%AF%95", "19900000001"):
        assert secret not in text


def test_a_push_over_a_raw_socket_works_as_written_down(branch: RunningBranch, phone: WirePhone):
    body = phone.frame([phone.record(branch.case())])
    head = (
        f"POST /v1/push HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {phone.secret}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", branch.port)) as wire:
        wire.sendall(head.encode() + body)
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    headers, _, text = answer.partition(b"\r\n\r\n")

    assert headers.startswith(b"HTTP/1.1 200")
    assert b"waifang-protocol: 1" in headers.lower()
    assert json.loads(text)["results"][0]["status"] == "created"


def test_a_push_cut_in_the_middle_stores_nothing(branch: RunningBranch, phone: WirePhone):
    items = [phone.record(branch.case())]
    body = phone.frame(items)
    head = (
        f"POST /v1/push HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {phone.secret}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    for cut in (1, len(body) // 2, len(body) - 1):
        with socket.create_connection(("127.0.0.1", branch.port)) as wire:
            wire.sendall(head.encode() + body[:cut])
    assert phone.push([]).json()["head"][0] == 0
    assert phone.push(items).json()["results"][0]["status"] == "created"


def test_many_phones_pushing_and_pulling_at_once_lose_nothing(branch: RunningBranch):
    case_id = branch.case()
    phones = [WirePhone(branch.url) for _ in range(8)]
    for phone in phones:
        phone.enrol(branch.code())
    sent: list[str] = []
    errors: list[object] = []

    def work(phone: WirePhone) -> None:
        try:
            for _ in range(5):
                items = [phone.record(case_id) for _ in range(4)]
                response = phone.push(items)
                assert {r["status"] for r in response.json()["results"]} == {"created"}
                sent.extend(i for i, _ in items)
                phone.pull()
        except Exception as e:  # noqa: BLE001 a thread's failure is the test's
            errors.append(e)

    threads = [threading.Thread(target=work, args=(p,)) for p in phones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    page = phones[0].pull()
    assert {k[1] for k in page.keys if k[0] == "activity"} == set(sent)
    assert len(sent) == len(set(sent)) == 8 * 5 * 4
    for phone in phones:
        phone.close()


@pytest.mark.parametrize(
    ("app", "released", "may"),
    [
        ("0.1.0", ["0.1.0"], True),
        ("0.0.9", ["0.1.0"], False),
        ("1.1.0", ["1.0.0", "1.1.0", "1.2.0", "1.10.0"], True),
        ("1.0.0", ["1.0.0", "1.1.0", "1.2.0", "1.10.0"], False),
        ("1.10.0", ["1.0.0", "1.1.0", "1.2.0", "1.10.0"], True),
        ("1.0.9", ["1.0.0", "1.1.0", "1.2.0", "1.10.0"], False),
        (None, ["1.0.0"], True),
    ],
)
def test_the_last_three_releases_may_pull(app: str | None, released: list[str], may: bool):
    assert may_pull(app, released) is may


def test_the_newest_release_is_this_one():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

    assert pyproject["project"]["version"] == RELEASED[-1]


def test_a_database_that_does_not_answer_is_said_and_the_phone_told_to_come_back(
    branch: RunningBranch, phone: WirePhone
):
    items = [phone.record(branch.case())]
    elsewhere = sqlite3.connect(branch.folder / "branch.db", isolation_level=None)
    elsewhere.execute("BEGIN IMMEDIATE")
    branch.office.database.engine.dispose()
    event.listen(branch.office.database.engine, "connect", _impatient)
    response = phone.push(items)
    elsewhere.rollback()
    elsewhere.close()

    assert refused(response) == (503, "busy")
    assert int(response.headers["retry-after"]) > 0
    assert phone.push(items).json()["results"][0]["status"] == "created"


def _impatient(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA busy_timeout=1")


def test_openapi_describes_every_call_and_every_refusal_it_gives(branch: RunningBranch, phone: WirePhone):
    document = phone.http.get("/v1/openapi.json").json()
    files = {"/v1/blobs", "/v1/blobs/{upload_id}", "/v1/activities/{activity_id}/blobs/{sha256}"}
    assert set(document["paths"]) == {"/healthz", *files, *(path for _, path in CALLS)}
    assert "422" not in json.dumps(document["paths"])

    def says(method: str, path: str, response) -> None:
        described = document["paths"][path][method]["responses"][str(response.status_code)]
        media_type = response.headers["content-type"].split(";")[0]
        assert media_type in described["content"], (path, response.status_code)
        if media_type == "application/problem+json":
            codes = described["content"][media_type]["schema"]["properties"]["code"]["enum"]
            assert response.json()["code"] in codes

    says("get", "/v1/hello", phone.http.get("/v1/hello"))
    says("get", "/healthz", phone.http.get("/healthz"))
    says("get", "/v1/pull", phone.pull_raw())
    says("get", "/v1/pull", phone.pull_raw("x"))
    says("get", "/v1/pull", phone.pull_raw(limit=0))
    says("get", "/v1/pull", phone.http.get("/v1/pull"))
    says("post", "/v1/push", phone.push([]))
    says("post", "/v1/push", phone.push_bytes(b""))
    says("post", "/v1/push", phone.push_bytes(bytes(BODY_MAX_BYTES + 1)))
    says("post", "/v1/push", phone.push_bytes(b"", **{"Content-Encoding": "br"}))
    says("post", "/v1/push", phone.push([phone.record(branch.case(), device_seq=9)]))
    says("post", "/v1/enrol", phone.enrol("0000000000"))
    says("post", "/v1/enrol", phone.enrol(""))
    says("post", "/v1/enrol", phone.enrol(branch.code(), device_id=str(uuid.uuid4())))
