"""The parts of `kills` that a photo passes through: saved on the phone, sent, arriving at the branch, kept in its folder.

Afterwards every file that a record at the branch declares is there byte for byte, no file of the folder is another one
than its name says, what had arrived was not sent again, and the record itself never waited for its photo.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from sync.branch import tables as t
from sync.branch.blob_store import FOLDER
from sync.branch.uploads import PART_BYTES
from sync.protocol import BLOB_CHUNK_BYTES
from tests.faults.command_phone import CommandPhone
from tests.faults.ready import Outcome

if TYPE_CHECKING:
    from tests.faults.kills import Sweep

SMALL: Final = 12_000  # bytes: a few pages of the phone's file
LARGE: Final = BLOB_CHUNK_BYTES + 12_000  # the phone sends it in two pieces
KEPT_IN_PARTS: Final = (
    PART_BYTES + 4_000
)  # the branch's database keeps one part of it until the rest is there
_NAME: Final = hashlib.sha256().digest_size * 2


class Photos:
    """What becomes of photos in one sweep."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._seen: set[str] = set()  # records whose files were found right

    def save(self) -> None:
        """The phone writes form, photo and record."""
        self._each(
            "photo",
            self._sweep.new_phone,
            lambda phone, fault: phone.photo(self._sweep.case_id, os.urandom(SMALL), fault),
        )

    def send(self) -> None:
        """The phone syncs with a photo that waits."""
        self._each(
            "upload",
            lambda: self._one_waits(self._sweep.new_phone(), LARGE),
            lambda phone, fault: phone.run("sync", fault=fault),
        )

    def arrive(self) -> None:
        """The branch's database while a photo arrives."""
        self._at_branch("chunks", lambda _: self._sweep.database)

    def keep(self) -> None:
        """The branch's folder of files; whatever happens to it, the text is through."""

        def file(phone: CommandPhone) -> Path:
            name = hashlib.sha256(phone.photos[phone.printed[-1]]).hexdigest()
            return self._sweep.branch.folder / FOLDER / name[:2] / name

        def being_written(phone: CommandPhone) -> list[Path]:
            whole = file(phone)
            return [whole.with_name(f"{whole.name}#{n}") for n in range(1, 5)]

        def written(phone: CommandPhone) -> list[Path]:
            whole = file(phone)
            return [whole, whole.parent, whole.parent.parent]

        def text_is_through(phone: CommandPhone, where: str) -> None:
            assert phone.printed[-1] in self._declared(), (where, "the photo held up the text")

        for paths in (being_written, written):  # each by a thread of its own
            self._at_branch("files", paths, text_is_through)

    def _at_branch(
        self,
        name: str,
        paths: Callable[[CommandPhone], Sequence[Path]],
        at_once: Callable[[CommandPhone, str], None] | None = None,
    ) -> None:
        sweep = self._sweep

        def check(phone: CommandPhone, where: str) -> None:
            if at_once is not None:
                at_once(phone, where)
            sweep.branch.start()
            self._check(phone, where)
            sweep.branch.stop()

        sweep.branch.stop()
        sweep.each(
            name,
            lambda: self._one_waits(sweep.phone, KEPT_IN_PARTS),
            lambda phone, fault: sweep.sync_with_faulty_branch(phone, fault, paths(phone)),
            check,
        )
        sweep.branch.start()
        self._all_right(name)

    def _each(
        self,
        name: str,
        prepare: Callable[[], CommandPhone],
        work: Callable[[CommandPhone, str], Outcome],
    ) -> None:
        self._sweep.each(name, prepare, work, self._check)
        self._all_right(name)

    def _one_waits(self, phone: CommandPhone, size: int) -> CommandPhone:
        assert phone.photo(self._sweep.case_id, os.urandom(size)).code == 0
        return phone

    def _check(self, phone: CommandPhone, where: str) -> None:
        activity_id = phone.printed[-1] if phone.printed else ""
        begun = self._uploads(activity_id)
        assert not begun or activity_id in self._declared(), (where, "the photo went before its record")
        self._sweep.check(phone, where)
        self._files_are_right(where)
        went_on = [i for i, arrived in begun.items() if arrived]
        assert not went_on or self._uploads(activity_id).keys() == begun.keys(), (
            where,
            "sent from the start",
        )

    def _uploads(self, activity_id: str) -> dict[str, int]:
        """Uploads begun for a record, and how much of each has arrived."""
        up = t.upload.c
        with self._sweep.branch.office.reading() as conn:
            rows = conn.execute(select(up.upload_id, up.arrived).where(up.activity_id == activity_id)).all()
        return {row.upload_id: row.arrived for row in rows}

    def _declared(self) -> dict[str, list[str]]:
        """The files of the records at the branch."""
        act = t.activity.c
        with self._sweep.branch.office.reading() as conn:
            rows = conn.execute(select(act.activity_id, act.record)).all()
        return {row.activity_id: [blob["sha256"] for blob in json.loads(row.record)["blobs"]] for row in rows}

    def _files_are_right(self, where: str) -> None:
        branch = self._sweep.branch
        wanted = {i: files for i, files in self._declared().items() if i not in self._seen}
        with branch.office.reading() as conn:
            kept = {tuple(row) for row in conn.execute(select(t.blob.c.activity_id, t.blob.c.sha256))}
        for activity_id, files in wanted.items():
            for sha256 in files:
                assert (activity_id, sha256) in kept, (where, "the photo is lost")
                content = branch.office.blobs.get(sha256) or b""
                assert hashlib.sha256(content).hexdigest() == sha256, (where, "the photo is another one")
        self._seen |= wanted.keys()

    def _all_right(self, where: str) -> None:
        """At the end: all files of the folder, those nobody declares too."""
        self._seen.clear()
        self._files_are_right(where)
        for file in (self._sweep.branch.folder / FOLDER).rglob("*"):
            if len(file.name) == _NAME:
                whole = hashlib.sha256(file.read_bytes()).hexdigest() == file.name
                assert whole, (where, "half a file counts as whole")
