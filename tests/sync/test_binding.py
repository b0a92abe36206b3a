"""One text to bind a phone with."""

from pathlib import Path

import pytest

from app.ui.screens.enrol import taken
from sync.binding import Binding, read_binding
from tests.support.branch_server import RunningBranch

BOUND = Binding("https://branch.example:8443", "w001", "ABCDE12345")


def test_what_is_printed_is_read_again() -> None:
    assert BOUND.link().startswith("https://branch.example:8443/#bind?server=https%3A%2F%2F")
    assert read_binding(f" {BOUND.link()}\n") == BOUND


def test_a_server_is_never_sent_the_code() -> None:
    sent, _, kept = BOUND.link().partition("#")
    assert sent == "https://branch.example:8443/"
    assert BOUND.code in kept


def test_the_route_of_the_page_and_the_text_of_older_branches_are_read_too() -> None:
    asked = BOUND.link().partition("?")[2]
    assert read_binding(f"/bind?{asked}") == BOUND
    assert read_binding(f"waifang://bind?{asked}") == BOUND


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ABCDE12345",
        "https://branch.example",
        "waifang://bind?server=x",
        "waifang://[bad",
        "https://branch.example/bind?server=a&officer=b&code=c",
        "https://branch.example/#other?server=a&officer=b&code=c",
        "/",
        "/customers?server=a&officer=b&code=c",
        "other://bind?server=a&officer=b&code=c",
    ],
)
def test_anything_else_is_not_a_binding(text: str) -> None:
    assert read_binding(text) is None


@pytest.mark.parametrize("name", ["server", "officer", "code"])
def test_pasted_into_any_field_it_fills_all_three(name: str) -> None:
    form = taken({"server": "", "officer": "", "code": "", "pin": "1"}, name, BOUND.link())
    assert form == {"server": BOUND.server, "officer": "w001", "code": "ABCDE12345", "pin": "1"}
    assert taken(form, "pin", BOUND.link())["server"] == BOUND.server
    assert taken(form, "code", "XYZ")["code"] == "XYZ"


def test_the_branch_writes_it_as_a_picture_and_answers_as_ever(tmp_path: Path) -> None:
    branch = RunningBranch(tmp_path / "branch")
    branch.officer()
    for name in ("code.svg", "code.png"):
        answer = branch.cli_json("enrol", "w001", "--server", BOUND.server, "--qr", str(tmp_path / name))
        assert set(answer) == {"code", "expires_at"}
        assert (tmp_path / name).stat().st_size > 200
    assert branch.cli("enrol", "w001", "--qr", str(tmp_path / "x.svg")).returncode == 1
    assert branch.cli("enrol", "w001", "--server", "x", "--qr", str(tmp_path / "x.pdf")).returncode == 1
    branch.close()
