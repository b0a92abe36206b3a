"""What a phone is bound with, as one text: the branch prints it as a QR code, the officer scans or pastes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

SCHEME: Final = "waifang"
_PLACE: Final = "bind"


@dataclass(frozen=True, slots=True)
class Binding:
    """The branch server's address, the officer's number, the code."""

    server: str
    officer: str
    code: str

    def text(self) -> str:
        """`waifang://bind?server=…&officer=…&code=…`."""
        asked = urlencode({"server": self.server, "officer": self.officer, "code": self.code})
        return f"{SCHEME}://{_PLACE}?{asked}"


def read_binding(text: str) -> Binding | None:
    """The binding in a scanned or pasted text; None where it is something else."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return None
    if parts.scheme != SCHEME or parts.netloc != _PLACE:
        return None
    told = {name: values[0] for name, values in parse_qs(parts.query).items()}
    found = [told.get(name, "").strip() for name in ("server", "officer", "code")]
    return Binding(*found) if all(found) else None
