"""The branch's recovery key pair: phones wrap their data key to the public half, the private half is kept offline."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)

from sync.branch.enrolment import ALPHABET

BITS: Final = 3072
_GROUPS: Final = 6
_GROUP_LETTERS: Final = 5


@dataclass(frozen=True, slots=True)
class RecoveryKeys:
    """`public` and `private` as PEM; `private` opens with `passphrase` only, which is kept nowhere."""

    public: str
    private: bytes
    passphrase: str


def make_recovery_keys() -> RecoveryKeys:
    """A new pair under a generated passphrase of 150 random bits."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    passphrase = "-".join(
        "".join(secrets.choice(ALPHABET) for _ in range(_GROUP_LETTERS)) for _ in range(_GROUPS)
    )
    private = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
    )
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return RecoveryKeys(public.decode(), private, passphrase)
