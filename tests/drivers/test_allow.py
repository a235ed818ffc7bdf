"""What may be sent to a card at all: the list, and nothing beside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards import allow
from drivers.cards.apdu import CardGarbage, Command, Response, channel, split

DIGEST = bytes.fromhex("3031300D060960864801650304020105000420") + bytes(32)
JPKI_AP = bytes.fromhex("D392F000260100000001")
SELECTABLE = {bytes.fromhex(ef) for ef in ("000A", "000B", "0006", "0008", "0017", "0018")}
FORBIDDEN_APS = [
    "D3921000310001010408",  # under the default rules: the ward has not switched attributes on
    "D3921000310001010402",
    "D3921000310001010401",
    "D3921000310001010100",
]


def wire() -> tuple[list[Command], allow.Channel]:
    """A guarded channel to a card that says yes to everything, and what reached it."""
    sent: list[Command] = []

    def yes(command: Command) -> Response:
        sent.append(command)
        return Response(b"", 0x9000)

    return sent, allow.guarded(yes)


def select(ef: str) -> Command:
    return Command(0x00, 0xA4, 0x02, 0x0C, bytes.fromhex(ef))


AP = Command(0x00, 0xA4, 0x04, 0x0C, JPKI_AP)


@pytest.mark.parametrize("aid", FORBIDDEN_APS)
def test_the_applications_with_the_number_cannot_be_selected(aid: str) -> None:
    sent, send = wire()
    with pytest.raises(allow.Forbidden):
        send(Command(0x00, 0xA4, 0x04, 0x0C, bytes.fromhex(aid)))
    assert sent == []


@pytest.mark.parametrize("ef", ["0001", "0002", "001A", "001B", "0011", "0014", "0015", "0016"])
def test_files_that_are_none_of_our_business_cannot_be_selected(ef: str) -> None:
    sent, send = wire()
    send(AP)
    with pytest.raises(allow.Forbidden):
        send(select(ef))
    assert sent == [AP]


@pytest.mark.parametrize(
    "command",
    [
        Command(0x00, 0xB0, 0x81, 0x00, le=256),  # read by short file id
        Command(0x00, 0x20, 0x00, 0x80, b"12345"),
        Command(0x00, 0x20, 0x00, 0x80, b"abcd"),
        Command(0x00, 0x20, 0x00, 0x98, b"1234"),
        Command(0x00, 0x24, 0x01, 0x80, b"12345678"),  # change PIN
        Command(0x80, 0x2A, 0x00, 0x80, b"sign this contract"),
        Command(0x80, 0x2A, 0x00, 0x80, DIGEST + b"x"),
        Command(0x80, 0xA2, 0x00, 0xC1, b"x"),
        Command(0x00, 0x2C, 0x00, 0x80),
        Command(0x00, 0xD6, 0x00, 0x00, b"x"),
    ],
)
def test_other_commands_never_reach_the_card(command: Command) -> None:
    for ef in ("000A", "0018", "0017", "0006"):
        sent, send = wire()
        send(AP)
        send(select(ef))
        with pytest.raises(allow.Forbidden):
            send(command)
        assert len(sent) == 2
        assert "1234" not in repr(command)


def test_what_a_login_needs_passes() -> None:
    sent, send = wire()
    for command in (
        AP, select("0006"), Command(0x00, 0xB0, 0x00, 0x00, le=32), select("000A"),
        Command(0x00, 0xB0, 0x01, 0x00, le=256), select("0018"), Command(0x00, 0x20, 0x00, 0x80),
        Command(0x00, 0x20, 0x00, 0x80, b"1234"), select("0017"),
        Command(0x80, 0x2A, 0x00, 0x80, DIGEST, le=256),
    ):  # fmt: skip
        send(command)
    assert len(sent) == 10


commands = st.builds(
    Command, st.sampled_from([0x00, 0x80, 0xFF, 0x0C]), st.integers(0, 255), st.integers(0, 255), st.integers(0, 255),
    st.one_of(st.binary(max_size=60), st.sampled_from([bytes.fromhex(a) for a in FORBIDDEN_APS])),
)  # fmt: skip


@given(st.lists(commands, max_size=20))
def test_no_sequence_of_commands_slips_through(sequence: list[Command]) -> None:
    sent, send = wire()
    send(AP)
    for command in sequence:
        try:
            send(command)
        except allow.Forbidden:
            continue
    harmless = {(0x00, 0xA4), (0x00, 0x20), (0x00, 0xB0), (0x80, 0x2A), (0xFF, 0xCA)}
    for command in sent:
        assert (command.cla, command.ins) in harmless
        if command.ins == 0xA4 and command.p1 == 0x04:
            assert command.data == JPKI_AP
        if command.ins == 0xA4 and command.p1 == 0x02:
            assert command.data in SELECTABLE


def test_answers_that_are_none_are_told() -> None:
    for raw in (b"", b"\x90", b"\x12\x34"):
        with pytest.raises(CardGarbage):
            split(raw)
    endless = channel(lambda command: b"x\x61\x01")
    with pytest.raises(CardGarbage):
        endless(Command(0x00, 0xB0, 0x00, 0x00, le=256))
