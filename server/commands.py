"""`machikado server …`: what can be typed, and what is said. The doing is `server.cli`'s, loaded then."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from kiosk.clock import local_date


def add(commands: Any) -> None:
    """Add the command to argparse's subparsers."""
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
    server.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
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
