"""What the phone carries: every package that `dependencies` in pyproject.toml brings, platform by platform.

    python -m tests.support.closure

prints the table. Markers are read as the phone's own pip would read them; metadata and wheel tags come from what is
installed here. A package that is not pure Python must stand in MOBILE with where its builds come from.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[2]
PLATFORMS: Final = {
    "android": {"sys_platform": "android", "platform_system": "Android", "os_name": "posix", "platform_machine": "aarch64"},
    "ios": {"sys_platform": "ios", "platform_system": "iOS", "os_name": "posix", "platform_machine": "arm64"},
    "browser": {"sys_platform": "emscripten", "platform_system": "Emscripten", "os_name": "posix", "platform_machine": "wasm32"},
}  # fmt: skip
PYTHON: Final = {"python_version": "3.14", "python_full_version": "3.14.6", "implementation_name": "cpython", "platform_python_implementation": "CPython"}  # fmt: skip

# Compiled packages the phone may have: where it gets them. Seen in Flet's own list of mobile builds and in the
# runtime that flet-web brings.
MOBILE: Final = {
    "msgpack": {"android": "Flet's index", "ios": "Flet's index", "browser": "its own wheel for the browser"},
    "cryptography": {"android": "Flet's index", "ios": "Flet's index", "browser": "not carried: WebCrypto"},
    "cffi": {"android": "Flet's index", "ios": "Flet's index", "browser": "not carried: WebCrypto"},
    "pycparser": {"browser": "not carried: WebCrypto"},
}
# Pure Python, asked for by another package, and left out of the app.
LEFT_OUT: Final = {
    "pip": "sqlite-utils asks for it, for a command no phone has; cleanup.package_files removes it"
}


@dataclass(frozen=True)
class Carried:
    """One package: its version here, whether its wheel is pure Python, and who asks for it on which platform."""

    name: str
    version: str
    pure: bool
    asked_by: tuple[str, ...]
    on: tuple[str, ...]

    def source(self, platform: str) -> str:
        """Where that platform gets it; empty where it does not carry it. Raises KeyError: nobody knows."""
        if platform not in self.on:
            return ""
        if where := MOBILE.get(self.name, {}).get(platform):
            return where
        if not self.pure:
            raise KeyError(f"{self.name} is compiled and has no known build for {platform}")
        return "left out" if self.name in LEFT_OUT else "pure Python"


def is_pure(found: Distribution) -> bool:
    """Whether its wheel runs anywhere, by its own tags."""
    wheel = found.read_text("WHEEL") or ""
    tags = [line.partition(":")[2].strip() for line in wheel.splitlines() if line.startswith("Tag:")]
    return bool(tags) and all(tag.endswith("-none-any") for tag in tags)


def project_dependencies() -> list[str]:
    """`dependencies` as written in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return list(project["dependencies"])


def branch_dependencies() -> list[str]:
    """`dependencies` and the extra `[branch]`, as written in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["branch"]]


def resolve(requirements: Iterable[str], environment: dict[str, str]) -> dict[str, set[str]]:
    """Every package those lines bring in that environment, with who asks for each. Raises PackageNotFoundError."""
    asked: dict[str, set[str]] = {}
    todo: list[tuple[str, str, frozenset[str]]] = [(line, "the app", frozenset()) for line in requirements]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        line, asker, extras = todo.pop()
        wanted = Requirement(line)
        if wanted.marker and not any(
            wanted.marker.evaluate({**environment, "extra": extra}) for extra in extras or {""}
        ):
            continue
        name = canonicalize_name(wanted.name)
        asked.setdefault(name, set()).add(asker)
        if (name, frozenset(wanted.extras)) in seen:
            continue
        seen.add((name, frozenset(wanted.extras)))
        todo += [(r, name, frozenset(wanted.extras)) for r in distribution(name).requires or ()]
    return asked


def environment_of(platform: str) -> dict[str, str]:
    """The markers of a phone's Python; `desk` is this machine's."""
    here = {k: str(v) for k, v in default_environment().items()}
    return here if platform == "desk" else {**here, **PYTHON, **PLATFORMS[platform]}


def closure(platforms: Iterable[str] = tuple(PLATFORMS)) -> list[Carried]:
    """Every package any of the platforms carries, by name."""
    per_platform = {p: resolve(project_dependencies(), environment_of(p)) for p in platforms}
    found = []
    for name in sorted(set().union(*per_platform.values())):
        kept = distribution(name)
        askers = set().union(*(asked.get(name, set()) for asked in per_platform.values()))
        on = tuple(p for p, asked in per_platform.items() if name in asked)
        found.append(Carried(name, kept.version, is_pure(kept), tuple(sorted(askers)), on))
    return found


def table() -> str:
    """The closure as a Markdown table."""
    head = ["package", "version here", "asked for by", *PLATFORMS]
    rows = [head, ["---"] * len(head)]
    rows += [
        [c.name, c.version, ", ".join(c.asked_by), *(c.source(p) or "–" for p in PLATFORMS)]
        for c in closure()
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
