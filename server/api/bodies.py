"""The bodies of requests: as they travelled, unpacked, and as models; never more than MAX_BODY of them."""

import zlib
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from server.api.problems import ProblemError
from sync.protocol import MAX_BODY, PROTOCOL, ProblemType

M = TypeVar("M", bound=BaseModel)


async def read_raw(request: Request) -> bytes:
    """The body as it travelled, which is what its digest is of (RFC 9530 §2)."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise ProblemError(ProblemType.TOO_LARGE)
    return bytes(body)


Raw = Annotated[bytes, Depends(read_raw)]


def unpack(request: Request, raw: Raw) -> bytes:
    """The body without its gzip (a small one can hide gigabytes)."""
    if request.headers.get("content-encoding") != "gzip":
        return raw
    gzip = zlib.decompressobj(31)
    try:
        body = gzip.decompress(raw, MAX_BODY + 1)
    except zlib.error as error:
        raise ProblemError(ProblemType.MALFORMED, "not gzip") from error
    if len(body) > MAX_BODY:
        raise ProblemError(ProblemType.TOO_LARGE)
    if not gzip.eof or gzip.unused_data:
        raise ProblemError(ProblemType.MALFORMED, "not one whole gzip body")
    return body


Body = Annotated[bytes, Depends(unpack)]


def parsed(model: type[M], body: bytes) -> M:
    """The request as its model; another protocol version or anything else is a problem."""
    try:
        request = model.model_validate_json(body)
    except ValidationError as error:
        raise ProblemError(ProblemType.MALFORMED, f"{error.error_count()} fields do not fit") from error
    if getattr(request, "protocol", PROTOCOL) != PROTOCOL:
        raise ProblemError(ProblemType.UPGRADE_REQUIRED)
    return request
