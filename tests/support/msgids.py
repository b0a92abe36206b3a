"""Finds every sentence the program says: `t("…")`, `Message("…")`, `mark("…")` in app/ and sync/."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GAP = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
SPEAKERS = frozenset({"t", "_t", "Message", "mark"})


@dataclass(frozen=True)
class Said:
    """One msgid where it stands; `given` are the names that fill its gaps, None where that cannot be read off."""

    msgid: str
    where: str
    given: frozenset[str] | None

    @property
    def unfilled(self) -> set[str]:
        return set() if self.given is None else gaps(self.msgid) - self.given


def gaps(sentence: str) -> set[str]:
    return set(GAP.findall(sentence))


def stray_braces(sentence: str) -> bool:
    """A brace that is no gap: `{0}`, `{n:,}` or a half one would be shown as it stands."""
    return any(brace in GAP.sub("", sentence) for brace in "{}")


def sources(*under: str) -> Iterator[Path]:
    for name in under or ("app", "sync"):
        path = ROOT / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def said(*under: str) -> list[Said]:
    return [s for path in sources(*under) for s in _said_in(path)]


def chinese_literals(*under: str) -> list[str]:
    """`path:line text` of every Chinese string that is not a docstring."""
    found = []
    for path in sources(*under):
        tree = ast.parse(path.read_text("utf-8"))
        docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        found += [
            f"{path.relative_to(ROOT)}:{n.lineno} {n.value}"
            for n in ast.walk(tree)
            if isinstance(n, ast.Constant)
            and isinstance(n.value, str)
            and id(n) not in docs
            and CHINESE.search(n.value)
        ]
    return found


def _said_in(path: Path) -> Iterator[Said]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or _name(node.func) not in SPEAKERS or not node.args:
            continue
        where = f"{path.relative_to(ROOT)}:{node.lineno}"
        for msgid in _literals(node.args[0]):
            yield Said(msgid, where, _given(node))


def _name(func: ast.expr) -> str:
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""


def _literals(arg: ast.expr) -> list[str]:
    match arg:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp():
            return _literals(arg.body) + _literals(arg.orelse)
    return []


def _given(call: ast.Call) -> frozenset[str] | None:
    name = _name(call.func)
    if name == "mark" or any(k.arg is None for k in call.keywords):
        return None
    if name != "Message":
        return frozenset(k.arg for k in call.keywords if k.arg)
    params = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords), None)
    if params is None:
        return frozenset()
    if not isinstance(params, ast.Dict) or not all(isinstance(k, ast.Constant) for k in params.keys):
        return None
    return frozenset(str(k.value) for k in params.keys if isinstance(k, ast.Constant))
