"""Nobody fills the server's memory before having said who they are."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_FORM = 64 << 10
"""Bytes of a request outside of the device API, which limits itself after unpacking."""


class FormLimit:
    """ASGI middleware: a body longer than MAX_FORM ends the request with 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_FORM:
                raise HTTPException(413)
            return message

        await self._app(scope, limited, send)
