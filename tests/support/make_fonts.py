"""Makes assets/fonts from Debian's fonts-noto-cjk: Noto Sans SC, regular and bold, cut down to what is written here.

    apt-get install fonts-noto-cjk unicode-data && pip install fonttools
    python -m tests.support.make_fonts

Not run in CI: the fonts are committed. The 8,105 characters of 通用规范汉字表 (2013, the characters names are
registered with) come from the field kTGH of Unihan and are kept beside this file for the tests.
"""

from __future__ import annotations

import bz2
import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont

ROOT = Path(__file__).parents[2]
FONTS = ROOT / "assets" / "fonts"
STANDARD = Path(__file__).with_name("general_standard_characters.txt")
UNIHAN = Path("/usr/share/unicode/Unihan_OtherMappings.txt.bz2")
NOTO = Path("/usr/share/fonts/opentype/noto")
LICENCE = Path("/usr/share/doc/fonts-noto-cjk/copyright")
SC = "Noto Sans CJK SC"
BLOCKS = (
    (0x20, 0x7E),
    (0xA0, 0xFF),
    (0x2010, 0x2027),
    (0x2030, 0x203B),
    (0x2190, 0x2199),
    (0x2460, 0x2473),
    (0x3000, 0x303F),
    (0xFF01, 0xFF5E),
    (0xFFE0, 0xFFE6),
)
SIGNS = "€№℃±×÷≈≠≤≥∞√✓○●◎◇◆□■△▲▽▼☆★☎♀♂"
# Vertical writing and typographic variants: nothing here is set that way, and they are a fifth of the file.
UNUSED_TABLES = ["BASE", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx"]


def standard_characters() -> str:
    """The 8,105 characters in the order of the table."""
    numbered = []
    with bz2.open(UNIHAN, "rt", encoding="utf-8") as f:
        for line in f:
            if "\tkTGH\t" in line:
                code, _, place = line.strip().split("\t")
                numbered.append((int(place.split(":")[1]), chr(int(code[2:], 16))))
    return "".join(character for _, character in sorted(numbered))


def gb2312() -> str:
    """Every character of GB 2312, row by row."""
    cells = (bytes((row, cell)) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    return "".join(cell.decode("gb2312", "ignore") for cell in cells)


def wanted(standard: str) -> set[int]:
    signs = {code for first, last in BLOCKS for code in range(first, last + 1)}
    return signs | {ord(c) for c in SIGNS + standard + gb2312()}


def subset(weight: str, characters: set[int]) -> TTFont:
    collection = TTCollection(NOTO / f"NotoSansCJK-{weight}.ttc")
    font = next(
        f
        for f in collection.fonts
        if f["name"].getDebugName(1).startswith(SC) and "Mono" not in f["name"].getDebugName(1)
    )
    options = Options(
        hinting=False,
        layout_features=[],
        name_IDs=[0, 13, 14],
        notdef_outline=True,
        drop_tables=[*Options._drop_tables_default, *UNUSED_TABLES],
    )
    cutter = Subsetter(options)
    cutter.populate(unicodes=characters)
    cutter.subset(font)
    _rename(font, weight)
    return font


def _rename(font: TTFont, weight: str) -> None:
    """A subset may not pass for the whole family (OFL): it has a name, and a version, of its own."""
    names = {
        1: "Noto Sans SC",
        2: weight,
        3: f"Waifang subset; NotoSansSC-{weight}",
        4: f"Noto Sans SC {weight}",
        5: "Version 2.004; subset",
        6: f"NotoSansSC-{weight}",
    }
    for number, text in names.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    top = font["CFF "].cff
    top.fontNames = [names[6]]
    top[0].FamilyName, top[0].FullName, top[0].Weight = names[1], names[4], weight


def main() -> None:
    FONTS.mkdir(parents=True, exist_ok=True)
    standard = standard_characters()
    assert len(standard) == len(set(standard)) == 8105
    STANDARD.write_text(standard + "\n", "utf-8")
    characters = wanted(standard)
    for weight in ("Regular", "Bold"):
        font = subset(weight, characters)
        missing = sorted(characters - font.getBestCmap().keys())
        out = FONTS / f"NotoSansSC-{weight}.otf"
        font.save(out)
        sys.stdout.write(f"{out.name}: {out.stat().st_size} bytes, {len(font.getBestCmap())} characters; ")
        sys.stdout.write(f"not in the family: {' '.join(f'U+{c:04X}' for c in missing) or 'none'}\n")


if __name__ == "__main__":
    main()
