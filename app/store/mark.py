"""The mark: a second, sealed copy of the few values without which a notebook made anew would be another phone.

Device id, the branch's head as acknowledged and the binding, in a small file beside the database. It is written
before the spool is emptied, so mark and spool together always know where the journal ends.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.ports import SealBroken, Sealer
from app.store.spool import flush, flush_folder, write_all
from sync.salvage import row_aad

MARK: Final = "waifang.mark"
_AAD: Final = row_aad("mark", "", "", 1, "")


class Mark:
    """One mark. `known`: it is there and opens with this key."""

    def __init__(self, path: Path, sealer: Sealer) -> None:
        self._path = path
        self._sealer = sealer
        self.known = False
        self.values: Mapping[str, bytes] = {}

    async def read(self) -> None:
        """What is kept; one that is lost or does not open is as none. Raises OSError."""
        try:
            sealed = self._path.read_bytes()
        except FileNotFoundError:
            return
        try:
            [plain] = await self._sealer.open([(_AAD, sealed)])
        except SealBroken:
            return
        self.values = {name: base64.b64decode(value) for name, value in json.loads(plain).items()}
        self.known = True

    async def keep(self, values: Mapping[str, bytes]) -> None:
        """Durable when it returns. Raises OSError; the old one stays then."""
        if self.known and values == self.values:
            return
        plain = json.dumps({name: base64.b64encode(value).decode() for name, value in values.items()})
        [sealed] = await self._sealer.seal([(_AAD, plain.encode())])
        replace_file(self._path, sealed)
        self.values, self.known = dict(values), True


def replace_file(path: Path, content: bytes) -> None:
    """The file whole or not at all, durably. Raises OSError."""
    beside = path.with_name(path.name + ".new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    try:
        try:
            write_all(handle, content)
            flush(handle)
        finally:
            os.close(handle)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)
