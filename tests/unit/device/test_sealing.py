import pytest

from app.ports import SealBroken
from sync.salvage import open_row
from tests.support.sealers import sealer_of

KEY = bytes(range(32))


async def test_rows_open_at_their_place_and_at_no_other() -> None:
    sealer = await sealer_of(KEY)
    first, second = await sealer.seal([(b"here", b"one"), (b"there", b"")])
    assert await sealer.open([(b"there", second), (b"here", first)]) == [b"", b"one"]
    with pytest.raises(SealBroken):
        await sealer.open([(b"there", first)])
    with pytest.raises(SealBroken):
        await (await sealer_of(bytes(32))).open([(b"here", first)])


async def test_the_same_row_is_sealed_differently_each_time() -> None:
    sealer = await sealer_of(KEY)
    sealed = await sealer.seal([(b"aad", b"plain")] * 500)
    assert len({s[:12] for s in sealed}) == len({s[12:] for s in sealed}) == 500


@pytest.mark.parametrize("cut", [0, 11, 12, 27])
async def test_a_row_cut_short_is_broken(cut: int) -> None:
    sealer = await sealer_of(KEY)
    [sealed] = await sealer.seal([(b"aad", b"")])
    assert len(sealed) == 28
    with pytest.raises(SealBroken):
        await sealer.open([(b"aad", sealed[:cut])])


async def test_the_branch_opens_with_the_same_rules() -> None:
    [sealed] = await (await sealer_of(KEY)).seal([(b"aad", b"plain")])
    assert open_row(KEY, b"aad", sealed) == b"plain"
