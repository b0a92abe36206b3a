"""Files in an S3-compatible store: a local one (moto) on loopback, one that is away, and one that does not answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer
from sqlalchemy import select

from sync.branch import tables as t
from tests.support.branch_server import RunningBranch
from tests.support.ports import free_port
from tests.support.wire_phone import WirePhone
from tests.sync.branch.test_uploads import PHOTO, auth, begin, declared, digest, read, refused, send

BUCKET = "waifang"


class Store:
    """S3 on a port of 127.0.0.1; what is in it outlives a stop."""

    def __init__(self) -> None:
        self.port = free_port()
        self._server: ThreadedMotoServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def names(self) -> list[str]:
        listed = boto3.client("s3", endpoint_url=self.url).list_objects_v2(Bucket=BUCKET)
        return [found["Key"] for found in listed.get("Contents", [])]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    made = Store()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT": made.url,
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    made.start()
    httpx.post(f"{made.url}/moto-api/reset").raise_for_status()
    boto3.client("s3", endpoint_url=made.url).create_bucket(Bucket=BUCKET)
    yield made
    made.stop()


@pytest.fixture
def branch(tmp_path: Path, store: Store, database_url: str | None) -> Iterator[RunningBranch]:
    made = RunningBranch(tmp_path / "branch", database_url=database_url, blobs_url=f"s3://{BUCKET}/outlet-7")
    made.officer("w001", "赵试")
    try:
        yield made.start()
    finally:
        made.close()


def test_a_file_is_in_the_bucket_under_its_hash_and_is_read_again(
    branch: RunningBranch, phone: WirePhone, store: Store, tmp_path: Path
) -> None:
    activity_id = declared(phone, branch.case(), PHOTO)
    address = begin(phone, activity_id, PHOTO).headers["location"]
    assert send(phone, address, 0, PHOTO).status_code == 204
    assert store.names() == [f"outlet-7/{digest(PHOTO)[:2]}/{digest(PHOTO)}"]
    assert read(phone, activity_id, digest(PHOTO)).content == PHOTO
    assert not (tmp_path / "branch" / "blobs").exists()


def test_a_store_that_is_away_costs_no_byte_and_the_file_is_complete_once_it_is_back(
    branch: RunningBranch, phone: WirePhone, store: Store
) -> None:
    activity_id = declared(phone, branch.case(), PHOTO)
    address = begin(phone, activity_id, PHOTO).headers["location"]
    half = len(PHOTO) // 2
    assert send(phone, address, 0, PHOTO[:half]).status_code == 204
    store.stop()
    away = send(phone, address, half, PHOTO[half:])
    assert refused(away) == (503, "busy")
    assert int(away.headers["retry-after"]) > 0
    with branch.office.reading() as conn:
        assert conn.execute(select(t.blob)).all() == [], "the branch says it has what it has not"

    store.start()
    stands = int(phone.http.head(address, headers=auth(phone)).headers["upload-offset"])
    assert half <= stands < len(PHOTO)
    assert send(phone, address, stands, PHOTO[stands:]).status_code == 204
    assert read(phone, activity_id, digest(PHOTO)).content == PHOTO


def test_a_store_that_does_not_answer_holds_up_nobody_elses_records(
    branch: RunningBranch, phone: WirePhone, store: Store
) -> None:
    case_id = branch.case()
    activity_id = declared(phone, case_id, b"photo")
    address = begin(phone, activity_id, b"photo").headers["location"]
    store.stop()
    with socket.create_server(("127.0.0.1", store.port)) as silent:
        answers: list[httpx.Response] = []
        upload = threading.Thread(target=lambda: answers.append(send(phone, address, 0, b"photo")))
        upload.start()
        asked, _ = silent.accept()  # from here on the branch waits for the store
        with asked:
            item = phone.record(case_id)
            assert phone.push([item]).json()["results"][0]["status"] == "created"
            case_of_others = branch.case()  # a clerk is not held up either
        assert case_of_others
    upload.join()
    assert refused(answers[0]) == (503, "busy")
