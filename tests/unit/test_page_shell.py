"""The page the desk and the phone's browser load: our own copies of files that flet-web brings too."""

import json
import re
import struct
from pathlib import Path

from flet_web import get_package_web_dir

ASSETS = Path(__file__).parents[2] / "assets"
STOCK = Path(get_package_web_dir())


def size_of(png: Path) -> tuple[int, int]:
    head = png.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:])
    return width, height


def test_the_page_has_every_setting_and_hook_of_the_installed_flet() -> None:
    ours, stock = (ASSETS / "index.html").read_text("utf-8"), (STOCK / "index.html").read_text("utf-8")
    settings = re.compile(r"^\s{6}(\w+):", re.M)
    assert settings.findall(ours) == settings.findall(stock)
    for hook in (
        "<!-- fletAppConfig -->",
        '<script src="python.js">',
        '<script src="flutter_bootstrap.js"',
        "<base href=",
    ):
        assert hook in stock
        assert hook in ours


def test_the_page_asks_nobody_else_for_anything() -> None:
    assert re.findall(r"(?:src|href)=\"https?://", (ASSETS / "index.html").read_text("utf-8")) == []


def test_every_font_the_page_loads_first_is_there() -> None:
    served = ASSETS / "assets"
    fonts = json.loads((served / "FontManifest.json").read_text("utf-8"))
    assert {f["family"] for f in fonts} == {"MaterialIcons", "Noto Sans SC"}
    for font in (f["asset"] for family in fonts for f in family["fonts"]):
        assert (served / font).is_file() or (STOCK / "assets" / font).is_file(), font


def test_every_icon_of_the_installed_page_is_there_in_its_size() -> None:
    manifest = json.loads((ASSETS / "manifest.json").read_text("utf-8"))
    assert manifest["name"] == "外访"
    assert {i["sizes"] for i in manifest["icons"]} == {"192x192", "512x512"}
    for icon in manifest["icons"]:
        assert "x".join(map(str, size_of(ASSETS / icon["src"]))) == icon["sizes"]
    assert size_of(ASSETS / "icons" / "apple-touch-icon-192.png") == (192, 192)
    assert size_of(ASSETS / "favicon.png") == (64, 64)


def test_the_start_picture_needs_no_font() -> None:
    picture = (ASSETS / "icons" / "start.svg").read_text("utf-8")
    assert "<path" in picture
    assert "<text" not in picture
