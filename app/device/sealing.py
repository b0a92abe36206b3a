"""Sealing rows on phone and desk: AES-256-GCM by `cryptography`."""

from __future__ import annotations

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.ports import SealBroken
from sync.salvage import NONCE_BYTES, TAG_BYTES


class AesGcmSealer:
    """The sealer of one data key (32 bytes). Asynchronous because the browser's is; here it never waits."""

    def __init__(self, data_key: bytes) -> None:
        self._aead = AESGCM(data_key)

    async def seal(self, rows: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Seal `(aad, plain)` rows, each under a random nonce of its own."""
        nonces = os.urandom(NONCE_BYTES * len(rows))
        encrypt = self._aead.encrypt
        sealed = []
        for at, (aad, plain) in zip(range(0, len(nonces), NONCE_BYTES), rows, strict=True):
            nonce = nonces[at : at + NONCE_BYTES]
            sealed.append(nonce + encrypt(nonce, plain, aad))
        return sealed

    async def open(self, rows: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Open `(aad, sealed)` rows. Raises SealBroken when one was changed, moved or relabelled."""
        decrypt = self._aead.decrypt
        opened = []
        for aad, sealed in rows:
            if len(sealed) < NONCE_BYTES + TAG_BYTES:
                raise SealBroken
            try:
                opened.append(decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad))
            except InvalidTag as e:
                raise SealBroken from e
        return opened
