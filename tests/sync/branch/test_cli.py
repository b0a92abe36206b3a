import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from sync.branch import tables as t
from sync.branch.cli import main
from sync.branch.database import trouble_of
from tests.support.branch_server import ROOT, RunningBranch, branch_cli, free_port
from tests.support.wire_phone import WirePhone


def failed_clearly(done: subprocess.CompletedProcess[str]) -> str:
    """Exit 1, nothing on standard output, one sentence in Chinese and in English."""
    assert done.returncode == 1, done.stdout
    assert done.stdout == ""
    chinese, english = done.stderr.strip().splitlines()
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert "Traceback" not in done.stderr
    return english


def cli_words(branch: RunningBranch, *words: str) -> list[str]:
    return [sys.executable, "-m", "sync.branch", "--data", str(branch.folder), *words]


@pytest.fixture
def database_url() -> None:
    """On SQLite alone: nothing here depends on which database it is."""


@pytest.fixture
def made(tmp_path: Path, database_url: str | None) -> RunningBranch:
    branch = RunningBranch(tmp_path / "branch", database_url=database_url)
    branch.officer("w001", "赵试")
    yield branch
    branch.close()


def test_init_asks_nothing_and_makes_a_branch_with_a_recovery_key_only_its_passphrase_opens(tmp_path: Path):
    folder = tmp_path / "new" / "branch"
    done = branch_cli(folder, "init", "--name", "试点支行", "--json")
    said = json.loads(done.stdout)
    pem = Path(said["recovery_key_file"]).read_bytes()
    private = load_pem_private_key(pem, said["passphrase"].encode())

    assert done.returncode == 0
    assert (folder / "webapp" / "current.json").is_file()
    assert (said["name"], said["zone"]) == ("试点支行", "Asia/Shanghai")
    assert private.key_size == 3072
    with pytest.raises(ValueError, match="password"):
        load_pem_private_key(pem, b"wrong")
    branch = sqlite3.connect(folder / "branch.db")
    (kept,) = branch.execute("SELECT value FROM meta WHERE name = 'recovery_key'").fetchone()
    branch.close()
    assert load_pem_public_key(kept.encode()).public_numbers() == private.public_key().public_numbers()
    assert all(said["passphrase"].encode() not in f.read_bytes() for f in folder.rglob("*") if f.is_file())


@pytest.mark.skipif(os.name == "nt", reason="rights are POSIX's")
def test_what_init_writes_is_for_its_owner_only(made: RunningBranch):
    modes = {f.name: stat.S_IMODE(f.stat().st_mode) for f in (made.folder, *made.folder.rglob("*"))}

    assert {name: mode & 0o077 for name, mode in modes.items()} == dict.fromkeys(modes, 0)


def test_a_second_init_is_refused_and_changes_nothing(made: RunningBranch):
    before = _contents(made.folder)
    english = failed_clearly(made.cli("init", "--name", "另一个"))

    assert english == "There is a branch in this data folder already. Nothing was changed."
    assert _contents(made.folder) == before


def _contents(folder: Path) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in folder.rglob("*") if f.is_file() and f.name != "branch.db-shm"}


@pytest.mark.parametrize(
    "words",
    [("--name", ""), ("--name", "x" * 200), ("--name", "a", "--zone", "Asia/Nowhere"), ()],
)
def test_an_init_that_cannot_be_leaves_nothing_behind(tmp_path: Path, words: tuple[str, ...]):
    failed_clearly(branch_cli(tmp_path / "branch", "init", *words))

    assert list(tmp_path.iterdir()) == []


def test_a_zone_can_be_given(tmp_path: Path):
    done = branch_cli(
        tmp_path, "--json", "init", "--no-webapp", "--name", "乌鲁木齐支行", "--zone", "Asia/Urumqi"
    )

    assert json.loads(done.stdout)["zone"] == "Asia/Urumqi"


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("officer", "list"),
        ("officer", "add", "w001", "赵试"),
        ("enrol", "w001"),
        ("serve",),
        ("export", "activities"),
        ("settings", "put", "limits", "pyproject.toml"),
        ("webapp", "build"),
    ],
)
def test_without_a_branch_every_command_says_so_and_makes_nothing(tmp_path: Path, words: tuple[str, ...]):
    english = failed_clearly(branch_cli(tmp_path / "none", *words))

    assert english == "There is no branch in this data folder. Run `init` first."
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "words", [("fly",), ("enrol",), ("export", "everything"), ("enrol", "w001", "--loud")]
)
def test_a_command_that_cannot_be_read_is_one_clear_error(made: RunningBranch, words: tuple[str, ...]):
    assert failed_clearly(made.cli(*words)).startswith("The command cannot be read: ")


@pytest.mark.parametrize(
    ("words", "chinese", "english"),
    [
        ((), "缺少命令。", "a command is missing."),
        (("fly",), "没有命令 fly。", "there is no command fly."),
        (("enrol",), "缺少 OFFICER。", "OFFICER is missing."),
        (("decide", "1", "legal"), "缺少 --why。", "--why is missing."),
        (("status", "--loud"), "没有选项 --loud。", "there is no option --loud."),
        (("status", "a", "b"), "多出了 a b。", "a b is too much."),
        (("export", "cases", "--since"), "--since 后面要有值。", "--since needs a value."),
        (
            ("export", "cases", "--since", "yesterday"),
            "--since 不能是“yesterday”，要写成 2026-11-23 这样的日期。",
            "--since cannot be “yesterday”, only a day like 2026-11-23.",
        ),
        (
            ("export", "cases", "--format", "xml"),
            "--format 不能是“xml”，只能是 csv, xlsx, jsonl。",
            "--format cannot be “xml”, only csv, xlsx, jsonl.",
        ),
        (("serve", "--port", "x"), "--port 的数不对。", "--port needs another number."),
    ],
)
def test_what_is_wrong_with_a_command_is_said_in_both_languages(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...], chinese: str, english: str
):
    assert main(["--data", str(tmp_path), *words]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"命令有误：{chinese} 用 --help 查看用法。",
        f"The command cannot be read: {english} Try --help.",
    ]


def test_an_answer_that_cannot_be_written_is_one_sentence(made: RunningBranch):
    for words in (("status",), ("export", "cases")):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(cli_words(made, *words), stdout=full, stderr=subprocess.PIPE, cwd=ROOT)
        assert done.returncode == 1
        assert done.stderr.decode().splitlines()[1].startswith("Writing or reading failed: No space left")


def test_a_reader_who_has_enough_of_the_answer_is_no_fault_of_ours(made: RunningBranch):
    asked = subprocess.Popen(
        cli_words(made, "export", "cases"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    asked.stdout.close()
    assert asked.stderr.read() == b""
    asked.stderr.close()
    assert asked.wait() == 1


def test_data_that_cannot_be_written_are_told_as_such(made: RunningBranch):
    with made.office.database.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA query_only=1")
        with pytest.raises(OperationalError) as caught:
            conn.execute(insert(t.meta).values(name="a", value="b"))
    assert "read-only" in trouble_of(caught.value).text


def test_data_written_by_a_newer_program_are_left_alone(made: RunningBranch):
    made.close()
    database = sqlite3.connect(made.folder / "branch.db")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()

    assert "newer version" in failed_clearly(made.cli("status"))


def test_a_file_that_is_no_database_is_one_clear_error(tmp_path: Path):
    (tmp_path / "branch.db").write_bytes(b"not a database at all" * 100)

    assert "not a database" in failed_clearly(branch_cli(tmp_path, "status"))


@pytest.mark.parametrize("words", [("--help",), ("officer", "--help"), ("serve", "--help")])
def test_help_is_an_answer(tmp_path: Path, words: tuple[str, ...]):
    done = branch_cli(tmp_path, *words)

    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage" in done.stdout


def test_reading_commands_do_not_wait_for_a_long_import(made: RunningBranch):
    with made.office.changing():
        assert made.cli_json("officer", "list")["officers"][0]["id"] == "w001"


def test_officers_are_added_and_listed(made: RunningBranch):
    assert made.cli_json("officer", "add", "w002", "钱试") == {"id": "w002", "name": "钱试"}
    made.case("w002")

    assert made.cli_json("officer", "list") == {
        "officers": [
            {"id": "w001", "name": "赵试", "cases": 0, "devices": 0},
            {"id": "w002", "name": "钱试", "cases": 1, "devices": 0},
        ]
    }
    told = made.cli("officer", "list").stdout.splitlines()
    assert told[0] == "w001 赵试：0 笔，0 部手机"
    assert told[3] == "w002 钱试: 1 case assigned, 0 devices"


def test_an_officers_number_is_given_once(made: RunningBranch):
    for again in ("w001", " W001 ", "ｗ００１"):  # a list's w001, W001 and ｗ００１ are one officer
        english = failed_clearly(made.cli("officer", "add", again, "别人"))
        assert english == "Officer w001 is registered already. Nothing was changed."
    assert made.cli_json("officer", "list")["officers"][0]["name"] == "赵试"


def test_enrol_gives_a_code_that_works_and_says_until_when(made: RunningBranch):
    made.start()
    said = made.cli_json("enrol", "w001")
    phone = WirePhone(made.url)

    assert set(said) == {"code", "expires_at"}
    left = datetime.fromisoformat(said["expires_at"]) - made.office.now()
    assert timedelta(minutes=55) < left <= timedelta(minutes=60)
    assert phone.enrol(said["code"]).status_code == 200
    phone.close()


def test_enrol_for_an_officer_nobody_registered_is_refused(made: RunningBranch):
    assert "w009" in failed_clearly(made.cli("enrol", "w009", "--json"))


def test_json_may_stand_before_the_command_or_after_it(made: RunningBranch):
    assert json.loads(made.cli("--json", "officer", "list").stdout) == made.cli_json("officer", "list")


def test_serve_tells_its_address_once_it_listens_and_ends_well_when_asked(made: RunningBranch):
    port = free_port()
    command = [sys.executable, "-m", "sync.branch", "--data", str(made.folder), "serve", "--json"]
    serving = subprocess.Popen(
        [*command, "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    try:
        told = json.loads(serving.stdout.readline())
        assert told == {"address": f"http://127.0.0.1:{port}"}
        assert httpx.get(told["address"] + "/v1/hello").json()["branch"] == "试点支行"
        taken = made.cli("serve", "--port", str(port))
        assert str(port) in failed_clearly(taken)
    finally:
        serving.send_signal(signal.SIGTERM)
        rest, _ = serving.communicate(timeout=30)
    assert serving.returncode == 0
    assert rest == ""


def test_commands_work_while_the_branch_serves(tmp_path: Path, database_url: str | None):
    branch = RunningBranch(tmp_path / "branch", process=True, database_url=database_url)
    branch.start()
    branch.cli_json("officer", "add", "w001", "赵试")
    phone = WirePhone(branch.url)

    assert phone.enrol(branch.cli_json("enrol", "w001")["code"]).status_code == 200
    branch.stop()
    branch.start()
    assert phone.pull_raw().status_code == 200
    assert branch.cli_json("status")["devices"] == 1
    phone.close()
    branch.close()


def test_status_counts_what_there_is(made: RunningBranch):
    made.start()
    phone = WirePhone(made.url)
    phone.enrol(made.code())
    phone.push([phone.record(made.case()), phone.record("of nobody")])
    phone.record("never sent")
    phone.push([])
    said = made.cli_json("status")

    assert said["cases"] == {"open": 1}
    assert (said["activities"], said["quarantined"], said["late"]) == (1, 1, 0)
    assert (said["devices"], said["behind"]) == (1, 1)
    phone.close()
    told = made.cli("status").stdout.splitlines()
    assert told[0] == "机构 试点支行，时区 Asia/Shanghai"
    assert told[2] == "信贷员 1 人，1 部手机，其中 1 部还有未上传的记录"
    assert told[3].startswith("1 officer, 1 device, 1 of them")
    assert told[4] == "逾期贷款：催收中 1 笔"
    assert not any("T" in line and "+08:00" in line for line in told), told
