"""Booking and check-in: who may confirm what, and that no cell is ever sold twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.booking.calendar import opening_hours
from kiosk.booking.decide import BookRoom
from kiosk.booking.model import Booking, BookingState, Lease, Occupancy, OpeningRule, Room, RoomPart, Slot
from kiosk.checkin.decide import CheckIn
from kiosk.codes import Refusal
from kiosk.decide import DECIDERS, decide
from kiosk.decision import Accepted, Context, Decision, Refused, Seat
from kiosk.operations import Standing
from kiosk.people.decide import LinkCard
from kiosk.people.model import CardLink, LinkState
from kiosk.records import Put
from kiosk.rules import Rules
from kiosk.state import State
from tests.kiosk.house import DEVICE, HANAKO, HANAKO_TAG, HOME, NOON, TODAY, TOMORROW, records, ward_rules

KIOSK = Context(NOON, Seat(DEVICE), ward_rules())
SERVER = Context(NOON, Seat(DEVICE, server=True), ward_rules())


def book(room: str = f"{HOME}-a", on: date = TOMORROW, slot: int = 1, number: str = "b1") -> BookRoom:
    place = room.rsplit("-", 1)[0]
    return BookRoom(booking_id=number, patron_id=HANAKO, facility_id=place, room_id=room, on=on, slot_no=slot)


def code_of(decision: Decision) -> Refusal:
    assert isinstance(decision, Refused)
    return decision.code


def test_under_its_own_lease_the_kiosk_confirms_and_elsewhere_it_only_asks() -> None:
    state = State(records())
    here = decide(state, book(), KIOSK)
    there = decide(state, book("sakae-a"), KIOSK)
    assert isinstance(here, Accepted)
    assert isinstance(there, Accepted)
    assert (here.standing, there.standing) == (Standing.FINAL, Standing.REQUESTED)
    assert len(here.changes) == 1 + 6, "a confirmed booking takes its six half hours"
    assert len(there.changes) == 1, "a request takes none"


def test_a_lease_that_has_run_out_confirms_nothing() -> None:
    lease = next(r for r in records() if isinstance(r, Lease) and r.on == TOMORROW)
    state = State(records())
    state.apply((Put(replace(lease, valid_until=NOON)),))
    decision = decide(state, book(), KIOSK)
    assert isinstance(decision, Accepted)
    assert decision.standing is Standing.REQUESTED
    state.apply((Put(replace(lease, device_id="kiosk-2")),))
    decision = decide(state, book(), KIOSK)
    assert isinstance(decision, Accepted)
    assert decision.standing is Standing.REQUESTED, "somebody else's lease is no right of ours"


def test_what_the_kiosk_promised_under_its_lease_the_server_keeps() -> None:
    state = State(records())
    command = book()
    at_kiosk = decide(state, command, KIOSK)
    assert isinstance(at_kiosk, Accepted)
    journaled = DECIDERS["book"].promised(command, at_kiosk, state)
    days_later = replace(SERVER, now=NOON + timedelta(days=5))
    settled = decide(State(records()), journaled, days_later)
    assert isinstance(settled, Accepted)
    assert settled.changes == at_kiosk.changes
    other = replace(SERVER, seat=Seat("kiosk-2", server=True))
    assert code_of(decide(State(records()), book(), other)) is Refusal.SLOT_LEASED_ELSEWHERE


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (book("nowhere-a"), Refusal.ROOM_UNKNOWN),
        (book(slot=9), Refusal.SLOT_UNKNOWN),
        (book(on=TODAY, slot=2), Refusal.SLOT_TAKEN),
        (book(on=TODAY, slot=1), Refusal.OUTSIDE_BOOKING_WINDOW),
        (book(on=TODAY - timedelta(days=1)), Refusal.OUTSIDE_BOOKING_WINDOW),
        (book(on=TODAY + timedelta(days=61)), Refusal.OUTSIDE_BOOKING_WINDOW),
        (book(on=date(2026, 12, 30)), Refusal.FACILITY_CLOSED),
        (replace(book(), patron_id="p-old"), Refusal.PATRON_EXPIRED),
    ],
)
def test_every_no_has_its_reason(command: BookRoom, code: Refusal) -> None:
    assert code_of(decide(State(records()), command, KIOSK)) is code


def test_a_person_may_hold_four_bookings() -> None:
    state = State(records())
    for day, number in ((2, "x"), (3, "y"), (4, "z")):
        decision = decide(state, book(on=TODAY + timedelta(days=day), number=number), KIOSK)
        assert isinstance(decision, Accepted)
        state.apply(decision.changes)
    assert code_of(decide(state, book(number="w"), KIOSK)) is Refusal.BOOKING_QUOTA


@given(st.data())
def test_no_sequence_of_requests_sells_a_cell_twice(data: st.DataObject) -> None:
    """A hall that divides in two, booked whole and in halves in any order: cells never overlap."""
    base = [r for r in records() if not isinstance(r, (Booking, Occupancy))]
    hall = [
        Room(room_id=f"{HOME}-hall", facility_id=HOME, name="ホール", kana="ほーる", latin="Hall", capacity=80,
             fee_yen=0),
        RoomPart(room_id=f"{HOME}-hall", part_id=f"{HOME}-a"),
        RoomPart(room_id=f"{HOME}-hall", part_id=f"{HOME}-b"),
        Slot(room_id=f"{HOME}-hall", slot_no=1, label="hours", start_cell=20, end_cell=26),
        Slot(room_id=f"{HOME}-hall", slot_no=2, label="hours", start_cell=26, end_cell=36),
    ]  # fmt: skip
    rules = replace(ward_rules(), booking=replace(Rules().booking, open_bookings=100))
    context = replace(SERVER, rules=rules)
    state = State([*base, *hall])
    rooms = st.sampled_from([f"{HOME}-a", f"{HOME}-b", f"{HOME}-hall"])
    sold: set[tuple[str, date, int]] = set()
    for n in range(data.draw(st.integers(1, 12))):
        on = TODAY + timedelta(days=data.draw(st.integers(1, 2)))
        decision = decide(state, book(data.draw(rooms), on, data.draw(st.integers(1, 3)), f"n{n}"), context)
        if isinstance(decision, Refused):
            continue
        state.apply(decision.changes)
        cells = {
            (c.record.part_id, c.record.on, c.record.cell)
            for c in decision.changes
            if isinstance(c, Put) and isinstance(c.record, Occupancy)
        }
        assert not cells & sold
        sold |= cells
    assert len(state.all(Occupancy)) == len(sold)


# ---- opening calendar: lib.nerima.tokyo.jp/riyo.html ---------------------------------------------

LIBRARY = (
    OpeningRule(facility_id="n", rule_no=1, kind="hours", open_cell=18, close_cell=40),
    OpeningRule(facility_id="n", rule_no=2, kind="hours", weekday=6, open_cell=18, close_cell=38),
    OpeningRule(
        facility_id="n", rule_no=3, kind="closed_weekday", weekday=0, except_nth=1, holiday_shift=True
    ),
    OpeningRule(facility_id="n", rule_no=4, kind="closed_yearly", from_md="12-29", to_md="01-04"),
)


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 11, 16), None),  # a Monday
        (date(2026, 11, 2), (18, 40)),  # the first Monday of the month is open
        (date(2026, 11, 23), (18, 40)),  # a Monday that is a holiday is open …
        (date(2026, 11, 24), None),  # … and the day after it is closed instead
        (date(2026, 11, 22), (18, 38)),  # Sunday has hours of its own
        (date(2026, 9, 21), (18, 40)),  # Monday of three holidays in a row (21st, 22nd, 23rd) …
        (date(2026, 9, 23), (18, 40)),
        (date(2026, 9, 24), None),  # … closes the first working day after them
        (date(2026, 12, 31), None),
        (date(2027, 1, 3), None),
        (date(2027, 1, 5), (18, 40)),
    ],
)
def test_the_opening_calendar_of_a_library(day: date, hours: tuple[int, int] | None) -> None:
    assert opening_hours(LIBRARY, day) == hours


# ---- check-in --------------------------------------------------------------------------------------


def arrive(booking_id: str = "today", patron_id: str = HANAKO, facility_id: str = HOME) -> CheckIn:
    return CheckIn(booking_id=booking_id, patron_id=patron_id, facility_id=facility_id)


@pytest.mark.parametrize(
    ("command", "minutes", "code"),
    [
        (arrive(), -16, Refusal.CHECK_IN_TOO_EARLY),
        (arrive(), 5 * 60, Refusal.CHECK_IN_TOO_LATE),
        (arrive("none"), 0, Refusal.BOOKING_UNKNOWN),
        (arrive(patron_id="p-taro"), 0, Refusal.BOOKING_NOT_YOURS),
        (arrive(facility_id="sakae"), 0, Refusal.CHECK_IN_OTHER_PLACE),
    ],
)
def test_check_in_has_a_window_and_an_owner(command: CheckIn, minutes: int, code: Refusal) -> None:
    context = replace(KIOSK, now=NOON + timedelta(minutes=minutes))
    assert code_of(decide(State(records()), command, context)) is code
    settled = decide(State(records()), command, replace(context, seat=SERVER.seat))
    assert isinstance(settled, Accepted)
    assert settled.clashes == (code,), "somebody stood there: a fact, and a case for staff"


@pytest.mark.parametrize("minutes", [-15, 0, 299])
def test_check_in_within_the_window(minutes: int) -> None:
    state = State(records())
    context = replace(KIOSK, now=NOON + timedelta(minutes=minutes))
    decision = decide(state, arrive(), context)
    assert isinstance(decision, Accepted)
    state.apply(decision.changes)
    booking = state.get(Booking, "today")
    assert booking is not None
    assert booking.state is BookingState.CHECKED_IN
    assert code_of(decide(state, arrive(), context)) is Refusal.ALREADY_CHECKED_IN


# ---- linking a card --------------------------------------------------------------------------------


def test_a_link_is_a_request_at_the_kiosk_and_final_at_the_server() -> None:
    command = LinkCard(patron_id=HANAKO, tag="f" * 32, card_kind="mynumber")
    asked, done = decide(State(records()), command, KIOSK), decide(State(records()), command, SERVER)
    assert isinstance(asked, Accepted)
    assert isinstance(done, Accepted)
    assert asked.standing is Standing.REQUESTED
    assert asked.changes[0].record.state is LinkState.REQUESTED  # type: ignore[union-attr]
    assert done.changes[0].record.state is LinkState.ACTIVE  # type: ignore[union-attr]


def test_a_card_speaks_for_one_person_only() -> None:
    taken = LinkCard(patron_id="p-taro", tag=HANAKO_TAG, card_kind="felica")
    assert code_of(decide(State(records()), taken, KIOSK)) is Refusal.CARD_LINKED_ELSEWHERE
    assert code_of(decide(State(records()), taken, SERVER)) is Refusal.CARD_LINKED_ELSEWHERE
    mine = replace(taken, patron_id=HANAKO)
    assert code_of(decide(State(records()), mine, KIOSK)) is Refusal.CARD_ALREADY_LINKED
    stands = DECIDERS["link_card"].refused(State(records()), taken, SERVER)  # type: ignore[attr-defined]
    assert [c.record.patron_id for c in stands if isinstance(c.record, CardLink)] == [HANAKO]


def test_by_default_no_kind_of_card_can_be_linked() -> None:
    strict = replace(KIOSK, rules=Rules())
    command = LinkCard(patron_id=HANAKO, tag="f" * 32, card_kind="mynumber")
    assert code_of(decide(State(records()), command, strict)) is Refusal.CARD_KIND_NOT_LINKABLE
