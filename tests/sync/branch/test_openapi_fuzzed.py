"""Every call of the OpenAPI with what schemathesis makes up for it, by a device with its secret: no 500, and every
answer as it is described.

    WAIFANG_OPENAPI_EXAMPLES=500 pytest tests/sync/branch/test_openapi_fuzzed.py     the whole; CI takes a small sample
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.support.branch_server import RunningBranch, running_branch
from tests.support.wire_phone import NO_HASH, WirePhone

EXAMPLES = int(os.environ.get("WAIFANG_OPENAPI_EXAMPLES", "8"))


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBranch]:
    with running_branch(tmp_path_factory.mktemp("branch")) as made:
        yield made


@pytest.fixture(scope="module")
def phone(branch: RunningBranch) -> Iterator[WirePhone]:
    bound = WirePhone(branch.url)
    assert bound.enrol(branch.code()).status_code == 200
    yield bound
    bound.close()


CALLS = [
    "GET /v1/hello", "POST /v1/enrol", "POST /v1/handin", "POST /v1/push", "GET /v1/pull", "GET /healthz",
    "OPTIONS /v1/blobs", "POST /v1/blobs", "HEAD /v1/blobs/{upload_id}", "PATCH /v1/blobs/{upload_id}",
    "GET /v1/activities/{activity_id}/blobs/{sha256}",
]  # fmt: skip
# They take nothing, or any bytes: there is no bad data to make up.
TAKE_ANYTHING = {
    "GET /v1/hello",
    "GET /healthz",
    "POST /v1/handin",
    "POST /v1/push",
    "OPTIONS /v1/blobs",
}
# By name and reason; every other check holds for them too.
EXEMPT = {
    "POST /v1/push": (negative_data_rejection, "it quarantines what cannot be right, and refuses nothing"),
    "POST /v1/handin": (positive_data_acceptance, "no schema can say how a sealed journal begins"),
    "POST /v1/blobs": (positive_data_acceptance, "an upload is of a file that a stored activity declares"),
}
# Beside what schemathesis knows: tus has 412 and 460, a cursor is gone with 410, an app too old gets 426.
CONFIG: dict[str, Any] = {
    "generation": {"allow-extra-parameters": False},  # what nobody knows is passed over, on purpose
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ["2xx", 401, 403, 404, 409, 410, 426, 429]},
        "negative_data_rejection": {
            "expected-statuses": [400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 426, 460]
        },
    },
}


@pytest.fixture(scope="module")
def described(branch: RunningBranch, phone: WirePhone) -> Any:
    config = schemathesis.Config.from_dict(CONFIG | {"headers": phone.auth()})
    return schemathesis.openapi.from_url(f"{branch.url}/v1/openapi.json", config=config)


@schemathesis.serializer("application/octet-stream", "application/offset+octet-stream")
def framed(context: schemathesis.SerializationContext, value: Any) -> bytes:
    """What was made up, as bytes; for a push, as the one record of a frame that adds up."""
    made_up = getattr(value, "data", value)
    content = made_up if isinstance(made_up, bytes) else str(made_up).encode("utf-8", "surrogatepass")
    if context.case.path != "/v1/push":
        return content
    digest = hashlib.sha256(content).hexdigest()
    line = {"protocol": 1, "head": [0, NO_HASH], "items": [[digest, len(content), digest]]}
    return json.dumps(line).encode() + b"\n" + content + b"\n"


def test_every_call_is_tried(described: Any) -> None:
    itself = {"GET /v1/openapi.json"}  # schemathesis leaves it out
    assert {o.ok().label for o in described.get_all_operations()} - itself == set(CALLS)


@pytest.mark.parametrize("call", CALLS)
def test_sound_requests_are_answered_as_described(call: str, described: Any, phone: WirePhone) -> None:
    try_out(call, GenerationMode.POSITIVE, described, phone)


@pytest.mark.parametrize("call", [c for c in CALLS if c not in TAKE_ANYTHING])
def test_bad_requests_are_refused_as_described(call: str, described: Any, phone: WirePhone) -> None:
    try_out(call, GenerationMode.NEGATIVE, described, phone)


def try_out(call: str, mode: GenerationMode, described: Any, phone: WirePhone) -> None:
    method, path = call.split()
    exempt = [EXEMPT[call][0]] if call in EXEMPT else []

    @given(case=described[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    def tried(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=phone.auth(), excluded_checks=exempt)

    tried()
