"""The wire below the guard, judged byte by byte against a list written down a second time, from the law's side."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cards.allow import Forbidden, guarded
from drivers.cards.apdu import CardGarbage, CardGone, Command, channel

AP = "00a4040c0ad392f000260100000001"
EFS = ("000a", "000b", "0006", "0008", "0017", "0018")
READABLE = ("000a", "000b", "0006", "0008")
HEADER = "3031300d060960864801650304020105000420"
NONE = ["12", "", "gone"]
ANSWERS = ["9000"] * 6 + ["9000", "6a82", "63c2", "6984", "6f00", "6c10", "6110", "aabb9000", *NONE]


@dataclass
class Judge:
    """A card that answers what it is told to, and objects to whatever is not on the list."""

    answers: list[str]
    ap: bool = False
    ef: str = ""
    asked_for_rest: bool = False
    pins: list[str] = field(default_factory=list)

    def transmit(self, raw: bytes) -> bytes:
        command = raw.hex()
        assert self.allowed(command), command
        answer = self.answers.pop(0) if self.answers else "9000"
        self.asked_for_rest = answer.startswith("61")
        done = (
            answer.endswith("9000") or self.asked_for_rest
        )  # 61xx: done, and there is more (ISO/IEC 7816-4 §5.6)
        if done and command == AP:
            self.ap, self.ef = True, ""
        elif done and command.startswith("00a4020c02"):
            self.ef = command[10:]
        elif answer in NONE and command.startswith("00a4"):
            self.ap, self.ef = self.ap and command != AP, ""  # nobody knows where the card is now
        if answer == "gone":
            raise CardGone("lifted")
        return bytes.fromhex(answer)

    def allowed(self, command: str) -> bool:
        if command.startswith("00c00000") and len(command) == 10:
            return self.asked_for_rest
        if command in ("00a40000", AP) or (command.startswith("ffca0000") and len(command) <= 10):
            return True
        if not self.ap:
            return False
        if command.startswith("00a4020c02"):
            return command[10:] in EFS
        if command.startswith("00b0"):
            return self.ef in READABLE and int(command[4:6], 16) < 0x80 and len(command) <= 10
        if command.startswith("00200080"):
            return self.ef == "0018" and self.verify(command)
        digest_info = command.startswith(f"802a008033{HEADER}") and 112 <= len(command) <= 114
        return self.ef == "0017" and digest_info

    def verify(self, command: str) -> bool:
        if len(command) == 8:
            return True
        pin = bytes.fromhex(command[10:])
        self.pins.append(pin.decode())
        return command[8:10] == "04" and len(pin) == 4 and pin.isdigit()


SELECT_AP = Command(0x00, 0xA4, 0x04, 0x0C, bytes.fromhex(AP[10:]))
selects = st.sampled_from([Command(0x00, 0xA4, 0x02, 0x0C, bytes.fromhex(ef)) for ef in EFS])
near = st.one_of(
    st.sampled_from([SELECT_AP, Command(0x00, 0xA4, 0x00, 0x00)]),
    st.builds(
        lambda ef, p1: Command(0x00, 0xA4, p1, 0x0C, bytes.fromhex(ef)),
        st.sampled_from([*EFS, "0001", "0002", "0009", "0011", "0014", "0016", "001a", "001b", "3f00"]),
        st.sampled_from([2, 2, 2, 0, 1, 4, 8]),
    ),
    st.builds(
        lambda p1, p2, le: Command(0x00, 0xB0, p1, p2, le=le),
        st.integers(0, 255), st.integers(0, 255), st.sampled_from([None, 1, 4, 256]),
    ),
    st.builds(
        lambda pin, p2, le: Command(0x00, 0x20, 0x00, p2, pin, le),
        st.one_of(st.binary(max_size=6), st.from_regex(rb"[0-9]{4}", fullmatch=True)),
        st.sampled_from([0x80, 0x80, 0x98, 0x00]), st.sampled_from([None, None, 256]),
    ),
    st.builds(
        lambda prefix, body: Command(0x80, 0x2A, 0x00, 0x80, prefix + body, le=256),
        st.sampled_from([bytes.fromhex(HEADER), b"", b"\x30"]), st.sampled_from([bytes(32), bytes(31), b"text"]),
    ),
    st.builds(
        Command, st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.integers(0, 255),
        st.binary(max_size=64), st.one_of(st.none(), st.integers(1, 256)),
    ),
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.tuples(selects, near), max_size=12), st.lists(st.sampled_from(ANSWERS), max_size=25))
def test_nothing_unlisted_reaches_the_wire_whatever_the_card_answers(
    steps: list[tuple[Command, Command]], answers: list[str]
) -> None:
    send = guarded(channel(Judge(["9000", *answers]).transmit))
    send(SELECT_AP)
    for command in itertools.chain.from_iterable(steps):
        with contextlib.suppress(Forbidden, CardGone, CardGarbage):
            send(command)


@given(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=8))
def test_a_pin_goes_out_once_whatever_the_card_answers(answers: list[str]) -> None:
    judge = Judge(["9000", "9000", *answers])
    send = guarded(channel(judge.transmit))
    send(SELECT_AP)
    send(Command(0x00, 0xA4, 0x02, 0x0C, bytes.fromhex("0018")))
    with contextlib.suppress(CardGone, CardGarbage):
        send(Command(0x00, 0x20, 0x00, 0x80, b"1234"))
    assert judge.pins == ["1234"]


def test_a_wrong_length_is_repeated_and_a_rest_collected() -> None:
    answers = {"00b0000000": "6c04", "00b0000004": "aabb6102", "00c0000002": "ccdd9000"}
    response = channel(lambda raw: bytes.fromhex(answers[raw.hex()]))(Command(0x00, 0xB0, 0, 0, le=256))
    assert (response.data.hex(), response.ok) == ("aabbccdd", True)
