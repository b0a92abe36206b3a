"""The page around Python: what its worker handed in, under one name."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any


@cache
def page() -> Any:
    """`disk`, `vault`, `shell` and `address` of page/python-worker.js; only in the browser."""
    return importlib.import_module("waifang_page")


def to_js(value: bytes) -> Any:
    """Bytes as a Uint8Array of JavaScript's own, not a view into Python's memory."""
    ffi = importlib.import_module("pyodide.ffi")
    return ffi.to_js(value)
