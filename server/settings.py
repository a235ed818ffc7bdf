"""What the server is told at start."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """`database` is an SQLAlchemy URL (sqlite:///… or postgresql://…).

    `session_secret` signs the staff's session cookies; made anew at every start where none is given, which
    signs everybody out. `secure_cookies` belongs on behind TLS.
    """

    database: str
    session_secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    secure_cookies: bool = False
