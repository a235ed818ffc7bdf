"""What a technician may see of readers and cards: kinds, counters, dates. Never anything about a person."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from smartcard import scard

from drivers.cards.allow import guarded
from drivers.cards.apdu import CardGarbage, CardGone, Channel, channel
from drivers.cards.atr import recognise
from drivers.cards.kinds import Recognised
from drivers.cards.mynumber.jpki import CertificatesPresent, JpkiApplication
from drivers.cards.mynumber.profile import CardProfile
from drivers.cards.mynumber.revocation import MALFORMED
from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers.choice import nfcpy_path
from drivers.cards.readers.connection import (
    ServiceLost,
    connected,
    establish,
    insertion,
    list_readers,
    release,
    status_change,
)  # fmt: skip
from drivers.cards.readers.nfc_field import FieldLost, opened
from drivers.cards.readers.nfcpy import recognise as recognise_link
from drivers.cards.readers.watch import ReaderLost
from kiosk.codes import Trouble
from kiosk.people.tags import KEY_BYTES, CardTagger
from kiosk.ports import CardKind, CardProblem

_NO_KEY = CardTagger(bytes(KEY_BYTES))
"""Recognising needs a tagger; what it makes here is thrown away."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a report: what was looked at, what was found, and whether that is good."""

    name: str
    value: str
    good: bool = True


def readers(reader: str | None = None) -> list[Finding]:
    """The readers that are plugged in (those this setting means), and whether a card lies on each."""
    path = nfcpy_path(reader)
    if path is not None:
        return [_nfcpy_reader(path)]
    try:
        context = establish()
    except ServiceLost as lost:
        return [Finding("pcscd", f"not reachable ({lost}). Start it: systemctl start pcscd", good=False)]
    try:
        names = _named(context, reader)
        found = [Finding(name, "card" if _card_state(context, name)[2] else "empty") for name in names]
        advice = "none. Plug one in; libccid must know it (pcsc_scan)"
        return found or [Finding("readers", advice, good=False)]
    except ServiceLost as lost:
        return [Finding("pcscd", f"went away ({lost})", good=False)]
    finally:
        release(context)


def _card_state(context: Any, reader: str) -> tuple[int, bytes, bool]:
    """(insertion, ATR, present) of a reader now."""
    ((_, state, atr),) = status_change(context, [(reader, scard.SCARD_STATE_UNAWARE)], 0)
    return insertion(state), atr, bool(state & scard.SCARD_STATE_PRESENT)


def _named(context: Any, part: str | None) -> list[str]:
    return [name for name in list_readers(context) if (part or "") in name]


def inspect(trust: TrustStore | None, now: datetime, reader: str | None = None) -> list[Finding]:
    """The first card that lies on any reader: kind, ATR, tries left, certificate dates and trust."""
    path = nfcpy_path(reader)
    if path is not None:
        return list(_nfcpy_card(path, trust, now))
    try:
        context = establish()
    except ServiceLost as lost:
        return [Finding("pcscd", f"not reachable ({lost})", good=False)]
    try:
        for name in _named(context, reader):
            laid_down, atr, present = _card_state(context, name)
            if present:
                return [Finding("reader", name), *_card(name, laid_down, atr, trust, now)]
    except ServiceLost as lost:
        return [Finding("pcscd", f"went away ({lost})", good=False)]
    finally:
        release(context)
    return [Finding("card", "none on any reader. Lay one down and try again", good=False)]


def _card(
    name: str, laid_down: int, atr: bytes, trust: TrustStore | None, now: datetime
) -> Iterator[Finding]:
    yield Finding("ATR", atr.hex(" ").upper())
    try:
        with connected(name, threading.Lock(), laid_down) as send:
            yield from _recognised(recognise(atr, send, _NO_KEY), send, trust, now)
    except CardProblem as problem:
        yield Finding("card", problem.code.value, good=False)


def _recognised(
    found: Recognised, send: Channel, trust: TrustStore | None, now: datetime
) -> Iterator[Finding]:
    yield Finding("kind", found.kind.value, good=found.kind is not CardKind.UNKNOWN)
    if found.unusable is not None:
        yield Finding("known again", f"never ({found.unusable.value})", good=False)
    if found.profile is not None:
        yield from _mynumber(send, found.profile, trust, now)


def _nfcpy_reader(path: str) -> Finding:
    try:
        with opened(path) as field:
            return Finding(field.name, "empty" if field.find() is None else "card")
    except CardGone:
        return Finding(path, "card that does not answer")
    except (ReaderLost, FieldLost) as lost:
        return Finding(path, str(lost), good=False)


def _nfcpy_card(path: str, trust: TrustStore | None, now: datetime) -> Iterator[Finding]:
    try:
        with opened(path) as field:
            link = field.find()
            if link is None:
                yield Finding("card", "none on the reader. Lay one down and try again", good=False)
                return
            yield Finding("reader", field.name)
            yield Finding("technology", link.technology)
            send = guarded(channel(link.transmit))
            yield from _recognised(recognise_link(link, send, _NO_KEY), send, trust, now)
    except (CardGone, CardGarbage):
        yield Finding("card", Trouble.CARD_UNREADABLE.value, good=False)
    except (ReaderLost, FieldLost) as lost:
        yield Finding("reader", str(lost), good=False)


def _mynumber(
    send: Channel, profile: CardProfile, trust: TrustStore | None, now: datetime
) -> Iterator[Finding]:
    JpkiApplication.present(send, profile)
    application = JpkiApplication(send, profile)
    token = application.token_name()
    yield Finding("profile", profile.name)
    yield Finding("token", token, good=token in profile.accepted_tokens)
    yield _certificates(application.certificates_present())
    tries = application.tries_left()
    yield Finding("PIN tries left", str(tries), good=tries > 1)
    der = application.certificate()
    yield _dates(der, now)
    yield _trusted(trust, der, now)


def _dates(der: bytes, now: datetime) -> Finding:
    try:
        certificate = x509.load_der_x509_certificate(der)
        start, end = certificate.not_valid_before_utc.date(), certificate.not_valid_after_utc.date()
    except MALFORMED:
        return Finding("certificate", "none that can be read", good=False)
    return Finding("certificate", f"{start} – {end}", good=start <= now.date() <= end)


def _certificates(present: CertificatesPresent) -> Finding:
    """Minors have none for signatures, which is no defect; without one for authentication nothing works."""
    words = {True: "yes", False: "no", None: "not told"}
    said = f"authentication {words[present.authentication]}, signature {words[present.signature]}"
    return Finding("certificates present", said, good=present.authentication is not False)


def _trusted(trust: TrustStore | None, der: bytes, now: datetime) -> Finding:
    if trust is None:
        return Finding("trust", "not judged: give --trust DIR")
    try:
        revocation = trust.check(der, now).revocation
    except CardProblem as problem:
        return Finding("trust", problem.code.value, good=False)
    said = "checked as of" if revocation.checked else "not checked since"
    return Finding("trust", f"good, revocation {said} {revocation.as_of:%Y-%m-%d}")


def selftest(trust_dir: Path | None, reader: str | None = None) -> list[Finding]:
    """Everything that can be known without a resident's card: service, readers, trusted authorities."""
    found = readers(reader)
    if trust_dir is not None:
        found.append(_trust_dir(trust_dir))
    return found


def import_list(trust_dir: Path, file: Path) -> Finding:
    """Place a revocation list beside the authorities; running kiosks take it in with the next card."""
    try:
        dated = TrustStore(trust_dir).import_list(file.read_bytes())
    except (OSError, ValueError) as error:
        return Finding("revocation list", str(error), good=False)
    return Finding("revocation list", f"of {dated:%Y-%m-%d %H:%M} UTC placed in {trust_dir}")


def _trust_dir(directory: Path) -> Finding:
    try:
        count = TrustStore(directory).size
    except ValueError as error:
        return Finding("trust", str(error), good=False)
    return Finding("trust", f"{count} authorities in {directory}", good=count > 0)
