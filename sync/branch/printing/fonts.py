"""The bundled font, as ReportLab wants it: TrueType outlines of the characters a paper uses.

assets/fonts holds PostScript outlines (half the size); what a paper needs of them is converted when it is made.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, newTable
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont as PdfFont

FOLDER: Final = Path(__file__).parents[3] / "assets" / "fonts"
_FILES: Final = ("NotoSansSC-Regular.otf", "NotoSansSC-Bold.otf")
_papers = count(1)  # ReportLab keeps the first font of a name, whatever is registered later
# What layouts add by themselves.
_ALWAYS: Final = "0123456789 .,:;-–—·…/()（）第页共，。：；、"
_NAMED: Final = (1, 3, 4, 6)  # family, unique, full and PostScript name
_ERROR: Final = 1.0  # of 1,000 units: no eye sees it on paper


@dataclass(frozen=True, slots=True)
class Written:
    """The registered fonts of one paper; `missing` are characters they do not have (printed as 〓)."""

    regular: str
    bold: str
    missing: frozenset[str]

    def printable(self, text: str) -> str:
        """The text as it can be printed."""
        return "".join("〓" if c in self.missing else c for c in text)


def register(texts: Iterable[str]) -> Written:
    """Register both weights for the characters of `texts`."""
    wanted = {c for text in texts for c in text if c.isprintable()} | set(_ALWAYS) | {"〓"}
    missing: set[str] = set()
    paper = next(_papers)
    names = [f"Waifang{paper}{weight}" for weight in ("Regular", "Bold")]
    for name, file in zip(names, _FILES, strict=True):
        font = TTFont(FOLDER / file)
        has = font.getBestCmap()
        missing |= {c for c in wanted if ord(c) not in has}
        pdfmetrics.registerFont(PdfFont(name, io.BytesIO(_truetype(font, wanted - missing, name))))
    return Written(names[0], names[1], frozenset(missing))


def _truetype(font: Any, characters: set[str], name: str) -> bytes:
    """A subset of a PostScript font as a TrueType font of its own name."""
    options = Options()
    options.notdef_outline = True
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=sorted(map(ord, characters)))
    subsetter.subset(font)
    drawn, order = font.getGlyphSet(), font.getGlyphOrder()
    glyphs = {}
    for glyph_name in order:
        pen = TTGlyphPen(drawn)
        drawn[glyph_name].draw(Cu2QuPen(pen, _ERROR, reverse_direction=True))
        glyphs[glyph_name] = pen.glyph()
    font["loca"] = newTable("loca")
    font["glyf"] = outlines = newTable("glyf")
    outlines.glyphOrder, outlines.glyphs = order, glyphs
    del font["CFF "]
    for glyph_name, glyph in glyphs.items():
        glyph.recalcBounds(outlines)
        advance, _ = font["hmtx"][glyph_name]
        font["hmtx"][glyph_name] = advance, getattr(glyph, "xMin", 0)
    most = font["maxp"]
    most.tableVersion = 0x00010000
    most.maxZones, most.maxComponentElements = 1, 0
    for member in (
        "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs", "maxStackElements",
        "maxSizeOfInstructions",
    ):  # fmt: skip
        setattr(most, member, 0)
    font["post"].formatType = 3.0
    for record in font["name"].names:
        if record.nameID in _NAMED:
            record.string = name
    font.sfntVersion = "\000\001\000\000"
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()
