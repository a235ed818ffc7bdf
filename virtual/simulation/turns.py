"""The turns of fortune: what happens to clocks, cards, backups and leases, and what staff do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

from sqlalchemy import select

from kiosk.booking.model import Lease
from kiosk.people.decide import LinkCard, StopCard
from kiosk.people.model import Patron
from kiosk.people.pin_decide import SetLibraryPin
from kiosk.records import Put
from kiosk.state import Query
from kiosk.store import journal
from kiosk.store.connection import immediate
from server.apply.staff import close_case, perform_as_staff
from server.store import tables
from server.store.database import fetch, write_changes
from virtual.simulation import ward
from virtual.simulation.acts import in_words
from virtual.simulation.events import Turn
from virtual.simulation.machine import Machine
from virtual.simulation.world import World


def _hours(world: World, _machine: Machine, chance: Random) -> None:
    hours = chance.choice((1, 3, 9, 26, 36, 36))
    world.time.pass_by(timedelta(hours=hours))
    world.tell(f"{hours} hours pass")


def _late(world: World, _machine: Machine, chance: Random) -> None:
    waiting = [machine for machine in world.machines if machine.line.held]
    if waiting:
        world.counts["late request"] += 1
        world.deliver_late(chance.choice(waiting))


def _clock(world: World, machine: Machine, chance: Random) -> None:
    """The wall clock of the hardware is set wrong; whether the device goes by it is its own affair."""
    machine.board.offset += timedelta(minutes=chance.choice((-4000, -200, -7, 3, 9, 300, 3000)))
    _tell_time(world, machine)


def _clock_set(world: World, machine: Machine, _chance: Random) -> None:
    machine.board.offset = timedelta(0)
    _tell_time(world, machine)


def _tell_time(world: World, machine: Machine) -> None:
    shown = machine.clock.now() + timedelta(hours=9)
    world.tell(f"it takes the time for {shown:%m-%d %H:%M}, {machine.clock.trust.value}")


def _save(world: World, machine: Machine, _chance: Random) -> None:
    world.saved = (machine, machine.disk.image())


def _old_image(world: World, _machine: Machine, _chance: Random) -> None:
    if world.saved is None:
        return
    machine, image = world.saved
    world.tell(f"{machine.name} goes back to its old copy")
    before = machine.journal().keys()
    machine.disk.revive()
    machine.disk.write(image)
    machine.boot()
    world.forsaken |= before - machine.journal().keys()
    world.forked.add(machine.device_id)


def _clone(world: World, _machine: Machine, _chance: Random) -> None:
    if world.saved is None or len(world.machines) > world.plan.kiosks:
        return
    original, image = world.saved
    world.forked.add(original.device_id)
    world.add_machine(f"{original.name}-clone", original.device_id, original.facility_id, image)
    world.tell(f"a clone of {original.name} starts")


def _power(world: World, machine: Machine, _chance: Random) -> None:
    machine.disk.cut_power()
    machine.reboot()
    world.check_kept(machine)


def _backup(world: World, _machine: Machine, _chance: Random) -> None:
    world.backup = world.central.backup()


def _restore(world: World, _machine: Machine, _chance: Random) -> None:
    if world.backup is None:
        return
    world.central.restore(world.backup)
    world.memory.forget()
    world.restored = True
    world.tell("it begins a new life")


def _newer_kiosk(world: World, machine: Machine, chance: Random) -> None:
    """An act of a kind, or in a form, that this server does not know."""
    kind, version = chance.choice((("renew", 1), ("checkout", 9)))
    ledger, now = machine.ledger, machine.clock.now()
    op_id = world.ids.new()
    with immediate(ledger._db):
        journal.append(
            ledger._db.conn, device_id=machine.device_id, incarnation=ledger._incarnation, op_id=op_id,
            kind=kind, schema_v=version, stamp=ledger._stamp(now), body={"item_id": "item-1"}, changes=[],
            standing="final",
        )  # fmt: skip
    world.tell(f"{kind} version {version} is written as {op_id}")
    world.expect_at_server(op_id, machine)


def _staff(world: World, _machine: Machine, chance: Random) -> None:
    patron, tag = chance.choice(ward.PATRONS), chance.choice(ward.CARDS)
    command = chance.choice(
        (
            LinkCard(patron_id=patron, tag=tag, card_kind="felica"),
            StopCard(patron_id=patron, tag=tag, lost=True),
            SetLibraryPin(patron_id=patron, verifier="from the desk"),
        )
    )
    against = perform_as_staff(
        world.central.database, command, staff="desk", patron_id=patron, now=world.time.now, ids=world.ids
    )
    world.tell(f"at the desk: {in_words(command)}: {', '.join(against) or 'done'}")


def _cases(world: World, _machine: Machine, chance: Random) -> None:
    table = tables.staff_case
    with world.central.database.read() as conn:
        found = conn.execute(select(table.c.case_id).where(table.c.state == "open").order_by(table.c.case_id))
        still_open = list(found.scalars())
    if still_open:
        case_id = chance.choice(still_open)
        close_case(world.central.database, case_id, staff="desk", note="seen to", now=world.time.now)
        world.tell(f"case {case_id} of {len(still_open)} is closed")
        world.counts["case closed"] += 1


def _block(world: World, _machine: Machine, chance: Random) -> None:
    patron_id = chance.choice(ward.PATRONS)
    with world.central.database.write() as conn:
        (patron,) = fetch(conn, [Query.of(Patron, patron_id=patron_id)])
        write_changes(conn, [Put(replace(patron, blocked=not patron.blocked))])
    world.tell(f"{patron_id} is {'free again' if patron.blocked else 'blocked'}")


def _revoke(world: World, _machine: Machine, chance: Random) -> None:
    """A lease goes to another kiosk, with a new epoch."""
    facility = chance.choice(ward.FACILITIES)
    with world.central.database.write() as conn:
        leases = sorted(fetch(conn, [Query.of(Lease, facility_id=facility)]), key=lambda lease: lease.on)
        others = [machine.device_id for machine in world.machines if machine.facility_id == facility]
        if not leases:
            return
        lease = chance.choice(leases)
        given = replace(lease, device_id=chance.choice(others), epoch=lease.epoch + 1)
        write_changes(conn, [Put(given)])
    world.revoked.add((facility, lease.on))
    world.counts["lease revoked"] += 1
    world.tell(f"{facility} on {lease.on}: from {lease.device_id} to {given.device_id}")


TURNS: dict[Turn, Callable[[World, Machine, Random], None]] = {
    Turn.HOURS: _hours,
    Turn.LATE: _late,
    Turn.CLOCK: _clock,
    Turn.CLOCK_SET: _clock_set,
    Turn.SAVE: _save,
    Turn.OLD_IMAGE: _old_image,
    Turn.CLONE: _clone,
    Turn.POWER: _power,
    Turn.BACKUP: _backup,
    Turn.RESTORE: _restore,
    Turn.NEWER_KIOSK: _newer_kiosk,
    Turn.STAFF: _staff,
    Turn.CASES: _cases,
    Turn.BLOCK: _block,
    Turn.REVOKE: _revoke,
}
