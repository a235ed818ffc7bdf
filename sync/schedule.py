"""When to sync: at once after an act, every few seconds with a network, patiently without one."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime

from kiosk.codes import Standstill
from kiosk.ports import Clock, Ids, Outbox, StoreProblem
from sync.http import Declined, ServerConnection, SyncProblem, Unproven, Untrusted
from sync.protocol import PROTOCOL, DeviceInfo, Heartbeat, ProblemType
from sync.pull import pull
from sync.push import push_all, refill

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
"""Between two rounds while the server answers."""
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 30.0
"""Full-jitter exponential back-off between these two while it does not."""


class Schedule:
    """A thread that keeps this device and the server in step, whatever happens to the network.

    `standstill` says what keeps the two from talking where it is not the network.
    """

    def __init__(
        self,
        server: ServerConnection,
        outbox: Outbox,
        clock: Clock,
        ids: Ids,
        version: str,
        on_news: Callable[[bool, datetime | None], None],
        jitter: Callable[[], float] = random.random,
        on_time: Callable[[datetime, float], None] = lambda server_time, asked: None,
        upkeep: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_news(online, offline_since)` is called after every round, `upkeep` at the end of a good one.

        `on_time(server_time, asked)` is told the server's time in an answer to what was asked at that
        monotonic second.
        """
        self._server = server
        self._outbox = outbox
        self._clock = clock
        self._ids = ids
        self._version = version
        self._on_news = on_news
        self._jitter = jitter
        self._on_time = on_time
        self._upkeep = upkeep
        self.standstill: Standstill | None = None
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._failures = 0
        self._offline_since: datetime | None = clock.now()
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something was just done: do not wait."""
        self._wake.set()

    def stop(self) -> None:
        """End after the exchange in hand."""
        self._stopped.set()
        self._wake.set()
        self._thread.join()
        self._server.close()

    def round(self) -> bool:
        """One exchange: push, heartbeat, pull, forget. True where all of it worked."""
        try:
            push_all(self._server, self._outbox, self._clock, self._ids)
            asked = self._clock.monotonic()
            info = self._server.heartbeat(self._beat())
            self._on_time(info.server_time, asked)
            self._refill(info)
            pull(self._server, self._outbox, self._clock)
            self._outbox.forget(self._clock.now())
            self._upkeep()
        except SyncProblem as problem:
            level = logging.ERROR if isinstance(problem, Declined) else logging.INFO
            log.log(level, "%s: %s", problem.code, problem)
            self.standstill = _standstill(problem)
        except StoreProblem as problem:
            log.error("%s", problem)
        else:
            self._failures = 0
            self._offline_since = self.standstill = None
            return True
        self._failures += 1
        self._offline_since = self._offline_since or self._clock.now()
        return False

    def _refill(self, known: DeviceInfo) -> None:
        """A server restored from a backup knows less of us than it has answered: it gets that again."""
        incarnation, last = self._outbox.reached()
        if (known.incarnation, known.last_seq) < (incarnation, last):
            first = known.last_seq + 1 if known.incarnation == incarnation else 1
            refill(self._server, self._outbox, self._ids, first)

    def _beat(self) -> Heartbeat:
        return Heartbeat(
            protocol=PROTOCOL,
            version=self._version,
            queued=self._outbox.queue_length(),
            oldest_queued_at=self._outbox.oldest_queued_at(),
            clock_trust=self._clock.trust,
            at=self._clock.now(),
        )

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.clear()
            try:
                online = self.round()
            except Exception:
                # the one thing sync must never do is end: log the defect and come back
                log.exception("sync-internal")
                online = False
                self._failures += 1
            self._on_news(online, self._offline_since)
            self._pause(online)

    def _pause(self, online: bool) -> None:
        if online:
            self._wake.wait(EVERY_SECONDS)
            return
        longest = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(self._failures, 10))
        # an act does not shorten the wait while the server is away: that would hammer it when it comes back
        self._stopped.wait(max(FIRST_RETRY_SECONDS / 2, longest * self._jitter()))


def _standstill(problem: SyncProblem) -> Standstill | None:
    """What staff can do something about; None where it is only the network."""
    if isinstance(problem, Untrusted | Unproven):
        return Standstill.SERVER_UNPROVEN
    if not isinstance(problem, Declined):
        return None
    kind = problem.problem.type
    if kind == ProblemType.ENROLMENT_REFUSED:
        return Standstill.UNAUTHORIZED
    return Standstill(kind) if kind in set(Standstill) else None
