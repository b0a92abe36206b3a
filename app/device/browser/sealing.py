"""Sealing by WebCrypto: AES-256-GCM under a key that Python cannot read again, many rows in one crossing."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from typing import Any, Final

from app.device.browser.page_link import page, to_js
from app.ports import SealBroken
from sync.salvage import NONCE_BYTES, RECOVERY_MIN_BITS, TAG_BYTES, NoRecovery

_SIZE: Final = struct.Struct(">I")


class WebCryptoSealer:
    """The sealer of one data key, held as a key object of the browser."""

    def __init__(self, key: Any) -> None:
        self._key = key

    @classmethod
    async def of(cls, data_key: bytes) -> WebCryptoSealer:
        """From the key's 32 bytes; not extractable from there on."""
        return cls(await page().vault.importAes(to_js(data_key)))

    async def seal(self, rows: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Seal `(aad, plain)` rows, each under a random nonce of its own."""
        if not rows:
            return []
        return _apart((await page().vault.seal(self._key, to_js(_together(rows)))).to_bytes())

    async def open(self, rows: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Open `(aad, sealed)` rows. Raises SealBroken when one was changed, moved or relabelled."""
        if not rows:
            return []
        if any(len(sealed) < NONCE_BYTES + TAG_BYTES for _, sealed in rows):
            raise SealBroken
        opened = await page().vault.unseal(self._key, to_js(_together(rows)))
        if opened is None:
            raise SealBroken
        return _apart(opened.to_bytes())


def spki_of(public_pem: str) -> bytes:
    """The DER of a PEM public key. Raises NoRecovery."""
    lines = [line for line in public_pem.strip().splitlines() if not line.startswith("-----")]
    try:
        return base64.b64decode("".join(lines), validate=True)
    except ValueError as e:
        raise NoRecovery("a PEM public key") from e


async def wrap_for_recovery(data_key: bytes, public_pem: str) -> dict[str, Any]:
    """As sync.salvage's, by WebCrypto. Raises NoRecovery."""
    spki = spki_of(public_pem)
    try:
        told = await page().vault.wrap(to_js(spki), to_js(data_key))
    except Exception as e:
        raise NoRecovery("a PEM public key") from e
    if told.bits < RECOVERY_MIN_BITS:
        raise NoRecovery(f"an RSA key of at least {RECOVERY_MIN_BITS} bits")
    return {
        "method": "RSA-OAEP-SHA256",
        "recovery_key_sha256": told.digest.to_bytes().hex(),
        "wrapped": base64.b64encode(told.wrapped.to_bytes()).decode(),
    }


def _together(rows: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join(_SIZE.pack(len(part)) + part for row in rows for part in row)


def _apart(joined: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(joined):
        (size,) = _SIZE.unpack_from(joined, at)
        found.append(joined[at + _SIZE.size : at + _SIZE.size + size])
        at += _SIZE.size + size
    return found
