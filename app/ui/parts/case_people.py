"""The people of a case and where they are found: dial each, open the map at each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from app.domain.records import Address, Case, Guarantor, Phone
from app.i18n import Translator
from app.ui.guard import part
from app.ui.parts.chips import Handler
from app.ui.parts.parties import Person, people_of, role_in_words, spaced
from app.ui.parts.surface import card
from app.ui.parts.words import grey, text
from app.ui.theme import GREY, QUIET, TOUCH, Sizes

Dial = Callable[[str, str], Handler]
Navigate = Callable[[Address], Handler]


@part
def People(case: Case, dial: Dial, t: Translator, sizes: Sizes) -> ft.Control:  # noqa: N802
    """Borrower, other debtors, guarantors; a guarantor with liability and the end of the guarantee as given."""
    rows: list[ft.Control] = []
    for person in people_of(case):
        if rows:
            rows.append(ft.Divider(height=1, color=ft.Colors.OUTLINE_VARIANT))
        rows.append(_person(person, case.guarantor(person.party), dial, t, sizes))
    return card(ft.Column(rows, spacing=10, tight=True), key="people")


def _person(
    person: Person, guarantor: Guarantor | None, dial: Dial, t: Translator, sizes: Sizes
) -> ft.Control:
    facts = [role_in_words(person, t)]
    lines: list[ft.Control] = []
    if guarantor is not None:
        facts.append(t.code("liability", guarantor.liability))
        if guarantor.relation:
            facts.append(guarantor.relation)
        ends = (
            t("Guarantee ends {date}", date=t.full_date(guarantor.guarantee_ends))
            if guarantor.guarantee_ends
            else t("End of guarantee not given")
        )
        lines.append(grey(ends, sizes.label))
    head = ft.Row(
        [text(person.name, sizes.strong, bold=True), grey(" · ".join(facts), sizes.body)],
        spacing=8,
        run_spacing=0,
        wrap=True,
    )
    if not person.phones:
        lines.append(grey(t("No telephone number known"), sizes.body))
    phones = [_phone(person, phone, dial, t, sizes) for phone in person.phones]
    return ft.Column([head, *lines, *phones], spacing=2, tight=True)


def _phone(person: Person, phone: Phone, dial: Dial, t: Translator, sizes: Sizes) -> ft.Control:
    about: list[ft.Control] = [text(spaced(phone.number), sizes.body)]
    if phone.label:
        about.append(grey(phone.label, sizes.body))
    return ft.Row(
        [
            ft.Row(about, spacing=8, run_spacing=0, wrap=True, expand=True),
            round_button(
                ft.Icons.CALL,
                t("Dial {name} {number}", name=person.name, number=spaced(phone.number)),
                dial(person.party, phone.number),
                sizes,
                key=f"dial-{person.party}-{phone.number}",
            ),
        ],
        spacing=8,
    )


def round_button(icon: Any, label: str, on_click: Any, sizes: Sizes, *, key: str) -> ft.Control:
    """A small action beside a line; what it does is its label for a reader of the screen."""
    return ft.IconButton(
        icon=icon,
        icon_size=sizes.icon,
        icon_color=ft.Colors.PRIMARY,
        bgcolor=QUIET,
        width=TOUCH,
        height=TOUCH,
        tooltip=label,
        on_click=on_click,
        key=key,
    )


@part
def Places(case: Case, navigate: Navigate, t: Translator, sizes: Sizes) -> ft.Control:  # noqa: N802
    """The addresses, each with its way to the map."""
    rows: list[ft.Control] = []
    for n, address in enumerate(case.borrower.addresses):
        rows.append(
            ft.Row(
                [
                    ft.Icon(
                        {"business": ft.Icons.STOREFRONT_OUTLINED, "home": ft.Icons.HOME_OUTLINED}.get(
                            address.kind, ft.Icons.PLACE_OUTLINED
                        ),
                        size=sizes.icon,
                        color=GREY,
                    ),
                    ft.Column(
                        [
                            grey(
                                t.code("place", address.kind)
                                + ("" if address.lat is not None else " · " + t("no position known")),
                                sizes.label,
                            ),
                            text(
                                address.text or f"{address.town}{address.village}",
                                sizes.body,
                                selectable=True,
                            ),
                        ],
                        spacing=0,
                        tight=True,
                        expand=True,
                    ),
                    round_button(
                        ft.Icons.NEAR_ME,
                        t("Map: {place}", place=t.code("place", address.kind)),
                        navigate(address),
                        sizes,
                        key=f"navigate-{n}",
                    ),
                ],
                spacing=12,
            )
        )
    return card(ft.Column(rows, spacing=10, tight=True), key="places")


def number_sheet(case: Case, dial: Dial, t: Translator, sizes: Sizes, close: Any) -> ft.BottomSheet:
    """All numbers of the case, for a long press on 拨号."""
    rows: list[ft.Control] = [text(t("Whom to call?"), sizes.title, bold=True)]
    for person in people_of(case):
        for phone in person.phones:
            number = spaced(phone.number) + (f" · {phone.label}" if phone.label else "")
            rows.append(
                ft.ListTile(
                    key=f"sheet-{person.party}-{phone.number}",
                    leading=ft.Icon(ft.Icons.CALL, size=sizes.icon),
                    title=text(f"{person.name} · {role_in_words(person, t)}", sizes.body),
                    subtitle=grey(number, sizes.body),
                    on_click=dial(person.party, phone.number),
                    min_height=56,
                )
            )
    return ft.BottomSheet(
        ft.Container(
            ft.Column(rows, tight=True, spacing=4, scroll=ft.ScrollMode.AUTO),
            padding=ft.Padding(16, 16, 16, 24),
        ),
        show_drag_handle=True,
        on_dismiss=close,
        key="number-sheet",
    )
