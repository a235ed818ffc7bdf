"""The card that lies on a reader, whatever the reader: `kiosk.ports.Card` over sessions of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from drivers.cards.apdu import Channel
from drivers.cards.kinds import Recognised
from drivers.cards.mynumber.jpki import JpkiApplication
from drivers.cards.mynumber.login import check_form, log_in, tries_before_pin
from drivers.cards.mynumber.profile import CardProfile
from drivers.cards.mynumber.support import read_attributes
from drivers.cards.mynumber.trust import TrustStore
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import Attributes, CardIdentity, CardKind, CardProblem
from kiosk.rules import AttributesBy


class Session(Protocol):
    """Opens the card of one laying down, ours alone: a guarded channel, and power-off on leaving.

    `attributes` is the key by which name and address may be read in this session. Whatever goes wrong
    inside comes out as CardProblem: CARD_REMOVED (also when another card lies there by now, which must never
    be given this resident's PIN) or CARD_UNREADABLE.
    """

    def __call__(self, attributes: AttributesBy = AttributesBy.OFF) -> AbstractContextManager[Channel]: ...


@dataclass
class LaidCard:
    """A card on a reader. Every method opens a session of its own and powers the card off after it.

    It speaks for this laying down only: once lifted, every method says CARD_REMOVED, whatever lies there.
    """

    found: Recognised
    session: Session = field(repr=False)
    trust: TrustStore
    tagger: CardTagger
    device_id: str
    lifted: bool = False

    @property
    def kind(self) -> CardKind:
        return self.found.kind

    @property
    def tag(self) -> str | None:
        return self.found.tag

    @property
    def unusable(self) -> Trouble | None:
        return self.found.unusable

    def pin_tries_left(self) -> int:
        """Read the counter; costs no try. A phone, an old resident card, or one without the certificate is
        told apart here already, before anybody is asked for a PIN."""
        profile = self._profile()
        with self._application(profile) as application:
            return tries_before_pin(application, profile)

    def authenticate(self, pin: str, now: datetime) -> CardIdentity:
        """Prove possession and PIN; raises CardProblem. What is no PIN never reaches the card."""
        profile = self._profile()
        check_form(pin, profile)
        with self._application(profile) as application:
            return log_in(
                application, profile, self.trust, self.tagger,
                device_id=self.device_id, pin=pin, now=now,
            )  # fmt: skip

    def attributes(self, by: AttributesBy, secret: str) -> Attributes:
        """Name, address, birth date and sex for the key the ward has chosen; raises CardProblem."""
        profile = self._profile()
        if self.lifted:
            raise CardProblem(Trouble.CARD_REMOVED)
        with self.session(by) as send:
            return read_attributes(send, profile, by, secret)

    def release(self) -> None:
        """Nothing is held between calls: every session ends with power-off."""

    def _profile(self) -> CardProfile:
        if self.found.profile is None:
            raise CardProblem(Trouble.CARD_KIND_NOT_ACCEPTED)
        return self.found.profile

    @contextmanager
    def _application(self, profile: CardProfile) -> Iterator[JpkiApplication]:
        if self.lifted:
            raise CardProblem(Trouble.CARD_REMOVED)
        with self.session() as send:
            if not JpkiApplication.present(send, profile):
                raise CardProblem(Trouble.CARD_UNREADABLE)
            yield JpkiApplication(send, profile)
