"""How the phone's rows are sealed and how the branch opens them with its recovery key: pure, for both ends.

A row is `nonce (12 bytes) + ciphertext + tag`, AES-256-GCM under the data key, with `row_aad` as additional
data: whoever moves a row, gives it another version or another state, gets nothing out of it. The data key is
wrapped to the branch's recovery key (RSA-OAEP with SHA-256) beside the file, so a forgotten PIN loses nothing.
`cryptography` is imported where it is used: the browser's phone has WebCrypto instead.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

DATA_KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
RECOVERY_MIN_BITS: Final = 3072
KEYS_FORMAT: Final = 1
SALVAGE_MAGIC: Final = b"waifang salvage 1\n"

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
    key = _public(public_pem)
    return {
        "method": "RSA-OAEP-SHA256",
        "recovery_key_sha256": key_fingerprint(public_pem),
        "wrapped": base64.b64encode(key.encrypt(data_key, _oaep())).decode(),
    }


def key_fingerprint(public_pem: str) -> str:
    """SHA-256 hex of a recovery key's SubjectPublicKeyInfo. Raises NoRecovery."""
    from cryptography.hazmat.primitives import serialization

    spki = _public(public_pem).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(spki).hexdigest()


def _public(public_pem: str) -> Any:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        key = serialization.load_pem_public_key(public_pem.encode())
    except ValueError as e:
        raise NoRecovery("a PEM public key") from e
    if not isinstance(key, RSAPublicKey) or key.key_size < RECOVERY_MIN_BITS:
        raise NoRecovery(f"an RSA key of at least {RECOVERY_MIN_BITS} bits")
    return key


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


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A row as it lies on a phone. `table` is journal (`number` its sequence number) or blob (`number` its place)."""

    table: str
    device_id: str
    activity_id: str
    number: int
    state: str
    sealed: bytes

    @property
    def aad(self) -> bytes:
        """What its place binds it to."""
        if self.table == "blob":
            return blob_aad(self.activity_id, self.number)
        return journal_aad(self.device_id, self.activity_id, self.number, self.state)


def pack_salvage(keys_file: bytes, rows: Sequence[SealedRow]) -> bytes:
    """A phone's journal and files as one file that is as sealed as they were.

    A magic line; a line of JSON with the key file, each row's columns and length, and the SHA-256 of all that follows;
    then the sealed rows one after another.
    """
    body = b"".join(r.sealed for r in rows)
    line = {
        "keys": base64.b64encode(keys_file).decode(),
        "rows": [[r.table, r.device_id, r.activity_id, r.number, r.state, len(r.sealed)] for r in rows],
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return SALVAGE_MAGIC + json.dumps(line).encode() + b"\n" + body


def unpack_salvage(content: bytes) -> tuple[bytes, list[SealedRow]]:
    """The key file and the rows of `pack_salvage`. Raises NoRecovery where one bit of it is not as it was."""
    if not content.startswith(SALVAGE_MAGIC):
        raise NoRecovery("a sealed journal made by `salvage`")
    first, newline, body = content[len(SALVAGE_MAGIC) :].partition(b"\n")
    try:
        line = json.loads(first)
        keys_file = base64.b64decode(line["keys"], validate=True)
        listed = [
            (str(table), str(device), str(activity), int(number), str(state), int(size))
            for table, device, activity, number, state, size in line["rows"]
        ]
        digest = line["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError) as e:
        raise NoRecovery("a sealed journal that is whole") from e
    if not newline or hashlib.sha256(body).hexdigest() != digest or sum(r[5] for r in listed) != len(body):
        raise NoRecovery("a sealed journal that is whole")
    rows, at = [], 0
    for table, device, activity, number, state, size in listed:
        if size < 0:
            raise NoRecovery("a sealed journal that is whole")
        rows.append(SealedRow(table, device, activity, number, state, body[at : at + size]))
        at += size
    return keys_file, rows
