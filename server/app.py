"""The server application: database, device API and staff pages in one."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import resources

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.sessions import SessionMiddleware

from server.api import devices, enrolment, problems
from server.api.answers import SignedAnswers
from server.api.signed import Gate, proven_by
from server.desk import cards, kiosks, pages
from server.desk.session import Desk
from server.faults import in_short
from server.limits import FormLimit
from server.settings import ServerSettings
from server.store.database import Database
from sync.protocol import ProblemType

log = logging.getLogger(__name__)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}


def create_app(settings: ServerSettings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> FastAPI:
    """The application. Brings the database up to date before it answers anything."""
    database = Database(settings.database)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        database.migrate()
        yield
        database.dispose()

    app = FastAPI(
        title="Machikado central server", version="1", lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.state.database = database
    app.add_middleware(
        SessionMiddleware, secret_key=settings.session_secret, session_cookie="machikado_desk",
        same_site="strict", https_only=settings.secure_cookies, max_age=12 * 3600,
    )  # fmt: skip
    app.add_middleware(FormLimit)
    problems.install(app)
    gate = Gate(database, now)
    proven = proven_by(gate)
    app.include_router(devices.make_router(database, proven, now))
    app.include_router(enrolment.make_router(database, gate, proven, settings.server_key.public_key(), now))
    desk = Desk(database, now)
    app.include_router(pages.make_router(desk))
    app.include_router(kiosks.make_router(desk))
    app.include_router(cards.make_router(desk, settings))
    static = resources.files("server.desk") / "static"
    app.mount("/desk/static", StaticFiles(directory=str(static)), name="static")

    @app.middleware("http")
    async def protect(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        try:
            response = await call_next(request)
        except Exception as error:  # noqa: BLE001  (logged without its text)
            log.error("internal: %s: %s", request.method, in_short(error))
            response = problems.answer(problems.ProblemError(ProblemType.INTERNAL))
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    app.add_middleware(SignedAnswers, key=settings.server_key, now=now)  # the last is the outermost

    @app.get("/health")
    def health() -> dict[str, str]:
        with database.read() as conn:
            return {"status": "ok", "epoch": database.epoch(conn)}

    return app
