"""Scanner and printer through the doors of the real ones: a serial line, a device file."""

from __future__ import annotations

import queue
from pathlib import Path

import pytest

from drivers.printer.escpos import EscPosPrinter
from drivers.scanner.serial import LONGEST_LINE, SerialScanner
from kiosk.ports import BarcodeScanned, PrinterProblem
from virtual.printer import slips
from virtual.scanner import VirtualScanner


def wait_until_open(device: VirtualScanner, seen: queue.SimpleQueue[BarcodeScanned]) -> None:
    """A serial port drops what was sent before it was opened: knock until somebody answers."""
    for knock in range(100):
        device.scan(f"knock{knock}")
        try:
            last = seen.get(timeout=0.1)
        except queue.Empty:
            continue
        while last.text != f"Aknock{knock}A":
            last = seen.get(timeout=5)
        return
    raise AssertionError("nobody opened the scanner")


def test_labels_arrive_one_by_one_and_after_an_unplugging(tmp_path: Path) -> None:
    seen: queue.SimpleQueue[BarcodeScanned] = queue.SimpleQueue()
    scanner = SerialScanner(tmp_path / "scanner")
    scanner.start(seen.put)
    for round_no in range(2):  # it is not there at first, comes, goes, and comes back
        with VirtualScanner(tmp_path / "scanner") as device:
            wait_until_open(device, seen)
            for n in range(3):
                device.scan(f"100000{round_no}{n}")
            for n in range(3):
                assert seen.get(timeout=5) == BarcodeScanned(f"A100000{round_no}{n}A")
    scanner.close()


def test_noise_on_the_line_is_bounded(tmp_path: Path) -> None:
    seen: queue.SimpleQueue[BarcodeScanned] = queue.SimpleQueue()
    with VirtualScanner(tmp_path / "scanner") as device:
        scanner = SerialScanner(tmp_path / "scanner")
        scanner.start(seen.put)
        wait_until_open(device, seen)
        device.scan("9" * 1000)
        device.scan("ラベル")
        assert len(seen.get(timeout=5).text) == LONGEST_LINE
        assert seen.get(timeout=5).text.startswith("A")
        scanner.close()


def test_a_slip_in_japanese_can_be_read_back(tmp_path: Path) -> None:
    printer = EscPosPrinter(tmp_path / "lp")
    printer.print_lines(["きょうの手続き", "光が丘図書館", "", "貸出　" + "吾輩は猫である" * 6])
    printer.print_lines(["控え"])
    first, second = slips((tmp_path / "lp").read_bytes())
    assert first.width == 576
    assert first.height > second.height + 150, "long lines are wrapped, not cut"
    assert 0.01 < sum(1 for dot in first.getdata() if dot == 0) / (first.width * first.height) < 0.3
    margin = [first.getpixel((first.width - 1, y)) for y in range(first.height)]
    assert set(margin) == {255}, "nothing runs off the paper"


def test_a_printer_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PrinterProblem):
        EscPosPrinter(tmp_path / "none" / "lp").print_lines(["x"])
