"""PC/SC readers through pcscd: our own supervised watch, for pyscard's monitors die with pcscd."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from smartcard import scard

from drivers.cards.kinds import Recognised, recognise
from drivers.cards.mynumber.jpki import JpkiApplication
from drivers.cards.mynumber.login import check_form, log_in
from drivers.cards.mynumber.profile import CardProfile
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
WAIT_MS = 150
"""Longest single wait, so that closing takes no longer; changes wake it at once."""
RETRY_SECONDS = 0.5
"""Between two attempts to reach a pcscd that is away."""


@dataclass
class PcscCard:
    """A card on a reader. Every method opens a connection of its own and powers the card off after it.

    It speaks for this laying down only: once lifted, every method says CARD_REMOVED, whatever lies there.
    """

    found: Recognised
    reader: str
    laid_down: int
    lock: threading.Lock
    trust: TrustStore
    tagger: CardTagger
    device_id: str
    lifted: bool = False

    @property
    def kind(self) -> CardKind:
        return self.found.kind

    @property
    def tag(self) -> str | None:
        return self.found.tag

    def pin_tries_left(self) -> int:
        """Read the counter; costs no try. A phone or an old resident card is told apart here already."""
        profile = self._profile()
        with self._application(profile) as application:
            if application.token_name() not in profile.accepted_tokens:
                raise CardProblem(Trouble.CARD_KIND_NOT_ACCEPTED)
            return application.tries_left()

    def authenticate(self, pin: str, now: datetime) -> CardIdentity:
        """Prove possession and PIN; raises CardProblem. What is no PIN never reaches the card."""
        profile = self._profile()
        check_form(pin, profile)
        with self._application(profile) as application:
            return log_in(
                application, profile, self.trust, self.tagger,
                device_id=self.device_id, pin=pin, now=now,
            )  # fmt: skip

    def release(self) -> None:
        """Nothing is held between calls: every connection ends with power-off."""

    def _profile(self) -> CardProfile:
        if self.found.profile is None:
            raise CardProblem(Trouble.CARD_KIND_NOT_ACCEPTED)
        return self.found.profile

    @contextmanager
    def _application(self, profile: CardProfile) -> Iterator[JpkiApplication]:
        if self.lifted:
            raise CardProblem(Trouble.CARD_REMOVED)
        with connected(self.reader, self.lock, self.laid_down) as send:
            if not JpkiApplication.present(send, profile):
                raise CardProblem(Trouble.CARD_UNREADABLE)
            yield JpkiApplication(send, profile)


@dataclass
class _Slot:
    """What we last knew of one reader."""

    state: int = scard.SCARD_STATE_UNAWARE
    present: bool = False
    insertion: int = -1


@dataclass
class _Seen:
    """What listeners were told last."""

    up: str | None = None
    down: Trouble | None = None
    card_on: str | None = None
    card: PcscCard | None = None
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
        """Stop watching; when it returns, no event follows. Not to be called from a listener."""
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
                self._gone_all()
            self._stopped.wait(RETRY_SECONDS)

    def _tell(self, event: CardEvent) -> None:
        try:
            self._listener(event)
        except Exception:
            # a listener that fails misses this event; what is known of the readers stays true
            log.exception("reader-internal")

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
        swapped = slot.present and present and slot.insertion not in (-1, insertion(state))
        if slot.present and (not present or swapped):
            self._card_left(name)
        if present and (not slot.present or swapped):
            present = self._card_came(name, state, atr)
        slot.state, slot.present = state & ~scard.SCARD_STATE_CHANGED, present
        slot.insertion = insertion(state)

    # ---- cards ------------------------------------------------------------------------------

    def _card_came(self, name: str, state: int, atr: bytes) -> bool:
        """Tell of the card; False when it has to wait, for another lies on another reader.

        It is offered again with every wait that ends: its turn comes within `WAIT_MS` of the other leaving.
        """
        if self._seen.card_on is not None:
            return False
        detected = self._monotonic()
        self._seen.card_on = name
        if state & scard.SCARD_STATE_MUTE:
            self._tell(CardFailed(Trouble.CARD_UNREADABLE))
            return True
        laid_down = insertion(state)
        try:
            with connected(name, self._lock, laid_down) as send:
                found = recognise(atr, send, self._tagger)
        except CardProblem as problem:
            if problem.code is not Trouble.CARD_REMOVED:
                self._tell(CardFailed(problem.code))
            return True
        card = PcscCard(found, name, laid_down, self._lock, self._trust, self._tagger, self._device_id)
        self._seen.card = card
        self._tell(CardPlaced(card, detected, self._monotonic() - detected))
        return True

    def _card_left(self, name: str) -> None:
        if self._seen.card_on != name:
            return
        if self._seen.card is not None:
            self._seen.card.lifted = True
        self._seen.card_on = self._seen.card = None
        self._tell(CardRemoved())

    def _gone_all(self) -> None:
        if self._seen.card_on is not None:
            self._card_left(self._seen.card_on)

    # ---- readers ----------------------------------------------------------------------------

    def _up(self, name: str) -> None:
        if self._seen.up != name:
            self._seen.up, self._seen.down = name, None
            log.info("reader-up: %s", name)
            self._tell(ReaderUp(name))

    def _down(self, code: Trouble) -> None:
        if self._seen.down is not code:
            self._seen.up, self._seen.down = None, code
            log.warning("%s", code.value)
            self._tell(ReaderDown(code))
