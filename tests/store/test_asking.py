"""Many ids in few statements."""

import pytest

from app.store.asking import in_pieces


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1_234])
def test_every_value_is_in_one_piece_that_any_sqlite_takes(count: int) -> None:
    values = [str(n) for n in range(count)]
    pieces = list(in_pieces(values))

    assert [v for piece, _ in pieces for v in piece] == values
    assert all(0 < len(piece) == marks.count("?") <= 999 for piece, marks in pieces)
