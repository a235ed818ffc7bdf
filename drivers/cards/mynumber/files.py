"""Selecting, asking for tries, verifying and reading: what both applications of the card do alike."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.cards.apdu import CardGarbage, Channel, Command
from drivers.cards.applications import SecretFile
from kiosk.codes import Trouble
from kiosk.ports import CardProblem

READ_CHUNK = 256
_NOT_THERE = (0x6A82, 0x6A83)
_PAST_THE_END = (0x6282, 0x6B00)


@dataclass(frozen=True, slots=True)
class SecretTroubles:
    """What is said when a secret was wrong, is out of tries, or must keep its last one."""

    wrong: Trouble = Trouble.PIN_WRONG
    blocked: Trouble = Trouble.PIN_BLOCKED
    last_try: Trouble = Trouble.PIN_LAST_TRY
    malformed: Trouble = Trouble.PIN_MALFORMED


PIN_TROUBLES = SecretTroubles()


def select_application(send: Channel, aid: bytes) -> bool:
    """Select by the full id; False where the card has none."""
    return send(Command(0x00, 0xA4, 0x04, 0x0C, aid)).ok


def has_file(send: Channel, ef: bytes) -> bool:
    """Select a file that may be missing."""
    answer = send(Command(0x00, 0xA4, 0x02, 0x0C, ef))
    if not answer.ok and answer.sw not in _NOT_THERE:
        raise CardGarbage("a file that is neither there nor missing")
    return answer.ok


def select_file(send: Channel, ef: bytes) -> None:
    """Select a file that every card of this profile has."""
    if not send(Command(0x00, 0xA4, 0x02, 0x0C, ef)).ok:
        raise CardGarbage("a file of the application is missing")


def tries_left(send: Channel, secret: SecretFile) -> int:
    """How many wrong tries the card will still take; asking costs none. The file stays selected."""
    select_file(send, secret.ef)
    answer = send(Command(0x00, 0x20, 0x00, 0x80))
    if answer.sw >> 4 == 0x63C:
        return answer.sw & 0xF
    if answer.sw == 0x6984:
        return 0
    if answer.ok:  # some cards answer so while a verification is in force, and that filled the counter
        return secret.tries
    raise CardGarbage("no try counter")


def verify(send: Channel, secret: SecretFile, value: str, troubles: SecretTroubles = PIN_TROUBLES) -> None:
    """Give the card a secret, unless that were its last try: only an office can give a card its tries back.

    One call is one try: never called twice for one entry.
    """
    tries = tries_left(send, secret)
    if tries <= 1:
        raise CardProblem(troubles.last_try if tries else troubles.blocked, tries)
    answer = send(Command(0x00, 0x20, 0x00, 0x80, value.encode("ascii")))
    if answer.ok:
        return
    if answer.sw >> 4 == 0x63C:
        tries = answer.sw & 0xF
        raise CardProblem(troubles.wrong if tries else troubles.blocked, tries)
    if answer.sw == 0x6984:
        raise CardProblem(troubles.blocked, 0)
    raise CardGarbage("an unknown answer to a PIN")


def check_form(secret: SecretFile, value: str, troubles: SecretTroubles = PIN_TROUBLES) -> None:
    """Raises the trouble for what cannot be right: given to the card it would cost a try."""
    if not secret.form.fullmatch(value) or not secret.accepts(value.encode("utf-8")):
        raise CardProblem(troubles.malformed)


def read_start(send: Channel, length: int) -> bytes:
    """The first bytes of the selected file; fewer where it ends before, none where it is empty."""
    answer = send(Command(0x00, 0xB0, 0x00, 0x00, le=length))
    if answer.ok or answer.sw in _PAST_THE_END:
        return answer.data[:length]
    raise CardGarbage("a file that cannot be read")


def read_exactly(send: Channel, offset: int, length: int) -> bytes:
    """So many bytes of the selected file, in chunks; raises CardGarbage for a file that ends before."""
    data = bytearray()
    while len(data) < length:
        at, wanted = offset + len(data), min(READ_CHUNK, length - len(data))
        answer = send(Command(0x00, 0xB0, at >> 8, at & 0xFF, le=wanted))
        if answer.sw not in (0x9000, 0x6282) or len(answer.data) != wanted:
            raise CardGarbage("a file that ends too early")  # or comes drop by drop, which no card does
        data += answer.data
    return bytes(data)
