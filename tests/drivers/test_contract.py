"""What every reader adapter promises, asked of each of them: PC/SC, nfcpy over UDP, in process."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from drivers.cards.allow import Forbidden
from drivers.cards.readers.laid import LaidCard
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import (
    CardEvent,
    CardFailed,
    CardKind,
    CardPlaced,
    CardProblem,
    CardRemoved,
    ReaderDown,
    ReaderUp,
)  # fmt: skip
from kiosk.rules import AttributesBy
from tests.drivers.conftest import KEY, NOW, PATIENCE, Desk
from tests.drivers.media import ISO15693, SYSTEMS, TWO_READERS, over
from virtual.cards.felica import ICODE, MIFARE_1K, NTAG, SUICA, ChipCard, FelicaCard, StorageCard
from virtual.cards.mynumber import NO_CERTIFICATE, NO_SIGNATURE_CERTIFICATE
from virtual.cards.resident import Resident
from virtual.cards.vpcd import VirtualCard
from virtual.processes import wait_until

IDM = bytes.fromhex("0114B34D5E6F7081")
UID = bytes.fromhex("04A1B2C3D4E5F6")
TYPE_B = bytes.fromhex("0000000000818100")


def tag(kind: CardKind, identifier: bytes) -> str:
    return CardTagger(KEY).tag(kind, identifier, kind.value)


def refused(placed: CardPlaced, pin: str = "1234") -> tuple[Trouble, int | None]:
    with pytest.raises(CardProblem) as problem:
        placed.card.authenticate(pin, NOW)
    return problem.value.code, problem.value.tries_left


# ---- cards come and go ---------------------------------------------------------------------------


@over()
def test_a_reader_is_announced_once_and_every_card_with_its_leaving(desk: Desk) -> None:
    assert isinstance(desk.listener.next(), ReaderUp)
    for n in range(5):
        idm = IDM[:7] + bytes((n,))
        desk.put(FelicaCard(idm))
        placed = desk.listener.next()
        assert isinstance(placed, CardPlaced)
        assert placed.card.tag == tag(CardKind.FELICA, idm)
        desk.take()
        assert desk.listener.next() == CardRemoved()
    assert desk.listener.events.empty()


@over()
@pytest.mark.parametrize(
    ("card", "kind", "identifier"),
    [
        (FelicaCard(IDM), CardKind.FELICA, IDM),
        (FelicaCard(b"\x31" + IDM[1:], (0xFE00, 0x12FC)), CardKind.FELICA, IDM),
        (StorageCard(UID, NTAG), CardKind.TYPE2, UID),
        (StorageCard(b"\xa1\xb2\xc3\xd4", MIFARE_1K), CardKind.MIFARE, b"\xa1\xb2\xc3\xd4"),
        (ChipCard(UID), CardKind.TYPE4, UID),
        (ChipCard(UID + b"\x01\x02\x03"), CardKind.TYPE4, UID + b"\x01\x02\x03"),
    ],
    ids=["felica", "felica-other-system", "ntag", "mifare", "chip-7", "chip-10"],
)
def test_a_card_has_the_same_tag_on_every_adapter(
    desk: Desk, card: VirtualCard, kind: CardKind, identifier: bytes
) -> None:
    placed = desk.lay(card)
    assert (placed.card.kind, placed.card.tag) == (kind, tag(kind, identifier))
    assert placed.card.unusable is None
    for secret in (identifier.hex(), str(identifier), str(placed.card.tag)):
        assert secret not in repr(placed)
    assert getattr(card, "trespasses", []) == [], "nothing stored in a FeliCa card is ever read"
    desk.lift()


@over(SYSTEMS)
def test_a_transit_card_is_told_by_its_systems(desk: Desk) -> None:
    card = FelicaCard(IDM, SUICA)
    placed = desk.lay(card)
    assert (placed.card.kind, placed.card.tag) == (CardKind.TRANSIT, tag(CardKind.FELICA, IDM))
    assert card.trespasses == [], "where somebody travelled is nobody's business"


@over()
def test_a_transit_card_has_the_tag_of_its_number_whether_it_is_told_or_not(desk: Desk) -> None:
    assert desk.lay(FelicaCard(IDM, SUICA)).card.tag == tag(CardKind.FELICA, IDM)


@over(ISO15693)
def test_a_tag_of_the_vicinity_kind(desk: Desk) -> None:
    uid = bytes.fromhex("E004015012345678")
    placed = desk.lay(StorageCard(uid, ICODE))
    assert (placed.card.kind, placed.card.tag) == (CardKind.ISO15693, tag(CardKind.ISO15693, uid))


@over()
@pytest.mark.parametrize(
    "card",
    [
        ChipCard(bytes.fromhex("08C0FFEE")),
        ChipCard(bytes.fromhex("A1B2C3D4"), TYPE_B),
        StorageCard(bytes.fromhex("08C0FFEE"), MIFARE_1K),
        FelicaCard(bytes.fromhex("02FE000102030405")),
    ],
    ids=["phone", "type-b", "phone-as-mifare", "phone-as-felica"],
)
def test_whoever_makes_up_a_number_at_every_touch_is_told_so(desk: Desk, card: VirtualCard) -> None:
    placed = desk.lay(card)
    assert (placed.card.tag, placed.card.unusable) == (None, Trouble.CARD_ID_CHANGES)
    assert refused(placed)[0] is Trouble.CARD_KIND_NOT_ACCEPTED
    desk.lift()


@over(TWO_READERS)
@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 0)])
def test_a_second_card_waits_for_its_turn(desk: Desk, first: int, second: int) -> None:
    desk.listener.wait(ReaderUp)
    desk.put(FelicaCard(IDM), first)
    assert desk.listener.wait(CardPlaced).card.kind is CardKind.FELICA
    desk.put(desk.card(), second)
    wait_until(lambda: desk.medium.noticed(second), PATIENCE, "the other card", lambda: True)
    assert desk.listener.events.empty(), "it does not disturb the first"
    desk.take(first)
    assert desk.listener.next() == CardRemoved()
    assert desk.listener.wait(CardPlaced).card.kind is CardKind.MYNUMBER
    desk.take(second)
    assert desk.listener.next() == CardRemoved()


# ---- My Number cards -----------------------------------------------------------------------------


@over()
def test_a_mynumber_card_proves_its_owner_with_the_pin(desk: Desk) -> None:
    card = desk.card()
    placed = desk.lay(card)
    assert (placed.card.kind, placed.card.tag, placed.card.unusable) == (CardKind.MYNUMBER, None, None)
    assert placed.card.pin_tries_left() == 3
    first = placed.card.authenticate("1234", NOW)
    assert placed.card.authenticate("1234", NOW) == first, "the same card is the same person"
    assert first.revocation is not None
    assert not first.revocation.checked, "without a list nobody can say that it is good"
    assert first.tag not in repr(placed)
    desk.lift()


@over()
def test_a_wrong_pin_costs_one_try_and_the_last_is_never_spent(desk: Desk) -> None:
    card = desk.card()
    placed = desk.lay(card)
    assert refused(placed, "9999") == (Trouble.PIN_WRONG, 2)
    assert placed.card.pin_tries_left() == 2
    assert refused(placed, "9999") == (Trouble.PIN_WRONG, 1)
    assert refused(placed, "1234") == (Trouble.PIN_LAST_TRY, 1)
    assert card.tries_left == 1
    desk.lift()


@over()
def test_a_blocked_card_is_told_and_left_alone(desk: Desk) -> None:
    card = desk.card(tries=0)
    placed = desk.lay(card)
    assert placed.card.pin_tries_left() == 0
    assert refused(placed)[0] is Trouble.PIN_BLOCKED
    assert not [line for line in card.log if line.startswith("0020") and line != "00200080"]
    desk.lift()


@over()
def test_what_is_no_pin_does_not_even_wake_the_card(desk: Desk) -> None:
    card = desk.card()
    placed = desk.lay(card)
    card.log.clear()
    for pin in ("", "123", "12345", "abcd", "12a4", "１２３４", "1234\n"):
        assert refused(placed, pin) == (Trouble.PIN_MALFORMED, None)
    assert card.log == []
    assert card.tries_left == 3
    desk.lift()


@over()
def test_a_verified_pin_ends_with_its_use_not_some_time_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, order = desk.card(), []
    off, answer = card.power_off, card.answer
    monkeypatch.setattr(card, "power_off", lambda: (order.append("off"), off()))
    monkeypatch.setattr(card, "answer", lambda raw: (order.append(raw[1:2].hex()), answer(raw))[1])
    placed = desk.lay(card)
    for _ in range(2):
        placed.card.authenticate("1234", NOW)
        assert card.no_pin_in_force.wait(2), "a verified PIN must not stay in force"
    signed = order.index("2a")
    assert "off" in order[signed : order.index("a4", signed)], "before anything else is said to the card"
    desk.lift()


@over()
@pytest.mark.parametrize("by", [AttributesBy.NUMBER_B, AttributesBy.PIN])
def test_name_and_address_come_only_for_the_key_the_ward_has_chosen(desk: Desk, by: AttributesBy) -> None:
    who = Resident()
    card = desk.card(resident=who)
    placed = desk.lay(card).card
    assert isinstance(placed, LaidCard)
    told = placed.attributes(by, who.number_b if by is AttributesBy.NUMBER_B else who.pin)
    assert (told.name, told.address) == (who.name, who.address)
    assert who.name not in repr(told)
    assert card.no_pin_in_force.wait(2), "the key must not stay in force"
    with pytest.raises(Forbidden):
        placed.attributes(AttributesBy.OFF, who.number_b)
    assert placed.authenticate("1234", NOW).kind is CardKind.MYNUMBER, "and the card is as it was"
    desk.lift()


@over()
def test_a_card_without_the_certificate_is_told_before_a_pin_is_asked_for(desk: Desk) -> None:
    for present, expected in ((NO_CERTIFICATE, Trouble.CERT_ABSENT), (NO_SIGNATURE_CERTIFICATE, None)):
        placed = desk.lay(desk.card(present=present)).card
        if expected is None:
            assert placed.pin_tries_left() == 3, "a minor's card is in order"
        else:
            with pytest.raises(CardProblem) as problem:
                placed.pin_tries_left()
            assert problem.value.code is expected
        desk.lift()


@over()
def test_threads_that_ask_at_once_take_turns(desk: Desk) -> None:
    placed = desk.lay(desk.card())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: placed.card.authenticate("1234", NOW), range(8)))
    assert len(set(answers)) == 1
    desk.lift()


@over()
def test_a_phone_with_the_same_application_is_told_apart(desk: Desk) -> None:
    placed = desk.lay(desk.card(token="JPKIAPGPSETOKEN"))
    with pytest.raises(CardProblem) as problem:
        placed.card.pin_tries_left()
    assert problem.value.code is Trouble.CARD_KIND_NOT_ACCEPTED
    desk.lift()


# ---- misfortunes ---------------------------------------------------------------------------------


@over()
def test_a_pin_never_reaches_the_card_that_was_laid_down_next(desk: Desk) -> None:
    first = desk.lay(desk.card())
    desk.lift()
    neighbour = desk.card()
    desk.lay(neighbour)
    assert refused(first, "9999")[0] is Trouble.CARD_REMOVED
    with pytest.raises(CardProblem) as problem:
        first.card.pin_tries_left()
    assert problem.value.code is Trouble.CARD_REMOVED
    assert neighbour.tries_left == 3
    assert not [line for line in neighbour.log if line.startswith("0020")]
    desk.lift()


@over()
@pytest.mark.parametrize("ins", [0xB0, 0x20, 0x2A])
def test_a_card_pulled_out_in_the_middle_leaves_a_clean_reader(desk: Desk, ins: int) -> None:
    placed = desk.lay(desk.card(torn_at=ins))
    assert refused(placed)[0] is Trouble.CARD_REMOVED
    desk.listener.wait(CardRemoved)
    desk.down.clear()
    assert desk.lay(desk.card()).card.authenticate("1234", NOW).kind is CardKind.MYNUMBER
    desk.lift()


@over()
def test_a_card_that_answers_garbage(desk: Desk) -> None:
    desk.put(desk.card(garbage=True))
    assert desk.listener.wait(CardFailed).code is Trouble.CARD_UNREADABLE
    desk.lift()
    assert desk.lay(FelicaCard(IDM)).card.tag is not None
    desk.lift()


@over()
def test_a_card_that_begins_to_talk_nonsense_and_ends_it(desk: Desk) -> None:
    card = desk.card()
    placed = desk.lay(card)
    card.garbage = True
    assert refused(placed)[0] is Trouble.CARD_UNREADABLE
    card.garbage = False
    assert placed.card.authenticate("1234", NOW).kind is CardKind.MYNUMBER
    desk.lift()


@over()
@pytest.mark.parametrize("quirk", ["first_6f00", "split_answers", "wrong_le"])
def test_the_quirks_of_real_cards(desk: Desk, quirk: str) -> None:
    placed = desk.lay(desk.card(**{quirk: True}))
    assert placed.card.authenticate("1234", NOW).kind is CardKind.MYNUMBER
    desk.lift()


@over()
def test_a_card_that_thinks_for_long(desk: Desk) -> None:
    card = desk.card()
    placed = desk.lay(card)
    card.slow = 0.25
    assert placed.card.pin_tries_left() == 3
    desk.lift()


@over()
def test_a_reader_that_is_lost_comes_back_with_what_lies_on_it(desk: Desk) -> None:
    desk.listener.wait(ReaderUp)
    placed = desk.lay(desk.card())
    desk.medium.lose()
    assert desk.listener.next() == CardRemoved()
    assert desk.listener.next() == ReaderDown(desk.medium.lost)
    assert refused(placed)[0] is Trouble.CARD_REMOVED
    desk.medium.restore()
    assert isinstance(desk.listener.next(), ReaderUp)
    again = desk.listener.wait(CardPlaced)
    assert again.card.authenticate("1234", NOW).kind is CardKind.MYNUMBER
    assert refused(placed)[0] is Trouble.CARD_REMOVED, "that was another laying down"
    desk.lift()


@over()
def test_a_listener_that_fails_does_not_end_the_watch(desk: Desk) -> None:
    failed = threading.Event()

    def fragile(event: CardEvent) -> None:
        if isinstance(event, CardPlaced) and not failed.is_set():
            failed.set()
            raise RuntimeError("a defect of ours")
        desk.listener.events.put(event)

    desk.reader._listener = fragile
    desk.put(FelicaCard(IDM))
    assert failed.wait(PATIENCE)
    desk.lift()
    desk.lay(FelicaCard(IDM))
    desk.lift()


@over()
def test_after_closing_there_are_no_events(desk: Desk) -> None:
    desk.lay(FelicaCard(IDM))
    desk.reader.close()
    assert not desk.reader._thread.is_alive()
    while not desk.listener.events.empty():
        desk.listener.events.get()
    desk.take()
    desk.put(FelicaCard(IDM))
    desk.take()
    assert desk.listener.events.empty()
