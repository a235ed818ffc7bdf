"""The command `machikado`: reads the configuration, builds the parts, wires them, starts one. No logic."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from drivers.cards import commands as card_commands
from kiosk.attendant import Attendant
from kiosk.clock import DeviceClock
from kiosk.house import House, Place
from kiosk.ids import Uuid7Ids
from kiosk.people.pins import LibraryPins
from kiosk.people.tags import CardTagger
from kiosk.ports import CardReader, Printer, Scanner
from kiosk.reception import Reception, SyncNews
from kiosk.settings import KioskSettings, SettingsError, load_settings
from kiosk.store.ledger import SqliteLedger
from server import commands as server_commands
from sync.enrolment import enrol, rotate
from sync.http import ServerConnection, SyncProblem
from sync.identity import DeviceAuth, IdentityProblem, load_identity
from sync.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.views import Status, View

VERSION = "0.1.0"


@dataclass
class Kiosk:
    """All parts of one running kiosk but its screen."""

    clock: DeviceClock
    attendant: Attendant
    schedule: Schedule
    ledger: SqliteLedger
    reader: CardReader | None
    scanner: Scanner | None

    def start(self) -> None:
        self.attendant.start()
        self.schedule.start()
        if self.reader is not None:
            self.reader.start(self.attendant.post)
        if self.scanner is not None:
            self.scanner.start(self.attendant.post)

    def stop(self) -> None:
        if self.scanner is not None:
            self.scanner.close()
        if self.reader is not None:
            self.reader.close()
        self.attendant.stop()
        self.schedule.stop()
        self.ledger.close()


def build_kiosk(
    settings: KioskSettings,
    show: Callable[[View | Status], None],
    *,
    reader: CardReader | None,
    scanner: Scanner | None,
    printer: Printer | None,
) -> Kiosk:
    """Wire one kiosk to its store, its server and the hardware handed in."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    clock, ids = DeviceClock(), Uuid7Ids()
    auth = DeviceAuth(load_identity(settings.identity, settings.device_id), clock.now, clock.monotonic)
    ledger = SqliteLedger(settings.database, settings.device_id, clock, ids)
    clock.not_before(ledger.latest)
    place, key = Place(settings.device_id, settings.facility_id), settings.ward_key()
    house = House(ledger, clock, ids, place, CardTagger(key), LibraryPins(key), lambda: schedule.wake())
    reception = Reception(house, printer, show)
    attendant = Attendant(reception, show)
    server = ServerConnection(settings.server_url, settings.device_id, auth, settings.server_ca)

    def renew_key() -> None:
        if auth.identity.due(clock.now()):
            rotate(server, auth, settings.identity, clock.now())

    def tell(online: bool, since: datetime | None) -> None:
        attendant.post(SyncNews(online, since, schedule.standstill))

    schedule = Schedule(server, ledger, clock, ids, VERSION, tell, on_time=clock.told, upkeep=renew_key)
    return Kiosk(clock, attendant, schedule, ledger, reader, scanner)


def _run_kiosk(args: argparse.Namespace) -> int:
    if args.action == "enrol":
        return _enrol(args)
    return _rotate_key(args) if args.action == "rotate-key" else _run_screen(args)


def _enrol(args: argparse.Namespace) -> int:
    settings = load_settings(args.settings)
    words = enrol(
        settings.server_url, settings.device_id, args.code or input("code: "), settings.identity,
        datetime.now(UTC), settings.server_ca,
    )  # fmt: skip
    print(words)
    print("Compare these six words with those of the staff page, then let staff approve.", file=sys.stderr)
    return 0


def _rotate_key(args: argparse.Namespace) -> int:
    settings = load_settings(args.settings)
    auth = DeviceAuth(load_identity(settings.identity, settings.device_id))
    server = ServerConnection(settings.server_url, settings.device_id, auth, settings.server_ca)
    rotate(server, auth, settings.identity, datetime.now(UTC))
    server.close()
    print("The kiosk has a new key. Restart it: the old one ends with the first use of the new.")
    return 0


def _run_screen(args: argparse.Namespace) -> int:
    from drivers.cards.mynumber.trust import TrustStore
    from drivers.cards.readers.choice import make_reader
    from drivers.printer.escpos import EscPosPrinter
    from drivers.scanner.serial import SerialScanner
    from ui.app import make_app
    from ui.settings import UiSettings

    settings = load_settings(args.settings)
    screen = settings.screen
    app = make_app(
        lambda intent: kiosk.attendant.post(intent),
        settings=UiSettings(
            width=screen.width,
            height=screen.height,
            fullscreen=screen.fullscreen,
            screen_diagonal_mm=screen.diagonal_mm,
            languages=screen.languages,
            automation=args.automation,
        ),
        now=lambda: kiosk.clock.now(),
    )
    kiosk = build_kiosk(
        settings,
        app.post,
        reader=make_reader(
            settings.reader, CardTagger(settings.ward_key()), TrustStore(settings.trust_dir),
            settings.device_id, settings.ward_system,
        ),
        scanner=SerialScanner(settings.scanner) if settings.scanner else None,
        printer=EscPosPrinter(settings.printer) if settings.printer else None,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, _terminated)
    kiosk.start()
    try:
        app.run()
    finally:
        kiosk.stop()
    return 0


def _terminated(number: int, frame: object) -> NoReturn:
    """Leave through every `finally`: an nfcpy reader that nobody closes is dead until replugged."""
    sys.exit(128 + number)


def _run_demo(args: argparse.Namespace) -> int:
    from virtual.demo import run

    return run(args.folder)


def _run_simulate(args: argparse.Namespace) -> int:
    from virtual.simulation.command import simulate

    single = args.seed is not None and args.seeds is None
    return simulate(args.seeds or 1000, args.seed or 0, args.database, single=single)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="machikado", description=__doc__)
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    kiosk = commands.add_parser("kiosk", help="the touch screen of one device, and its key")
    kiosk.add_argument("action", nargs="?", default="run", choices=("run", "enrol", "rotate-key"))
    kiosk.add_argument("--code", help="the one-time code that staff read out (enrol asks for it)")
    kiosk.add_argument("--settings", type=Path, default=Path("/etc/machikado/kiosk.toml"))
    kiosk.add_argument("--automation", type=Path, help="socket for a scripted resident (tests, demo)")
    kiosk.set_defaults(run=_run_kiosk)

    server_commands.add(commands)
    card_commands.add(commands)

    demo = commands.add_parser("demo", help="the whole system with virtual cards and a made-up ward")
    demo.add_argument("--folder", type=Path, default=Path("var/demo"))
    demo.set_defaults(run=_run_demo)

    simulate = commands.add_parser("simulate", help="the whole system by seeds, with everything that breaks")
    simulate.add_argument("--seeds", type=int, help="how many (1000)")
    simulate.add_argument("--seed", type=int, help="the first; alone: the story of this one")
    simulate.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    simulate.set_defaults(run=_run_simulate)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit code says whether it worked."""
    level = os.environ.get("MACHIKADO_LOG_LEVEL", "INFO").upper()
    if level not in logging.getLevelNamesMapping():
        print(f"MACHIKADO_LOG_LEVEL: {level} is none of DEBUG, INFO, WARNING, ERROR", file=sys.stderr)
        return 2
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("alembic", "urllib3", "PIL"):  # of no use here, and some write what crosses the wire
        logging.getLogger(name).setLevel(logging.WARNING)
    args = _parser().parse_args(argv)
    try:
        return int(args.run(args))
    except (SettingsError, IdentityProblem) as error:
        print(error, file=sys.stderr)
        return 2
    except SyncProblem as problem:
        print(f"{problem.code}: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
