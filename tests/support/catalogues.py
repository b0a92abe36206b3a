"""Checks the catalogues and compiles each .po to its .mo.

    python -m tests.support.catalogues            check, compile
    python -m tests.support.catalogues --check    check only; also that the .mo are those of the .po (CI)
    python -m tests.support.catalogues --missing  entries still to write, ready to be appended to a .po

A sound catalogue is compiled even while another one has a mistake. Ends with 1 when anything was found.
"""

from __future__ import annotations

import ast
import gettext
import io
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from app.i18n.translator import ONE
from tests.support.msgids import gaps, said, stray_braces

LOCALE = Path(__file__).parents[2] / "app" / "i18n" / "locale"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)  # a fixed date: the same .po gives the same .mo


def problems_of(po: Path) -> list[str]:
    """What is wrong inside one .po, a line each."""
    text = po.read_text("utf-8")
    if broken := _broken_lines(text):
        return [f"{po}: cannot be read: {line}" for line in broken]
    try:
        catalogue = _read(po)
    except PoFileError as e:
        return [f"{po}: cannot be read: {e}"]
    found = [f"said twice: {m!r}" for m in _duplicates(text)]
    for message in catalogue:
        if not message.id:
            continue
        msgid, said_as = str(message.id), str(message.string)
        if not said_as:
            found.append(f"no translation: {msgid!r}")
        elif message.context == ONE:
            if not gaps(said_as) < gaps(msgid):
                found.append(f"spells out no figure of one: {msgid!r} and {said_as!r}")
        elif gaps(msgid) != gaps(said_as):
            found.append(f"gaps differ: {msgid!r} and {said_as!r}")
        if message.fuzzy:
            found.append(f"fuzzy: {msgid!r}")
        if stray_braces(msgid) or stray_braces(said_as):
            found.append(f"a brace that is no gap: {msgid!r}, {said_as!r}")
    return [f"{po}: {line}" for line in found]


def disagreements(locale: Path = LOCALE) -> list[str]:
    """Sentences that two .po of one language say differently: only the first would ever be read."""
    found = []
    for language in sorted(p for p in locale.iterdir() if p.is_dir()):
        seen: dict[tuple[str, str], tuple[str, str]] = {}
        for po in sorted(language.glob("LC_MESSAGES/*.po")):
            for message in _read(po):
                msgid, words = str(message.id), str(message.string)
                file, earlier = seen.setdefault((message.context or "", msgid), (po.name, words))
                if msgid and earlier != words:
                    found.append(
                        f"{language.name}: {msgid!r} is {earlier!r} in {file}, {words!r} in {po.name}"
                    )
    return found


def untranslated(locale: Path = LOCALE) -> dict[str, str]:
    """msgid → where it is said, for every sentence of app/ and sync/ that has no Chinese yet."""
    known = {str(m.id) for po in (locale / "zh").glob("LC_MESSAGES/*.po") for m in _read(po) if m.string}
    return {s.msgid: s.where for s in reversed(said()) if s.msgid and s.msgid not in known}


def compile_one(po: Path) -> bool:
    """Write the .mo beside `po` if it would differ; True when it did. Whole or not at all, others may be reading it."""
    mo = po.with_suffix(".mo")
    while True:
        stamp = po.stat().st_mtime_ns
        data = _compiled(po)
        changed = not mo.exists() or mo.read_bytes() != data
        if changed:
            fresh = mo.with_name(f".{mo.name}.{os.getpid()}")
            fresh.write_bytes(data)
            fresh.replace(mo)
        if po.stat().st_mtime_ns == stamp:  # else somebody appended meanwhile
            return changed


def is_current(po: Path) -> bool:
    """Whether the .mo says what the .po says (the header, which names a Babel version, aside)."""
    mo = po.with_suffix(".mo")
    return mo.exists() and _sentences(mo.read_bytes()) == _sentences(_compiled(po))


def main(arguments: list[str]) -> int:
    out = sys.stdout
    if "--missing" in arguments:
        for msgid, where in untranslated().items():
            out.write(f'\n#: {where}\nmsgid {_quoted(msgid)}\nmsgstr ""\n')
        return 0
    found: list[str] = []
    for po in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        wrong = problems_of(po)
        found += wrong
        if any("cannot be read" in line for line in wrong):
            continue
        if "--check" not in arguments:
            out.write(f"{'compiled' if compile_one(po) else 'unchanged'} {po.relative_to(LOCALE)}\n")
        elif not is_current(po):
            found.append(
                f"{po}: its .mo is not the one it compiles to; run python -m tests.support.catalogues"
            )
    if not any("cannot be read" in line for line in found):
        found += disagreements()
    out.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


def _read(po: Path) -> Catalog:
    with po.open("rb") as f:
        catalogue = read_po(f, abort_invalid=True)
    catalogue.creation_date = catalogue.revision_date = EPOCH
    return catalogue


def _compiled(po: Path) -> bytes:
    out = io.BytesIO()
    write_mo(out, _read(po))
    return out.getvalue()


def _sentences(mo: bytes) -> dict[str, str]:
    catalogue: dict[str, str] = vars(gettext.GNUTranslations(io.BytesIO(mo)))["_catalog"]
    return {k: v for k, v in catalogue.items() if k}


def _broken_lines(text: str) -> list[str]:
    """Babel takes a string without its closing quote and drops the last character."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            ast.literal_eval(line.removeprefix("msgctxt ").removeprefix("msgid ").removeprefix("msgstr "))
        except (SyntaxError, ValueError):
            found.append(f"line {number}")
    return found


def _duplicates(text: str) -> list[str]:
    """Babel keeps the last of two entries with one msgid and says nothing."""
    seen: set[str] = set()
    twice: list[str] = []
    msgid: str | None = None
    for line in [*text.splitlines(), "msgstr"]:
        if line.startswith("msgid "):
            msgid = ast.literal_eval(line.removeprefix("msgid "))
        elif msgid is not None and line.startswith('"'):
            msgid += ast.literal_eval(line)
        elif msgid is not None:
            if msgid in seen:
                twice.append(msgid)
            seen.add(msgid)
            msgid = None
    return twice


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
