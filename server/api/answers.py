"""Every answer to a device is signed: receipts can be shown later, and nobody else speaks for the server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import Request
from http_message_signatures import HTTPMessageSignaturesException
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.api.signed import as_sent
from sync.protocol import VERSION_FIELD, version_text
from sync.signatures import SentAnswer, SentRequest, has_field, sign_answer

PREFIX = "/v1/"


class SignedAnswers:
    """ASGI middleware: answers below PREFIX leave with digest, signature and our version of the protocol."""

    def __init__(self, app: ASGIApp, key: Ed25519PrivateKey, now: Callable[[], datetime]) -> None:
        self._app, self._key, self._now = app, key, now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def kept(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                self._sign(start, bytes(body), as_sent(Request(scope)))
                await send(start)
                await send({"type": "http.response.body", "body": bytes(body)})

        await self._app(scope, receive, kept)

    def _sign(self, start: Message, body: bytes, request: SentRequest) -> None:
        headers = MutableHeaders(raw=start["headers"])
        headers[VERSION_FIELD] = version_text()
        tied = request if has_field(request, "signature") else None
        try:
            sign_answer(SentAnswer(start["status"], headers, tied), body, self._key, self._now())
        except (HTTPMessageSignaturesException, ValueError):
            # what the request has for a signature is none of ours
            del headers["content-digest"]
            sign_answer(SentAnswer(start["status"], headers, None), body, self._key, self._now())
