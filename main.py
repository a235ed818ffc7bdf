"""The command `machikado`: reads the configuration, builds the parts, wires them, starts one. No logic."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from queue import SimpleQueue
from secrets import token_bytes
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

from kiosk.attendant import Attendant
from kiosk.clock import DeviceClock, local_date
from kiosk.house import House, Place
from kiosk.ids import Uuid7Ids
from kiosk.people.pins import LibraryPins
from kiosk.people.tags import CardTagger
from kiosk.ports import CardEvent, CardPlaced, CardReader, Printer, Scanner
from kiosk.reception import Reception, SyncNews
from kiosk.settings import KioskSettings, SettingsError, load_settings
from kiosk.store.ledger import SqliteLedger
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


def _run_server(args: argparse.Namespace) -> int:
    from server import cli
    from server.settings import KeyProblem

    if args.action == "run":
        try:
            cli.serve(args.database, args.host, args.port, args.server_key, args.ward_key, args.card_key)
        except KeyProblem as problem:
            print(problem, file=sys.stderr)
            return 2
    elif args.action in ("migrate-store", "backup", "restore", "drill"):
        return cli.care_for_store(args.action, args.database, args.origin, args.to)
    elif args.action in ("add-device", "enrolment-code", "approve-device", "revoke-device"):
        return _care_for_device(args)
    elif args.action == "add-staff":
        cli.add_staff(args.database, args.name, sys.stdin.readline().rstrip("\n"))
    elif args.action == "show-rules":
        print(cli.show_rules(args.database, local_date(datetime.now(UTC))))
    elif args.action == "set-rules":
        return _set_rules(args)
    else:
        cli.migrate(args.database)
    return 0


def _care_for_device(args: argparse.Namespace) -> int:
    from server import cli
    from server.identity.keys import NoSuchDevice

    if not args.device:
        print(f"{args.action} needs --device ID", file=sys.stderr)
        return 2
    if args.action == "approve-device":
        done = cli.approve_device(args.database, args.device, args.words or "")
        print("approved" if done else "no device waits with these words", file=sys.stderr)
        return 0 if done else 1
    if args.action == "revoke-device":
        cli.revoke_device(args.database, args.device)
        return 0
    if args.action == "add-device":
        cli.add_device(args.database, args.device, args.facility, args.name or args.device)
    try:
        print(cli.enrolment_code(args.database, args.device))
    except NoSuchDevice:
        print(f"there is no device {args.device}: add-device", file=sys.stderr)
        return 1
    return 0


def _set_rules(args: argparse.Namespace) -> int:
    from server import cli

    try:
        valid_from = date.fromisoformat(args.origin or "")
    except ValueError:
        valid_from = None
    if args.rules is None or valid_from is None:
        print("set-rules needs --rules FILE and --from DATE", file=sys.stderr)
        return 2
    try:
        version = cli.set_rules(args.database, args.rules, valid_from)
    except cli.RulesProblem as problem:
        print(problem, file=sys.stderr)
        return 2
    print(f"version {version}, valid from {valid_from}")
    return 0


def _run_card(args: argparse.Namespace) -> int:
    from drivers.cards import technician
    from drivers.cards.mynumber.trust import TrustStore

    if args.action == "watch":
        return _watch_cards(args.reader)
    if args.action == "list-readers":
        findings = technician.readers(args.reader)
    elif args.action == "inspect":
        findings = technician.inspect(
            TrustStore(args.trust) if args.trust else None, datetime.now(UTC), args.reader
        )
    elif args.action == "import-crl":
        if args.trust is None or args.file is None:
            print("import-crl needs a FILE and --trust DIR", file=sys.stderr)
            return 2
        findings = [technician.import_list(args.trust, args.file)]
    else:
        findings = technician.selftest(args.trust, args.reader)
    for finding in findings:
        print(f"{'ok ' if finding.good else 'NOT'}  {finding.name:<24} {finding.value}")
    return 0 if all(finding.good for finding in findings) else 1


def _watch_cards(setting: str | None) -> int:
    from drivers.cards.mynumber.trust import TrustStore
    from drivers.cards.readers.choice import make_reader

    events: SimpleQueue[CardEvent] = SimpleQueue()
    with TemporaryDirectory() as nothing:  # tags made here are of a key nobody keeps
        reader = make_reader(setting, CardTagger(token_bytes(32)), TrustStore(Path(nothing)), "technician")
    signal.signal(signal.SIGTERM, _terminated)
    reader.start(events.put)
    try:
        while True:
            event = events.get()
            kind = event.card.kind.value if isinstance(event, CardPlaced) else getattr(event, "code", "")
            print(f"{datetime.now():%H:%M:%S}  {type(event).__name__:<12} {kind}", flush=True)
    finally:
        reader.close()


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

    server = commands.add_parser("server", help="the central server")
    server.add_argument(
        "action", nargs="?", default="run",
        choices=(
            "run", "migrate", "add-device", "enrolment-code", "approve-device", "revoke-device", "add-staff",
            "show-rules", "set-rules", "migrate-store", "backup", "restore", "drill",
        ),
    )  # fmt: skip
    server.add_argument("--rules", type=Path, help="file of the rules to set (JSON, as show-rules prints)")
    server.add_argument("--from", dest="origin", help="first day of the rules; file of the backup to restore")
    server.add_argument("--to", help="URL of the empty database to fill, or file of the backup to write")
    server.add_argument("--database", default="sqlite:///var/server.db", help="SQLAlchemy URL")
    server.add_argument("--host", default="127.0.0.1")
    server.add_argument("--port", type=int, default=8720)
    server.add_argument("--device", help="id of the device")
    server.add_argument("--words", help="the six words of the device to approve")
    server.add_argument("--facility", help="where the device stands")
    server.add_argument("--name", help="name of the device or of the member of staff")
    server.add_argument(
        "--server-key", type=Path, default=Path("var/server.key"), help="file of the key that signs answers"
    )
    server.add_argument("--ward-key", type=Path, help="file of the ward's key, as the kiosks have it")
    server.add_argument("--card-key", type=Path, help="file of the key that signs digital cards")
    server.set_defaults(run=_run_server)

    card = commands.add_parser("card", help="readers and cards, for technicians")
    card.add_argument("action", choices=("list-readers", "watch", "inspect", "selftest", "import-crl"))
    card.add_argument("file", type=Path, nargs="?", help="revocation list to import (DER or PEM)")
    card.add_argument("--trust", type=Path, help="folder of pinned authorities")
    card.add_argument("--reader", help="part of a PC/SC reader's name, or nfcpy:PATH (nfcpy:usb:054c:06c3)")
    card.set_defaults(run=_run_card)

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
