"""PC/SC readers through pcscd: our own supervised watch, for pyscard's monitors die with pcscd."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from smartcard import scard

from drivers.cards.kinds import Recognised, recognise
from drivers.cards.mynumber.jpki import JpkiApplication
from drivers.cards.mynumber.login import log_in
from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers.connection import (
    ServiceLost,
    connected,
    establish,
    list_readers,
    release,
    status_change,
)  # fmt: skip
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import (
    CardEvent,
    CardFailed,
    CardIdentity,
    CardKind,
    CardPlaced,
    CardProblem,
    CardRemoved,
    ReaderDown,
    ReaderUp,
)  # fmt: skip

log = logging.getLogger(__name__)

_PNP = r"\\?PnP?\Notification"
"""The pseudo-reader whose state changes when readers come and go (pcsc-lite, Windows alike)."""
WAIT_MS = 500
"""Longest single wait, so that closing takes no longer; changes wake it at once."""
RETRY_SECONDS = 0.5
"""Between two attempts to reach a pcscd that is away."""
_COUNT_MASK = 0xFFFF
"""The high word of an event state counts insertions and removals (pcsc-lite)."""


@dataclass
class PcscCard:
    """A card on a reader. Every method opens a connection of its own and powers the card off after it."""

    found: Recognised
    reader: str
    lock: threading.Lock
    trust: TrustStore
    tagger: CardTagger
    device_id: str

    @property
    def kind(self) -> CardKind:
        return self.found.kind

    @property
    def tag(self) -> str | None:
        return self.found.tag

    def pin_tries_left(self) -> int:
        """Read the counter; costs no try. A phone or an old resident card is told apart here already."""
        if self.found.profile is None:
            raise CardProblem(Trouble.CARD_KIND_NOT_ACCEPTED)
        with connected(self.reader, self.lock) as send:
            if not JpkiApplication.present(send, self.found.profile):
                raise CardProblem(Trouble.CARD_UNREADABLE)
            application = JpkiApplication(send, self.found.profile)
            if application.token_name() not in self.found.profile.accepted_tokens:
                raise CardProblem(Trouble.CARD_KIND_NOT_ACCEPTED)
            return application.tries_left()

    def authenticate(self, pin: str, now: datetime) -> CardIdentity:
        """Prove possession and PIN; raises CardProblem."""
        profile = self.found.profile
        if profile is None:
            raise CardProblem(Trouble.CARD_KIND_NOT_ACCEPTED)
        with connected(self.reader, self.lock) as send:
            if not JpkiApplication.present(send, profile):
                raise CardProblem(Trouble.CARD_UNREADABLE)
            return log_in(
                JpkiApplication(send, profile), profile, self.trust, self.tagger,
                device_id=self.device_id, pin=pin, now=now,
            )  # fmt: skip

    def release(self) -> None:
        """Nothing is held between calls: every connection ends with power-off."""


@dataclass
class _Slot:
    """What we last knew of one reader."""

    state: int = scard.SCARD_STATE_UNAWARE
    present: bool = False
    count: int = -1


@dataclass
class _Seen:
    """What listeners were told last."""

    up: str | None = None
    down: Trouble | None = None
    card_on: str | None = None
    slots: dict[str, _Slot] = field(default_factory=dict)


class PcscReader:
    """Implements `kiosk.ports.CardReader` for all PC/SC readers whose name contains `reader_filter`."""

    def __init__(
        self, tagger: CardTagger, trust: TrustStore, device_id: str, *, reader_filter: str | None = None,
        clock_monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._tagger = tagger
        self._trust = trust
        self._device_id = device_id
        self._filter = reader_filter or ""
        self._monotonic = clock_monotonic
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._seen = _Seen()
        self._listener: Callable[[CardEvent], None] = lambda event: None
        self._thread = threading.Thread(target=self._run, name="pcsc", daemon=True)

    def start(self, listener: Callable[[CardEvent], None]) -> None:
        self._listener = listener
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    # ---- the watch --------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                context = establish()
                try:
                    self._watch(context)
                finally:
                    release(context)
            except ServiceLost as lost:
                log.warning("reader-service-down: %s", lost)
                self._gone_all()
                self._down(Trouble.READER_SERVICE_DOWN)
            except Exception:
                # the watch must never end while the kiosk runs: a defect is logged and the watch begins anew
                log.exception("reader-internal")
            self._stopped.wait(RETRY_SECONDS)

    def _watch(self, context: Any) -> None:
        self._seen.slots.clear()
        pnp = scard.SCARD_STATE_UNAWARE
        while not self._stopped.is_set():
            names = [name for name in list_readers(context) if self._filter in name]
            self._update_readers(names)
            states = [(name, self._seen.slots[name].state) for name in names]
            for name, state, atr in status_change(context, [*states, (_PNP, pnp)], WAIT_MS):
                if name == _PNP:
                    pnp = state & ~scard.SCARD_STATE_CHANGED
                else:
                    self._changed(name, state, atr)

    def _update_readers(self, names: list[str]) -> None:
        for name in [known for known in self._seen.slots if known not in names]:
            del self._seen.slots[name]
            self._card_left(name)
        for name in names:
            self._seen.slots.setdefault(name, _Slot())
        if names:
            self._up(names[0])
        else:
            self._down(Trouble.READER_MISSING)

    def _changed(self, name: str, state: int, atr: bytes) -> None:
        slot = self._seen.slots[name]
        present = bool(state & scard.SCARD_STATE_PRESENT)
        count = state >> 16 & _COUNT_MASK
        swapped = slot.present and present and slot.count not in (-1, count)
        if slot.present and (not present or swapped):
            self._card_left(name)
        if present and (not slot.present or swapped):
            self._card_came(name, atr, mute=bool(state & scard.SCARD_STATE_MUTE))
        slot.state, slot.present, slot.count = state & ~scard.SCARD_STATE_CHANGED, present, count

    # ---- cards ------------------------------------------------------------------------------

    def _card_came(self, name: str, atr: bytes, *, mute: bool) -> None:
        if self._seen.card_on is not None:
            return  # somebody's card lies on another reader: first come, first served
        detected = self._monotonic()
        self._seen.card_on = name
        if mute:
            self._listener(CardFailed(Trouble.CARD_UNREADABLE))
            return
        try:
            with connected(name, self._lock) as send:
                found = recognise(atr, send, self._tagger)
        except CardProblem as problem:
            if problem.code is not Trouble.CARD_REMOVED:
                self._listener(CardFailed(problem.code))
            return
        card = PcscCard(found, name, self._lock, self._trust, self._tagger, self._device_id)
        self._listener(CardPlaced(card, detected, self._monotonic() - detected))

    def _card_left(self, name: str) -> None:
        if self._seen.card_on == name:
            self._seen.card_on = None
            self._listener(CardRemoved())

    def _gone_all(self) -> None:
        if self._seen.card_on is not None:
            self._card_left(self._seen.card_on)

    # ---- readers ----------------------------------------------------------------------------

    def _up(self, name: str) -> None:
        if self._seen.up != name:
            self._seen.up, self._seen.down = name, None
            log.info("reader-up: %s", name)
            self._listener(ReaderUp(name))

    def _down(self, code: Trouble) -> None:
        if self._seen.down is not code:
            self._seen.up, self._seen.down = None, code
            log.warning("%s", code.value)
            self._listener(ReaderDown(code))
