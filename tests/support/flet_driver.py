"""Drive a real Flet session with no client: real diffing, hooks and events; only the wire is fake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any

import flet as ft
import msgpack
from flet.components.component import Component
from flet.controls.base_control import BaseControl
from flet.controls.context import _context_page
from flet.messaging.connection import Connection
from flet.messaging.protocol import (
    Message,
    MessageAction,
    RegisterClientResponseBody,
    configure_encode_object_for_msgpack,
)
from flet.messaging.session import Session
from flet.pubsub.pubsub_hub import PubSubHub


class FakeClient(Connection):
    """Answers method calls from `replies` (by name: a value, or a function of the arguments) and keeps what was sent."""

    def __init__(self, replies: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.page_url = "http://field.test"
        self.pubsubhub = PubSubHub()
        self.loop = asyncio.get_running_loop()
        self.executor = ThreadPoolExecutor(2)
        self.replies = replies or {}
        self.patches: list[Any] = []
        self.crashes: list[str] = []
        self.calls: list[tuple[str, Any]] = []
        self.sent: list[bytes] = []
        self.session: Session
        self.answering: set[asyncio.Task[None]] = set()

    def send_message(self, message: Message) -> None:
        # Encoded as the device bridge does it: encoding is also when Flet takes its baselines for the next diff.
        encode = configure_encode_object_for_msgpack(BaseControl)
        self.sent.append(msgpack.packb([message.action, message.body], default=encode))
        if message.action == MessageAction.PATCH_CONTROL:
            self.patches.append(message.body)
        elif message.action == MessageAction.SESSION_CRASHED:
            self.crashes.append(message.body.message)
        elif message.action == MessageAction.INVOKE_METHOD:
            task = self.loop.create_task(self._answer(message.body))
            self.answering.add(task)
            task.add_done_callback(self.answering.discard)

    async def _answer(self, call: Any) -> None:
        self.calls.append((call.name, call.args))
        if call.name == "push_route":
            self.session.apply_page_patch({"route": call.args["route"]})
            self.session.handle_invoke_method_results(call.control_id, call.call_id, None, None)
            await self.session.dispatch_event(1, "route_change", {"route": call.args["route"]})
            return
        reply = self.replies.get(call.name)
        self.session.handle_invoke_method_results(
            call.control_id, call.call_id, reply(call.args) if callable(reply) else reply, None
        )

    @property
    def sent_bytes(self) -> int:
        """All that went to the page so far."""
        return sum(len(message) for message in self.sent)

    def dispose(self) -> None:
        self.executor.shutdown(wait=False)


class Screen:
    """What a person sees and can touch: the live control tree of one session. `taps` counts touches."""

    def __init__(self, session: Session, client: FakeClient) -> None:
        self.session, self.client, self.page = session, client, session.page
        self.taps = 0

    @classmethod
    async def open(
        cls, show: Callable[[ft.Page], Any], *, route: str = "/", replies: dict[str, Any] | None = None
    ) -> Screen:
        """`show(page)` puts something on the page, as the app's own page function does."""
        client = FakeClient(replies)
        session = client.session = Session(client)
        page = session.page
        page.route = route
        page.platform = ft.PagePlatform.ANDROID
        client.send_message(
            Message(
                MessageAction.REGISTER_CLIENT,
                RegisterClientResponseBody(
                    session_id=session.id, page_patch=session.get_page_patch(), error=""
                ),
            )
        )
        _context_page.set(page)
        show(page)
        screen = cls(session, client)
        await screen.settle()
        return screen

    async def close(self) -> None:
        """End the session as the server does when a browser tab stays closed: tasks are cancelled, effects cleaned up."""
        for task in list(self.client.answering):
            task.cancel()
        self.session.close()
        await self.settle()
        self.client.dispose()

    async def settle(self, turns: int = 40) -> None:
        """Let everything that is ready run; waits for nothing that takes time."""
        for _ in range(turns):
            await asyncio.sleep(0)

    async def until(self, seen: Callable[[], bool]) -> None:
        """Let the loop run until `seen()`; for work that really takes a moment."""
        async with asyncio.timeout(10):
            while not seen():  # noqa: ASYNC110 - nothing here tells when a screen has changed
                await asyncio.sleep(0.01)
        await self.settle()

    # -- looking

    def views(self) -> list[ft.View]:
        """The stack of views, the one on top last."""
        return [ft.unwrap_component(v) for v in ft.unwrap_component(self.page.views)]

    def controls(self, root: Any = None) -> Iterator[Any]:
        """Every live control of the top view (or of `root`), depth first; components are stepped through."""
        stack, seen = [root if root is not None else self.views()[-1]], set()
        while stack:
            node = stack.pop()
            if isinstance(node, list | tuple):
                stack.extend(reversed(node))
            elif isinstance(node, BaseControl) and id(node) not in seen:
                seen.add(id(node))
                if not isinstance(node, Component):
                    yield node
                stack.extend(
                    getattr(node, f.name)
                    for f in reversed(fields(node))
                    if f.name == "_b" or not f.metadata.get("skip")
                )

    def find_all(self, *, key: str | None = None, text: str | None = None, kind: Any = None) -> list[Any]:
        return [
            c
            for c in self.controls()
            if (key is None or c.key == key)
            and (kind is None or isinstance(c, kind))
            and (text is None or text in _words_of(c))
        ]

    def find(self, **by: Any) -> Any:
        found = self.find_all(**by)
        if not found:
            raise AssertionError(f"not on screen: {by}; there is: {self.texts()}")
        return found[0]

    def shows(self, words: str) -> bool:
        """Whether some text on top contains `words`."""
        return any(words in text for text in self.texts())

    def texts(self) -> list[str]:
        said = [
            (c.value or "") + "".join(span.text or "" for span in c.spans or ())
            for c in self.controls()
            if isinstance(c, ft.Text)
        ]
        return [words for words in said if words]

    def snack(self) -> str:
        """What the newest snack bar says; empty when there was none."""
        bars = [d for d in self.page._dialogs.controls if isinstance(d, ft.SnackBar)]
        return str(ft.unwrap_component(bars[-1].content).value) if bars else ""

    # -- touching

    async def tap(self, **by: Any) -> None:
        """Touch the target: the control named, or the nearest thing around it that takes a click."""
        self.taps += 1
        await self.fire("click", None, **by)

    async def write(self, words: str, **by: Any) -> None:
        """Type into a text field; typing is not a tap."""
        field = self.find(**by)
        self.session.apply_patch(field._i, {"value": words})
        await self.session.dispatch_event(field._i, "change", words)
        await self.settle()

    async def fire(self, event: str, data: Any, **by: Any) -> None:
        target = self.find(**by)
        assert not getattr(target, "disabled", False), f"{by} is disabled"
        await self.session.dispatch_event(target._i, event, data)
        await self.settle()

    async def scroll(
        self, *, pixels: float, of: float = 4000.0, overscroll: float | None = None, **by: Any
    ) -> None:
        """Scroll a list to `pixels` of its whole length; `overscroll` pulls beyond the top (negative)."""
        kind = "update" if overscroll is None else "overscroll"
        where = {
            "pixels": pixels,
            "min_scroll_extent": 0.0,
            "max_scroll_extent": of,
            "viewport_dimension": 700.0,
        }
        await self.fire("scroll", {"event_type": kind, **where, "overscroll": overscroll}, **by)

    async def tab(self, index: int) -> None:
        """Touch a destination of the navigation bar."""
        self.taps += 1
        await self.fire("change", index, kind=ft.NavigationBar)

    async def back(self) -> None:
        """The system's back."""
        await self.session.dispatch_event(1, "view_pop", {"route": self.views()[-1].route})
        await self.settle()

    def assert_healthy(self) -> None:
        """Nothing crashed, nothing failed to draw, and the session still updates."""
        assert not self.client.crashes, self.client.crashes
        assert not self.find_all(key="screen-error"), "a part of the screen could not be drawn"
        task = self.session._Session__updates_task
        if task is not None and task.done() and not task.cancelled():
            raise AssertionError("the update scheduler died") from task.exception()
        assert task is not None and not task.done(), "there is no update scheduler"


def _words_of(control: Any) -> tuple[Any, ...]:
    return tuple(getattr(control, name, None) for name in ("value", "content", "title", "label"))
