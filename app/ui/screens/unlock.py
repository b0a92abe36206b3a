"""解锁: the PIN pad. A wrong PIN waits longer each time; nothing that waits is ever destroyed."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import flet as ft

from app.domain.message import Message
from app.errors import PinLocked, WrongPin
from app.ui.context import use_session
from app.ui.guard import screen
from app.ui.hooks import message_of
from app.ui.parts.forgotten_pin import ForgottenPin
from app.ui.parts.keypad import Dots, Keypad
from app.ui.parts.language import LanguageSwitch
from app.ui.parts.words import grey, text, warning
from app.ui.theme import ACCENT, TOUCH

PIN_LENGTH = 6


@screen
def UnlockScreen() -> Any:  # noqa: N802
    """Every page proves its officer, also when another page has the notebook open already."""
    s = use_session()
    # A thumb is faster than a drawn frame: what was pressed counts, not what was drawn when it was.
    entered: Any = ft.use_ref("")
    pin, draw_pin = ft.use_state("")
    said, set_said = ft.use_state(cast("Message | None", None))
    left, set_left = ft.use_state(0)
    locked, set_locked = ft.use_state(False)
    forgotten, set_forgotten = ft.use_state(False)
    busy: Any = ft.use_ref(False)

    def set_pin(digits: str) -> None:
        entered.current = digits
        draw_pin(digits)

    async def count_down() -> None:
        seconds = left
        while seconds > 0:
            await asyncio.sleep(1)
            seconds -= 1
            set_left(seconds)

    counting: Any = ft.use_ref(None)

    def start_counting() -> None:
        if left > 0:
            counting.current = asyncio.create_task(count_down())

    def stop_counting() -> None:
        if counting.current is not None:
            counting.current.cancel()

    ft.use_effect(start_counting, [left > 0], cleanup=stop_counting)

    async def try_pin(digits: str) -> None:
        busy.current = True
        try:
            if s.notebook.state == "locked":
                await s.notebook.unlock(digits)
            else:
                await s.notebook.check_pin(digits)
        except WrongPin as e:
            set_said(Message("Wrong PIN. {n} tries left.", {"n": e.left}) if e.left else e.message)
            set_left(int(-(-e.wait_s // 1)))
        except PinLocked as e:
            set_said(e.message)
            set_locked(True)
        except Exception as e:  # noqa: BLE001 - said on the screen, logged where it is nobody's business
            set_said(message_of(e))
        else:
            s.enter()
            return
        finally:
            busy.current = False
            set_pin("")

    async def press(key: str) -> None:
        if busy.current or left > 0 or locked or forgotten:
            return
        digits = entered.current[:-1] if key == "back" else entered.current + key
        set_pin(digits)
        if digits:
            set_said(None)
        if len(digits) == PIN_LENGTH:
            await try_pin(digits)

    latest: Any = ft.use_ref(None)
    latest.current = press

    async def on_key(e: ft.KeyboardEvent) -> None:
        key = e.key.removeprefix("Numpad ")
        if key == "Backspace":
            await latest.current("back")
        elif len(key) == 1 and key.isdigit():
            await latest.current(key)

    page = ft.context.page

    def listen() -> None:
        page.on_keyboard_event = on_key

    def unlisten() -> None:
        page.on_keyboard_event = None

    ft.use_effect(listen, [], cleanup=unlisten)
    t, sizes = s.t, s.sizes
    below: list[ft.Control] = []
    if left > 0:
        below.append(
            _centred(text(t("Wait {n} s, then try again", n=left), sizes.body, bold=True, key="unlock-wait"))
        )
    if said is not None:
        below.append(warning(t.say(said), sizes, key="unlock-said"))
    if locked:
        below.append(
            grey(
                t(
                    "Records that were not yet sent are kept: with its recovery key the branch takes in all that is on "
                    "this phone. Touch 'Forgot your PIN?' below. Do not delete the app before that."
                ),
                sizes.body,
            )
        )
    ask_for_hand_in = ft.use_callback(lambda: set_forgotten(True), [])
    asked = [
        _centred(grey(t("Enter your 6-digit PIN"), sizes.body, text_align=ft.TextAlign.CENTER)),
        Dots(len(pin), PIN_LENGTH, t),
    ]
    # Where text is large, what has to be told needs the room above the keys.
    name = [
        _centred(ft.Icon(ft.Icons.LOCK_OUTLINE, size=40, color=ACCENT)),
        _centred(text(t("Waifang"), sizes.headline, bold=True)),
    ]
    keys = ft.Container(
        Keypad(ft.use_callback(lambda k: latest.current(k), []), t, sizes, left <= 0),
        padding=ft.Padding.only(bottom=8, top=8),
    )
    pad: list[ft.Control] = [
        ft.ListView(
            expand=True,
            spacing=16,
            padding=ft.Padding.symmetric(horizontal=24),
            controls=[
                *([] if sizes.large and below else name),
                *([] if locked else asked),
                *below,
            ],
        ),
        # Keys that can do nothing any more would stand where the way out is told.
        *([] if locked else [keys]),
        ft.Container(
            ft.TextButton(
                content=ft.Text(t("Forgot your PIN?"), size=sizes.body),
                height=max(TOUCH, 36 * sizes.scale),
                on_click=ask_for_hand_in,
                key="pin-forgotten",
            ),
            padding=ft.Padding.only(bottom=12),
        ),
    ]
    return ft.View(
        route=ft.use_view_path() or "/",
        padding=0,
        controls=[
            ft.SafeArea(
                expand=True,
                content=ft.Column(
                    expand=True,
                    spacing=0,
                    horizontal_alignment=ft.CrossAxisAlignment.CENTER,
                    controls=[
                        ft.Row(
                            [ft.Container(LanguageSwitch(), padding=8)], alignment=ft.MainAxisAlignment.END
                        ),
                        *([ForgottenPin(lambda: set_forgotten(False))] if forgotten else pad),
                    ],
                ),
            )
        ],
    )


def _centred(control: ft.Control) -> ft.Control:
    return ft.Row([control], alignment=ft.MainAxisAlignment.CENTER, wrap=True)
