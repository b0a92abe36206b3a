"""What `flet build` would do with this project, asked of flet-cli itself; no Flutter is needed and nothing is built."""

from __future__ import annotations

import argparse
import json
import os
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flet_cli.commands.build import Command
from flet_cli.utils.pyproject_toml import load_pyproject_toml
from flet_cli.utils.python_versions import resolve_python_version

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["flet"]
# The releases flet-cli would look up in its own repository (its documentation, "Choosing a Python version").
RELEASES = {
    "default_python_version": "3.14",
    "pythons": {
        short: {"full_version": full, "pyodide_version": pyodide, "android_abis": ["arm64-v8a", "armeabi-v7a", "x86_64"]}
        for short, full, pyodide in (("3.12", "3.12.13", "0.27.7"), ("3.13", "3.13.14", "0.29.4"), ("3.14", "3.14.6", "314.0.0"))
    },
}  # fmt: skip


class Refused(Exception):
    """flet-cli ends the build; the text is its own."""


class Build(Command):
    """`flet build TARGET` up to the point where Flutter would be called. Raises Refused."""

    def __init__(self, target: str, folder: Path) -> None:
        parser = argparse.ArgumentParser()
        super().__init__(parser)
        self.asked: list[list[str]] = []
        manifest = folder / "manifest.json"
        manifest.write_text(json.dumps(RELEASES), "utf-8")
        self.emojis = dict.fromkeys(("checkmark", "loading", "success", "directory"), "")
        self.options = parser.parse_args([target, str(ROOT)])
        self.target_platform = target
        self.package_platform = self.platforms[target]["package_platform"]
        self.config_platform = self.platforms[target]["config_platform"]
        self.python_app_path = ROOT
        self.build_dir = folder / "build"
        self.flutter_dir = self.build_dir / "flutter"
        self.flutter_dir.mkdir(parents=True)
        self.flutter_packages_dir = self.build_dir / "flutter-packages"
        self.flutter_packages_temp_dir = self.build_dir / "flutter-packages-temp"
        self.get_pyproject = load_pyproject_toml(ROOT)
        os.environ["FLET_PYTHON_BUILD_MANIFEST"] = str(manifest)
        try:
            self.python_release = resolve_python_version(None, self.get_pyproject)
        finally:
            del os.environ["FLET_PYTHON_BUILD_MANIFEST"]
        self.template_digest = ""
        self.dart_exe = "dart"
        self.status = SimpleNamespace(update=lambda *_a, **_k: None)
        self.validate_entry_point()
        self.setup_template_data()

    def cleanup(self, exit_code: int, message: Any = None, no_border: bool = False) -> None:
        """flet-cli's way out."""
        raise Refused(str(message))

    def run(self, args: Any, cwd: Any, env: Any = None, capture_output: bool = True) -> Any:
        """Dart is not called: what it was asked is kept."""
        self.asked.append(list(args))
        (self.build_dir / "python-app").mkdir(exist_ok=True)
        return SimpleNamespace(returncode=0, stdout="", stderr="")

    def packaged(self) -> list[str]:
        """The words of the one packaging command."""
        self.package_python_app()
        [words] = self.asked
        return words


def values_of(words: list[str], option: str) -> list[str]:
    """Every value of an option that may be repeated."""
    return [words[i + 1] for i, word in enumerate(words) if word == option]


def packed_files(excluded: set[str]) -> set[str]:
    """The project's own files that go into the package; paths relative to the project, hidden ones never."""
    found: set[str] = set()
    folders = [ROOT]
    while folders:
        for entry in folders.pop().iterdir():
            path = entry.relative_to(ROOT).as_posix()
            if path in excluded:
                continue
            if entry.is_dir():
                folders.append(entry)
            else:
                found.add(path)
    return found
