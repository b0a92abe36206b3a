"""Handing out the installable app, with the API beside it."""

from __future__ import annotations

import json
import logging
import mimetypes
import threading
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sync.branch import problems as p
from sync.branch.http.guard import problem_response
from sync.branch.webapp.build import build, current
from sync.protocol import BASE

log = logging.getLogger("sync.branch")

BY_CONTENT: Final = "kept"
_FOREVER: Final = "public, max-age=31536000, immutable"
_ALWAYS_ASK: Final = "no-cache"
_TYPES: Final = {
    ".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json",
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".otf": "font/otf", ".ttf": "font/ttf",
    ".svg": "image/svg+xml", ".png": "image/png", ".tar": "application/x-tar", ".zip": "application/zip",
}  # fmt: skip
# Nothing but this server is ever asked, whatever the client would like to.
POLICY: Final = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' blob:; worker-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
    "manifest-src 'self'; media-src 'self' blob:; base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {"Content-Security-Policy": POLICY, "Cross-Origin-Opener-Policy": "same-origin"}
_WAIT: Final = (
    '<!DOCTYPE html><html lang="zh-CN"><meta charset="utf-8"><meta http-equiv="refresh" content="5">'
    '<meta name="viewport" content="width=device-width"><title>外访</title>'
    "<p>机构正在准备外访，请稍候，本页会自动打开。</p><p>The branch is preparing the app; this page opens by itself.</p>"
)


def build_in_background(data: Path) -> None:
    """Put the app together beside the serving; `healthz` and the phones' calls do not wait for it."""

    def run() -> None:
        try:
            made = build(data)
        except Exception:
            log.exception("the app could not be put together")
        else:
            log.info("the app for phones is ready: build %s", made.build)

    threading.Thread(target=run, name="webapp", daemon=True).start()


class Beside:
    """The app at `/` beside the API: its files by name and, for ever, by content at `/kept/<hash>/<name>`."""

    def __init__(self, api: ASGIApp, data: Path) -> None:
        self._api = api
        self._data = data

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or _of_the_api(path):
            await self._api(scope, receive, send)
            return
        answer = await run_in_threadpool(_answer, self._data, path.removeprefix("/"), Headers(scope=scope))
        await answer(scope, receive, send)


def _of_the_api(path: str) -> bool:
    return path in (BASE, "/healthz") or path.startswith(BASE + "/")


def _answer(data: Path, path: str, headers: Headers) -> Response:
    folder = current(data)
    if folder is None:
        if path == "":
            return Response(
                _WAIT, 200, {"Cache-Control": "no-store", "Retry-After": "5"}, "text/html; charset=utf-8"
            )
        return problem_response(p.refuse(p.NOT_FOUND))
    listed = _listed(folder)
    if path.startswith(BY_CONTENT + "/"):
        return _by_content(data, folder, path, headers)
    name = path or "index.html"
    if name not in listed:
        return problem_response(p.refuse(p.NOT_FOUND))
    digest = listed[name]
    tag = f'"{digest[:32]}"'
    if headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": _ALWAYS_ASK})
    return _file(folder, digest, name, headers, {"Cache-Control": _ALWAYS_ASK, "ETag": tag})


def _by_content(data: Path, folder: Path, path: str, headers: Headers) -> Response:
    """`kept/<hash>/<name>`: what has this hash never changes."""
    _, digest, *name = path.split("/", 2)
    if digest not in set(_listed(folder).values()) or not name:
        return problem_response(p.refuse(p.NOT_FOUND))
    return _file(folder, digest, name[0], headers, {"Cache-Control": _FOREVER})


def _file(folder: Path, digest: str, name: str, asked: Headers, headers: dict[str, str]) -> Response:
    media = (
        _TYPES.get(PurePosixPath(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    )
    accepted = {e.split(";")[0].strip() for e in asked.get("accept-encoding", "").lower().split(",")}
    extra = {**_HEADERS, **headers, "Vary": "Accept-Encoding"}
    for encoding, suffix in (("br", ".br"), ("gzip", ".gz")):
        packed = (folder / digest).with_suffix(suffix)
        if encoding in accepted and packed.is_file():
            return FileResponse(packed, media_type=media, headers={**extra, "Content-Encoding": encoding})
    return FileResponse(folder / digest, media_type=media, headers=extra)


@lru_cache(maxsize=4)
def _listed(folder: Path) -> dict[str, str]:
    files = json.loads((folder / "build.json").read_bytes())["files"]
    return {path: f["hash"] for path, f in files.items()}
