"""The part of `kills` that imports: the branch at every call of `import`, with a case that changes and one that is new.

Afterwards the list is in whole or not at all, as the exit code says; the same list again is taken, and a phone has it
with its next sync.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from tests.faults.command_phone import CommandPhone
from tests.faults.ready import Outcome
from tests.sync.branch.importing import lists

if TYPE_CHECKING:
    from tests.faults.kills import Sweep

CHANGED: Final = "5100000001"
REFUSED: Final = 1  # the command's exit code: nothing was changed


class Imports:
    """One branch and its lists, each with another penalty for the first case and a case more."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._numbers: Iterator[int] = itertools.count(1)
        self._list = sweep.branch.folder.parent / "list.csv"
        self._before: Mapping[str, Any] = {}
        self._new = ""
        self._refused = False  # by the import that a fault befell

    def run(self) -> None:
        """Every call. Raises AssertionError."""
        assert self._import(self._sweep.phone).code == 0
        self._sweep.each("import", self._next_list, self._import, self._check)

    def _next_list(self) -> CommandPhone:
        n = next(self._numbers)
        self._before = lists.figures(self._sweep.branch.office)
        rows = [lists.row(1, 罚息=f"{n}.00"), lists.row(1 + n)]
        self._new = rows[1]["合同编号"]
        lists.write(self._list, rows)
        return self._sweep.phone

    def _import(self, _: CommandPhone, fault: str = "") -> Outcome:
        sweep = self._sweep
        if not self._new:
            self._next_list()
        words = ["--data", str(sweep.branch.folder), "--json", "import", str(self._list)]
        done = sweep.serve.run(words, env=sweep.env, paths=sweep.database, fault=fault)
        self._refused = done.code == REFUSED
        return done

    def _check(self, phone: CommandPhone, where: str) -> None:
        there = lists.figures(self._sweep.branch.office)
        if there != self._before:
            assert not self._refused, (where, "said not to be in, and is")
            changed = there[CHANGED] != self._before[CHANGED]
            assert changed and self._new in there, (where, "half a list is in")
        again = self._import(phone)
        assert again.code == 0, (where, again.stderr)
        there = lists.figures(self._sweep.branch.office)
        assert there[CHANGED] != self._before[CHANGED] and self._new in there, (where, "not taken")
        self._sweep.check(phone, where)
