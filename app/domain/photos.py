"""Photos as they may leave the phone: what they are by their first bytes, and nothing in them but the picture.

A camera writes where and when, its serial number, a second picture and sometimes a short film into a file. None of it
belongs to the record, which has its own position and time. Pixels are never touched. JPEG: ITU T.81 annex B, Exif 2.3;
PNG: RFC 2083; WebP: RFC 9649.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from app.domain.message import Message

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
_PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
# What is needed to draw the picture; everything else (text, time, Exif) goes.
_PNG_KEPT: Final = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"cICP"}
)  # fmt: skip
_WEBP_KEPT: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_HAS_EXIF_OR_XMP: Final = 0x08 | 0x04
_EXIF: Final = b"Exif\x00\x00"
_ORIENTATION: Final = 0x0112
_SHORT: Final = 3
_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_RESTARTS: Final = range(0xD0, 0xD8)
_APPS: Final = range(0xE0, 0xF0)


class NotAPhoto(ValueError):
    """The bytes are no photo this app takes, or a broken one; `message` is for the officer."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


def media_type_of(content: bytes) -> str | None:
    """image/jpeg, image/png or image/webp by the first bytes, whatever the file was called; None for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(_PNG_MAGIC):
        return PNG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    return None


def bare_photo(content: bytes) -> tuple[str, bytes]:
    """Its media type, and the photo without metadata; a JPEG keeps which way up it is. Raises NotAPhoto."""
    media_type = media_type_of(content)
    if media_type is None:
        raise NotAPhoto(Message("This is not a photo that can be kept: choose a JPEG, PNG or WebP picture."))
    strip = {JPEG: _bare_jpeg, PNG: _bare_png, WEBP: _bare_webp}[media_type]
    try:
        return media_type, strip(content)
    except (struct.error, IndexError, ValueError) as e:
        raise NotAPhoto(Message("This photo is damaged. Take it again, or choose another one.")) from e


def _bare_jpeg(content: bytes) -> bytes:
    """Up to the end of the first picture: what a camera appends behind it goes too."""
    kept, up = [b"\xff\xd8"], 1
    for marker, piece, payload in _jpeg_pieces(content):
        if marker == 0xE1 and payload.startswith(_EXIF):
            up = _orientation_in(payload[len(_EXIF) :])
        if _kept_in_jpeg(marker, payload):
            kept.append(piece)
    if up != 1:
        # Exif stands right behind the start of the file.
        kept.insert(1, _exif_with(up))
    return b"".join(kept)


def _kept_in_jpeg(marker: int, payload: bytes) -> bool:
    if marker == _COM:
        return False
    if marker not in _APPS:
        return True
    # JFIF and Adobe say how colours are meant, an ICC profile which ones.
    return (
        (marker == 0xE0 and payload.startswith(b"JFIF\x00"))
        or (marker == 0xE2 and payload.startswith(b"ICC_PROFILE\x00"))
        or (marker == 0xEE and payload.startswith(b"Adobe"))
    )


def _jpeg_pieces(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """`(marker, whole segment, its payload)` up to and with the end marker; a scan holds its coded data."""
    at, scans = 2, 0
    while True:
        if content[at] != 0xFF:
            raise ValueError("a marker was expected")
        while content[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = content[at + 1]
        if marker == _EOI:
            if not scans:
                raise ValueError("no picture before the end")
            yield marker, b"\xff\xd9", b""
            return
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(content):
            raise ValueError("a segment longer than the file")
        payload = content[at + 4 : end]
        if marker == _SOS:
            scans += 1
            end = _end_of_scan(content, end)
        yield marker, content[at:end], payload
        at = end


def _end_of_scan(content: bytes, at: int) -> int:
    """Where the coded data ends: at the next marker that is neither a stuffed byte nor a restart."""
    while True:
        at = content.index(b"\xff", at)
        following = content[at + 1]
        if following == 0xFF:
            at += 1
        elif following == 0 or following in _RESTARTS:
            at += 2
        else:
            return at


def _orientation_in(tiff: bytes) -> int:
    """1 to 8; 1 (upright) where it does not say, or says it wrongly: the picture itself may be whole."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (first,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, first)
        for n in range(entries):
            tag, kind, count, value = struct.unpack_from(order + "HHIH", tiff, first + 2 + 12 * n)
            if (tag, kind, count) == (_ORIENTATION, _SHORT, 1):
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _exif_with(orientation: int) -> bytes:
    """An APP1 that holds the orientation and nothing else."""
    tiff = b"MM\x00\x2a" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, _SHORT, 1, orientation, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", 2 + len(_EXIF) + len(tiff)) + _EXIF + tiff


def _bare_png(content: bytes) -> bytes:
    kept, at, kind = [_PNG_MAGIC], len(_PNG_MAGIC), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise ValueError("a chunk longer than the file")
        if kind in _PNG_KEPT:
            kept.append(content[at:end])
        at = end
    return b"".join(kept)


def _bare_webp(content: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", content, 4)
    stop = 8 + size
    if stop > len(content):
        raise ValueError("shorter than it says")
    kept, at = [], 12
    while at < stop:
        kind, length = struct.unpack_from("<4sI", content, at)
        end = at + 8 + length
        if end > stop:
            raise ValueError("a chunk longer than the file")
        chunk = content[at:end] + b"\x00" * (length % 2)
        if kind == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_HAS_EXIF_OR_XMP & 0xFF]) + chunk[9:]
        if kind in _WEBP_KEPT:
            kept.append(chunk)
        at = end + length % 2
    body = b"WEBP" + b"".join(kept)
    if not kept:
        raise ValueError("no picture")
    return b"RIFF" + struct.pack("<I", len(body)) + body
