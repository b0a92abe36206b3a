"""Photos without what a camera writes beside the picture. The pictures are made by Pillow, which also reads them back."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from app.domain.photos import NotAPhoto, bare_photo, media_type_of

SECRET = b"32.35 N, serial 4711"


def picture(**more: object) -> Image.Image:
    """Every pixel different enough that a decoder which lost some would tell."""
    made = Image.new("RGB", (64, 48))
    made.putdata([(x * 4 % 256, y * 5 % 256, (x * y) % 256) for y in range(48) for x in range(64)])
    return made


def camera_jpeg(orientation: int = 1, **more: object) -> bytes:
    """A JPEG as a phone makes it: with a position, a serial number, a comment and something behind its end."""
    exif = Image.Exif()
    if orientation != 1:
        exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.ImageDescription] = SECRET.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (32.0, 21.0, 0.0)
    out = io.BytesIO()
    picture().save(out, "JPEG", quality=85, exif=exif, comment=SECRET, **more)
    return out.getvalue() + b"MotionPhoto" + SECRET


def pixels(content: bytes) -> bytes:
    """What a decoder makes of it."""
    return Image.open(io.BytesIO(content)).convert("RGB").tobytes()


@pytest.mark.parametrize(
    "more", [{}, {"progressive": True}, {"restart_marker_blocks": 2}, {"subsampling": 0}]
)
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_jpeg_keeps_its_pixels_and_which_way_up_it_is_and_nothing_else(
    orientation: int, more: dict[str, object]
) -> None:
    taken = camera_jpeg(orientation, **more)
    assert SECRET in taken
    media_type, bare = bare_photo(taken)
    assert media_type == "image/jpeg"
    assert pixels(bare) == pixels(taken)
    assert SECRET not in bare and b"Motion" not in bare and bare.endswith(b"\xff\xd9")
    exif = Image.open(io.BytesIO(bare)).getexif()
    assert dict(exif) == ({ExifTags.Base.Orientation: orientation} if orientation != 1 else {})
    assert not exif.get_ifd(ExifTags.IFD.GPSInfo)
    assert bare_photo(bare) == (media_type, bare)


def test_a_colour_profile_stays_because_the_picture_is_drawn_by_it() -> None:
    out = io.BytesIO()
    picture().save(out, "JPEG", icc_profile=b"profile" * 40)
    assert Image.open(io.BytesIO(bare_photo(out.getvalue())[1])).info["icc_profile"] == b"profile" * 40


def test_an_orientation_that_makes_no_sense_is_dropped() -> None:
    taken = camera_jpeg(6)
    wrong = taken.replace(struct.pack(">HHIH", 0x0112, 3, 1, 6), struct.pack(">HHIH", 0x0112, 3, 1, 77))
    wrong = wrong.replace(struct.pack("<HHIH", 0x0112, 3, 1, 6), struct.pack("<HHIH", 0x0112, 3, 1, 77))
    assert wrong != taken
    assert not dict(Image.open(io.BytesIO(bare_photo(wrong)[1])).getexif())


def test_a_png_loses_its_texts_and_a_webp_its_exif() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", SECRET.decode())
    out = io.BytesIO()
    picture().save(out, "PNG", pnginfo=texts)
    media_type, bare = bare_photo(out.getvalue() + SECRET)
    assert (media_type, pixels(bare)) == ("image/png", picture().tobytes())
    assert SECRET not in bare
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = SECRET.decode()
    out = io.BytesIO()
    picture().save(out, "WEBP", lossless=True, exif=exif)
    assert SECRET in out.getvalue()
    media_type, bare = bare_photo(out.getvalue() + SECRET)
    assert (media_type, pixels(bare)) == ("image/webp", picture().tobytes())
    assert SECRET not in bare


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + b"\0" * 20,
        b"RIFF\0\0\0\0AVI ",
    ],
)
def test_anything_that_is_no_photo_is_refused_whatever_it_is_called(content: bytes) -> None:
    assert media_type_of(content) is None
    with pytest.raises(NotAPhoto) as refused:
        bare_photo(content)
    assert "JPEG, PNG or WebP" in refused.value.message.text


def test_a_photo_cut_off_anywhere_is_refused_as_damaged_and_never_fails_otherwise() -> None:
    out = io.BytesIO()
    picture().save(out, "PNG")
    webp = io.BytesIO()
    picture().save(webp, "WEBP")
    jpeg = io.BytesIO()
    picture().save(jpeg, "JPEG", comment=SECRET)
    for whole in (jpeg.getvalue(), out.getvalue(), webp.getvalue()):
        for cut in range(12, len(whole) - 1):
            with pytest.raises(NotAPhoto):
                bare_photo(whole[:cut])
