"""A kiosk for killing: everything but the reader and the window.

It does the journey again and again for one resident after the other, and writes the id of every operation
that a view has confirmed into a pipe, only once the view is shown. `python -m tests.journeys.mortal_kiosk`
makes one life after the other and ends each with SIGKILL at a random moment.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from kiosk.ports import BarcodeScanned, CardIdentity, CardKind, CardPlaced, CardRemoved, ReaderUp
from kiosk.reception import Reception
from kiosk.settings import load_settings
from kiosk.views import (
    Action,
    Begin,
    ChooseRoom,
    Confirm,
    EnterPin,
    Finish,
    GoHome,
    PickOffer,
    Receipt,
    Status,
    View,
)
from main import build_kiosk


class PlainCard:
    """A card as the reader port hands it over."""

    def __init__(self, kind: CardKind, tag: str | None, proves: str = "") -> None:
        self.kind, self.tag, self._proves = kind, tag, proves
        self.unusable = None

    def pin_tries_left(self) -> int:
        return 3

    def authenticate(self, pin: str, now: object) -> CardIdentity:
        return CardIdentity(self.kind, self._proves)

    def release(self) -> None:
        return None


class ConfirmingScreen:
    """Shows nothing, but writes down each operation id that a receipt confirms, once it is shown."""

    def __init__(self, out: int) -> None:
        self._out = out
        self.view: View | None = None

    def __call__(self, view: View | Status) -> None:
        if isinstance(view, Status):
            return
        self.view = view
        if isinstance(view, Receipt):
            os.write(self._out, "".join(f"{line.op_id}\n" for line in view.lines).encode())


def live(settings_file: Path, tags: Sequence[str], books: Sequence[str], out: int, seed: int) -> None:
    """Serve residents until somebody kills us."""
    chance = random.Random(seed)
    screen = ConfirmingScreen(out)
    kiosk = build_kiosk(load_settings(settings_file), screen, reader=None, scanner=None, printer=None)
    kiosk.schedule.start()
    reception: Reception = kiosk.attendant.reception
    reception.open()
    reception.handle(ReaderUp("reader"))
    for turn in itertools.count():
        _visit(
            reception, screen, chance.choice(tags), chance.sample(list(books), 2), f"{seed:08x}{turn:024x}"
        )


def _visit(reception: Reception, screen: ConfirmingScreen, tag: str, books: list[str], new_tag: str) -> None:
    reception.handle(CardPlaced(PlainCard(CardKind.FELICA, tag)))
    reception.handle(Begin(Action.CHECK_IN))
    for book in books:
        reception.handle(GoHome())
        reception.handle(BarcodeScanned(book))
    reception.handle(GoHome())
    reception.handle(Begin(Action.BOOK))
    if isinstance(screen.view, ChooseRoom) and screen.view.offers:
        offer = screen.view.offers[0]
        reception.handle(PickOffer(offer.room_id, offer.slot_no))
        reception.handle(Confirm())
    reception.handle(GoHome())
    reception.handle(Begin(Action.LINK))
    reception.handle(CardRemoved())
    reception.handle(CardPlaced(PlainCard(CardKind.MYNUMBER, None, new_tag)))
    reception.handle(EnterPin("1234"))
    reception.handle(Finish())
    reception.handle(CardRemoved())


def nursery(settings_file: Path, plan: Path, out: Path) -> None:
    """Live and die as often as the plan says; every confirmed id goes into `out`."""
    what = json.loads(plan.read_text())
    chance = random.Random(what["seed"])
    with out.open("a") as confirmed:
        for number in range(what["lives"]):
            read_end, write_end = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(read_end)
                live(settings_file, what["tags"], what["books"], write_end, what["seed"] + number)
                os._exit(0)
            os.close(write_end)
            time.sleep(chance.uniform(*what["life_seconds"]))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            with os.fdopen(read_end) as pipe:
                text = pipe.read()
            confirmed.write(text[: text.rfind("\n") + 1])  # a torn last line was never read by anybody
            confirmed.flush()


if __name__ == "__main__":
    nursery(*(Path(argument) for argument in sys.argv[1:4]))
