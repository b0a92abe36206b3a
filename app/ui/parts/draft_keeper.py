"""A form that is never lost: every change is a durable draft before the next thing can happen."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import flet as ft

from app.domain.gate import Hindrance
from app.domain.message import Message
from app.ports import Hindered
from app.ui.context import use_session
from app.ui.hooks import message_of
from app.views import Draft, NewActivity, NewBlob

if TYPE_CHECKING:
    from app.notebook import Notebook

Form = Mapping[str, Any]
SLOW_S: Final = 0.2


class DraftKeeper:
    """One form of one case and the draft behind it. No method raises: `error` holds what to tell the officer.

    `hindered`: the rules that stand against saving it without a reason (the form's `override`).
    `form` is None until it was read; `restored` says that it was begun earlier; `saved` the ids once they are durable;
    `photos_lost` how many photos could not be read any more when it was saved.
    """

    def __init__(self, notebook: Notebook, case_id: str, kind: str, redraw: Callable[[], None]) -> None:
        self._notebook = notebook
        self._case_id = case_id
        self._kind = kind
        self._redraw = redraw
        self._lock = asyncio.Lock()
        self._kept: Form | None = None
        self.form: Form | None = None
        self.draft_id = ""
        self.changed = False
        self.restored = False
        self.saving = False
        self.saved: list[str] = []
        self.error: Message | None = None
        self.hindered: tuple[Hindrance, ...] = ()
        self.photos_lost = 0

    async def open(self, fresh: Callable[[], dict[str, Any]]) -> None:
        """Take up the unsaved form of this case, or begin one; once. Drawn by whoever waits for it."""
        if self.form is not None:
            return
        begun = fresh()
        try:
            draft = await self._notebook.draft(self._case_id, self._kind)
        except Exception as e:  # noqa: BLE001 - an effect's exception would vanish unseen
            draft, self.error = None, message_of(e)
        if self.form is not None:
            return
        if draft is None:
            self.form, self.draft_id = begun, begun["activity_id"]
        else:
            self.form, self.draft_id = {**begun, **draft.form}, draft.draft_id
            self._kept = self.form
            self.changed = True
            self.restored = bool(draft.form.get("touched"))

    async def change(self, **members: Any) -> None:
        """Take a change and make it durable.

        A function is given the form as it stands and says the new value: digits come faster than they are drawn.
        """
        if self.form is None or self.saving or self.saved:
            return
        self.form = {**self.form, **_said(self.form, members), "touched": True}
        self.changed = True
        self._redraw()
        await self._keep()

    async def toggle(self, member: str, value: str) -> None:
        """Put `value` into the list `member`, or take it out."""
        held = list(self.form[member] or ()) if self.form is not None else []
        await self.change(**{member: [v for v in held if v != value] if value in held else [*held, value]})

    async def change_in(self, member: str, **members: Any) -> None:
        """Change some members of the object `member`; a function is given that object."""
        held = self.form[member] if self.form is not None else {}
        await self.change(**{member: {**held, **_said(held, members)}})

    async def note(self, **members: Any) -> None:
        """Take something the phone found out by itself (a position): kept once the officer changed something."""
        if self.form is None or self.saving or self.saved:
            return
        self.form = {**self.form, **members}
        self._redraw()
        if self.changed:
            await self._keep()

    async def add_photo(self, role: str, media_type: str, content: bytes) -> None:
        """Keep a photo with the draft, durable before the form names it; the same one twice is one."""
        name = hashlib.sha256(content).hexdigest()
        if self.form is None or self.saving or self.saved or any(p["name"] == name for p in self.photos):
            return
        try:
            await self._notebook.keep_draft_file(self.draft_id, name, content)
        except Exception as e:  # noqa: BLE001 - see `_keep`
            self.error = message_of(e)
            self._redraw()
            return
        photo = {"name": name, "role": role, "media_type": media_type}
        await self.change(photos=lambda form: [*(form.get("photos") or ()), photo])

    async def drop_photo(self, name: str) -> None:
        """Take a photo out again: first the form forgets it, then its bytes go."""
        await self.change(photos=[p for p in self.photos if p["name"] != name])
        try:
            await self._notebook.drop_draft_file(self.draft_id, name)
        except Exception as e:  # noqa: BLE001 - see `_keep`
            self.error = message_of(e)
            self._redraw()

    @property
    def photos(self) -> Sequence[Mapping[str, str]]:
        """The form's photos: name (SHA-256), role, media_type; their bytes lie beside the draft."""
        return list((self.form or {}).get("photos") or ())

    async def photo(self, name: str) -> bytes | None:
        """The bytes of one; None where they cannot be read."""
        try:
            return await self._notebook.draft_file(self.draft_id, name)
        except Exception as e:  # noqa: BLE001 - a picture that cannot be shown is shown as such
            self.error = message_of(e)
            return None

    async def _with_photos(self, records: Sequence[NewActivity]) -> Sequence[NewActivity]:
        """The form's photos belong to its first record. One that cannot be read any more does not hold it up."""
        read = [(p, await self._notebook.draft_file(self.draft_id, p["name"])) for p in self.photos]
        blobs = tuple(NewBlob(p["role"], p["media_type"], data) for p, data in read if data is not None)
        self.photos_lost = len(read) - len(blobs)
        first, *others = records
        return [replace(first, blobs=(*first.blobs, *blobs)), *others]

    async def _keep(self) -> None:
        async with self._lock:
            form = self.form
            if form is None or form is self._kept or self.saved:
                return  # a newer change was kept together with this one, or the record is there
            try:
                await self._notebook.save_draft(Draft(self.draft_id, self._case_id, self._kind, form))
                self._kept = form
                failed = None
            except Exception as e:  # noqa: BLE001 - a handler's exception would replace the app by a crash screen
                failed = message_of(e)
        if failed != self.error:
            self.error = failed
            self._redraw()

    async def record(self, records: Sequence[NewActivity]) -> bool:
        """Save the records and drop the draft. A second tap meanwhile, or after, does nothing."""
        if self.saving or self.saved or not records:
            return False
        self.saving, self.error = True, None
        why = str(self.form.get("override") or "") if self.form is not None else ""
        if why.strip():
            records = [replace(r, override=why) for r in records]
        # Saving is over before a frame that says so were drawn, or it is worth saying.
        slow = asyncio.get_running_loop().call_later(SLOW_S, self._redraw)
        try:
            async with self._lock:
                self.saved = await self._notebook.record(await self._with_photos(records), self.draft_id)
        except Hindered as e:
            self.hindered = e.hindrances
        except Exception as e:  # noqa: BLE001 - see above
            self.error = message_of(e)
        finally:
            slow.cancel()
            self.saving = False
            self._redraw()
        return bool(self.saved)

    async def discard(self, fresh: Callable[[], dict[str, Any]]) -> None:
        """The officer throws the unsaved form away and begins anew."""
        async with self._lock:
            try:
                await self._notebook.drop_draft(self.draft_id)
            except Exception as e:  # noqa: BLE001 - see above
                self.error = message_of(e)
            else:
                self.form = begun = fresh()
                self.draft_id = begun["activity_id"]
                self._kept = None
                self.changed = self.restored = False
        self._redraw()


def _said(held: Form, members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value(held) if callable(value) else value for name, value in members.items()}


def use_draft(case_id: str, kind: str) -> DraftKeeper:
    """The keeper of this form for as long as the component lives; `open` it when the case is there."""
    session = use_session()
    _, turn = ft.use_state(0)
    ref: Any = ft.use_ref(None)
    if ref.current is None:

        def redraw() -> None:
            session.touch()
            turn(lambda n: n + 1)

        ref.current = DraftKeeper(session.notebook, case_id, kind, redraw)
    keeper: DraftKeeper = ref.current
    return keeper
