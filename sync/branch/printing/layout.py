"""What the papers look like: A4, the bundled font, plain lines."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

from sync.branch.printing.fonts import Written

WIDTH: Final = A4[0] - 44 * mm
GREY: Final = colors.HexColor("#555555")
LINE: Final = colors.HexColor("#999999")
_ROW_LINES: Final = 24  # of a table's row; a page holds about fifty


TITLE: Final = {"alignment": TA_CENTER, "spaceAfter": 4 * mm}


class Page:
    """Collects what stands on the paper, in the order it is said."""

    def __init__(self, written: Written) -> None:
        self.story: list[Any] = []
        self.written = written

    def text(self, words: str, size: float = 11, *, bold: bool = False, **more: Any) -> None:
        """A paragraph."""
        self.story.append(self.paragraph(words, size, bold=bold, **more))

    def paragraph(self, words: str, size: float = 11, *, bold: bool = False, **more: Any) -> Paragraph:
        """One, to be put into a table."""
        font = self.written.bold if bold else self.written.regular
        # Chinese lines break anywhere, not at blanks.
        style = ParagraphStyle(
            font, fontName=font, fontSize=size, **{"leading": size * 1.6, "wordWrap": "CJK", **more}
        )
        return Paragraph(escape(self.written.printable(words)), style)

    def table(
        self, rows: Sequence[Sequence[str]], widths: Sequence[float], *, size: float = 9, head: bool = True
    ) -> None:
        """Rows of words; the first is the heading. `widths` are shares of the page."""
        columns = [WIDTH * w / sum(widths) for w in widths]
        whole = [part for row in rows for part in _in_page_lengths(row, columns, size)]
        cells = [
            [self.paragraph(cell, size, bold=head and n == 0) for cell in row] for n, row in enumerate(whole)
        ]
        made = Table(cells, columns, repeatRows=1 if head else 0)
        made.setStyle(
            TableStyle(
                [
                    ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                    ("VALIGN", (0, 0), (-1, -1), "TOP"),
                    ("LEFTPADDING", (0, 0), (-1, -1), 2),
                    ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                    ("TOPPADDING", (0, 0), (-1, -1), 2),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
                ]
            )
        )
        self.story.append(made)


def _in_page_lengths(row: Sequence[str], columns: Sequence[float], size: float) -> Iterator[list[str]]:
    """The row, or as many rows as it takes for none to be longer than a page: a table's row is never broken."""
    most = [max(int(_ROW_LINES * width / size), 1) for width in columns]
    for n in count():
        part = [cell[n * fits : (n + 1) * fits] for cell, fits in zip(row, most, strict=True)]
        if n and not any(part):
            return
        yield part


def pdf(page: Page, title: str, foot: str) -> bytes:
    """The paper's bytes; `foot` stands at the bottom of every page beside its number."""
    out = io.BytesIO()

    def draw_foot(canvas: Any, document: Any) -> None:
        canvas.setFont(page.written.regular, 8)
        canvas.setFillColor(GREY)
        canvas.drawString(22 * mm, 10 * mm, page.written.printable(foot))
        canvas.drawRightString(A4[0] - 22 * mm, 10 * mm, f"第 {document.page} 页")

    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=22 * mm,
        rightMargin=22 * mm,
        topMargin=18 * mm,
        bottomMargin=18 * mm,
        title=title,
        author="",
        creator="Waifang",
    )
    document.build(page.story, onFirstPage=draw_foot, onLaterPages=draw_foot)
    return out.getvalue()
