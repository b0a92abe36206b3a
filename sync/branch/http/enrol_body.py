"""What a phone sends to be bound."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, Field

_Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
_UUID: Final = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


class EnrolDevice(BaseModel):
    """What the phone says of itself."""

    name: _Line = ""
    platform: Annotated[_Line, Field(max_length=64)] = ""
    app: Annotated[_Line, Field(max_length=64)] = ""


class EnrolBody(BaseModel):
    """A phone asks to be bound; it made its id and its secret (256 bit, printable ASCII) itself."""

    code: Annotated[_Line, Field(max_length=64)]
    officer_id: _Name
    device_id: Annotated[str, Field(pattern=_UUID)]
    device_secret: Annotated[str, Field(min_length=32, max_length=256, pattern=r"^[!-~]+$")]
    device: EnrolDevice = EnrolDevice()
