import json
from pathlib import Path

import pytest

from app.device.cipher import PBKDF2_ITERATIONS, SCRYPT_N
from app.device.folder import IN_BROWSER, DataFolder
from app.device.keys import KeyRing, KeysDamaged
from app.device.keystore import FileKeystore, KeystoreError
from app.device.tries import MOST
from app.ports import Busy, NotebookError, NotSaved, PinLocked, SealBroken, WrongPin
from tests.unit.device.ground import KeystoreInMemory, MovableClock, cipher_here, recovery_key

PIN = "246810"


class Phone:
    """One data folder, started anew as often as a test likes."""

    def __init__(self, path: Path) -> None:
        self.folder = DataFolder(path)
        self.clock = MovableClock()
        self.keystore = KeystoreInMemory()

    def started(self) -> KeyRing:
        self.folder.release()
        return KeyRing(self.folder, self.clock, self.keystore, cipher_here())

    async def wrong(self, pin: str = "000000") -> NotebookError:
        self.clock.passes(1_000)
        with pytest.raises(NotebookError) as caught:
            await self.started().unlock(pin)
        return caught.value


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    return Phone(tmp_path / "data")


async def test_the_pin_opens_what_was_sealed_before_a_restart(phone: Phone) -> None:
    keys = phone.started()
    assert not keys.exist()
    [sealed] = await (await keys.create(PIN, recovery_key())).seal([(b"aad", b"plain")])
    keys = phone.started()
    assert keys.exist()
    assert await (await keys.unlock(PIN)).open([(b"aad", sealed)]) == [b"plain"]


async def test_full_width_digits_of_a_chinese_keyboard_are_the_same_pin(phone: Phone) -> None:
    await phone.started().create("２４６８１０", recovery_key())
    await phone.started().unlock(PIN)


@pytest.mark.parametrize(
    "pin", ["", "12345", "1234567", "12345a", "12 456", "-12345", "１２３４５", "१२३४५६"]
)
async def test_a_pin_that_is_not_six_digits_is_refused_and_not_counted(phone: Phone, pin: str) -> None:
    with pytest.raises(NotebookError, match="six digits"):
        await phone.started().create(pin, recovery_key())
    assert not phone.started().exist()
    await phone.started().create(PIN, recovery_key())
    refused = await phone.wrong(pin)
    assert isinstance(refused, WrongPin)
    assert (refused.left, refused.wait_s) == (MOST, 0)


async def test_wrong_pins_wait_longer_and_the_right_one_is_not_looked_at_meanwhile(phone: Phone) -> None:
    await phone.started().create(PIN, recovery_key())
    told = []
    for _ in range(MOST - 1):
        refused = await phone.wrong()
        assert isinstance(refused, WrongPin)
        told.append((refused.left, refused.wait_s))
    assert [left for left, _ in told] == list(range(MOST - 1, 0, -1))
    waits = [wait for _, wait in told]
    assert waits == sorted(waits)
    assert waits[-1] > waits[2] > 0
    with pytest.raises(WrongPin, match="Wait"):
        await phone.started().unlock(PIN)
    phone.clock.passes(waits[-1] + 1)
    await phone.started().unlock(PIN)
    refused = await phone.wrong()
    assert isinstance(refused, WrongPin)
    assert refused.left == MOST - 1


async def test_after_ten_wrong_pins_it_stays_locked_and_nothing_is_destroyed(phone: Phone) -> None:
    await phone.started().create(PIN, recovery_key())
    before = (phone.folder.path / "keys.json").read_bytes()
    refusals = [await phone.wrong() for _ in range(MOST)]
    assert [type(e) for e in refusals] == [WrongPin] * (MOST - 1) + [PinLocked]
    assert isinstance(await phone.wrong(PIN), PinLocked)
    assert (phone.folder.path / "keys.json").read_bytes() == before
    assert len(phone.keystore.kept) == 1


async def test_a_try_is_counted_before_it_is_looked_at(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    await phone.started().create(PIN, recovery_key())

    async def pulls_the_battery(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("app.device.keys._unwrap", pulls_the_battery)
        with pytest.raises(KeyboardInterrupt):
            await phone.started().unlock("000000")
    refused = await phone.wrong()
    assert isinstance(refused, WrongPin)
    assert refused.left == MOST - 2


async def test_the_cost_is_written_beside_the_key_and_nobody_lowers_it(phone: Phone) -> None:
    kdf, cost, least, usual = (
        ("pbkdf2-sha256", "iterations", 600_000, PBKDF2_ITERATIONS)
        if IN_BROWSER
        else ("scrypt", "n", 2**15, SCRYPT_N)
    )
    await phone.started().create(PIN, recovery_key())
    path = phone.folder.path / "keys.json"
    kept = json.loads(path.read_bytes())
    assert (kept["pin"]["kdf"], kept["pin"][cost] >= least, kept["recovery"]["method"]) == (
        kdf,
        True,
        "RSA-OAEP-SHA256",
    )
    kept["pin"][cost] = usual // 2
    path.write_text(json.dumps(kept))
    with pytest.raises(KeysDamaged):
        await phone.started().unlock(PIN)
    kept["pin"][cost] = usual * 2
    path.write_text(json.dumps(kept))
    with pytest.raises(WrongPin):
        await phone.started().unlock(PIN)


async def test_the_pin_alone_opens_nothing_without_the_keystore_and_is_not_counted(phone: Phone) -> None:
    await phone.started().create(PIN, recovery_key())
    kept, phone.keystore.kept = phone.keystore.kept, {}
    assert isinstance(await phone.wrong(PIN), KeysDamaged)
    phone.keystore.kept = {name: bytes(32) for name in kept}
    assert isinstance(await phone.wrong(PIN), WrongPin)
    phone.keystore.kept = kept
    await phone.started().unlock(PIN)


async def test_a_silent_keyring_is_said_to_be_silent(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    await phone.started().create(PIN, recovery_key())

    async def silent(_: str) -> bytes:
        raise KeystoreError("no answer")

    monkeypatch.setattr(phone.keystore, "get", silent)
    refused = await phone.wrong(PIN)
    assert isinstance(refused, KeysDamaged)
    assert "keyring" in refused.message.text


async def test_keys_are_not_made_twice_and_not_without_a_recovery_key(phone: Phone) -> None:
    with pytest.raises(NotebookError, match="recovery key"):
        await phone.started().create(PIN, "-----BEGIN PUBLIC KEY-----")
    assert not phone.started().exist()
    await phone.started().create(PIN, recovery_key())
    with pytest.raises(NotebookError, match="already"):
        await phone.started().create(PIN, recovery_key())


async def test_the_folder_is_held_from_unlocking_on_but_not_after_a_refusal(phone: Phone) -> None:
    await phone.started().create(PIN, recovery_key())
    second = KeyRing(DataFolder(phone.folder.path), phone.clock, phone.keystore, cipher_here())
    with pytest.raises(Busy):
        await second.unlock(PIN)
    phone.folder.release()
    await phone.wrong()
    await second.unlock(PIN)


async def test_a_file_in_place_of_a_keyring_is_said_to_be_weaker(tmp_path: Path) -> None:
    folder, elsewhere = DataFolder(tmp_path / "data"), tmp_path / "config"
    keys = KeyRing(folder, MovableClock(), FileKeystore(elsewhere))
    assert keys.weakness() is None
    await keys.create(PIN, recovery_key())
    said = keys.weakness()
    assert said is not None
    assert "weaker" in said.text
    [secret] = elsewhere.iterdir()
    assert secret.stat().st_mode & 0o777 == 0o600
    held = secret.read_bytes()
    assert not any(held in p.read_bytes() for p in folder.path.iterdir())
    folder.release()


async def test_a_keyring_is_not_said_to_be_weaker(phone: Phone) -> None:
    keys = phone.started()
    await keys.create(PIN, recovery_key())
    assert keys.weakness() is None


async def test_discarded_keys_leave_nothing_behind(phone: Phone) -> None:
    keys = phone.started()
    await keys.create(PIN, recovery_key())
    await keys.discard()
    assert not keys.exist()
    assert phone.keystore.kept == {}
    [sealed] = await (await keys.create(PIN, recovery_key())).seal([(b"", b"x")])
    await keys.discard()
    with pytest.raises(SealBroken):
        await (await keys.create(PIN, recovery_key())).open([(b"", sealed)])


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"format":2}', b"\xff"])
async def test_a_key_file_that_cannot_be_read_is_said_to_be_damaged(phone: Phone, content: bytes) -> None:
    await phone.started().create(PIN, recovery_key())
    (phone.folder.path / "keys.json").write_bytes(content)
    assert isinstance(await phone.wrong(PIN), KeysDamaged)


@pytest.mark.parametrize("file", ["tries.json", "keys.json"])
async def test_a_disk_that_does_not_give_the_files_of_the_keys_is_no_wrong_pin_and_no_damage(
    phone: Phone, file: str
) -> None:
    await phone.started().create(PIN, recovery_key())
    kept = phone.folder.path / file
    aside = kept.rename(kept.with_suffix(".aside"))
    kept.mkdir()  # reads as an error of the disk, also for root
    with pytest.raises(NotSaved, match="could not read or write"):
        await phone.started().unlock(PIN)
    kept.rmdir()
    aside.rename(kept)
    await phone.started().unlock(PIN)
