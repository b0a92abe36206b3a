"""A clock one can move, a keystore in memory, and a branch's recovery key made once."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


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

    async def get(self, name: str) -> bytes | None:
        return self.kept.get(name)

    async def set(self, name: str, secret: bytes) -> None:
        self.kept[name] = secret

    async def delete(self, name: str) -> None:
        self.kept.pop(name, None)


@cache
def recovery_key() -> str:
    public = rsa.generate_private_key(65537, 3072).public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
