"""Two hundred sudden deaths: what a screen has confirmed is at the server exactly once."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import select

from kiosk.booking.model import Booking, BookingState
from kiosk.clock import local_date
from kiosk.ids import Uuid7Ids
from kiosk.people.risk import Action, Assurance, RiskTable
from kiosk.rules import CardRules, Rules, RuleSet, rules_to_json
from kiosk.store.ledger import SqliteLedger
from server import cli
from server.settings import ServerSettings
from server.store import tables
from server.store.database import Database
from sync.http import ServerConnection
from sync.identity import DeviceAuth, load_identity
from sync.schedule import Schedule
from tests.conftest import clock_of_this_machine, serving
from virtual.enrolment import enrol_device
from virtual.proxy import Proxy, Weather
from virtual.ward import DEMO_FACILITY, make_ward, seed_server

RESIDENTS = 60
DEVICE = "mortal"


def residents_with_bookings(ward: object, now: datetime) -> list[str]:
    """Sixty people with a card, each with a booking of this hour to check in for."""
    tags = []
    for number in range(RESIDENTS):
        patron_id, tag = f"p{number + 100:05d}", f"{number:032x}"
        ward.give_card(tag, patron_id)  # type: ignore[attr-defined]
        hour = local_date(now)
        ward.records.append(  # type: ignore[attr-defined]
            Booking(booking_id=f"here-{number}", patron_id=patron_id, facility_id=DEMO_FACILITY,
                    room_id=f"{DEMO_FACILITY}-b", on=hour, label="hours", start_cell=0, end_cell=48,
                    state=BookingState.CONFIRMED)
        )  # fmt: skip
        tags.append(tag)
    return tags


def hasty_rules() -> RuleSet:
    """No PIN for a booking, and no card comes too often: these residents have a second to live."""
    risk = RiskTable(needs=dict.fromkeys(Action, Assurance.POSSESSION))
    cards = CardRules(mynumber_with_pin=True, linkable=("mynumber",), risk=risk, openings_per_card=10**6)
    return RuleSet(
        name="ward", version=2, valid_from=date(2026, 4, 1), body=rules_to_json(Rules(cards=cards))
    )


def test_two_hundred_sudden_deaths_lose_nothing(tmp_path: Path) -> None:
    now, seed = datetime.now(UTC), random.SystemRandom().randrange(2**31)
    url = f"sqlite:///{tmp_path / 'server.db'}"
    ward = make_ward(now=now, patrons=200, items=4000)
    tags = residents_with_bookings(ward, now)
    ward.records.append(hasty_rules())
    books = ward.free_items(2500)
    cli.migrate(url)
    seed_server(url, ward)
    cli.add_device(url, DEVICE, DEMO_FACILITY, DEVICE)
    server, thread, base = serving(ServerSettings(url))
    with Proxy(("127.0.0.1", int(base.rsplit(":", 1)[1]))) as network:
        settings = write_settings(tmp_path, network.url)
        enrol_device(url, base, DEVICE, tmp_path / "kiosk" / "identity.json")
        kiosk_step(tmp_path, base)  # the device is in step before the network goes
        confirmed = tmp_path / "confirmed"
        for lives, weather in ((120, Weather.CUT), (80, Weather.FINE)):
            network.weather = weather
            plan = {"lives": lives, "tags": tags, "books": books, "seed": seed, "life_seconds": [0.02, 0.35]}
            (tmp_path / "plan.json").write_text(json.dumps(plan))
            command = [
                sys.executable,
                "-m",
                "tests.journeys.mortal_kiosk",
                settings,
                tmp_path / "plan.json",
                confirmed,
            ]
            subprocess.run([str(part) for part in command], check=True, timeout=300)
            seed += 1000
        kiosk_step(tmp_path, base)
    ids = confirmed.read_text().split()
    assert len(ids) > 200, f"seed {seed}: the kiosk hardly lived"
    check(url, ids, seed)
    server.should_exit = True
    thread.join()


def write_settings(folder: Path, server_url: str) -> Path:
    (folder / "key").write_text("00" * 32)
    settings = folder / "kiosk.toml"
    settings.write_text(
        f'device_id = "{DEVICE}"\nfacility_id = "{DEMO_FACILITY}"\nserver_url = "{server_url}"\n'
        'ward_key_file = "key"\ndata_dir = "kiosk"\ntrust_dir = "trust"\n'
    )
    return settings


def kiosk_step(folder: Path, base: str) -> None:
    """One clean start of the same kiosk: everything that waits is sent."""
    clock, ids = clock_of_this_machine(), Uuid7Ids()
    ledger = SqliteLedger(folder / "kiosk" / "kiosk.db", DEVICE, clock, ids)
    assert ledger.rescued == 0, "no death may damage the file"
    auth = DeviceAuth(load_identity(folder / "kiosk" / "identity.json", DEVICE))
    connection = ServerConnection(base, DEVICE, auth)
    schedule = Schedule(connection, ledger, clock, ids, "test", lambda online, since: None)
    assert schedule.round()
    assert ledger.queue_length() == 0
    ledger.close()


def check(url: str, ids: list[str], seed: int) -> None:
    op = tables.operation.c
    with Database(url).read() as conn:
        rows = conn.execute(
            select(op.op_id, op.seq, op.kind, op.outcome, op.incarnation).order_by(op.seq)
        ).all()
    known = [row.op_id for row in rows]
    assert len(known) == len(set(known)), f"seed {seed}: an operation counted twice"
    missing = set(ids) - set(known)
    assert not missing, f"seed {seed}: {len(missing)} confirmed operations are lost"
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1)), f"seed {seed}: the sequence has a gap"
    assert {row.incarnation for row in rows} == {1}
    assert {row.kind for row in rows} >= {"checkout", "check_in", "book", "link_card"}, f"seed {seed}"
    strange = {row.outcome for row in rows} - {"applied", "applied_with_case", "rejected"}
    assert not strange, f"seed {seed}: {strange}"
