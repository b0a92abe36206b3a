"""The people of a case and where they are found: dial each, open the map at each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import flet as ft

from app.domain.contacts import UNCONFIRMED, ContactPoint
from app.domain.people import Elsewhere, PersonView
from app.domain.records import Address, Case
from app.i18n import Translator
from app.ui.guard import part
from app.ui.parts.chips import Handler
from app.ui.parts.parties import people_of, role_in_words, spaced
from app.ui.parts.surface import card
from app.ui.parts.words import grey, pill, text, warning
from app.ui.theme import GREY, QUIET, TOUCH, Sizes

if TYPE_CHECKING:
    from app.views import CaseView

ELSEWHERE_MOST = 2  # links of a thumb's height; the others are named in one line
OVER = 4  # a guarantee clock's level once it has run out
Dial = Callable[[str, str], Handler]
OpenCase = Callable[[str], Handler]
Navigate = Callable[[Address], Handler]


@part
def People(  # noqa: N802
    view: CaseView, dial: Dial, open_case: OpenCase, t: Translator, sizes: Sizes
) -> ft.Control:
    """Borrower, debtors and guarantors: role, liability, contacts and what was found of them, clock, last contact."""
    rows: list[ft.Control] = []
    for person in view.people:
        if rows:
            rows.append(ft.Divider(height=1, color=ft.Colors.OUTLINE_VARIANT))
        rows.append(_person(person, dial, open_case, t, sizes))
    return card(ft.Column(rows, spacing=10, tight=True), key="people")


def _person(person: PersonView, dial: Dial, open_case: OpenCase, t: Translator, sizes: Sizes) -> ft.Control:
    facts = [t.code("role", person.role)]
    if person.liability:
        facts.append(t.code("liability", person.liability))
    if person.relation:
        facts.append(person.relation)
    head = ft.Row(
        [
            text(person.name, sizes.strong, bold=True),
            grey(" · ".join(facts), sizes.body),
            *([_state(person.state, t, sizes)] if person.state else []),
        ],
        spacing=8,
        run_spacing=0,
        wrap=True,
    )
    lines: list[ft.Control] = [*_clock(person, t, sizes)]
    told = []
    if person.last_contact_on:
        told.append(t("last contact {date}", date=person.last_contact_on))
    if person.agreed:
        told.append(t.code("agreed", person.agreed))
    if told:
        lines.append(grey(" · ".join(told), sizes.label))
    numbers = [p for p in person.points if p.field == "phone"]
    if not numbers:
        lines.append(grey(t("No telephone number known"), sizes.body))
    phones = [_phone(person, point, dial, t, sizes) for point in numbers]
    links = [_elsewhere(there, open_case, t, sizes) for there in person.also_in[:ELSEWHERE_MOST]]
    # Beside each other where both have room: a link is as tall as a thumb.
    also: list[ft.Control] = [ft.Row(links, spacing=8, run_spacing=0, wrap=True)] if links[1:] else links
    others = [there.borrower for there in person.also_in[ELSEWHERE_MOST:]]
    if others:
        also.append(grey(t("Also in the cases of {names}", names=others), sizes.body))
    return ft.Column([head, *lines, *phones, *also], spacing=2, tight=True)


def _clock(person: PersonView, t: Translator, sizes: Sizes) -> list[ft.Control]:
    """保证期间: how many days are left, until when, how that was computed; why where it was not."""
    clock = person.clock
    if clock is None:
        return []
    if clock.ends_on is None:
        return [grey(t.say(clock.unknown), sizes.label)] if clock.unknown else []
    rows: list[ft.Control] = []
    until = t.full_date(clock.ends_on)
    if clock.met_on is not None:
        rows.append(
            grey(t("Guarantee until {date}: demanded on {day}", date=until, day=clock.met_on), sizes.label)
        )
    elif clock.level == OVER:
        rows.append(warning(t("The guarantee period ended on {date}", date=until), sizes))
    else:
        said = t("Guarantee until {date}, {n} d left", date=until, n=clock.days_left)
        rows.append(warning(said, sizes) if clock.level else grey(said, sizes.label))
    rows += [grey(t.say(words), sizes.label) for words in (clock.how, clock.caution) if words is not None]
    return rows


def _state(state: str, t: Translator, sizes: Sizes) -> ft.Control:
    words = t("not yet confirmed by the branch") if state == UNCONFIRMED else t.code("contact_state", state)
    good = state == "confirmed"
    return pill(
        words,
        sizes,
        color=ft.Colors.ON_SECONDARY_CONTAINER if good else ft.Colors.ON_ERROR_CONTAINER,
        ground=ft.Colors.SECONDARY_CONTAINER if good else ft.Colors.ERROR_CONTAINER,
        icon=ft.Icons.CHECK if good else ft.Icons.HELP_OUTLINE,
    )


def _phone(person: PersonView, point: ContactPoint, dial: Dial, t: Translator, sizes: Sizes) -> ft.Control:
    about: list[ft.Control] = [text(spaced(point.value), sizes.body)]
    said = [point.label] if point.label else []
    if point.unconfirmed:
        said.append(t("not yet confirmed by the branch"))
    elif point.state:
        said.append(t.code("contact_state", point.state))
    if said:
        about.append(grey(" · ".join(said), sizes.label))
    return ft.Row(
        [
            ft.Row(about, spacing=8, run_spacing=0, wrap=True, expand=True),
            round_button(
                ft.Icons.CALL,
                t("Dial {name} {number}", name=person.name, number=spaced(point.value)),
                dial(person.party, point.value),
                sizes,
                key=f"dial-{person.party}-{point.value}",
            ),
        ],
        spacing=8,
    )


def _elsewhere(there: Elsewhere, open_case: OpenCase, t: Translator, sizes: Sizes) -> ft.Control:
    """The same person in another of the officer's cases."""
    return ft.TextButton(
        content=text(
            t("{role} of {name} too", role=t.code("role", there.role), name=there.borrower),
            sizes.body,
            color=ft.Colors.PRIMARY,
        ),
        icon=ft.Icons.LINK,
        on_click=open_case(there.case_id),
        style=ft.ButtonStyle(padding=ft.Padding.symmetric(horizontal=0, vertical=13)),
        key=f"also-{there.case_id}",
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
