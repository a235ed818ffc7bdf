"""Readers that nfcpy drives (Sony RC-S380, and its UDP transport), watched by polling their field."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from drivers.cards.allow import guarded
from drivers.cards.apdu import CardGarbage, CardGone, Channel, channel
from drivers.cards.kinds import Recognised, chip, storage
from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers.nfc_device import Open, open_device
from drivers.cards.readers.nfc_field import Field, FieldLost, Link
from drivers.cards.readers.watch import ReaderLost, WatchedReader
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import CardKind, CardProblem
from kiosk.rules import AttributesBy

POLL_SECONDS = 0.15
"""Between two looks at the field."""
_MUTE_AFTER = 4
"""Looks at a card that does not let itself be activated, until it counts as one that cannot be read."""
_NOBODY_SWAPS_WITHIN = 0.5
"""Seconds in which nobody takes a card away and lays down another. The field is off for a few milliseconds
between two uses of a card; one that makes up its number at every power-up is the same only if no more than
this has passed."""


def recognise(link: Link, send: Channel, tagger: CardTagger, ward_system: int | None = None) -> Recognised:
    """Talk to the card just enough to know what it is. Raises CardGone, CardGarbage."""
    if link.kind is None:
        return chip(send, lambda: link.identifier, tagger)
    if link.kind is CardKind.UNKNOWN:
        return Recognised(CardKind.UNKNOWN)
    return storage(link.kind, link.identifier, tagger, link.systems, ward_system)


@dataclass
class _Laying:
    """One card, from being laid down until it is lifted. `link` None: it left, or may be another."""

    link: Link | None


class NfcpyReader(WatchedReader):
    """Implements `kiosk.ports.CardReader` for one nfcpy device path ("usb:054c:06c3", "udp:localhost:54321").

    The field stays on while a card lies there, so that the card recognised is the one that is spoken to; it
    goes off, and on again at once, after every use. A reader that is away or busy is tried again for ever.
    """

    def __init__(
        self, tagger: CardTagger, trust: TrustStore, device_id: str, *, path: str,
        ward_system: int | None = None, open_exact: Open | None = None,
        clock_monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        super().__init__(tagger, trust, device_id, clock_monotonic=clock_monotonic)
        self._path = path
        self._ward_system = ward_system
        self._open = open_exact
        self._lock = threading.Lock()
        self._laying: _Laying | None = None
        self._failed = 0

    def _watch(self) -> None:
        field = Field(open_device(self._path, self._open))
        self._laying, self._failed = None, 0
        try:
            self._up(field.name)
            while not self._stopped.is_set():
                self._look(field)
                self._stopped.wait(POLL_SECONDS)
        except FieldLost as lost:
            raise ReaderLost(Trouble.READER_MISSING, f"{self._path}: {lost}") from lost
        finally:
            with self._lock:
                field.close()

    def _look(self, field: Field) -> None:
        laying = self._laying
        if laying is None:
            with self._lock:
                link = self._found(field)
            if link is not None:
                self._laying = laying = _Laying(link)
                session = partial(self._session, field, laying)
                self._card_came(
                    self._path, session, lambda send: recognise(link, send, self._tagger, self._ward_system)
                )
            return
        with self._lock:
            there = self._still_there(field, laying)
        if not there:
            self._laying = None
            self._card_left(self._path)

    def _found(self, field: Field) -> Link | None:
        try:
            link = field.find()
            self._failed = 0
        except CardGone:
            self._failed += 1
            link = field.mute_card() if self._failed >= _MUTE_AFTER else None
        return link

    def _still_there(self, field: Field, laying: _Laying) -> bool:
        link = laying.link
        if link is None:
            return False
        if link.alive() or link.alive():  # one answer may be lost on the air
            return True
        return self._off_and_on(field, laying, after_silence=True)

    # ---- one use of the card ----------------------------------------------------------------

    @contextmanager
    def _session(
        self, field: Field, laying: _Laying, attributes: AttributesBy = AttributesBy.OFF
    ) -> Iterator[Channel]:
        """See `laid.Session`. The lock makes it exclusive within this process, nfcpy between processes."""
        with self._lock:
            link = laying.link
            if link is None:
                raise CardProblem(Trouble.CARD_REMOVED)
            if link.mute:
                raise CardProblem(Trouble.CARD_UNREADABLE)
            try:
                yield guarded(channel(link.transmit), attributes=attributes)
            except CardGone as error:
                there = self._off_and_on(field, laying, after_silence=True)
                raise CardProblem(Trouble.CARD_UNREADABLE if there else Trouble.CARD_REMOVED) from error
            except FieldLost as error:
                laying.link = None
                raise CardProblem(Trouble.CARD_REMOVED) from error
            except CardGarbage as error:
                raise CardProblem(Trouble.CARD_UNREADABLE) from error
            finally:
                if laying.link is link:
                    self._off_and_on(field, laying)

    def _off_and_on(self, field: Field, laying: _Laying, *, after_silence: bool = False) -> bool:
        """End everything that power keeps in the card, and take hold of the same card again; False: it left.

        After a silence nobody knows how long it has been away: only a lasting identifier says who is there.
        """
        link, laying.link = laying.link, None
        if link is None:
            return False
        off_at = time.monotonic()
        try:
            field.off()
            again = None if after_silence and not link.fixed else field.find_again(link)
            if again is not None and not link.fixed and time.monotonic() - off_at > _NOBODY_SWAPS_WITHIN:
                field.off()
                again = None
        except FieldLost:
            return False  # the watch finds out by itself, and says so
        laying.link = again
        return again is not None
