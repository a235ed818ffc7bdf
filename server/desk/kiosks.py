"""The desk's page of one kiosk: let a new one in, compare its words, stop one that is lost."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection, select

from server.api.problems import ProblemError
from server.desk.session import Desk, genuine, signed_in, to_login
from server.identity import keys
from server.identity.keys import CODE_LASTS, KeyState
from server.store import tables
from sync.protocol import ProblemType

_DEVICE_ID = re.compile(r"[a-z0-9-]{1,40}")
Text = Annotated[str, Form(max_length=200)]

NOT_AN_ID = "番号は、小文字の英字と数字とハイフンで、40字までにしてください。"
ALREADY_THERE = "その番号のキオスクは、もう登録されています。"
WORDS_CHANGED = "待っていたキオスクがかわりました。言葉をもう一度くらべてください。"


class KioskDesk:
    """What staff can do about one kiosk; who did it is kept with the key."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def new(self, request: Request, problem: str = "") -> Response:
        """Ask which kiosk is to be added."""
        facility = tables.records["facility"].c
        with self._desk.database.read() as conn:
            places = conn.execute(select(facility.facility_id, facility.name).order_by(facility.name)).all()
        status = 422 if problem else 200
        return self._desk.page(
            request, "kiosk_new.html", status, places=places, problem=problem, here="kiosks"
        )

    def add(self, request: Request, device_id: str, facility_id: str, name: str) -> Response:
        """Take a kiosk down, and go to its page."""
        if not _DEVICE_ID.fullmatch(device_id):
            return self.new(request, NOT_AN_ID)
        if not facility_id.isprintable() or not name.isprintable():
            raise ProblemError(ProblemType.MALFORMED)
        with self._desk.database.write() as conn:
            there = _device(conn, device_id) is not None
            if not there:
                keys.add_device(conn, device_id, facility_id, name or device_id)
        if there:
            return self.new(request, ALREADY_THERE)
        return RedirectResponse(f"/desk/kiosks/{device_id}", 303)

    def show(self, request: Request, device_id: str, problem: str = "", code: str = "") -> Response:
        """One kiosk: whether it may talk to us, and what can be done about that."""
        with self._desk.database.read() as conn:
            device = _device(conn, device_id)
            waiting = keys.pending(conn, device_id) if device is not None else None
            enrolled = device is not None and _is_enrolled(conn, device_id)
        if device is None:
            raise ProblemError(ProblemType.NOT_FOUND)
        return self._desk.page(
            request, "kiosk.html", 409 if problem else 200, device=device, problem=problem, code=code,
            words=waiting.words if waiting is not None else "", enrolled=enrolled, here="kiosks",
            minutes=int(CODE_LASTS.total_seconds() // 60),
        )  # fmt: skip

    def code(self, request: Request, device_id: str) -> Response:
        """Make a code and show it this once."""
        try:
            with self._desk.database.write() as conn:
                code = keys.make_code(conn, device_id, self._desk.now())
        except keys.NoSuchDevice as error:
            raise ProblemError(ProblemType.NOT_FOUND) from error
        return self.show(request, device_id, code=code)

    def approve(self, request: Request, device_id: str, words: str) -> Response:
        """The words are the same on both sides: those that staff saw, not whichever wait now."""
        with self._desk.database.write() as conn:
            done = keys.approve(conn, device_id, words, request.session["staff"], self._desk.now())
        return _back(device_id) if done else self.show(request, device_id, WORDS_CHANGED)

    def refuse(self, request: Request, device_id: str) -> Response:
        """The words differ."""
        with self._desk.database.write() as conn:
            keys.refuse(conn, device_id, request.session["staff"], self._desk.now())
        return _back(device_id)

    def revoke(self, request: Request, device_id: str) -> Response:
        """Stop a kiosk that is lost, or whose key somebody may have."""
        with self._desk.database.write() as conn:
            keys.revoke(conn, device_id, request.session["staff"], self._desk.now())
        return _back(device_id)


def _device(conn: Connection, device_id: str) -> Any:
    if not device_id.isprintable():
        return None
    return conn.execute(select(tables.device).where(tables.device.c.device_id == device_id)).first()


def _is_enrolled(conn: Connection, device_id: str) -> bool:
    key = tables.device_key.c
    mine = (key.device_id == device_id) & (key.state == KeyState.ACTIVE.value)
    return conn.execute(select(key.key_id).where(mine)).first() is not None


def _back(device_id: str) -> Response:
    return RedirectResponse(f"/desk/kiosks/{device_id}", 303)


def make_router(desk: Desk) -> APIRouter:
    """The routes below `/desk/kiosks`, but for the list itself."""
    router = APIRouter(prefix="/desk/kiosks", default_response_class=HTMLResponse)
    kiosks = KioskDesk(desk)

    def trusted(request: Request, csrf: str) -> bool:
        return signed_in(request) and genuine(request, csrf)

    @router.get("/add")
    def new(request: Request) -> Response:
        return kiosks.new(request) if signed_in(request) else to_login(request)

    @router.post("/add")
    def add(
        request: Request, device_id: Text, facility_id: Text, name: Text = "", csrf: Text = ""
    ) -> Response:
        if not trusted(request, csrf):
            return to_login(request)
        return kiosks.add(request, device_id.strip(), facility_id, name.strip())

    @router.get("/{device_id}")
    def show(request: Request, device_id: str) -> Response:
        return kiosks.show(request, device_id) if signed_in(request) else to_login(request)

    @router.post("/{device_id}/code")
    def code(request: Request, device_id: str, csrf: Text = "") -> Response:
        return kiosks.code(request, device_id) if trusted(request, csrf) else to_login(request)

    @router.post("/{device_id}/approve")
    def approve(request: Request, device_id: str, words: Text, csrf: Text = "") -> Response:
        return kiosks.approve(request, device_id, words) if trusted(request, csrf) else to_login(request)

    @router.post("/{device_id}/refuse")
    def refuse(request: Request, device_id: str, csrf: Text = "") -> Response:
        return kiosks.refuse(request, device_id) if trusted(request, csrf) else to_login(request)

    @router.post("/{device_id}/revoke")
    def revoke(request: Request, device_id: str, csrf: Text = "") -> Response:
        return kiosks.revoke(request, device_id) if trusted(request, csrf) else to_login(request)

    return router
