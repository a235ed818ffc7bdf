"""A visit through the front door: cards, scans and touches in, views out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from kiosk.attendant import Attendant
from kiosk.barcodes import numbered
from kiosk.booking.model import Booking
from kiosk.codes import Refusal, Standstill, Trouble
from kiosk.operations import Outcome, OutcomeKind, Standing
from kiosk.people.model import CardLink
from kiosk.ports import (
    BarcodeScanned,
    CardFailed,
    CardKind,
    CardPlaced,
    CardRemoved,
    ReaderDown,
    ReaderUp,
    Revocation,
)
from kiosk.reception import GOODBYE_SECONDS, IDLE_SECONDS, WARNING_SECONDS, SyncNews, Tick
from kiosk.records import Put, change_to_json
from kiosk.rules import RuleSet, rules_to_json
from kiosk.state import Query
from kiosk.views import (
    Action,
    Attract,
    Begin,
    BeginReturn,
    Booked,
    Borrowing,
    CheckedIn,
    ChooseRoom,
    Confirm,
    ConfirmRoom,
    EnterPin,
    Finish,
    GoBack,
    GoHome,
    Goodbye,
    Home,
    Linked,
    PickDay,
    PickOffer,
    PinEntry,
    PinProblem,
    PinPurpose,
    PlaceCardToLink,
    PrintSlip,
    Problem,
    Receipt,
    ReceiptKind,
    Returning,
    StayHere,
    StillThere,
)  # fmt: skip
from tests.kiosk.house import BOOKS, HANAKO_PIN, HANAKO_TAG, NOON, TOMORROW, Counter, PaperCard, ward_rules
from tests.kiosk.test_store import fill_the_disk


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    made = Counter(tmp_path)
    made.do(ReaderUp("reader"))
    return made


def home(counter: Counter) -> Home:
    view = counter.do(CardPlaced(PaperCard()))
    assert isinstance(view, Home)
    return view


def mynumber(**fields: object) -> PaperCard:
    return PaperCard(kind=CardKind.MYNUMBER, tag=None, **fields)  # type: ignore[arg-type]


def surely(counter: Counter) -> Home:
    """At the menu, with the library PIN given."""
    home(counter)
    counter.do(Begin(Action.SET_PIN), EnterPin(HANAKO_PIN))
    view = counter.do(GoHome())
    assert isinstance(view, Home)
    return view


def test_the_journey(counter: Counter) -> None:
    """Check in, borrow two books, book a room for tomorrow, link a card, receipt, gone."""
    first = home(counter)
    assert first.masked_name == "練馬 花○"
    assert first.actions[0] is Action.CHECK_IN, "what they most likely came for comes first"
    assert isinstance(counter.do(Begin(Action.CHECK_IN)), CheckedIn)
    counter.do(GoHome(), Begin(Action.BORROW), BarcodeScanned(BOOKS[0]))
    borrowing = counter.do(BarcodeScanned(f"A{BOOKS[1]}B"))
    assert isinstance(borrowing, Borrowing)
    assert [line.title for line in borrowing.lines] == ["本 0", "本 1"]
    assert borrowing.loans_left == 8
    asked = counter.do(GoHome(), Begin(Action.BOOK))
    assert asked == PinEntry(PinPurpose.LIBRARY, 5), "a bare card is not enough for a booking"
    rooms = counter.do(EnterPin(HANAKO_PIN))
    assert isinstance(rooms, ChooseRoom)
    assert rooms.on == TOMORROW
    assert [offer.final for offer in rooms.offers] == [True] * 6 + [False] * 6, "own rooms first, and sure"
    confirm = counter.do(PickOffer(rooms.offers[0].room_id, rooms.offers[0].slot_no))
    assert isinstance(confirm, ConfirmRoom)
    assert confirm.fee_yen == 300
    booked = counter.do(Confirm())
    assert isinstance(booked, Booked)
    assert booked.booking.standing is Standing.FINAL
    assert isinstance(counter.do(GoHome(), Begin(Action.LINK)), PlaceCardToLink)
    assert isinstance(counter.do(CardRemoved()), PlaceCardToLink), "changing cards does not end the visit"
    assert isinstance(counter.do(CardPlaced(mynumber())), PinEntry)
    assert counter.do(EnterPin("1234")) == Linked(Standing.REQUESTED)
    receipt = counter.do(Finish())
    assert isinstance(receipt, Receipt)
    assert [(line.kind, line.standing) for line in receipt.lines] == [
        (ReceiptKind.CHECK_IN, Standing.FINAL),
        (ReceiptKind.LOAN, Standing.FINAL),
        (ReceiptKind.LOAN, Standing.FINAL),
        (ReceiptKind.BOOKING, Standing.FINAL),
        (ReceiptKind.LINK, Standing.REQUESTED),
    ]
    assert counter.do(PrintSlip(("控え", "…"))) == Receipt(receipt.lines, printed=True)
    assert counter.printer.slips == [("控え", "…")]
    assert counter.do(Finish()) == Goodbye(card_on_reader=True)
    assert isinstance(counter.do(CardRemoved()), Attract)
    assert [op.kind for op in counter.acts()] == ["check_in", "checkout", "checkout", "book", "link_card"]
    assert counter.statuses[-1].queued == 5, "where the card was seen is nobody's business"


def test_three_touches_to_borrow(counter: Counter) -> None:
    home(counter)
    assert isinstance(counter.do(BarcodeScanned(BOOKS[0])), Borrowing), "no touch: the book says it"
    counter.do(Finish())
    assert isinstance(counter.do(Finish()), Goodbye)


def test_taking_the_card_away_ends_the_visit_at_once(counter: Counter) -> None:
    home(counter)
    assert counter.do(CardRemoved()) == Goodbye(card_on_reader=False)
    counter.clock.pass_by(GOODBYE_SECONDS)
    assert isinstance(counter.do(Tick()), Attract)
    assert isinstance(counter.do(Begin(Action.BORROW)), Attract), "nobody can go on in it"
    assert isinstance(counter.do(BarcodeScanned(BOOKS[0])), Attract)
    assert counter.acts() == []


def test_the_next_card_is_greeted_without_waiting(counter: Counter) -> None:
    home(counter)
    counter.do(CardRemoved())
    other = counter.do(CardPlaced(PaperCard(tag="d" * 32)))
    assert isinstance(other, Home)
    assert other.masked_name == "練馬 太○"


@pytest.mark.parametrize(
    ("card", "code"),
    [
        (PaperCard(tag="0" * 32), Trouble.CARD_UNKNOWN),
        (PaperCard(kind=CardKind.UNKNOWN, tag=None), Trouble.CARD_UNKNOWN),
        (PaperCard(kind=CardKind.TYPE4, tag=None, unusable=Trouble.CARD_ID_CHANGES), Trouble.CARD_ID_CHANGES),
        (PaperCard(kind=CardKind.MYNUMBER, tag=None, tries=0), Trouble.PIN_BLOCKED),
        (mynumber(tries=1), Trouble.PIN_LAST_TRY),
        (mynumber(tries=0), Trouble.PIN_BLOCKED),
    ],
)
def test_a_card_that_opens_nothing_gets_a_sentence(counter: Counter, card: PaperCard, code: Trouble) -> None:
    view = counter.do(CardPlaced(card))
    assert isinstance(view, Problem)
    assert view.code is code
    assert isinstance(counter.do(CardRemoved()), Attract)


@pytest.mark.parametrize(
    "trouble",
    [Trouble.CERT_EXPIRED, Trouble.CERT_UNTRUSTED, Trouble.CERT_NOT_YET_VALID, Trouble.CARD_UNREADABLE,
     Trouble.SIGNATURE_INVALID],
)  # fmt: skip
def test_a_card_that_fails_its_proof_opens_nothing(counter: Counter, trouble: Trouble) -> None:
    counter.do(CardPlaced(mynumber(trouble=trouble)))
    view = counter.do(EnterPin("1234"))
    assert isinstance(view, Problem)
    assert view.code is trouble


def test_a_card_that_no_fresh_list_vouches_for_goes_to_the_counter_unless_the_ward_says_otherwise(
    counter: Counter,
) -> None:
    since = NOON - timedelta(days=30)
    card = mynumber(revocation=Revocation(since, checked=False), proves=HANAKO_TAG)
    counter.do(CardPlaced(card))
    assert counter.do(EnterPin("1234")) == Problem(Trouble.CERT_UNCHECKED, back=False, as_of=since)
    counter.do(
        CardRemoved(), CardPlaced(mynumber(revocation=Revocation(NOON, checked=True), proves=HANAKO_TAG))
    )
    assert isinstance(counter.do(EnterPin("1234")), Home)
    counter.do(CardRemoved())
    rules = replace(ward_rules(), cards=replace(ward_rules().cards, mynumber_unchecked=True))
    ruled = RuleSet(name="ward", version=2, valid_from=date(2026, 4, 1), body=rules_to_json(rules))
    counter.ledger.apply_page("epoch-1", 2, [change_to_json(Put(ruled))], NOON, complete=True)
    counter.do(CardPlaced(card))
    assert isinstance(counter.do(EnterPin("1234")), Home)


def test_an_unreadable_card(counter: Counter) -> None:
    assert counter.do(CardFailed(Trouble.CARD_UNREADABLE)) == Problem(Trouble.CARD_UNREADABLE, back=False)


def test_a_wrong_pin_shows_the_tries_left_and_stops_before_the_last(counter: Counter) -> None:
    card = mynumber()
    assert counter.do(CardPlaced(card)) == PinEntry(PinPurpose.OPEN, 3)
    assert counter.do(EnterPin("0000")) == PinEntry(PinPurpose.OPEN, 2, PinProblem.WRONG)
    last = counter.do(EnterPin("0001"))
    assert isinstance(last, Problem)
    assert (last.code, last.tries_left) == (Trouble.PIN_LAST_TRY, 1)
    assert card.tries == 1, "the last try stays with its owner"
    assert card.released == 2, "powered off after every PIN"
    counter.do(EnterPin("1234"))
    assert card.tries == 1


def test_a_card_pulled_out_in_the_middle_of_its_proof(counter: Counter) -> None:
    counter.do(CardPlaced(mynumber(trouble=Trouble.CARD_REMOVED)))
    said = Problem(Trouble.CARD_REMOVED, back=False)
    assert counter.do(EnterPin("1234")) == said
    assert counter.do(CardRemoved()) == said, "the sentence stays long enough to be read"
    counter.clock.pass_by(WARNING_SECONDS)
    assert isinstance(counter.do(Tick()), Attract)
    counter.do(CardPlaced(mynumber(trouble=Trouble.CARD_REMOVED)), EnterPin("1234"))
    assert isinstance(counter.do(CardPlaced(PaperCard())), Home), "and nobody has to wait for it"


def test_the_card_to_link_pulled_out_too_early(counter: Counter) -> None:
    surely(counter)
    counter.do(Begin(Action.LINK), CardRemoved(), CardPlaced(mynumber(trouble=Trouble.CARD_REMOVED)))
    assert counter.do(EnterPin("1234")) == PlaceCardToLink()
    assert counter.do(CardRemoved()) == PlaceCardToLink()
    counter.do(CardPlaced(mynumber()))
    assert counter.do(EnterPin("1234")) == Linked(Standing.REQUESTED)


def test_a_linked_mynumber_card_opens_a_visit_with_its_pin_once_the_server_agrees(counter: Counter) -> None:
    surely(counter)
    counter.do(Begin(Action.LINK), CardRemoved(), CardPlaced(mynumber()), EnterPin("1234"))
    op = counter.acts()[0]
    counter.do(CardRemoved())
    counter.clock.pass_by(GOODBYE_SECONDS)
    counter.do(Tick(), CardPlaced(mynumber()))
    assert counter.do(EnterPin("1234")) == Problem(Trouble.CARD_LINK_PENDING, back=False)
    link = counter.ledger.state(Query.of(CardLink, tag="b" * 32)).get(CardLink, "b" * 32)
    assert link is not None
    active = {"table": "card_link", "key": [link.tag], "row": {
        "tag": link.tag, "card_kind": "mynumber", "patron_id": link.patron_id, "state": "active",
        "since": NOON.isoformat()}}  # fmt: skip
    counter.ledger.settle(
        [Outcome(op_id=op.op_id, outcome=OutcomeKind.APPLIED, server_seq=1, effects=(active,))], NOON
    )
    counter.do(GoHome(), CardRemoved(), CardPlaced(mynumber()))
    assert isinstance(counter.do(EnterPin("1234")), Home)


def test_an_expired_patron_is_greeted_but_cannot_borrow(counter: Counter) -> None:
    counter.do(CardPlaced(PaperCard(tag="c" * 32)))
    view = counter.do(BarcodeScanned(BOOKS[0]))
    assert isinstance(view, Borrowing)
    assert view.refusal is Refusal.PATRON_EXPIRED


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (numbered("1", 10, 9999), Refusal.ITEM_UNKNOWN),
        (BOOKS[0][:-1] + str((int(BOOKS[0][-1]) + 1) % 10), Refusal.BARCODE_CHECK_DIGIT),
        ("9784003101018", Refusal.BARCODE_NOT_AN_ITEM),
        ("こわれた", Refusal.BARCODE_MALFORMED),
        (BOOKS[36], Refusal.ITEM_NOT_FOR_LOAN),
    ],
)
def test_a_label_that_cannot_be_lent(counter: Counter, text: str, refusal: Refusal) -> None:
    home(counter)
    view = counter.do(BarcodeScanned(text))
    assert isinstance(view, Borrowing)
    assert view.refusal is refusal
    assert counter.acts() == []


def test_a_room_that_filled_up_meanwhile(counter: Counter) -> None:
    surely(counter)
    rooms = counter.do(Begin(Action.BOOK))
    assert isinstance(rooms, ChooseRoom)
    offer = rooms.offers[0]
    counter.do(PickOffer(offer.room_id, offer.slot_no))
    taken = {"part_id": offer.room_id, "on": TOMORROW.isoformat(), "cell": 18, "booking_id": "other"}
    change = {"table": "occupancy", "key": [offer.room_id, TOMORROW.isoformat(), 18], "row": taken}
    counter.ledger.apply_page("epoch-1", 2, [change], NOON, complete=True)
    assert counter.do(Confirm()) == Problem(Refusal.SLOT_TAKEN, back=True)
    assert isinstance(counter.do(GoBack()), Home)


def test_days_and_steps_back(counter: Counter) -> None:
    surely(counter)
    counter.do(Begin(Action.BOOK))
    later = counter.do(PickDay(TOMORROW + timedelta(days=3)))
    assert isinstance(later, ChooseRoom)
    assert not any(offer.final for offer in later.offers), "no lease reaches that far"
    counter.do(PickOffer(later.offers[0].room_id, later.offers[0].slot_no))
    assert isinstance(counter.do(GoBack()), ChooseRoom)
    assert counter.do(PickOffer("nowhere", 1)) == counter.shown[-1], "a stale touch does nothing"
    assert isinstance(counter.do(GoBack()), Home)


def test_the_servers_answer_reaches_a_resident_who_is_still_here(counter: Counter) -> None:
    surely(counter)
    counter.do(Begin(Action.BOOK))
    view = counter.shown[-1]
    assert isinstance(view, ChooseRoom)
    asked = next(offer for offer in view.offers if not offer.final)
    booked = counter.do(PickOffer(asked.room_id, asked.slot_no), Confirm())
    assert isinstance(booked, Booked)
    assert booked.booking.standing is Standing.REQUESTED
    op_id = counter.acts()[0].op_id
    counter.ledger.settle([Outcome(op_id=op_id, outcome=OutcomeKind.APPLIED, server_seq=1)], NOON)
    sure = counter.do(SyncNews(online=True, offline_since=None))
    assert isinstance(sure, Booked)
    assert sure.booking.standing is Standing.FINAL


def test_a_no_of_the_server_is_told_now_and_at_the_next_visit(counter: Counter) -> None:
    surely(counter)
    view = counter.do(Begin(Action.BOOK))
    assert isinstance(view, ChooseRoom)
    asked = next(offer for offer in view.offers if not offer.final)
    counter.do(PickOffer(asked.room_id, asked.slot_no), Confirm())
    op = counter.acts()[0]
    (made,) = counter.ledger.state(Query.of(Booking, booking_id=op.body["booking_id"])).all(Booking)
    row = {"table": "booking", "key": [made.booking_id], "row": {
        "booking_id": made.booking_id, "patron_id": made.patron_id, "facility_id": made.facility_id,
        "room_id": made.room_id, "on": made.on.isoformat(), "label": made.label,
        "start_cell": made.start_cell, "end_cell": made.end_cell, "state": "rejected"}}  # fmt: skip
    no = Outcome(
        op_id=op.op_id, outcome=OutcomeKind.REJECTED, server_seq=1, code="slot-taken", effects=(row,)
    )
    counter.ledger.settle([no], NOON)
    assert counter.do(SyncNews(True, None)) == Problem(Refusal.SLOT_TAKEN, back=True)
    counter.do(CardRemoved())
    next_time = counter.do(CardPlaced(PaperCard()))
    assert isinstance(next_time, Home)
    assert [line.rejected for line in next_time.receipts] == [Refusal.SLOT_TAKEN]


def test_books_come_back_without_a_card_or_a_name(counter: Counter) -> None:
    home(counter)
    counter.do(BarcodeScanned(BOOKS[3]), CardRemoved())
    counter.clock.pass_by(GOODBYE_SECONDS)
    counter.do(Tick())
    assert counter.do(BeginReturn()) == Returning(())
    assert counter.do(BarcodeScanned(BOOKS[3])) == Returning(("本 3",))
    assert counter.do(BarcodeScanned("?")) == Returning(("本 3",), Refusal.BARCODE_MALFORMED)
    assert isinstance(counter.do(Finish()), Attract)
    assert isinstance(counter.do(CardPlaced(PaperCard())), Home)


def test_an_idle_visit_is_warned_and_then_ended(counter: Counter) -> None:
    home(counter)
    counter.do(Begin(Action.BORROW))
    counter.clock.pass_by(IDLE_SECONDS)
    assert counter.do(Tick()) == StillThere(WARNING_SECONDS)
    assert isinstance(counter.do(StayHere()), Borrowing), "one touch and everything is as before"
    counter.clock.pass_by(IDLE_SECONDS)
    counter.do(Tick())
    counter.clock.pass_by(WARNING_SECONDS)
    assert counter.do(Tick()) == Goodbye(card_on_reader=True)
    assert isinstance(counter.do(CardRemoved()), Attract)


def test_a_reader_that_goes_and_comes(counter: Counter) -> None:
    down = counter.do(ReaderDown(Trouble.READER_SERVICE_DOWN))
    assert isinstance(down, Attract)
    assert down.reader_trouble is Trouble.READER_SERVICE_DOWN
    up = counter.do(ReaderUp("reader"))
    assert isinstance(up, Attract)
    assert up.reader_trouble is None


def test_a_printer_that_fails_costs_the_paper_only(counter: Counter) -> None:
    home(counter)
    counter.do(BarcodeScanned(BOOKS[0]), Finish())
    counter.printer.broken = True
    assert counter.do(PrintSlip(("控え",))) == Problem(Trouble.PRINTER_FAILED, back=True)
    assert len(counter.acts()) == 1


def test_a_full_disk_is_said_and_nothing_was_lent(counter: Counter) -> None:
    fill_the_disk(counter.ledger)
    counter.do(BeginReturn())
    while isinstance(counter.do(BarcodeScanned(BOOKS[0])), Returning):
        assert counter.ledger.queue_length() < 5000
    assert counter.shown[-1] == Problem(Trouble.STORE_FULL, back=False)
    counter.do(GoHome())
    home(counter)
    counter.do(BarcodeScanned(BOOKS[1]))
    assert counter.shown[-1] == Problem(Trouble.STORE_FULL, back=True)
    counter.ledger._db.conn.execute("PRAGMA max_page_count=1000000")
    assert isinstance(counter.do(GoHome()), Home)
    lent = counter.do(BarcodeScanned(BOOKS[1]))
    assert isinstance(lent, Borrowing)
    assert len(lent.lines) == 1, "the book that was refused for want of room was not lent before"


def test_a_defect_of_ours_ends_on_a_calm_screen(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    shown: list[Problem] = []
    attendant = Attendant(counter.reception, shown.append)
    attendant.start()
    attendant.post("no input at all")  # type: ignore[arg-type]
    counter.reception._card_event = None  # type: ignore[method-assign, assignment]
    attendant.post(CardRemoved())
    attendant.stop()
    assert shown == [Problem(Trouble.INTERNAL, back=False)]
    assert "internal" in caplog.text


def test_nothing_secret_is_in_what_we_log_or_repeat() -> None:
    assert "1234" not in repr(EnterPin("1234"))
    assert "0000" not in repr(PinEntry(PinPurpose.OPEN, 3, PinProblem.WRONG))


def test_why_the_server_and_this_kiosk_do_not_talk_is_on_screen_until_they_do(counter: Counter) -> None:
    counter.do(SyncNews(False, NOON, Standstill.DEVICE_REVOKED))
    assert counter.statuses[-1].standstill is Standstill.DEVICE_REVOKED
    assert isinstance(home(counter), Home), "everything goes on"
    counter.do(SyncNews(True, None))
    assert counter.statuses[-1].standstill is None
