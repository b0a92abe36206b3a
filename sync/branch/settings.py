"""The branch's settings: named documents every phone of the branch gets (terms.md, 'settings')."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from app.domain.cash import MarketDays
from app.domain.limits import Limits, SettingError
from app.domain.message import Message
from app.domain.procedure import Procedure, ProcedureError
from app.domain.wording import Words
from sync.branch.errors import BadSettings
from sync.branch.office import Office, setting

PROCEDURES: Final = Path(__file__).parents[2] / "assets" / "procedures"
# The table of shared lists (data/README.md); a product that is not in it is a rejected row.
_PRODUCTS: Final = {
    "农户联保贷款": "psbc_small_loan",
    "农户保证贷款": "psbc_small_loan",
    "商户保证贷款": "psbc_small_loan",
    "个体经营担保贷款": "guarantee_company",
    "妇女创业担保贷款": "guarantee_company",
}
# law.md; the last two are the branch server's own.
_LIMITS: Final = {
    "quiet_from": "22:00",
    "quiet_until": "08:00",
    "conversations_a_day": 3,
    "attempts_a_day": 6,
    "guarantee_red_days": [30, 10, 3],
    "limitation_years": 3,
    "guarantee_months": 6,
    "enrol_code_minutes": 60,
    "enrol_failures_per_hour": 100,
}
# procedure.md, 'The day'. A new branch's own `plan` is empty: the capacities of its procedures hold.
_PLAN: Final = {"doors": 8, "calls": 25, "towns": 2, "town_radius_km": 15}


def default_settings() -> dict[str, dict[str, Any]]:
    """What a new branch starts with."""
    bundled = [tomllib.loads(path.read_text("utf-8")) for path in sorted(PROCEDURES.glob("*.toml"))]
    return {
        "procedures": {doc["name"]: doc for doc in bundled},
        "products": dict(_PRODUCTS),
        "limits": dict(_LIMITS),
        "plan": {},
        "holidays": {"holidays": [], "workdays": []},
        "market_days": {},
        "words": {},
    }


def encode(value: Mapping[str, Any]) -> bytes:
    """A settings document's bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def put_setting(office: Office, name: str, file: Path) -> bool:
    """Replace one settings document from a TOML or JSON file; whether anything changed.

    A file with one procedure replaces that procedure and leaves the others. Raises BadSettings naming the line
    (syntax) or the key (content); nothing is changed then.
    """
    if name not in _CHECKS:
        raise BadSettings(
            Message(
                "There is no setting {name}. There are: {names}.",
                {"name": name, "names": ", ".join(_CHECKS)},
            )
        )
    value = _plain(read_file(file), "")
    with office.changing() as changes:
        if name == "procedures":
            value = setting(changes.conn, name) | _by_name(value)
        if name == "products":
            _check_products(value, setting(changes.conn, "procedures"))
        _CHECKS[name](value)
        return bool(changes.store("settings", {name: encode(value)}))


def read_file(file: Path) -> dict[str, Any]:
    """A TOML or JSON file, JSON where its name ends so. Raises BadSettings."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as e:
        raise BadSettings(Message("The file {file} cannot be read.", {"file": file.name})) from e
    except UnicodeDecodeError as e:
        raise BadSettings(Message("The file {file} is not UTF-8 text.", {"file": file.name})) from e
    try:
        value = json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except json.JSONDecodeError as e:
        raise _at_line(e.lineno, Message(e.msg)) from e
    except tomllib.TOMLDecodeError as e:
        raise _at_line(toml_line(e, text), Message(str(e))) from e
    except RecursionError as e:
        raise _at_line(1, Message("nested too deeply")) from e
    if not isinstance(value, dict):
        raise _at_line(1, Message("a table is needed"))
    return value


def toml_line(error: tomllib.TOMLDecodeError, text: str) -> int:
    """The line a TOML error is about, from 1; the last one where it says "at end of document"."""
    found = re.search(r"at line (\d+)", str(error))
    return int(found[1]) if found else text.count("\n") + 1


def _at_line(line: int, why: Message) -> BadSettings:
    return BadSettings(
        Message("Line {line} cannot be read: {why}. Nothing was changed.", {"line": line, "why": why})
    )


def _at_key(path: str, why: Message) -> BadSettings:
    return BadSettings(
        Message("{path} cannot be right: {why}. Nothing was changed.", {"path": path, "why": why})
    )


def _plain(value: Any, path: str) -> Any:
    """TOML's dates and times as JSON has them; numbers that are none are refused."""
    match value:
        case dict():
            return {k: _plain(v, f"{path}.{k}" if path else k) for k, v in value.items()}
        case list():
            return [_plain(v, f"{path}[{n}]") for n, v in enumerate(value)]
        case datetime() | date():
            return value.isoformat()
        case time():
            return value.isoformat("minutes")
        case float() if not math.isfinite(value):
            raise _at_key(path, Message("a number is needed"))
    return value


def _by_name(value: dict[str, Any]) -> dict[str, Any]:
    return {value["name"]: value} if isinstance(value.get("name"), str) and "steps" in value else value


def _check_procedures(value: Mapping[str, Any]) -> None:
    for name, doc in value.items():
        if not isinstance(doc, dict):
            raise _at_key(name, Message("a table is needed"))
        try:
            read = Procedure.read({"name": name, **doc})
        except ProcedureError as e:
            raise _at_key(f"{name}.{e.path}", e.message) from e
        if read.name != name:
            raise _at_key(f"{name}.name", Message("it stands under {name}", {"name": name}))


def _check_products(value: Mapping[str, Any], procedures: Mapping[str, Any]) -> None:
    for product, procedure in value.items():
        if not product or product != "".join(product.split()):
            raise _at_key(f'"{product}"', Message("a product's name is needed, without spaces"))
        if not isinstance(procedure, str) or procedure not in procedures:
            raise _at_key(product, Message("one of {names} is needed", {"names": ", ".join(procedures)}))


def _check_plan(value: Mapping[str, Any]) -> None:
    for member, given in value.items():
        if member not in _PLAN:
            raise _at_key(member, Message("one of {names} is needed", {"names": ", ".join(_PLAN)}))
        if type(given) is not int or given < 0:
            raise _at_key(member, Message("a whole number, {least} or more, is needed", {"least": 0}))


def _read_by(read: Callable[[Mapping[str, Any]], object]) -> Callable[[Mapping[str, Any]], None]:
    """Checked by what the phone reads it with: what is taken here is followed there."""

    def check(value: Mapping[str, Any]) -> None:
        try:
            read(value)
        except SettingError as e:
            raise _at_key(e.path, e.message) from e

    return check


def _check_holidays(value: Mapping[str, Any]) -> None:
    for member, days in value.items():
        if member not in ("holidays", "workdays"):
            raise _at_key(member, Message("one of {names} is needed", {"names": "holidays, workdays"}))
        _check_dates(member, days)


def _check_dates(path: str, days: object) -> None:
    if not isinstance(days, list):
        raise _at_key(path, Message("a list of dates is needed"))
    for n, each in enumerate(days):
        try:
            date.fromisoformat(each)
        except (TypeError, ValueError) as e:
            raise _at_key(f"{path}[{n}]", Message("a date like 2026-10-01 is needed")) from e


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    "procedures": _check_procedures,
    "products": lambda _: None,  # checked against the procedures in force, see put_setting
    "limits": _read_by(Limits.read),
    "plan": _check_plan,
    "holidays": _check_holidays,
    "market_days": _read_by(MarketDays.read),
    "words": _read_by(Words.read),
}
