"""The data key of one data folder: wrapped by the PIN with the keystore's secret, and to the branch's recovery key.

`keys.json` holds nothing that opens without one of the two. The PIN's key is scrypt over PIN and secret, its cost
written beside it; the cost is bound to the wrapping, so nobody lowers it unseen.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import secrets
import unicodedata
from pathlib import Path
from typing import Any, Final

from app.device.cipher import Cipher, NativeCipher
from app.device.files import flush_folder, write_durably
from app.device.folder import KEYS, DataFolder
from app.device.keystore import FileKeystore, Keystore, KeystoreError, file_keystore, os_keystore
from app.device.tries import MOST, WAITS_S, Tries
from app.domain.message import Message
from app.i18n import mark
from app.ports import Clock, NotebookError, NotSaved, PinLocked, SealBroken, Sealer, WrongPin, is_full
from sync.salvage import DATA_KEY_BYTES, KEYS_FORMAT, NoRecovery

PIN_DIGITS: Final = 6


class KeysDamaged(NotebookError):
    """The key file cannot be read, or its other half is not on this device."""


class KeyRing:
    """The keys of one data folder. `keystore` and `cipher` replace the machine's own (the browser's, tests')."""

    def __init__(
        self,
        folder: DataFolder,
        clock: Clock,
        keystore: Keystore | None = None,
        cipher: Cipher | None = None,
    ) -> None:
        self._folder = folder
        self._cipher = cipher or NativeCipher()
        self._given = keystore
        self._tries = Tries(folder.path / "tries.json", clock)
        self._one_at_a_time = asyncio.Lock()
        self._data_key: bytes | None = None

    @property
    def path(self) -> Path:
        """The key file."""
        return self._folder.path / KEYS

    def exist(self) -> bool:
        """Whether a PIN was ever set here."""
        return self.path.exists()

    async def create(self, pin: str, recovery_key: str) -> Sealer:
        """Make and wrap a new data key; the folder is held from here on. `recovery_key`: PEM public key (RSA 3072).

        Raises NotebookError (PIN not of six digits, unusable recovery key, keys there already), Busy, NotSaved.
        """
        digits = _digits(pin)
        if digits is None:
            raise NotebookError(Message("The PIN has exactly six digits."))
        async with self._one_at_a_time:
            held = self._folder.held
            self._folder.hold()
            try:
                return await self._create(digits, recovery_key)
            except BaseException:
                if not held:
                    self._folder.release()
                raise

    async def _create(self, digits: str, recovery_key: str) -> Sealer:
        if self.exist():
            raise NotebookError(Message("This data folder has a PIN already."))
        data_key = secrets.token_bytes(DATA_KEY_BYTES)
        try:
            recovery = await self._cipher.wrap_for_recovery(data_key, recovery_key)
        except NoRecovery as e:
            raise NotebookError(
                Message(
                    "The branch's recovery key cannot be used. Nothing was set up; please tell the branch."
                )
            ) from e
        key_id, secret = secrets.token_hex(16), secrets.token_bytes(DATA_KEY_BYTES)
        try:
            keystore = await self._keep_secret(key_id, secret)
            half = await keystore.get(key_id)
            kept = await _wrap(self._cipher, data_key, key_id, keystore.kind, digits, half)
            write_durably(self.path, json.dumps({**kept, "recovery": recovery}, indent=1).encode())
            self._tries.reset()
            await self._folder.settle()
        except OSError as e:
            raise NotSaved(
                Message("The keys could not be written. Free some space on this device, then try again.")
            ) from e
        self._data_key = data_key
        return await self._cipher.sealer(data_key)

    async def wrap_anew(self, recovery_key: str) -> bool:
        """Wrap the data key of an unlocked notebook to another recovery key of the branch (PEM); False where it is the
        one it is wrapped to. The key file is replaced whole or not at all. Raises NotebookError, NotSaved.
        """
        if self._data_key is None:
            return False
        kept = self._read()
        try:
            if kept["recovery"]["recovery_key_sha256"] == self._cipher.fingerprint(recovery_key):
                return False
            kept["recovery"] = await self._cipher.wrap_for_recovery(self._data_key, recovery_key)
        except NoRecovery as e:
            raise NotebookError(
                Message("The branch's recovery key cannot be used. Please tell the branch.")
            ) from e
        try:
            write_durably(self.path, json.dumps(kept, indent=1).encode())
            await self._folder.settle()
        except OSError as e:
            raise NotSaved(
                Message("The keys could not be written. Free some space on this device, then try again.")
            ) from e
        return True

    async def _keep_secret(self, key_id: str, secret: bytes) -> Keystore:
        """In the OS keyring where that works to the end, else in the file. Raises OSError."""
        keystore = self._given or await os_keystore()
        if keystore is not None:
            try:
                await keystore.set(key_id, secret)
            except KeystoreError:
                if self._given is not None:
                    raise
            else:
                return keystore
        fallback = file_keystore(self._folder.path)
        await fallback.set(key_id, secret)
        return fallback

    async def unlock(self, pin: str) -> Sealer:
        """The sealer behind the PIN; the folder is held from here on.

        The try is counted durably before it is looked at. Raises WrongPin, PinLocked, Busy, KeysDamaged, NotSaved.
        """
        async with self._one_at_a_time:
            held = self._folder.held
            self._folder.hold()
            try:
                return await self._unlock(pin)
            except BaseException:
                if not held:
                    self._folder.release()
                raise

    async def _unlock(self, pin: str) -> Sealer:
        try:
            return await self._unlocked(pin)
        except OSError as e:
            raise _uncounted(e) from e

    async def _unlocked(self, pin: str) -> Sealer:
        """Raises OSError where the files of the keys cannot be read, or the try not be counted."""
        if self._tries.count() >= MOST:
            raise _locked()
        wait = self._tries.wait_s()
        if wait > 0:
            raise self._wrong(
                mark("Wait {seconds} seconds before the next PIN. {left} tries are left."), wait
            )
        digits = _digits(pin)
        if digits is None:
            raise self._wrong(mark("The PIN has exactly six digits. {left} tries are left."), 0.0)
        kept = self._read()
        secret = await self._secret(kept)
        self._tries.add()
        await self._folder.settle()
        try:
            data_key = await _unwrap(self._cipher, kept, digits, secret)
        except SealBroken:
            raise self._refusal() from None
        self._tries.reset()
        await self._folder.settle()
        self._data_key = data_key
        return await self._cipher.sealer(data_key)

    def _refusal(self) -> NotebookError:
        count = self._tries.count()
        if count >= MOST:
            return _locked()
        wait = WAITS_S[count - 1]
        if wait:
            return self._wrong(mark("Wrong PIN. Wait {seconds} seconds; {left} tries are left."), wait)
        return self._wrong(mark("Wrong PIN. {left} tries are left."), 0.0)

    def _wrong(self, text: str, wait_s: float) -> WrongPin:
        left = MOST - self._tries.count()
        return WrongPin(Message(text, {"seconds": max(1, round(wait_s)), "left": left}), wait_s, left)

    def weakness(self) -> Message | None:
        """Said where the secret lies in a file instead of a keyring."""
        if not self.exist() or self._read()["keystore"] != FileKeystore.kind:
            return None
        return Message(
            "This device offers no keyring, so half of the key lies in a file of this user. That is weaker: keep the device's own lock on."
        )

    async def discard(self) -> None:
        """Forget the keys: only for a folder that was never bound, since nothing sealed with them opens again."""
        if self.exist():
            kept = self._read()
            # A secret left in a keyring that is silent just now opens nothing once the key file is gone.
            with contextlib.suppress(KeystoreError):
                await (await self._keystore(kept["keystore"])).delete(kept["key_id"])
        for path in (self.path, self._folder.path / "tries.json"):
            path.unlink(missing_ok=True)
        if self._folder.path.exists():
            flush_folder(self._folder.path)
        await self._folder.settle()

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(self.path.read_bytes())
            cost = kept["pin"]
            if kept["format"] != KEYS_FORMAT or not all(
                isinstance(kept[k], str) for k in ("key_id", "keystore")
            ):
                raise ValueError("format")
            if not self._cipher.allows(cost):
                raise ValueError("kdf")
            for name in ("salt", "wrapped"):
                base64.b64decode(cost[name], validate=True)
        except (FileNotFoundError, ValueError, KeyError, TypeError) as e:
            raise KeysDamaged(
                Message(
                    "The key file of this notebook is damaged or from a newer app. Nothing was deleted; the branch's recovery opens it."
                )
            ) from e
        except OSError as e:
            raise _uncounted(e) from e
        return dict(kept)

    async def _secret(self, kept: dict[str, Any]) -> Any:
        """The other half, where it was put. Raises KeysDamaged."""
        try:
            secret = await (await self._keystore(kept["keystore"])).get(kept["key_id"])
        except (KeystoreError, OSError) as e:
            raise KeysDamaged(
                Message(
                    "The keyring of this device does not answer. Unlock it or restart the device, then try again."
                )
            ) from e
        if secret is None:
            raise KeysDamaged(
                Message(
                    "This notebook was made on another device or by another user; its PIN opens it only there. Elsewhere the branch's recovery opens it."
                )
            )
        return secret

    async def _keystore(self, kind: str) -> Keystore:
        if self._given is not None:
            return self._given
        if kind == FileKeystore.kind:
            return file_keystore(self._folder.path)
        found = await os_keystore()
        if found is None:
            raise KeystoreError("no keyring")
        return found


def _digits(pin: str) -> str | None:
    """Six plain digits, full-width ones made plain (a Chinese keyboard gives those), or None."""
    plain = unicodedata.normalize("NFKC", pin).strip()
    return plain if len(plain) == PIN_DIGITS and plain.isascii() and plain.isdigit() else None


def _locked() -> PinLocked:
    return PinLocked(
        Message(
            "Ten wrong PINs: the notebook stays locked. Nothing in it is lost; the branch's recovery opens it. Ask your supervisor."
        )
    )


def _uncounted(error: OSError) -> NotSaved:
    if is_full(error):
        return NotSaved(
            Message(
                "The PIN cannot be checked because this device has no room to write. Free some space, then try again."
            )
        )
    return NotSaved(
        Message(
            "The PIN cannot be checked because this device could not read or write its files. Nothing was changed; try again, and tell the branch if it stays."
        )
    )


async def _wrap(
    cipher: Cipher, data_key: bytes, key_id: str, kind: str, digits: str, secret: Any
) -> dict[str, Any]:
    cost = cipher.cost()
    sealer = await cipher.sealer(await cipher.derive(cost, digits, secret))
    [wrapped] = await sealer.seal([(_binding(key_id, cost), data_key)])
    return {
        "format": KEYS_FORMAT,
        "key_id": key_id,
        "keystore": kind,
        "pin": {**cost, "wrapped": base64.b64encode(wrapped).decode()},
    }


async def _unwrap(cipher: Cipher, kept: dict[str, Any], digits: str, secret: Any) -> bytes:
    """Raises SealBroken when the PIN does not fit."""
    cost = {k: v for k, v in kept["pin"].items() if k != "wrapped"}
    sealer = await cipher.sealer(await cipher.derive(cost, digits, secret))
    [data_key] = await sealer.open(
        [(_binding(kept["key_id"], cost), base64.b64decode(kept["pin"]["wrapped"]))]
    )
    return data_key


def _binding(key_id: str, cost: dict[str, Any]) -> bytes:
    return b"waifang data key 1\n" + json.dumps([key_id, cost], sort_keys=True).encode()
