"""tus 1.0.0 over HTTP, and the files read again (protocol.md, 'Files'). A stock tus client works."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from sync.branch import problems as p
from sync.branch.devices import authenticate
from sync.branch.http.openapi import refusals
from sync.branch.office import Office
from sync.branch.uploads import FILE_MAX_BYTES, PART_BYTES, Upload, append, create, find, read_file
from sync.protocol import BASE, TUS_HEADER, TUS_VERSION

OFFSET_STREAM: Final = "application/offset+octet-stream"
_DIGITS: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
_SUPPORTS: Final = {
    TUS_HEADER: TUS_VERSION,
    "Tus-Version": TUS_VERSION,
    "Tus-Extension": "creation",
    "Tus-Max-Size": str(FILE_MAX_BYTES),
}
_bearer = HTTPBearer(auto_error=False, description="The device's secret.")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
UploadId = Annotated[str, Path(max_length=64, description="As the creation's Location named it.")]


def files(office: Office) -> APIRouter:
    """The calls under /v1/blobs and /v1/activities."""
    router = APIRouter(prefix=BASE)

    @router.options("/blobs", status_code=204, responses=refusals(p.REBIND, p.REVOKED))
    async def supported(bearer: Bearer) -> Response:
        """What of tus is spoken here."""
        await run_in_threadpool(_let_in, office, _token(bearer))
        return Response(status_code=204, headers=_SUPPORTS)

    @router.post(
        "/blobs",
        status_code=201,
        responses=refusals(p.REBIND, p.REVOKED, p.TUS, p.WRONG_FILE, body=True),
    )
    async def begin(request: Request, bearer: Bearer) -> Response:
        """Begin an upload: Upload-Length, and Upload-Metadata with activity_id and sha256."""
        token = _token(bearer)
        _speaks_tus(request)
        length = _number(request, "upload-length")
        metadata = _metadata(request.headers.get("upload-metadata", ""))
        made = await run_in_threadpool(create, office, token, length, metadata)
        return _stands(made, 201, Location=f"{BASE}/blobs/{made.upload_id}")

    @router.head("/blobs/{upload_id}", responses=refusals(p.REBIND, p.REVOKED, p.TUS, p.NOT_FOUND))
    async def where(request: Request, upload_id: UploadId, bearer: Bearer) -> Response:
        """How much of it has arrived."""
        token = _token(bearer)
        _speaks_tus(request)
        found = await run_in_threadpool(find, office, token, upload_id)
        return _stands(found, 200, **{"Upload-Length": str(found.length)})

    @router.patch(
        "/blobs/{upload_id}",
        status_code=204,
        responses=refusals(
            p.REBIND, p.REVOKED, p.TUS, p.NOT_FOUND, p.OFFSET, p.WRONG_FILE, p.OFFSET_TYPE, body=True
        ),
    )
    async def go_on(request: Request, upload_id: UploadId, bearer: Bearer) -> Response:
        """The bytes from Upload-Offset on. What arrived before a cut is kept."""
        token = _token(bearer)
        _speaks_tus(request)
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != OFFSET_STREAM:
            raise p.refuse(p.OFFSET_TYPE)
        if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise p.refuse(p.ENCODING)  # offsets count the file's own bytes
        offset = _number(request, "upload-offset")
        stands = await run_in_threadpool(find, office, token, upload_id)
        if stands.offset != offset:
            raise p.refuse(p.OFFSET, extra={"offset": stands.offset})
        content = bytearray()
        try:
            async for piece in request.stream():
                content += piece
                if offset + len(content) > stands.length:
                    raise p.refuse(p.TOO_LARGE)
                if len(content) >= PART_BYTES:
                    stands = await run_in_threadpool(append, office, token, upload_id, offset, bytes(content))
                    offset, content = stands.offset, bytearray()
        except ClientDisconnect:
            if content:
                await run_in_threadpool(append, office, token, upload_id, offset, bytes(content))
            raise p.refuse(p.MALFORMED, "cut") from None
        if content or stands.offset == stands.length:
            stands = await run_in_threadpool(append, office, token, upload_id, offset, bytes(content))
        return _stands(stands, 204)

    @router.get(
        "/activities/{activity_id}/blobs/{sha256}",
        responses=refusals(p.REBIND, p.REVOKED, p.NOT_FOUND),
    )
    async def read(
        activity_id: Annotated[str, Path(max_length=200)],
        sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
        bearer: Bearer,
    ) -> Response:
        """A file of an activity, for the officers of its case."""
        content = await run_in_threadpool(read_file, office, _token(bearer), activity_id, sha256)
        return Response(
            content,
            media_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="{sha256}"'},
        )

    return router


def _token(bearer: HTTPAuthorizationCredentials | None) -> str:
    if bearer is None:
        raise p.refuse(p.REBIND)
    return bearer.credentials


def _let_in(office: Office, token: str) -> None:
    with office.reading() as conn:
        authenticate(conn, token)


def _speaks_tus(request: Request) -> None:
    if request.headers.get(TUS_HEADER) != TUS_VERSION:
        raise p.refuse(p.TUS)


def _number(request: Request, name: str) -> int:
    value = request.headers.get(name, "")
    if _DIGITS.fullmatch(value) is None:
        raise p.refuse(p.MALFORMED, name)
    return int(value)


def _metadata(header: str) -> dict[str, str]:
    """tus: `key base64,key base64`. Raises Problem `malformed`."""
    found = {}
    for pair in header.split(","):
        name, _, value = pair.strip().partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise p.refuse(p.MALFORMED, "Upload-Metadata") from None
    return found


def _stands(upload: Upload, status: int, **more: str) -> Response:
    return Response(
        status_code=status, headers={TUS_HEADER: TUS_VERSION, "Upload-Offset": str(upload.offset), **more}
    )
