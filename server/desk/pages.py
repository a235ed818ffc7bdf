"""The staff pages: server-rendered HTML, kept fresh by htmx, readable without it."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select

from server.api.problems import ProblemError
from server.apply.staff import close_case
from server.desk import queries
from server.desk.session import Desk, genuine, signed_in, to_login
from server.desk.tries import Tries
from server.secrets import hash_password, password_matches
from server.store import tables
from server.store.database import OPERATIONS, Database, count
from sync.protocol import ProblemType

_NOBODY = hash_password(secrets.token_hex(8))
"""Compared with where no such name exists, so that a wrong name takes as long as a wrong password."""


def make_router(desk: Desk) -> APIRouter:
    """The routes below `/desk`."""
    router = APIRouter(prefix="/desk", default_response_class=HTMLResponse)
    database, now, page = desk.database, desk.now, desk.page
    tries = Tries()

    @router.get("/login")
    def login_form(request: Request) -> Response:
        return page(request, "login.html", problem="")

    @router.post("/login")
    def login(
        request: Request, name: Annotated[str, Form()], password: Annotated[str, Form()],
        csrf: Annotated[str, Form()] = "",
    ) -> Response:  # fmt: skip
        if tries.must_wait(name):
            return page(request, "login.html", 429, problem="しばらく待ってから、もう一度お試しください。")
        if not genuine(request, csrf) or not _password_fits(database, name, password):
            tries.failed(name)
            return page(request, "login.html", 401, problem="名前かパスワードが違います。")
        tries.forget(name)
        request.session.clear()
        request.session["staff"] = name
        return RedirectResponse("/desk/", 303)

    @router.post("/logout")
    def logout(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        if genuine(request, csrf):
            request.session.clear()
        return to_login(request)

    @router.get("/")
    def operations(request: Request) -> Response:
        if not signed_in(request):
            return to_login(request)
        with database.read() as conn:
            lines, total = queries.operations(conn, now()), count(conn, OPERATIONS)
        return page(request, _part(request, "operations"), lines=lines, total=total, here="operations")

    @router.get("/cases")
    def cases(request: Request, state: str = "open") -> Response:
        if not signed_in(request):
            return to_login(request)
        with database.read() as conn:
            lines = queries.cases(conn, now(), "closed" if state == "closed" else "open")
        return page(request, _part(request, "cases"), lines=lines, state=state, here="cases")

    @router.post("/cases/{case_id}/close")
    def close(
        request: Request, case_id: str, note: Annotated[str, Form(max_length=400)] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:  # fmt: skip
        if not signed_in(request) or not genuine(request, csrf):
            return to_login(request)
        if not note.strip() or "\0" in note or not case_id.isprintable():
            raise ProblemError(ProblemType.MALFORMED, "a case is closed with a note of what was done")
        close_case(database, case_id, staff=request.session["staff"], note=note, now=now())
        return RedirectResponse("/desk/cases", 303)

    @router.get("/kiosks")
    def kiosks(request: Request) -> Response:
        if not signed_in(request):
            return to_login(request)
        with database.read() as conn:
            lines = queries.kiosks(conn, now())
        return page(request, _part(request, "kiosks"), lines=lines, here="kiosks")

    return router


def _part(request: Request, name: str) -> str:
    """The whole page, or for htmx just the part that changes."""
    return f"{name}_part.html" if "HX-Request" in request.headers else f"{name}.html"


def _password_fits(database: Database, name: str, password: str) -> bool:
    if not name.isprintable():
        return False
    with database.read() as conn:
        found = select(tables.staff.c.password_hash).where(tables.staff.c.name == name)
        kept = conn.execute(found).scalar()
    return password_matches(password, kept or _NOBODY) and kept is not None
