"""The look: Material 3 on one seed colour, one warning colour, cards told from the page by tone, not by borders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import flet as ft

SEED: Final = "#006A64"
FONT: Final = "Noto Sans SC"

PAGE: Final = ft.Colors.SURFACE
CARD: Final = ft.Colors.SURFACE_CONTAINER_LOWEST
QUIET: Final = ft.Colors.SURFACE_CONTAINER_HIGH
GREY: Final = ft.Colors.ON_SURFACE_VARIANT
ACCENT: Final = ft.Colors.PRIMARY
WARN: Final = ft.Colors.ERROR
CARD_RADIUS: Final = 20
GAP: Final = 8
EDGE: Final = 16
TOUCH: Final = 48
CARD_ROOM: Final = 290
BAR_ROOM: Final = 272  # what a bar 360 wide leaves beside the arrow
FIGURE_WIDTH: Final = 0.54  # of its size, bold, a sum's commas and point among them
SMALLEST: Final = 14  # of any text
FLOATING: Final = 0.75  # Material draws the label of a filled field at three quarters of its size

# Every pair of text and ground here is at least 4.5 : 1 (tests/ui/test_theme.py computes it).
LIGHT: Final = {
    "primary": "#006A64",
    "on_primary": "#FFFFFF",
    "primary_container": "#9EF2E9",
    "on_primary_container": "#00504B",
    "secondary_container": "#CCE8E4",
    "on_secondary_container": "#324B48",
    "error": "#A61B17",
    "on_error": "#FFFFFF",
    "error_container": "#FFDAD6",
    "on_error_container": "#8C1410",
    "surface": "#EEF5F2",
    "on_surface": "#161D1B",
    "on_surface_variant": "#3F4947",
    "surface_container_lowest": "#FFFFFF",
    "surface_container_low": "#F6FAF8",
    "surface_container": "#E9EFED",
    "surface_container_high": "#E3EAE7",
    "surface_container_highest": "#DCE5E2",
    "outline": "#6F7977",
    "outline_variant": "#BEC9C6",
    "inverse_surface": "#2B3230",
    "on_inverse_surface": "#ECF2F0",
}
DARK: Final = {
    "primary": "#83D6CE",
    "on_primary": "#003733",
    "primary_container": "#00504B",
    "on_primary_container": "#9EF2E9",
    "secondary_container": "#324B48",
    "on_secondary_container": "#CCE8E4",
    "error": "#FFB4AB",
    "on_error": "#690005",
    "error_container": "#7D0A08",
    "on_error_container": "#FFDAD6",
    "surface": "#0E1514",
    "on_surface": "#DEE4E2",
    "on_surface_variant": "#BEC9C6",
    "surface_container_lowest": "#1A2120",
    "surface_container_low": "#161D1C",
    "surface_container": "#1A2120",
    "surface_container_high": "#252B2A",
    "surface_container_highest": "#303635",
    "outline": "#899391",
    "outline_variant": "#3F4947",
    "inverse_surface": "#DEE4E2",
    "on_inverse_surface": "#2B3230",
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """Text sizes in logical pixels, multiplied by what the officer chose in 我的 (1.0 to 2.0).

    Nothing is smaller than 14 (labels) or, to be read, 16 (body).
    """

    scale: float = 1.0

    @property
    def label(self) -> float:
        """Small and grey: what a figure is."""
        return 14 * self.scale

    @property
    def body(self) -> float:
        """Text to read."""
        return 16 * self.scale

    @property
    def strong(self) -> float:
        """A name, an amount in a row. Grows less: a million must fit a narrow phone's width at 200 %."""
        return 18 * (1 + (self.scale - 1) * 0.7)

    @property
    def title(self) -> float:
        """The head of a card or a bar."""
        return 20 * self.scale

    @property
    def number(self) -> float:
        """The figure a card is about. Grows less than the rest: it is large already."""
        return 26 * (1 + (self.scale - 1) * 0.6)

    @property
    def headline(self) -> float:
        """The name of the screen."""
        return 30 * (1 + (self.scale - 1) * 0.5)

    def in_one_line(self, size: float, figures: str, beside: float = 0) -> float:
        """`size`, or what lets these figures stand in one line of a card 360 wide: a broken sum is misread.

        `beside`: room on that line that something else needs; where text is large the figures stand alone.
        """
        room = CARD_ROOM - (0 if self.large else beside)
        return min(size, room / (FIGURE_WIDTH * max(1, len(figures))))

    @property
    def icon(self) -> float:
        """An icon in a line of text."""
        return 22 * (1 + (self.scale - 1) * 0.5)

    @property
    def large(self) -> bool:
        """Whether text is so large that rows put their amounts on a line of their own."""
        return self.scale >= 1.4


def theme(dark: bool, sizes: Sizes, *, bundled_font: bool) -> ft.Theme:
    """The Flet theme. `bundled_font`: in a browser, which has no Chinese font of its own to count on."""
    family = FONT if bundled_font else None
    palette = DARK if dark else LIGHT

    def style(size: float, weight: ft.FontWeight | None = None) -> ft.TextStyle:
        return ft.TextStyle(size=size, weight=weight, font_family=family, color=palette["on_surface"])

    in_calendar = 16 * (1 + (sizes.scale - 1) * 0.4)
    return ft.Theme(
        color_scheme_seed=SEED,
        color_scheme=ft.ColorScheme(**palette),
        font_family=family,
        use_material3=True,
        visual_density=ft.VisualDensity.STANDARD,
        scaffold_bgcolor=palette["surface"],
        text_theme=ft.TextTheme(
            body_small=style(sizes.label),
            body_medium=style(sizes.body),
            body_large=style(sizes.body),
            label_small=style(sizes.label),
            label_medium=style(sizes.label),
            label_large=ft.TextStyle(size=sizes.body, weight=ft.FontWeight.W_500, font_family=family),
            title_small=style(in_calendar),  # the calendar's month and year, cut where they are too long
            title_medium=style(sizes.strong),
            title_large=style(sizes.title, ft.FontWeight.BOLD),
        ),
        navigation_bar_theme=ft.NavigationBarTheme(
            bgcolor=ft.Colors.SURFACE_CONTAINER,
            indicator_color=ft.Colors.SECONDARY_CONTAINER,
            label_text_style=style(
                14 * (1 + (sizes.scale - 1) * 0.2)
            ),  # "Customers" must fit a quarter of 360
        ),
        # Above the case's actions and the button of a form, not over them.
        snackbar_theme=ft.SnackBarTheme(
            behavior=ft.SnackBarBehavior.FLOATING,
            inset_padding=ft.Padding(EDGE, 4, EDGE, 96 if not sizes.large else 112),
            shape=ft.RoundedRectangleBorder(radius=12),
            content_text_style=ft.TextStyle(
                size=sizes.body, font_family=family, color=palette["on_inverse_surface"]
            ),
        ),
        # A day stands on a round of 40 whatever its size.
        date_picker_theme=ft.DatePickerTheme(
            day_text_style=ft.TextStyle(size=in_calendar, font_family=family)
        ),
        appbar_theme=ft.AppBarTheme(
            bgcolor=ft.Colors.SURFACE,
            title_text_style=style(sizes.title, ft.FontWeight.BOLD),
        ),
        page_transitions=ft.PageTransitionsTheme(
            android=ft.PageTransitionTheme.FADE_FORWARDS,
            linux=ft.PageTransitionTheme.NONE,
        ),
    )
