"""The contract for programs: current, and kept by the running server whatever is sent to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)  # fmt: skip

from server import cli
from server.api.contract import FILES, SIGNED, openapi, written
from server.settings import ServerSettings
from sync.identity import DeviceAuth, load_identity
from sync.protocol import ProblemType
from tests.conftest import serving
from virtual.enrolment import enrol_device

FOLDER = Path(__file__).parents[2] / "docs" / "protocol"
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
EXAMPLES = 40


@pytest.mark.parametrize("name", FILES)
def test_the_contract_in_the_documents_is_the_one_of_the_program(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == written(name), "make contract"


def test_the_contract_names_every_problem() -> None:
    named = openapi()["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert named == sorted(kind.value for kind in ProblemType)


@dataclass
class Door:
    """A server, and the signatures of a device that it knows."""

    url: str
    auth: DeviceAuth


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("contract")
    url = f"sqlite:///{folder / 'server.db'}"
    cli.migrate(url)
    cli.add_device(url, "kiosk-1", "hikarigaoka", "1F")
    server, thread, base = serving(ServerSettings(url))
    enrol_device(url, base, "kiosk-1", folder / "id")
    yield Door(base, DeviceAuth(load_identity(folder / "id", "kiosk-1")))
    server.should_exit = True
    thread.join()


def without_signatures() -> dict[str, Any]:
    """The contract for a device whose signatures are made elsewhere."""
    spec = openapi()
    for item in spec["paths"].values():
        for operation in item.values():
            operation["parameters"] = [p for p in operation["parameters"] if p["name"] not in SIGNED]
    return spec


SIGNED_CALLS = schemathesis.openapi.from_dict(without_signatures())
RAW_CALLS = schemathesis.openapi.from_dict(openapi())
quick = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@SIGNED_CALLS.parametrize()
@quick
def test_whatever_a_device_sends_the_server_keeps_the_contract(case: Any, door: Door) -> None:
    case.path_parameters = {"device_id": "kiosk-1"}
    response = case.call(base_url=door.url, auth=door.auth, timeout=10)
    case.validate_response(response, checks=CHECKS)
    if case.operation.path.endswith("/operations") and response.status_code == 200:
        assert len(response.json()["results"]) == len(case.body["operations"])


@RAW_CALLS.parametrize()
@quick
def test_whoever_signs_nonsense_gets_a_problem(case: Any, door: Door) -> None:
    case.path_parameters = {"device_id": "kiosk-1"}
    response = case.call(base_url=door.url, timeout=10)
    case.validate_response(response, checks=CHECKS)
    assert response.status_code in (400, 401, 403, 405, 413, 422, 426)


def test_the_server_was_reached_by_these_calls(door: Door) -> None:
    """What keeps the two above honest: with a signature the same door opens."""
    answer = requests.get(f"{door.url}/v1/devices/kiosk-1", auth=door.auth, timeout=10)
    assert answer.json()["device_id"] == "kiosk-1"
