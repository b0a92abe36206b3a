"""What a phone is bound with, as one link: the branch prints it as a QR code, the phone's own camera opens it.

The link leads to the app that the branch serves, `<server>/#bind?server=…&officer=…&code=…`: a fragment is never
sent, so no server's log holds a code. The page turns it into its route `/bind?…` before the app starts. A text of
the earlier form, `waifang://bind?…`, is read too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

SCHEME: Final = "waifang"
WEB: Final = ("http", "https")
_PLACE: Final = "bind"


@dataclass(frozen=True, slots=True)
class Binding:
    """The branch server's address, the officer's number, the code."""

    server: str
    officer: str
    code: str

    def link(self) -> str:
        """What the QR code holds; `server` has to begin with http:// or https://."""
        asked = urlencode({"server": self.server, "officer": self.officer, "code": self.code})
        return f"{self.server.rstrip('/')}/#{_PLACE}?{asked}"


def read_binding(text: str) -> Binding | None:
    """The binding in a pasted link or text, or in the page's route; None where it is something else."""
    try:
        asked = _asked(text.strip())
        told = {name: values[0] for name, values in parse_qs(asked).items()}
    except ValueError:
        return None
    found = [told.get(name, "").strip() for name in ("server", "officer", "code")]
    return Binding(*found) if all(found) else None


def _asked(text: str) -> str:
    """The query of the link's fragment, of the old text, or of the route; empty where it is none of them.

    Raises ValueError where it looks like an address and is none.
    """
    parts = urlsplit(text)
    if parts.scheme in WEB:
        place, _, query = parts.fragment.partition("?")
    else:
        place, query = parts.netloc if parts.scheme == SCHEME else parts.path.lstrip("/"), parts.query
    return query if place == _PLACE else ""
