"""PC/SC readers through pcscd: our own supervised watch, for pyscard's monitors die with pcscd."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from smartcard import scard

from drivers.cards.apdu import Channel
from drivers.cards.atr import recognise
from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers.connection import (
    ServiceLost,
    connected,
    establish,
    insertion,
    list_readers,
    release,
    status_change,
)  # fmt: skip
from drivers.cards.readers.laid import Session
from drivers.cards.readers.watch import ReaderLost, WatchedReader
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import CardProblem
from kiosk.rules import AttributesBy

_PNP = r"\\?PnP?\Notification"
"""The pseudo-reader whose state changes when readers come and go (pcsc-lite, Windows alike)."""
WAIT_MS = 150
"""Longest single wait, so that closing takes no longer; changes wake it at once."""


@dataclass
class _Slot:
    """What we last knew of one reader."""

    state: int = scard.SCARD_STATE_UNAWARE
    present: bool = False
    insertion: int = -1


class PcscReader(WatchedReader):
    """Implements `kiosk.ports.CardReader` for all PC/SC readers whose name contains `reader_filter`."""

    def __init__(
        self, tagger: CardTagger, trust: TrustStore, device_id: str, *, reader_filter: str | None = None,
        clock_monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        super().__init__(tagger, trust, device_id, clock_monotonic=clock_monotonic)
        self._filter = reader_filter or ""
        self._lock = threading.Lock()
        self._slots: dict[str, _Slot] = {}

    def _watch(self) -> None:
        try:
            context = establish()
            try:
                self._watch_with(context)
            finally:
                release(context)
        except ServiceLost as lost:
            raise ReaderLost(Trouble.READER_SERVICE_DOWN, str(lost)) from lost

    def _watch_with(self, context: Any) -> None:
        self._slots.clear()
        pnp = scard.SCARD_STATE_UNAWARE
        while not self._stopped.is_set():
            names = [name for name in list_readers(context) if self._filter in name]
            self._update_readers(names)
            states = [(name, self._slots[name].state) for name in names]
            for name, state, atr in status_change(context, [*states, (_PNP, pnp)], WAIT_MS):
                if name == _PNP:
                    pnp = state & ~scard.SCARD_STATE_CHANGED
                else:
                    self._changed(name, state, atr)

    def _update_readers(self, names: list[str]) -> None:
        for name in [known for known in self._slots if known not in names]:
            del self._slots[name]
            self._card_left(name)
        for name in names:
            self._slots.setdefault(name, _Slot())
        if names:
            self._up(names[0])
        else:
            self._down(Trouble.READER_MISSING, f"no PC/SC reader with {self._filter!r} in its name")

    def _changed(self, name: str, state: int, atr: bytes) -> None:
        slot = self._slots[name]
        present = bool(state & scard.SCARD_STATE_PRESENT)
        swapped = slot.present and present and slot.insertion not in (-1, insertion(state))
        if slot.present and (not present or swapped):
            self._card_left(name)
        if present and (not slot.present or swapped):
            # a card that has to wait is offered again with every wait that ends: within `WAIT_MS`
            present = self._card_came(
                name, self._session(name, state), lambda send: recognise(atr, send, self._tagger)
            )
        slot.state, slot.present = state & ~scard.SCARD_STATE_CHANGED, present
        slot.insertion = insertion(state)

    def _session(self, name: str, state: int) -> Session:
        laid_down, mute = insertion(state), bool(state & scard.SCARD_STATE_MUTE)

        def open_session(attributes: AttributesBy = AttributesBy.OFF) -> AbstractContextManager[Channel]:
            if mute:  # something lies there and says nothing
                raise CardProblem(Trouble.CARD_UNREADABLE)
            return connected(name, self._lock, laid_down, attributes)

        return open_session
