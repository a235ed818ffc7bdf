"""Talking to cards: how many commands, at what cost over bare pyscard, and what an idle reader costs.

`make bench-cards`. The card is virtual and answers at once, so that what is measured is ours and pcscd's.
"""

from __future__ import annotations

import resource
import secrets
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from smartcard import scard

from benchmarks.report import heading, line
from drivers.cards.apdu import Command
from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers.connection import connected, establish, insertion, release, status_change
from drivers.cards.readers.pcsc import PcscReader
from kiosk.people.tags import CardTagger
from kiosk.ports import Card, CardEvent, CardPlaced, CardRemoved
from virtual.cards.felica import FelicaCard
from virtual.cards.pcscd import READER
from virtual.cards.reader import VirtualReader
from virtual.cards.tray import LIBRARY_IDM, make_tray
from virtual.cards.vpcd import OnReader, VirtualCard

APDUS = 400
ROUNDS = 7
IDLE_SECONDS = 10.0
TAPS = 10_000
_SELECT_AP = Command(0x00, 0xA4, 0x04, 0x0C, bytes.fromhex("D392F000260100000001"))
_SELECT_CERTIFICATE = Command(0x00, 0xA4, 0x02, 0x0C, bytes.fromhex("000A"))
_READ = Command(0x00, 0xB0, 0x00, 0x00, le=256)


@dataclass
class Counted:
    """A card and what crossed the wire to it: commands, bytes there, bytes back."""

    card: Any
    commands: list[bytes] = field(default_factory=list)
    bytes_back: int = 0

    @property
    def atr(self) -> bytes:
        return bytes(self.card.atr)

    def power_off(self) -> None:
        self.card.power_off()

    def power_on(self) -> None:
        self.card.power_on()

    def answer(self, command: bytes) -> bytes:
        self.commands.append(command)
        reply: bytes = self.card.answer(command)
        self.bytes_back += len(reply)
        return reply

    def take(self) -> tuple[int, int]:
        """Commands and bytes since the last time."""
        found = len(self.commands), sum(map(len, self.commands)) + self.bytes_back
        self.commands, self.bytes_back = [], 0
        return found


def run() -> None:
    with tempfile.TemporaryDirectory() as name, make_tray(Path(name) / "cards", datetime.now(UTC)) as tray:
        trust = TrustStore(Path(name) / "cards" / "trust")
        _commands(tray.cards, trust)
        _overhead(tray.cards["mynumber"])
        _idle(trust)
    _memory()


# ---- how many commands -------------------------------------------------------------------------------


def _commands(cards: dict[str, VirtualCard], trust: TrustStore) -> None:
    heading("Commands from the card on the reader to the person known, against the least the card allows")
    library, mynumber = Counted(cards["library"]), Counted(cards["mynumber"])
    events: SimpleQueue[CardEvent] = SimpleQueue()
    reader = VirtualReader(CardTagger(secrets.token_bytes(32)), trust, "bench")
    reader.start(events.put)
    try:
        _placed(reader, events, library)
        _row("library card: recognised", library, [bytes.fromhex("FFCA000000")], 10)
        reader.lift()
        card = _placed(reader, events, mynumber)
        _row("My Number card: recognised", mynumber, [bytes(_SELECT_AP)], 2)
        card.pin_tries_left()
        _row(
            "… tries left",
            mynumber,
            [bytes(_SELECT_AP), bytes.fromhex("00A4020C020018"), bytes.fromhex("00200080")],
            6,
        )
        der = len(mynumber.card.certificate)
        card.authenticate("1234", datetime.now(UTC))
        _row("… proved with its PIN", mynumber, _least_login(der), der + 2 * (4 + -(-der // 256)) + 260)
    finally:
        reader.close()


def _least_login(der: int) -> list[bytes]:
    """Application, certificate in whole blocks, tries, PIN, key, signature: each once and nothing else."""
    reads = [bytes((0x00, 0xB0, at >> 8, at & 0xFF, 0x00)) for at in range(0, der, 256)]
    pin_file = bytes.fromhex("00A4020C020018")
    tries, verify = bytes.fromhex("00200080"), bytes(9)
    return [
        bytes(_SELECT_AP),
        bytes(_SELECT_CERTIFICATE),
        *reads,
        pin_file,
        tries,
        verify,
        pin_file,
        bytes(57),
    ]


def _row(name: str, card: Counted, least: list[bytes], least_back: int) -> None:
    count, sent = card.take()
    least_bytes = sum(map(len, least)) + least_back
    line(name, f"{count} commands", f"{count / len(least):.2f} x the least ({len(least)}); "
         f"{sent} bytes, {sent / least_bytes:.2f} x")  # fmt: skip


def _placed(reader: VirtualReader, events: SimpleQueue[CardEvent], card: Any) -> Card:
    reader.lay(card)
    while not isinstance(event := events.get(timeout=10), CardPlaced):
        pass
    return event.card


# ---- what one command costs --------------------------------------------------------------------------


def _overhead(card: VirtualCard) -> None:
    heading(
        f"One command of 256 bytes through pcscd ({APDUS} at a time, {ROUNDS} rounds each, taken in turns)"
    )
    with OnReader(card):
        name, laid_down = _reader_with_card()
        ours, bare = [], []
        for _ in range(ROUNDS):
            bare.append(_bare(name))
            ours.append(_ours(name, laid_down))
    mine, theirs = statistics.median(ours) * 1e6, statistics.median(bare) * 1e6
    line("bare pyscard (SCardTransmit)", f"{theirs:.0f} us", "baseline")
    line("ours: allow-list, repairs, typed errors", f"{mine:.0f} us", f"{mine / theirs:.2f} x (goal 1.10)")


def _bare(name: str) -> float:
    context = establish()
    try:
        _, card, protocol = scard.SCardConnect(
            context, name, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        for command in (_SELECT_AP, _SELECT_CERTIFICATE):
            scard.SCardTransmit(card, protocol, list(bytes(command)))
        read = bytes(_READ)
        took = _timed(lambda: scard.SCardTransmit(card, protocol, list(read)))
        scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD)
        return took
    finally:
        release(context)


def _ours(name: str, laid_down: int) -> float:
    with connected(name, threading.Lock(), laid_down) as send:
        send(_SELECT_AP)
        send(_SELECT_CERTIFICATE)
        return _timed(lambda: send(_READ))


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(APDUS):
        act()
    return (time.perf_counter() - began) / APDUS


def _reader_with_card() -> tuple[str, int]:
    context, name = establish(), f"{READER} 00 00"
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            ((_, state, _),) = status_change(context, [(name, scard.SCARD_STATE_UNAWARE)], 0)
            if state & scard.SCARD_STATE_PRESENT:
                return name, insertion(state)
            time.sleep(0.01)
    finally:
        release(context)
    raise RuntimeError("the card did not arrive")


# ---- what nothing costs ------------------------------------------------------------------------------


def _idle(trust: TrustStore) -> None:
    heading(f"An idle reader for {IDLE_SECONDS:.0f} s")
    reader = PcscReader(CardTagger(secrets.token_bytes(32)), trust, "bench", reader_filter=READER)
    reader.start(lambda event: None)
    time.sleep(1)
    began, used = time.monotonic(), time.process_time()
    time.sleep(IDLE_SECONDS)
    share = (time.process_time() - used) / (time.monotonic() - began)
    reader.close()
    line("CPU of our process", f"{share:.2%} of a core", "goal < 1 %")


def _memory() -> None:
    """Ten thousand cards laid down and taken up: does anything stay behind?"""
    heading(f"{TAPS:,} taps of a library card (in-process reader)")
    events: SimpleQueue[CardEvent] = SimpleQueue()
    with tempfile.TemporaryDirectory() as nothing:
        reader = VirtualReader(CardTagger(secrets.token_bytes(32)), TrustStore(Path(nothing)), "bench")
    reader.start(events.put)
    card, kept = FelicaCard(LIBRARY_IDM), 0
    began = time.perf_counter()
    for tap in range(TAPS):
        _placed(reader, events, card)
        reader.lift()
        while not isinstance(events.get(timeout=10), CardRemoved):
            pass
        if tap == TAPS // 10:
            kept = _resident_kib()
    took = time.perf_counter() - began
    grown = _resident_kib() - kept
    reader.close()
    line(
        "memory after a tenth of them, and after all",
        f"{kept / 1024:.1f} MiB",
        f"{grown:+d} KiB = {1 + grown / kept:.3f} x",
    )
    line("one tap", f"{took / TAPS * 1000:.2f} ms")


def _resident_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024
