"""Scanner and printer through the doors of the real ones: a serial line, a device file."""

from __future__ import annotations

import fcntl
import os
import queue
import time
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from drivers.printer.escpos import FONT, EscPosPrinter
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


WORDS = st.text(alphabet="あ漢ー、。」（【Ab1:– \u3000", max_size=60)


@given(WORDS)
def test_wrapping_loses_nothing_and_fits_the_paper(line: str) -> None:
    printer, font = EscPosPrinter(Path("unused"), width=384), ImageFont.truetype(str(FONT), 28)
    rows = printer._wrapped(line, font)
    assert "".join(rows) == line
    assert all(font.getlength(row.rstrip(" \u3000")) <= 384 - 48 for row in rows)


def test_lines_break_where_japanese_and_latin_may() -> None:
    printer, font = EscPosPrinter(Path("unused"), width=384), ImageFont.truetype(str(FONT), 28)
    assert printer._wrapped("ああああああああああああ。あ", font) == ["あ" * 11, "あ。あ"]
    assert printer._wrapped("あああああああああああ（土）", font) == ["あ" * 11, "（土）"]
    assert printer._wrapped("あああああああああ13:00–16:00", font) == ["あ" * 9, "13:00–16:00"]


def test_a_printer_without_paper_is_told_in_time(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lp")
    stuck = os.open(tmp_path / "lp", os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(stuck, fcntl.F_SETPIPE_SZ, 4096)
    began = time.monotonic()
    with pytest.raises(PrinterProblem):
        EscPosPrinter(tmp_path / "lp", patience=0.2).print_lines(["控え"] * 20)
    assert time.monotonic() - began < 2
    os.close(stuck)


def test_an_unplugged_printer_never_becomes_a_plain_file() -> None:
    path = Path("/dev/shm") / f"printer-{uuid4()}"  # a folder below /dev in which files could be made
    with pytest.raises(PrinterProblem):
        EscPosPrinter(path).print_lines(["控え"])
    assert not path.exists()


def test_a_printer_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PrinterProblem):
        EscPosPrinter(tmp_path / "none" / "lp").print_lines(["x"])
