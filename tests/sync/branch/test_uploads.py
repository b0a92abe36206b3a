"""Files by tus 1.0.0: resumable, verified against what the activity declares, and read by the officers of the case."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import socket
import time
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tusclient.client import TusClient

from app.domain.message import Message
from sync.branch import tables as t
from sync.branch.blob_store import BlobStore
from sync.branch.errors import FilesFailed
from sync.branch.uploads import FILE_MAX_BYTES, FORGOTTEN_AFTER_MS, PART_BYTES, UNFINISHED_MOST
from tests.support.branch_server import RunningBranch
from tests.support.wire_phone import WirePhone

PHOTO = bytes(range(256)) * 3000  # three chunks of 256 KiB, the last one short
OFFSETS = "application/offset+octet-stream"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def declared(phone: WirePhone, case_id: str, *contents: bytes) -> str:
    """A pushed note that declares these files."""
    blobs = [
        {"sha256": digest(c), "size": len(c), "media_type": "image/jpeg", "role": "photo"} for c in contents
    ]
    item = phone.record(case_id, blobs=blobs)
    phone.push([item])
    return item[0]


def auth(phone: WirePhone) -> dict[str, str]:
    return {"Authorization": f"Bearer {phone.secret}", "Tus-Resumable": "1.0.0"}


def metadata(**members: str) -> str:
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in members.items())


def begin(
    phone: WirePhone, activity_id: str, content: bytes, sha256: str = "", **headers: str
) -> httpx.Response:
    named = metadata(activity_id=activity_id, sha256=sha256 or digest(content))
    asked = {"Upload-Length": str(len(content)), "Upload-Metadata": named, **headers}
    return phone.http.post("/v1/blobs", headers=auth(phone) | asked)


def send(phone: WirePhone, address: str, offset: int, content: bytes, **headers: str) -> httpx.Response:
    asked = {"Upload-Offset": str(offset), "Content-Type": OFFSETS, **headers}
    return phone.http.patch(address, headers=auth(phone) | asked, content=content)


def read(phone: WirePhone, activity_id: str, sha256: str) -> httpx.Response:
    return phone.http.get(f"/v1/activities/{activity_id}/blobs/{sha256}", headers=auth(phone))


def refused(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["waifang-protocol"] == "1"
    return response.status_code, response.json()["code"]


def test_a_stock_tus_client_sends_a_file_in_chunks_and_the_officer_reads_it_again(
    branch: RunningBranch, phone: WirePhone
) -> None:
    activity_id = declared(phone, branch.case(), PHOTO)
    client = TusClient(f"{branch.url}/v1/blobs", headers=auth(phone))
    uploader = client.uploader(
        file_stream=io.BytesIO(PHOTO),
        chunk_size=256 * 1024,
        metadata={"activity_id": activity_id, "sha256": digest(PHOTO)},
    )
    uploader.upload()

    answer = read(phone, activity_id, digest(PHOTO))
    assert answer.content == PHOTO
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_upload_goes_on_where_it_was_cut_also_after_the_branch_was_started_anew(
    branch: RunningBranch, phone: WirePhone
) -> None:
    activity_id = declared(phone, branch.case(), PHOTO)
    made = begin(phone, activity_id, PHOTO)
    assert (made.status_code, made.headers["upload-offset"]) == (201, "0")
    address = made.headers["location"]
    assert send(phone, address, 0, PHOTO[:1000]).headers["upload-offset"] == "1000"
    branch.stop()
    branch.start()
    phone.http.base_url = httpx.URL(branch.url)
    stands = phone.http.head(address, headers=auth(phone))
    assert (stands.status_code, stands.headers["upload-offset"], stands.headers["upload-length"]) == (
        200, "1000", str(len(PHOTO)),
    )  # fmt: skip
    assert stands.headers["cache-control"] == "no-store"
    last = send(phone, address, 1000, PHOTO[1000:])
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(PHOTO)))
    assert read(phone, activity_id, digest(PHOTO)).content == PHOTO


def test_what_arrived_before_the_link_broke_is_kept(branch: RunningBranch, phone: WirePhone) -> None:
    activity_id = declared(phone, branch.case(), PHOTO)
    address = begin(phone, activity_id, PHOTO).headers["location"]
    head = (
        f"PATCH {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {phone.secret}\r\nTus-Resumable: 1.0.0\r\n"
        f"Content-Type: {OFFSETS}\r\nUpload-Offset: 0\r\nContent-Length: {len(PHOTO)}\r\n\r\n"
    )
    url = httpx.URL(branch.url)
    with socket.create_connection((url.host, url.port or 80)) as link:
        link.sendall(head.encode() + PHOTO[:200_000])
        deadline, stands = time.monotonic() + 20, 0
        while not stands and time.monotonic() < deadline:
            stands = int(phone.http.head(address, headers=auth(phone)).headers["upload-offset"])
    assert PART_BYTES <= stands <= 200_000
    answer = send(phone, address, stands, PHOTO[stands:])
    while answer.status_code == 409:  # the branch was still taking in what it had
        answer = send(phone, address, answer.json()["offset"], PHOTO[answer.json()["offset"] :])
    assert answer.status_code == 204
    assert read(phone, activity_id, digest(PHOTO)).content == PHOTO


def test_a_last_answer_that_was_cut_costs_nothing(branch: RunningBranch, phone: WirePhone) -> None:
    activity_id = declared(phone, branch.case(), b"svg")
    address = begin(phone, activity_id, b"svg").headers["location"]
    send(phone, address, 0, b"svg")
    assert phone.http.head(address, headers=auth(phone)).headers["upload-offset"] == "3"
    assert send(phone, address, 3, b"").status_code == 204
    again = begin(phone, activity_id, b"svg").headers["location"]
    assert again != address
    assert send(phone, again, 0, b"svg").status_code == 204


@pytest.mark.parametrize(
    ("announced", "sent"),
    [(b"photo", b"phota"), (b"other", b"other")],
    ids=["other bytes than announced", "a file the activity does not declare"],
)
def test_a_file_that_is_not_the_declared_one_is_discarded(
    branch: RunningBranch, phone: WirePhone, announced: bytes, sent: bytes
) -> None:
    activity_id = declared(phone, branch.case(), b"photo")
    address = begin(phone, activity_id, sent, digest(announced)).headers["location"]
    assert refused(send(phone, address, 0, sent)) == (460, "wrong_file")
    assert refused(send(phone, address, 0, sent)) == (404, "not_found")
    assert refused(read(phone, activity_id, digest(announced))) == (404, "not_found")
    assert held(branch, t.upload_part) == []


def test_a_file_whose_size_is_not_the_declared_one_is_discarded(
    branch: RunningBranch, phone: WirePhone
) -> None:
    blobs = [{"sha256": digest(b"photo"), "size": 4, "media_type": "image/jpeg", "role": "photo"}]
    item = phone.record(branch.case(), blobs=blobs)
    phone.push([item])
    address = begin(phone, item[0], b"photo").headers["location"]
    assert refused(send(phone, address, 0, b"photo")) == (460, "wrong_file")


def test_bytes_at_another_offset_are_refused_and_change_nothing(
    branch: RunningBranch, phone: WirePhone
) -> None:
    activity_id = declared(phone, branch.case(), b"photo")
    address = begin(phone, activity_id, b"photo").headers["location"]
    send(phone, address, 0, b"ph")
    answer = send(phone, address, 1, b"oto")
    assert refused(answer) == (409, "offset")
    assert answer.json()["offset"] == 2
    assert refused(send(phone, address, 2, b"oto and more")) == (413, "too_large")
    assert phone.http.head(address, headers=auth(phone)).headers["upload-offset"] == "2"


def test_an_upload_is_its_devices_own_and_needs_the_secret(
    branch: RunningBranch, phone: WirePhone, colleague: WirePhone
) -> None:
    activity_id = declared(phone, branch.case(), b"photo")
    address = begin(phone, activity_id, b"photo").headers["location"]
    assert refused(send(colleague, address, 0, b"photo")) == (404, "not_found")
    assert colleague.http.head(address, headers=auth(colleague)).status_code == 404
    for method, path in (
        ("POST", "/v1/blobs"), ("PATCH", address), ("OPTIONS", "/v1/blobs"), ("GET", f"/v1/activities/{activity_id}/blobs/{digest(b'photo')}"),
    ):  # fmt: skip
        assert refused(phone.http.request(method, path, headers={"Tus-Resumable": "1.0.0"})) == (
            401,
            "rebind",
        )


def test_a_file_is_read_by_the_officer_of_the_case_and_by_nobody_else(
    branch: RunningBranch, phone: WirePhone, colleague: WirePhone
) -> None:
    case_id = branch.case()
    activity_id = declared(phone, case_id, b"photo")
    send(phone, begin(phone, activity_id, b"photo").headers["location"], 0, b"photo")
    assert refused(read(colleague, activity_id, digest(b"photo"))) == (404, "not_found")
    branch.move(case_id, "w002")
    assert read(colleague, activity_id, digest(b"photo")).content == b"photo"
    assert read(phone, activity_id, digest(b"photo")).content == b"photo"  # their own record stays theirs


def test_one_file_of_two_activities_lies_there_once_and_each_has_to_be_sent(
    branch: RunningBranch, phone: WirePhone
) -> None:
    case_id = branch.case()
    first, second = declared(phone, case_id, b"photo"), declared(phone, case_id, b"photo")
    send(phone, begin(phone, first, b"photo").headers["location"], 0, b"photo")
    assert refused(read(phone, second, digest(b"photo"))) == (404, "not_found")
    send(phone, begin(phone, second, b"photo").headers["location"], 0, b"photo")
    assert read(phone, second, digest(b"photo")).content == b"photo"
    assert len([f for f in (branch.folder / "blobs").rglob("*") if f.is_file()]) == 1


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({"Tus-Resumable": "0.2.2"}, (412, "tus_version")),
        ({"Upload-Length": "-1"}, (400, "malformed")),
        ({"Upload-Length": "many"}, (400, "malformed")),
        ({"Upload-Metadata": ""}, (400, "malformed")),
        ({"Upload-Metadata": "activity_id !!,sha256 x"}, (400, "malformed")),
        ({"Upload-Metadata": metadata(activity_id="a", sha256="../../etc")}, (400, "malformed")),
        ({"Upload-Length": str(FILE_MAX_BYTES + 1)}, (413, "too_large")),
    ],
)
def test_a_creation_that_says_too_little_is_refused(
    branch: RunningBranch, phone: WirePhone, headers: dict[str, str], answer: tuple[int, str]
) -> None:
    said = begin(phone, "a", b"photo", **headers)
    assert refused(said) == answer
    assert said.headers["tus-resumable"] == "1.0.0"
    assert held(branch, t.upload) == []


def test_bytes_of_another_type_are_refused(branch: RunningBranch, phone: WirePhone) -> None:
    activity_id = declared(phone, branch.case(), b"photo")
    address = begin(phone, activity_id, b"photo").headers["location"]
    answer = send(phone, address, 0, b"photo", **{"Content-Type": "image/jpeg"})
    assert refused(answer) == (415, "unsupported_type")


def test_a_client_that_cannot_patch_names_the_method_in_a_header(
    branch: RunningBranch, phone: WirePhone
) -> None:
    activity_id = declared(phone, branch.case(), PHOTO)
    address = begin(phone, activity_id, PHOTO).headers["location"]
    asked = auth(phone) | {"Upload-Offset": "0", "Content-Type": OFFSETS, "X-HTTP-Method-Override": "PATCH"}
    answer = phone.http.post(address, headers=asked, content=PHOTO)
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(len(PHOTO)))
    assert read(phone, activity_id, digest(PHOTO)).content == PHOTO
    assert phone.http.post(address, headers=auth(phone)).status_code == 405


def test_packed_bytes_of_a_file_are_refused_and_change_nothing(
    branch: RunningBranch, phone: WirePhone
) -> None:
    content = bytes(2000)
    activity_id = declared(phone, branch.case(), content)
    address = begin(phone, activity_id, content).headers["location"]
    packed = send(phone, address, 0, gzip.compress(content), **{"Content-Encoding": "gzip"})
    assert refused(packed) == (415, "unsupported_encoding")
    assert send(phone, address, 0, content).status_code == 204


def test_options_say_what_of_tus_is_spoken(phone: WirePhone) -> None:
    answer = phone.http.options("/v1/blobs", headers=auth(phone))
    assert (answer.status_code, answer.headers["tus-version"], answer.headers["tus-extension"]) == (
        204,
        "1.0.0",
        "creation",
    )


def test_what_nobody_goes_on_with_is_forgotten_and_a_device_has_only_so_many_begun(
    branch: RunningBranch, phone: WirePhone, clock: Any
) -> None:
    activity_id = declared(phone, branch.case(), b"photo")
    old = begin(phone, activity_id, b"photo").headers["location"]
    send(phone, old, 0, b"ph")
    clock.pass_by(milliseconds=FORGOTTEN_AFTER_MS + 1)
    for _ in range(UNFINISHED_MOST + 5):
        begin(phone, activity_id, b"photo")
    assert phone.http.head(old, headers=auth(phone)).status_code == 404
    assert len(held(branch, t.upload)) == UNFINISHED_MOST
    assert held(branch, t.upload_part) == []


def held(branch: RunningBranch, table: Any) -> list[Any]:
    with branch.office.reading() as conn:
        return list(conn.execute(select(table)))


class DiesAfterKeeping(BlobStore):
    """The file is in the store, and the branch has come no further."""

    def put(self, sha256: str, content: bytes) -> None:
        super().put(sha256, content)
        raise FilesFailed(Message("cut off"))


def test_a_branch_that_dies_between_store_and_database_has_not_said_that_the_file_is_here_and_takes_it_again(
    branch: RunningBranch, phone: WirePhone
) -> None:
    activity_id = declared(phone, branch.case(), PHOTO)
    address = begin(phone, activity_id, PHOTO).headers["location"]
    sound = branch.office.blobs
    branch.office.blobs = DiesAfterKeeping(branch.folder)
    assert refused(send(phone, address, 0, PHOTO)) == (503, "busy")
    assert held(branch, t.blob) == []
    assert refused(read(phone, activity_id, digest(PHOTO))) == (404, "not_found")

    branch.office.blobs = sound
    stands = int(phone.http.head(address, headers=auth(phone)).headers["upload-offset"])
    assert stands < len(PHOTO)
    assert send(phone, address, stands, PHOTO[stands:]).status_code == 204
    assert read(phone, activity_id, digest(PHOTO)).content == PHOTO
