"""Photos: taken into a form and out again, and those of the timeline, each to be seen large."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import flet as ft

from app.domain.photos import NotAPhoto, bare_photo
from app.ui.context import Session, use_session
from app.ui.guard import part
from app.ui.hooks import log, tell, use_action, use_loaded
from app.ui.parts.chips import tap
from app.ui.parts.form_frame import thumb_button
from app.ui.parts.words import grey, text
from app.ui.theme import GREY, QUIET, TOUCH

if TYPE_CHECKING:
    from app.ui.parts.draft_keeper import DraftKeeper
    from app.views import FileView

MOST: Final = 8 * 1024 * 1024  # the branch's limit for one file
TILE: Final = 88
LARGE: Final = 560
THUMBS_EACH: Final = 3  # of one record; the others are seen when they are touched
_ICONS: Final = {"receipt": ft.Icons.RECEIPT_LONG_OUTLINED, "signature": ft.Icons.DRAW_OUTLINED}


@part
def Photos(keeper: DraftKeeper, held: Sequence[Any], roles: Sequence[str] = ("photo",)) -> ft.Control:  # noqa: N802
    """The photos of a form: a button for each role, and what was taken so far. None of them is ever needed to save."""
    session = use_session()
    t = session.t
    names = [p["name"] for p in held]
    shown, show = ft.use_state("")
    read: Any = ft.use_ref({})

    async def load() -> dict[str, bytes | None]:
        known = read.current
        read.current = {n: known[n] if n in known else await keeper.photo(n) for n in names}
        return dict(read.current)

    loaded = use_loaded(load, [*names])
    pictures = loaded.value or {}

    async def add(role: str) -> None:
        try:
            taken = await session.device.pick_photo()
        except OSError:
            session.say(t("The camera or gallery did not open. Try again, or save without a photo."))
            return
        if taken is not None:
            await _take_in(session, keeper, role, taken)

    async def see(name: str) -> None:
        show(name)

    # A chooser the phone never answers for must not keep the next touch from opening another.
    on_add = use_action(add, [keeper], once=False)
    ft.use_dialog(large(session, pictures.get(shown), lambda: show("")) if shown in names else None)
    labels = {
        "photo": t("Photo: camera or gallery"),
        "receipt": t("Receipt: camera or gallery"),
    }
    rows: list[ft.Control] = [
        thumb_button(
            session,
            labels[role],
            tap(on_add, role),
            icon=_ICONS.get(role, ft.Icons.PHOTO_CAMERA_OUTLINED),
            main=False,
            key=f"{role}-add",
        )
        for role in roles
    ]
    if held:
        rows.append(
            ft.Row(
                [
                    _taken(session, keeper, p, n, pictures.get(p["name"]), tap(see, p["name"]))
                    for n, p in enumerate(held, 1)
                ],
                wrap=True,
                spacing=12,
                run_spacing=8,
            )
        )
    return ft.Column(rows, spacing=10, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


async def _take_in(session: Session, keeper: DraftKeeper, role: str, taken: bytes) -> None:
    t = session.t
    try:
        media_type, photo = await asyncio.to_thread(bare_photo, taken)
    except NotAPhoto as e:
        session.say(t.say(e.message))
        return
    if len(photo) > MOST:
        session.say(
            t(
                "This photo has {n} MiB; at most 8 MiB can be kept. Take it with a smaller size set in the camera.",
                n=-(-len(photo) // 1024**2),
            )
        )
        return
    await keeper.add_photo(role, media_type, photo)


def _taken(
    session: Session, keeper: DraftKeeper, photo: Any, n: int, data: bytes | None, see: Any
) -> ft.Control:
    s, t = session.sizes, session.t
    words = t("{what} {n}", what=t.code("blob_role", photo["role"]), n=n)
    return ft.Column(
        [
            _tile(session, data, t("{what}, see it large", what=words), photo["role"], see, f"photo-{n}"),
            ft.Row(
                [
                    grey(words, s.label),
                    ft.IconButton(
                        icon=ft.Icons.DELETE_OUTLINE,
                        icon_size=s.icon,
                        width=TOUCH,
                        height=TOUCH,
                        tooltip=t("Remove {what}", what=words),
                        on_click=tap(keeper.drop_photo, photo["name"]),
                        key=f"photo-remove-{n}",
                    ),
                ],
                spacing=0,
                tight=True,
            ),
        ],
        spacing=0,
        tight=True,
    )


def _tile(
    session: Session,
    data: bytes | None,
    label: str,
    role: str,
    on_click: Any,
    key: str,
    *,
    busy: bool = False,
) -> ft.Control:
    """A thumbnail, or a sign where there is none (yet); the whole of it is the target."""
    size = TILE * min(session.sizes.scale, 1.5)
    sign = ft.Icon(_ICONS.get(role, ft.Icons.IMAGE_OUTLINED), size=session.sizes.icon * 1.4, color=GREY)
    content: ft.Control = sign
    if busy:
        content = ft.ProgressRing(width=28, height=28)
    elif data is not None:
        content = ft.Image(
            src=data,
            width=size,
            height=size,
            fit=ft.BoxFit.COVER,
            cache_width=round(size * 3),
            error_content=sign,
            exclude_from_semantics=True,
        )
    return ft.Semantics(
        content=ft.Container(
            content=content,
            width=size,
            height=size,
            alignment=ft.Alignment.CENTER,
            bgcolor=QUIET,
            border_radius=14,
            clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
            on_click=on_click,
            key=key,
        ),
        label=label,
        button=True,
        container=True,
    )


def large(session: Session, data: bytes | None, close: Any) -> ft.AlertDialog:
    """One picture as large as the screen lets it be, to be drawn apart with two fingers."""
    s, t = session.sizes, session.t
    picture: ft.Control = text(t("This picture cannot be shown."), s.body)
    if data is not None:
        picture = ft.InteractiveViewer(
            content=ft.Image(
                src=data,
                fit=ft.BoxFit.CONTAIN,
                error_content=text(t("This picture cannot be shown."), s.body),
                semantics_label=t("The picture, large"),
            ),
            max_scale=6,
        )
    return ft.AlertDialog(
        content=ft.Container(
            picture,
            key="picture",
            width=LARGE,
            height=LARGE,
            bgcolor=ft.Colors.WHITE if data is not None else None,  # a signature is black on nothing
        ),
        content_padding=8,
        inset_padding=12,
        actions=[
            ft.TextButton(
                content=text(t("Close"), s.body),
                on_click=close,
                key="picture-close",
                style=ft.ButtonStyle(padding=14),
            )
        ],
        on_dismiss=close,
    )


def photos_in_words(session: Session, keeper: DraftKeeper) -> list[str]:
    """For 已保存: how many photos went into the record, and how many could not."""
    t, lines = session.t, []
    kept = len(keeper.photos) - keeper.photos_lost
    if kept:
        lines.append(t("{n} photos with it", n=kept))
    if keeper.photos_lost:
        lines.append(t("{n} photos could not be read any more and are not part of it", n=keeper.photos_lost))
    return lines


@part
def EntryFiles(session: Session, activity_id: str, files: Sequence[FileView], thumbs: bool) -> ft.Control:  # noqa: N802
    """The files of a record of the timeline. Own photos are shown small (`thumbs`); a colleague's is fetched when touched.

    The session is handed in: a case that a form covers is drawn without one above it.
    """
    s, t, notebook = session.sizes, session.t, session.notebook
    shown, show = ft.use_state(cast("bytes | None", None))
    fetching, fetch = ft.use_state("")
    pictures, set_pictures = ft.use_state(cast("dict[str, bytes]", {}))
    reading: Any = ft.use_ref(None)
    small = [f.sha256 for f in files if thumbs and f.state != "branch" and f.role != "signature"][
        :THUMBS_EACH
    ]

    async def read() -> None:
        found: dict[str, bytes] = {}
        try:
            for sha256 in small:
                data = await notebook.blob(activity_id, sha256)
                if data is not None:
                    found[sha256] = data
        except Exception as e:  # noqa: BLE001 - the tile stays without its picture; a touch says why
            log.warning("no thumbnail: %s", type(e).__name__)
        set_pictures(found)

    def start() -> None:
        if small:
            reading.current = asyncio.create_task(read())

    def stop() -> None:
        if reading.current is not None:
            reading.current.cancel()

    ft.use_effect(start, [activity_id, *small], cleanup=stop)

    async def see(file: FileView) -> None:
        data = pictures.get(file.sha256)
        if data is None and not fetching:
            fetch(file.sha256)
            try:
                data = await notebook.file(activity_id, file.sha256)
            except Exception as e:  # noqa: BLE001 - a handler's exception would replace the app by a crash screen
                tell(session, e)
            fetch("")
        if data is not None:
            show(lambda _: data)

    ft.use_dialog(large(session, shown, lambda: show(None)) if shown is not None else None)
    left = sum(f.state == "waiting" for f in files)
    words = t("{n} photos or signatures", n=len(files))
    if left:
        words = t("{what}, {n} not yet sent", what=words, n=left)
    icon = ft.Icons.CLOUD_UPLOAD_OUTLINED if left else ft.Icons.ATTACH_FILE
    tiles: list[ft.Control] = []
    for n, f in enumerate(files, 1):
        what = t("{what} {n}", what=t.code("blob_role", f.role), n=n)
        label = t("{what}, see it large", what=what)
        if f.state == "waiting":
            label = t("{what}, not yet sent", what=label)
        elif f.state == "branch":
            label = t("{what}, fetched from the branch when touched", what=label)
        tiles.append(
            _tile(
                session, pictures.get(f.sha256), label, f.role, tap(see, f), f"file-{activity_id}-{n}",
                busy=fetching == f.sha256,
            )
        )  # fmt: skip
    return ft.Column(
        [
            ft.Row(
                [ft.Icon(icon, size=s.label + 4, color=GREY), grey(words, s.label, expand=True)], spacing=6
            ),
            ft.Row(tiles, wrap=True, spacing=8, run_spacing=8),
        ],
        spacing=4,
        tight=True,
    )
