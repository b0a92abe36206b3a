"""Hypothesis looks for an order of events after which two sides differ, and shortens what it finds.

`WAIFANG_EXAMPLES=500` has it look for longer.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.faults.ground import Phone
from tests.faults.world import World

CASES = 3
places = st.integers(0, 5)
luck = st.lists(st.sampled_from(("", "before", "after")), max_size=8)


class Interleavings(RuleBasedStateMachine):
    """The rules are what can happen in a world; at the end everything comes to rest."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp(prefix="waifang-faults-"))
        self._loop = asyncio.Runner()
        self._world = World(self._folder, CASES)
        self._do(self._world.begin())

    def _do(self, work: Coroutine[Any, Any, object]) -> None:
        self._loop.run(work)

    def _phone(self, place: int) -> Phone:
        return self._world.phones[place % len(self._world.phones)]

    @rule(place=places, case=places, n=st.integers(1, 3), photo=st.binary(max_size=40))
    def save(self, place: int, case: int, n: int, photo: bytes) -> None:
        self._do(self._world.save(self._phone(place), case, n, photo))

    @rule(place=places, luck=luck)
    def sync(self, place: int, luck: list[str]) -> None:
        self._do(self._world.sync(self._phone(place), luck))

    @rule(case=places, officer=places)
    def move(self, case: int, officer: int) -> None:
        self._world.move(case, officer)

    @rule(case=places)
    def change(self, case: int) -> None:
        self._world.change(case)

    @rule(place=places)
    def reopen(self, place: int) -> None:
        self._do(self._world.reopen(self._phone(place)))

    @rule(place=places, days=st.integers(-3650, 3650))
    def set_clock(self, place: int, days: int) -> None:
        self._world.set_clock(self._phone(place), days)

    @rule(accept=st.booleans())
    def answer(self, accept: bool) -> None:
        self._world.answer(accept=accept)

    @rule()
    def back_up(self) -> None:
        self._world.back_up()

    @rule()
    def put_back(self) -> None:
        self._world.put_back()

    @rule(place=places)
    def revoke(self, place: int) -> None:
        self._do(self._world.revoke(self._phone(place)))

    @rule()
    def rest(self) -> None:
        self._do(self._world.rest())

    def teardown(self) -> None:
        try:
            self._do(self._world.rest())
        finally:
            self._do(self._world.end())
            self._loop.close()
            shutil.rmtree(self._folder)


Interleavings.TestCase.settings = settings(
    max_examples=int(os.environ.get("WAIFANG_EXAMPLES", "6")),
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
TestInterleavings = Interleavings.TestCase
