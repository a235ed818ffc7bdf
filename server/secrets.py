"""Keeping device tokens and staff passwords so that a copy of the database opens nothing."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_COST = {"n": 1 << 14, "r": 8, "p": 1}
"""scrypt parameters for interactive logins (RFC 7914 §2 and its author's recommendation), 16 MiB."""


def new_token() -> tuple[str, str]:
    """A fresh device token and what is kept of it. 256 random bits need no slow hash."""
    token = secrets.token_urlsafe(32)
    return token, hash_token(token)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def token_matches(token: str, kept: str) -> bool:
    return hmac.compare_digest(hash_token(token), kept)


def hash_password(password: str) -> str:
    """What is kept of a password: salt and scrypt digest, hex."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_scrypt(password, salt).hex()}"


def password_matches(password: str, kept: str) -> bool:
    salt, digest = kept.split("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)).hex(), digest)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST["n"], r=_COST["r"], p=_COST["p"], dklen=32)
