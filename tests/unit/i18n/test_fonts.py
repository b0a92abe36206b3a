from functools import cache
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from tests.support.catalogues import LOCALE
from tests.support.make_fonts import FONTS, ROOT, STANDARD, gb2312

WEIGHTS = ("Regular", "Bold")


@cache
def characters_of(weight: str) -> frozenset[str]:
    with TTFont(FONTS / f"NotoSansSC-{weight}.otf", lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


def missing(weight: str, text: str) -> str:
    return "".join(sorted(set(text) - characters_of(weight) - set("\r\n\t\ufeff")))


@pytest.mark.parametrize("weight", WEIGHTS)
def test_the_font_draws_every_character_a_name_is_registered_with(weight: str) -> None:
    standard = STANDARD.read_text("utf-8").strip()
    assert len(set(standard)) == 8105
    assert missing(weight, standard) == ""
    assert missing(weight, "䶮喆堃翀燊祎") == ""


@pytest.mark.parametrize("weight", WEIGHTS)
def test_the_font_draws_gb_2312_and_the_marks_of_money_and_lists(weight: str) -> None:
    assert len(gb2312()) == 7445
    assert missing(weight, gb2312()) == ""
    assert missing(weight, "¥￥·•…—–“”‘’→←✓①〇％（），。：；！？") == ""


@pytest.mark.parametrize("weight", WEIGHTS)
def test_the_font_draws_every_character_of_the_demo_lists(weight: str) -> None:
    lists = list((ROOT / "assets" / "demo").glob("*.csv"))
    assert lists
    assert {p.name: missing(weight, _read(p)) for p in lists if missing(weight, _read(p))} == {}


@pytest.mark.parametrize("weight", WEIGHTS)
def test_the_font_draws_every_character_the_program_says(weight: str) -> None:
    said = list(LOCALE.glob("*/LC_MESSAGES/*.po")) + list((ROOT / "assets" / "procedures").glob("*.toml"))
    assert {p.name: missing(weight, _read(p)) for p in said if missing(weight, _read(p))} == {}


@pytest.mark.parametrize("weight", WEIGHTS)
def test_the_font_is_called_by_the_name_the_theme_asks_for(weight: str) -> None:
    with TTFont(FONTS / f"NotoSansSC-{weight}.otf", lazy=True) as font:
        assert font["name"].getDebugName(1) == "Noto Sans SC"
        assert font["name"].getDebugName(2) == weight


def _read(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030")
