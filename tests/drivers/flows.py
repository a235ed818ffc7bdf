"""The four things a kiosk does with a card, over the guarded channel, straight on a virtual card."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from drivers.cards.allow import guarded
from drivers.cards.apdu import CardGarbage, CardGone, Channel, channel
from drivers.cards.atr import recognise
from drivers.cards.kinds import Recognised
from drivers.cards.mynumber.jpki import JpkiApplication
from drivers.cards.mynumber.login import log_in, tries_before_pin
from drivers.cards.mynumber.profile import PROFILES, CardProfile
from drivers.cards.mynumber.support import read_attributes
from drivers.cards.mynumber.trust import TrustStore
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import Attributes, CardIdentity, CardProblem
from kiosk.rules import AttributesBy
from tests.drivers.conftest import KEY, NOW
from virtual.cards.vpcd import Pulled, VirtualCard


@dataclass
class Handling:
    """Does with a card what a reader adapter does: a connection for each act, power off after it."""

    trust: TrustStore
    profiles: Iterable[CardProfile] = PROFILES
    sent: list[bytes] = field(default_factory=list)

    def channel(self, card: VirtualCard, by: AttributesBy = AttributesBy.OFF) -> Channel:
        def transmit(raw: bytes) -> bytes:
            self.sent.append(raw)
            try:
                return card.answer(raw)
            except Pulled:
                raise CardGone("pulled") from None

        return guarded(channel(transmit), self.profiles, by)

    def recognise(self, card: VirtualCard) -> Recognised:
        try:
            return recognise(card.atr, self.channel(card), CardTagger(KEY), self.profiles)
        finally:
            card.power_off()

    def tries(self, card: VirtualCard) -> int:
        profile = self.profile(card)
        try:
            return tries_before_pin(self._application(card, profile), profile)
        finally:
            card.power_off()

    def log_in(self, card: VirtualCard, pin: str = "1234") -> CardIdentity:
        profile = self.profile(card)
        try:
            return log_in(
                self._application(card, profile), profile, self.trust, CardTagger(KEY),
                device_id="kiosk-1", pin=pin, now=NOW,
            )  # fmt: skip
        finally:
            card.power_off()

    def attributes(self, card: VirtualCard, by: AttributesBy, secret: str) -> Attributes:
        profile = self.profile(card)
        try:
            return read_attributes(self.channel(card, by), profile, by, secret)
        finally:
            card.power_off()

    def profile(self, card: VirtualCard) -> CardProfile:
        found = self.recognise(card).profile
        assert found is not None
        return found

    def _application(self, card: VirtualCard, profile: CardProfile) -> JpkiApplication:
        send = self.channel(card)
        assert JpkiApplication.present(send, profile)
        return JpkiApplication(send, profile)


def outcome(act: Callable[[], object]) -> Trouble | None:
    """None where it went well; else what the resident would be told, as the readers tell it."""
    try:
        act()
    except CardProblem as problem:
        return problem.code
    except CardGone:
        return Trouble.CARD_REMOVED
    except CardGarbage:
        return Trouble.CARD_UNREADABLE
    return None
