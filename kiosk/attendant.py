"""The thread that serves the reception: one queue in, so that nothing ever happens twice at once."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from functools import partial

from kiosk.codes import Trouble
from kiosk.reception import Input, Reception, Tick
from kiosk.views import Problem

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5


class _Stop:
    """Ends the thread."""


class Attendant:
    """Runs a `Reception` in its own thread. `post` may be called from anywhere and returns at once."""

    def __init__(self, reception: Reception, show_failure: Callable[[Problem], None]) -> None:
        self.reception = reception
        self._show_failure = show_failure
        self._inbox: queue.SimpleQueue[Input | _Stop] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="attendant", daemon=True)

    def start(self) -> None:
        """Show the first screen and begin to serve."""
        self._thread.start()

    def post(self, given: Input) -> None:
        """Something happened: a card, a scan, a touch, news of the network."""
        self._inbox.put(given)

    def stop(self) -> None:
        """Finish what is in hand and end."""
        self._inbox.put(_Stop())
        self._thread.join()

    def _serve(self) -> None:
        self._guarded(self.reception.open)
        while True:
            try:
                given: Input | _Stop = self._inbox.get(timeout=TICK_SECONDS)
            except queue.Empty:
                given = Tick()
            if isinstance(given, _Stop):
                return
            self._guarded(partial(self.reception.handle, given))

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            # a defect of ours must never leave a resident before a frozen screen
            log.exception("internal")
            self._show_failure(Problem(Trouble.INTERNAL, back=False))
