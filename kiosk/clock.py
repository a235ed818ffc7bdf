"""The time of the device, how far it may be believed, and the civil time of the ward.

A Raspberry Pi 4 has no clock of its own: after a power cut without a network it does not know the time. What
the server said last, carried on by the monotonic clock, is better than any wall clock that somebody may set;
and until it says something, no device goes back behind what it has already written down.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from kiosk.operations import ClockTrust

JST = ZoneInfo("Asia/Tokyo")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_HARDWARE_CLOCK = Path("/sys/class/rtc/rtc0/since_epoch")
SYNCED_FOR = timedelta(hours=1)
"""How long after the server's last word the time counts as the server's; later it is carried on."""
STEADY_FOR = timedelta(days=30)
"""How long a monotonic clock carries the time on: at 200 parts in a million that is nine minutes."""


def local(moment: datetime) -> datetime:
    """The same moment in the ward's civil time."""
    return moment.astimezone(JST)


def local_date(moment: datetime) -> date:
    """The ward's calendar day of a moment."""
    return local(moment).date()


class Hardware(Protocol):
    """What a machine tells of the time. `has_clock`: whether it keeps the time without power."""

    has_clock: bool
    boot_id: str

    def wall(self) -> datetime:
        """Aware wall time, whatever it is worth."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back while the machine runs."""
        ...


class Machine:
    """This machine."""

    def __init__(self) -> None:
        self.has_clock = _HARDWARE_CLOCK.exists()
        self.boot_id = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else str(uuid.uuid4())

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class _Anchor:
    """The server's time at a moment of the monotonic clock."""

    moment: datetime
    at: float


class DeviceClock:
    """Implements `kiosk.ports.Clock`. Safe to use from several threads."""

    def __init__(self, hardware: Hardware | None = None) -> None:
        self._hardware = hardware or Machine()
        self._lock = threading.Lock()
        self._anchor: _Anchor | None = None
        self._floor = datetime.min.replace(tzinfo=UTC)
        self.boot_id = self._hardware.boot_id

    def now(self) -> datetime:
        """The server's time carried on, or the machine's, but then never before what was written down."""
        with self._lock:
            if self._anchor is None:
                return max(self._floor, self._hardware.wall())
            return self._anchor.moment + timedelta(seconds=self._hardware.monotonic() - self._anchor.at)

    def monotonic(self) -> float:
        return self._hardware.monotonic()

    @property
    def trust(self) -> ClockTrust:
        """How far `now` may be believed."""
        with self._lock:
            if self._anchor is not None:
                age = timedelta(seconds=self._hardware.monotonic() - self._anchor.at)
                if age <= SYNCED_FOR:
                    return ClockTrust.SYNCED
                if age <= STEADY_FOR:
                    return ClockTrust.MONOTONIC
            behind = self._hardware.wall() < self._floor  # it has forgotten the time, or was set back
            return ClockTrust.RTC if self._hardware.has_clock and not behind else ClockTrust.GUESSED

    def not_before(self, moment: datetime | None) -> None:
        """This device has written down `moment` before: it is later than that."""
        if moment is not None:
            with self._lock:
                self._floor = max(self._floor, moment)

    def told(self, moment: datetime, asked: float) -> None:
        """The server says it is `moment`, in an answer to what was asked at this monotonic time.

        The answer was on its way for half of the time since. Whatever this device believed before, also what
        it wrote down, the server knows better.
        """
        with self._lock:
            now = self._hardware.monotonic()
            self._anchor = _Anchor(moment + timedelta(seconds=(now - asked) / 2), now)
