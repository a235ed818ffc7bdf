"""Whatever a card says, and whatever lies in its files: our own errors, the list, one try, a bounded talk.

The targets are those of `make fuzz`, where a coverage-guided fuzzer goes on for longer.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import fuzz_targets
from benchmarks.fuzz_targets import TARGETS, seeds
from benchmarks.fuzz_wire import BOUND, COMMANDS, Wire
from drivers.cards.apdu import MAX_RESPONSE_PARTS, CardGarbage, Command, channel
from drivers.cards.mynumber.support import read_attributes
from drivers.cards.mynumber.trust import TrustStore
from kiosk.codes import Trouble
from kiosk.rules import AttributesBy
from tests.drivers.conftest import NOW
from tests.drivers.flows import Handling, outcome
from virtual.cards.chip import AppletCard
from virtual.cards.issuer import TestAuthority
from virtual.cards.resident import Resident
from virtual.cards.tray import make_mynumber

STATUS = [
    bytes.fromhex(sw)
    for sw in [
        "9000",
        "6A82",
        "63C0",
        "63C2",
        "63C3",
        "6984",
        "6982",
        "6282",
        "6B00",
        "6F00",
        "6C04",
        "6C00",
        "6110",
        "6100",
        "1234",
    ]
]
said = st.tuples(st.binary(max_size=40), st.sampled_from(STATUS)).map(
    lambda s: bytes((len(s[0]),)) + s[0] + s[1]
)
full = st.sampled_from(STATUS).map(lambda sw: b"\xe0" + bytes(256) + sw)
truth = st.just(b"\xff")
talks = st.lists(st.one_of(truth, truth, truth, said, full), max_size=40).map(b"".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_bytes_of_any_kind(name: str, data: st.DataObject) -> None:
    TARGETS[name](data.draw(st.binary(max_size=400)))


@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_bytes_that_are_almost_right(name: str, data: st.DataObject) -> None:
    near = bytearray(data.draw(st.sampled_from(seeds(name))))
    for at in data.draw(st.sets(st.integers(0, len(near) - 1), max_size=4)):
        near[at] = data.draw(st.integers(0, 255))
    TARGETS[name](bytes(near[: data.draw(st.integers(0, len(near)))]))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["recognise", "tries", "log-in", "attributes"]),
    st.sampled_from([b"\x00", b"\xff"]),
    talks,
)
def test_a_card_that_is_true_for_a_while_and_then_says_anything(name: str, first: bytes, talk: bytes) -> None:
    TARGETS[name](talk if name in ("tries", "log-in") else first + talk)


# ---- the judges can object ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    ["00a4040c0ad3921000310001010401", "00a4040c0ad3921000310001010402", "00a4020c020001", "00a4020c02001a",
     "0024018004", "00d60000", "802a0097", "00b1"],
)  # fmt: skip
def test_the_wire_objects_to_what_is_not_on_the_list(command: str) -> None:
    wire = Wire(b"\x00\x90\x00" * 3, 10)
    wire(bytes.fromhex("00a4040c0ad392f000260100000001"))
    with pytest.raises(AssertionError):
        wire(bytes.fromhex(command))


def test_the_wire_objects_to_a_second_try_and_to_a_talk_without_end() -> None:
    verify = bytes.fromhex("002000800431323334")
    wire = Wire(b"\x00\x90\x00" * 9, 3)
    wire(verify)
    with pytest.raises(AssertionError, match="second try"):
        wire(verify)
    wire(bytes.fromhex("00a40000"))
    with pytest.raises(AssertionError, match="more than 3"):
        wire(bytes.fromhex("00a40000"))


def test_a_target_tells_when_a_reader_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: bytes) -> None:
        raise IndexError

    monkeypatch.setattr(fuzz_targets, "parse", broken)
    with pytest.raises(IndexError):
        TARGETS["attribute-file"](Resident().file())


# ---- how long a talk can get ------------------------------------------------------------------------------


def test_the_bound_is_what_the_longest_honest_talk_needs(
    authority: TestAuthority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The largest files there may be, counted: the bound would not hold with a smaller number."""
    folder = tmp_path_factory.mktemp("trust")
    authority.save(folder)
    desk = Handling(TrustStore(folder))
    card = make_mynumber(authority, NOW, resident=Resident(address="光" * 600))
    desk.recognise(AppletCard())  # has no application: it is asked for its identifier too
    assert len(desk.sent) == COMMANDS["recognise"]
    profile = desk.profile(card)
    desk.sent.clear()
    card.certificate = b"\x30\x82\x0f\xfc" + bytes(4092)
    assert outcome(lambda: desk.log_in(card)) is Trouble.CERT_UNSUITABLE
    assert len(desk.sent) == 2 + COMMANDS["log in"] - 5, "recognised, then all but PIN and signature"
    desk.sent.clear()
    read_attributes(desk.channel(card, AttributesBy.PIN), profile, AttributesBy.PIN, "5678")
    assert len(desk.sent) == COMMANDS["attributes"]


def test_an_answer_in_endless_parts_is_given_up() -> None:
    sent = []

    def endless(raw: bytes) -> bytes:
        sent.append(raw)
        return b"x\x61\x01"

    with pytest.raises(CardGarbage):
        channel(endless)(Command(0x00, 0xB0, 0x00, 0x00, le=256))
    assert len(sent) == 1 + MAX_RESPONSE_PARTS <= BOUND["recognise"]
