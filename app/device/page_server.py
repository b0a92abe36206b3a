"""The notebook as a page of this computer's own browser: Flet's web server on 127.0.0.1, and nothing from outside.

Flet's own defaults listen on every address, let any site read the answers, fetch fonts from a CDN, and show boxes
until a Chinese font has come. Here: one address, only this page's own Origin and Host, the fonts in the engine's
own manifest so that they are there with the first frame, and a start picture until then.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import webbrowser
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, Final

import flet as ft
import uvicorn
from starlette.responses import FileResponse

HOST: Final = "127.0.0.1"
FONT_FAMILY: Final = "Noto Sans SC"
SESSION_KEPT_S: Final = 15 * 60
LEAVE_WITHIN_S: Final = 3
# A photo comes over the page's own socket; one that is too large is refused with a sentence, not with a cut socket.
PHOTO_MOST: Final = 64 * 1024 * 1024
# `assets/assets` holds the font manifest: its fonts are loaded before the first frame, so no text is drawn as boxes.
FOLDERS: Final = ("fonts", "icons", "assets")
FILES: Final = ("index.html", "back.js", "manifest.json", "favicon.png")
# What Flet's own app answers besides the page: nobody needs it here.
NOT_SERVED: Final = frozenset(
    {"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json", "/oauth_callback"}
)

# Flet's client asks a CDN for a player of animations nobody uses here; nothing but this server is ever asked.
POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:; "
    "worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws://{host}:* ws://localhost:* data: blob:; frame-ancestors 'none'; base-uri 'self'"
).replace("{host}", HOST)

Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Any, Any], Any]


class OwnPageOnly:
    """Lets through only what the page itself asks: its own Host, and for everything with an Origin its own Origin.

    Keeps another site, open in the same browser, from talking to the notebook (cross-site WebSocket, DNS rebinding).
    """

    def __init__(self, app: Asgi, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}".encode() for name in (HOST, "localhost")}
        self._origins = {b"http://" + host for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        own = headers.get(b"host") in self._hosts and (origin is None or origin in self._origins)
        if own and (scope["type"] == "http" or origin is not None):
            await self._app(scope, receive, _closed_to_others(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "not this page"})
        else:
            await send(
                {"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]}
            )
            await send({"type": "http.response.body", "body": b"Not this page.\n"})


def _closed_to_others(send: Any) -> Any:
    async def tighten(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [(k, v) for k, v in message["headers"] if k.lower() != b"access-control-allow-origin"]
            message["headers"] = [
                *kept,
                (b"x-content-type-options", b"nosniff"),
                (b"x-frame-options", b"DENY"),
                (b"referrer-policy", b"no-referrer"),
                (b"content-security-policy", POLICY.encode()),
            ]
        await send(message)

    return tighten


def web_root(assets: Path, root: Path) -> None:
    """Lay out in `root` what the browser may fetch: start page, manifest, fonts, icons; no data."""
    for folder in FOLDERS:
        shutil.copytree(assets / folder, root / folder)
    for file in FILES:
        shutil.copyfile(assets / file, root / file)
    _draw_first_frame_in_chinese(root / "assets" / "FontManifest.json")


def _draw_first_frame_in_chinese(manifest: Path) -> None:
    """Flutter draws its first frame in its own default font, before the app's theme has come: let that be ours."""
    families = json.loads(manifest.read_text(encoding="utf-8"))
    [ours] = [family["fonts"] for family in families if family["family"] == FONT_FAMILY]
    families.append({"family": "Roboto", "fonts": ours})
    manifest.write_text(json.dumps(families), encoding="utf-8")


def page_app(show: Callable[[ft.Page], Any], root: Path, port: int) -> Asgi:
    """The ASGI app: `show(page)` for every browser tab, files from `root`, everybody else refused."""
    import flet_web.fastapi

    app = flet_web.fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def fonts() -> FileResponse:
        return FileResponse(root / "assets" / "FontManifest.json")

    # Flet's own answer would have Roboto added, which has no Chinese.
    app.add_api_route("/assets/FontManifest.json", fonts)

    page = flet_web.fastapi.app(
        show, assets_dir=str(root), no_cdn=True, session_timeout_seconds=SESSION_KEPT_S
    )
    page.router.routes = [r for r in page.router.routes if getattr(r, "path", None) not in NOT_SERVED]
    app.mount("/", page)
    return OwnPageOnly(app, port)


def serve_page(show: Callable[[ft.Page], Any], *, assets: Path, port: int, browser: bool = False) -> None:
    """Serve `show` on http://127.0.0.1:port/ until SIGINT or SIGTERM; `browser` opens it once it listens.

    Raises SystemExit when the port is taken (uvicorn's own way).
    """
    with tempfile.TemporaryDirectory(prefix="waifang-page-") as folder:
        web_root(assets, Path(folder))
        server = page_server(page_app(show, Path(folder), port), port)
        if browser:
            _when_listening(server, lambda: webbrowser.open(f"http://{HOST}:{port}/"))
        server.run()


def page_server(app: Asgi, port: int) -> uvicorn.Server:
    """A uvicorn on 127.0.0.1 that leaves within seconds, open tabs or not, and logs no addresses."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=HOST,
            port=port,
            log_level="warning",
            access_log=False,
            ws="websockets-sansio",
            ws_max_size=PHOTO_MOST,
            timeout_graceful_shutdown=LEAVE_WITHIN_S,
        )
    )


def _when_listening(server: uvicorn.Server, then: Callable[[], Any]) -> None:
    start = server.startup

    async def startup(*args: Any, **kwargs: Any) -> None:
        await start(*args, **kwargs)
        if server.started:
            then()

    server.startup = startup  # type: ignore[method-assign]
