"""OpenSC, which knows the real card, as judge of the virtual one."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from tests.drivers.conftest import NOW
from virtual.cards.issuer import TestAuthority
from virtual.cards.mynumber import MyNumberCard
from virtual.cards.tray import make_mynumber
from virtual.cards.vpcd import OnReader

pytestmark = pytest.mark.serial
CONF = "app default { card_drivers = jpki; framework pkcs15 { use_file_caching = no; } }\n"


@pytest.fixture
def card(authority: TestAuthority, empty_reader: None) -> MyNumberCard:
    return make_mynumber(authority, NOW)


def tool(folder: Path, *command: str) -> str:
    """Run one of OpenSC's tools, and again while pcscd has not noticed the card yet."""
    conf = folder / "opensc.conf"
    conf.write_text(CONF)
    env = {**os.environ, "OPENSC_CONF": str(conf), "PATH": "/usr/bin:/bin"}
    for _ in range(20):
        done = subprocess.run(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        output = done.stdout + done.stderr
        if done.returncode == 0 or not _no_card(output):
            break
        time.sleep(0.1)  # pcscd asks its readers every 400 ms
    return output


def _no_card(output: str) -> bool:
    return any(words in output for words in ("No card", "not present", "No slot", "Failed to connect"))


def test_it_is_recognised(card: MyNumberCard, tmp_path: Path) -> None:
    with OnReader(card):
        assert "jpki" in tool(tmp_path, "opensc-tool", "-r", "0", "-n")


def test_its_counters_and_certificates_are_found(card: MyNumberCard, tmp_path: Path) -> None:
    with OnReader(card):
        pins = tool(tmp_path, "pkcs15-tool", "--list-pins")
        assert "User Authentication PIN" in pins
        assert "Tries left     : 3" in pins
        listed = tool(tmp_path, "pkcs15-tool", "--list-certificates")
        assert "User Authentication Certificate" in listed
        pem = tool(tmp_path, "pkcs15-tool", "--read-certificate", "1")
    begin = pem.index("-----BEGIN")
    read = x509.load_pem_x509_certificate(pem[begin:].encode())
    assert read == x509.load_der_x509_certificate(card.certificate)
    assert card.tries_left == 3, "looking costs nothing"


def test_a_wrong_pin_counts_and_a_right_one_restores(card: MyNumberCard, tmp_path: Path) -> None:
    with OnReader(card):
        tool(tmp_path, "pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "9999")
        assert card.tries_left == 2
        tool(tmp_path, "pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "1234")
        assert card.tries_left == 3


def test_what_it_signs_verifies(card: MyNumberCard, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"a challenge of somebody else's software")
    module = next(Path("/usr/lib").rglob("opensc-pkcs11.so"))
    with OnReader(card):
        tool(tmp_path, "opensc-tool", "-r", "0", "-n")
        tool(
            tmp_path, "pkcs11-tool", "--module", str(module), "--slot-index", "0", "--login", "--pin", "1234",
            "--sign", "-m", "SHA256-RSA-PKCS", "--id", "01", "-i", str(tmp_path / "data"),
            "-o", str(tmp_path / "signature"),
        )  # fmt: skip
    key = x509.load_der_x509_certificate(card.certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    signature, data = (tmp_path / "signature").read_bytes(), (tmp_path / "data").read_bytes()
    key.verify(signature, data, padding.PKCS1v15(), SHA256())
    assert card.trespasses == []
