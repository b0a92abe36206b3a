"""A clock one can move, a keystore in memory, and a branch's recovery key made once; for the browser's own Python too."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from app.device.browser.page_link import to_js
from app.device.cipher import Cipher, NativeCipher
from app.device.folder import IN_BROWSER


class MovableClock:
    def __init__(self) -> None:
        self.wall = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self.mono = 1_000

    def now(self) -> datetime:
        return self.wall

    def monotonic_ms(self) -> int:
        return self.mono

    def passes(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.mono += int(seconds * 1000)

    def is_set(self, **by: float) -> None:
        self.wall += timedelta(**by)


class KeystoreInMemory:
    kind = "keyring"

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def get(self, name: str) -> Any:
        """The bytes, or what the browser's own keystore gives of them: a key object."""
        secret = self.kept.get(name)
        return secret if secret is None or not IN_BROWSER else await _key_object(secret)

    async def set(self, name: str, secret: bytes) -> None:
        self.kept[name] = secret

    async def delete(self, name: str) -> None:
        self.kept.pop(name, None)


async def _key_object(secret: bytes) -> Any:
    js, ffi = importlib.import_module("js"), importlib.import_module("pyodide.ffi")
    kind = ffi.to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=js.Object.fromEntries)
    return await js.crypto.subtle.importKey("raw", to_js(secret), kind, False, ffi.to_js(["sign"]))


def cipher_here() -> Cipher:
    """The machine's own."""
    if not IN_BROWSER:
        return NativeCipher()
    from app.device.browser.cipher import BrowserCipher

    return BrowserCipher()


@cache
def recovery_key() -> str:
    if IN_BROWSER:
        return str(importlib.import_module("waifang_tests").branch.recovery)
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    public = rsa.generate_private_key(65537, 3072).public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
