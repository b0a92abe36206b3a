"""Loading and acting from a component without ever raising into Flet."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import flet as ft

from app.domain.message import Message
from app.errors import NotebookError
from app.ui.context import Session, use_session

log = logging.getLogger(__name__)

T = TypeVar("T")
WENT_WRONG = Message("Something went wrong here. What was saved is safe; please try again.")


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """What a load has brought so far: the last `value` stays while a new one is on its way."""

    value: T | None = None
    error: Message | None = None
    busy: bool = True


def message_of(error: Exception) -> Message:
    """What to tell the officer of a failure; whatever is not meant for them is logged instead."""
    if isinstance(error, NotebookError):
        return error.message
    log.error("unexpected failure", exc_info=error)
    return WENT_WRONG


def use_loaded(
    load: Callable[[], Awaitable[T]], dependencies: Sequence[Any], *, at_once: bool = False
) -> Loaded[T]:
    """Run `load` after the first render and whenever a dependency changes; a newer load cancels an older one.

    `at_once`: `load` only computes from what is in memory, so its value is there in this very frame. One that waits
    for something after all is begun anew after the frame.
    """
    nothing_yet: Loaded[T] = Loaded()
    loaded, set_loaded = ft.use_state(nothing_yet)
    running: Any = ft.use_ref(None)
    computed: Any = ft.use_ref((None, None))  # for which dependencies, and what came of it
    last: Any = ft.use_ref(None)
    session = use_session()
    if at_once and computed.current[0] != list(dependencies):
        computed.current = (list(dependencies), _without_waiting(load))
        if computed.current[1] is not None:
            last.current = computed.current[1].value

    async def run() -> None:
        try:
            value = await load()
        except asyncio.CancelledError:
            raise
        except Exception as e:  # noqa: BLE001 - an effect's exception would vanish unseen
            error = message_of(e)
            await _if_locked_elsewhere(session)
            set_loaded(lambda _: Loaded(last.current, error, busy=False))
        else:
            last.current = value
            set_loaded(lambda _: Loaded(value, None, busy=False))

    def start() -> None:
        if computed.current[1] is None:
            running.current = asyncio.create_task(run())

    def stop() -> None:
        if running.current is not None:
            running.current.cancel()

    ft.use_effect(start, list(dependencies), cleanup=stop)
    here_and_now: Loaded[T] | None = computed.current[1]
    if here_and_now is not None:
        return here_and_now
    return replace(loaded, value=last.current)


def _without_waiting(load: Callable[[], Awaitable[T]]) -> Loaded[T] | None:
    """What `load` brings when it need not wait for anything; None when it must, or fails: then it is run in full."""
    work = load().__await__()
    try:
        next(work)
    except StopIteration as done:
        return Loaded(done.value, None, busy=False)
    except Exception as e:  # noqa: BLE001 - met again, and told, when it is run in full
        log.debug("not at once: %s", type(e).__name__)
        return None
    close = getattr(work, "close", None)
    if close is not None:
        close()
    return None


def use_action(
    act: Callable[..., Awaitable[None] | None],
    dependencies: Sequence[Any] = (),
    *,
    once: bool = True,
) -> Callable[..., Awaitable[None]]:
    """A handler with a stable identity that never raises: what goes wrong is said to the officer.

    `once`: a second tap while the first is still at work does nothing. The event is passed on where `act` takes one.
    """
    session = use_session()
    working: Any = ft.use_ref(False)

    async def guarded(*args: Any) -> None:
        if once and working.current:
            return
        working.current = True
        session.touch()
        try:
            result = act(*args[: _arity(act)])
            if inspect.isawaitable(result):
                await result
        except Exception as e:  # noqa: BLE001 - a handler's exception would replace the app by a crash screen
            tell(session, e)
            await _if_locked_elsewhere(session)
        finally:
            working.current = False

    return ft.use_callback(guarded, [*dependencies, session])


def tell(session: Session, error: Exception) -> None:
    """Say a failure in the officer's language."""
    session.say(session.t.say(message_of(error)))


async def _if_locked_elsewhere(session: Session) -> None:
    """Another page has locked the notebook they share: this one asks for the PIN too."""
    if session.notebook.state == "locked":
        await session.lock()


def _arity(fn: Callable[..., Any]) -> int:
    return sum(
        p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
        for p in inspect.signature(fn).parameters.values()
    )
