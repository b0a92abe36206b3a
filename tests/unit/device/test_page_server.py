import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import flet as ft
import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.device.page_server import page_app, page_server, web_root
from tests.support.ports import free_port

ASSETS = Path(__file__).parents[3] / "assets"


def show(page: ft.Page) -> None:
    page.add(ft.Text("made up"))


@asynccontextmanager
async def served(root: Path) -> AsyncIterator[int]:
    """The page on a free port of 127.0.0.1."""
    port = free_port()
    web_root(ASSETS, root)
    server = page_server(page_app(show, root, port), port)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = True
        await running


async def get(port: int, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(f"http://127.0.0.1:{port}{path}", headers=headers)


async def test_the_page_is_served_with_a_start_picture_and_nothing_from_a_cdn(tmp_path: Path) -> None:
    async with served(tmp_path) as port:
        answer = await get(port, "/")
        assert answer.status_code == 200
        assert "icons/start.svg" in answer.text
        assert "flet.noCdn=true" in answer.text
        assert "外访" in answer.text


async def test_every_file_the_start_page_names_is_there(tmp_path: Path) -> None:
    async with served(tmp_path) as port:
        fonts = json.loads((await get(port, "/assets/FontManifest.json")).text)
        files = [f"/assets/{font['asset']}" for family in fonts for font in family["fonts"]]
        for path in ["/icons/start.svg", "/manifest.json", "/favicon.png", *files]:
            assert (await get(port, path)).status_code == 200, path


async def test_the_first_frame_has_chinese_in_flutters_default_font_too(tmp_path: Path) -> None:
    async with served(tmp_path) as port:
        fonts = {
            f["family"]: f["fonts"] for f in json.loads((await get(port, "/assets/FontManifest.json")).text)
        }
        assert fonts["Roboto"] == fonts["Noto Sans SC"]


@pytest.mark.parametrize(
    "path", ["/demo/overdue_2026-11-23.csv", "/procedures/psbc_small_loan.toml", "/docs", "/openapi.json"]
)
async def test_no_data_and_no_description_of_the_server_is_served(tmp_path: Path, path: str) -> None:
    async with served(tmp_path) as port:
        answer = await get(port, path)
        assert answer.status_code == 404 or "<title>外访</title>" in answer.text


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.test"}, {"Origin": "null"}, {"Host": "evil.test"}, {"Host": "127.0.0.1"}],
    ids=["another site", "a sandboxed frame", "a rebound name", "another port"],
)
async def test_whoever_is_not_the_page_itself_is_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    async with served(tmp_path) as port:
        assert (await get(port, "/", **headers)).status_code == 403


async def test_the_page_by_the_name_localhost_is_the_page_too(tmp_path: Path) -> None:
    async with served(tmp_path) as port:
        answer = await get(port, "/", Host=f"localhost:{port}", Origin=f"http://localhost:{port}")
        assert answer.status_code == 200


async def test_other_sites_may_not_read_the_answers_nor_frame_the_page(tmp_path: Path) -> None:
    async with served(tmp_path) as port:
        headers = (await get(port, "/")).headers
        assert "access-control-allow-origin" not in headers
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'self'" in headers["content-security-policy"]


@pytest.mark.parametrize("origin", [None, "http://evil.test", "https://127.0.0.1"])
async def test_a_socket_opened_by_another_site_is_refused(tmp_path: Path, origin: str | None) -> None:
    async with served(tmp_path) as port:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws://127.0.0.1:{port}/ws", origin=origin, proxy=None):
                raise AssertionError("it was let in")
        assert refused.value.response.status_code == 403


async def test_a_socket_opened_by_the_page_is_let_in(tmp_path: Path) -> None:
    async with (
        served(tmp_path) as port,
        connect(f"ws://127.0.0.1:{port}/ws", origin=f"http://127.0.0.1:{port}", proxy=None) as socket_,
    ):
        assert socket_.response is not None
        assert socket_.response.status_code == 101


async def test_it_listens_on_this_computer_only(tmp_path: Path) -> None:
    server = page_server(page_app(show, tmp_path, 1), 1)
    assert server.config.host == "127.0.0.1"
