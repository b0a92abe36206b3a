"""The client takes the branch's whole answer, or nothing."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from sync.client import BadAddress, HttpBranch, server_address
from sync.protocol import Check, Document, Head, Item, Page, PushRequest, Refused, Unreachable

PAGE = Page(
    "c",
    False,
    1_700_000_000_000,
    True,
    (Document("case", "a", 1, b'{"x":1}'),),
    (),
    Check().add("case", "a", 1),
)


@asynccontextmanager
async def answering(answer: Callable[[bytes], bytes]) -> AsyncIterator[str]:
    """A loopback server that reads one request and sends exactly these bytes, then closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(h[15:]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")), 0
        )
        body = await reader.readexactly(length)
        writer.write(answer(head + body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def http(
    body: bytes, status: str = "200 OK", protocol: bool = True, length: bool = True, extra: str = ""
) -> bytes:
    head = f"HTTP/1.1 {status}\r\n" + ("Waifang-Protocol: 1\r\n" if protocol else "") + extra
    if length:
        head += f"Content-Length: {len(body)}\r\n"
    return (head + "Connection: close\r\n\r\n").encode() + body


async def ask(
    answer: bytes, call: Callable[[HttpBranch], Awaitable[object]] = lambda b: b.pull("")
) -> object:
    async with answering(lambda _: answer) as server:
        branch = HttpBranch(server, "secret", "0.1.0")
        try:
            return await call(branch)
        finally:
            await branch.close()


@pytest.mark.parametrize("packed", [False, True])
async def test_a_whole_page_is_taken(packed: bool) -> None:
    body = gzip.compress(PAGE.encode()) if packed else PAGE.encode()
    assert await ask(http(body, extra="Content-Encoding: gzip\r\n" if packed else "")) == PAGE


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("length", [False, True])
async def test_an_answer_cut_after_any_byte_is_never_taken(packed: bool, length: bool) -> None:
    body = gzip.compress(PAGE.encode()) if packed else PAGE.encode()
    whole = http(body, extra="Content-Encoding: gzip\r\n" if packed else "", length=length)
    cuts = iter(range(len(whole)))
    async with answering(lambda _: whole[: next(cuts)]) as server:
        branch = HttpBranch(server, "", "0.1.0")
        for _ in range(len(whole)):
            with pytest.raises(Unreachable):
                await branch.pull("")
        await branch.close()
    assert next(cuts, None) is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (http(b"<html>Sign in</html>", protocol=False), "not_the_branch"),
        (http(PAGE.encode(), protocol=False), "not_the_branch"),
        (http(b"", "302 Found", protocol=False, extra="Location: http://portal.test/\r\n"), "not_the_branch"),
        (http(b"bad gateway", "502 Bad Gateway", protocol=False), "not_the_branch"),
        (http(b"<html>Sign in</html>"), "cut"),
        (http(PAGE.encode(), "201 Created"), "not_the_branch"),
    ],
)  # fmt: skip
async def test_an_answer_that_is_not_the_branchs_is_a_network_failure(answer: bytes, why: str) -> None:
    with pytest.raises(Unreachable) as e:
        await ask(answer)
    assert e.value.why == why


async def test_a_problem_is_the_branchs_no_with_its_code_and_members() -> None:
    body = json.dumps(
        {"type": "about:blank", "status": 409, "code": "resend_from", "resend_from": 3}
    ).encode()
    answer = http(body, "409 Conflict", extra="Content-Type: application/problem+json\r\nRetry-After: 7\r\n")
    with pytest.raises(Refused) as e:
        await ask(answer)
    assert (e.value.status, e.value.code, e.value.extra["resend_from"], e.value.retry_after) == (
        409,
        "resend_from",
        3,
        7.0,
    )


async def test_nobody_there_is_no_connection() -> None:
    async with answering(lambda _: b"") as server:
        free = server
    branch = HttpBranch(free, "", "0.1.0")
    with pytest.raises(Unreachable) as e:
        await branch.hello()
    assert e.value.why == "no_connection"
    await branch.close()


async def test_a_large_push_goes_compressed_and_carries_secret_and_version() -> None:
    seen: list[bytes] = []

    def answer(request: bytes) -> bytes:
        seen.append(request)
        return http(b'{"protocol":1,"time_ms":1,"head":[1,"' + b"a" * 64 + b'"],"results":[]}')

    async with answering(answer) as server:
        branch = HttpBranch(server, "s3cret", "0.1.0")
        request = PushRequest(Head(), (Item("a", b"x" * 5000),))
        await branch.push(request)
        await branch.close()
    head, body = seen[0].split(b"\r\n\r\n", 1)
    assert b"Authorization: Bearer s3cret" in head
    assert b"Waifang-App: 0.1.0" in head
    assert b"POST /v1/push" in head
    assert PushRequest.decode(gzip.decompress(body)) == request


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("127.0.0.1:8551", "http://127.0.0.1:8551"),
        (" http://localhost:8551/ ", "http://localhost:8551"),
        ("branch.example", "https://branch.example"),
        ("https：／／branch.example：8443", "https://branch.example:8443"),
        ("[::1]:8551", "http://[::1]:8551"),
    ],
)
def test_an_address_is_taken_as_officers_type_it(typed: str, address: str) -> None:
    assert server_address(typed) == address


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "not_an_address"),
        ("htp://x", "not_an_address"),
        ("branch example", "not_an_address"),
        ("http://x:99999", "not_an_address"),
        ("https://", "not_an_address"),
        ("http://10.1.2.3", "needs_tls"),
        ("http://branch.example", "needs_tls"),
    ],
)
def test_an_address_that_cannot_be_one_says_why(typed: str, why: str) -> None:
    with pytest.raises(BadAddress) as e:
        server_address(typed)
    assert e.value.why == why
