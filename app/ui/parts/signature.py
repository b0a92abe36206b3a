"""签名: drawn on the glass with a finger, kept as strokes in the draft and as SVG with the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flet as ft
from flet import canvas as cv

from app.ui.context import use_session
from app.ui.guard import part
from app.ui.parts.words import grey

HEIGHT = 180
POINTS_MOST = 4_000  # a draft stays small; a signature has a few hundred
_PEN = 3.0
_EVERY_MS = 12

Stroke = Sequence[Sequence[float]]


def svg_of(strokes: Sequence[Stroke], width: float, height: float = HEIGHT) -> bytes:
    """The strokes as an SVG document in the pad's own coordinates (points), black on nothing."""
    paths = "".join(
        f'<path d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in stroke)}"/>' for stroke in strokes if stroke
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}">'
        f'<g fill="none" stroke="black" stroke-width="{_PEN}" stroke-linecap="round" stroke-linejoin="round">'
        f"{paths}</g></svg>"
    ).encode()


@part
def SignaturePad(strokes: Sequence[Stroke], width: float, change: Any) -> ft.Control:  # noqa: N802
    """The pad; `change(strokes=…, pad_width=…)` keeps what was drawn when the finger is lifted."""
    session = use_session()
    s, t = session.sizes, session.t
    drawing: Any = ft.use_ref(None)
    _, turn = ft.use_state(0)
    held = [*strokes, *([drawing.current] if drawing.current else [])]

    def begin(e: ft.DragStartEvent[ft.GestureDetector]) -> None:
        drawing.current = [[e.local_position.x, e.local_position.y]]

    def draw(e: ft.DragUpdateEvent[ft.GestureDetector]) -> None:
        if drawing.current is not None and sum(map(len, strokes)) + len(drawing.current) < POINTS_MOST:
            drawing.current.append([e.local_position.x, e.local_position.y])
            turn(lambda n: n + 1)

    async def lift(_: ft.DragEndEvent[ft.GestureDetector]) -> None:
        drawn, drawing.current = drawing.current, None
        if drawn and len(drawn) > 1:
            await change(strokes=[*strokes, [[round(x, 1), round(y, 1)] for x, y in drawn]])

    async def measured(e: cv.CanvasResizeEvent) -> None:
        if abs(e.width - width) > 1:
            await change(pad_width=e.width)

    async def clear() -> None:
        await change(strokes=[])

    pen = ft.Paint(
        color=ft.Colors.ON_SURFACE,
        stroke_width=_PEN,
        style=ft.PaintingStyle.STROKE,
        stroke_cap=ft.StrokeCap.ROUND,
        stroke_join=ft.StrokeJoin.ROUND,
    )
    shapes: list[cv.Shape] = [
        cv.Path(
            [cv.Path.MoveTo(stroke[0][0], stroke[0][1]), *(cv.Path.LineTo(x, y) for x, y in stroke[1:])],
            paint=pen,
        )
        for stroke in held
        if stroke
    ]
    return ft.Column(
        [
            ft.Row(
                [
                    grey(t("Signature, with a finger"), s.label),
                    ft.TextButton(
                        content=t("Clear"), on_click=clear, disabled=not held, key="signature-clear"
                    ),
                ],
                alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
                vertical_alignment=ft.CrossAxisAlignment.CENTER,
                wrap=True,  # beside each other they are wider than the page at 200 %
            ),
            ft.Container(
                bgcolor=ft.Colors.SURFACE_CONTAINER_LOWEST,
                border=ft.Border.all(1, ft.Colors.OUTLINE),
                border_radius=14,
                height=HEIGHT,
                clip_behavior=ft.ClipBehavior.HARD_EDGE,
                content=cv.Canvas(
                    shapes=shapes,
                    on_resize=measured,
                    expand=True,
                    content=ft.GestureDetector(
                        key="signature",
                        on_pan_start=begin,
                        on_pan_update=draw,
                        on_pan_end=lift,
                        drag_interval=_EVERY_MS,
                        content=ft.Container(height=HEIGHT, bgcolor=ft.Colors.TRANSPARENT),
                    ),
                ),
            ),
        ],
        spacing=2,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
