"""Checkout and return. Both are facts: at the server they are settled, never refused.

Devices report late and in any order. An item is in one place at a time, so the newest act of all devices
says where it is now; an act that arrives after a newer one of another device is history: it changes
nothing, and staff get to see it. Within one device the order of its journal counts, whatever its clock says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from kiosk.booking.calendar import opening_hours
from kiosk.booking.model import OpeningRule
from kiosk.codes import Clash, Refusal
from kiosk.decision import Accepted, Context, Decision, Plain, Refused
from kiosk.lending.model import Item, Loan, Sighting
from kiosk.operations import Nature
from kiosk.people.decide import objections_to
from kiosk.people.model import Patron
from kiosk.records import Change, Put, Remove
from kiosk.rules import LoanTerms
from kiosk.state import Query, State

_MOST_CLOSED_DAYS = 60
"""A branch that is closed longer than this in one go (rebuilding) does not push due dates any further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """This item goes out with this patron. `promised_due_on` is what the kiosk told the reader."""

    patron_id: str
    item_id: str
    facility_id: str
    loan_id: str
    promised_due_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnItem:
    """This item came back, whoever had it."""

    item_id: str
    facility_id: str


def _is_history(state: State, item_id: str, context: Context) -> bool:
    """Whether another device had this item in hand after this act."""
    seen, here = state.get(Sighting, item_id), context.seat.device_id
    if not context.seat.server or not context.timely or seen is None or seen.device_id == here:
        return False
    return (seen.at, seen.device_id) > (context.now, here)


def _as_it_stands(state: State, item_id: str) -> tuple[Change, ...]:
    """Said once more, for the device that thought otherwise."""
    loan, seen = state.get(Loan, item_id), state.get(Sighting, item_id)
    there = Remove(Loan, (item_id,)) if loan is None else Put(loan)
    return (there,) if seen is None else (there, Put(seen))


def _seen(item_id: str, context: Context) -> Put:
    return Put(Sighting(item_id=item_id, device_id=context.seat.device_id, at=context.now))


def due_date(state: State, facility_id: str, terms: LoanTerms, today: date) -> date:
    """Loan days after today, rolled forward over the days on which the branch is closed."""
    rules = state.where(OpeningRule, facility_id=facility_id)
    due = today + timedelta(days=terms.days)
    if not rules:
        return due
    for extra in range(_MOST_CLOSED_DAYS):
        if opening_hours(rules, due + timedelta(days=extra)) is not None:
            return due + timedelta(days=extra)
    return due


class CheckoutDecider(Plain[Checkout]):
    kind = "checkout"
    nature = Nature.FACT
    command = Checkout

    def reads(self, command: Checkout, state: State) -> Iterator[Query]:
        yield Query.of(Patron, patron_id=command.patron_id)
        yield Query.of(Item, item_id=command.item_id)
        yield Query.of(Loan, item_id=command.item_id)
        yield Query.of(Loan, patron_id=command.patron_id)
        yield Query.of(Sighting, item_id=command.item_id)
        yield Query.of(OpeningRule, facility_id=command.facility_id)

    def decide(self, state: State, command: Checkout, context: Context) -> Decision:
        if _is_history(state, command.item_id, context):
            return Accepted(_as_it_stands(state, command.item_id), clashes=(Clash.NEWER_ELSEWHERE,))
        item = state.get(Item, command.item_id)
        open_loan = state.get(Loan, command.item_id)
        refusals = [
            *objections_to(state.get(Patron, command.patron_id), context),
            *self._objections(state, command, context, item, open_loan),
        ]
        if not context.seat.server:
            return Refused(tuple(refusals)) if refusals else self._lend(state, command, context, item, ())
        clashes: list[Refusal | Clash] = list(refusals)
        if open_loan is not None and open_loan.patron_id != command.patron_id:
            clashes = [Clash.IMPLICIT_RETURN if c is Refusal.ITEM_ON_LOAN else c for c in clashes]
        if item is None:
            clashes = [Clash.PROVISIONAL_ITEM if c is Refusal.ITEM_UNKNOWN else c for c in clashes]
        return self._lend(state, command, context, item, tuple(clashes))

    def promised(self, command: Checkout, decision: Accepted, state: State) -> Checkout:
        """With the due date the reader was told."""
        loans = (c.record for c in decision.changes if isinstance(c, Put) and isinstance(c.record, Loan))
        return replace(command, promised_due_on=next(loans).due_on)

    @staticmethod
    def _objections(
        state: State, command: Checkout, context: Context, item: Item | None, open_loan: Loan | None
    ) -> Iterator[Refusal]:
        if open_loan is not None:
            mine = open_loan.patron_id == command.patron_id
            yield Refusal.ITEM_ALREADY_YOURS if mine else Refusal.ITEM_ON_LOAN
        if item is None:
            yield Refusal.ITEM_UNKNOWN
            return
        terms = context.rules.lending.terms.get(item.item_type)
        if not item.for_loan or terms is None:
            yield Refusal.ITEM_NOT_FOR_LOAN
            return
        held = [x for x in state.where(Loan, patron_id=command.patron_id) if x.item_type == item.item_type]
        if open_loan is None and len(held) >= terms.limit:
            yield Refusal.LOAN_LIMIT

    @staticmethod
    def _lend(
        state: State,
        command: Checkout,
        context: Context,
        item: Item | None,
        clashes: tuple[Refusal | Clash, ...],
    ) -> Accepted:
        item_type = item.item_type if item else "book"
        terms = context.rules.lending.terms.get(item_type) or context.rules.lending.terms["book"]
        due = due_date(state, command.facility_id, terms, context.today)
        if command.promised_due_on is not None and command.promised_due_on != due:
            # a promise is kept; where the rules are kinder, the reader gets the kinder date
            due = max(due, command.promised_due_on)
            clashes = (*clashes, Clash.DUE_DATE_DIFFERS)
        loan = Loan(
            item_id=command.item_id,
            loan_id=command.loan_id,
            patron_id=command.patron_id,
            item_type=item_type,
            facility_id=command.facility_id,
            since=context.now,
            due_on=due,
        )
        return Accepted((Put(loan), _seen(command.item_id, context)), clashes=clashes)


class ReturnDecider(Plain[ReturnItem]):
    kind = "return"
    nature = Nature.FACT
    command = ReturnItem

    def reads(self, command: ReturnItem, state: State) -> Iterator[Query]:
        yield Query.of(Item, item_id=command.item_id)
        yield Query.of(Loan, item_id=command.item_id)
        yield Query.of(Sighting, item_id=command.item_id)

    def decide(self, state: State, command: ReturnItem, context: Context) -> Decision:
        on_loan = state.get(Loan, command.item_id) is not None
        if _is_history(state, command.item_id, context):
            clashes = (Clash.NEWER_ELSEWHERE,) if on_loan else ()
            return Accepted(_as_it_stands(state, command.item_id), clashes=clashes)
        changes: tuple[Change, ...] = (_seen(command.item_id, context),)
        if on_loan:
            changes = (Remove(Loan, (command.item_id,)), *changes)
        if state.get(Item, command.item_id) is None:
            if not context.seat.server:
                return Refused((Refusal.ITEM_UNKNOWN,))
            return Accepted(changes, clashes=(Clash.PROVISIONAL_ITEM,))
        # a book that was never lent is still taken back: it is in the room (library practice, no case)
        return Accepted(changes)
