"""A member of staff at the desk: signed in or not, and every page they are shown."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from kiosk.clock import local
from server.store.database import Database

_TEMPLATES = Jinja2Templates(str(resources.files("server.desk") / "templates"))


@dataclass(frozen=True, slots=True)
class Desk:
    """What all pages need."""

    database: Database
    now: Callable[[], datetime]

    def page(self, request: Request, name: str, status: int = 200, **values: Any) -> Response:
        """A template with who is signed in, and the token that its forms must send back."""
        session = request.session
        session.setdefault("csrf", secrets.token_urlsafe(16))
        context = {"staff": session.get("staff"), "csrf": session["csrf"], "now": local(self.now())} | values
        return _TEMPLATES.TemplateResponse(request, name, context, status_code=status)


def genuine(request: Request, csrf: str) -> bool:
    """Whether a form came from a page of ours."""
    return hmac.compare_digest(csrf, request.session.get("csrf", "-"))


def signed_in(request: Request) -> bool:
    """Whether a member of staff is signed in here."""
    return bool(request.session.get("staff"))


def to_login(request: Request) -> Response:
    """Ask for name and password first."""
    if "HX-Request" in request.headers:  # else the form would stand in the middle of the list
        return Response(status_code=204, headers={"HX-Redirect": "/desk/login"})
    return RedirectResponse("/desk/login", 303)
