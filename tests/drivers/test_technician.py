"""`machikado card`: enough for a technician, nothing about a person."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from main import main
from tests.drivers.conftest import Desk
from virtual.cards.felica import FelicaCard
from virtual.cards.mynumber import NO_CERTIFICATE, NO_SIGNATURE_CERTIFICATE
from virtual.cards.resident import Resident

pytestmark = pytest.mark.serial
CLAIMS = bytes.fromhex("30820100") + bytes(256)
"""As long as it says, and no certificate."""
IDM = bytes.fromhex("0114B34D5E6F7081")


def said(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    code = main(["card", *command])
    return code, capsys.readouterr().out


def test_readers_are_listed(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "list-readers")
    assert code == 0
    assert "Virtual PCD 00 00" in text
    assert "empty" in text


def test_a_good_card_is_described_without_its_owner(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = desk.card()
    desk.lay(card)
    code, text = said(capsys, "inspect", "--trust", str(tmp_path / "trust"))
    assert code == 0, text
    for words in (
        "mynumber",
        "JPKIAPICCTOKEN2",
        "PIN tries left           3",
        "authentication yes, signature yes",
        "good, revocation not checked",
    ):
        assert words in text
    certificate = x509.load_der_x509_certificate(card.certificate)
    for secret in (str(certificate.serial_number), f"{certificate.serial_number:x}", "TEST00000"):
        assert secret not in text
    assert card.tries_left == 3
    desk.lift()


@pytest.mark.parametrize(
    ("misfortune", "words"),
    [({"tries": 1}, "NOT  PIN tries left"), ({"token": "JPKIAPIOSTOKEN"}, "NOT  token"),
     ({"present": NO_CERTIFICATE}, "NOT  certificates present     authentication no, signature no"),
     ({"certificate_is": b""}, "NOT  card                     cert-absent"),
     ({"certificate_is": CLAIMS}, "NOT  certificate              none that can be read"),
     ({"valid_from_days": -900, "valid_to_days": -1}, "NOT  certificate")],
)  # fmt: skip
def test_what_is_wrong_with_a_card_is_marked(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str], misfortune: dict[str, Any], words: str
) -> None:
    content = misfortune.pop("certificate_is", None)
    card = desk.card(**misfortune)
    card.certificate = card.certificate if content is None else content
    desk.lay(card)
    code, text = said(capsys, "inspect", "--trust", str(tmp_path / "trust"))
    assert code == 1
    assert words in text
    desk.lift()


def test_a_minors_card_is_in_order(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk.lay(desk.card(present=NO_SIGNATURE_CERTIFICATE, resident=Resident()))
    code, text = said(capsys, "inspect", "--trust", str(tmp_path / "trust"))
    assert code == 0
    assert "authentication yes, signature no" in text
    assert not set(Resident().name) & set(text)
    desk.lift()


def test_a_library_card_shows_its_kind_and_not_its_number(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.lay(FelicaCard(IDM))
    code, text = said(capsys, "inspect")
    assert code == 0
    assert "felica" in text
    assert IDM.hex() not in text.lower().replace(" ", "")
    desk.lift()


def test_no_card_and_no_authority_are_said(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "inspect")[0] == 1
    (tmp_path / "empty").mkdir()
    code, text = said(capsys, "selftest", "--trust", str(tmp_path / "empty"))
    assert code == 1
    assert "NOT  trust" in text


def test_watching_shows_cards_come_and_go(desk: Desk) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "main", "card", "watch"], stdout=subprocess.PIPE, text=True
    ) as watch:
        assert watch.stdout is not None
        assert "ReaderUp" in watch.stdout.readline()
        desk.lay(FelicaCard(IDM))
        assert "CardPlaced   felica" in watch.stdout.readline()
        desk.lift()
        assert "CardRemoved" in watch.stdout.readline()
        watch.terminate()
