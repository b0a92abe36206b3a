"""The phone's dependencies: all pure Python or with builds for phones, and enough to run the notebook on their own."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.support import closure
from tests.support.branch_server import running_branch
from tests.support.flet_build import SETTINGS, packed_files

PIN = "246810"


def packages_on(folder: Path, platform: str, requirements: Iterable[str]) -> Path:
    """A folder with what those requirements bring on one platform and nothing else: links to what is installed here."""
    for name in closure.resolve(requirements, closure.environment_of(platform)):
        if name in closure.LEFT_OUT:
            continue
        found = distribution(name)
        for file in found.files or ():
            if ".." in file.parts or "__pycache__" in file.parts:
                continue
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(Path(str(found.locate_file(file))))
    return folder


class Isolated:
    """A Python that sees the standard library, one folder of packages and one copy of the program."""

    def __init__(self, folder: Path, platform: str, *, with_branch: bool = False) -> None:
        self.folder = folder
        self.program = folder / "program"
        excluded = set(SETTINGS["app"]["exclude"]) - ({"sync/branch"} if with_branch else set())
        for file in packed_files({*excluded, "build"}):
            if not file.startswith("."):
                target = self.program / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(closure.ROOT / file, target)
        asked = closure.branch_dependencies() if with_branch else closure.project_dependencies()
        self.packages = packages_on(folder / "packages", platform, asked)

    def run(self, code: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """`python -I -S`: no site-packages, no PYTHONPATH, no folder of the caller's."""
        process = self.started(code)
        told, complained = process.communicate(stdin)
        return subprocess.CompletedProcess(process.args, process.returncode, told, complained)

    def started(self, code: str) -> subprocess.Popen[str]:
        """The same, left running."""
        head = f"import sys; sys.path[:0] = [{str(self.program)!r}, {str(self.packages)!r}]\n"
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-X", "utf8", "-W", "error::ImportWarning", "-c", head + code],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            cwd=self.folder,
            env={"WAIFANG_PIN": PIN, "WAIFANG_KEYSTORE_DIR": str(self.folder / "keys"), "HOME": str(self.folder), "PATH": os.environ["PATH"]},
        )  # fmt: skip

    def notebook(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """`python -m app --data DIR --json …`, with nothing but the closure."""
        arguments = ["--data", str(self.folder / "data"), "--json", *words]
        return self.run(f"from app.__main__ import main; sys.exit(main({arguments!r}))", stdin)

    def answer(self, *words: str, stdin: str = "") -> dict[str, object]:
        """The JSON answer of a command that has to succeed."""
        done = self.notebook(*words, stdin=stdin)
        assert done.returncode == 0, done.stderr
        told: dict[str, object] = json.loads(done.stdout)
        return told


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Isolated:
    """One copy for all tests: its bytecode is made once, as a package's is."""
    return Isolated(tmp_path_factory.mktemp("phone"), "android")


def test_every_package_is_pure_python_or_has_builds_for_phones() -> None:
    carried = closure.closure()
    assert {c.name for c in carried} >= {"flet", "sqlite-utils", "geopy", "httpx", "cryptography", "msgpack"}
    for package in carried:
        for platform in closure.PLATFORMS:
            assert package.source(platform) or platform not in package.on


def test_a_compiled_package_nobody_listed_is_named() -> None:
    compiled = closure.Carried("numpy", "2", pure=False, asked_by=("the app",), on=("android",))
    with pytest.raises(KeyError, match="numpy is compiled and has no known build for android"):
        compiled.source("android")


@pytest.mark.parametrize("platform", list(closure.PLATFORMS))
def test_no_phone_carries_the_page_server_the_keyring_or_the_branch(platform: str) -> None:
    asked = closure.resolve(closure.project_dependencies(), closure.environment_of(platform))
    assert not {"flet-web", "fastapi", "uvicorn", "pydantic", "keyring", "sqlalchemy"} & set(asked)


@pytest.mark.parametrize("platform", ["Android", "iOS"])
def test_a_desk_that_builds_for_a_phone_leaves_out_what_is_for_desks(platform: str) -> None:
    # `flet build` runs the desk's pip with the phone's platform_system; sys_platform stays the desk's.
    environment = closure.environment_of("desk") | {"platform_system": platform}
    asked = closure.resolve(closure.project_dependencies(), environment)
    assert not {"flet-web", "keyring"} & set(asked)


def test_the_table_says_where_every_package_comes_from() -> None:
    lines = closure.table().splitlines()
    assert len(lines) == 2 + len(closure.closure())
    assert next(line for line in lines if line.startswith("| cryptography")).count("Flet's index") == 2


def test_the_phones_packages_alone_run_the_notebook_from_binding_to_the_branchs_export(
    phone: Isolated, tmp_path: Path
) -> None:
    with running_branch(tmp_path / "branch") as branch:
        case_id = branch.case()
        bound = phone.answer("enrol", "--server", branch.url, "--officer", "w001", "--code", branch.code())
        assert bound["officer_id"] == "w001"
        assert phone.answer("sync")["pulled"]
        plan = phone.answer("today")
        assert {"visits", "calls", "waiting"} <= set(plan)
        line = json.dumps(
            {"case_id": case_id, "kind": "note", "body": {"text": "门口有人"}}, ensure_ascii=False
        )
        made = phone.answer("record", stdin=line + "\n")
        assert phone.answer("status")["waiting"] == 1
        assert phone.answer("sync")["pushed"] == 1
        assert phone.notebook("doctor").returncode == 0
        assert made["activity_id"] in {a["activity_id"] for a in branch.exported()}


def test_the_screens_load_with_the_phones_packages_alone(phone: Isolated) -> None:
    done = phone.run("import main, app.bootstrap, app.ui.start, app.device.page_device")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_notebooks_command_line_and_screens_run_with_the_dependencies_of_a_desk(tmp_path: Path) -> None:
    desk = Isolated(tmp_path, "desk")
    assert "usage: python -m app" in desk.notebook("--help").stdout
    done = desk.run("import app.ui.start, app.device.page_server, flet_web.fastapi")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_branchs_command_line_runs_with_its_own_extra_alone(tmp_path: Path) -> None:
    desk = Isolated(tmp_path, "desk", with_branch=True)
    done = desk.run(
        "import runpy; sys.argv = ['sync.branch', '--help']; runpy.run_module('sync.branch', run_name='__main__')"
    )
    assert done.returncode == 0, done.stderr
    assert "enrol" in done.stdout


def test_inside_flets_own_shell_the_app_talks_to_it_and_opens_no_port(
    phone: Isolated, tmp_path: Path
) -> None:
    # What the shell gives its Python; the socket in a file is the transport it used before its in-process one.
    socket_file = tmp_path / "shell.sock"
    shell = {"FLET_PLATFORM": "android", "FLET_SERVER_UDS_PATH": str(socket_file), "FLET_APP_STORAGE_DATA": str(tmp_path / "data")}  # fmt: skip
    code = f"import os, runpy; os.environ.update({shell!r}); sys.argv = ['']; runpy.run_module('main', run_name='__main__')"
    process = phone.started(code)
    try:
        deadline = time.monotonic() + 60
        while not socket_file.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(str(socket_file))
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()
