"""Readers in this very process: the third adapter, without a service or a wire between card and kiosk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from drivers.cards.allow import guarded
from drivers.cards.apdu import CardGarbage, CardGone, Channel, channel
from drivers.cards.atr import recognise
from drivers.cards.kinds import Recognised
from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers.watch import WatchedReader
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import CardProblem
from kiosk.rules import AttributesBy
from virtual.cards.vpcd import Pulled, VirtualCard

READER = "Virtual 0"


@dataclass(eq=False)
class _Laying:
    """One card from being laid down until it is lifted."""

    card: VirtualCard
    gone: bool = False


@dataclass(eq=False)
class _Slot:
    """One reader: what lies on it, and which of it the watch has offered."""

    laying: _Laying | None = None
    seen: _Laying | None = field(default=None, repr=False)


class VirtualReader(WatchedReader):
    """Implements `kiosk.ports.CardReader` for cards that are laid down by a call."""

    def __init__(
        self, tagger: CardTagger, trust: TrustStore, device_id: str, *, readers: tuple[str, ...] = (READER,)
    ) -> None:
        super().__init__(tagger, trust, device_id)
        self._slots = {name: _Slot() for name in readers}
        self._changed = threading.Condition()
        self._lock = threading.Lock()

    def lay(self, card: VirtualCard, reader: str = READER) -> None:
        """Put a card on a reader that is plugged in."""
        with self._changed:
            self._slots[reader].laying = _Laying(card)
            self._changed.notify()

    def lift(self, reader: str = READER) -> None:
        """Take the card off the reader; in the middle of a command it answers no more."""
        with self._changed:
            slot = self._slots[reader]
            if slot.laying is not None:
                slot.laying.gone, slot.laying = True, None
            self._changed.notify()

    def pull(self, reader: str = READER) -> None:
        """Unplug the reader, with whatever lies on it."""
        self.lift(reader)
        with self._changed:
            del self._slots[reader]
            self._changed.notify()

    def put_back(self, reader: str = READER) -> None:
        """Plug the reader in again."""
        with self._changed:
            self._slots[reader] = _Slot()
            self._changed.notify()

    def close(self) -> None:
        self._stopped.set()
        with self._changed:
            self._changed.notify()
        super().close()

    # ---- the watch --------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._stopped.is_set():
            with self._changed:
                slots = dict(self._slots)
            self._compare(slots)
            with self._changed:
                self._changed.wait_for(partial(self._news, slots))

    def _news(self, slots: dict[str, _Slot]) -> bool:
        """Whether something can be told: a card that waits for its turn is none until the other has left."""
        if self._stopped.is_set() or slots != self._slots:
            return True
        free = self._told.card_on is None
        return any(
            slot.seen is not slot.laying and (slot.seen is not None or free) for slot in self._slots.values()
        )

    def _compare(self, slots: dict[str, _Slot]) -> None:
        on = self._told.card_on
        if on is not None and (on not in slots or slots[on].seen is None):  # pulled, and perhaps back already
            self._card_left(on)
        if slots:
            self._up(next(iter(slots)))
        else:
            self._down(Trouble.READER_MISSING, "no virtual reader is plugged in")
        for name, slot in slots.items():
            laying = slot.laying
            if slot.seen is not None and slot.seen is not laying:
                slot.seen = None
                self._card_left(name)
            if laying is not None and slot.seen is None:
                session = partial(self._session, name, laying)
                look = partial(self._look, laying)
                slot.seen = laying if self._card_came(name, session, look) else None

    def _look(self, laying: _Laying, send: Channel) -> Recognised:
        return recognise(laying.card.atr, send, self._tagger)

    # ---- one use of the card ----------------------------------------------------------------

    @contextmanager
    def _session(
        self, name: str, laying: _Laying, attributes: AttributesBy = AttributesBy.OFF
    ) -> Iterator[Channel]:
        """See `drivers.cards.readers.laid.Session`."""
        with self._lock:
            if laying.gone:
                raise CardProblem(Trouble.CARD_REMOVED)
            laying.card.power_on()
            try:
                yield guarded(channel(partial(self._transmit, name, laying)), attributes=attributes)
            except CardGone as error:
                raise CardProblem(Trouble.CARD_REMOVED) from error
            except CardGarbage as error:
                raise CardProblem(Trouble.CARD_UNREADABLE) from error
            finally:
                laying.card.power_off()

    def _transmit(self, name: str, laying: _Laying, command: bytes) -> bytes:
        try:
            answer = laying.card.answer(command)
        except Pulled as pulled:
            self.lift(name)
            raise CardGone("pulled") from pulled
        if laying.gone:
            raise CardGone("lifted while it was thinking")
        return answer
