"""绑定: the first start. Whom the phone belongs to, which branch it syncs with, and the PIN it opens with."""

from __future__ import annotations

from typing import Any, cast

import flet as ft

from app.domain.message import Message
from app.errors import NoConnection
from app.ui.context import use_session
from app.ui.guard import screen
from app.ui.hooks import message_of, use_action
from app.ui.parts.language import LanguageSwitch
from app.ui.parts.surface import card, outlined, primary
from app.ui.parts.words import grey, text, warning
from app.ui.theme import ACCENT, EDGE
from sync.binding import read_binding

PIN_LENGTH = 6
UNHEARD = ("no_connection", "timeout")
FIELDS = ("server", "officer", "code", "pin", "again")


def what_is_missing(form: dict[str, str], *, new_pin: bool) -> tuple[str, Message] | None:
    """The first field that cannot be right, and why; None when the branch can be asked."""
    for name, message in (
        ("server", Message("Enter the branch server's address.")),
        ("officer", Message("Enter your officer number.")),
        ("code", Message("Enter the code the branch gave you.")),
    ):
        if not form[name].strip():
            return name, message
    if len(form["pin"]) != PIN_LENGTH or not form["pin"].isdigit():
        return "pin", Message("The PIN is six digits.")
    if new_pin and form["pin"] != form["again"]:
        return "again", Message("The two PINs differ. Enter the same PIN twice.")
    return None


def why_not_bound(error: Exception) -> Message:
    """What stood in the way. Nothing is recorded yet, so there is nothing to be calmed about: what to check instead."""
    reason = getattr(error.__cause__, "why", "")
    if isinstance(error, NoConnection) and reason in UNHEARD:
        return Message("The branch cannot be reached. Check the address and the network, then bind again.")
    return message_of(error)


def taken(form: dict[str, str], name: str, value: str) -> dict[str, str]:
    """The form with a field changed; the text of the branch's QR code fills three of them, wherever it was pasted."""
    scanned = read_binding(value) if name in ("server", "officer", "code") else None
    if scanned is None:
        return {**form, name: value}
    return {**form, "server": scanned.server, "officer": scanned.officer, "code": scanned.code}


@screen
def EnrolScreen() -> Any:  # noqa: N802
    """Asks for all of it on one page; a binding that was cut goes on from what the branch already knows."""
    s = use_session()
    t, sizes = s.t, s.sizes
    half_done = s.notebook.state == "binding"
    begun: dict[str, str] = {
        **dict.fromkeys(FIELDS, ""),
        "server": s.notebook.server,
        "officer": s.notebook.officer_id,
    }
    if s.scanned is not None:
        begun |= {"server": s.scanned.server, "officer": s.scanned.officer, "code": s.scanned.code}
    form, set_form = ft.use_state(begun)
    wrong, set_wrong = ft.use_state(cast("tuple[str, Message] | None", None))
    failure, set_failure = ft.use_state(cast("Message | None", None))
    busy, set_busy = ft.use_state(False)

    async def bind() -> None:
        missing = what_is_missing(form, new_pin=not half_done)
        set_wrong(missing)
        set_failure(None)
        if missing is not None:
            return
        set_busy(True)
        try:
            await s.notebook.bind(
                form["server"].strip(), form["officer"].strip(), form["code"].replace(" ", ""), form["pin"]
            )
        except Exception as e:  # noqa: BLE001 - said on the screen
            set_failure(why_not_bound(e))
        else:
            s.enter()
        finally:
            set_busy(False)

    submit = use_action(bind, [form, half_done])

    def field(name: str, label: str, hint: str, **more: Any) -> ft.Control:
        error = t.say(wrong[1]) if wrong is not None and wrong[0] == name else None
        return outlined(
            label,
            form[name],
            sizes,
            lambda e: set_form(lambda old: taken(old, name, e.control.value or "")),
            key=f"enrol-{name}",
            helper=ft.Text(hint, size=sizes.label) if hint else None,
            error=ft.Text(error, size=sizes.label, color=ft.Colors.ERROR) if error else None,
            disabled=busy,
            on_submit=submit,
            **more,
        )

    digits = {
        "keyboard_type": ft.KeyboardType.NUMBER,
        "password": True,
        "max_length": PIN_LENGTH,
        "counter": "",
    }
    fields = [
        field("server", t("Branch address"), t("For example https://branch.example:8443"),
              keyboard_type=ft.KeyboardType.URL, autocorrect=False, enable_suggestions=False),
        field("officer", t("Officer number"), "", autocorrect=False, enable_suggestions=False),
        field("code", t("Binding code"), t("The branch makes it for you; it works once"),
              capitalization=ft.TextCapitalization.CHARACTERS, autocorrect=False, enable_suggestions=False),
        field("pin", t("6-digit PIN"),
              t("The PIN of the binding that was cut") if half_done else t("You enter it each time you open the app"), **digits),
    ]  # fmt: skip
    if not half_done:
        fields.append(field("again", t("The PIN once more"), "", **digits))
    stored = [
        t("your customers' cases, contacts, addresses and figures, encrypted"),
        t("what you record, with the position at that moment; never a track"),
        t("nothing leaves this phone except to the branch server above"),
    ]
    body: list[ft.Control] = [
        ft.Row([LanguageSwitch()], alignment=ft.MainAxisAlignment.END),
        text(t("Bind this phone"), sizes.headline, bold=True),
        grey(t("Once, with a code from the branch. Takes a minute and a network."), sizes.body),
    ]
    if half_done:
        body.append(
            warning(
                t("The last binding was cut. Enter the same things again to finish it."),
                sizes,
                icon=ft.Icons.INFO_OUTLINE,
            )
        )
    else:
        body.append(
            grey(
                t("With a QR code from the branch: open it with the phone's camera, or copy its link and paste it into any of the first three fields."),
                sizes.label,
            )
        )  # fmt: skip
    body.append(card(ft.Column(fields, spacing=14, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)))
    body.append(
        card(
            ft.Column(
                [
                    text(t("What this phone will hold"), sizes.body, bold=True),
                    *(
                        ft.Row(
                            [
                                ft.Icon(ft.Icons.CHECK, size=sizes.icon, color=ACCENT),
                                text(line, sizes.body, expand=True),
                            ],
                            spacing=8,
                            vertical_alignment=ft.CrossAxisAlignment.START,
                        )
                        for line in stored
                    ),
                ],
                spacing=8,
            )
        )
    )
    foot: list[ft.Control] = []
    if failure is not None:
        foot.append(warning(t.say(failure), sizes, key="enrol-failure"))
    foot.append(
        primary(
            t("Asking the branch…") if busy else t("Bind"),
            sizes,
            submit,
            icon=ft.Icons.LINK,
            disabled=busy,
            key="bind",
        )
    )
    return ft.View(
        route=ft.use_view_path() or "/",
        padding=0,
        controls=[
            ft.SafeArea(
                expand=True,
                content=ft.Column(
                    [
                        ft.ListView(
                            body, expand=True, spacing=12, padding=ft.Padding.symmetric(horizontal=EDGE)
                        ),
                        ft.Container(ft.Column(foot, spacing=8, tight=True), padding=EDGE),
                    ],
                    spacing=0,
                    expand=True,
                ),
            )
        ],
    )
