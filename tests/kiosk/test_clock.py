"""What a device believes about the time, and what it does when it cannot know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.booking.decide import LEASE_MARGIN, BookRoom, holds_now
from kiosk.booking.model import Lease
from kiosk.clock import STEADY_FOR, SYNCED_FOR, DeviceClock
from kiosk.decision import Context, Seat
from kiosk.ids import Uuid7Ids
from kiosk.operations import ClockTrust, Standing
from kiosk.ports import Performed
from kiosk.reception import Tick
from kiosk.rules import Rules
from kiosk.store.ledger import SqliteLedger
from tests.kiosk.house import DEVICE, HANAKO, HOME, NOON, TOMORROW, Counter, HandClock, open_ledger

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class HandMachine:
    """A machine whose clocks are set by hand."""

    moment: datetime = NOON
    seconds: float = 100.0
    has_clock: bool = False
    boot_id: str = "boot"

    def wall(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def pass_by(self, span: timedelta) -> None:
        self.moment += span
        self.seconds += span.total_seconds()


def test_a_machine_without_a_clock_guesses_until_the_server_speaks_and_then_carries_the_time_on() -> None:
    machine = HandMachine(EPOCH)
    clock = DeviceClock(machine)
    assert clock.trust is ClockTrust.GUESSED
    clock.told(NOON, asked=machine.seconds)
    assert (clock.now(), clock.trust) == (NOON, ClockTrust.SYNCED)
    machine.pass_by(SYNCED_FOR + timedelta(seconds=1))
    assert clock.trust is ClockTrust.MONOTONIC
    machine.moment = EPOCH  # somebody sets the wall clock; nobody cares
    assert clock.now() == NOON + SYNCED_FOR + timedelta(seconds=1)
    machine.pass_by(STEADY_FOR)
    assert clock.trust is ClockTrust.GUESSED


def test_a_machine_with_a_clock_is_believed_unless_it_is_behind_what_was_written_down() -> None:
    machine = HandMachine(has_clock=True)
    clock = DeviceClock(machine)
    assert (clock.now(), clock.trust) == (NOON, ClockTrust.RTC)
    clock.not_before(NOON + timedelta(hours=1))
    assert (clock.now(), clock.trust) == (NOON + timedelta(hours=1), ClockTrust.GUESSED)
    clock.not_before(None)
    clock.not_before(NOON)
    assert clock.now() == NOON + timedelta(hours=1), "the latest of all"
    clock.told(NOON, asked=machine.seconds)
    assert (clock.now(), clock.trust) == (NOON, ClockTrust.SYNCED), "the server knows better"


def test_half_of_the_way_there_and_back_is_added() -> None:
    machine = HandMachine()
    clock = DeviceClock(machine)
    asked = machine.seconds
    machine.pass_by(timedelta(seconds=4))
    clock.told(NOON, asked)
    assert clock.now() == NOON + timedelta(seconds=2)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e7, 1e7)), max_size=20))
def test_without_the_server_time_never_goes_back_behind_what_was_written_down(
    steps: list[tuple[float, float]],
) -> None:
    machine = HandMachine()
    clock = DeviceClock(machine)
    written: list[datetime] = []
    for forward, jump in steps:
        machine.pass_by(timedelta(seconds=forward))
        machine.moment += timedelta(seconds=jump)
        now = clock.now()
        assert now >= max(written, default=now)
        written.append(now)
        clock.not_before(now)


def test_the_ledger_tells_the_latest_moment_it_holds(tmp_path: Path) -> None:
    clock = HandClock()
    ledger = open_ledger(tmp_path, clock)
    assert ledger.latest == NOON, "when the server last brought it up to date"
    clock.pass_by(60)
    booked(ledger, clock)
    assert ledger.latest == NOON + timedelta(seconds=60)
    ledger.close()
    assert SqliteLedger(tmp_path / "new.db", DEVICE, clock, Uuid7Ids()).latest is None


def booked(ledger: SqliteLedger, clock: HandClock) -> Standing:
    command = BookRoom(
        booking_id=Uuid7Ids().new(),
        patron_id=HANAKO,
        facility_id=HOME,
        room_id=f"{HOME}-a",
        on=TOMORROW,
        slot_no=1,
    )
    done = ledger.perform(command, clock.now())
    assert isinstance(done, Performed)
    return done.decision.standing


@pytest.mark.parametrize(
    ("trust", "standing"),
    [
        (ClockTrust.SYNCED, Standing.FINAL),
        (ClockTrust.MONOTONIC, Standing.FINAL),
        (ClockTrust.RTC, Standing.FINAL),
        (ClockTrust.GUESSED, Standing.REQUESTED),
    ],
)
def test_who_guesses_the_time_confirms_nothing(tmp_path: Path, trust: ClockTrust, standing: Standing) -> None:
    clock = HandClock(trust=trust)
    assert booked(open_ledger(tmp_path, clock), clock) is standing


def test_a_lease_is_left_alone_shortly_before_its_end_and_by_others() -> None:
    lease = Lease(facility_id=HOME, on=TOMORROW, device_id=DEVICE, epoch=1, valid_until=NOON)
    last = NOON - LEASE_MARGIN

    def held(at: datetime, device: str = DEVICE, *, timely: bool = True) -> bool:
        return holds_now(lease, Context(at, Seat(device), Rules(), timely))

    assert held(last - timedelta(seconds=1))
    assert not held(last)
    assert not held(NOON - timedelta(hours=9), "kiosk-2")
    assert not held(NOON - timedelta(hours=9), timely=False)


def test_a_device_that_guesses_the_time_says_so_all_the_while(tmp_path: Path) -> None:
    counter = Counter(tmp_path)
    counter.clock.trust = ClockTrust.GUESSED
    counter.do(Tick())
    assert counter.statuses[-1].clock_unsure
    counter.clock.trust = ClockTrust.SYNCED
    counter.do(Tick())
    assert not counter.statuses[-1].clock_unsure
