"""The contract of the device API for programs: OpenAPI 3.1 and JSON Schema 2020-12.

`python -m server.api.contract docs/protocol` writes both files; a test keeps them current.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from server.app import create_app
from server.settings import ServerSettings
from sync.protocol import (
    PROBLEM_JSON,
    VERSION_FIELD,
    DeviceInfo,
    Enrolled,
    Enrolment,
    FeedPage,
    Heartbeat,
    KeyAccepted,
    KeyOffer,
    Problem,
    ProblemType,
    PushRequest,
    PushResponse,
    version_text,
)  # fmt: skip

PREFIX = "/v1/devices/{device_id}"
TAKES: dict[str, type[BaseModel]] = {
    "/operations": PushRequest,
    "/heartbeat": Heartbeat,
    "/enrolment": Enrolment,
    "/keys": KeyOffer,
}
"""The model of each request body: the routes read the bytes themselves, for the digest is of them."""
ANSWERS: tuple[type[BaseModel], ...] = (PushResponse, FeedPage, DeviceInfo, Enrolled, KeyAccepted)
SIGNED = {
    VERSION_FIELD: "Major and minor version of the protocol.",
    "Content-Digest": "RFC 9530, sha-256 of the body as it travels; also of an empty one.",
    "Signature-Input": "RFC 9421: what is covered, and created, keyid, nonce and tag.",
    "Signature": "RFC 9421, Ed25519, label `kiosk`.",
}
_REFERENCE = "#/components/schemas/{model}"


def openapi() -> dict[str, Any]:
    """The device API, and nothing of the staff pages."""
    paths = {
        path: item
        for path, item in create_app(ServerSettings("sqlite://")).openapi()["paths"].items()
        if path.startswith(PREFIX)
    }
    for path, item in paths.items():
        for operation in item.values():
            _complete(operation, TAKES.get(path.removeprefix(PREFIX)))
    about = {
        "title": "Machikado sync",
        "version": version_text(),
        "description": "How a kiosk talks to its server. See docs/protocol.md.",
    }
    return {
        "openapi": "3.1.0",
        "info": about,
        "paths": paths,
        "components": {"schemas": _schemas(_REFERENCE)},
    }


def json_schema() -> dict[str, Any]:
    """Every model of the wire, each in `$defs`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Machikado sync {version_text()}",
        "$defs": _schemas("#/$defs/{model}"),
    }


def _schemas(reference: str) -> dict[str, Any]:
    models: list[type[BaseModel]] = [*TAKES.values(), *ANSWERS, Problem]
    models.sort(key=lambda model: model.__name__)
    _, made = models_json_schema([(model, "validation") for model in models], ref_template=reference)
    found: dict[str, Any] = made["$defs"]
    found["Problem"]["properties"]["type"]["enum"] = sorted(kind.value for kind in ProblemType)
    return found


def _complete(operation: dict[str, Any], takes: type[BaseModel] | None) -> None:
    """Add what every operation has: the fields of its signature, its body, problems as answers."""
    for name, text in SIGNED.items():
        field = {
            "name": name,
            "in": "header",
            "required": True,
            "description": text,
            "schema": {"type": "string"},
        }
        operation.setdefault("parameters", []).append(field)
    if takes is not None:
        schema = {"$ref": _REFERENCE.format(model=takes.__name__)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    problem = {"schema": {"$ref": _REFERENCE.format(model="Problem")}}
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = {
        "description": "Not processed, and why (RFC 9457).", "content": {PROBLEM_JSON: problem},
    }  # fmt: skip


FILES = {"openapi.json": openapi, "schema.json": json_schema}


def written(name: str) -> str:
    """The text of one of FILES."""
    return json.dumps(FILES[name](), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def main(folder: Path) -> None:
    """Write the contract anew."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_text(written(name), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
