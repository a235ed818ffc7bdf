"""`machikado card …`: what technicians can type, and what they are told."""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from secrets import token_bytes
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from kiosk.people.tags import CardTagger
from kiosk.ports import CardEvent, CardPlaced


def add(commands: Any) -> None:
    """Add the command to argparse's subparsers."""
    card = commands.add_parser("card", help="readers and cards, for technicians")
    card.add_argument("action", choices=("list-readers", "watch", "inspect", "selftest", "import-crl"))
    card.add_argument("file", type=Path, nargs="?", help="revocation list to import (DER or PEM)")
    card.add_argument("--trust", type=Path, help="folder of pinned authorities")
    card.add_argument("--reader", help="part of a PC/SC reader's name, or nfcpy:PATH (nfcpy:usb:054c:06c3)")
    card.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
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
    signal.signal(signal.SIGTERM, _leave)
    reader.start(events.put)
    try:
        while True:
            event = events.get()
            kind = event.card.kind.value if isinstance(event, CardPlaced) else getattr(event, "code", "")
            print(f"{datetime.now():%H:%M:%S}  {type(event).__name__:<12} {kind}", flush=True)
    finally:
        reader.close()


def _leave(number: int, frame: object) -> NoReturn:
    """Leave through every `finally`: an nfcpy reader that nobody closes is dead until replugged."""
    sys.exit(128 + number)
