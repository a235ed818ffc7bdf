"""Keeping staff passwords and one-time codes so that a copy of the database opens nothing."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_COST = {"n": 1 << 14, "r": 8, "p": 1}
"""scrypt parameters for interactive logins (RFC 7914 §2 and its author's recommendation), 16 MiB."""


def hash_password(password: str) -> str:
    """What is kept of a password: salt and scrypt digest, hex."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_scrypt(password, salt).hex()}"


def password_matches(password: str, kept: str) -> bool:
    salt, digest = kept.split("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)).hex(), digest)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST["n"], r=_COST["r"], p=_COST["p"], dklen=32)
