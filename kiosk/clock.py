"""The real clock of the device, and the civil time of the ward."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from kiosk.operations import ClockTrust

JST = ZoneInfo("Asia/Tokyo")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def local(moment: datetime) -> datetime:
    """The same moment in the ward's civil time."""
    return moment.astimezone(JST)


def local_date(moment: datetime) -> date:
    """The ward's calendar day of a moment."""
    return local(moment).date()


class SystemClock:
    """Wall and monotonic time of this machine; RTC trust until a server has confirmed it."""

    def __init__(self) -> None:
        self.trust = ClockTrust.RTC
        self.boot_id = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else str(uuid.uuid4())

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
