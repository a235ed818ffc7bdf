"""Lending: what may go out, until when, and what becomes of it at the server."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.barcodes import Check, check_character, numbered
from kiosk.booking.calendar import opening_hours
from kiosk.booking.model import OpeningRule
from kiosk.codes import Clash, Refusal
from kiosk.decide import decide
from kiosk.decision import Accepted, Context, Refused, Seat
from kiosk.lending.barcode import item_id_of
from kiosk.lending.decide import Checkout, ReturnItem, due_date
from kiosk.lending.model import Item, Loan, Sighting
from kiosk.people.model import Patron
from kiosk.records import Put, Remove
from kiosk.rules import BarcodeScheme, LoanTerms, Rules
from kiosk.state import State
from tests.kiosk.house import BOOKS, HANAKO, HOME, NOON, TODAY, records

SCHEME = BarcodeScheme()
KIOSK = Context(NOON, Seat("kiosk-1"), Rules())
SERVER = Context(NOON, Seat("kiosk-1", server=True), Rules())


def checkout(item_id: str = BOOKS[0], patron_id: str = HANAKO) -> Checkout:
    return Checkout(patron_id=patron_id, item_id=item_id, facility_id=HOME, loan_id="loan-1")


def lent(state: State, number: str, patron_id: str = HANAKO) -> None:
    decision = decide(state, replace(checkout(number, patron_id), loan_id=f"loan-{number}"), KIOSK)
    assert isinstance(decision, Accepted)
    state.apply(decision.changes)


def test_a_book_goes_out_for_two_weeks() -> None:
    decision = decide(State(records()), checkout(), KIOSK)
    assert isinstance(decision, Accepted)
    loan = decision.changes[0].record  # type: ignore[union-attr]
    assert (loan.patron_id, loan.due_on) == (HANAKO, date(2026, 12, 5))


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (checkout(patron_id="nobody"), Refusal.PATRON_UNKNOWN),
        (checkout(patron_id="p-old"), Refusal.PATRON_EXPIRED),
        (checkout(numbered("1", 10, 999)), Refusal.ITEM_UNKNOWN),
        (checkout(BOOKS[36]), Refusal.ITEM_NOT_FOR_LOAN),
    ],
)
def test_the_kiosk_refuses_beforehand_and_the_server_settles_the_same_as_a_case(
    command: Checkout, code: Refusal
) -> None:
    state = State(records())
    refused = decide(state, command, KIOSK)
    assert isinstance(refused, Refused)
    assert refused.code is code
    settled = decide(state, command, SERVER)
    assert isinstance(settled, Accepted), "a book carried out is a fact"
    assert settled.clashes == (Clash.PROVISIONAL_ITEM if code is Refusal.ITEM_UNKNOWN else code,)
    assert isinstance(settled.changes[0], Put)


def test_the_limit_counts_items_of_the_same_type() -> None:
    state = State(records())
    for number in BOOKS[:10]:
        lent(state, number)
    refused = decide(state, checkout(BOOKS[10]), KIOSK)
    assert isinstance(refused, Refused)
    assert refused.code is Refusal.LOAN_LIMIT


def test_a_book_out_with_somebody_else_is_refused_here_and_an_implicit_return_there() -> None:
    state = State(records())
    lent(state, BOOKS[0], "p-taro")
    refused = decide(state, checkout(), KIOSK)
    assert isinstance(refused, Refused)
    assert refused.code is Refusal.ITEM_ON_LOAN
    settled = decide(state, checkout(), SERVER)
    assert isinstance(settled, Accepted)
    assert settled.clashes == (Clash.IMPLICIT_RETURN,)
    state.apply(settled.changes)
    assert [loan.patron_id for loan in state.all(Loan)] == [HANAKO]


def test_a_promised_due_date_is_kept_and_a_kinder_one_given() -> None:
    state = State(records())
    kept = decide(state, replace(checkout(), promised_due_on=date(2026, 12, 20)), SERVER)
    assert isinstance(kept, Accepted)
    assert kept.clashes == (Clash.DUE_DATE_DIFFERS,)
    assert kept.changes[0].record.due_on == date(2026, 12, 20)  # type: ignore[union-attr]
    kinder = decide(state, replace(checkout(), promised_due_on=date(2026, 12, 1)), SERVER)
    assert isinstance(kinder, Accepted)
    assert kinder.changes[0].record.due_on == date(2026, 12, 5)  # type: ignore[union-attr]


def test_a_return_forgets_the_loan_and_needs_no_name() -> None:
    state = State(records())
    lent(state, BOOKS[0])
    decision = decide(state, ReturnItem(item_id=BOOKS[0], facility_id=HOME), KIOSK)
    assert isinstance(decision, Accepted)
    seen = Sighting(item_id=BOOKS[0], device_id="kiosk-1", at=NOON)
    assert decision.changes == (Remove(Loan, (BOOKS[0],)), Put(seen))
    state.apply(decision.changes)
    assert state.where(Loan, patron_id=HANAKO) == ()


@given(st.data())
def test_whatever_arrives_first_the_newest_act_says_who_has_the_book(data: st.DataObject) -> None:
    """Two devices, each in its own order, mixed in any way on the way to the server."""
    kinds = data.draw(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(["out", "in"])), min_size=1,
                               max_size=6))  # fmt: skip
    acts = [(device, kind, hour) for hour, (device, kind) in enumerate(kinds)]
    arrivals = list(acts)
    for n in range(len(acts)):  # swap neighbours of different devices, again and again
        for k in range(len(arrivals) - 1):
            if arrivals[k][0] != arrivals[k + 1][0] and data.draw(st.booleans(), label=f"swap {n} {k}"):
                arrivals[k], arrivals[k + 1] = arrivals[k + 1], arrivals[k]
    state = State(records())
    for device, kind, hour in arrivals:
        context = Context(NOON + timedelta(hours=hour), Seat(device, server=True), Rules())
        out = replace(checkout(), loan_id=f"loan-{hour}")
        command = out if kind == "out" else ReturnItem(item_id=BOOKS[0], facility_id=HOME)
        before = state.get(Loan, BOOKS[0])
        decision = decide(state, command, context)
        assert isinstance(decision, Accepted), "a fact is never refused"
        state.apply(decision.changes)
        if kind == "out" and state.get(Loan, BOOKS[0]) == before:
            assert decision.clashes == (Clash.NEWER_ELSEWHERE,), "a loan that was not opened is shown"
    _, kind, hour = acts[-1]
    assert [loan.loan_id for loan in state.all(Loan)] == ([f"loan-{hour}"] if kind == "out" else [])


def test_within_one_device_the_order_of_its_acts_counts_and_not_its_clock() -> None:
    state = State(records())
    for hour, command in ((2, ReturnItem(item_id=BOOKS[0], facility_id=HOME)), (1, checkout())):
        decision = decide(state, command, replace(SERVER, now=NOON + timedelta(hours=hour)))
        assert isinstance(decision, Accepted)
        assert decision.clashes == ()
        state.apply(decision.changes)
    assert [loan.patron_id for loan in state.all(Loan)] == [HANAKO]


def test_a_guessed_time_is_not_compared() -> None:
    state = State(records())
    state.apply(_accepted(state, ReturnItem(item_id=BOOKS[0], facility_id=HOME), SERVER).changes)
    guessed = Context(NOON - timedelta(days=9000), Seat("kiosk-2", server=True), Rules(), timely=False)
    assert Clash.NEWER_ELSEWHERE not in _accepted(state, checkout(), guessed).clashes


def _accepted(state: State, command: object, context: Context) -> Accepted:
    decision = decide(state, command, context)
    assert isinstance(decision, Accepted)
    return decision


@given(st.integers(0, 400))
def test_a_due_date_is_never_a_closed_day_and_never_early(offset: int) -> None:
    state = State(
        [
            OpeningRule(facility_id=HOME, rule_no=1, kind="hours", open_cell=18, close_cell=40),
            OpeningRule(facility_id=HOME, rule_no=2, kind="closed_weekday", weekday=0, except_nth=1,
                        holiday_shift=True),
            OpeningRule(facility_id=HOME, rule_no=3, kind="closed_yearly", from_md="12-29", to_md="01-04"),
        ]
    )  # fmt: skip
    today = TODAY + timedelta(days=offset)
    due = due_date(state, HOME, LoanTerms(limit=10, days=14), today)
    rules = state.where(OpeningRule, facility_id=HOME)
    assert today + timedelta(days=14) <= due <= today + timedelta(days=14 + 9)
    assert opening_hours(rules, due) is not None
    between = [today + timedelta(days=n) for n in range(14, (due - today).days)]
    assert all(opening_hours(rules, day) is None for day in between)


@given(st.integers(0, 10**8 - 1), st.sampled_from(["", "A", "a", "D"]), st.sampled_from(["", "B", "c"]))
def test_every_label_we_make_is_read_with_or_without_start_and_stop(
    serial: int, start: str, stop: str
) -> None:
    number = numbered("1", 10, serial)
    assert item_id_of(f"{start}{number}{stop}\r", SCHEME) == number


@given(st.integers(0, 10**8 - 1), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(serial: int, place: int, shift: int) -> None:
    number = numbered("1", 10, serial)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert isinstance(item_id_of(wrong, SCHEME), Refusal)


@given(st.text(max_size=40))
def test_no_text_at_all_breaks_the_reading_of_labels(text: str) -> None:
    assert isinstance(item_id_of(text, SCHEME), str)


def test_other_barcodes_are_told_apart() -> None:
    assert item_id_of("9784003101018", SCHEME) is Refusal.BARCODE_NOT_AN_ITEM
    assert item_id_of(numbered("2", 8, 5), SCHEME) is Refusal.BARCODE_NOT_AN_ITEM
    assert item_id_of("12345", SCHEME) is Refusal.BARCODE_MALFORMED
    assert item_id_of("１２３４５６７８９０", SCHEME) is Refusal.BARCODE_MALFORMED
    assert check_character("7992739871", Check.LUHN) == "3"  # the example of ISO/IEC 7812-1's algorithm


def test_an_item_type_without_terms_is_not_for_loan() -> None:
    state = State([*records(), Item(item_id="x", title="地図", item_type="map", home_id=HOME, for_loan=True)])
    refused = decide(state, checkout("x"), KIOSK)
    assert isinstance(refused, Refused)
    assert refused.code is Refusal.ITEM_NOT_FOR_LOAN
    blocked = replace(next(r for r in records() if isinstance(r, Patron)), blocked=True)
    state.apply((Put(blocked),))
    refused = decide(state, checkout("x"), KIOSK)
    assert isinstance(refused, Refused)
    assert refused.codes == (Refusal.PATRON_BLOCKED, Refusal.ITEM_NOT_FOR_LOAN), "every reason is given"
