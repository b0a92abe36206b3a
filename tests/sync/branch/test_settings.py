import json
from pathlib import Path

import pytest

from sync.branch.errors import BadSettings
from sync.branch.office import setting
from sync.branch.settings import PROCEDURES, put_setting
from tests.support.branch_server import RunningBranch


@pytest.fixture
def database_url() -> None:
    """On SQLite alone: nothing here depends on which database it is."""


@pytest.fixture
def made(tmp_path: Path, database_url: str | None) -> RunningBranch:
    branch = RunningBranch(tmp_path / "branch", database_url=database_url)
    yield branch
    branch.close()


def kept(branch: RunningBranch, name: str) -> dict:
    with branch.office.reading() as conn:
        return setting(conn, name)


def refusal(branch: RunningBranch, name: str, file: Path) -> str:
    before = kept(branch, name)
    with pytest.raises(BadSettings) as caught:
        put_setting(branch.office, name, file)
    assert kept(branch, name) == before
    message = caught.value.message
    return " ".join(str(message.params.get(k, "")) for k in ("line", "path", "name"))


def test_a_new_branch_has_its_procedures_and_the_products_they_are_for(made: RunningBranch):
    procedures, products = kept(made, "procedures"), kept(made, "products")

    assert set(procedures) == {"psbc_small_loan", "guarantee_company"}
    assert products["农户联保贷款"] == "psbc_small_loan"
    assert products["妇女创业担保贷款"] == "guarantee_company"
    assert set(products.values()) == set(procedures)


def test_a_toml_file_becomes_the_setting_with_dates_as_json_has_them(made: RunningBranch, tmp_path: Path):
    file = tmp_path / "holidays.toml"
    file.write_text('holidays = [2026-10-01, "2026-10-02"]\nworkdays = []\n')

    assert put_setting(made.office, "holidays", file) is True
    assert kept(made, "holidays") == {"holidays": ["2026-10-01", "2026-10-02"], "workdays": []}
    assert put_setting(made.office, "holidays", file) is False


def test_a_json_file_with_a_bom_is_read(made: RunningBranch, tmp_path: Path):
    file = tmp_path / "plan.JSON"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps({"doors": 6}).encode())
    put_setting(made.office, "plan", file)

    assert kept(made, "plan") == {"doors": 6}


def test_one_procedure_replaces_itself_and_leaves_the_others(made: RunningBranch, tmp_path: Path):
    text = (PROCEDURES / "psbc_small_loan.toml").read_text("utf-8")
    file = tmp_path / "mine.toml"
    file.write_text(text.replace('name = "psbc_small_loan"', 'name = "psbc_other"', 1), "utf-8")
    put_setting(made.office, "procedures", file)

    assert set(kept(made, "procedures")) == {"psbc_small_loan", "guarantee_company", "psbc_other"}


@pytest.mark.parametrize(
    ("suffix", "text", "line"),
    [
        ("toml", "doors = 6\ncalls = = 3\n", "2"),
        ("toml", "doors = 6\n\n[plan\n", "3"),
        ("toml", 'a = "never closed', "1"),
        ("json", '{"doors": 6,\n"calls": }', "2"),
        ("json", "[]", "1"),
        ("json", "", "1"),
    ],
)
def test_bad_syntax_names_the_line(made: RunningBranch, tmp_path: Path, suffix: str, text: str, line: str):
    file = tmp_path / f"bad.{suffix}"
    file.write_text(text)

    assert refusal(made, "plan", file).split()[0] == line


@pytest.mark.parametrize(
    ("name", "content", "path"),
    [
        ("plan", {"doors": "six"}, "doors"),
        ("plan", {"doors": -1}, "doors"),
        ("plan", {"dors": 6}, "dors"),
        ("limits", {"quiet_from": "25:00"}, "quiet_from"),
        ("limits", {"guarantee_red_days": [30, "x"]}, "guarantee_red_days[1]"),
        ("limits", {"enrol_code_minutes": True}, "enrol_code_minutes"),
        ("holidays", {"holidays": ["2026-10-01", "2026-13-01"]}, "holidays[1]"),
        ("holidays", {"holiday": []}, "holiday"),
        ("products", {"农户保证贷款": "no_such_procedure"}, "农户保证贷款"),
        ("products", {"农户保证贷款": 3}, "农户保证贷款"),
        ("products", {"": "psbc_small_loan"}, '""'),
        ("limits", {"enrol_code_minutes": 0}, "enrol_code_minutes"),
        ("market_days", {"乐坝镇": [1, 32]}, "乐坝镇[1]"),
        ("market_days", {"乐坝镇": "always"}, "乐坝镇"),
        ("words", {"threats": ["a", 3]}, "threats[1]"),
        ("words", {"avoid": ["a"]}, "avoid"),
        ("procedures", {"mine": 3}, "mine"),
        ("procedures", {"mine": {"name": "mine", "steps": []}}, "mine.steps"),
        ("procedures", {"name": "mine", "steps": [{"step": "x"}]}, "mine.steps[0].kind"),
    ],
)
def test_bad_content_names_the_key(made: RunningBranch, tmp_path: Path, name: str, content: dict, path: str):
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(content))

    assert refusal(made, name, file).split()[0] == path


def test_a_number_that_is_none_is_refused(made: RunningBranch, tmp_path: Path):
    file = tmp_path / "bad.toml"
    file.write_text("[words]\nx = [1.5, nan]\n")

    assert refusal(made, "words", file).split()[0] == "words.x[1]"


def test_an_unknown_setting_is_refused_by_name(made: RunningBranch, tmp_path: Path):
    file = tmp_path / "x.json"
    file.write_text("{}")

    assert "weather" in refusal(made, "weather", file)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_refused(made: RunningBranch, tmp_path: Path, content: bytes | None):
    file = tmp_path / "x.toml"
    if content is not None:
        file.write_bytes(content)

    refusal(made, "plan", file)


def test_the_command_exits_1_with_a_sentence_and_0_when_the_setting_is_in_force(
    made: RunningBranch, tmp_path: Path
):
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text("doors = 6\n")
    bad.write_text('doors = "six"\n')

    assert made.cli_json("settings", "put", "plan", str(good)) == {"name": "plan", "changed": True}
    done = made.cli("settings", "put", "plan", str(bad))
    assert done.returncode == 1
    assert "doors" in done.stderr
    assert kept(made, "plan") == {"doors": 6}
