from pathlib import Path

import pytest

from tests.support import catalogues
from tests.support.catalogues import LOCALE, disagreements, is_current, problems_of, untranslated
from tests.support.msgids import chinese_literals, said, stray_braces

CATALOGUES = sorted(LOCALE.glob("*/LC_MESSAGES/*.po"))
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
# What the program says, it says from the catalogues. Words it must recognise (headings of a list, 不列入) are data.
SPEAKING = (
    "app/ui",
    "app/store",
    "app/device",
    "app/notebook.py",
    "app/ports.py",
    "app/bootstrap.py",
    "app/__main__.py",
    "sync/client.py",
    "sync/engine.py",
    "sync/protocol.py",
)
NAMES = ("外访", "中文")  # the product's and a language's own name, the same whoever reads
BOTH_AT_ONCE = "app/ui/guard.py"  # shown when the screen, and so perhaps its language, has failed


@pytest.mark.parametrize("po", CATALOGUES, ids=lambda po: f"{po.parts[-3]}-{po.stem}")
def test_a_catalogue_is_sound_and_compiled(po: Path) -> None:
    assert problems_of(po) == []
    assert is_current(po)


def test_no_sentence_is_said_in_two_ways() -> None:
    assert disagreements() == []


def test_every_sentence_of_the_program_is_said_in_chinese() -> None:
    assert untranslated() == {}


def test_every_gap_of_a_sentence_is_filled_where_it_is_said() -> None:
    assert {f"{s.where} {s.msgid}": s.unfilled for s in said() if s.unfilled} == {}


def test_no_sentence_has_a_brace_that_is_no_gap() -> None:
    assert [s.where for s in said() if stray_braces(s.msgid)] == []


def test_what_is_said_is_written_in_the_catalogues_and_nowhere_else() -> None:
    found = [line for path in SPEAKING for line in chinese_literals(path)]
    assert [
        line for line in found if not line.startswith(BOTH_AT_ONCE) and line.split()[-1] not in NAMES
    ] == []


def _po(tmp_path: Path, entries: str) -> Path:
    po = tmp_path / "zh" / "LC_MESSAGES" / "ui.po"
    po.parent.mkdir(parents=True, exist_ok=True)
    po.write_text(HEADER + entries, "utf-8")
    return po


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ('\nmsgid "a"\nmsgstr "甲"\n\nmsgid "b"\nmsgstr "乙"\n\nmsgid "a"\nmsgstr "丙"\n', "said twice: 'a'"),
        (
            '\nmsgid ""\n"long "\n"one"\nmsgstr "甲"\n\nmsgid "long one"\nmsgstr "乙"\n',
            "said twice: 'long one'",
        ),
        ('\nmsgid "{n} days"\nmsgstr "{m} 天"\n', "gaps differ"),
        ('\nmsgid "{n} days"\nmsgstr "天"\n', "gaps differ"),
        ('\nmsgid "a"\nmsgstr ""\n', "no translation: 'a'"),
        ('\n#, fuzzy\nmsgid "a"\nmsgstr "甲"\n', "fuzzy: 'a'"),
        ('\nmsgid "{0} days"\nmsgstr "{0} 天"\n', "a brace that is no gap"),
        ('\nmsgid "a"\nmsgstr "甲\n', "cannot be read"),
    ],
)
def test_a_mistake_in_a_catalogue_is_named(tmp_path: Path, entries: str, complaint: str) -> None:
    assert [line for line in problems_of(_po(tmp_path, entries)) if complaint in line]


def test_one_sentence_with_two_translations_is_named(tmp_path: Path) -> None:
    ui = _po(tmp_path, '\nmsgid "Save"\nmsgstr "保存"\n\nmsgid "Call"\nmsgstr "电话"\n')
    core = '\nmsgid "Save"\nmsgstr "存"\n\nmsgid "Call"\nmsgstr "电话"\n'
    ui.with_name("core.po").write_text(HEADER + core, "utf-8")
    (line,) = disagreements(tmp_path)
    assert "'Save'" in line


def test_a_catalogue_changed_after_it_was_compiled_is_not_current(tmp_path: Path) -> None:
    po = _po(tmp_path, '\nmsgid "Save"\nmsgstr "保存"\n')
    assert not is_current(po)
    assert catalogues.compile_one(po)
    assert is_current(po)
    assert not catalogues.compile_one(po)
    with po.open("a", encoding="utf-8") as f:
        f.write('\nmsgid "Call"\nmsgstr "电话"\n')
    assert not is_current(po)
