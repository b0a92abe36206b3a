"""How the screens were last shown: in which language, colours and text size.

Not sealed, because the PIN is asked for in them; nothing of it is about a borrower.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from app.device.files import write_durably
from app.device.folder import LOOK, DataFolder

log = logging.getLogger(__name__)


class KeptLook:
    """The look kept in a data folder. Losing it loses nothing: it is never worth an error."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder

    def read(self) -> dict[str, str]:
        """What was kept, by name; empty where nothing was or it cannot be read. Whoever can write the folder can
        write anything here.
        """
        try:
            told = json.loads((self._folder.path / LOOK).read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return {k: v for k, v in told.items() if isinstance(v, str)} if isinstance(told, dict) else {}

    async def keep(self, look: Mapping[str, str]) -> None:
        """Keep it for the next start, in a folder that is there already."""
        if self.read() == look:
            return
        try:
            write_durably(self._folder.path / LOOK, json.dumps(dict(look)).encode())
            await self._folder.settle()
        except OSError as e:
            log.warning("the look is not kept: %s", type(e).__name__)
