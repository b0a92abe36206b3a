"""The branch's refusals on the wire: RFC 9457 problems with a stable `code` (protocol.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final


class Problem(Exception):
    """One refusal: HTTP `status`, stable `code`, further members in `extra`, `retry_after` in seconds."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        extra: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.detail = detail
        self.extra = dict(extra or {})
        self.retry_after = retry_after

    def to_json(self) -> dict[str, Any]:
        """The body of `application/problem+json`."""
        return {
            "type": f"urn:waifang:problem:{self.code}",
            "title": _phrase(self.status),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.extra,
        }


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:  # tus has numbers of its own
        return "Checksum Mismatch"


@dataclass(frozen=True, slots=True)
class Kind:
    """One documented refusal, for OpenAPI."""

    status: int
    code: str
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)


MALFORMED: Final = Kind(400, "malformed", "The request is not what this call takes; nothing was stored.")
REBIND: Final = Kind(401, "rebind", "This branch does not know the token: ask for a new code.")
REVOKED: Final = Kind(401, "device_revoked", "This device was revoked.")
CODE_INVALID: Final = Kind(401, "code_invalid", "The code is wrong, used, expired or for somebody else.")
FOREIGN_ORIGIN: Final = Kind(403, "foreign_origin", "A page of another site may not ask here.")
NOT_FOUND: Final = Kind(404, "not_found", "There is nothing at this address.")
NOT_ALLOWED: Final = Kind(405, "method_not_allowed", "This address does not take that method.")
RESEND: Final = Kind(
    409,
    "resend_from",
    "The records do not follow this device's head; nothing was stored.",
    {"resend_from": {"type": "integer", "minimum": 1, "description": "The sequence number wanted next."}},
)
OFFSET: Final = Kind(
    409,
    "offset",
    "The upload stands elsewhere; nothing was taken.",
    {"offset": {"type": "integer", "minimum": 0, "description": "Bytes that have arrived."}},
)
OTHER_OFFICER: Final = Kind(409, "device_of_another_officer", "This device is bound to another officer.")
SECRET_IN_USE: Final = Kind(409, "secret_in_use", "Another device has this secret: make a new one.")
CURSOR_EXPIRED: Final = Kind(410, "cursor_expired", "Start anew with an empty cursor.")
TUS: Final = Kind(412, "tus_version", "Uploads speak tus 1.0.0: say so in Tus-Resumable.")
TOO_LARGE: Final = Kind(413, "too_large", "The body is larger than this branch takes, inflated or not.")
ENCODING: Final = Kind(415, "unsupported_encoding", "Bodies come plain or with gzip.")
OFFSET_TYPE: Final = Kind(
    415, "unsupported_type", "The bytes of a file come as application/offset+octet-stream."
)
APP_TOO_OLD: Final = Kind(426, "app_too_old", "Update the app to pull; pushing still works.")
TOO_MANY_FAILURES: Final = Kind(429, "too_many_failures", "Too many wrong codes at this branch; try later.")
TOO_MANY_HANDINS: Final = Kind(
    429, "too_many_handins", "Too many sealed journals were handed in here within the hour; try later."
)
WRONG_FILE: Final = Kind(
    460, "wrong_file", "The file is not the one the activity declares; the upload was discarded."
)
INTERNAL: Final = Kind(500, "internal", "The branch failed; nothing was stored.")
BUSY: Final = Kind(503, "busy", "The branch is busy; try again.")


def refuse(
    kind: Kind,
    detail: str | None = None,
    extra: Mapping[str, Any] | None = None,
    retry_after: int | None = None,
) -> Problem:
    """The problem to raise for a documented refusal; `detail` says more than its standing sentence."""
    return Problem(kind.status, kind.code, detail or kind.detail, extra, retry_after)
