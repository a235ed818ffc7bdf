"""The scripted resident's day: the network is cut, everything is done all the same, the network returns."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import requests
from sqlalchemy import func, select

from kiosk.decide import NOTES
from server.store import tables
from server.store.database import Database
from ui.automation_client import AutomationClient
from ui.i18n import Words
from virtual.bench import Bench
from virtual.cards.mynumber import MyNumberCard
from virtual.printer import slips
from virtual.processes import StartProblem, wait_until
from virtual.proxy import Weather
from virtual.resident import LostPatience, Resident
from virtual.ward import DEMO_LIBRARY_PIN

T = TypeVar("T")
PIN = "1234"


def perform(bench: Bench, display: str) -> int:
    """Do the whole journey, print every step with its time, write pictures, tell what the server knows."""
    pictures = bench.folder / "screens"
    with bench.automation() as automation:
        resident = Resident(automation, display, pictures)
        try:
            _live(bench, resident, automation)
        except (LostPatience, StartProblem) as problem:
            print(f"\nThe journey failed: {problem}")
            resident.photograph("lost")
            return 1
    _tell_server(bench)
    print(f"\nPictures of every screen: {pictures}")
    return 0


def _live(bench: Bench, me: Resident, automation: AutomationClient) -> None:
    wait_until_connected(bench, automation)
    print("\nThe network is cut. A resident comes in.")
    bench.network.weather = Weather.CUT
    me.photograph("attract")
    _check_in(bench, me)
    _borrow(bench, me)
    _book(me)
    _link(bench, me)
    _receipt(bench, me)
    print("\nThe network returns.")
    _network_returns(bench)
    _second_visit(bench, me)


def _check_in(bench: Bench, me: Resident) -> None:
    me.step(
        "lays the library card down: who am I",
        lambda: bench.tray.lay_down("library"),
        until="Home",
        picture="home",
    )
    me.step(
        "checks in for today's booking",
        lambda: me.tap("home.check-in"),
        until="CheckedIn",
        picture="checked-in",
    )
    me.step("goes to the menu", lambda: me.tap("message.ok"), until="Home")


def _borrow(bench: Bench, me: Resident) -> None:
    first, second = bench.ward.free_items(2)
    me.step("wants to borrow", lambda: me.tap("home.borrow"), until="Borrowing", picture="borrow")
    me.step("scans a book", lambda: bench.scanner.scan(first), until="Borrowing")
    me.step(
        "scans the cover of the next by mistake",
        lambda: bench.scanner.scan("9784003101018"),
        until="Borrowing",
        picture="borrow-wrong-barcode",
    )
    me.step(
        "scans its library label", lambda: bench.scanner.scan(second), until="Borrowing", picture="borrowed"
    )
    me.step("goes to the menu", lambda: me.tap("footer.home"), until="Home")


def _book(me: Resident) -> None:
    me.step("wants a room", lambda: me.tap("home.book"), until="PinEntry", picture="library-pin")
    me.step(
        "types the library PIN",
        lambda: me.type_pin(DEMO_LIBRARY_PIN),
        until="ChooseRoom",
        picture="rooms-tomorrow",
    )
    offers = [name for name in me.automation.ids() if name.startswith("room.offer.")]
    if not offers:
        raise LostPatience("no room is free tomorrow in this made-up ward")
    me.step(
        "picks the first free one", lambda: me.tap(offers[0]), until="ConfirmRoom", picture="room-confirm"
    )
    me.step("books it", lambda: me.tap("confirm.yes"), until="Booked", picture="room-booked")
    me.step("goes to the menu", lambda: me.tap("message.ok"), until="Home")


def _link(bench: Bench, me: Resident) -> None:
    me.step("looks at the cards", lambda: me.tap("home.cards"), until="Cards", picture="cards")
    me.step(
        "wants to link a card", lambda: me.tap("cards.link"), until="PlaceCardToLink", picture="link-place"
    )

    def swap() -> None:
        bench.tray.take_up()
        bench.tray.lay_down("mynumber")

    me.step("swaps to the My Number card", swap, until="PinEntry", picture="link-pin")
    me.step("types the PIN", lambda: me.type_pin(PIN), until="Linked", picture="link-requested")


def _receipt(bench: Bench, me: Resident) -> None:
    me.step("is done: the receipt", lambda: me.tap("footer.finish"), until="Receipt", picture="receipt")
    me.step("prints a slip", lambda: me.tap("receipt.print"), until="Receipt", picture="receipt-printed")
    me.step("ends the visit", lambda: me.tap("receipt.finish"), until="Goodbye", picture="goodbye")
    me.step("takes the card: everything is wiped", bench.tray.take_up, until="Attract", picture="wiped")
    slip = slips(bench.printer_file.read_bytes())[-1]
    slip.save(me.pictures / "slip.png")


def _network_returns(bench: Bench) -> None:
    bench.network.weather = Weather.FINE
    began = time.monotonic()
    wait_until(lambda: _known(bench) >= 5, 60, "the server", lambda: bench.kiosk.poll() is None)
    print(f"  {(time.monotonic() - began) * 1000:7.0f} ms  all five operations are at the server")


def _second_visit(bench: Bench, me: Resident) -> None:
    """With the link confirmed, the My Number card opens a visit by itself."""
    wait_until_connected(bench, me.automation)
    me.step("lays the My Number card down", lambda: bench.tray.lay_down("mynumber"), until="PinEntry")
    me.step("types a wrong PIN", lambda: me.type_pin("9999"), until="PinEntry", picture="pin-wrong")
    me.step("types the right one: who am I", lambda: me.type_pin(PIN), until="Home", picture="home-mynumber")
    me.step("takes the card: gone", bench.tray.take_up, until="Goodbye")
    me.step("the screen waits for the next person", lambda: None, until="Attract")
    me.step(
        "lays an unknown card down",
        lambda: bench.tray.lay_down("unknown"),
        until="Problem",
        picture="unknown-card",
    )
    me.step("takes it away", bench.tray.take_up, until="Attract")
    card = bench.tray.cards["mynumber"]
    if isinstance(card, MyNumberCard) and card.trespasses:
        raise LostPatience("a forbidden file of the My Number card was touched")


# ---- what the server knows -----------------------------------------------------------------------


def _ask(bench: Bench, question: Callable[[Database], T]) -> T:
    database = Database(bench.database_url)
    try:
        return question(database)
    finally:
        database.dispose()


def _known(bench: Bench) -> int:
    def count(database: Database) -> int:
        with database.read() as conn:
            op = tables.operation
            acts = select(func.count()).select_from(op).where(op.c.kind.not_in(NOTES))
            return int(conn.execute(acts).scalar_one())

    return _ask(bench, count)


def wait_until_connected(bench: Bench, automation: AutomationClient) -> None:
    """Until the screen itself says that everything is in step with the server."""
    connected = Words("ja")("status.online")
    wait_until(
        lambda: connected in automation.texts(), 30, "the first sync", lambda: bench.kiosk.poll() is None
    )


def _tell_server(bench: Bench) -> None:
    def tell(database: Database) -> None:
        op, case = tables.operation.c, tables.staff_case
        with database.read() as conn:
            print("\nWhat the server knows:")
            for row in conn.execute(select(op.seq, op.kind, op.subject, op.outcome).order_by(op.server_seq)):
                print(f"  {row.seq:>3}  {row.kind:<10} {row.subject or '—':<24} {row.outcome}")
            cases = conn.execute(select(func.count()).select_from(case)).scalar_one()
            print(f"  cases for staff: {cases}")

    _ask(bench, tell)
    health = requests.get(f"{bench.server_url}/health", timeout=5).json()
    print(f"  server: {health['status']}")
