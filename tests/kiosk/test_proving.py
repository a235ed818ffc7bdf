"""What a credential opens, and how one becomes surer: through the front door of the reception."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kiosk.barcodes import numbered
from kiosk.codes import Clash, Refusal, Trouble
from kiosk.decision import Accepted, Context, Seat
from kiosk.people.model import CardKey, CardSighting, LibraryPin
from kiosk.people.pin_decide import TryLibraryPin, TryLibraryPinDecider, tries_left
from kiosk.people.pins import LibraryPins, too_simple
from kiosk.people.qr import key_id_of, sign_card
from kiosk.people.risk import Action, Assurance, RiskTable
from kiosk.people.sighting import SeeCard, SeeCardDecider
from kiosk.ports import BarcodeScanned, CardKind, CardPlaced, CardRemoved, ReaderUp
from kiosk.reception import CHANGING_CARDS_SECONDS, GOODBYE_SECONDS, WARNING_SECONDS, Tick
from kiosk.records import Put, change_to_json
from kiosk.rules import CardRules, Rules
from kiosk.state import Query, State
from kiosk.views import (
    Attract,
    Begin,
    Cards,
    CardStopped,
    CheckedIn,
    ChooseRoom,
    ConfirmStop,
    EnterPin,
    Finish,
    GoBack,
    GoHome,
    Goodbye,
    Home,
    Linked,
    OtherWay,
    PickCard,
    PinEntry,
    PinProblem,
    PinPurpose,
    PinSet,
    PlaceCardToLink,
    Problem,
    StillThere,
    StopPicked,
    View,
)
from tests.kiosk.house import (
    DEVICE,
    HANAKO,
    HANAKO_NUMBER,
    HANAKO_PIN,
    HANAKO_TAG,
    NOON,
    Counter,
    PaperCard,
)

TARO_TAG = "d" * 32


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    made = Counter(tmp_path)
    made.do(ReaderUp("reader"))
    return made


def lay_down(counter: Counter, tag: str = HANAKO_TAG) -> View:
    return counter.do(CardPlaced(PaperCard(tag=tag)))


def leave(counter: Counter, seconds: float = GOODBYE_SECONDS) -> None:
    counter.do(CardRemoved())
    counter.clock.pass_by(seconds)
    counter.do(Tick())


def bring(counter: Counter, *records: object) -> None:
    """The server sends these."""
    changes = [change_to_json(Put(record)) for record in records]
    counter.ledger.apply_page("epoch-1", 2, changes, counter.clock.now(), complete=True)


# ---- the table ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CardKind)
def test_every_kind_of_credential_has_its_row(kind: CardKind) -> None:
    assert kind.value in RiskTable().proves


@pytest.mark.parametrize("action", Action)
def test_every_act_has_its_row_and_what_can_be_copied_opens_only_what_does_little_harm(
    action: Action,
) -> None:
    table = RiskTable()
    assert action in table.needs
    opens = table.allows(Assurance.POSSESSION, action)
    assert opens is (action in (Action.CHECK_IN, Action.BORROW, Action.CARDS))
    assert not table.allows(Assurance.NONE, action)
    assert table.allows(Assurance.PROOF, action)


def test_a_kind_nobody_has_thought_of_opens_nothing() -> None:
    assert RiskTable().of("hologram") is Assurance.NONE
    assert not RiskTable(needs={}).allows(Assurance.KNOWLEDGE, Action.BORROW), "nor does an act without a row"


@given(st.sampled_from(list(Assurance)), st.sampled_from(list(Assurance)), st.sampled_from(list(Action)))
def test_being_surer_never_closes_anything(less: Assurance, more: Assurance, action: Action) -> None:
    table = RiskTable()
    if more.covers(less) and table.allows(less, action):
        assert table.allows(more, action)


# ---- the library PIN ---------------------------------------------------------------------------------


def test_one_right_pin_opens_the_rest_of_the_visit_and_nothing_of_the_next(counter: Counter) -> None:
    lay_down(counter)
    assert counter.do(Begin(Action.BOOK)) == PinEntry(PinPurpose.LIBRARY, 5)
    assert isinstance(counter.do(EnterPin(HANAKO_PIN)), ChooseRoom)
    assert isinstance(counter.do(GoHome(), Begin(Action.LINK)), PlaceCardToLink), "asked once, not twice"
    counter.do(GoHome())
    leave(counter)
    lay_down(counter)
    assert isinstance(counter.do(Begin(Action.BOOK)), PinEntry)
    assert counter.acts() == [], "a right PIN leaves no trace"


def test_wrong_pins_are_counted_lock_and_unlock_after_a_day(counter: Counter) -> None:
    lay_down(counter)
    counter.do(Begin(Action.BOOK))
    for left in (4, 3, 2, 1):
        assert counter.do(EnterPin("1111")) == PinEntry(PinPurpose.LIBRARY, left, PinProblem.WRONG)
    locked = Problem(Refusal.LIBRARY_PIN_LOCKED, back=True)
    assert counter.do(EnterPin("1111")) == locked
    assert counter.do(GoHome(), Begin(Action.BOOK)) == locked, "also for the right one"
    leave(counter, 3600 * 24)
    lay_down(counter)
    assert counter.do(Begin(Action.BOOK)) == PinEntry(PinPurpose.LIBRARY, 1)
    assert counter.do(EnterPin("1111")) == locked, "one try a day, then"
    leave(counter, 3600 * 24)
    lay_down(counter)
    counter.do(Begin(Action.BOOK))
    assert isinstance(counter.do(EnterPin(HANAKO_PIN)), ChooseRoom)
    found = counter.ledger.state(Query.of(LibraryPin, patron_id=HANAKO)).get(LibraryPin, HANAKO)
    assert found is not None
    assert found.wrong == 0, "and all is forgiven"


def test_wrong_pins_survive_a_restart_and_come_from_other_kiosks(counter: Counter) -> None:
    found = counter.ledger.state(Query.of(LibraryPin, patron_id=HANAKO)).get(LibraryPin, HANAKO)
    assert found is not None
    bring(counter, replace(found, wrong=4, wrong_at=NOON))
    lay_down(counter)
    assert counter.do(Begin(Action.BOOK)) == PinEntry(PinPurpose.LIBRARY, 1)


@pytest.mark.parametrize("typed", ["", "123", "12345", "１２３４", "abcd", "8620 "])
def test_what_is_no_pin_is_a_wrong_one(counter: Counter, typed: str) -> None:
    lay_down(counter)
    counter.do(Begin(Action.BOOK))
    assert counter.do(EnterPin(typed)) == PinEntry(PinPurpose.LIBRARY, 4, PinProblem.WRONG)


def test_without_a_library_pin_there_is_a_sentence_and_the_menu(counter: Counter) -> None:
    lay_down(counter, TARO_TAG)
    assert counter.do(Begin(Action.BOOK)) == Problem(Refusal.LIBRARY_PIN_NONE, back=True)
    assert isinstance(counter.do(GoHome()), Home)


def test_who_does_not_know_a_pin_gets_another_way_and_no_try_is_spent(counter: Counter) -> None:
    card = PaperCard(kind=CardKind.MYNUMBER, tag=None)
    counter.do(CardPlaced(card))
    assert counter.do(OtherWay()) == Problem(Trouble.OTHER_WAY, back=False)
    assert card.tries == 3
    counter.do(CardRemoved())
    lay_down(counter)
    counter.do(Begin(Action.BOOK))
    assert counter.do(OtherWay()) == Problem(Trouble.LIBRARY_PIN_FORGOTTEN, back=True)
    assert isinstance(counter.do(GoHome()), Home)
    assert counter.do(OtherWay()) == counter.shown[-1], "a stale touch does nothing"


def test_a_new_pin_is_typed_twice_and_holds_at_once(counter: Counter) -> None:
    lay_down(counter)
    counter.do(Begin(Action.SET_PIN), EnterPin(HANAKO_PIN))
    assert counter.shown[-1] == PinEntry(PinPurpose.CHOOSE)
    assert counter.do(EnterPin("1234")) == PinEntry(PinPurpose.CHOOSE, problem=PinProblem.TOO_SIMPLE)
    assert counter.do(EnterPin("5071")) == PinEntry(PinPurpose.REPEAT)
    assert counter.do(EnterPin("5072")) == PinEntry(PinPurpose.CHOOSE, problem=PinProblem.DIFFERENT)
    counter.do(EnterPin("5071"))
    assert counter.do(EnterPin("5071")) == PinSet()
    leave(counter)
    lay_down(counter)
    counter.do(Begin(Action.BOOK))
    assert isinstance(counter.do(EnterPin(HANAKO_PIN)), PinEntry)
    assert isinstance(counter.do(EnterPin("5071")), ChooseRoom)


def test_no_digits_stand_in_the_database(counter: Counter) -> None:
    lay_down(counter)
    counter.do(Begin(Action.SET_PIN), EnterPin(HANAKO_PIN), EnterPin("5071"), EnterPin("5071"))
    bodies = "".join(str(dict(op.body)) for op in counter.ledger.queued(100))
    stored = "".join(map(str, counter.ledger.all(LibraryPin)))
    assert "5071" not in bodies.replace(LibraryPins(bytes(32)).verifier(HANAKO, "5071"), "")
    assert f"'{HANAKO_PIN}'" not in stored


def test_verifiers_of_two_people_or_two_wards_have_nothing_in_common() -> None:
    one, other = LibraryPins(bytes(32)), LibraryPins(b"\x01" * 32)
    made = {one.verifier("a", "8620"), one.verifier("b", "8620"), other.verifier("a", "8620")}
    assert len(made) == 3
    assert one.matches("a", "8620", one.verifier("a", "8620"))
    assert "8620" not in repr(one)


@pytest.mark.parametrize("pin", ["0000", "9999", "1234", "4321", "7890", "0987"])
def test_what_a_thief_tries_first_is_no_pin(pin: str) -> None:
    assert too_simple(pin)
    assert not too_simple("8620")


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 90))
def test_however_tries_come_no_more_wrong_ones_are_taken_than_the_rules_say(
    rights: list[bool], apart_minutes: int
) -> None:
    """A thief with a day has at most the limit of wrong tries, and one more for every lock that ran out."""
    rules = Rules()
    state = State([LibraryPin(patron_id="p", verifier="v", wrong=0, wrong_at=None)])
    taken, now = 0, NOON
    for right in rights:
        context = Context(now, Seat(DEVICE), rules)
        decided = TryLibraryPinDecider().decide(state, TryLibraryPin(patron_id="p", right=right), context)
        if isinstance(decided, Accepted):
            state.apply(decided.changes)
            taken = 0 if right else taken + 1
        pin = state.get(LibraryPin, "p")
        assert pin is not None
        assert pin.wrong == taken
        assert 0 <= tries_left(pin, context) <= rules.cards.library_pin_tries
        now += timedelta(minutes=apart_minutes)
    hours = apart_minutes * len(rights) / 60
    assert taken <= rules.cards.library_pin_tries + hours // rules.cards.library_pin_lock_hours


# ---- codes instead of cards --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", [HANAKO_NUMBER, f"A{HANAKO_NUMBER}A\r", f"]F0{HANAKO_NUMBER}", f"*{HANAKO_NUMBER}*"]
)
def test_a_printed_library_card_opens_a_visit_like_a_bare_card(counter: Counter, text: str) -> None:
    view = counter.do(BarcodeScanned(text))
    assert isinstance(view, Home)
    assert view.masked_name == "練馬 花○"
    assert isinstance(counter.do(Begin(Action.CHECK_IN)), CheckedIn)
    assert isinstance(counter.do(GoHome(), Begin(Action.BOOK)), PinEntry)
    counter.do(GoHome(), Finish())
    assert counter.do(Finish()) == Goodbye(card_on_reader=False)
    assert isinstance(counter.do(BarcodeScanned(HANAKO_NUMBER)), Home), "the next one need not wait"


def test_a_misread_and_an_unknown_library_card(counter: Counter) -> None:
    wrong = HANAKO_NUMBER[:-1] + str((int(HANAKO_NUMBER[-1]) + 1) % 10)
    assert counter.do(BarcodeScanned(wrong)) == Problem(Trouble.CARD_UNREADABLE, back=False)
    assert counter.do(BarcodeScanned(numbered("2", 8, 99))) == Problem(Trouble.CARD_UNKNOWN, back=False)
    assert isinstance(counter.do(BarcodeScanned(HANAKO_NUMBER)), Home)


def test_a_signed_code_opens_the_same_as_the_printed_number(counter: Counter) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key()
    known = CardKey(key_id=key_id_of(public), public_key=public.public_bytes_raw().hex(), revoked=False)
    good = sign_card(HANAKO_NUMBER, NOON + timedelta(hours=1), key)
    untrusted = Problem(Trouble.CODE_UNTRUSTED, back=False)
    assert counter.do(BarcodeScanned(good)) == untrusted, "nobody told us of this key"
    bring(counter, known)
    assert isinstance(counter.do(BarcodeScanned(f"]Q1{good.lower()}")), Home)
    counter.do(Finish())
    old = sign_card(HANAKO_NUMBER, NOON - timedelta(minutes=1), key)
    assert counter.do(BarcodeScanned(old)) == Problem(Trouble.CODE_EXPIRED, back=False)
    bring(counter, replace(known, revoked=True))
    assert counter.do(BarcodeScanned(good)) == untrusted


def test_a_printed_card_can_be_linked_only_where_the_ward_says_so(counter: Counter) -> None:
    lay_down(counter, TARO_TAG)
    bring(
        counter,
        LibraryPin(
            patron_id="p-taro",
            verifier=LibraryPins(bytes(32)).verifier("p-taro", "8620"),
            wrong=0,
            wrong_at=None,
        ),
    )
    counter.do(Begin(Action.LINK), EnterPin("8620"))
    assert counter.do(BarcodeScanned("not a card")) == PlaceCardToLink()
    refused = counter.do(BarcodeScanned(numbered("2", 8, 77)))
    assert refused == Problem(Refusal.CARD_KIND_NOT_LINKABLE, back=True)


def test_who_walks_away_between_two_cards_leaves_no_open_visit_for_long(counter: Counter) -> None:
    counter.do(CardPlaced(PaperCard()), Begin(Action.LINK), EnterPin(HANAKO_PIN))
    assert isinstance(counter.do(CardRemoved()), PlaceCardToLink)
    counter.clock.pass_by(CHANGING_CARDS_SECONDS)
    assert isinstance(counter.do(Tick()), StillThere)
    counter.clock.pass_by(WARNING_SECONDS)
    assert counter.do(Tick()) == Goodbye(card_on_reader=False)


# ---- copies, crowds, lost cards ----------------------------------------------------------------------


def test_a_card_in_two_places_at_once_opens_nothing_without_the_pin(counter: Counter) -> None:
    seen = CardSighting(tag=HANAKO_TAG, facility_id="sakae", seen_at=NOON - timedelta(minutes=2))
    bring(counter, seen)
    assert lay_down(counter) == PinEntry(PinPurpose.LIBRARY, 5)
    assert counter.do(GoHome()) == PinEntry(PinPurpose.LIBRARY, 5), "no way round it"
    assert isinstance(counter.do(Begin(Action.BORROW)), PinEntry)
    assert counter.do(OtherWay()) == Problem(Trouble.LIBRARY_PIN_FORGOTTEN, back=False)
    leave(counter)
    bring(counter, replace(seen, seen_at=counter.clock.now()))
    lay_down(counter)
    assert isinstance(counter.do(EnterPin(HANAKO_PIN)), Home), "its owner goes on"
    leave(counter)
    bring(counter, replace(seen, tag=TARO_TAG, seen_at=counter.clock.now()))
    assert lay_down(counter, TARO_TAG) == Problem(Trouble.CARD_IN_TWO_PLACES, back=False)


@given(st.integers(0, 20), st.booleans(), st.booleans())
def test_two_places_clash_in_whichever_order_the_news_comes(minutes: int, other: bool, late: bool) -> None:
    first = (NOON, "sakae")
    second = (NOON + timedelta(minutes=minutes), "kasuga" if other else "sakae")
    state, clashes = State(), []
    for at, facility in (second, first) if late else (first, second):
        context = Context(at, Seat(DEVICE, server=True), Rules())
        decided = SeeCardDecider().decide(state, SeeCard(tag="t", facility_id=facility), context)
        assert isinstance(decided, Accepted)
        state.apply(decided.changes)
        clashes += decided.clashes
    assert clashes == (
        [Clash.CARD_IN_TWO_PLACES] if other and minutes < CardRules().two_places_minutes else []
    )
    kept = state.get(CardSighting, "t")
    assert kept is not None
    assert kept.seen_at == second[0], "the newest is kept"


def test_one_card_again_and_again_has_to_wait_a_little(counter: Counter) -> None:
    for _ in range(CardRules().openings_per_card):
        assert isinstance(lay_down(counter), Home)
        leave(counter)
    assert lay_down(counter) == Problem(Trouble.CARD_TOO_OFTEN, back=False)
    counter.do(CardRemoved())
    assert isinstance(lay_down(counter, TARO_TAG), Home), "which is nobody else's trouble"
    leave(counter, 600)
    assert isinstance(lay_down(counter), Home)


def test_after_many_unknown_cards_only_those_that_prove_themselves_are_taken(counter: Counter) -> None:
    for n in range(10):
        assert lay_down(counter, f"{n:032x}") == Problem(Trouble.CARD_UNKNOWN, back=False)
        counter.do(CardRemoved())
    paused = Problem(Trouble.CARDS_PAUSED, back=False)
    assert lay_down(counter) == paused
    counter.do(CardRemoved())
    assert counter.do(BarcodeScanned(HANAKO_NUMBER)) == paused
    counter.do(CardPlaced(PaperCard(kind=CardKind.MYNUMBER, tag=None, proves=HANAKO_TAG)))
    assert isinstance(counter.do(EnterPin("1234")), Home)
    leave(counter, 600)
    assert isinstance(lay_down(counter), Home)


def test_a_proved_card_asks_for_no_library_pin_and_is_not_followed(counter: Counter) -> None:
    counter.do(CardPlaced(PaperCard(kind=CardKind.MYNUMBER, tag=None, proves=HANAKO_TAG)))
    assert isinstance(counter.do(EnterPin("1234")), Home)
    assert isinstance(counter.do(Begin(Action.BOOK)), ChooseRoom)
    assert counter.ledger.all(CardSighting) == ()


def test_a_lost_card_is_stopped_here_and_now(counter: Counter) -> None:
    counter.do(BarcodeScanned(HANAKO_NUMBER))
    cards = counter.do(Begin(Action.CARDS))
    assert isinstance(cards, Cards)
    assert (cards.can_link, cards.has_pin, cards.as_of) == (True, True, NOON)
    lost = next(line for line in cards.lines if line.kind == "felica")
    assert counter.do(PickCard(lost.number)) == PinEntry(PinPurpose.LIBRARY, 5)
    assert isinstance(counter.do(EnterPin(HANAKO_PIN)), ConfirmStop)
    assert isinstance(counter.do(GoBack()), Cards), "and nothing has happened"
    counter.do(PickCard(lost.number))
    stopped = counter.do(StopPicked(lost=True))
    assert isinstance(stopped, CardStopped)
    assert stopped.card.state == "lost"
    assert [op.kind for op in counter.acts()] == ["stop_card"]
    counter.do(Finish(), Finish())
    assert lay_down(counter) == Problem(Refusal.CARD_REPORTED_LOST, back=False, as_of=NOON)
    assert isinstance(counter.do(CardRemoved()), Attract)


def at_my_cards(counter: Counter) -> int:
    """Hanako looks at her cards, with her PIN given; the number of the FeliCa card on the screen."""
    counter.do(BarcodeScanned(HANAKO_NUMBER), Begin(Action.SET_PIN), EnterPin(HANAKO_PIN), GoHome())
    cards = counter.do(Begin(Action.CARDS))
    assert isinstance(cards, Cards)
    return next(line.number for line in cards.lines if line.kind == "felica")


def test_a_stopped_card_is_not_stopped_twice_nor_linked_again_by_its_finder(counter: Counter) -> None:
    counter.do(PickCard(at_my_cards(counter)), StopPicked(lost=True), GoHome())
    again = counter.do(Begin(Action.CARDS))
    assert isinstance(again, Cards)
    assert counter.do(PickCard(next(line.number for line in again.lines if line.state == "lost"))) == again
    assert counter.do(PickCard(99)) == again
    linked = counter.do(Begin(Action.LINK), CardPlaced(PaperCard()))
    assert linked == Problem(Refusal.CARD_REPORTED_LOST, back=True)


def test_a_card_that_is_not_wanted_any_more_can_come_back(counter: Counter) -> None:
    counter.do(PickCard(at_my_cards(counter)), StopPicked(lost=False))
    assert isinstance(counter.do(GoHome(), Begin(Action.LINK), CardPlaced(PaperCard())), Linked)


# ---- nothing stays -----------------------------------------------------------------------------------


def test_where_a_card_was_seen_is_forgotten_within_the_hour(counter: Counter) -> None:
    lay_down(counter)
    assert len(counter.ledger.all(CardSighting)) == 1
    counter.clock.pass_by(3601)
    counter.ledger.forget(counter.clock.now())
    assert counter.ledger.all(CardSighting) == ()
