"""Setting the library PIN, and what a right or a wrong one changes. The digits never come here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from kiosk.codes import Refusal
from kiosk.decision import Accepted, Context, Decision, Plain, Refused
from kiosk.operations import Nature
from kiosk.people.decide import objections_to
from kiosk.people.model import LibraryPin, Patron
from kiosk.records import Put
from kiosk.state import Query, State


def tries_left(pin: LibraryPin, context: Context) -> int:
    """How many wrong PINs are still taken now; a lock that has run out leaves one."""
    rules = context.rules.cards
    left = max(0, rules.library_pin_tries - pin.wrong)
    if left or pin.wrong_at is None:
        return left
    return int(context.now >= pin.wrong_at + timedelta(hours=rules.library_pin_lock_hours))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLibraryPin:
    """From now on this patron's library PIN is the one of which the verifier was made."""

    patron_id: str
    verifier: str


class SetLibraryPinDecider(Plain[SetLibraryPin]):
    """A fact: its owner typed it here. The last one the server hears of counts."""

    kind = "set_library_pin"
    nature = Nature.FACT
    command = SetLibraryPin
    ephemeral = True

    def reads(self, command: SetLibraryPin, state: State) -> Iterator[Query]:
        yield Query.of(Patron, patron_id=command.patron_id)

    def decide(self, state: State, command: SetLibraryPin, context: Context) -> Decision:
        codes = tuple(objections_to(state.get(Patron, command.patron_id), context))
        if codes and not context.seat.server:
            return Refused(codes)
        made = LibraryPin(patron_id=command.patron_id, verifier=command.verifier, wrong=0, wrong_at=None)
        return Accepted((Put(made),), clashes=codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLibraryPin:
    """Somebody typed a library PIN for this patron, and it was right or wrong."""

    patron_id: str
    right: bool


class TryLibraryPinDecider(Plain[TryLibraryPin]):
    """A fact. Wrong tries of all kiosks add up; a right one clears them."""

    kind = "try_library_pin"
    nature = Nature.FACT
    command = TryLibraryPin
    ephemeral = True
    note = True

    def reads(self, command: TryLibraryPin, state: State) -> Iterator[Query]:
        yield Query.of(LibraryPin, patron_id=command.patron_id)

    def decide(self, state: State, command: TryLibraryPin, context: Context) -> Decision:
        pin, server = state.get(LibraryPin, command.patron_id), context.seat.server
        if pin is None:
            return Accepted(()) if server else Refused((Refusal.LIBRARY_PIN_NONE,))
        if not server and not tries_left(pin, context):
            return Refused((Refusal.LIBRARY_PIN_LOCKED,))
        if command.right:
            return Accepted((Put(replace(pin, wrong=0, wrong_at=None)),))
        return Accepted((Put(replace(pin, wrong=pin.wrong + 1, wrong_at=context.now)),))
