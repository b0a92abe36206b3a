"""The branch's folder of files."""

import hashlib
import os
import time
from pathlib import Path

from sync.branch.blob_store import BlobStore


def put_beside(store: BlobStore, like: str) -> str:
    """Keep one more file that lies in the folder of another; its SHA-256."""
    contents = (str(n).encode() for n in range(100_000))
    content = next(c for c in contents if hashlib.sha256(c).hexdigest()[:2] == like[:2])
    sha256 = hashlib.sha256(content).hexdigest()
    store.put(sha256, content)
    return sha256


def test_half_a_file_of_a_killed_process_is_cleared_away_a_day_later_and_a_write_going_on_is_not(
    tmp_path: Path,
) -> None:
    store, photo = BlobStore(tmp_path), hashlib.sha256(b"photo").hexdigest()
    store.put(photo, b"photo")
    [kept] = tmp_path.rglob(photo)
    left, going_on = kept.with_name(f"{photo}#1"), kept.with_name(f"{photo}#2")
    for half in (left, going_on):
        half.write_bytes(b"pho")
    long_ago = time.time() - 25 * 60 * 60
    for old in (left, kept):
        os.utime(old, (long_ago, long_ago))
    other = put_beside(store, photo)

    assert {f.name for f in kept.parent.iterdir()} == {photo, going_on.name, other}
    assert store.get(photo) == b"photo"
