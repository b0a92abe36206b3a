"""Which Python packages go to the phone's browser, and their files."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app.domain.message import Message
from sync.branch.errors import BranchError

# What is asked for there and never used, each with its reason.
LEFT_OUT: Final = {
    "certifi": "the browser checks certificates",
    "cryptography": "WebCrypto instead; it has no build for the browser",
    "httpcore": "httpx goes over the browser's fetch",
    "h11": "as httpcore",
    "pip": "sqlite-utils asks for it; nothing is installed on a phone",
    "msgpack": "comes as a build for the browser",
}
PYTHON: Final = "3.14"
ENVIRONMENT: Final = {
    "sys_platform": "emscripten",
    "platform_system": "Emscripten",
    "platform_machine": "wasm32",
    "os_name": "posix",
    "python_version": PYTHON,
    "python_full_version": f"{PYTHON}.2",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "extra": "",
}
_UNUSED: Final = (
    "flet/auth/", "flet/fastapi/", "flet/testing/", "flet/security/", "tzdata/zoneinfo/right/",
    "tzdata/zoneinfo/posix/", "sqlite_utils/cli.py", "dateutil/zoneinfo/",
)  # fmt: skip
_WANTED: Final = (".py", ".json", ".typed")


def closure(name: str = "waifang") -> list[str]:
    """The distributions the app needs in a browser, without itself. Raises BranchError where one is not installed."""
    found: set[str] = set()
    asked = [name]
    while asked:
        one = asked.pop()
        for text in _requires(one):
            need = Requirement(text)
            wanted = canonicalize_name(need.name)
            if wanted in found or wanted in LEFT_OUT:
                continue
            if need.marker is None or need.marker.evaluate(dict(ENVIRONMENT)):
                found.add(wanted)
                asked.append(wanted)
    return sorted(found)


def _requires(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError as e:
        raise BranchError(
            Message("The package {name} is not installed, so the app cannot be put together.", {"name": name})
        ) from e


def files_of(name: str) -> Iterator[tuple[str, bytes]]:
    """The modules and data of a distribution: path and content."""
    for file in metadata.files(name) or ():
        path = PurePosixPath(file).as_posix()
        if ".." in path or "__pycache__" in path or ".dist-info/" in path or path.startswith(_UNUSED):
            continue
        if path.endswith(_WANTED) or path.startswith("tzdata/zoneinfo/"):
            yield path, Path(str(file.locate())).read_bytes()


def entry_points(name: str) -> tuple[str, bytes]:
    """The METADATA of a distribution: some packages ask for their own version."""
    dist = metadata.distribution(name)
    text = f"Metadata-Version: 2.1\nName: {dist.metadata['Name']}\nVersion: {dist.version}\n"
    return f"{dist.metadata['Name'].replace('-', '_')}-{dist.version}.dist-info/METADATA", text.encode()


def msgpack_files(cache: Path) -> list[tuple[str, bytes]]:
    """msgpack for the browser: its own build through pip's client, or its pure Python where that cannot be had."""
    return browser_build("msgpack", cache) or list(files_of("msgpack"))


def browser_build(name: str, cache: Path) -> list[tuple[str, bytes]]:
    """Modules of a package's build for the browser, in the version installed here; none where it cannot be had."""
    cache.mkdir(parents=True, exist_ok=True)
    version = metadata.version(name)
    pattern = f"{name}-{version}-cp314-*wasm32.whl"
    if not list(cache.glob(pattern)):
        subprocess.run(  # noqa: S603 - pip's own client, with our own words
            [
                sys.executable, "-m", "pip", "download", f"{name}=={version}", "--no-deps", "--quiet",
                "--disable-pip-version-check", "--no-input", "--only-binary", ":all:", "--python-version", PYTHON,
                "--implementation", "cp", "--abi", "cp314", "--platform", "pyemscripten_2026_0_wasm32",
                "--dest", str(cache),
            ],
            capture_output=True,
            check=False,
        )  # fmt: skip
    wheels = sorted(cache.glob(pattern))
    if not wheels:
        return []
    with zipfile.ZipFile(BytesIO(wheels[0].read_bytes())) as wheel:
        return [
            (inside, wheel.read(inside))
            for inside in sorted(wheel.namelist())
            if inside.endswith((".py", ".so")) and ".dist-info/" not in inside
        ]
