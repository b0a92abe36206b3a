import sys
import threading
from pathlib import Path

import pytest

from app.device import keystore
from app.device.keystore import (
    FileKeystore,
    KeystoreError,
    OsKeystore,
    acceptable,
    file_keystore,
    os_keystore,
)


class Ring:
    """A keyring backend that keeps things, or waits for a prompt nobody answers."""

    priority: float = 5

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.answered = threading.Event()
        self.answered.set()

    def get_password(self, service: str, name: str) -> str | None:
        self.answered.wait()
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, text: str) -> None:
        self.kept[service, name] = text

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


class FailKeyring(Ring):
    pass


class PlaintextKeyring(Ring):
    pass


class Weak(Ring):
    priority = 0.5


class Unavailable(Ring):
    @property
    def priority(self) -> float:  # type: ignore[override]
        raise RuntimeError("no service")


async def test_a_secret_is_kept_in_the_keyring_and_forgotten() -> None:
    kept = OsKeystore(Ring())
    await kept.set("name", b"\0secret")
    assert await kept.get("name") == b"\0secret"
    await kept.delete("name")
    await kept.delete("name")
    assert await kept.get("name") is None


async def test_a_keyring_that_waits_for_a_prompt_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keystore, "TRIAL_S", 0.01)
    ring = Ring()
    ring.answered.clear()
    with pytest.raises(KeystoreError):
        await OsKeystore(ring).set("name", b"secret")
    ring.answered.set()


async def test_a_keyring_that_does_not_keep_what_it_was_given_is_not_trusted() -> None:
    class Forgetful(Ring):
        def set_password(self, service: str, name: str, text: str) -> None:
            self.kept[service, name] = ""

    with pytest.raises(KeystoreError):
        await OsKeystore(Forgetful()).set("name", b"secret")


def test_only_a_real_keyring_is_acceptable() -> None:
    assert acceptable(Ring())
    assert [acceptable(b) for b in (FailKeyring(), PlaintextKeyring(), Weak(), Unavailable())] == [False] * 4


async def test_without_a_session_bus_the_keyring_is_not_even_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAIFANG_KEYSTORE_DIR", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")

    def asked() -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(keystore, "_backend", asked)
    assert await os_keystore() is None
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setattr(keystore, "_backend", Ring)
    assert await os_keystore() is not None
    monkeypatch.setenv("WAIFANG_KEYSTORE_DIR", "/somewhere")
    assert await os_keystore() is None


async def test_the_file_keystore_keeps_its_secret_outside_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAIFANG_KEYSTORE_DIR", str(tmp_path / "keys"))
    await file_keystore(tmp_path / "data").set("name", b"secret")
    assert (tmp_path / "keys" / "name.secret").read_bytes() == b"secret"
    monkeypatch.setenv("WAIFANG_KEYSTORE_DIR", str(tmp_path / "data" / "inside"))
    await file_keystore(tmp_path / "data").set("name", b"secret")
    assert (tmp_path / "data.keystore" / "name.secret").read_bytes() == b"secret"


async def test_a_file_secret_is_forgotten(tmp_path: Path) -> None:
    kept = FileKeystore(tmp_path / "keys")
    assert await kept.get("name") is None
    await kept.delete("name")
    await kept.set("name", b"one")
    await kept.set("name", b"two")
    assert await kept.get("name") == b"two"
    await kept.delete("name")
    assert await kept.get("name") is None
