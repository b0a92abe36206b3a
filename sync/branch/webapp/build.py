"""Putting the installable app together: Flet's client, the Pyodide runtime, this program and what it needs.

The same inputs give the same bytes. A build lies in `<data>/webapp/<build>/`: every file under the hash of its content,
a brotli and a gzip copy beside it, and `build.json`, which names them.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any, Final

import brotli

from app import VERSION
from app.domain.message import Message
from sync.branch.errors import BranchError
from sync.branch.webapp.packages import closure, entry_points, files_of, msgpack_files

ROOT: Final = Path(__file__).parents[3]
PAGE: Final = ROOT / "app" / "device" / "browser" / "page"
FONT_FAMILY: Final = "Noto Sans SC"
QUALITY: Final = 9  # of brotli: 11 takes ten times as long for 8 % less
COMPRESSED: Final = 0.97
_LOADER: Final = "_flutter.loader.load({\n"
_NOT_ASKED_FOR: Final = b"https://cdn.jsdelivr.net"

# Of Flet's client: what is fetched by this app, and by which renderer ("" by both).
CLIENT: Final = {
    "canvaskit/skwasm.js": "skwasm",
    "canvaskit/skwasm.wasm": "skwasm",
    "main.dart.wasm": "skwasm",
    "main.dart.mjs": "skwasm",
    "canvaskit/canvaskit.js": "canvaskit",
    "canvaskit/canvaskit.wasm": "canvaskit",
    "main.dart.js": "canvaskit",
    "pyodide/pyodide.mjs": "",
    "pyodide/pyodide.asm.mjs": "",
    "pyodide/pyodide.asm.wasm": "",
    "pyodide/python_stdlib.zip": "",
    "assets/AssetManifest.bin": "",
    "assets/AssetManifest.bin.json": "",
    "assets/fonts/MaterialIcons-Regular.otf": "",
    "assets/shaders/ink_sparkle.frag": "",
    "assets/shaders/stretch_effect.frag": "",
}
OWN_PAGE: Final = (
    "index.html", "start.css", "start.js", "python-worker.js", "disk.js", "vault.js",
)  # fmt: skip
# Handed out, but not kept on the phone: the licences of what the client is made from.
SERVED_ONLY: Final = {"assets/NOTICES": "served"}


@dataclass(frozen=True, slots=True)
class Built:
    """One build: its name (a hash over all files), where it lies, and its bytes by path."""

    build: str
    folder: Path
    sizes: dict[str, int]
    compressed: dict[str, int]
    made: bool

    def to_json(self) -> dict[str, Any]:
        """What `webapp build --json` says; sizes in bytes, `first_load` for one renderer, brotli."""
        return {
            "build": self.build,
            "version": VERSION,
            "folder": str(self.folder),
            "files": len(self.sizes),
            "bytes": sum(self.sizes.values()),
            "first_load": {r: self.first_load(r) for r in ("skwasm", "canvaskit")},
            "made": self.made,
        }

    def first_load(self, renderer: str) -> int:
        """Bytes a phone with that renderer fetches the first time, brotli."""
        return sum(size for path, size in self.compressed.items() if group_of(path) in ("", renderer))


def group_of(path: str) -> str:
    """Which phones keep a file: "" all, a renderer's name, or `served` for none."""
    return CLIENT.get(path) or SERVED_ONLY.get(path) or ""


def build(data: Path) -> Built:
    """Put the app together in the branch's folder; one that is there already is taken. Raises BranchError, OSError."""
    home = data / "webapp"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    inputs = _inputs()
    current = home / "current.json"
    if current.is_file():
        kept = json.loads(current.read_bytes())
        if kept.get("inputs") == inputs and (home / kept["build"] / "build.json").is_file():
            return _read(home / kept["build"], made=False)
    return put(home, contents(home), inputs)


def contents(home: Path) -> dict[str, bytes]:
    """Every file of the app by its path on the server, but for sw.js; `home` keeps the browser's builds of packages."""
    return dict(_files(home))


def put(home: Path, files: Mapping[str, bytes], inputs: str, version: str = VERSION) -> Built:
    """Lay these files out as a build of `version`, which is handed out from now on. Raises OSError."""
    name = hashlib.sha256(
        b"".join(f"{p}\n{hashlib.sha256(c).hexdigest()}\n".encode() for p, c in sorted(files.items()))
    ).hexdigest()[:16]
    files = {**files, "sw.js": service_worker(files, name, version)}
    target = home / name
    if not (target / "build.json").is_file():
        beside = home / f"{name}.{os.getpid()}"
        shutil.rmtree(beside, ignore_errors=True)
        _write(beside, name, version, files)
        shutil.rmtree(target, ignore_errors=True)
        try:
            beside.replace(target)
        except OSError:  # another process put the same build there meanwhile
            shutil.rmtree(beside, ignore_errors=True)
            if not (target / "build.json").is_file():
                raise
    before = current(home.parent)
    beside_file = home / f"current.{os.getpid()}"
    beside_file.write_text(json.dumps({"build": name, "inputs": inputs}))
    beside_file.replace(home / "current.json")
    _forget_all_but(home, {target, before or target})
    return _read(target, made=True)


def _forget_all_but(home: Path, kept: Set[Path]) -> None:
    """The build before stays too: somebody may be fetching from it just now."""
    for folder in home.iterdir():
        if folder not in kept and (folder / "build.json").is_file():
            shutil.rmtree(folder, ignore_errors=True)


def current(data: Path) -> Path | None:
    """The folder of the newest build; None where there is none yet."""
    try:
        kept = json.loads((data / "webapp" / "current.json").read_bytes())
    except (OSError, ValueError):
        return None
    folder = data / "webapp" / str(kept["build"])
    return folder if (folder / "build.json").is_file() else None


def _inputs() -> str:
    """A hash over everything a build is made from, without making it."""
    found = hashlib.sha256(f"{VERSION}\n{QUALITY}\n".encode())
    for name in ("flet-web", "msgpack", *closure()):
        found.update(f"{name} {metadata.version(name)}\n".encode())
    for path, content in _own_program():
        found.update(f"{path}\n".encode() + hashlib.sha256(content).digest())
    for file in sorted(
        p for folder in (PAGE, Path(__file__).parent) for p in folder.rglob("*") if p.is_file()
    ):
        if file.suffix != ".pyc":
            found.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def _client() -> Path:
    spec = util.find_spec("flet_web")
    if spec is None or spec.origin is None:
        raise BranchError(
            Message(
                "The package {name} is not installed, so the app cannot be put together.",
                {"name": "flet-web"},
            )
        )
    return Path(spec.origin).parent / "web"


def _files(cache: Path) -> Iterator[tuple[str, bytes]]:
    """Path on the server and content of every file of the app."""
    client, assets = _client(), ROOT / "assets"
    for path in (*CLIENT, *SERVED_ONLY):
        yield path, _without_cdn(path, (client / path).read_bytes())
    yield "flutter_bootstrap.js", _bootstrap((client / "flutter_bootstrap.js").read_text("utf-8"))
    yield "pyodide/pyodide-lock.json", _lock(client)
    yield "assets/FontManifest.json", _font_manifest(assets)
    for name in OWN_PAGE:
        yield name, (PAGE / name).read_bytes()
    for folder in ("fonts", "icons"):
        for file in sorted((assets / folder).iterdir()):
            yield f"{folder}/{file.name}", file.read_bytes()
    for name in ("back.js", "manifest.json", "favicon.png"):
        yield name, (assets / name).read_bytes()
    yield "app.tar", _archive(cache)


def _without_cdn(path: str, content: bytes) -> bytes:
    """The client asks a CDN for a player of animations nobody uses here: let it ask this server, which has none."""
    if path in ("main.dart.js", "main.dart.wasm"):
        # Of the same length: the wasm module's strings have theirs in front.
        return content.replace(_NOT_ASKED_FOR, b"/not/here".ljust(len(_NOT_ASKED_FOR), b"/"))
    return content


def _bootstrap(text: str) -> bytes:
    """Flutter's loader without its own service worker, which would take the place of ours and wait four seconds."""
    head, found, _ = text.partition(_LOADER)
    if not found:
        raise BranchError(
            Message(
                "This version of {name} is not known: its client begins in another way.", {"name": "flet-web"}
            )
        )
    return (
        head
        + _LOADER
        + "    config: flutterConfig,\n"
        + "    onEntrypointLoaded: async (engineInitializer) => {\n"
        + "        const engine = await engineInitializer.initializeEngine(flutterConfig);\n"
        + "        flet.flutterApp = await engine.runApp();\n"
        + "        flet.flutterAppResolve(flet.flutterApp);\n"
        + "    }\n});\n"
    ).encode()


def _lock(client: Path) -> bytes:
    """The runtime's list of packages, without packages: nothing is fetched from it."""
    lock = json.loads((client / "pyodide" / "pyodide-lock.json").read_bytes())
    package = json.loads((client / "pyodide" / "package.json").read_bytes())
    info = {**lock["info"], "version": package["version"]}
    return json.dumps({"info": info, "packages": {}}, sort_keys=True).encode()


def _font_manifest(assets: Path) -> bytes:
    """Our font with the first frame, also under the name Flutter draws that frame in."""
    families = json.loads((assets / "assets" / "FontManifest.json").read_text("utf-8"))
    [ours] = [family["fonts"] for family in families if family["family"] == FONT_FAMILY]
    return json.dumps([*families, {"family": "Roboto", "fonts": ours}]).encode()


def _own_program() -> Iterator[tuple[str, bytes]]:
    """app/, sync/ without the branch's end, and the assets Python reads."""
    for top in ("app", "sync"):
        for file in sorted((ROOT / top).rglob("*")):
            path = file.relative_to(ROOT).as_posix()
            if path.startswith(("sync/branch", "app/device/browser/page/")) or "__pycache__" in path:
                continue
            if file.suffix in (".py", ".mo"):
                yield path, file.read_bytes()
    for file in (
        ROOT / "assets" / "pinyin_initials.txt",
        *sorted((ROOT / "assets" / "procedures").glob("*.toml")),
    ):
        yield file.relative_to(ROOT).as_posix(), file.read_bytes()


def _archive(cache: Path) -> bytes:
    """app.tar: the program, and its packages under `__pypackages__`; not compressed, since the server does that."""
    inside = dict(_own_program())
    for name in closure():
        inside |= {f"__pypackages__/{path}": content for path, content in files_of(name)}
        path, content = entry_points(name)
        inside[f"__pypackages__/{path}"] = content
    inside |= {f"__pypackages__/{path}": content for path, content in msgpack_files(cache / "wheels")}
    return packed(inside)


def packed(inside: Mapping[str, bytes]) -> bytes:
    """A plain tar of these files by path: the same files, the same bytes."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content in sorted(inside.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(content), 1_767_225_600, 0o644
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def service_worker(files: Mapping[str, bytes], build: str, version: str) -> bytes:
    """sw.js with the list of what to keep of these files: path, hash, size, renderer."""
    kept = [
        [path, hashlib.sha256(content).hexdigest(), len(content), group_of(path)]
        for path, content in sorted(files.items())
        if group_of(path) != "served"
    ]
    head = f"const BUILD = {json.dumps(build)};\nconst VERSION = {json.dumps(version)};\nconst FILES = {json.dumps(kept)};\n"
    return head.encode() + (PAGE / "sw.js").read_bytes()


def _write(folder: Path, name: str, version: str, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True)
    listed = {}
    for path, content in sorted(files.items()):
        digest = hashlib.sha256(content).hexdigest()
        plain = folder / digest
        if not plain.exists() and not _taken_over(plain):
            _compress(plain, content)
            plain.write_bytes(content)
        packed = plain.with_suffix(".br")
        size = packed.stat().st_size if packed.is_file() else len(content)
        listed[path] = {"hash": digest, "bytes": len(content), "brotli": size}
    (folder / "build.json").write_text(
        json.dumps({"build": name, "version": version, "files": listed}, sort_keys=True)
    )


def _compress(plain: Path, content: bytes) -> None:
    packed = brotli.compress(content, quality=QUALITY, lgwin=24)
    if len(packed) < COMPRESSED * len(content):
        plain.with_suffix(".br").write_bytes(packed)
        plain.with_suffix(".gz").write_bytes(gzip.compress(content, 6, mtime=0))


def _taken_over(plain: Path) -> bool:
    """Whether an older build had this file, which is copied with what it was compressed to."""
    for older in plain.parent.parent.glob(f"*/{plain.name}"):
        if older.parent != plain.parent and (older.parent / "build.json").is_file():
            for suffix in (".br", ".gz", ""):
                if older.with_suffix(suffix).is_file():
                    shutil.copyfile(older.with_suffix(suffix), plain.with_suffix(suffix))
            return True
    return False


def _read(folder: Path, *, made: bool) -> Built:
    kept = json.loads((folder / "build.json").read_bytes())
    files = kept["files"]
    return Built(
        kept["build"],
        folder,
        {path: f["bytes"] for path, f in files.items()},
        {path: f["brotli"] for path, f in files.items()},
        made,
    )
