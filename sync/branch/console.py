"""What the branch's commands share: the data folder, and how an answer is given.

Standard output holds the answer and nothing else: sentences in Chinese and English, or one JSON object with
`--json`, which may stand before the command or after it. Errors are a sentence on standard error and exit 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from app.domain.message import Message
from sync.branch.office import Office
from sync.branch.said import in_both

JsonFlag = Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")]


@dataclass(frozen=True, slots=True)
class Console:
    """One run of the command line: its data folder, database and store of files, and whether to answer in JSON."""

    folder: Path
    json: bool = False
    blobs_url: str | None = None
    database_url: str | None = None

    @contextmanager
    def office(self) -> Iterator[Office]:
        """The branch in the data folder. Raises NotInitialised or NewerData."""
        office = Office.open(self.folder, blobs_url=self.blobs_url, database_url=self.database_url)
        try:
            yield office
        finally:
            office.close()

    def answer(self, value: Mapping[str, Any], *sentences: Message) -> None:
        """The command's result: `value` with --json, otherwise the sentences."""
        if self.json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
        else:
            sys.stdout.writelines(in_both(s) + "\n" for s in sentences)
        sys.stdout.flush()

    def warn(self, *sentences: Message) -> None:
        """Something the clerk should know; on standard error."""
        sys.stderr.writelines(in_both(s) + "\n" for s in sentences)


def console(ctx: typer.Context, as_json: bool = False) -> Console:
    """The run a command belongs to; `as_json` is the command's own flag."""
    run: Console = ctx.obj
    return replace(run, json=True) if as_json else run
