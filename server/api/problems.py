"""RFC 9457 problems: everything that is not a processed request is one of these."""

from __future__ import annotations

import logging
from datetime import datetime

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from sync.protocol import PROBLEM_JSON, Problem, ProblemType, version_text

log = logging.getLogger(__name__)

_TITLES = {
    ProblemType.UNAUTHORIZED: (401, "The device did not prove who it is."),
    ProblemType.DIGEST_MISMATCH: (400, "The body is not the one that was signed."),
    ProblemType.CLOCK_SKEW: (401, "The signature was made too long ago, or in the future."),
    ProblemType.REPLAYED: (401, "This very request has been here before; sign it anew."),
    ProblemType.ENROLMENT_REFUSED: (403, "This key is not taken; staff can make a new code."),
    ProblemType.AWAITING_APPROVAL: (403, "Staff have not approved this device yet."),
    ProblemType.DEVICE_REVOKED: (403, "Staff have stopped this device."),
    ProblemType.UPGRADE_REQUIRED: (426, "This server does not speak that version of the protocol."),
    ProblemType.MALFORMED: (422, "The request is not of the protocol."),
    ProblemType.TOO_LARGE: (413, "The request is too large; send fewer operations."),
    ProblemType.GAP: (409, "Operations before this batch are missing."),
    ProblemType.NOT_FOUND: (404, "There is nothing here."),
    ProblemType.METHOD_NOT_ALLOWED: (405, "This cannot be done here."),
    ProblemType.INTERNAL: (500, "The server failed; the request may be sent again."),
    ProblemType.MUST_REFETCH: (410, "This cursor is of another life of the server; fetch everything."),
}


class ProblemError(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self,
        kind: ProblemType,
        detail: str | None = None,
        expected_seq: int | None = None,
        server_time: datetime | None = None,
    ) -> None:
        super().__init__(kind.value)
        status, title = _TITLES[kind]
        self.problem = Problem(
            type=kind.value, title=title, status=status, detail=detail, expected_seq=expected_seq,
            server_time=server_time,
        )  # fmt: skip


_BY_STATUS = {
    404: ProblemType.NOT_FOUND,
    405: ProblemType.METHOD_NOT_ALLOWED,
    413: ProblemType.TOO_LARGE,
}


def answer(error: ProblemError) -> JSONResponse:
    """The problem document of this error."""
    problem = error.problem
    content = problem.model_dump(exclude_none=True, mode="json")
    made = JSONResponse(content, status_code=problem.status, media_type=PROBLEM_JSON)
    if problem.type == ProblemType.UPGRADE_REQUIRED:
        made.headers["Upgrade"] = f"machikado-sync/{version_text()}"  # RFC 9110 §15.5.22
    return made


def install(app: FastAPI) -> None:
    """Let every failure of the API leave as a problem document."""

    @app.exception_handler(ProblemError)
    def _problem(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ProblemError)  # noqa: S101  (narrows what the handler is registered for)
        return answer(error)

    @app.exception_handler(RequestValidationError)
    def _invalid(_request: Request, error: Exception) -> JSONResponse:
        log.info("malformed request: %s", type(error).__name__)
        return answer(ProblemError(ProblemType.MALFORMED))

    @app.exception_handler(HTTPException)
    def _http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101  (narrows what the handler is registered for)
        made = answer(ProblemError(_BY_STATUS.get(error.status_code, ProblemType.MALFORMED)))
        made.headers.update(error.headers or {})
        return made
