"""Keys in the browser: PBKDF2 and AES-GCM by WebCrypto, and half of the PIN's key as an object nobody can read."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from typing import Any

from app.device.browser.page_link import page, to_js
from app.device.browser.sealing import WebCryptoSealer, spki_of, wrap_for_recovery
from app.device.cipher import PBKDF2_ITERATIONS, PBKDF2_MOST
from app.device.keystore import KeystoreError
from app.ports import Sealer


class BrowserCipher:
    """Implements app.device.cipher.Cipher."""

    def cost(self) -> dict[str, Any]:
        """PBKDF2's: there is no scrypt in WebCrypto."""
        return {
            "kdf": "pbkdf2-sha256",
            "iterations": PBKDF2_ITERATIONS,
            "salt": base64.b64encode(os.urandom(16)).decode(),
        }

    def allows(self, cost: Mapping[str, Any]) -> bool:
        """Never cheaper than a new one, and not so dear that the app stands still."""
        return bool(cost["kdf"] == "pbkdf2-sha256" and PBKDF2_ITERATIONS <= cost["iterations"] <= PBKDF2_MOST)

    async def derive(self, cost: Mapping[str, Any], digits: str, secret: Any) -> bytes:
        """`secret` is the key object itself: the HMAC under it is computed by the browser."""
        salt = base64.b64decode(cost["salt"])
        key = await page().vault.derive(to_js(digits.encode()), to_js(salt), cost["iterations"], secret)
        return bytes(key.to_bytes())

    async def sealer(self, key: bytes) -> Sealer:
        """By WebCrypto."""
        return await WebCryptoSealer.of(key)

    def fingerprint(self, public_pem: str) -> str:
        """Raises NoRecovery."""
        return hashlib.sha256(spki_of(public_pem)).hexdigest()

    async def wrap_for_recovery(self, data_key: bytes, public_pem: str) -> dict[str, Any]:
        """By WebCrypto. Raises NoRecovery."""
        return await wrap_for_recovery(data_key, public_pem)


class BrowserKeystore:
    """Key objects in IndexedDB, not extractable: Python and the page can use them and read none."""

    kind = "browser"

    async def get(self, name: str) -> Any:
        """The key object, or None. Raises KeystoreError."""
        try:
            return await page().disk.keyAt(name)
        except Exception as e:
            raise KeystoreError("IndexedDB") from e

    async def set(self, name: str, secret: bytes) -> None:
        """Keep it; its bytes are gone afterwards. Raises KeystoreError."""
        try:
            await page().disk.keepKey(name, to_js(secret))
        except Exception as e:
            raise KeystoreError("IndexedDB") from e

    async def delete(self, name: str) -> None:
        """Forget it. Raises KeystoreError."""
        try:
            await page().disk.dropKey(name)
        except Exception as e:
            raise KeystoreError("IndexedDB") from e
