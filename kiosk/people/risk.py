"""The one table of risk: what each kind of credential proves, and what each act asks for.

An identifier that a card tells everybody can be copied, and so can a printed code: whoever shows it has
something, and that is all that is known. It opens what does little harm; the rest asks for the library PIN
too, or for a card whose chip proves itself (the steps follow the authenticator types of NIST SP 800-63B).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Assurance(StrEnum):
    """How sure it is who stands there, from nothing to a chip that signed after its PIN."""

    NONE = "none"
    POSSESSION = "possession"
    """Something that may be a copy: an identifier, a barcode, a code on a phone."""
    KNOWLEDGE = "knowledge"
    """That, and the library PIN."""
    PROOF = "proof"
    """The chip signed a fresh challenge after its own PIN."""

    def covers(self, needed: Assurance) -> bool:
        """Whether this is enough where `needed` is asked for."""
        order = list(Assurance)
        return order.index(self) >= order.index(needed)


class Action(StrEnum):
    """What a resident can begin in a visit."""

    CHECK_IN = "check-in"
    BORROW = "borrow"
    BOOK = "book"
    CARDS = "cards"
    LINK = "link"
    STOP_CARD = "stop-card"
    SET_PIN = "set-pin"


_COPYABLE = ("felica", "transit", "mifare", "type2", "type4", "iso15693", "barcode", "qr")


@dataclass(frozen=True, slots=True)
class RiskTable:
    """A ward changes a row by a rule set. Kinds are those of `kiosk.ports.CardKind`, by value."""

    proves: dict[str, Assurance] = field(
        default_factory=lambda: {
            **dict.fromkeys(_COPYABLE, Assurance.POSSESSION),
            "mynumber": Assurance.PROOF,
            "unknown": Assurance.NONE,
        }
    )
    needs: dict[Action, Assurance] = field(
        default_factory=lambda: {
            Action.CHECK_IN: Assurance.POSSESSION,
            Action.BORROW: Assurance.POSSESSION,
            Action.CARDS: Assurance.POSSESSION,
            # a booking costs its owner money and takes from everybody: today's systems ask for a password
            Action.BOOK: Assurance.KNOWLEDGE,
            # these change who may act for a person from now on
            Action.LINK: Assurance.KNOWLEDGE,
            Action.STOP_CARD: Assurance.KNOWLEDGE,
            Action.SET_PIN: Assurance.KNOWLEDGE,
        }
    )

    def of(self, kind: str) -> Assurance:
        """What a credential of this kind proves; nothing where the table does not know it."""
        return self.proves.get(kind, Assurance.NONE)

    def allows(self, assurance: Assurance, action: Action) -> bool:
        """Whether somebody of whom this much is sure may begin this. An act without a row needs proof."""
        return assurance.covers(self.needs.get(action, Assurance.PROOF))
