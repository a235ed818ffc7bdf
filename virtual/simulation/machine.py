"""One kiosk: its clock, its disk, and the product's ledger and sync on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kiosk.clock import DeviceClock
from kiosk.ids import Uuid7Ids
from kiosk.store.ledger import SqliteLedger
from sync.schedule import Schedule
from virtual.simulation.disk import Disk
from virtual.simulation.line import Line, connect


class Time:
    """The true time of one simulation."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def pass_by(self, span: timedelta) -> None:
        self.now += span


class Board:
    """What the hardware tells of the time, right or wrong. Implements `kiosk.clock.Hardware`."""

    def __init__(self, time: Time, name: str, *, has_clock: bool, drift_ppm: int) -> None:
        """`drift_ppm`: how many millionths its monotonic clock is fast."""
        self.has_clock = has_clock
        self.offset = timedelta(0)
        self._time = time
        self._name = name
        self._drift = 1 + drift_ppm / 1_000_000
        self._boots = 0
        self._booted = time.now

    def wall(self) -> datetime:
        return self._time.now + self.offset

    def monotonic(self) -> float:
        return (self._time.now - self._booted).total_seconds() * self._drift

    @property
    def boot_id(self) -> str:
        return f"{self._name}-boot-{self._boots}"

    def boot(self) -> None:
        self._boots += 1
        self._booted = self._time.now


@dataclass
class Machine:
    """`name` tells clones of one device apart; `device_id` does not."""

    name: str
    device_id: str
    facility_id: str
    disk: Disk
    line: Line
    board: Board
    ids: Uuid7Ids
    clock: DeviceClock = field(init=False)
    ledger: SqliteLedger = field(init=False)
    schedule: Schedule = field(init=False)
    crashes: int = 0

    def __post_init__(self) -> None:
        self.boot()

    def boot(self) -> None:
        """Open what is on the disk, as the program does when it starts."""
        self.board.boot()
        self.clock = DeviceClock(self.board)
        self.ledger = SqliteLedger(self.disk.path, self.device_id, self.clock, self.ids, self.disk.factory)
        self.clock.not_before(self.ledger.latest)
        server = connect(self.line, self.device_id)
        self.schedule = Schedule(
            server, self.ledger, self.clock, self.ids, "simulated", _no_news, on_time=self.clock.told
        )

    def reboot(self) -> None:
        """After a death."""
        self.crashes += 1
        self.disk.disarm()
        self.disk.revive()
        self.boot()

    def close(self) -> None:
        self.disk.disarm()
        self.ledger.close()

    def journal(self) -> dict[str, str | None]:
        """Every operation this disk knows of, with the outcome it has heard."""
        rows = self.ledger._db.conn.execute("SELECT op_id, outcome FROM journal").fetchall()
        return {row["op_id"]: row["outcome"] for row in rows}


def _no_news(_online: bool, _since: datetime | None) -> None:
    return None


Tell = Callable[[str], None]
