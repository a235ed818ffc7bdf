"""What residents do: for every decider somebody who wants it, so that people get in each other's way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

from kiosk.booking.decide import BookRoom
from kiosk.booking.model import Booking, Lease
from kiosk.checkin.decide import CheckIn
from kiosk.clock import local_date
from kiosk.lending.decide import Checkout, ReturnItem
from kiosk.lending.model import Loan
from kiosk.people.decide import LinkCard, StopCard
from kiosk.people.model import CardLink
from kiosk.people.pin_decide import SetLibraryPin, TryLibraryPin
from kiosk.people.sighting import SeeCard
from virtual.simulation import ward
from virtual.simulation.machine import Machine

Act = Callable[[Machine, Random], object]


def _checkout(kiosk: Machine, chance: Random) -> Checkout:
    return Checkout(
        patron_id=chance.choice(ward.PATRONS), item_id=chance.choice(ward.ITEMS[:6] + ward.ITEMS[-1:]),
        facility_id=kiosk.facility_id, loan_id=kiosk.ids.new(),
    )  # fmt: skip


def _return(kiosk: Machine, chance: Random) -> ReturnItem:
    out = sorted(loan.item_id for loan in kiosk.ledger.all(Loan))
    item = chance.choice(out if out and chance.random() < 0.7 else ward.ITEMS)
    return ReturnItem(item_id=item, facility_id=kiosk.facility_id)


def _check_in(kiosk: Machine, chance: Random) -> CheckIn:
    known = sorted(kiosk.ledger.all(Booking), key=lambda booking: booking.booking_id)
    here = [booking for booking in known if booking.facility_id == kiosk.facility_id]
    booking = chance.choice(here or known)
    return CheckIn(booking_id=booking.booking_id, patron_id=booking.patron_id, facility_id=kiosk.facility_id)


def _book(kiosk: Machine, chance: Random) -> BookRoom:
    own = [room for room, (facility, _) in ward.ROOMS.items() if facility == kiosk.facility_id]
    room = chance.choice(own if chance.random() < 0.7 else list(ward.ROOMS))
    today = local_date(kiosk.clock.now())
    leased = sorted(lease.on for lease in kiosk.ledger.all(Lease) if lease.on >= today)
    soon = [today, *(today + timedelta(days=ahead) for ahead in (1, 2))]
    return BookRoom(
        booking_id=kiosk.ids.new(), patron_id=chance.choice(ward.PATRONS), facility_id=ward.ROOMS[room][0],
        room_id=room, on=chance.choice(leased or soon) if chance.random() < 0.5 else chance.choice(soon),
        slot_no=chance.choice((1, 2, 3, 3)),
    )  # fmt: skip


def _link(kiosk: Machine, chance: Random) -> LinkCard:
    return LinkCard(
        patron_id=chance.choice(ward.PATRONS), tag=chance.choice(ward.CARDS[3:]), card_kind="felica"
    )


def _stop(kiosk: Machine, chance: Random) -> StopCard:
    links = sorted(kiosk.ledger.all(CardLink), key=lambda link: link.tag)
    link = chance.choice(links)
    return StopCard(patron_id=link.patron_id, tag=link.tag, lost=chance.random() < 0.5)


def _set_pin(kiosk: Machine, chance: Random) -> SetLibraryPin:
    return SetLibraryPin(patron_id=chance.choice(ward.PATRONS), verifier=f"verifier-{chance.randrange(100)}")


def _try_pin(kiosk: Machine, chance: Random) -> TryLibraryPin:
    return TryLibraryPin(patron_id=chance.choice(ward.PATRONS[:4]), right=chance.random() < 0.3)


def _see(kiosk: Machine, chance: Random) -> SeeCard:
    return SeeCard(tag=chance.choice(ward.CARDS[:3]), facility_id=kiosk.facility_id)


ACTS: dict[str, Act] = {
    "checkout": _checkout,
    "return": _return,
    "check_in": _check_in,
    "book": _book,
    "link_card": _link,
    "stop_card": _stop,
    "set_library_pin": _set_pin,
    "try_library_pin": _try_pin,
    "see_card": _see,
}
"""By the name the act has in `kiosk.decide.DECIDERS`; the tests see to it that none is missing."""


def in_words(command: object) -> str:
    """The act as a line of a story."""
    match command:
        case Checkout(patron_id=who, item_id=what):
            return f"{who} borrows {what}"
        case ReturnItem(item_id=what):
            return f"somebody returns {what}"
        case CheckIn(booking_id=what, patron_id=who):
            return f"{who} checks in for booking {what}"
        case BookRoom(patron_id=who, room_id=room, on=on, slot_no=slot, booking_id=what):
            return f"{who} books {room} on {on}, slot {slot} (booking {what})"
        case LinkCard(patron_id=who, tag=tag):
            return f"{who} links {tag}"
        case StopCard(patron_id=who, tag=tag, lost=lost):
            return f"{who} stops {tag}, which is {'lost' if lost else 'not wanted any more'}"
        case SetLibraryPin(patron_id=who):
            return f"{who} sets a library PIN"
        case TryLibraryPin(patron_id=who, right=right):
            return f"{who} types {'the right' if right else 'a wrong'} library PIN"
        case SeeCard(tag=tag):
            return f"{tag} is laid on the reader"
    return repr(command)
