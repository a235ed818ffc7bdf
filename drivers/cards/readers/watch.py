"""What every reader adapter shares: the supervised watch, and what listeners were told last."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from drivers.cards.apdu import Channel
from drivers.cards.kinds import Recognised
from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers.laid import LaidCard, Session
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import (
    CardEvent,
    CardFailed,
    CardPlaced,
    CardProblem,
    CardRemoved,
    ReaderDown,
    ReaderUp,
)  # fmt: skip

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5
"""Between two attempts to reach a reader, or a reader service, that is away."""
Look = Callable[[Channel], Recognised]
"""Talks to the card just enough to know what it is. Raises CardGone, CardGarbage."""


class ReaderLost(Exception):
    """The reader, or what stands between it and us, is away; `code` is what a resident is told."""

    def __init__(self, code: Trouble, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass
class _Told:
    """What listeners were told last."""

    up: str | None = None
    down: Trouble | None = None
    card_on: str | None = None
    card: LaidCard | None = None


class WatchedReader(ABC):
    """Implements `kiosk.ports.CardReader`; an adapter says in `_watch` what it sees on its medium.

    The watch never ends while the kiosk runs: what it raises is told, logged, and it begins anew.
    """

    def __init__(
        self, tagger: CardTagger, trust: TrustStore, device_id: str, *,
        clock_monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._tagger = tagger
        self._trust = trust
        self._device_id = device_id
        self._monotonic = clock_monotonic
        self._stopped = threading.Event()
        self._told = _Told()
        self._listener: Callable[[CardEvent], None] = lambda event: None
        self._thread = threading.Thread(target=self._run, name="card-reader", daemon=True)

    def start(self, listener: Callable[[CardEvent], None]) -> None:
        """Watch in a thread of our own; the listener is called from there."""
        self._listener = listener
        self._thread.start()

    def close(self) -> None:
        """Stop watching; when it returns, no event follows. Not to be called from a listener."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    @abstractmethod
    def _watch(self) -> None:
        """Watch until `_stopped` is set; raises ReaderLost when there is nothing left to watch."""

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._watch()
            except ReaderLost as lost:
                self._gone_all()
                self._down(lost.code, str(lost))
            except Exception:
                # a defect of ours is logged, and the watch begins anew
                log.exception("reader-internal")
                self._gone_all()
            self._stopped.wait(RETRY_SECONDS)

    def _tell(self, event: CardEvent) -> None:
        try:
            self._listener(event)
        except Exception:
            # a listener that fails misses this event; what is known of the readers stays true
            log.exception("reader-internal")

    # ---- cards ------------------------------------------------------------------------------

    def _card_came(self, place: str, session: Session, look: Look) -> bool:
        """Tell of the card on this reader; False when it has to wait, for another lies on another reader.

        Adapters offer a waiting card again, so that its turn comes soon after the other has left.
        """
        if self._told.card_on is not None:
            return False
        detected = self._monotonic()
        self._told.card_on = place
        try:
            with session() as send:
                found = look(send)
        except CardProblem as problem:
            if problem.code is not Trouble.CARD_REMOVED:
                self._tell(CardFailed(problem.code))
            return True
        card = LaidCard(found, session, self._trust, self._tagger, self._device_id)
        self._told.card = card
        self._tell(CardPlaced(card, detected, self._monotonic() - detected))
        return True

    def _card_left(self, place: str) -> None:
        """The card of this reader is gone; nothing is told of one that waited."""
        if self._told.card_on != place:
            return
        if self._told.card is not None:
            self._told.card.lifted = True
        self._told.card_on = self._told.card = None
        self._tell(CardRemoved())

    def _gone_all(self) -> None:
        if self._told.card_on is not None:
            self._card_left(self._told.card_on)

    # ---- readers ----------------------------------------------------------------------------

    def _up(self, name: str) -> None:
        if self._told.up != name:
            self._told.up, self._told.down = name, None
            log.info("reader-up: %s", name)
            self._tell(ReaderUp(name))

    def _down(self, code: Trouble, detail: str = "") -> None:
        if self._told.down is not code:
            self._told.up, self._told.down = None, code
            log.warning("%s: %s", code.value, detail)
            self._tell(ReaderDown(code))
