"""What stands between a stranger on the network and the branch: TLS, and patience with an end."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from json import loads
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sync.branch.http.patience import Patience
from sync.branch.http.serving import listen, make_server
from tests.support.branch_server import ROOT, RunningBranch


@pytest.fixture
def database_url() -> None:
    """On SQLite alone: nothing here depends on which database it is."""


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-made one for 127.0.0.1, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "branch")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert_file.write_bytes(made.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return cert_file, key_file


def test_a_phone_binds_and_syncs_over_https_with_a_certificate_it_trusts(
    branch: RunningBranch, tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    cert, key = certificate
    branch.stop()
    serve = [
        sys.executable,
        "-m",
        "sync.branch",
        "--data",
        str(branch.folder),
        "--json",
        "serve",
        "--port",
        "0",
    ]
    serving = subprocess.Popen(
        [*serve, "--tls-cert", str(cert), "--tls-key", str(key)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    try:
        assert serving.stdout is not None
        address = loads(serving.stdout.readline())["address"]
        code = branch.cli_json("enrol", "w001")["code"]
        app = [sys.executable, "-m", "app", "--data", str(tmp_path / "phone"), "--json"]
        enrol = [*app, "enrol", "--server", address, "--officer", "w001", "--code", code]
        knows = {**os.environ, "WAIFANG_PIN": "135790"}
        stranger = subprocess.run(enrol, env=knows, capture_output=True, text=True, cwd=ROOT)
        bound = subprocess.run(
            enrol, env=knows | {"SSL_CERT_FILE": str(cert)}, capture_output=True, text=True, cwd=ROOT
        )
        hello = httpx.get(address + "/v1/hello", verify=ssl.create_default_context(cafile=str(cert)))
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.communicate(timeout=30)

    assert address.startswith("https://127.0.0.1:")
    assert stranger.returncode != 0
    assert bound.returncode == 0, bound.stderr
    assert hello.headers["waifang-protocol"] == "1"


@pytest.mark.parametrize("words", [("--tls-cert", "x.pem"), ("--tls-cert", "x.pem", "--tls-key", "y.pem")])
def test_a_certificate_that_cannot_be_used_is_one_clear_error(
    branch: RunningBranch, words: tuple[str, ...]
) -> None:
    failed = branch.cli("serve", "--port", "0", *words)

    assert (failed.returncode, failed.stdout) == (1, "")
    assert "Traceback" not in failed.stderr


@pytest.fixture
def impatient(branch: RunningBranch) -> Iterator[tuple[str, int]]:
    """The same branch behind a server whose patience is short."""
    with listen("127.0.0.1", 0) as bound:
        up = threading.Event()
        patience = Patience(head_s=0.2, head_bytes=4096, body_start_s=0.2, body_rate=1e9, connections=3)
        server = make_server(branch.office, up.set, patience=patience)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        address = bound.getsockname()[:2]
        thread.start()
        assert up.wait(30)
        yield address
        server.should_exit = True
        thread.join()


def ended(connection: socket.socket) -> bool:
    """Whether the server ends the connection without an answer; waits for it."""
    connection.settimeout(30)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /v1/hello HTTP/1.1\r\nHost: a\r\nX-Dri",
        b"POST /v1/enrol HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 8000,
    ],
)
def test_a_request_that_never_ends_ends_the_connection(impatient: tuple[str, int], begun: bytes) -> None:
    with socket.create_connection(impatient) as slow:
        slow.sendall(begun)
        assert ended(slow)
    assert httpx.get(f"http://{impatient[0]}:{impatient[1]}/healthz").status_code == 200
