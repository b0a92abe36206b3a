"""Files in memory, handed out as a page's server would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import uvicorn

from tests.support.ports import free_port

_TYPES: Final = {".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".css": "text/css", ".json": "application/json"}  # fmt: skip


@asynccontextmanager
async def handed_out(files: Mapping[str, bytes]) -> AsyncIterator[str]:
    """Those files by their paths, index.html at `/`, on a free port of 127.0.0.1; yields the address."""

    async def answer(scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"].lstrip("/") or "index.html"
        if path.startswith("kept/"):  # the service worker asks by hash: kept/HASH/path
            path = path.split("/", 2)[2]
        kind = _TYPES.get(Path(path).suffix, "application/octet-stream").encode()
        headers = [(b"content-type", kind), (b"cache-control", b"no-cache")]
        await send(
            {"type": "http.response.start", "status": 200 if path in files else 404, "headers": headers}
        )
        await send({"type": "http.response.body", "body": files.get(path, b"")})

    port = free_port()
    server = uvicorn.Server(uvicorn.Config(answer, port=port, log_level="warning", lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        await running
