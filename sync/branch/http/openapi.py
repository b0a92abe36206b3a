"""OpenAPI, true to what is served: bodies and problems as they are, nothing the framework assumes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from sync.branch import problems as p
from sync.branch.http.enrol_body import EnrolBody
from sync.protocol import BASE, PROTOCOL, PROTOCOL_HEADER, TUS_HEADER, TUS_VERSION

_BINARY: Final = {"type": "string", "format": "binary"}
_HEAD: Final = {
    "type": "array",
    "items": {},
    "minItems": 2,
    "maxItems": 2,
    "description": "[seq, sha256 hex]",
}
_TIME: Final = {"type": "integer", "description": "Milliseconds since the epoch."}
_TEXT: Final = {"type": "string"}


def _object(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members)}


_HELLO: Final = _object(
    protocol=_object(min={"type": "integer"}, max={"type": "integer"}),
    branch=_TEXT,
    epoch=_TEXT,
    time_ms=_TIME,
    limits={"type": "object", "additionalProperties": {"type": "integer"}},
    recovery_key={"type": "string", "description": "PEM, RSA 3072."},
)
_ENROLLED: Final = _object(
    officer=_object(id=_TEXT, name=_TEXT), branch=_object(id=_TEXT, name=_TEXT, zone=_TEXT), head=_HEAD
)
_RESULT: Final = _object(
    id=_TEXT,
    status={"enum": ["created", "duplicate", "quarantined"]},
    reason={"type": ["string", "null"]},
)
_PUSHED: Final = _object(
    protocol={"const": PROTOCOL}, time_ms=_TIME, head=_HEAD, results={"type": "array", "items": _RESULT}
)
_HANDED_IN: Final = _object(sha256=_TEXT, size={"type": "integer"}, records={"type": "integer"})
_PAGE: Final = (
    "Line 1: JSON with protocol, cursor, more, time_ms, snapshot, docs [[kind, id, version, bytes]…], "
    "removed [[kind, id]…] and, on the last page, check; then each document's bytes and a newline."
)
_PUSH: Final = (
    "Line 1: JSON with protocol, head [seq, hash], items [[activity_id, bytes, sha256]…] and, where records are "
    "gone for good, lost [first, last]; then each record's bytes and a newline."
)

_SUCCESS: Final[dict[str, tuple[str, str, Mapping[str, Any]]]] = {
    BASE + "/hello": ("The branch.", "application/json", _HELLO),
    BASE + "/enrol": ("Bound.", "application/json", _ENROLLED),
    BASE + "/handin": ("Kept.", "application/json", _HANDED_IN),
    BASE + "/push": ("Stored; what became of each record, in order.", "application/json", _PUSHED),
    BASE + "/pull": (_PAGE, "application/octet-stream", _BINARY),
    BASE + "/openapi.json": ("This description.", "application/json", {"type": "object"}),
    BASE + "/activities/{activity_id}/blobs/{sha256}": ("The file.", "application/octet-stream", _BINARY),
    "/healthz": ("The database answers.", "application/json", _object(status={"const": "ok"})),
}
_UPLOAD: Final = BASE + "/blobs/{upload_id}"
_OFFSET: Final = {"Upload-Offset": "Bytes that have arrived."}
# Where tus says otherwise: status, description, headers of the answer, headers and media type of the request.
_TUS: Final[dict[tuple[str, str], tuple[int, str, Mapping[str, str], Mapping[str, str], str]]] = {
    (BASE + "/blobs", "options"): (
        204, "What of tus is spoken here.", {"Tus-Version": "1.0.0", "Tus-Extension": "creation", "Tus-Max-Size": "Bytes."}, {}, "",
    ),
    (BASE + "/blobs", "post"): (
        201, "Begun.", {"Location": "Where to send it.", **_OFFSET},
        {"Upload-Length": "^[0-9]{1,15}$", "Upload-Metadata": "^activity_id [A-Za-z0-9+/=]+,sha256 [A-Za-z0-9+/=]+$"}, "",
    ),
    (_UPLOAD, "head"): (200, "Where it stands.", {"Upload-Length": "Bytes in all.", **_OFFSET}, {}, ""),
    (_UPLOAD, "patch"): (
        204, "Taken.", _OFFSET, {"Upload-Offset": "^[0-9]{1,15}$"}, "application/offset+octet-stream",
    ),
}  # fmt: skip
_BODIES: Final[dict[str, tuple[str, str, Callable[[], Mapping[str, Any]]]]] = {
    BASE + "/enrol": (
        "application/json",
        "The code, and what the phone made itself.",
        EnrolBody.model_json_schema,
    ),
    BASE + "/handin": (
        "application/octet-stream",
        "A sealed journal as `salvage` writes it.",
        lambda: _BINARY,
    ),
    BASE + "/push": ("application/octet-stream", _PUSH, lambda: _BINARY),
}


def refusals(*kinds: p.Kind, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """FastAPI's `responses` for these refusals and those every call can give; `body`: it reads one."""
    always = (p.MALFORMED, p.FOREIGN_ORIGIN, p.INTERNAL, p.BUSY)
    of_bodies = (p.TOO_LARGE, p.ENCODING) if body else ()
    by_status: dict[int | str, list[p.Kind]] = {}
    for kind in (*kinds, *always, *of_bodies):
        by_status.setdefault(kind.status, []).append(kind)
    return {status: _refusal(several) for status, several in by_status.items()}


def _refusal(kinds: list[p.Kind]) -> dict[str, Any]:
    problem = _object(
        type=_TEXT,
        title=_TEXT,
        status={"const": kinds[0].status},
        code={"enum": [k.code for k in kinds]},
        detail=_TEXT,
    )
    for kind in kinds:
        problem["properties"] |= dict(kind.members)
        problem["required"] += list(kind.members)
    return {
        "description": " ".join(f"`{k.code}`: {k.detail}" for k in kinds),
        "content": {"application/problem+json": {"schema": problem}},
    }


def describe(app: FastAPI) -> dict[str, Any]:
    """The document at /v1/openapi.json."""
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if (path, method) in _TUS:
                _describe_tus(path, method, operation)
            else:
                _describe_call(path, operation)
    return document


def _describe_call(path: str, operation: dict[str, Any]) -> None:
    description, media_type, schema = _SUCCESS[path]
    answers = operation["responses"]
    answers.pop("422", None)  # bad parameters are 400 here
    answers["200"] = {"description": description, "content": {media_type: {"schema": dict(schema)}}}
    if path.startswith(BASE + "/"):
        version = {"schema": {"const": str(PROTOCOL)}, "required": True}
        for each in answers.values():
            each["headers"] = {PROTOCOL_HEADER: version}
    if path in _BODIES:
        media_type, described, body = _BODIES[path]
        content = {media_type: {"schema": _inlined(body())}}
        operation["requestBody"] = {"required": True, "description": described, "content": content}


def _describe_tus(path: str, method: str, operation: dict[str, Any]) -> None:
    status, description, said, asked, media_type = _TUS[path, method]
    answers = operation["responses"]
    for wrong in {"200", "201", "204", "422"} & set(answers):
        answers.pop(wrong)
    answers[str(status)] = {"description": description}
    version = {
        PROTOCOL_HEADER: {"schema": {"const": str(PROTOCOL)}, "required": True},
        TUS_HEADER: {"schema": {"const": TUS_VERSION}, "required": True},
    }
    for code, each in answers.items():
        own = {n: {"schema": _TEXT, "required": True, "description": d} for n, d in said.items()}
        each["headers"] = version | (own if code == str(status) else {})
        if method == "head":
            each.pop("content", None)
    needs = {TUS_HEADER: f"^{re.escape(TUS_VERSION)}$", **asked} if method != "options" else asked
    operation.setdefault("parameters", []).extend(
        {"name": name, "in": "header", "required": True, "schema": {"type": "string", "pattern": pattern}}
        for name, pattern in needs.items()
    )
    if media_type:
        operation["requestBody"] = {"required": True, "content": {media_type: {"schema": _BINARY}}}


def _inlined(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Pydantic's schema without `$defs`: references inside a request body would point at the document's root."""
    parts = schema.get("$defs", {})

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return whole(parts[value["$ref"].rsplit("/", 1)[-1]])
            return {k: whole(v) for k, v in value.items() if k != "$defs"}
        return [whole(v) for v in value] if isinstance(value, list) else value

    inlined: dict[str, Any] = whole(schema)
    return inlined
