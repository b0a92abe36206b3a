"""How the phone's rows are sealed and how the branch opens them with its recovery key: pure, for both ends.

A row is `nonce (12 bytes) + ciphertext + tag`, AES-256-GCM under the data key, with `row_aad` as additional
data: whoever moves a row, gives it another version or another state, gets nothing out of it. The data key is
wrapped to the branch's recovery key (RSA-OAEP with SHA-256) beside the file, so a forgotten PIN loses nothing.
`cryptography` is imported where it is used: the browser's phone has WebCrypto instead.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

DATA_KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
RECOVERY_MIN_BITS: Final = 3072
KEYS_FORMAT: Final = 1

_REASON_LENGTH_BYTES: Final = 4
_NO_REASON: Final = bytes(_REASON_LENGTH_BYTES)


class NoRecovery(Exception):
    """A recovery key that is not one, or does not fit; the text says what was expected."""


def row_aad(table: str, kind: str, row_id: str, number: int, state: str) -> bytes:
    """Additional data of one row: a fixed label, then every part behind its length.

    `number` is the version or the sequence number; parts a table does not have are empty or 0.
    """
    return (
        f"waifang row 1\n{len(table)}:{table},{len(kind)}:{kind},{len(row_id)}:{row_id},"
        f"{number},{len(state)}:{state}"
    ).encode()


def document_aad(kind: str, doc_id: str, version: int, state: str) -> bytes:
    """A document of the feed; `state` is held or removed."""
    return row_aad("document", kind, doc_id, version, state)


def journal_aad(device_id: str, activity_id: str, seq: int, state: str) -> bytes:
    """A record of the phone's own; `state` is waiting, uploaded or quarantined."""
    return row_aad("journal", device_id, activity_id, seq, state)


def draft_aad(draft_id: str, version: int) -> bytes:
    """A form not yet saved; `version` counts its changes."""
    return row_aad("draft", "", draft_id, version, "")


def value_aad(name: str, version: int) -> bytes:
    """A value of the app's own; `version` counts its changes."""
    return row_aad("value", "", name, version, "")


def blob_aad(activity_id: str, place: int) -> bytes:
    """A file of an activity; `place` is its index in the record's `blobs`."""
    return row_aad("blob", "", activity_id, place, "")


def upload_aad(activity_id: str, place: int, state: str) -> bytes:
    """How far the sending of a file is; `state` is waiting or sent."""
    return row_aad("upload", "", activity_id, place, state)


def draft_file_aad(draft_id: str, name: str) -> bytes:
    """A file of a form not yet saved."""
    return row_aad("draft_file", draft_id, name, 0, "")


def pack_entry(record: bytes, reason: str = "") -> bytes:
    """What a journal row seals: the reason of a quarantine behind its length, then the record's exact bytes."""
    told = reason.encode()
    return len(told).to_bytes(_REASON_LENGTH_BYTES, "big") + told + record


def unpack_entry(plain: bytes) -> tuple[bytes, str]:
    """The record and the reason of `pack_entry`."""
    if plain.startswith(_NO_REASON):
        return plain[_REASON_LENGTH_BYTES:], ""
    start = _REASON_LENGTH_BYTES + int.from_bytes(plain[:_REASON_LENGTH_BYTES], "big")
    return plain[start:], plain[_REASON_LENGTH_BYTES:start].decode()


def wrap_for_recovery(data_key: bytes, public_pem: str) -> dict[str, Any]:
    """The data key for the branch's recovery key (PEM, RSA of at least 3072 bits), as the key file keeps it.

    Raises NoRecovery.
    """
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        key = serialization.load_pem_public_key(public_pem.encode())
    except ValueError as e:
        raise NoRecovery("a PEM public key") from e
    if not isinstance(key, RSAPublicKey) or key.key_size < RECOVERY_MIN_BITS:
        raise NoRecovery(f"an RSA key of at least {RECOVERY_MIN_BITS} bits")
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki)
    return {
        "method": "RSA-OAEP-SHA256",
        "recovery_key_sha256": digest.finalize().hex(),
        "wrapped": base64.b64encode(key.encrypt(data_key, _oaep())).decode(),
    }


def recover_data_key(keys_file: bytes, private_pem: bytes, passphrase: bytes | None) -> bytes:
    """The data key out of a phone's key file, with the branch's private recovery key and without the PIN.

    Raises NoRecovery when file, key or passphrase do not fit each other.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    try:
        kept = json.loads(keys_file)
        if kept["format"] != KEYS_FORMAT:
            raise NoRecovery(f"a key file of format {KEYS_FORMAT}")
        wrapped = base64.b64decode(kept["recovery"]["wrapped"], validate=True)
    except (ValueError, KeyError, TypeError) as e:
        raise NoRecovery("a key file of a phone") from e
    try:
        private = serialization.load_pem_private_key(private_pem, passphrase)
    except (ValueError, TypeError) as e:
        raise NoRecovery("the private recovery key and its passphrase") from e
    if not isinstance(private, RSAPrivateKey):
        raise NoRecovery("an RSA private key")
    try:
        return private.decrypt(wrapped, _oaep())
    except ValueError as e:
        raise NoRecovery("the recovery key of the branch this phone was bound to") from e


def open_row(data_key: bytes, aad: bytes, sealed: bytes) -> bytes:
    """One row's plain bytes. Raises NoRecovery when it was changed, moved, rolled back or relabelled."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise NoRecovery("a sealed row")
    try:
        return AESGCM(data_key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
    except InvalidTag as e:
        raise NoRecovery("a row sealed with this key at this place") from e


def _oaep() -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
