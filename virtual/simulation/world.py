"""One simulated ward: its machines, its server, and who has been promised what."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import requests

from kiosk.booking.decide import BookRoom
from kiosk.booking.model import Lease
from kiosk.decision import Refused
from kiosk.ids import Uuid7Ids
from kiosk.operations import Standing
from kiosk.ports import StoreProblem
from kiosk.state import Query
from sync.http import SyncProblem
from sync.push import push_all
from virtual.simulation import invariants, ward
from virtual.simulation.acts import ACTS, in_words
from virtual.simulation.central import Central
from virtual.simulation.disk import Disk, Image, Mishap, SimulatedCrash
from virtual.simulation.events import Event, Plan, Turn
from virtual.simulation.line import Line, Weather
from virtual.simulation.machine import Board, Machine, Time

PASSES = 6
"""So many rounds of every kiosk suffice to bring all into step once everything works again."""


@dataclass(frozen=True, slots=True)
class Promise:
    """An act that was confirmed on a screen."""

    machine: str
    device_id: str
    command: object
    final: bool


Turns = Mapping[Turn, "Callable[[World, Machine, Random], None]"]


class World:
    """Everything between the first event and the last check."""

    def __init__(
        self, plan: Plan, central: Central, server_image: Any, kiosk_image: Image, folder: Path
    ) -> None:
        self.plan = plan
        self.story: list[str] = []
        self.counts: Counter[str] = Counter()
        self.time = Time(ward.START)
        randomness = Random(plan.seed ^ 0x5EED)
        self.ids = Uuid7Ids(lambda: int(self.time.now.timestamp() * 1000), randomness.getrandbits)
        self.central = central
        central.begin(server_image, lambda: self.time.now, self.ids)
        self.folder = folder
        self.machines: list[Machine] = []
        self.promises: dict[str, Promise] = {}
        self.memory = invariants.Memory()
        self._checked = -1
        self.saved: tuple[Machine, Image] | None = None
        self.backup: Any = None
        self.restored = False
        self.forked: set[str] = set()
        """Devices that ran from an old copy or twice: what they lost on the way nobody can bring back."""
        self.forsaken: set[str] = set()
        """Operations that were on a card which was thrown away."""
        self.revoked: set[tuple[str, date]] = set()
        """Leases that staff took away: what was confirmed under them staff has to see to."""
        for name, facility in list(ward.KIOSKS.items())[: plan.kiosks]:
            self.add_machine(name, name, facility, kiosk_image)

    # ---- machines ---------------------------------------------------------------------------

    def add_machine(self, name: str, device_id: str, facility_id: str, image: Image) -> Machine:
        disk = Disk(self.folder / f"{name}.db", image)
        line = Line(self.central, self.tell)
        chance = Random(f"{self.plan.seed} {name}")
        board = Board(
            self.time, name, has_clock=chance.random() < 0.5, drift_ppm=chance.choice((-200, 0, 200))
        )
        made = Machine(name, device_id, facility_id, disk, line, board, self.ids)
        self.machines.append(made)
        return made

    def close(self) -> None:
        for machine in self.machines:
            machine.close()

    def tell(self, what: str) -> None:
        """Another line of what happens within the event in hand."""
        self.story.append(f"      {what}")

    # ---- events -----------------------------------------------------------------------------

    def live(self, event: Event, turns: Turns) -> None:
        """Let one event happen and check what must hold after it."""
        chance = Random(event.luck)
        machine = chance.choice(self.machines)
        self.time.pass_by(timedelta(seconds=chance.choice((2, 20, 90, 400, 1500))))
        trouble = f" ({event.trouble.value})" if event.trouble else ""
        self.story.append(f"{event.number:3}. [{self._when()}] {machine.name}: {event.what}{trouble}")
        self.counts[event.what] += 1
        if event.what in ACTS:
            self._guarded(machine, event, chance, lambda: self._act(machine, event.what, chance))
        elif event.what == Turn.SYNC:
            self._guarded(machine, event, chance, lambda: self.round(machine))
        elif event.what == Turn.PUSH:
            self._guarded(machine, event, chance, lambda: self._push(machine, chance.randint(1, 3)))
        else:
            turns[Turn(event.what)](self, machine, chance)
        self.check()

    def _when(self) -> str:
        return f"{self.time.now + timedelta(hours=9):%m-%d %H:%M:%S}"

    def _guarded(self, machine: Machine, event: Event, chance: Random, work: Any) -> None:
        """Do it with whatever is to go wrong in it, and start the machine again where it died."""
        if isinstance(event.trouble, Weather):
            machine.line.expect(event.trouble, _at(event, chance), chance)
        elif isinstance(event.trouble, Mishap):
            machine.disk.arm(event.trouble, _at(event, chance), chance)
        try:
            work()
        except SimulatedCrash:
            self.counts[str(event.trouble)] += 1
            self.tell(f"{machine.name} dies and starts again")
            machine.reboot()
            self.check_kept(machine)
        if machine.line.met is not None or machine.disk.struck:
            self.counts[str(event.trouble)] += 1
        machine.line.clear()
        machine.disk.disarm()

    def _act(self, machine: Machine, kind: str, chance: Random) -> None:
        command = ACTS[kind](machine, chance)
        self.tell(in_words(command))
        lease = self._lease_of(machine, command)
        try:
            done = machine.ledger.perform(command, machine.clock.now())
        except StoreProblem as problem:
            self.tell(f"not done: {problem.code.value}")
            return
        if isinstance(done, Refused):
            self.tell(f"refused: {', '.join(done.codes)}")
            return
        final = done.decision.standing is Standing.FINAL
        self.tell(f"{'confirmed' if final else 'requested'} as {done.op_id}")
        self.counts[f"{kind} performed"] += 1
        self.promises[done.op_id] = Promise(machine.name, machine.device_id, command, final)
        if final and isinstance(command, BookRoom):
            self.counts["confirmed under a lease"] += 1
            invariants.check_lease(machine, lease, self.time.now)

    @staticmethod
    def _lease_of(machine: Machine, command: object) -> Lease | None:
        if not isinstance(command, BookRoom):
            return None
        query = Query.of(Lease, facility_id=command.facility_id, on=command.on)
        return machine.ledger.state(query).get(Lease, command.facility_id, command.on)

    def round(self, machine: Machine) -> bool:
        """One exchange as the product's schedule does it."""
        worked = machine.schedule.round()
        self.tell(f"{'in step' if worked else 'no luck'}; {machine.ledger.queue_length()} waiting")
        return worked

    def _push(self, machine: Machine, batch: int) -> None:
        try:
            sent = push_all(machine.schedule._server, machine.ledger, machine.clock, self.ids, batch)
            self.tell(f"{sent} sent, {batch} at a time")
        except (SyncProblem, StoreProblem) as problem:
            self.tell(f"stopped: {problem}")

    def deliver_late(self, machine: Machine) -> None:
        """The oldest delayed request of this machine arrives; nobody hears the answer."""
        request = machine.line.held.pop(0)
        try:
            status, *_ = machine.line.deliver(request)
            self.tell(f"its {request.what} arrives late and is answered {status}")
        except requests.ConnectionError:
            self.tell("it arrives at a dying server")

    def expect_at_server(self, op_id: str, machine: Machine) -> None:
        """An operation that no decider of this version made is to arrive all the same."""
        self.promises[op_id] = Promise(machine.name, machine.device_id, None, final=False)

    # ---- checks -----------------------------------------------------------------------------

    def check(self) -> None:
        """What must hold at any moment."""
        if self._checked == self.central.commits:
            return  # the server is as it was
        self._checked = self.central.commits
        books = invariants.ServerBooks(self.central.database)
        invariants.check_server(books)
        self.memory.check(books)

    def check_kept(self, machine: Machine) -> None:
        """After a death: whatever this machine has confirmed is still on its disk."""
        kept = machine.journal()
        mine = {op_id for op_id, promise in self.promises.items() if promise.machine == machine.name}
        gone = mine - kept.keys() - self.forsaken
        if gone:
            raise invariants.Broken(f"{machine.name} has lost what it confirmed: {', '.join(sorted(gone))}")

    def heal(self) -> None:
        """Everything works again; all must come into step within a bound, and every promise be kept."""
        self.story.append("  –. everything works again")
        self.time.pass_by(timedelta(hours=2))  # where a card was seen is forgotten by all within one
        for machine in self.machines:
            machine.line.held.clear()
            machine.board.offset = timedelta(0)
        for number in range(PASSES):
            late = [machine for machine in self.machines if not (number and self._in_step(machine))]
            worked = [self.round(machine) for machine in late]
            self.check()
            if all(worked) and all(self._in_step(machine) for machine in self.machines):
                break
        else:
            raise invariants.Broken(f"not in step after {PASSES} rounds of every kiosk")
        self._check_end()

    def _in_step(self, machine: Machine) -> bool:
        """Whether it has nothing to say, and nothing new to hear."""
        here = machine.ledger.cursor()
        return here == invariants.end_of_feed(self.central.database) and not machine.ledger.queue_length()

    def _check_end(self) -> None:
        books = invariants.ServerBooks(self.central.database)
        invariants.check_arrived(books, [op_id for op_id in self.promises if op_id not in self.forsaken])
        invariants.check_same(self.central.database, self.machines)
        for machine in self.machines:
            self.check_kept(machine)
            if not self.restored:
                invariants.check_answers(books, machine)
        self._check_bookings(books)

    def _check_bookings(self, books: invariants.ServerBooks) -> None:
        """A room that was confirmed under a lease is still confirmed."""
        confirmed = books.confirmed()
        for op_id, promise in self.promises.items():
            command = promise.command
            if not promise.final or not isinstance(command, BookRoom) or command.booking_id in confirmed:
                continue
            excused = (
                op_id in self.forsaken
                or self.restored
                or promise.device_id in self.forked
                or (command.facility_id, command.on) in self.revoked
            )
            if not excused:
                raise invariants.Broken(f"booking {command.booking_id} was confirmed and is not any more")

    def digest(self) -> str:
        """One hash of all that happened and of what it led to."""
        books = invariants.ServerBooks(self.central.database)
        content = [*self.story, *map(repr, books.ledger), *map(repr, books.bookings)]
        for machine in self.machines:
            content.extend(sorted(map(repr, machine.journal().items())))
        return hashlib.sha256("\n".join(content).encode()).hexdigest()


def _at(event: Event, chance: Random) -> int:
    """At which request, COMMIT or statement the trouble comes; sometimes there are not so many."""
    if event.at is not None:
        return event.at
    if isinstance(event.trouble, Weather):
        return chance.randrange(3)
    if event.trouble is Mishap.TORN_COMMIT:
        return 0 if event.what in ACTS else chance.randrange(3)
    return chance.randrange(14 if event.what in ACTS else 30)
