"""A photo from the camera or the gallery, as the phone's own chooser offers them."""

from __future__ import annotations

import logging

import flet as ft

log = logging.getLogger(__name__)


class PhotoPicker:
    """The chooser of one page. Held for as long as the page lives."""

    def __init__(self) -> None:
        self._picker = ft.FilePicker()

    async def pick(self) -> bytes | None:
        """The file that was chosen, as it is; None when the officer chose none. Raises OSError where none can be had."""
        try:
            chosen = await self._picker.pick_files(
                file_type=ft.FilePickerFileType.IMAGE,
                with_data=True,
                # The camera takes the window's focus away; that is not a refusal.
                cancel_upload_on_window_blur=False,
            )
        except (RuntimeError, TimeoutError) as e:  # what the platform answers instead of a file
            log.warning("no photo: %s", type(e).__name__)
            raise OSError("the chooser did not open") from e
        return chosen[0].bytes if chosen else None
