"""`python -m app` as faults befall it: its own `main`, one command more, and a PIN that costs less.

The PIN's key is slow on purpose, and no write depends on how slow: most of a sweep's time would be spent on it. `photo
CASE FILE` does what a form with a photo does, which the command line has no word for: the draft, the photo beside it,
then both saved; it prints the record's id.
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from pathlib import Path
from typing import Final

from app import __main__ as app
from app.bootstrap import open_notebook
from app.device import cipher
from app.i18n import translator
from app.ports import NotebookError
from app.views import Draft, NewActivity, NewBlob

PHOTO: Final = "photo"
_CHEAP: Final = 2**4


def main(words: list[str]) -> int:
    """One command; `--lang L --data DIR` come first. Returns its exit code."""
    vars(cipher)["SCRYPT_N"] = _CHEAP
    language, data = words[1], words[3]
    if words[4] != PHOTO:
        return app.main(words)
    try:
        asyncio.run(_photo(Path(data), words[5], Path(words[6]).read_bytes()))
    except NotebookError as e:
        sys.stderr.write(translator(language).say(e.message) + "\n")
        return app.REFUSED
    return 0


async def _photo(data: Path, case_id: str, content: bytes) -> None:
    notebook = open_notebook(data)
    try:
        await notebook.unlock(os.environ["WAIFANG_PIN"])
        draft = Draft(str(uuid.uuid4()), case_id, "note", {"text": "门口"})
        await notebook.save_draft(draft)
        await notebook.keep_draft_file(draft.draft_id, "photo", content)
        photo = NewBlob("photo", "image/jpeg", content)
        new = NewActivity(case_id, draft.kind, draft.form, draft.draft_id, blobs=(photo,))
        [activity_id] = await notebook.record([new], draft.draft_id)
        sys.stdout.write(activity_id + "\n")
    finally:
        await notebook.lock()
