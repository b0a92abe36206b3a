"""Draws the icon and the start picture: a door on a notebook's page, in the seed colour.

    python -m tests.support.make_icons

Needs Chromium. Not run in CI: the pictures are committed. The start picture carries 外访 as outlines, because it is
on the screen before any font is.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont
from playwright.sync_api import Page, sync_playwright

from tests.support.make_fonts import FONTS

ASSETS = FONTS.parent
TEAL, DEEP, PALE, LAMP = "#006A64", "#00504B", "#9EF2E9", "#FFB951"
# On a 512 square. The door stands ajar on the page of a notebook bound on its left.
NOTEBOOK = f"""
<rect x="118" y="84" width="292" height="344" rx="34" fill="#FFFFFF"/>
<path d="M152 84h22v344h-22a34 34 0 0 1-34-34V118a34 34 0 0 1 34-34z" fill="{PALE}"/>
<g fill="{DEEP}"><rect x="98" y="146" width="46" height="22" rx="11"/><rect x="98" y="245" width="46" height="22" rx="11"/>
<rect x="98" y="344" width="46" height="22" rx="11"/></g>
<path d="M222 372V202a70 70 0 0 1 140 0v170z" fill="{DEEP}"/>
<path d="M236 372V206a56 56 0 0 1 56-56 v0 l44 26 v214 l-100-18z" fill="{TEAL}"/>
<circle cx="314" cy="288" r="12" fill="{LAMP}"/>
"""
SIZES = {
    "icon.png": (512, 1.0, 96),
    "icon_ios.png": (1024, 1.0, 0),  # the App Store's size; iOS rounds the corners itself
    "splash.png": (768, 1.0, 96),
    "favicon.png": (64, 1.25, 96),
    "icons/icon-192.png": (192, 1.0, 96),
    "icons/icon-512.png": (512, 1.0, 96),
    "icons/apple-touch-icon-192.png": (192, 1.0, 0),
    "icons/icon-maskable-192.png": (192, 0.84, 0),
    "icons/icon-maskable-512.png": (512, 0.84, 0),
}


def icon(scale: float, corner: int) -> str:
    """`scale` of the drawing about the middle; a maskable icon keeps it within the inner four fifths."""
    place = f"translate(256 256) scale({scale}) translate(-256 -256)"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512">'
        f'<rect width="512" height="512" rx="{corner}" fill="{TEAL}"/><g transform="{place}">{NOTEBOOK}</g></svg>'
    )


def outlines(text: str, size: float, x: float, baseline: float) -> str:
    """`text` as one SVG path, set in the bold weight from `x` on."""
    with TTFont(FONTS / "NotoSansSC-Bold.otf") as font:
        glyphs, cmap = font.getGlyphSet(), font.getBestCmap()
        scale = size / font["head"].unitsPerEm
        pen = SVGPathPen(glyphs, ntos=lambda v: f"{v:.1f}")
        for character in text:
            glyph = glyphs[cmap[ord(character)]]
            glyph.draw(TransformPen(pen, (scale, 0, 0, -scale, x, baseline)))
            x += glyph.width * scale
        return pen.getCommands()


def start_picture() -> str:
    badge = icon(1.0, 96).replace("<svg ", '<svg x="60" y="0" width="120" height="120" ', 1)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 196">'
        f"<style>.name{{fill:{TEAL}}}@media (prefers-color-scheme:dark){{.name{{fill:#83D6CE}}}}</style>"
        f'{badge}<path class="name" d="{outlines("外访", 44, 76, 180)}"/></svg>\n'
    )


def draw(page: Page, svg: str, size: int, out: Path) -> None:
    page.set_viewport_size({"width": size, "height": size})
    page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:{size}px}}</style>{svg}")
    page.screenshot(path=out, omit_background=True)


def main() -> None:
    (ASSETS / "icons").mkdir(exist_ok=True)
    (ASSETS / "icons" / "start.svg").write_text(start_picture(), "utf-8")
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        for name, (size, scale, corner) in SIZES.items():
            draw(page, icon(scale, corner), size, ASSETS / name)
        browser.close()


if __name__ == "__main__":
    main()
