"""What Python compiled at an earlier start of this build, kept so that the next one need not compile it again.

The files of the page are in memory, so there is no `__pycache__`; compiling them is a third of a start. The kept code
lies with the build's files and goes with them: it never meets other sources or another interpreter. Imported before
everything else by page/python-worker.js, so it imports nothing of ours.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Final
from zipimport import zipimporter

_Kept = dict[str, tuple[str, bool, bytes]]  # a module's file, whether it is a package, its code


class Compiled:
    """Finds modules: the kept ones at once, the others where Python looks, whose code it then notes."""

    def __init__(self) -> None:
        self._kept: _Kept = {}
        self._fresh: dict[str, CodeType] = {}

    def take(self, content: bytes) -> None:
        """Go on from what `fresh` once gave. Raises ValueError, EOFError, TypeError where it is not that."""
        self._kept = marshal.loads(content)  # noqa: S302 - written by `fresh`, kept with the program's own files

    def fresh(self) -> bytes | None:
        """All that is known by now; None where nothing came since the last time."""
        if not self._fresh:
            return None
        for name, code in self._fresh.items():
            spec = getattr(sys.modules.get(name), "__spec__", None)
            if spec is not None and spec.origin is not None:
                package = spec.submodule_search_locations is not None
                self._kept[name] = (spec.origin, package, marshal.dumps(code))
        self._fresh = {}
        return marshal.dumps(self._kept)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As importlib asks of a finder."""
        if name in self._kept:
            origin, package, _ = self._kept[name]
            spec = ModuleSpec(name, _Known(name, origin), origin=origin, is_package=package)
            spec.has_location = True
            if spec.submodule_search_locations is not None:
                spec.submodule_search_locations.append(origin.rpartition("/")[0])
            return spec
        found = PathFinder.find_spec(name, path, target)
        if found is None:
            return None
        if type(found.loader) is SourceFileLoader:
            found.loader = _Read(name, found.loader.path)
        elif isinstance(found.loader, zipimporter):
            found.loader = _Unzipped(f"{found.loader.archive}/{found.loader.prefix}".rstrip("/"))
        return found

    def code_of(self, name: str) -> CodeType:
        """Of a kept module."""
        code: CodeType = marshal.loads(self._kept[name][2])  # noqa: S302 - as above
        return code

    def note(self, name: str, code: CodeType | None) -> CodeType | None:
        """Code that was just compiled."""
        if code is not None:
            self._fresh[name] = code
        return code


class _Known(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        return compiled.code_of(fullname)


class _Read(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType | None:
        return compiled.note(fullname, super().get_code(fullname))


class _Unzipped(zipimporter):
    def get_code(self, fullname: str) -> CodeType:
        code = super().get_code(fullname)
        compiled.note(fullname, code)
        return code


compiled: Final = Compiled()


def begin(content: bytes | None) -> None:
    """Have imports go through here from now on; `content` is what an earlier start kept, if any."""
    if content:
        try:
            compiled.take(content)
        except (ValueError, EOFError, TypeError):
            compiled.take(marshal.dumps({}))  # compiled anew, and kept again
    sys.meta_path.insert(0, compiled)
