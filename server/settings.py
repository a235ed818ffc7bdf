"""What the server is told at start."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)  # fmt: skip

from kiosk.people.tags import KEY_BYTES


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """`database` is an SQLAlchemy URL (sqlite:///… or postgresql://…).

    `session_secret` signs the staff's session cookies; made anew at every start where none is given, which
    signs everybody out. `secure_cookies` belongs on behind TLS. Without `ward_key` staff can neither register
    cards nor set PINs, without `card_key` they cannot print digital ones. `server_key` signs all
    answers to kiosks, which keep its public half when they enrol: another key is another server to them.
    """

    database: str
    session_secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    secure_cookies: bool = False
    ward_key: bytes | None = field(default=None, repr=False)
    card_key: Ed25519PrivateKey | None = field(default=None, repr=False)
    server_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate, repr=False)


class KeyProblem(Exception):
    """A key file does not hold what it should; the text says which and what to do."""


def read_ward_key(path: Path) -> bytes:
    """The key of the ward's card tags and library PINs, hex in its file. Raises KeyProblem."""
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise KeyProblem(f"{path}: not a ward key (64 hexadecimal digits): {type(error).__name__}") from error
    if len(key) < KEY_BYTES:
        raise KeyProblem(f"{path}: a ward key has at least {KEY_BYTES} bytes")
    return key


def read_signing_key(path: Path) -> Ed25519PrivateKey:
    """A key that signs (Ed25519, PEM); made where there is none. Raises KeyProblem."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        return key
    try:
        loaded = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise KeyProblem(f"{path}: not a private key in PEM: {type(error).__name__}") from error
    if not isinstance(loaded, Ed25519PrivateKey):
        raise KeyProblem(f"{path}: not an Ed25519 key")
    return loaded
