"""What the keys are made with: `cryptography` and scrypt on phone and desk, WebCrypto and PBKDF2 in the browser."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from collections.abc import Mapping
from typing import Any, Final, Protocol

from app.ports import Sealer
from sync.salvage import DATA_KEY_BYTES, key_fingerprint, wrap_for_recovery

SCRYPT_N: Final = 2**15
SCRYPT_R: Final = 8
SCRYPT_P: Final = 1
SCRYPT_N_MOST: Final = 2**20
PBKDF2_ITERATIONS: Final = 600_000
PBKDF2_MOST: Final = 10_000_000


class Cipher(Protocol):
    """How a PIN becomes a key and a key a sealer, on this platform."""

    def cost(self) -> dict[str, Any]:
        """A new PIN's KDF with its cost and a fresh salt, as it is written beside the key."""
        ...

    def allows(self, cost: Mapping[str, Any]) -> bool:
        """Whether a cost read from a file is one this platform uses. Raises KeyError, TypeError."""
        ...

    async def derive(self, cost: Mapping[str, Any], digits: str, secret: Any) -> bytes:
        """The PIN's key (32 bytes); `secret` is what the keystore gave."""
        ...

    async def sealer(self, key: bytes) -> Sealer:
        """The sealer of a key."""
        ...

    def fingerprint(self, public_pem: str) -> str:
        """SHA-256 hex of a recovery key. Raises NoRecovery."""
        ...

    async def wrap_for_recovery(self, data_key: bytes, public_pem: str) -> dict[str, Any]:
        """The data key for the branch's recovery key. Raises NoRecovery."""
        ...


class NativeCipher:
    """scrypt, and AES-GCM by `cryptography`, which is imported when it is needed."""

    def cost(self) -> dict[str, Any]:
        """scrypt's."""
        return {
            "kdf": "scrypt",
            "n": SCRYPT_N,
            "r": SCRYPT_R,
            "p": SCRYPT_P,
            "salt": base64.b64encode(os.urandom(16)).decode(),
        }

    def allows(self, cost: Mapping[str, Any]) -> bool:
        """Never cheaper than a new one, and not so dear that the app stands still."""
        return bool(
            cost["kdf"] == "scrypt"
            and SCRYPT_N <= cost["n"] <= SCRYPT_N_MOST
            and 1 <= cost["r"] <= SCRYPT_R
            and 1 <= cost["p"] <= 4
        )

    async def derive(self, cost: Mapping[str, Any], digits: str, secret: Any) -> bytes:
        """Off the event loop, since it takes a tenth of a second on purpose."""

        def derive() -> bytes:
            return hashlib.scrypt(
                digits.encode() + secret,
                salt=base64.b64decode(cost["salt"]),
                n=cost["n"],
                r=cost["r"],
                p=cost["p"],
                maxmem=256 * cost["n"] * cost["r"],
                dklen=DATA_KEY_BYTES,
            )

        return await asyncio.to_thread(derive)

    async def sealer(self, key: bytes) -> Sealer:
        """By `cryptography`."""
        from app.device.sealing import AesGcmSealer

        return AesGcmSealer(key)

    def fingerprint(self, public_pem: str) -> str:
        """By `cryptography`. Raises NoRecovery."""
        return key_fingerprint(public_pem)

    async def wrap_for_recovery(self, data_key: bytes, public_pem: str) -> dict[str, Any]:
        """By `cryptography`. Raises NoRecovery."""
        return wrap_for_recovery(data_key, public_pem)
