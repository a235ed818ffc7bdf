"""Calls into PC/SC (winscard API of pcsc-lite) with typed errors, and one exclusive card connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from smartcard import scard

from drivers.cards.allow import guarded
from drivers.cards.apdu import CardGarbage, CardGone, Channel, channel
from kiosk.codes import Trouble
from kiosk.ports import CardProblem
from kiosk.rules import AttributesBy

_PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
_ABSENCE_SHOWS_WITHIN = 0.8
"""Seconds pcscd may take to notice that a card is gone (it asks the reader every 400 ms)."""
_BUSY_FOR = 1.0
"""Seconds to wait for a reader that another program holds."""


class ServiceLost(Exception):
    """pcscd is not there, or died under us."""


def establish() -> Any:
    """A context of our own; one per thread, for a waiting context is blocked. Raises ServiceLost."""
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    if result != scard.SCARD_S_SUCCESS:
        raise ServiceLost(scard.SCardGetErrorMessage(result))
    return context


def release(context: Any) -> None:
    """Give a context back; one of a dead pcscd cannot be given back, and need not be."""
    scard.SCardReleaseContext(context)


def list_readers(context: Any) -> list[str]:
    """The readers that are plugged in. Raises ServiceLost."""
    result, names = scard.SCardListReaders(context, [])
    if result == scard.SCARD_E_NO_READERS_AVAILABLE:
        return []
    if result != scard.SCARD_S_SUCCESS:
        raise ServiceLost(scard.SCardGetErrorMessage(result))
    return [str(name) for name in names]


def status_change(
    context: Any, states: list[tuple[str, int]], timeout_ms: int
) -> list[tuple[str, int, bytes]]:
    """Wait for a change against these states: (reader, event state, ATR) each. Raises ServiceLost."""
    result, found = scard.SCardGetStatusChange(context, timeout_ms, states)
    if result not in (scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT, scard.SCARD_E_UNKNOWN_READER):
        raise ServiceLost(scard.SCardGetErrorMessage(result))
    return [(str(name), int(state), bytes(atr)) for name, state, atr in found or []]


def insertion(state: int) -> int:
    """Which laying down this is: pcsc-lite counts insertions and removals in the high word of a state."""
    return state >> 16 & 0xFFFF


@contextmanager
def connected(
    reader: str, lock: threading.Lock, laid_down: int, attributes: AttributesBy = AttributesBy.OFF
) -> Iterator[Channel]:
    """The card of that `insertion` in `reader`, ours alone; powered off on leaving: a verified PIN ends here.

    Turns what goes wrong inside into CardProblem: CARD_REMOVED (also when another card lies there by now,
    which must never be given this resident's PIN) or CARD_UNREADABLE.
    """
    with lock:
        context = card = None
        try:
            context = establish()
            card, protocol = _connect(context, reader)
            _check_same_card(context, reader, laid_down)
            yield guarded(channel(lambda command: _transmit(card, protocol, command)), attributes=attributes)
        except (CardGone, ServiceLost) as error:
            raise CardProblem(_why_gone(reader)) from error
        except CardGarbage as error:
            raise CardProblem(Trouble.CARD_UNREADABLE) from error
        finally:
            if card is not None:
                scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD)
            if context is not None:
                release(context)


def _connect(context: Any, reader: str) -> tuple[Any, int]:
    deadline = time.monotonic() + _BUSY_FOR
    while True:
        result, card, protocol = scard.SCardConnect(context, reader, scard.SCARD_SHARE_EXCLUSIVE, _PROTOCOLS)
        if result == scard.SCARD_S_SUCCESS:
            return card, int(protocol)
        if result != scard.SCARD_E_SHARING_VIOLATION or time.monotonic() > deadline:
            raise CardGone(scard.SCardGetErrorMessage(result))
        time.sleep(0.02)


def _check_same_card(context: Any, reader: str, laid_down: int) -> None:
    """Asked while the reader is ours: a card changed after this makes the connection itself fail."""
    ((_, state, _),) = status_change(context, [(reader, scard.SCARD_STATE_UNAWARE)], 0)
    if insertion(state) != laid_down:
        raise CardProblem(Trouble.CARD_REMOVED)


def _transmit(card: Any, protocol: int, command: bytes) -> bytes:
    result, answer = scard.SCardTransmit(card, protocol, list(command))
    if result != scard.SCARD_S_SUCCESS:
        raise CardGone(scard.SCardGetErrorMessage(result))
    if not answer:  # what pcsc-lite says of a card that was lifted while it was thinking
        raise CardGone("no answer")
    return bytes(answer)


def _why_gone(reader: str) -> Trouble:
    """Removed, or lying there and not answering? pcscd needs a moment to know."""
    deadline = time.monotonic() + _ABSENCE_SHOWS_WITHIN
    try:
        context = establish()
    except ServiceLost:
        return Trouble.CARD_REMOVED
    try:
        while time.monotonic() < deadline:
            ((_, state, _),) = status_change(context, [(reader, scard.SCARD_STATE_UNAWARE)], 0)
            if not state & scard.SCARD_STATE_PRESENT:
                return Trouble.CARD_REMOVED
            time.sleep(0.02)
    except (ServiceLost, ValueError):
        return Trouble.CARD_REMOVED
    finally:
        release(context)
    return Trouble.CARD_UNREADABLE
