"""The field of a reader that nfcpy drives: who is in it, talking to them, switching it off. Typed errors."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from drivers.cards.apdu import CardGarbage, CardGone
from drivers.cards.readers.nfc_device import load, open_device
from kiosk.ports import CardKind

TECHNOLOGIES = ("106A", "106B", "212F")
"""What is asked for, in this order: ISO/IEC 14443 type A and B, FeliCa."""
_STORAGE = {0x00: CardKind.TYPE2, 0x08: CardKind.MIFARE, 0x88: CardKind.MIFARE, 0x18: CardKind.MIFARE}
"""SAK of type A cards that take no ISO 7816 commands (NXP AN10833): Ultralight and NTAG, Classic 1K, 4K."""
_TAKES_COMMANDS = 0x20
"""Bit of the SAK (ISO/IEC 14443-3 §6.5.3.4)."""
_ATTEMPTS = 3
"""Activations tried in a row: the first may fail while the card is still being laid down."""
_COMMAND_SECONDS = 2.0
"""Longest time for one command and its whole answer, however often the card asks for more of it."""
_PING_SECONDS = 0.3
"""For "are you there": a card answers it in a few milliseconds, whatever it asks for real work."""
_FELICA_SECONDS = 0.05
_RESET_SECONDS = 0.01
"""How long the field stays off: a card may keep its state for 5.1 ms (EMV Contactless Book D)."""
_ODD = (IndexError, KeyError, TypeError, ValueError, AttributeError, AssertionError, struct.error)
"""How nfcpy fails over frames that no card should send."""


class FieldLost(Exception):
    """The reader went away while it was in use."""


@dataclass(frozen=True)
class Link:
    """A card that was activated, until the field is switched off.

    An activated card is the only one that answers its link: whatever is laid down next was not activated.
    `look` is what it says of itself with every activation; `fixed`: it contains an identifier that lasts.
    """

    technology: str
    identifier: bytes = field(repr=False)
    look: bytes = field(repr=False)
    fixed: bool
    kind: CardKind | None
    systems: tuple[int, ...]
    transmit: Callable[[bytes], bytes]
    alive: Callable[[], bool]

    @property
    def mute(self) -> bool:
        """There, and not to be activated."""
        return not self.technology


class Field:
    """One open reader. All methods raise FieldLost."""

    def __init__(self, frontend: Any) -> None:
        self._nfc = load()
        self._frontend = frontend

    @property
    def name(self) -> str:
        return str(self._frontend)

    def find(self) -> Link | None:
        """Whoever is in the field, activated; None for nobody. Raises CardGone for one that is mute."""
        target = self._sense(*TECHNOLOGIES)
        return None if target is None else self._link(target)

    def find_again(self, link: Link) -> Link | None:
        """The same card after the field was off, as far as its looks tell; None when it is not there."""
        for _ in range(_ATTEMPTS):
            try:
                target = self._sense(link.technology)
                again = None if target is None else self._link(target)
            except CardGone:
                continue
            if again is not None:
                return again if again.look == link.look else None
        return None

    def mute_card(self) -> Link:
        """The link to a card that is there and cannot be activated: it never answers."""

        def never(command: bytes) -> bytes:
            raise CardGone("no activation")

        def there() -> bool:
            return self._sense(*TECHNOLOGIES) is not None

        return Link("", b"", b"", False, None, (), never, there)

    def off(self) -> None:
        """Switch the field off: every card in it loses its power."""
        with self._typed():
            self._frontend.sense()  # for nothing: it begins with the field off, and leaves it so
        time.sleep(_RESET_SECONDS)

    def close(self) -> None:
        """Give the reader back, its field off."""
        self._frontend.close()

    # ---- finding ----------------------------------------------------------------------------

    def _sense(self, *technologies: str) -> Any:
        targets = [self._nfc.clf.RemoteTarget(technology) for technology in technologies]
        try:
            with self._typed():
                return self._frontend.sense(*targets, iterations=1)
        except (CardGone, CardGarbage):
            return None

    def _link(self, target: Any) -> Link:
        try:
            with self._typed():
                if target.brty.endswith("F"):
                    return self._felica(target)
                if target.brty.endswith("B"):
                    return self._chip(target, bytes(target.sensb_res[1:5]), fixed=False)
                return self._type_a(target)
        except CardGarbage as error:
            raise CardGone("no activation") from error

    def _type_a(self, target: Any) -> Link:
        if target.rid_res is not None:  # an NFC Forum type 1 tag, which no ward hands out
            return self._told_by_sensing(target, bytes(target.rid_res[2:6]), CardKind.UNKNOWN, fixed=True)
        uid, sak = bytes(target.sdd_res), target.sel_res[0]
        fixed = not _is_random(uid)
        if sak & _TAKES_COMMANDS:
            return self._chip(target, uid, fixed=fixed)
        return self._told_by_sensing(target, uid, _STORAGE.get(sak, CardKind.UNKNOWN), fixed=fixed)

    def _felica(self, target: Any) -> Link:
        idm = bytes(target.sensf_res[1:9])
        systems = self._systems(idm)
        return self._told_by_sensing(target, idm, CardKind.FELICA, systems, fixed=True)

    def _systems(self, idm: bytes) -> tuple[int, ...]:
        """Request System Code: which systems the card has. Nothing that is stored in them is ever asked."""
        try:
            with self._typed():
                answer = bytes(self._frontend.exchange(bytearray(b"\x0a\x0c" + idm), timeout=_FELICA_SECONDS))
        except (CardGone, CardGarbage):
            return ()  # FeliCa Lite does not know the command
        if len(answer) < 11 or answer[:2] != bytes((len(answer), 0x0D)) or answer[2:10] != idm:
            return ()
        codes = answer[11 : 11 + 2 * answer[10]]
        return tuple(int.from_bytes(codes[at : at + 2], "big") for at in range(0, len(codes), 2))

    def _told_by_sensing(
        self, target: Any, identifier: bytes, kind: CardKind, systems: tuple[int, ...] = (), *, fixed: bool,
    ) -> Link:  # fmt: skip
        """A card that is known by being found, and is still there when it is found again."""

        def nothing(command: bytes) -> bytes:
            return b"\x6d\x00"

        def there() -> bool:
            found = self._sense(target.brty)
            return found is not None and _look(found) == look

        look = _look(target)
        return Link(target.brty, identifier, look, fixed, kind, systems, nothing, there)

    # ---- cards that take commands -----------------------------------------------------------

    def _chip(self, target: Any, identifier: bytes, *, fixed: bool) -> Link:
        patience = _Patience(self._frontend, self._nfc.clf.ProtocolError)
        tag = self._nfc.tag.tt4.activate(patience, target)

        def transmit(command: bytes) -> bytes:
            patience.begin()
            with self._typed():
                return bytes(tag.transceive(command))

        def alive() -> bool:
            patience.begin(_PING_SECONDS)
            try:
                with self._typed():
                    return bool(tag.is_present)
            except (CardGone, CardGarbage):
                return False

        return Link(target.brty, identifier, _look(target), fixed, None, (), transmit, alive)

    @contextmanager
    def _typed(self) -> Iterator[None]:
        """Only CardGone, CardGarbage and FieldLost come out of nfcpy."""
        clf, tag = self._nfc.clf, self._nfc.tag
        try:
            yield
        except OSError as error:
            raise FieldLost(str(error)) from error
        except clf.ProtocolError as error:
            raise CardGarbage(str(error)) from error
        except clf.Error as error:
            raise CardGone(str(error)) from error
        except tag.TagCommandError as error:
            broken = error.errno == tag.PROTOCOL_ERROR
            raise (CardGarbage if broken else CardGone)(str(error)) from error
        except _ODD as error:
            raise CardGarbage(type(error).__name__) from error


@contextmanager
def opened(path: str) -> Iterator[Field]:
    """A reader for a moment, given back with its field off. Raises ReaderLost."""
    field = Field(open_device(path))
    try:
        yield field
    finally:
        field.close()


def _is_random(uid: bytes) -> bool:
    return len(uid) == 4 and uid.startswith(b"\x08")  # ISO/IEC 14443-3 §6.5.4


def _look(target: Any) -> bytes:
    """What a card says of itself with every activation, without a number made up anew each time."""
    if target.brty.endswith("F"):
        return bytes(target.sensf_res[1:9])
    if target.brty.endswith("B"):
        return bytes(target.sensb_res[5:12])
    if target.rid_res is not None:
        return bytes(target.rid_res)
    uid = bytes(target.sdd_res)
    return bytes(target.sens_res) + bytes(target.sel_res) + (b"" if _is_random(uid) else uid)


class _Patience:
    """nfcpy's frontend, with an end to every conversation: nfcpy itself follows a card for ever."""

    def __init__(self, frontend: Any, too_long: type[Exception]) -> None:
        self._frontend = frontend
        self._too_long = too_long
        self.begin()

    def begin(self, seconds: float = _COMMAND_SECONDS) -> None:
        self._until = time.monotonic() + seconds

    def exchange(self, data: Any, timeout: float) -> Any:
        left = self._until - time.monotonic()
        if left <= 0:
            raise self._too_long("a command that never ends")
        return self._frontend.exchange(data, min(timeout, left))

    @property
    def max_send_data_size(self) -> int:
        return int(self._frontend.max_send_data_size)

    @property
    def max_recv_data_size(self) -> int:
        return int(self._frontend.max_recv_data_size)
